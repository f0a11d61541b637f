"""Pruning beside merges, sweeps, and another pruning."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.records import Summary
from collector.store.pruning import Pruned, Pruning
from tests.aging import MONTH, add_runs, backdate, forecast, prune
from tests.builders import Rig, patient_settings, records, states
from tests.sessions import until_waiting
from tests.sweeping import World

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def test_two_prunings_at_once_remove_what_one_would(told: Connection, migrated_url: str) -> None:
    """Neither fails, and no row is counted twice."""
    await add_runs(told)
    expected = await forecast(migrated_url)

    one, other = await asyncio.gather(prune(migrated_url, batch=2), prune(migrated_url, batch=2))

    assert one + other == expected


async def test_a_merge_that_holds_the_cluster_is_waited_for(rig: Rig, db: Connection, migrated_url: str) -> None:
    """What it leaves behind is judged, and not what was there when the pruning began."""
    for listed in (["b", "c"], ["c"], ["c"]):
        await rig.merge(records(*listed))
    await backdate(db)
    assert (await forecast(migrated_url)).backups == 1
    merging = await asyncpg.connect(migrated_url)
    try:
        transaction = merging.transaction()
        await transaction.start()
        # The backup comes back, as a merge would write it.
        await merging.execute(
            "SELECT FROM collector.cluster FOR NO KEY UPDATE;"
            "UPDATE collector.backup SET missing_listing_id = NULL, missing_since = NULL, last_seen_at = NULL, "
            "vanished_listing_id = NULL, vanished_at = NULL, vanish_reason = NULL WHERE backup_id = 'b'"
        )
        pruning = asyncio.create_task(prune(migrated_url))
        await until_waiting(db)
        await transaction.commit()
        removed = await pruning
    finally:
        await merging.close()

    assert (removed.backups, await states(db)) == (0, {"b": "live", "c": "live"})


async def test_a_sweep_goes_on_after_a_pruning_and_takes_the_short_way(
    rig: Rig, db: Connection, migrated_url: str
) -> None:
    """The listing that proves that nothing changed stays, and nothing makes the next one be read anew."""
    for listed in (["a", "b", "c"], ["a", "c"], ["a", "c"], ["a", "c"]):
        await rig.merge(records(*listed))
    await backdate(db)

    removed = await prune(migrated_url)
    confirmed = await rig.confirm(records("a", "c"))
    returned = await rig.merge(records("a", "b", "c"))

    assert (removed.backups, removed.changes) == (1, 2)
    assert confirmed is not None
    assert (returned.counts.inserted, returned.counts.unchanged) == (1, 2)


@pytest.mark.usefixtures("told")
async def test_it_ends_between_two_batches_and_another_goes_on(migrated_url: str) -> None:
    """What went before is gone, what is left is what a forecast says."""
    expected = await forecast(migrated_url)
    batches: list[Pruned] = []

    async with Pruning(migrated_url, patient_settings(), MONTH, batch=3) as pruning:
        ended = await pruning.prune(is_stopping=lambda: len(batches) == 2, on_batch=batches.append)

    assert (ended, len(batches)) == ("interrupted", 2)
    assert sum(batches, Pruned()) + await forecast(migrated_url) == expected


async def test_sweeps_that_run_meanwhile_are_complete(world: World, db: Connection, migrated_url: str) -> None:
    """They meet on the clusters' rows only, for as long as a batch takes."""
    for _ in range(2):
        await world.sweep()
    await backdate(db)
    await db.execute("UPDATE collector.sweep SET started_at = started_at - INTERVAL '100 days'")

    summaries, removed = await asyncio.gather(sweep_twice(world), prune(migrated_url, batch=1))

    assert [summary.outcome for summary in summaries] == ["complete", "complete"]
    assert (removed.listings, removed.sweeps) == (3, 1)
    assert await db.fetchval("SELECT count(*) FROM inventory.backups WHERE state = 'live'") == 75


async def sweep_twice(world: World) -> list[Summary]:
    """Sweep, and sweep again."""
    return [await world.sweep() for _ in range(2)]
