"""
The managed databases we can read: one table, one row a service.

A service is an entry in `SERVICES`, and a sample under `tests/samples/backups`. A field that no service had before is a
line in `_FIELDS` as well, and a column: in the tables, the views, the trigger and the merging statement.
Paths and messages: yandex-cloud/cloudapi, `yandex/cloud/mdb/*/v1`, and the newer ones of the package `yandexcloud`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Kind = Literal["identifier", "text", "instant", "int64", "names", "index_names"]
"""
What may stand in a field. An enum is a text: a word that is new tomorrow is stored like any other.

`names` are kept with their backup, `index_names` once for all backups that hold the same.
"""


class Field(NamedTuple):
    """One field of a backup: the API's name, and the column it goes to."""

    name: str
    column: str
    kind: Kind

    @property
    def columns(self) -> tuple[str, ...]:
        """Name its columns: an instant has a second one, for the nanoseconds."""
        return (self.column, f"{self.column}_ns") if self.kind == "instant" else (self.column,)


COMMON: Final = (
    Field("id", "backup_id", "identifier"),
    Field("folderId", "folder_id", "text"),
    Field("sourceClusterId", "source_cluster_id", "text"),
    Field("startedAt", "started_at", "instant"),
    Field("createdAt", "created_at", "instant"),
)
"""The fields that a backup has whatever its service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One managed database: its word in configuration and SQL, where its API lives, and what its backups hold."""

    name: str
    """The word users write: `opensearch`."""

    path: str
    """The API's path prefix, without slashes at its ends: `managed-opensearch/v1`."""

    own: tuple[Field, ...]
    """The fields beyond those of every service. Whatever else the API sends is kept in column `extra`."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields that have columns of their own."""
        return COMMON + self.own

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns of its own fields."""
        return _columns_of(self.own)

    @property
    def columns(self) -> tuple[str, ...]:
        """Name what a `records.Backup` of this service holds, in order."""
        return (*_columns_of(self.fields), "extra")


_FIELDS: Final = MappingProxyType(
    {
        field.name: field
        for field in (
            Field("databases", "databases", "names"),
            Field("elasticsearchVersion", "elasticsearch_version", "text"),
            Field("freeSpaceRequiredBytes", "free_space_required_bytes", "int64"),
            Field("incrementalSizeBytes", "incremental_size_bytes", "int64"),
            Field("indices", "index_set_id", "index_names"),
            Field("indicesTotal", "indices_total", "int64"),
            Field("journalSize", "journal_size_bytes", "int64"),
            Field("method", "method", "text"),
            Field("opensearchVersion", "opensearch_version", "text"),
            Field("retainUntil", "retain_until", "instant"),
            Field("retentionPolicyId", "retention_policy_id", "text"),
            Field("retentionPolicyName", "retention_policy_name", "text"),
            Field("sharedSize", "shared_size_bytes", "int64"),
            Field("size", "size_bytes", "int64"),
            Field("sizeBytes", "size_bytes", "int64"),
            Field("sourceShardNames", "source_shard_names", "names"),
            Field("status", "status", "text"),
            Field("totalSizeBytes", "total_size_bytes", "int64"),
            Field("type", "type", "text"),
        )
    }
)


def _columns_of(fields: tuple[Field, ...]) -> tuple[str, ...]:
    return tuple(column for field in fields for column in field.columns)


def _service(name: str, *fields: str, path: str = "") -> Service:
    return Service(name=name, path=path or f"managed-{name}/v1", own=tuple(_FIELDS[field] for field in fields))


SERVICES: Mapping[str, Service] = MappingProxyType(
    {
        service.name: service
        for service in (
            _service("clickhouse", "sourceShardNames", "size", "type"),
            _service("elasticsearch", "indices", "elasticsearchVersion", "sizeBytes", "indicesTotal"),
            _service("greenplum", "size", "type", "method", "journalSize", "sharedSize"),
            _service("mongodb", "sourceShardNames", "size", "type", "journalSize"),
            _service("mysql", "size", "type", "status", "journalSize"),
            _service(
                "opensearch",
                *("indices", "opensearchVersion", "sizeBytes", "indicesTotal"),
                *("incrementalSizeBytes", "totalSizeBytes", "freeSpaceRequiredBytes"),
            ),
            _service(
                "postgresql",
                *("size", "type", "method", "journalSize", "status"),
                *("retentionPolicyId", "retentionPolicyName", "retainUntil"),
            ),
            _service("redis", "sourceShardNames", "type"),
            _service("spqr", "sourceShardNames", "size", "type", "method"),
            _service("sqlserver", "databases", path="mdb/sqlserver/v1"),
        )
    }
)
"""Every service by its name."""


def service_at(path: str) -> Service | None:
    """Find the service whose API a request's path leads to; None: to none that we know."""
    return next((service for service in SERVICES.values() if path.startswith(f"/{service.path}/")), None)
