"""Backups → what the driver takes: rows for COPY, columns for `unnest`. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final

import msgspec

from collector.records import Backup, IndexSet
from collector.services import COMMON, SERVICES, Service
from collector.timestamps import Timestamp, format_timestamp

if TYPE_CHECKING:
    from uuid import UUID

    from collector.records import Listing

Row = tuple[object, ...]

_BEFORE: Final = ("cluster_id", "first_seen_at")

BACKUP_ID: Final = len(_BEFORE)

_OWN: Final = len(_BEFORE) + sum(len(field.columns) for field in COMMON)
"""Where the columns begin that not every service has. Behind them stand `extra` and the fingerprint."""


def columns_of(service: str) -> tuple[str, ...]:
    """Name the columns of a service's rows: whose and since when, the values of a backup, and its fingerprint."""
    return (*_BEFORE, *SERVICES[service].columns, "fingerprint")


def to_rows(backups: Sequence[Backup], fingerprints: Sequence[bytes], listing: Listing) -> list[Row]:
    """Lay out backups in the order of `columns_of`, an index set by its key, first seen by this listing."""
    if not backups:
        return []
    fields: list[Sequence[object]] = list(zip(*backups, strict=True))
    for at in _index_set_places(SERVICES[listing.cluster.service]):
        fields[at] = [index_set.key if isinstance(index_set, IndexSet) else None for index_set in fields[at]]
    return list(zip(repeat(listing.cluster.id), repeat(listing.started_at), *fields, fingerprints, strict=False))


def index_sets_in(backups: Sequence[Backup], service: str) -> list[IndexSet]:
    """Collect the index sets that backups hold."""
    # By identity: the parser makes each list of names once, and comparing them costs more than that.
    return [
        index_set
        for at in _index_set_places(SERVICES[service])
        for index_set in {id(backup[at]): backup[at] for backup in backups}.values()
        if isinstance(index_set, IndexSet)
    ]


def to_parameters(rows: Sequence[Row], service: str) -> list[list[object]]:
    """
    Turn rows into what the merging statement takes: a list for each column that all services have, and one of JSON.

    The JSON holds a service's own columns, so the statement is the same for all of them. Nothing is lost on the way:
    its integers have all their digits, and its instants no more of them than `timestamptz`.
    """
    common = to_columns([row[:_OWN] for row in rows], _OWN)
    columns = SERVICES[service].own_columns
    instants = [field.column for field in SERVICES[service].own if field.kind == "instant"]
    details: list[object] = [_to_json(dict(zip(columns, row[_OWN:-2], strict=True)), instants) for row in rows]
    return [*common, details, [row[-2] for row in rows], [row[-1] for row in rows]]


def _to_json(values: dict[str, object], instants: Iterable[str]) -> str:
    for column in instants:
        us = values[column]
        values[column] = format_timestamp(Timestamp(us, 0)) if isinstance(us, int) else None
    return msgspec.json.encode(values).decode()


def _index_set_places(service: Service) -> list[int]:
    return [at for at, column in enumerate(service.columns) if column == "index_set_id"]


def to_columns(rows: Sequence[Row], width: int) -> list[list[object]]:
    """Turn rows into one list a column; no rows give `width` empty lists."""
    if not rows:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*rows, strict=True)]


def to_index_sets(sets: Iterable[IndexSet]) -> tuple[list[UUID], list[str]]:
    """Lay out index sets as keys and array literals, in order of the key: unordered inserts can deadlock."""
    ordered = sorted({each.key: each for each in sets}.items())
    return [key for key, _ in ordered], [array_literal(each.names) for _, each in ordered]


def array_literal(names: Sequence[str]) -> str:
    """Write a `text[]` as PostgreSQL reads it: `{"a","b"}`. A column of arrays cannot go through `unnest` otherwise."""
    literal = '{"' + '","'.join(names) + '"}'
    if "\\" not in literal and literal.count('"') == 2 * len(names):
        return literal
    escaped = (name.replace("\\", "\\\\").replace('"', '\\"') for name in names)
    return '{"' + '","'.join(escaped) + '"}'


def chunks(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut positions into runs of at most `size`."""
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
