"""Deleted clusters of one folder: they share a reading of its list, and no other's fault."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.parse import BackupParser, Owners
from collector.records import Counts, ListingResult
from tests.deleting import CLUSTERS, FOLDER, counts_of, newest
from tests.sweeping import World, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried", "_one_folder")]


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


async def test_a_bug_in_the_second_reading_takes_no_result_from_those_that_had_ended(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the cluster whose list moved is read once more, and only it has crashed."""
    await world.sweep()
    for cluster_id in ("c9qa", "c9qb"):
        world.emulator.fleet.remove_cluster(cluster_id)
    moved = '{"id": "b1", "sourceClusterId": "c9qa", "sizeBytes": "77"}'
    world.emulator.faults.raw_record(FOLDER, 4, moved, how="insert", times=1)
    readings: list[int] = []

    def explode(service: str) -> Owners:
        readings.append(len(readings))
        if len(readings) == 2:
            raise ZeroDivisionError(service)
        return Owners(service)

    monkeypatch.setattr("collector.deleted.Owners", explode)

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "bug", "c9qb": "complete", "c9qc": "complete"}


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
