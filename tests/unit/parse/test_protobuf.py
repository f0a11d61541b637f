"""The vendor's own message, printed by protobuf's own JSON mapping, read by us field by field."""

from __future__ import annotations

from typing import Any, Final

import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from yandex.cloud.mdb.opensearch.v1.backup_pb2 import Backup as Message

from collector.parse.shapes import shape_of
from collector.timestamps import Timestamp, epoch_ns
from tests.unit.parse.messages import CLUSTER, parse

INT64_FIELDS: Final = (
    *("size_bytes", "indices_total", "incremental_size_bytes", "total_size_bytes", "free_space_required_bytes"),
)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
int64s = st.integers(-(2**63), 2**63 - 1) | st.just(0)
instants_ns = st.none() | st.integers(-62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1)


@st.composite
def messages(draw: st.DrawFn) -> Any:
    """Fill a message with anything that its types and PostgreSQL both allow."""
    message = Message(
        id=draw(words.filter(bool)),
        folder_id=draw(words),
        source_cluster_id=draw(st.sampled_from(["", CLUSTER.id])),
        indices=draw(st.lists(words, max_size=4)),
        opensearch_version=draw(words),
        **{name: draw(int64s) for name in INT64_FIELDS},
    )
    for name in ("started_at", "created_at"):
        if (ns := draw(instants_ns)) is not None:
            getattr(message, name).FromNanoseconds(ns)
    return message


def instant_ns(us: int | None, ns: int | None) -> int | None:
    """Join the two columns of an instant."""
    return None if us is None or ns is None else epoch_ns(Timestamp(us, ns))


@pytest.mark.parametrize("defaults", ["left out", "printed"])
@given(message=messages())
def test_a_message_printed_by_protobuf_is_read_field_by_field(defaults: str, message: Any) -> None:
    """B2: a default that was left out reads as None, one that was printed as itself; all else is equal to the bit."""
    printed = defaults == "printed"

    backup = parse(
        json_format.MessageToJson(message, always_print_fields_with_no_presence=printed, indent=None).encode()
    )

    for name in ("folder_id", "source_cluster_id", "opensearch_version", *INT64_FIELDS):
        assert getattr(backup, name) == (getattr(message, name) if printed else getattr(message, name) or None), name
    for name in ("started_at", "created_at"):
        expected = getattr(message, name).ToNanoseconds() if message.HasField(name) else None
        assert instant_ns(getattr(backup, name), getattr(backup, f"{name}_ns")) == expected, name
    assert (backup.index_set.names if backup.index_set else ()) == tuple(message.indices)
    assert (backup.backup_id, backup.extra) == (message.id, None)


def test_every_field_of_the_message_is_known() -> None:
    """A field that the vendor's message has and ours has not would only be found in `extra`."""
    assert set(shape_of("opensearch").fields) == {field.json_name for field in Message.DESCRIPTOR.fields}
