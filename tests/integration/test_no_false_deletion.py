"""Faults at the level of sweeps: nothing is deleted falsely, and no fault of one cluster reaches another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.builders import every_row
from tests.sweeping import NOW_NS, World, backups, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried")]


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "unavailable": ("fail", {"status": 503}),
    "forbidden": ("fail", {"status": 403, "code": 7}),
    "not-found": ("fail", {"status": 404, "code": 5}),
    "html": ("body", {"body": b"<html>", "content_type": "text/html"}),
    "cut": ("cut_body", {"after": 30}),
    "last-page": ("fail", {"status": 503, "page": 3}),
    "loop": ("repeat_token", {}),
    "moved": ("raw_record", {"index": 3, "json_text": '{"id": "b1", "sourceClusterId": "c9qb"}'}),
    "foreign": ("raw_record", {"index": 3, "json_text": '{"id": "x", "sourceClusterId": "c9qother"}'}),
    "unreadable": ("raw_record", {"index": 3, "json_text": '{"id": "x", "sizeBytes": 1.5}'}),
    "empty": ("body", {"body": b"{}"}),
    "error-in-200": ("body", {"body": b'{"code": 14, "message": "down"}'}),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_of_one_cluster_changes_nothing_for_the_others_and_deletes_nothing(
    world: World, db: Connection, fault: str
) -> None:
    """Its rows stay live, the others' rows are what they would be without the fault."""
    name, arguments = FAULTS[fault]
    await world.sweep()
    for cluster_id in ("c9qa", "c9qc"):
        world.emulator.fleet.remove_backup(cluster_id, "b3")
        world.emulator.fleet.add_backup(cluster_id, backups(cluster_id, [77])[0])
    getattr(world.emulator.faults, name)("c9qb", **arguments)

    summaries = [await world.sweep(), await world.sweep()]

    expected = {"live": 25, "vanished": 1}
    assert [summary.outcome for summary in summaries] == ["partial", "partial"]
    done = [{r.cluster.id for r in summary.results if summary.is_complete(r)} for summary in summaries]
    assert done == [{"c9qa", "c9qc"}] * 2
    found = await states_by_cluster(db)
    assert {key: found[key] for key in ("c9qa", "c9qc")} == {"c9qa": expected, "c9qc": expected}
    assert found["c9qb"] == {"live": 25}
    assert outcomes_of(summaries[1])["c9qa"] == "complete"
    assert outcomes_of(summaries[1])["c9qb"] != "complete"


async def test_a_backup_that_expired_goes_in_two_listings(world: World, db: Connection) -> None:
    """Missing first, vanished then, never gone (A13)."""
    await world.sweep()
    world.emulator.fleet.remove_backup("c9qa", "b7")

    await world.sweep()
    once = await states_by_cluster(db)
    await world.sweep()

    assert once["c9qa"] == {"live": 24, "missing": 1}
    assert (await states_by_cluster(db))["c9qa"] == {"live": 24, "vanished": 1}


async def test_a_cluster_without_backups_is_held_until_somebody_says_so(world: World, db: Connection) -> None:
    """Noticed, not believed; with the flag it takes two listings like any other (A12, A14)."""
    await world.sweep()
    world.emulator.fleet.clear_backups("c9qa")

    held = [await world.sweep(), await world.sweep()]
    before = await states_by_cluster(db)
    allowed = await world.sweep(allow=["c9qa"])
    confirmed = await world.sweep()

    assert [outcomes_of(summary)["c9qa"] for summary in held] == ["held", "held"]
    assert held[1].outcome == "partial"
    assert before["c9qa"] == {"live": 25}
    assert (allowed.outcome, confirmed.outcome) == ("complete", "complete")
    assert (await states_by_cluster(db))["c9qa"] == {"vanished": 25}


async def test_a_cluster_that_answers_errors_keeps_its_backups(world: World, db: Connection) -> None:
    """As do all the others."""
    await world.sweep()
    world.emulator.faults.fail("c9qa", status=500, code=13)

    for _ in range(3):
        await world.sweep()

    assert await states_by_cluster(db) == {key: {"live": 25} for key in world.clusters}


async def test_a_cluster_that_is_not_found_keeps_its_backups(world: World, db: Connection) -> None:
    """404 says nothing about backups: they outlive their cluster (D16)."""
    await world.sweep()
    world.emulator.fleet.remove_cluster("c9qa")

    summaries = [await world.sweep() for _ in range(3)]

    assert [outcomes_of(summary)["c9qa"] for summary in summaries] == ["not_found"] * 3
    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}


async def test_a_cluster_that_left_the_configuration_keeps_its_backups(world: World, db: Connection) -> None:
    """Its rows stay as they are; only that nobody looks any more is noted."""
    await world.sweep()
    world.clusters = ("c9qb", "c9qc")

    for _ in range(3):
        await world.sweep()

    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}
    assert await db.fetchval("SELECT array_agg(cluster_id) FROM inventory.clusters WHERE NOT managed") == ["c9qa"]


async def test_a_cluster_that_was_read_by_half_is_not_written(world: World, db: Connection) -> None:
    """Neither the new backups of its first page, nor the absence of those on its last."""
    await world.sweep()
    world.emulator.fleet.add_backup("c9qa", backups("c9qa", [99])[0])
    world.emulator.fleet.remove_backup("c9qa", "b0")
    world.emulator.faults.fail("c9qa", page=3, status=503)
    before = await every_row(db, ["backup", "backup_change"])

    for _ in range(2):
        await world.sweep()

    assert await every_row(db, ["backup", "backup_change"]) == before


async def test_clusters_that_were_not_asked_for_keep_their_backups(world: World, db: Connection) -> None:
    """A sweep of one cluster says nothing about the others."""
    await world.sweep()
    for cluster_id in world.clusters:
        world.emulator.fleet.remove_backup(cluster_id, "b7")

    summaries = [await world.sweep("c9qb"), await world.sweep("c9qb")]

    assert [outcomes_of(summary) for summary in summaries] == [{"c9qb": "complete"}] * 2
    states = await states_by_cluster(db)
    assert states == {"c9qa": {"live": 25}, "c9qb": {"live": 24, "vanished": 1}, "c9qc": {"live": 25}}
    assert await db.fetchval("SELECT bool_and(managed) FROM inventory.clusters")


async def test_an_answer_that_flips_between_two_states_makes_nothing_vanish(world: World, db: Connection) -> None:
    """A stale replica shows an older list every other time: absent once, there again (A17)."""
    await world.sweep()
    backup = backups("c9qa", [7])[0]

    for _ in range(3):
        world.emulator.fleet.remove_backup("c9qa", "b7")
        await world.sweep()
        world.emulator.fleet.add_backup("c9qa", backup)
        await world.sweep()

    assert (await states_by_cluster(db))["c9qa"] == {"live": 25}
    assert await db.fetchval("SELECT count(*) FROM inventory.backups WHERE vanished_at IS NOT NULL") == 0
    seen = await db.fetch("SELECT backup_id, kind FROM collector.backup_change ORDER BY change_id")
    assert [tuple(row) for row in seen] == [("b7", "missing"), ("b7", "returned")] * 3


async def test_an_emulated_fleet_with_a_schedule_is_followed_for_a_day(migrated_url: str, db: Connection) -> None:
    """Each hour a backup comes and one expires; after a day the expired ones have vanished and none else."""
    fleet = Fleet.generate(clusters=2, backups=30, seed=7, now_ns=NOW_NS)
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=tuple(fleet.clusters), api={"page_size": 1000})
        ever: dict[str, set[str]] = {key: set() for key in fleet.clusters}
        for _ in range(8):
            for key, cluster in fleet.clusters.items():
                ever[key] |= {backup.id for backup in cluster.backups}
            assert (await world.sweep()).outcome == "complete"
            fleet.advance(1)
        await world.sweep()
        await world.sweep()

    for key, cluster in fleet.clusters.items():
        listed = {backup.id for backup in cluster.backups}
        rows = await db.fetch("SELECT backup_id, state FROM inventory.backups WHERE cluster_id = $1", key)
        assert {row[0] for row in rows if row[1] == "live"} == listed
        assert {row[0] for row in rows if row[1] == "vanished"} == ever[key] - listed
        assert {row[0] for row in rows} == ever[key] | listed
