"""Lists of index names: one object, one key, for every backup that holds the same."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.parse import BackupParser
from collector.parse.names import index_set_key
from tests.unit.parse.messages import CLUSTER, named, parse, record, record_with, refusal

storable_names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(storable_names, min_size=1, max_size=8))
def test_a_list_is_kept_as_received_under_the_digest_of_its_names(names: list[str]) -> None:
    """Order and repetition count; the key is the first half of a SHA-256 over the names joined by NUL."""
    index_set = parse(record(indices=names)).index_set

    assert index_set is not None
    assert index_set.names == tuple(names)
    assert index_set.key == UUID(bytes=hashlib.sha256("\0".join(names).encode()).digest()[:16])


@given(st.lists(st.lists(storable_names, min_size=1, max_size=3), min_size=2, max_size=2, unique_by=tuple))
def test_different_lists_have_different_keys(lists: list[list[str]]) -> None:
    """No two lists share an address: not by moving a border between names, nor by leaving one empty."""
    assert index_set_key(tuple(lists[0])) != index_set_key(tuple(lists[1]))


def test_a_repeated_list_is_one_object() -> None:
    """Nine backups in ten name the indices of the one before: they share its list, also with another list between."""
    parser = BackupParser(CLUSTER)

    first, other, again = (
        named(parser.parse(record(id=str(number), indices=names))) for number, names in enumerate((["a"], ["b"], ["a"]))
    )

    assert first.index_set is again.index_set
    assert other.index_set is not None
    assert other.index_set.names == ("b",)


def test_a_backup_without_names_does_not_take_those_of_the_one_before() -> None:
    """B2: what is left out is left out, whatever the listing's other records hold."""
    parser = BackupParser(CLUSTER)

    parser.parse(record(indices=["a"]))

    assert named(parser.parse(record())).index_set is None


def test_lists_stay_right_when_there_are_too_many_to_remember() -> None:
    """The memory is bounded: once full it starts afresh, and no backup gets the list of another."""
    parser = BackupParser(CLUSTER)
    lists = [[f"{number}-{letter * 1000}" for letter in "abcdefgh"] for number in range(1100)]

    parsed = [named(parser.parse(record(indices=names))).index_set for names in [*lists, lists[0]]]

    assert [index_set and list(index_set.names) for index_set in parsed] == [*lists, lists[0]]
    assert sum(len(text) for text in parser._names._known) < 8 * 1024 * 1024


@pytest.mark.parametrize("value", ["null", "[]", "[ ]"])
def test_an_empty_list_is_no_list(value: str) -> None:
    """B2: protobuf leaves an empty list out, prints it, or prints null; all three mean the same."""
    assert parse(record_with("indices", value)).index_set is None


@pytest.mark.parametrize(
    "value,reason",
    [
        pytest.param('"a"', "expected a list of strings, got 'a'", id="string"),
        pytest.param("{}", "expected a list of strings, got an object", id="object"),
        pytest.param("0", "expected a list of strings, got 0", id="number"),
        pytest.param("false", "expected a list of strings, got false", id="false"),
        pytest.param('["a", null]', "expected a string, got null", id="null-inside"),
        pytest.param('["a", 1]', "expected a string, got 1", id="number-inside"),
        pytest.param('["a", ["b"]]', "expected a string, got a list", id="list-inside"),
        pytest.param('["a\\u0000"]', "contains NUL: 'a\\x00'", id="B6-nul"),
        pytest.param('["\\ud800"]', "contains a lone surrogate: '\\ud800'", id="B7-lone-surrogate"),
        pytest.param(json.dumps(["a" * 1025]), "1025 characters, more than 1024", id="B10-long-name"),
        pytest.param(json.dumps(["a"] * 10_001), "10001 names, more than 10000", id="B10-many-names"),
    ],
)
def test_what_is_no_list_of_names_is_refused(value: str, reason: str) -> None:
    """B3, B6, B7, B10: the record goes to quarantine with the first fault and its own id."""
    fault = refusal(record_with("indices", value))

    assert (fault.reason, fault.field, fault.backup_id) == (reason, "indices", "b1")


def test_bad_utf8_in_a_name_is_refused() -> None:
    """B7: the page's decoder passes over a name's bytes, so it is here that they are looked at."""
    fault = refusal(b'{"id":"b1","indices":["a","\xff"]}')

    assert (fault.field, fault.backup_id) == ("indices", "b1")
    assert fault.reason.startswith("not UTF-8 at byte")


def test_a_list_at_its_caps_is_kept() -> None:
    """B10: the caps themselves are allowed."""
    names = ["n" * 1024, *(str(number) for number in range(9_999))]

    index_set = parse(record(indices=names)).index_set

    assert index_set is not None
    assert list(index_set.names) == names
