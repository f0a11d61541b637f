"""
What monitoring asks of the inventory. Reads views only.

Numbers for each cluster and each place where clusters are looked for; how many are watched; how sweeps last ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from collector.store.reading import inventory_expected
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.sources import SettledOutcome
    from collector.store.pool import Pool
    from collector.store.reading import Verdict

Coverage = Literal["covered", "unlisted", "gone", "excluded"]
"""As in `inventory.coverage`."""
EndedOutcome = Literal["complete", "partial", "failed", "interrupted", "aborted"]
"""Of a sweep that has ended: `aborted`, it was killed, and a later one has closed it."""

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
    observation_max_age_s: float
    live_backups: int
    live_bytes: float
    held: bool
    quarantined: int
    schedule_weakened_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceVitals:
    """One place where clusters are looked for: a folder's clusters of one service, or a cloud's folders."""

    kind: Literal["folder", "cloud"]
    source_id: str
    service: str
    """Empty: a cloud."""
    last_outcome: SettledOutcome | None
    """None: it was never read."""
    observation_age_s: float | None
    last_throttles: int | None
    clusters: int | None
    """None: not known, or a cloud."""


class Covered(NamedTuple):
    """How many clusters are covered alike."""

    coverage: Coverage
    managed: bool
    clusters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """All managed clusters and all sources, ordered by id, and the newest sweeps. Instants are seconds since 1970."""

    clusters: Sequence[ClusterVitals]
    sources: Sequence[SourceVitals] = ()
    coverage: Sequence[Covered] = ()
    sweep_started_at: float | None = None
    sweep_finished_at: float | None = None
    sweep_completed_at: float | None = None
    sweep_outcome: EndedOutcome | None = None
    """Of the newest finished one."""


async def read_vitals(pool: Pool) -> Vitals:
    """Read them. Raises DatabaseError; SchemaError where there is no inventory, or an older one."""
    async with pool.acquire() as connection:
        with inventory_expected():
            clusters = await connection.fetch(statement("read_vitals"))
            sources = await connection.fetch(statement("read_source_vitals"))
            coverage = await connection.fetch(statement("count_coverage"))
            sweeps = dict(await connection.fetchrow(statement("read_last_sweeps")) or {})
    return Vitals(
        clusters=[_cluster(row) for row in clusters],
        sources=[_source(row) for row in sources],
        coverage=[Covered(**row) for row in coverage],
        sweep_outcome=sweeps.pop("outcome", None),
        **{f"sweep_{key}": _unix(at) for key, at in sweeps.items()},
    )


_READ_APART: Final = {"name", "newest_backup_at", "schedule_weakened_at"}
_AS_THEY_ARE: Final = {field.name for field in fields(ClusterVitals)} - _READ_APART


def _cluster(row: Any) -> ClusterVitals:
    return ClusterVitals(
        name=row["cluster_name"] or "",
        newest_backup_at=_unix(row["newest_created_at"]),
        schedule_weakened_at=_unix(row["schedule_weakened_at"]),
        **{key: row[key] for key in _AS_THEY_ARE},
    )


def _source(row: Any) -> SourceVitals:
    return SourceVitals(**{**row, "service": row["service"] or ""})


def _unix(at: int | None) -> float | None:
    return None if at is None else at / 1_000_000 + _UNIX_2000_S
