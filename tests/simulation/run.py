"""
One seeded history: a fleet that changes, an API that fails, one or two collectors, and the oracle after every step.

The same seed makes the same history of the API; only which of two overlapping collectors is first is the kernel's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from collector.emulator import EmulatedBackup, EmulatedCluster, Faults, Fleet, random_faults
from tests.simulation.oracle import Oracle, Violation, demand
from tests.simulation.recorder import Recorder
from tests.sweeping import NOW_NS, World, outcomes_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

RATES = (0.0, 0.02, 0.1, 0.3)
FOLDER = "b1gemulated000000000"


class History:
    """The world of one seed."""

    def __init__(self, seed: int, recorder: Recorder, url: str) -> None:
        """Draw the clusters; the seed stands in their ids, so that many histories share a database."""
        self.chance = random.Random(seed)
        # Dice of its own: whether clusters are deleted is not to change what else happens.
        self.fate = random.Random(f"fate of {seed}")
        self.prefix = f"s{seed}x"
        self.fleet = recorder.fleet
        self.recorder = recorder
        self.drawn = 0
        # Known to the configuration, and named by the backups; or by neither.
        self.folder_id = FOLDER if self.fate.random() < 0.7 else ""
        self.returning: list[tuple[str, EmulatedBackup]] = []
        self.allowed: set[tuple[str, str]] = set()
        for number in range(self.chance.randint(1, 3)):
            cluster_id = f"{self.prefix}{number}"
            self.fleet.add_cluster(EmulatedCluster(id=cluster_id))
            for _ in range(self.chance.choice([0, 3, 12, 70])):
                self.fleet.add_backup(cluster_id, self._draw(cluster_id))
        self.clusters = tuple(self.fleet.clusters)
        api = {"page_size": self.chance.choice([2, 5, 1000]), "concurrency": self.chance.choice([1, 4])}
        folders = dict.fromkeys(self.clusters, FOLDER) if self.folder_id else {}
        self.world = World(emulator=recorder, url=url, clusters=self.clusters, folders=folders, api=api)
        self.oracle = Oracle(self._recorded, lambda trace_id, cluster_id: (trace_id, cluster_id) in self.allowed)

    def _draw(self, cluster_id: str, backup_id: str | None = None) -> EmulatedBackup:
        self.drawn += 1
        chance = self.chance
        return EmulatedBackup(
            id=backup_id or f"b{self.drawn}",
            folder_id=self.folder_id,
            source_cluster_id=cluster_id,
            created_at_ns=NOW_NS + chance.randrange(10**15),
            indices=tuple(f"i{chance.randrange(4)}" for _ in range(chance.randrange(3))),
            size_bytes=chance.choice([0, 1, chance.randrange(1, 2**63)]),
            opensearch_version=chance.choice(["", "2.12", "3.0"]),
        )

    def _recorded(self, row: Any) -> list[dict[str, Any]] | None:
        """Find what a listing of the ledger was told."""
        trace_id, cluster_id = row["trace_id"], row["cluster_id"]
        if row["via"] == "cluster":
            return self.recorder.listing(trace_id, cluster_id)
        return self.recorder.share(trace_id, cluster_id, folder_id=FOLDER, reading=row["restarts"])

    def edit(self) -> None:
        """Let something happen in the cloud."""
        for cluster_id in self.clusters:
            deleted = cluster_id in self.fleet.departed
            if self.fate.random() < (0.3 if deleted else 0.08):
                (self.fleet.restore_cluster if deleted else self.fleet.remove_cluster)(cluster_id)
            for _ in range(self.chance.choice([0, 0, 1, 3])):
                self._edit(cluster_id)
            if self.chance.random() < 0.05:
                self.fleet.clear_backups(cluster_id)

    def _edit(self, cluster_id: str) -> None:
        listed = self.fleet.find(cluster_id).backups
        what = self.chance.choice(["add", "remove", "remove", "change", "return"])
        if what == "return":
            self._put(cluster_id, self._draw(cluster_id, f"b{self.chance.randint(1, self.drawn + 1)}r"))
        elif what == "add" or not listed:
            self.fleet.add_backup(cluster_id, self._draw(cluster_id))
        elif what == "remove":
            self._remove(cluster_id, self.chance.choice(listed))
        else:
            self.fleet.replace_backup(cluster_id, self._draw(cluster_id, self.chance.choice(listed).id))

    def _put(self, cluster_id: str, backup: EmulatedBackup) -> None:
        """Add a backup whose id may have been there before, or be there still."""
        known = {each.id for each in self.fleet.find(cluster_id).backups}
        (self.fleet.replace_backup if backup.id in known else self.fleet.add_backup)(cluster_id, backup)

    def _remove(self, cluster_id: str, backup: EmulatedBackup) -> None:
        """Take a backup away; often it is there again a little later."""
        self.fleet.remove_backup(cluster_id, backup.id)
        if self.chance.random() < 0.4:
            self.returning.append((cluster_id, backup))

    def bring_back(self) -> None:
        """Let what was away return, unchanged, unless another of its id came meanwhile."""
        waiting, self.returning = self.returning, []
        for cluster_id, backup in waiting:
            known = {each.id for each in self.fleet.find(cluster_id).backups}
            if backup.id not in known and self.chance.random() < 0.6:
                self.fleet.add_backup(cluster_id, backup)

    def draw_faults(self) -> Faults:
        """Draw what goes wrong in the next step."""
        faults = random_faults(self.chance.randrange(2**32), self.chance.choice(RATES))
        if self.chance.random() < 0.25:
            cluster_id = self.chance.choice(self.clusters)
            text = f'{{"id": "bad{self.chance.randrange(3)}", "sizeBytes": "x"}}'
            faults.raw_record(cluster_id, 0, text, how="insert", times=self.chance.choice([1, None]))
        if self.chance.random() < 0.15:
            faults.fail(self.chance.choice(self.clusters), status=404, code=5)
        match self.fate.randrange(12):
            case 0:
                faults.raw_record(FOLDER, 0, '{"id": "free"}', how="insert", times=self.fate.choice([1, None]))
            case 1:
                faults.fail(FOLDER, status=403, code=7, page=self.fate.choice([1, 2]))
            case 2:
                faults.expire_token(FOLDER, after_pages=1, times=self.fate.choice([1, None]))
        return faults

    async def step(self, number: int) -> None:
        """Let things happen and go wrong, and sweep once, or twice at the same time."""
        self.bring_back()
        self.edit()
        self.recorder.faults = self.draw_faults()
        if self.chance.random() < 0.6:
            await self._sweep(f"{self.prefix}-{number}")
        else:
            await self._overlap(number)

    async def _sweep(self, trace_id: str) -> None:
        allow = [each for each in self.clusters if self.chance.random() < 0.1]
        self.allowed |= {(trace_id, each) for each in allow}
        summary = await self.world.sweep(trace_id=trace_id, allow=allow)
        told = outcomes_of(summary)
        demand(set(told) == set(self.clusters), "I9 every cluster is accounted for", told=told)
        demand("bug" not in told.values(), "no bug", told=told)
        done = all(summary.is_complete(result) for result in summary.results)
        demand((summary.outcome == "complete") == done, "I9 the outcome of a sweep", told=told)

    async def _overlap(self, number: int) -> None:
        """Pause one collector in the middle of a listing, let the cloud change and another sweep, and let it go on."""
        gate = self.recorder.faults.pause(self.chance.choice(self.clusters), page=self.chance.choice([1, 2]), times=1)
        slow = asyncio.create_task(self._sweep(f"{self.prefix}-{number}-slow"))
        reached = asyncio.create_task(gate.reached())
        await asyncio.wait([slow, reached], return_when=asyncio.FIRST_COMPLETED)
        reached.cancel()
        if self.chance.random() < 0.5:
            self.edit()
        try:
            await self._sweep(f"{self.prefix}-{number}-fast")
        finally:
            gate.release()
            await slow

    async def heal(self) -> None:
        """End all faults and lift the guard: after two sweeps the database must be what the cloud is."""
        self.recorder.faults = Faults()
        for cluster_id in list(self.fleet.departed):
            # A deleted cluster of no known folder, or that nobody has ever seen, stays unknown.
            if not self.world.folders or not self.fleet.find(cluster_id).backups:
                self.fleet.restore_cluster(cluster_id)
        for number in range(2):
            trace_id = f"{self.prefix}-healed-{number}"
            self.allowed |= {(trace_id, each) for each in self.clusters}
            summary = await self.world.sweep(trace_id=trace_id, allow=self.clusters)
            demand(summary.outcome == "complete", "I14 faults stop, sweeps complete", told=outcomes_of(summary))

    async def check_truth(self, db: Connection) -> None:
        """Compare the live rows with the cloud itself."""
        for cluster_id in self.clusters:
            rows = await db.fetch(
                "SELECT backup_id, state FROM inventory.backups WHERE cluster_id = $1 AND state <> 'vanished'",
                cluster_id,
            )
            listed = {backup.id for backup in self.fleet.find(cluster_id).backups}
            demand({tuple(row) for row in rows} == {(key, "live") for key in listed}, "I14 the truth", rows=rows)


@asynccontextmanager
async def _history(seed: int, url: str) -> AsyncIterator[History]:
    async with Recorder(Fleet()) as recorder:
        yield History(seed, recorder, url)


async def play(seed: int, *, steps: int, url: str, db: Connection) -> int:
    """
    Play one history.

    Returns:
        How many merged listings the oracle has followed.

    Raises:
        Violation: an invariant does not hold; the text has the seed and how to replay it.
    """
    async with _history(seed, url) as history:
        step = -1
        try:
            for step in range(steps):
                await history.step(step)
                await history.oracle.check(db, history.prefix)
            await history.heal()
            await history.oracle.check(db, history.prefix)
            await history.check_truth(db)
        except Violation as violation:
            replay = f"SIMULATION_SEED={seed} SIMULATION_STEPS={steps} pytest tests/simulation -k histories"
            message = f"seed {seed}, step {step}: {violation}\nreplay: {replay}"
            raise Violation(message) from violation
        return history.oracle.checked
