"""
OpenSearch: the backup message and the columns it goes to.

Source: yandex-cloud/cloudapi, `yandex/cloud/mdb/opensearch/v1/backup.proto` (twelve fields).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from msgspec import Raw

from collector.parse.kinds import NULL, Int64, Names, Text, to_int64s
from collector.parse.names import NameLists
from collector.parse.record import Record, to_instants


class OpenSearchBackup(Record, frozen=True):
    """The fields beyond those of every service."""

    indices: Names = NULL
    opensearch_version: Text = None
    size_bytes: Int64 = NULL
    indices_total: Int64 = NULL
    incremental_size_bytes: Int64 = NULL
    total_size_bytes: Int64 = NULL
    free_space_required_bytes: Int64 = NULL


_TEXTS: Final = attrgetter("id", "folder_id", "source_cluster_id", "started_at", "created_at", "opensearch_version")
_INTEGERS: Final = attrgetter(
    "size_bytes", "indices_total", "incremental_size_bytes", "total_size_bytes", "free_space_required_bytes"
)


def to_rows(
    records: Sequence[OpenSearchBackup], names: NameLists, extras: Iterable[str | None]
) -> Iterator[tuple[object, ...]]:
    """
    Turn records into the fields of `Backup`, in their order, column by column: calls are what a record costs.

    Raises:
        UnreadableValue, ValueError: one of them cannot be stored; which, and why, is for a closer reading to say.
    """
    ids, folders, sources, started, created, versions = zip(*map(_TEXTS, records), strict=True)
    integers = zip(*map(_INTEGERS, records), strict=True)
    return zip(
        ids,
        folders,
        sources,
        *to_instants(started),
        *to_instants(created),
        [names.intern(record.indices) for record in records],
        versions,
        *_to_numbers(integers, len(records)),
        extras,
        strict=True,
    )


def _to_numbers(columns: Iterable[tuple[Raw, ...]], size: int) -> Iterator[list[int | None]]:
    numbers = to_int64s([literal for column in columns for literal in column])
    return (numbers[start : start + size] for start in range(0, len(numbers), size))
