"""What was served to each run, and whether the inventory is a picture of it: whole, proven, and never shorter."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import Fleet
from tests.acceptance.inventory import Rows, made, served, stored

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LONG: Final = 30
"""Lists longer than this lose more than they gain."""

# The newest complete listing of each cluster, and the run that it belongs to.
_PICTURES: Final = """
SELECT c.cluster_id, l.sweep_id
FROM collector.cluster AS c
INNER JOIN collector.listing AS l ON l.cluster_id = c.cluster_id AND l.listing_id = c.complete_listing_id
WHERE l.outcome = 'complete' AND c.complete_listing_id = c.last_listing_id
"""
_TOMBSTONES: Final = """
SELECT
    b.cluster_id,
    b.backup_id,
    m.sweep_id AS missing_in,
    v.sweep_id AS vanished_in
FROM collector.backup AS b
INNER JOIN collector.listing AS m ON m.listing_id = b.missing_listing_id
LEFT JOIN collector.listing AS v ON v.listing_id = b.vanished_listing_id
"""


@dataclass(kw_only=True)
class History:
    """What a fleet served, by sweep. Lists change between runs only, so one run saw one state of each."""

    fleet: Fleet
    by_sweep: dict[int, Rows] = field(default_factory=dict)
    newest: dict[str, int] = field(default_factory=dict)
    """Per cluster, the sweep whose picture was stored when last looked at."""
    ever: set[tuple[str, str]] = field(default_factory=set)

    def edit(self, rng: random.Random) -> None:
        """Change every cluster's list: new backups, one with another size, one gone."""
        for cluster_id, cluster in self.fleet.clusters.items():
            ids = sorted(int(backup.id[1:]) for backup in cluster.backups)
            first = ids[-1] + 1
            for backup in made(cluster_id, range(first, first + rng.randint(1, 3))):
                self.fleet.add_backup(cluster_id, backup)
            changed, *gone = rng.sample(ids, 2 if len(ids) < LONG else 4)
            self.fleet.replace_backup(cluster_id, made(cluster_id, [changed], size_bytes=rng.randint(1, 2**60))[0])
            for number in gone:
                self.fleet.remove_backup(cluster_id, f"b{number}")

    async def check(self, db: Connection) -> None:
        """
        Check that each cluster shows one run's list, whole, that absence is proven and that all is kept.

        Sweeps that are new since the last check were served what the fleet holds now.
        """
        for row in await db.fetch("SELECT sweep_id FROM collector.sweep"):
            self.by_sweep.setdefault(row["sweep_id"], served(self.fleet))
        pictures = {row["cluster_id"]: row["sweep_id"] for row in await db.fetch(_PICTURES)}
        live = await stored(db)
        assert live.keys() == pictures.keys()
        for cluster_id, sweep_id in pictures.items():
            assert live[cluster_id] == self.by_sweep[sweep_id][cluster_id]
            assert sweep_id >= self.newest.get(cluster_id, 0)
        self.newest = pictures
        for row in await db.fetch(_TOMBSTONES):
            for sweep_id in {row["missing_in"], row["vanished_in"]} - {None}:
                assert row["backup_id"] not in self.by_sweep[sweep_id][row["cluster_id"]]
        kept = {tuple(row) for row in await db.fetch("SELECT cluster_id, backup_id FROM collector.backup")}
        assert kept >= self.ever
        self.ever = kept
