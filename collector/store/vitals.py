"""What monitoring asks of the inventory: numbers for each cluster, and when sweeps last ended. Reads views only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from collector.store.reading import inventory_expected
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.store.pool import Pool
    from collector.store.reading import Verdict

_UNIX_2000_S: Final = 946_684_800
"""2000-01-01 in seconds since 1970-01-01."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterVitals:
    """One managed cluster. Instants are seconds since 1970; None: there is none."""

    service: str
    cluster_id: str
    name: str
    """Empty: it has none."""
    verdict: Verdict
    newest_backup_at: float | None
    backup_age_s: float | None
    max_age_s: float
    observation_age_s: float | None
    live_backups: int
    live_bytes: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """All managed clusters, ordered by id, and the newest sweeps. Instants are seconds since 1970."""

    clusters: Sequence[ClusterVitals]
    sweep_started_at: float | None = None
    sweep_finished_at: float | None = None
    sweep_completed_at: float | None = None


async def read_vitals(pool: Pool) -> Vitals:
    """Read them. Raises DatabaseError; SchemaError where there is no inventory, or an older one."""
    async with pool.acquire() as connection:
        with inventory_expected():
            rows = await connection.fetch(statement("read_vitals"))
            sweeps = await connection.fetchrow(statement("read_last_sweeps"))
    return Vitals(
        clusters=[_cluster(row) for row in rows],
        **{f"sweep_{key}": _unix(at) for key, at in dict(sweeps or {}).items()},
    )


_AS_THEY_ARE: Final = {field.name for field in fields(ClusterVitals)} - {"name", "newest_backup_at"}


def _cluster(row: Any) -> ClusterVitals:
    return ClusterVitals(
        name=row["cluster_name"] or "",
        newest_backup_at=_unix(row["newest_created_at"]),
        **{key: row[key] for key in _AS_THEY_ARE},
    )


def _unix(at: int | None) -> float | None:
    return None if at is None else at / 1_000_000 + _UNIX_2000_S
