"""
OpenSearch: the backup message and the columns it goes to.

Source: yandex-cloud/cloudapi, `yandex/cloud/mdb/opensearch/v1/backup.proto` (twelve fields).
"""

from __future__ import annotations

from msgspec import Raw

from collector.parse.kinds import Int64, Names, Text, to_int64
from collector.parse.names import NameLists
from collector.parse.record import Record, instant
from collector.records import Backup

_NO_NAMES = Raw(b"null")


class OpenSearchBackup(Record, frozen=True):
    """The fields beyond those of every service."""

    indices: Names = _NO_NAMES
    opensearch_version: Text = None
    size_bytes: Int64 = None
    indices_total: Int64 = None
    incremental_size_bytes: Int64 = None
    total_size_bytes: Int64 = None
    free_space_required_bytes: Int64 = None


def to_backup(record: OpenSearchBackup, names: NameLists, extra: str | None) -> Backup:
    """Turn a record into a backup. Raises UnreadableValue, without a field's name."""
    started_at, started_at_ns = instant(record.started_at)
    created_at, created_at_ns = instant(record.created_at)
    # By position, which is the order of the columns: keywords would cost as much as all integers together.
    return Backup(
        record.id,
        record.folder_id,
        record.source_cluster_id,
        started_at,
        started_at_ns,
        created_at,
        created_at_ns,
        names.intern(record.indices),
        record.opensearch_version,
        to_int64(record.size_bytes),
        to_int64(record.indices_total),
        to_int64(record.incremental_size_bytes),
        to_int64(record.total_size_bytes),
        to_int64(record.free_space_required_bytes),
        extra,
    )
