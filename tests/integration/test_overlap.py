"""Sweeps that overlap, and what one that was overtaken or killed leaves to the next."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.sweeping import World, backups, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


pytestmark = pytest.mark.usefixtures("_hurried")


async def test_a_killed_sweep_is_closed_by_the_next(world: World, db: Connection) -> None:
    """A row that still says running after its own deadline was killed; one within it was not."""
    await db.execute(
        "INSERT INTO collector.sweep (deadline_at, trace_id, program_version, clusters_selected) VALUES "
        "(now() - INTERVAL '2 minutes', 'killed', '0', 3), (now() + INTERVAL '1 minute', 'running', '0', 3)"
    )

    await world.sweep()

    rows = await db.fetch(
        "SELECT trace_id, outcome, finished_at IS NULL AS runs FROM collector.sweep ORDER BY sweep_id"
    )
    assert [tuple(row) for row in rows] == [
        ("killed", "aborted", False),
        ("running", "running", True),
        ("a-sweep", "complete", False),
    ]


@pytest.mark.parametrize("newer", ["complete", "partial"])
async def test_a_superseded_cluster_counts_as_complete_only_if_the_newer_listing_is(
    world: World, db: Connection, newer: str
) -> None:
    """The exit code speaks of what is committed, not of who wrote it."""
    world.clusters = ("c9qa",)
    gate = world.emulator.faults.pause("c9qa", page=2, times=1)
    slow = asyncio.create_task(world.sweep())
    await gate.reached()
    if newer == "partial":
        world.emulator.faults.raw_record("c9qa", 0, '{"id": "b24", "sizeBytes": "x"}', times=1)
    fast = await world.sweep()

    gate.release()
    summary = await slow

    assert outcomes_of(fast) == {"c9qa": newer}
    assert outcomes_of(summary) == {"c9qa": "superseded"}
    assert summary.outcome == newer
    assert summary.is_complete(summary.results[0]) == (newer == "complete")
    assert await db.fetchval("SELECT last_listing_id FROM collector.cluster") == fast.results[0].listing_id


async def test_overlapping_sweeps_leave_one_complete_picture(world: World, db: Connection) -> None:
    """Two collectors at once, as Kubernetes may start them: no fault, no double row, no false absence."""
    for step in range(3):
        for cluster_id in world.clusters:
            world.emulator.fleet.add_backup(cluster_id, backups(cluster_id, [100 + step])[0])

        summaries = await asyncio.gather(world.sweep(), world.sweep(), world.sweep())

        assert {summary.outcome for summary in summaries} == {"complete"}
    assert await states_by_cluster(db) == {key: {"live": 28} for key in world.clusters}
    assert await db.fetchval("SELECT count(*) FROM collector.backup_change") == 0
