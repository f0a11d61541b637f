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
    A `yandex.cloud.mdb.opensearch.v1.Backup`.

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
