"""Clusters that answer 404: what proves nothing, and so leaves everything as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.builders import every_row
from tests.deleting import CLUSTERS, FOLDER, SINCE, newest
from tests.sweeping import World, backups, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried", "_one_folder")]


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
    """The cluster has failed as not found, the message names both faults, and no row is touched (D16)."""
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
    await db.execute("UPDATE collector.backup SET folder_id = NULL")
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


@pytest.mark.parametrize("folder_id", ["", None], ids=["empty", "null"])
async def test_backups_that_name_no_folder_are_in_no_folder_by_proof(
    world: World, db: Connection, folder_id: str | None
) -> None:
    """That the configured folder's list lacks them says nothing."""
    await world.sweep()
    await db.execute("UPDATE collector.backup SET folder_id = $1 WHERE cluster_id = 'c9qa'", folder_id)
    world.emulator.fleet.remove_cluster("c9qa")
    world.emulator.fleet.clear_backups("c9qa")

    summaries = [await world.sweep() for _ in range(2)]

    assert [outcomes_of(summary)["c9qa"] for summary in summaries] == ["not_found"] * 2
    assert f"nothing proves that they are in {FOLDER}" in (await newest(db))["message"]
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}


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
    named = {"c9qa": backups("", range(3), folder_id=FOLDER), "c9qb": backups("c9qb", range(5, 8), folder_id=FOLDER)}
    fleet = Fleet.of({**named, "c9qc": []})
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=CLUSTERS, folders=dict.fromkeys(CLUSTERS, FOLDER))
        await world.sweep()
        fleet.remove_cluster("c9qa")
        fleet.remove_cluster("c9qb")

        summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "complete", "c9qb": "partial", "c9qc": "complete"}
    assert await states_by_cluster(db) == {"c9qa": {"live": 3}, "c9qb": {"live": 3}}
