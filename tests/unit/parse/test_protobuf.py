"""The vendor's own messages, printed by protobuf's own JSON mapping, read by us field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.services import SERVICES
from collector.timestamps import Timestamp, epoch_ns
from tests import vendor
from tests.unit.parse.messages import CLUSTER, parse


def value_read(backup: Any, field: Any) -> object:
    """Take a field's value out of a backup, as `vendor.value_of` tells it."""
    column = vendor.column_of(field.name)
    if column == "indices":
        return list(backup.index_set.names) if backup.index_set else []
    value = getattr(backup, column)
    if vendor.is_instant(field):
        return None if value is None else epoch_ns(Timestamp(value, getattr(backup, f"{column}_ns")))
    return list(value) if field.is_repeated else value


@pytest.mark.parametrize("defaults", ["left out", "printed"])
@pytest.mark.parametrize("service", vendor.SERVICES)
@given(data=st.data())
def test_a_message_printed_by_protobuf_is_read_field_by_field(service: str, defaults: str, data: st.DataObject) -> None:
    """B2: a default that was left out reads as None, one that was printed as itself; all else is equal to the bit."""
    message = data.draw(vendor.messages(service, cluster_id=CLUSTER.id))
    printed = defaults == "printed"

    backup = parse(vendor.json_of(message, print_defaults=printed), service)

    for field in vendor.fields_of(service):
        assert value_read(backup, field) == vendor.value_of(message, field, print_defaults=printed), field.name
    assert backup.extra is None


def test_every_service_is_in_the_table() -> None:
    """And no other: the vendor's messages are what the table is held against."""
    assert set(SERVICES) == set(vendor.SERVICES)


@pytest.mark.parametrize("service", vendor.SERVICES)
def test_every_field_of_the_message_is_known(service: str) -> None:
    """A field that the vendor's message has and ours has not would only be found in `extra`."""
    known = {field.name for field in SERVICES[service].fields}
    left = vendor.IN_EXTRA.get(service, set())

    assert known | left == {field.json_name for field in vendor.fields_of(service)}
    assert not known & left
