"""Which record a service's backups have: one table, one row a service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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

ToRows = Callable[[Sequence[Any], NameLists, Iterable[str | None]], Iterator[tuple[object, ...]]]

SERVICES: Mapping[str, tuple[type[Record], ToRows]] = MappingProxyType(
    {
        "opensearch": (opensearch.OpenSearchBackup, opensearch.to_rows),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One service's record, in the forms that the readings need. Its `to_rows` takes what any of them made."""

    record: Callable[..., Record]
    to_rows: ToRows
    decode_all: Callable[[bytes], list[Any]]
    """Takes a JSON list of records, and refuses a field that the record does not have."""
    decode_tolerantly: Callable[[bytes], Any]
    """Passes over it."""
    fields: Mapping[str, tuple[str, Callable[[Raw], object]]]
    """The API's name of a field to the record's name, and the reader of its kind."""


@cache
def shape_of(service: str) -> Shape:
    """Return the shape of a service's backups. Raises UsageError where there is none."""
    if service not in SERVICES:
        raise UsageError(f"no backups of service {service!r} can be read")
    record, to_rows = SERVICES[service]
    tolerant = msgspec.defstruct(record.__name__, [], bases=(record,), forbid_unknown_fields=False)
    return Shape(
        record=record,
        to_rows=to_rows,
        decode_all=Decoder(list[record]).decode,  # type: ignore[valid-type]  # the class is a value here
        decode_tolerantly=Decoder(tolerant).decode,
        fields={field.encode_name: (field.name, READERS[field.type]) for field in msgspec.structs.fields(record)},
    )
