"""Which record a service's backups have: one table, one row a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from collector.errors import UsageError
from collector.parse import opensearch
from collector.parse.kinds import READERS
from collector.parse.names import NameLists
from collector.parse.record import Record
from collector.records import Backup

ToBackup = Callable[[Any, NameLists, str | None], Backup]

SERVICES: Mapping[str, tuple[type[Record], ToBackup]] = MappingProxyType(
    {
        "opensearch": (opensearch.OpenSearchBackup, opensearch.to_backup),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One service's record, in the forms that the readings need. Its `to_backup` takes what any of them made."""

    record: Callable[..., Record]
    to_backup: ToBackup
    decode: Callable[[bytes], Any]
    """Refuses a field that the record does not have."""
    decode_tolerantly: Callable[[bytes], Any]
    """Passes over it."""
    fields: Mapping[str, tuple[str, Callable[[Raw], object]]]
    """The API's name of a field to the record's name, and the reader of its kind."""


@cache
def shape_of(service: str) -> Shape:
    """Return the shape of a service's backups. Raises UsageError where there is none."""
    if service not in SERVICES:
        raise UsageError(f"no backups of service {service!r} can be read")
    record, to_backup = SERVICES[service]
    tolerant = msgspec.defstruct(record.__name__, [], bases=(record,), forbid_unknown_fields=False)
    return Shape(
        record=record,
        to_backup=to_backup,
        decode=Decoder(record).decode,
        decode_tolerantly=Decoder(tolerant).decode,
        fields={field.encode_name: (field.name, READERS[field.type]) for field in msgspec.structs.fields(record)},
    )
