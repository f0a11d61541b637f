"""Backups → what the driver takes: rows for COPY, columns for `unnest`. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Final

from collector.records import Backup

if TYPE_CHECKING:
    from uuid import UUID

    from collector.records import IndexSet, Listing

Row = tuple[object, ...]

COLUMNS: Final = (
    "cluster_id",
    "first_seen_at",
    "backup_id",
    "folder_id",
    "source_cluster_id",
    "started_at",
    "started_at_ns",
    "created_at",
    "created_at_ns",
    "index_set_id",
    "opensearch_version",
    "size_bytes",
    "indices_total",
    "incremental_size_bytes",
    "total_size_bytes",
    "free_space_required_bytes",
    "extra",
    "fingerprint",
)
"""Whose backup and since when, the fields of `Backup` in their order, its index set by key, and the fingerprint."""

BACKUP_ID: Final = COLUMNS.index("backup_id")
_INDEX_SET: Final = Backup._fields.index("index_set")


def to_rows(backups: Sequence[Backup], fingerprints: Sequence[bytes], listing: Listing) -> list[Row]:
    """Lay out backups in the order of `COLUMNS`, first seen by this listing."""
    if not backups:
        return []
    fields: list[Sequence[object]] = list(zip(*backups, strict=True))
    fields[_INDEX_SET] = [backup.index_set.key if backup.index_set else None for backup in backups]
    return list(zip(repeat(listing.cluster.id), repeat(listing.started_at), *fields, fingerprints, strict=False))


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
