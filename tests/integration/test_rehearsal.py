"""A dry run: it says what would be written, and writes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.records import Counts
from collector.store import Rehearsal
from tests.builders import every_row
from tests.sweeping import World, backups, outcomes_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


pytestmark = pytest.mark.usefixtures("_hurried")


async def test_a_rehearsal_counts_as_the_real_sweep_would_and_leaves_every_row(world: World, db: Connection) -> None:
    """Inserts, changes, absences, returns and quarantine; afterwards no row of any table is another."""
    fleet = world.emulator.fleet
    await world.sweep()
    fleet.remove_backup("c9qa", "b3")
    await world.sweep()
    fleet.remove_backup("c9qa", "b4")
    fleet.replace_backup("c9qb", backups("c9qb", [5], opensearch_version="3.0")[0])
    fleet.add_backup("c9qb", backups("c9qb", [90])[0])
    fleet.clear_backups("c9qc")
    before = await every_row(db)

    rehearsed = await world.sweep(kind=Rehearsal)
    between = await every_row(db)
    real = await world.sweep()

    assert between == before
    assert {r.cluster.id: (r.outcome, r.counts) for r in rehearsed.results} == {
        r.cluster.id: (r.outcome, r.counts) for r in real.results
    }
    assert {r.cluster.id: r.outcome for r in real.results} == {
        "c9qa": "complete",
        "c9qb": "complete",
        "c9qc": "held",
    }
    assert (rehearsed.sweep_id, rehearsed.finished_at) == (None, None)


async def test_a_rehearsal_works_on_clusters_that_are_not_registered_yet(world: World, db: Connection) -> None:
    """A first dry run, of a first load in chunks."""
    before = await every_row(db)

    rehearsed = await world.sweep(kind=Rehearsal)

    assert [result.counts for result in rehearsed.results] == [Counts(inserted=25)] * 3
    assert await every_row(db) == before


async def test_a_rehearsal_tells_a_failed_cluster_without_writing_it(world: World, db: Connection) -> None:
    """Not even into the ledger."""
    world.emulator.faults.fail("c9qb", status=403, code=7)
    before = await every_row(db)

    rehearsed = await world.sweep(kind=Rehearsal)

    assert outcomes_of(rehearsed)["c9qb"] == "permission_denied"
    assert rehearsed.outcome == "partial"
    assert await every_row(db) == before
