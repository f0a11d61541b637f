"""Clusters that answer 404: what their folder's list proves, what it does not, and that nobody is hurt meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from collector.parse import BackupParser
from collector.records import Counts, ListingResult, Summary
from collector.store import Rehearsal
from tests.builders import every_row
from tests.sweeping import World, backups, fleet_of, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")

FOLDER: Final = "b1gemulated000000000"
CLUSTERS: Final = ("c9qa", "c9qb", "c9qc")
NEWEST: Final = "SELECT * FROM inventory.listings WHERE cluster_id = $1 ORDER BY listing_id DESC LIMIT 1"
SINCE: Final = "SELECT not_found_since FROM inventory.clusters WHERE cluster_id = $1"


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    """Yield three clusters of twenty-five backups each in one folder, which the configuration names, and a database."""
    async with Emulator(fleet_of(c9qa=25, c9qb=25, c9qc=25)) as emulator:
        yield World(emulator=emulator, url=migrated_url, clusters=CLUSTERS, folders=dict.fromkeys(CLUSTERS, FOLDER))


async def newest(db: Connection, cluster_id: str = "c9qa") -> asyncpg.Record:
    """Read the newest ledger row of a cluster."""
    row = await db.fetchrow(NEWEST, cluster_id)
    assert row is not None
    return row


def counts_of(summary: Summary) -> dict[str, Counts]:
    """Tell what was done to the backups of each cluster."""
    return {result.cluster.id: result.counts for result in summary.results}


async def test_the_backups_of_a_deleted_cluster_are_read_from_its_folder(world: World, db: Connection) -> None:
    """The listing is complete, the same records write no row, and the cluster is known to be gone."""
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


FAULTS: Final[dict[str, tuple[str, dict[str, Any], str]]] = {
    "forbidden": ("fail", {"status": 403, "code": 7}, "permission_denied"),
    "not-found": ("fail", {"status": 404, "code": 5}, "not_found"),
    "unavailable": ("fail", {"status": 503}, "server_failed"),
    "second-page": ("fail", {"status": 503, "page": 2}, "server_failed"),
    "last-page": ("cut_body", {"after": 20, "page": 5}, "truncated"),
    "loop": ("repeat_token", {}, "paging_loop"),
    "moves-on": ("expire_token", {"after_pages": 1, "times": None}, "listing_moved"),
    "html": ("body", {"body": b"<html>", "content_type": "text/html"}, "bad_answer"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_folder_that_cannot_be_read_to_its_end_proves_nothing(world: World, db: Connection, fault: str) -> None:
    """The cluster has failed as not found, the message names both faults, and no row is touched."""
    name, arguments, kind = FAULTS[fault]
    await world.sweep()
    before = await every_row(db, ["backup", "backup_change"])
    world.emulator.fleet.remove_cluster("c9qa")
    world.emulator.fleet.clear_backups("c9qa")
    getattr(world.emulator.faults, name)(FOLDER, **arguments)

    summaries = [await world.sweep() for _ in range(2)]

    row = await newest(db)
    assert [outcomes_of(summary)["c9qa"] for summary in summaries] == ["not_found"] * 2
    assert summaries[1].outcome == "partial"
    assert row["message"].startswith("HTTP 404 NOT_FOUND")
    assert f"folder {FOLDER} was not read: {kind}: " in row["message"]
    assert row["via"] == "folder"
    assert await every_row(db, ["backup", "backup_change"]) == before
    assert await db.fetchval(SINCE, "c9qa") is not None


async def test_a_folder_that_is_not_known_is_not_guessed(world: World, db: Connection) -> None:
    """The message says what was not tried."""
    world.folders = {}
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")

    summary = await world.sweep()

    row = await newest(db)
    assert outcomes_of(summary)["c9qa"] == "not_found"
    assert (row["via"], "its folder is not known" in row["message"]) == ("cluster", True)
    assert await db.fetchval(SINCE, "c9qa") is not None
    assert world.emulator.requests_by_scope[FOLDER] == 0


async def test_a_folder_that_stored_backups_contradict_is_not_believed(world: World, db: Connection) -> None:
    """What is in another folder would be absent from this one's list."""
    world.emulator.fleet.replace_backup("c9qa", backups("c9qa", [3], folder_id="b1gother")[0])
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")

    summaries = [await world.sweep() for _ in range(2)]

    assert [outcomes_of(summary)["c9qa"] for summary in summaries] == ["not_found"] * 2
    assert "name folder b1gother" in (await newest(db))["message"]
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}
    assert world.emulator.requests_by_scope[FOLDER] == 0


async def test_deleted_clusters_of_one_folder_share_one_reading(world: World, db: Connection) -> None:
    """Its pages are asked for once, and what they cost is accounted for once."""
    await world.sweep()
    asked = world.emulator.requests_total
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    world.emulator.fleet.remove_backup("c9qb", "b7")

    summary = await world.sweep()

    assert summary.outcome == "complete"
    assert world.emulator.requests_by_scope[FOLDER] == 8
    assert counts_of(summary)["c9qa"] == Counts(unchanged=25)
    assert counts_of(summary)["c9qb"] == Counts(unchanged=24, missing=1)
    query = "SELECT sum(requests) FROM collector.listing WHERE sweep_id = $1"
    assert await db.fetchval(query, summary.sweep_id) == world.emulator.requests_total - asked


async def test_every_fence_is_drawn_before_the_shared_list_is_asked_for(world: World, db: Connection) -> None:
    """A sweep that begins meanwhile has higher fences, and wins for both clusters."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    gate = world.emulator.faults.pause(FOLDER, page=1, times=1)
    slow = asyncio.create_task(world.sweep())
    await gate.reached()
    drawn = await db.fetchval("SELECT last_value FROM collector.listing_id_seq")

    fast = await world.sweep()
    gate.release()
    summary = await slow

    fences = {str(result.cluster.id): result.listing_id for result in summary.results}
    assert outcomes_of(fast) == dict.fromkeys(CLUSTERS, "complete")
    assert outcomes_of(summary) == {"c9qa": "superseded", "c9qb": "superseded", "c9qc": "complete"}
    assert summary.outcome == "complete"
    assert {fences["c9qa"], fences["c9qb"]} == {drawn - 1, drawn}


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


async def test_a_mistyped_id_is_no_complete_listing_of_no_backups(world: World, db: Connection) -> None:
    """The folder's list is readable and holds nothing of it, and nobody has ever seen it."""
    world.clusters = (*CLUSTERS, "c9qtypo")
    world.folders = dict.fromkeys(world.clusters, FOLDER)

    summaries = [await world.sweep() for _ in range(2)]

    row = await newest(db, "c9qtypo")
    assert [outcomes_of(summary)["c9qtypo"] for summary in summaries] == ["not_found"] * 2
    assert "holds no backup of it, and it was never seen before" in row["message"]
    verdict = await db.fetchval("SELECT verdict FROM inventory.freshness WHERE cluster_id = 'c9qtypo'")
    assert verdict == "unknown"


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


OWNERLESS: Final = {
    "absent": '{"id": "x"}',
    "empty": '{"id": "x", "sourceClusterId": ""}',
    "null": '{"id": "x", "sourceClusterId": null}',
    "a-number": '{"id": "x", "sourceClusterId": 7}',
    "no-object": '"x"',
}


@pytest.mark.parametrize("record", OWNERLESS)
async def test_a_record_of_nobody_makes_every_deleted_cluster_of_its_folder_partial(
    world: World, db: Connection, record: str
) -> None:
    """It may be the one that seems absent; it is kept aside, and clusters that exist do not mind."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
        world.emulator.fleet.remove_backup(cluster_id, "b7")
    world.emulator.faults.raw_record(FOLDER, 4, OWNERLESS[record], how="insert")

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "partial", "c9qb": "partial", "c9qc": "complete"}
    assert await states_by_cluster(db) == {key: {"live": 25} for key in CLUSTERS}
    assert await db.fetchval("SELECT count(*) FROM inventory.quarantine") == 2


async def test_a_record_without_an_owner_that_is_known_already_is_its_clusters(
    migrated_url: str, db: Connection
) -> None:
    """The cluster's own list held the same bytes; to its neighbour in the folder they remain a riddle."""
    fleet = Fleet.of({"c9qa": backups("", range(3)), "c9qb": backups("c9qb", range(5, 8)), "c9qc": []})
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=CLUSTERS, folders=dict.fromkeys(CLUSTERS, FOLDER))
        await world.sweep()
        fleet.remove_cluster("c9qa")
        fleet.remove_cluster("c9qb")

        summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "complete", "c9qb": "partial", "c9qc": "complete"}
    assert await states_by_cluster(db) == {"c9qa": {"live": 3}, "c9qb": {"live": 3}}


async def test_a_folder_whose_list_moved_is_read_once_more(world: World, db: Connection) -> None:
    """Under new fences; a cluster of which nothing moved is not asked for again."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    moved = '{"id": "b1", "sourceClusterId": "c9qa", "sizeBytes": "77"}'
    world.emulator.faults.raw_record(FOLDER, 4, moved, how="insert", times=1)

    summary = await world.sweep()

    assert outcomes_of(summary) == dict.fromkeys(CLUSTERS, "complete")
    assert [(await newest(db, each))["restarts"] for each in ("c9qa", "c9qb")] == [1, 0]
    assert world.emulator.requests_by_scope[FOLDER] == 16


async def test_a_folder_whose_list_keeps_moving_fails_the_cluster_it_moves_for(world: World, db: Connection) -> None:
    """And nobody else."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    moved = '{"id": "b1", "sourceClusterId": "c9qa", "sizeBytes": "77"}'
    world.emulator.faults.raw_record(FOLDER, 4, moved, how="insert")

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "listing_moved", "c9qb": "complete", "c9qc": "complete"}
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}


async def test_a_token_of_the_folder_that_expires_once_costs_a_restart(world: World) -> None:
    """For all of its clusters."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    world.emulator.faults.expire_token(FOLDER, after_pages=1)

    summary = await world.sweep()

    assert outcomes_of(summary) == dict.fromkeys(CLUSTERS, "complete")


async def test_a_bug_in_one_deleted_cluster_is_contained(
    world: World, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its neighbours in the folder are collected, and the summary says which one it was."""
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    parse_all = BackupParser.parse_all

    def explode(self: BackupParser, raws: Any) -> Any:
        if self._cluster_id == "c9qa":
            message = "a bug"
            raise ZeroDivisionError(message)
        return parse_all(self, raws)

    monkeypatch.setattr(BackupParser, "parse_all", explode)

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "bug", "c9qb": "complete", "c9qc": "complete"}
    assert await states_by_cluster(db) == {"c9qb": {"live": 25}, "c9qc": {"live": 25}}


async def test_a_stop_while_a_folder_is_read_names_its_clusters(world: World, db: Connection) -> None:
    """Nothing of them is written."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")
    gate = world.emulator.faults.pause(FOLDER, page=2)
    stopping = asyncio.Event()
    seen: list[ListingResult] = []
    sweeping = asyncio.create_task(world.sweep(stopping=stopping, on_result=seen.append))
    await gate.reached()

    stopping.set()
    async with asyncio.timeout(5):
        summary = await sweeping
    gate.release()

    assert outcomes_of(summary) == {"c9qa": "interrupted", "c9qb": "complete", "c9qc": "complete"}
    assert sorted(result.cluster.id for result in seen) == ["c9qb", "c9qc"]
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}


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
