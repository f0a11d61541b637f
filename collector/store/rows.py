"""Backups → what the driver takes: rows for COPY, columns for `unnest`. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from uuid import UUID

    from collector.records import Backup, IndexSet

Row = tuple[object, ...]

COLUMNS: Final = (
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
"""The order of `Backup`'s fields, its index set by key, and the fingerprint."""

_INDEX_SET: Final = COLUMNS.index("index_set_id")


def to_row(backup: Backup, fingerprint: bytes) -> Row:
    """Lay out one backup in the order of `COLUMNS`."""
    key = backup.index_set.key if backup.index_set is not None else None
    return (*backup[:_INDEX_SET], key, *backup[_INDEX_SET + 1 :], fingerprint)


def to_columns(rows: Sequence[Row], width: int) -> list[list[object]]:
    """Turn rows into one list a column; no rows give `width` empty lists."""
    if not rows:
        return [[] for _ in range(width)]
    return [list(column) for column in zip(*rows, strict=True)]


def to_index_sets(sets: Iterable[IndexSet]) -> tuple[list[UUID], list[str]]:
    """Lay out index sets as keys and array literals, in order of the key: unordered inserts can deadlock."""
    ordered = sorted(sets)
    return [each.key for each in ordered], [array_literal(each.names) for each in ordered]


def array_literal(names: Sequence[str]) -> str:
    """Write a `text[]` as PostgreSQL reads it: `{"a","b"}`. A column of arrays cannot travel through `unnest` otherwise."""
    if any("\\" in name or '"' in name for name in names):
        names = [name.replace("\\", "\\\\").replace('"', '\\"') for name in names]
    return '{"' + '","'.join(names) + '"}'


def chunks(positions: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """Cut positions into runs of at most `size`."""
    for start in range(0, len(positions), size):
        yield positions[start : start + size]
