"""Whose a record of a folder's list is."""

from __future__ import annotations

import pytest

from collector.errors import UnreadableValue
from collector.parse import ForeignRecord, NamedParser, Owners
from collector.records import Cluster, ClusterId, RawRecords

CLUSTER = Cluster(id=ClusterId("c9q"))

OWNED = {
    "plain": b'{"id": "b", "sourceClusterId": "c9q"}',
    "escaped": b'{"id": "b", "sourceClusterId": "\\u0063\\u0039\\u0071"}',
    "said-twice": b'{"id": "b", "sourceClusterId": "x", "sourceClusterId": "c9q"}',
    "with-other-faults": b'{"id": "", "sizeBytes": 1.5, "sourceClusterId": "c9q"}',
    "with-bad-utf-8": b'{"id": "\xff", "sourceClusterId": "c9q"}',
}

NOBODYS = {
    "absent": b'{"id": "b"}',
    "empty": b'{"id": "b", "sourceClusterId": ""}',
    "null": b'{"id": "b", "sourceClusterId": null}',
    "number": b'{"id": "b", "sourceClusterId": 7}',
    "list": b'{"id": "b", "sourceClusterId": ["c9q"]}',
    "bad-utf-8": b'{"id": "b", "sourceClusterId": "c9q\xff"}',
    "lone-surrogate": b'{"id": "b", "sourceClusterId": "c9q\\ud800"}',
    "no-object": b'["c9q"]',
    "deep": b'{"id": "b", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}",
}


@pytest.mark.parametrize("record", OWNED)
def test_an_owner_that_can_be_read_is_read_whatever_else_is_wrong(record: str) -> None:
    """By its exact text."""
    assert Owners("opensearch").read(OWNED[record]) == "c9q"


@pytest.mark.parametrize("record", NOBODYS)
def test_what_names_no_cluster_is_nobodys(record: str) -> None:
    """And is refused for each cluster, never called another's."""
    (result,) = NamedParser(CLUSTER).parse_all(RawRecords.of([NOBODYS[record]]))

    assert Owners("opensearch").read(NOBODYS[record]) is None
    assert isinstance(result, UnreadableValue)
    assert not isinstance(result, ForeignRecord)


def test_text_that_is_merely_alike_is_another_clusters() -> None:
    """Nothing is stripped or folded."""
    assert Owners("opensearch").read(b'{"id": "b", "sourceClusterId": " c9Q"}') == " c9Q"


def test_a_record_that_names_its_cluster_is_read_as_in_its_own_list() -> None:
    """Beside one that names none, which is refused by name."""
    own, nobodys = NamedParser(CLUSTER).parse_all(RawRecords.of([OWNED["plain"], NOBODYS["absent"]]))

    assert not isinstance(own, UnreadableValue)
    assert isinstance(nobodys, UnreadableValue)
    assert (nobodys.field, nobodys.backup_id) == ("sourceClusterId", "b")
