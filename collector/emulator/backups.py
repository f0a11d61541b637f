"""
One backup as the emulated API knows it: plain values, instants as integer nanoseconds.

Nothing is checked here: a test may want what the real API would not say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NS_PER_S: Final = 1_000_000_000

INSTANT_NS_MIN: Final = -62_135_596_800 * NS_PER_S
"""0001-01-01T00:00:00Z, the first instant of a protobuf Timestamp."""

INSTANT_NS_MAX: Final = 253_402_300_800 * NS_PER_S - 1
"""9999-12-31T23:59:59.999999999Z, the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatedBackup:
    """
    A backup of any service: it has all their fields, and a service's answer shows those of its own message.

    As in proto3, 0, `""` and `()` mean "not set" and are left out when rendered.
    """

    id: str
    folder_id: str = ""
    source_cluster_id: str = ""
    started_at_ns: int | None = None
    """Nanoseconds since 1970-01-01T00:00:00Z; None where the message is absent."""
    created_at_ns: int | None = None
    """When the backup was completed; otherwise like `started_at_ns`."""
    indices: tuple[str, ...] = ()
    opensearch_version: str = ""
    size_bytes: int = 0
    indices_total: int = 0
    incremental_size_bytes: int = 0
    total_size_bytes: int = 0
    free_space_required_bytes: int = 0
    elasticsearch_version: str = ""
    type: str = ""
    """A word of the service's enum, as are `method` and `status`, or one that it does not know yet."""
    method: str = ""
    status: str = ""
    journal_size_bytes: int = 0
    shared_size_bytes: int = 0
    source_shard_names: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    retention_policy_id: str = ""
    retention_policy_name: str = ""
    retain_until_ns: int | None = None
