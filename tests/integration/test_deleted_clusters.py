"""Clusters that answer 404 and whose folder is known: their backups are followed in its list, by the usual rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from collector.records import Counts
from collector.store import Rehearsal
from tests.builders import every_row
from tests.deleting import CLUSTERS, FOLDER, SINCE, counts_of, newest
from tests.sweeping import World, backups, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried", "_one_folder")]


async def test_the_backups_of_a_deleted_cluster_are_read_from_its_folder(world: World, db: Connection) -> None:
    """The listing is complete, the same records write no row, and the cluster is known to be gone (D16)."""
    await world.sweep()
    before = await every_row(db, ["backup", "backup_change"])
    world.emulator.fleet.remove_cluster("c9qa")

    summary = await world.sweep()

    row = await newest(db)
    assert summary.outcome == "complete"
    assert counts_of(summary)["c9qa"] == Counts(unchanged=25)
    assert (row["via"], row["outcome"], row["listed"], row["pages"]) == ("folder", "complete", 25, 8)
    assert (await newest(db, "c9qb"))["via"] == "cluster"
    assert await every_row(db, ["backup", "backup_change"]) == before
    assert await db.fetchval(SINCE, "c9qa") == row["started_at"]
    assert await db.fetchval(SINCE, "c9qb") is None
    assert await db.fetchval("SELECT verdict FROM inventory.freshness WHERE cluster_id = 'c9qa'") != "unknown"


async def test_only_the_first_answer_of_404_dates_it(world: World, db: Connection) -> None:
    """However often it is looked for afterwards."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    await world.sweep()
    since = await db.fetchval(SINCE, "c9qa")

    await world.sweep()

    assert await db.fetchval(SINCE, "c9qa") == since


async def test_the_folder_that_stored_backups_name_is_enough(migrated_url: str, db: Connection) -> None:
    """Nobody has to have configured it, and it is remembered when the last backup has vanished."""
    fleet = Fleet.of({"c9qa": backups("c9qa", range(2), folder_id=FOLDER), "c9qb": backups("c9qb", range(2))})
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=("c9qa",))
        await world.sweep()
        fleet.remove_cluster("c9qa")
        fleet.clear_backups("c9qa")

        summaries = [await world.sweep() for _ in range(3)]

    assert [summary.outcome for summary in summaries] == ["complete"] * 3
    assert await states_by_cluster(db) == {"c9qa": {"vanished": 2}}
    assert (await newest(db))["via"] == "folder"


async def test_what_expires_of_a_deleted_cluster_is_missing_and_then_vanished(world: World, db: Connection) -> None:
    """One complete listing of the folder asks, the second answers; the others' backups are not mixed up with it."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    world.emulator.fleet.remove_backup("c9qa", "b7")

    await world.sweep()
    once = await states_by_cluster(db)
    await world.sweep()

    assert once == {"c9qa": {"live": 24, "missing": 1}, "c9qb": {"live": 25}, "c9qc": {"live": 25}}
    assert (await states_by_cluster(db))["c9qa"] == {"live": 24, "vanished": 1}
    assert await db.fetchval("SELECT vanish_reason FROM inventory.backups WHERE state = 'vanished'") == (
        "cluster_deleted"
    )


async def test_too_much_gone_from_a_folder_at_once_is_held(world: World, db: Connection) -> None:
    """Until somebody says that it is true."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    world.emulator.fleet.clear_backups("c9qa")

    held = [await world.sweep(), await world.sweep()]
    before = await states_by_cluster(db)
    allowed = [await world.sweep(allow=["c9qa"]), await world.sweep()]

    assert [outcomes_of(summary)["c9qa"] for summary in held] == ["held"] * 2
    assert before["c9qa"] == {"live": 25}
    assert [summary.outcome for summary in allowed] == ["complete"] * 2
    assert (await states_by_cluster(db))["c9qa"] == {"vanished": 25}


async def test_a_cluster_deleted_before_it_was_first_seen_is_collected(world: World, db: Connection) -> None:
    """Its backups in the folder's list are proof enough that it existed."""
    world.emulator.fleet.remove_cluster("c9qa")

    summary = await world.sweep()

    assert summary.outcome == "complete"
    assert counts_of(summary)["c9qa"] == Counts(inserted=25)
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}


@pytest.mark.parametrize("folder_readable", [True, False], ids=["read", "unread"])
@pytest.mark.parametrize("page_size", [10, 100], ids=["several-pages", "one-page"])
async def test_a_cluster_that_is_back_is_listed_by_itself_again(
    world: World, db: Connection, page_size: int, *, folder_readable: bool
) -> None:
    """Whether its list is read or recognised as a whole, it counts as found."""
    world.api["page_size"] = page_size
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    if not folder_readable:
        world.emulator.faults.fail(FOLDER, status=403, code=7)
    await world.sweep()
    lost = await db.fetchval(SINCE, "c9qa")
    world.emulator.fleet.restore_cluster("c9qa")

    summaries = [await world.sweep() for _ in range(2)]

    assert lost is not None
    assert [counts_of(summary)["c9qa"] for summary in summaries] == [Counts(unchanged=25)] * 2
    assert await db.fetchval(SINCE, "c9qa") is None
    assert (await newest(db))["via"] == "cluster"


async def test_a_rehearsal_reads_the_folder_and_keeps_nothing(world: World, db: Connection) -> None:
    """It says what would be missing."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    world.emulator.fleet.remove_backup("c9qa", "b7")
    before = await every_row(db, ["cluster", "backup", "backup_change", "listing"])

    summary = await world.sweep(kind=Rehearsal)

    assert summary.outcome == "complete"
    assert counts_of(summary)["c9qa"] == Counts(unchanged=24, missing=1)
    assert await every_row(db, ["cluster", "backup", "backup_change", "listing"]) == before


async def test_a_large_folder_waits_on_disk(world: World) -> None:
    """The clusters' parts are read from where the list was spooled."""
    world.api["spool_bytes"] = 0
    for cluster_id in CLUSTERS:
        world.emulator.fleet.remove_cluster(cluster_id)

    summary = await world.sweep()

    assert counts_of(summary) == dict.fromkeys(CLUSTERS, Counts(inserted=25))
