"""
The backup messages of the services that are emulated: each field's key in JSON, and where its value is kept. A table.

Written from yandex-cloud/cloudapi, `yandex/cloud/mdb/*/v1/backup.proto`, in the order of the fields' numbers, and not
from the product's table: what judges must not be written by who is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

Kind = Literal["text", "int64", "names", "instant"]


class MessageField(NamedTuple):
    """One field of a message."""

    key: str
    attribute: str
    """Of `EmulatedBackup`."""
    kind: Kind = "text"
    zero: str = ""
    """The word of an enum that is not set."""


def _enum(name: str, word: str) -> MessageField:
    return MessageField(name, name, zero=f"BACKUP_{word}_UNSPECIFIED")


_ID: Final = MessageField("id", "id")
_FOLDER: Final = MessageField("folderId", "folder_id")
_SOURCE: Final = MessageField("sourceClusterId", "source_cluster_id")
_STARTED: Final = MessageField("startedAt", "started_at_ns", "instant")
_CREATED: Final = MessageField("createdAt", "created_at_ns", "instant")
_INDICES: Final = MessageField("indices", "indices", "names")
_SIZE_BYTES: Final = MessageField("sizeBytes", "size_bytes", "int64")
_INDICES_TOTAL: Final = MessageField("indicesTotal", "indices_total", "int64")
_SIZE: Final = MessageField("size", "size_bytes", "int64")
_JOURNAL: Final = MessageField("journalSize", "journal_size_bytes", "int64")
_SHARDS: Final = MessageField("sourceShardNames", "source_shard_names", "names")
_METHOD: Final = _enum("method", "METHOD")
_STATUS: Final = _enum("status", "STATUS")
_TYPE: Final = _enum("type", "TYPE")
_CREATION_TYPE: Final = _enum("type", "CREATION_TYPE")

_SEARCH: Final = (_ID, _FOLDER, _SOURCE, _STARTED, _CREATED, _INDICES)
_OTHER: Final = (_ID, _FOLDER, _CREATED, _SOURCE, _STARTED)

MESSAGES: Final[Mapping[str, tuple[MessageField, ...]]] = MappingProxyType(
    {
        "opensearch": (
            *_SEARCH,
            MessageField("opensearchVersion", "opensearch_version"),
            _SIZE_BYTES,
            _INDICES_TOTAL,
            MessageField("incrementalSizeBytes", "incremental_size_bytes", "int64"),
            MessageField("totalSizeBytes", "total_size_bytes", "int64"),
            MessageField("freeSpaceRequiredBytes", "free_space_required_bytes", "int64"),
        ),
        "elasticsearch": (
            *_SEARCH,
            MessageField("elasticsearchVersion", "elasticsearch_version"),
            _SIZE_BYTES,
            _INDICES_TOTAL,
        ),
        "postgresql": (
            *_OTHER,
            _SIZE,
            _CREATION_TYPE,
            _METHOD,
            _JOURNAL,
            _STATUS,
            MessageField("retentionPolicyId", "retention_policy_id"),
            MessageField("retentionPolicyName", "retention_policy_name"),
            MessageField("retainUntil", "retain_until_ns", "instant"),
        ),
        "mysql": (*_OTHER, _SIZE, _CREATION_TYPE, _STATUS, _JOURNAL),
        "clickhouse": (*_OTHER, _SHARDS, _SIZE, _TYPE),
        "mongodb": (*_OTHER, _SHARDS, _SIZE, _TYPE, _JOURNAL),
        "redis": (*_OTHER, _SHARDS, _TYPE),
        "greenplum": (
            *_OTHER,
            _SIZE,
            _CREATION_TYPE,
            _METHOD,
            _JOURNAL,
            MessageField("sharedSize", "shared_size_bytes", "int64"),
        ),
        "sqlserver": (*_OTHER, MessageField("databases", "databases", "names")),
        "spqr": (*_OTHER, _SHARDS, _SIZE, _CREATION_TYPE, _METHOD),
    }
)
"""The fields of each service's message."""
