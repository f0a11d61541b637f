"""
The hourly automatic backups of one cluster: any hour's backup is a pure function of the seed, the cluster and the hour.

Nothing is stored, so a fleet of millions of backups costs nothing until it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from collector.emulator.backups import NS_PER_S, EmulatedBackup
from collector.emulator.chance import draw
from collector.emulator.indices import IndexPlan, draw_index_plan

HOUR_S: Final = 3600
HOUR_NS: Final = HOUR_S * NS_PER_S

# The oldest hour that sizes grow from: 2024-10-04. Hours before it have the first size.
_GROWTH_FROM_HOUR: Final = 480_000
_JITTER_S: Final = 30
_DURATION_S: Final = 90
_VERSIONS: Final = ("2.8.0", "2.12.0", "2.17.1", "2.19.2", "3.1.0")
_SHARDS: Final = ("shard1", "shard2")
_DATABASES: Final = ("accounts", "orders")
_FRACTION_STEPS: Final = (NS_PER_S, NS_PER_S // 1_000, NS_PER_S // 1_000_000, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a cluster is backed up, and what each backup looks like. Hours are counted since 1970-01-01T00:00:00Z."""

    seed: int
    cluster_id: str
    folder_id: str
    kept: int
    """How many hours a backup is kept."""
    halted_at_ns: int | None
    """Since when no backup has been made; None where they still are."""
    start_s: int
    """Seconds past the hour at which a backup may start."""
    id_prefix: str
    version: str
    plan: IndexPlan
    base_bytes: int
    growth_bytes_per_h: int

    def window(self, now_ns: int) -> range:
        """Tell the hours whose backups exist at an instant, oldest first."""
        newest = self._newest_hour(now_ns)
        halted = newest if self.halted_at_ns is None else self._newest_hour(self.halted_at_ns)
        first = newest - self.kept + 1
        return range(first, max(first, min(newest, halted) + 1))

    def backup_at(self, hour: int) -> EmulatedBackup:
        """Make the backup of an hour."""
        return self.backups_at(range(hour, hour + 1))[0]

    def backups_at(self, hours: range) -> list[EmulatedBackup]:
        """Make the backups of many hours, in the order given. Neighbours with the same indices share the list."""
        backups: list[EmulatedBackup] = []
        rollover = -1
        names: tuple[str, ...] = ()
        for hour in hours:
            if not names or self.plan.rollover_at(hour) != rollover:
                rollover = self.plan.rollover_at(hour)
                names = self.plan.names_after(rollover)
            backups.append(self._make(hour, names))
        return backups

    def backup_id(self, hour: int) -> str:
        """Tell the id of an hour's backup."""
        return self.id_prefix + draw(f"{self.seed}/{self.cluster_id}/{hour}").letters

    def _newest_hour(self, now_ns: int) -> int:
        return (now_ns // NS_PER_S - self.start_s - _JITTER_S - _DURATION_S) // HOUR_S

    def _make(self, hour: int, names: tuple[str, ...]) -> EmulatedBackup:
        bits, letters = draw(f"{self.seed}/{self.cluster_id}/{hour}")
        low, high = bits & 0xFFFF_FFFF, bits >> 96
        started_at_ns = (hour * HOUR_S + self.start_s + low % _JITTER_S) * NS_PER_S
        size = self.base_bytes + self.growth_bytes_per_h * max(0, hour - _GROWTH_FROM_HOUR)
        incremental = 0 if low % 32 == 0 else size // (200 + low % 4_000)
        total = size + size // 50
        return EmulatedBackup(
            id=self.id_prefix + letters,
            folder_id=self.folder_id,
            source_cluster_id=self.cluster_id,
            started_at_ns=started_at_ns + _fraction(high),
            created_at_ns=started_at_ns + (3 + low % (_DURATION_S - 4)) * NS_PER_S + _fraction(low),
            indices=names,
            opensearch_version=self.version,
            size_bytes=size,
            indices_total=self.plan.total,
            incremental_size_bytes=incremental,
            total_size_bytes=total,
            free_space_required_bytes=total + total // 10,
            type="AUTOMATED",
            method="BASE",
            status="DONE",
            journal_size_bytes=size // 10,
            source_shard_names=_SHARDS,
            databases=_DATABASES,
            retain_until_ns=(hour + self.kept) * HOUR_NS,
        )


def draw_schedule(
    seed: int, cluster_id: str, *, folder_id: str, kept: int, halted_at_ns: int | None = None
) -> Schedule:
    """Draw how one cluster is backed up. In one cluster of four the ids have the form `cluster:backup`."""
    bits = draw(f"schedule/{seed}/{cluster_id}").bits
    base_bytes = 50_000_000 * (1 + bits % 4_000)
    return Schedule(
        seed=seed,
        cluster_id=cluster_id,
        folder_id=folder_id,
        kept=kept,
        halted_at_ns=halted_at_ns,
        start_s=(bits >> 16) % 3_000,
        id_prefix=f"{cluster_id}:c9q" if (bits >> 32) % 4 == 0 else "c9q",
        version=_VERSIONS[(bits >> 40) % len(_VERSIONS)],
        plan=draw_index_plan(seed, cluster_id),
        base_bytes=base_bytes,
        growth_bytes_per_h=base_bytes // 20_000,
    )


def _fraction(bits: int) -> int:
    """Draw nanoseconds within a second that need 0, 3, 6 or 9 fraction digits."""
    step = _FRACTION_STEPS[bits & 3]
    return (bits >> 2) % (NS_PER_S // step) * step
