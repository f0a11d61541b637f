"""
The vendor's own messages, of every service: the classes, and messages filled with anything their types allow.

Which column a field goes to is said here once more, by rule, so that the product's table does not judge itself.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.descriptor import FieldDescriptor  # type: ignore[import-untyped]
from hypothesis import strategies as st

from collector.emulator import EmulatedBackup

SERVICES: Final = (
    *("clickhouse", "elasticsearch", "greenplum", "mongodb", "mysql"),
    *("opensearch", "postgresql", "redis", "spqr", "sqlserver"),
)

IN_EXTRA: Final[dict[str, set[str]]] = {}
"""By service, the fields that have no column on purpose. Today every field has one."""

_RENAMED: Final = {
    "id": "backup_id",
    "journal_size": "journal_size_bytes",
    "shared_size": "shared_size_bytes",
    "size": "size_bytes",
}

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
int64s = st.integers(-(2**63), 2**63 - 1) | st.just(0)
instants_ns = st.none() | st.integers(-62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1)


def message_class(service: str) -> Any:
    """Find the message of a service's backups."""
    return importlib.import_module(f"yandex.cloud.mdb.{service}.v1.backup_pb2").Backup


def fields_of(service: str) -> list[Any]:
    """List the fields of that message, by number."""
    return sorted(message_class(service).DESCRIPTOR.fields, key=lambda field: field.number)


def column_of(name: str) -> str:
    """Tell the column of `inventory.backups` that a field goes to, by its name in the message."""
    return _RENAMED.get(name, name)


def is_instant(field: Any) -> bool:
    """Tell whether a field is a `google.protobuf.Timestamp`."""
    return bool(field.type == FieldDescriptor.TYPE_MESSAGE)


def message_of(backup: EmulatedBackup, service: str) -> Any:
    """Fill the real message of a service with a backup's values."""
    message = message_class(service)()
    for field in fields_of(service):
        name = "id" if field.name == "id" else column_of(field.name)
        value = getattr(backup, f"{name}_ns" if is_instant(field) else name)
        if is_instant(field) and value is not None:
            stamp = getattr(message, field.name)
            stamp.seconds, stamp.nanos = divmod(value, 10**9)
        elif field.is_repeated:
            getattr(message, field.name).extend(value)
        elif value:
            setattr(message, field.name, value)
    return message


def json_of(message: Any, *, print_defaults: bool = False) -> bytes:
    """Write a message by protobuf's own JSON mapping."""
    return json_format.MessageToJson(  # type: ignore[no-any-return]  # untyped
        message, always_print_fields_with_no_presence=print_defaults, indent=None
    ).encode()


def value_of(message: Any, field: Any, *, print_defaults: bool = False) -> Any:
    """Tell what must be stored of a field: an instant as nanoseconds since 1970, an enum as its word."""
    value = getattr(message, field.name)
    if is_instant(field):
        return value.ToNanoseconds() if message.HasField(field.name) else None
    if field.is_repeated:
        return list(value)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values_by_number[value].name if value or print_defaults else None
    return value if value or print_defaults else None


@st.composite
def messages(draw: st.DrawFn, service: str, *, cluster_id: str, backup_id: str = "") -> Any:
    """Fill a message with anything that its types and PostgreSQL both allow."""
    message = message_class(service)(id=backup_id or draw(words.filter(bool)))
    for field in fields_of(service):
        if field.name == "id":
            continue
        value = draw(st.sampled_from(["", cluster_id])) if field.name == "source_cluster_id" else draw(_values(field))
        _fill(message, field, value)
    return message


def _values(field: Any) -> st.SearchStrategy[Any]:
    if is_instant(field):
        return instants_ns
    if field.is_repeated:
        return st.lists(words, max_size=4)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return st.sampled_from([value.number for value in field.enum_type.values])
    return int64s if field.type == FieldDescriptor.TYPE_INT64 else words


def _fill(message: Any, field: Any, value: Any) -> None:
    if value is None:
        return
    if is_instant(field):
        getattr(message, field.name).FromNanoseconds(value)
    elif field.is_repeated:
        getattr(message, field.name).extend(value)
    else:
        setattr(message, field.name, value)
