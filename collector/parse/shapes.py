"""What the parser needs of a service, made from its entry in the table of services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder

from collector.errors import UsageError
from collector.parse.kinds import KINDS
from collector.parse.names import NameLists
from collector.parse.record import Record, to_backups
from collector.records import Backup
from collector.services import SERVICES, Field, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One service's record, in the forms that the readings need."""

    fields: Sequence[Field]
    record: Callable[..., Record]
    decode_all: Callable[[bytes], list[Record]]
    """Takes a JSON list of records, and refuses a field that the record does not have."""
    decode_tolerantly: Callable[[bytes], Record]
    """Passes over it."""
    readers: Mapping[str, tuple[str, Callable[[Raw], object]]]
    """The API's name of a field to the record's name, and the reader of its kind."""
    values_of: Callable[[Any], tuple[Any, ...]]
    """Takes all values out of a record, in the order of the fields."""

    def to_backups(self, records: Sequence[Record], names: NameLists, extras: Iterable[str | None]) -> Iterator[Backup]:
        """Convert records that any of the readings made. Raises what `record.to_backups` raises."""
        columns = list(zip(*map(self.values_of, records), strict=True))
        return to_backups(self.fields, columns, names=names, extras=extras)


@cache
def shape_of(service: str) -> Shape:
    """Return the shape of a service's backups. Raises UsageError where there is none."""
    if service not in SERVICES:
        raise UsageError(f"no backups of service {service!r} can be read")
    fields = SERVICES[service].fields
    # A field that is not in the table must not pass unseen: its record is read member by member instead.
    strict = _struct_of(SERVICES[service], forbid_unknown_fields=True)
    return Shape(
        fields=fields,
        record=strict,
        decode_all=Decoder(list[strict]).decode,  # type: ignore[valid-type]  # the class is a value here
        decode_tolerantly=Decoder(_struct_of(SERVICES[service], forbid_unknown_fields=False)).decode,
        readers={field.name: (field.column, KINDS[field.kind].read) for field in fields},
        values_of=msgspec.structs.astuple,
    )


def _struct_of(service: Service, *, forbid_unknown_fields: bool) -> type[Any]:
    members = [(field.column, *_member(field)) for field in service.fields]
    struct: type[Struct] = msgspec.defstruct(
        service.name, members, kw_only=True, frozen=True, gc=False, forbid_unknown_fields=forbid_unknown_fields
    )
    return struct


def _member(field: Field) -> tuple[Any, Any]:
    kind = KINDS[field.kind]
    return kind.annotation, msgspec.field(name=field.name, default=kind.default)
