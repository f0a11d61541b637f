"""Sweeps: how many at a time, who waits for whom, how they end, and what they never delete."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector import collect
from collector.emulator import Emulator
from collector.errors import DatabaseError
from collector.parse import BackupParser
from collector.records import Counts, ListingResult
from tests.builders import every_row
from tests.proxy import Proxy
from tests.sweeping import World, fleet_of, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")


async def given_up(db: Connection) -> list[tuple[Any, ...]]:
    """Read of the listings that failed whose they were, why, and what they cost."""
    query = "SELECT cluster_id, error, requests FROM inventory.listings WHERE outcome = 'failed' ORDER BY cluster_id"
    return [tuple(row) for row in await db.fetch(query)]


async def test_a_sweep_copies_every_page_of_every_cluster(world: World, db: Connection) -> None:
    """Three pages a cluster, one row a backup, one ledger row a listing, one row for the sweep."""
    seen: list[ListingResult] = []

    summary = await world.sweep(on_result=seen.append)

    assert summary.outcome == "complete"
    assert {result.cluster.id: result.counts for result in summary.results} == dict.fromkeys(
        world.clusters, Counts(inserted=25)
    )
    assert sorted(result.cluster.id for result in seen) == sorted(world.clusters)
    assert await states_by_cluster(db) == {key: {"live": 25} for key in world.clusters}
    assert await db.fetchval("SELECT array_agg(DISTINCT pages) FROM inventory.listings") == [3]
    row = await db.fetchrow("SELECT * FROM inventory.sweeps")
    assert row is not None
    assert (row["sweep_id"], row["outcome"], row["clusters_selected"], row["clusters_complete"]) == (
        summary.sweep_id,
        "complete",
        3,
        3,
    )
    assert summary.finished_at is not None


@pytest.mark.parametrize("page_size", [10, 100], ids=["several-pages", "one-page"])
async def test_a_sweep_that_finds_nothing_new_writes_no_backup(world: World, db: Connection, page_size: int) -> None:
    """Only clusters, ledger and sweep."""
    world.api["page_size"] = page_size
    await world.sweep()
    before = await every_row(db, ["backup", "backup_change", "index_set", "quarantine"])

    summary = await world.sweep()

    assert summary.outcome == "complete"
    assert [result.counts for result in summary.results] == [Counts(unchanged=25)] * 3
    assert await every_row(db, ["backup", "backup_change", "index_set", "quarantine"]) == before
    accounted = await db.fetchval("SELECT bool_and(listed = 25 AND unchanged + inserted = 25) FROM inventory.listings")
    assert accounted


async def test_no_more_clusters_than_configured_are_listed_at_once(migrated_url: str) -> None:
    """The bound is reached and not passed (D24)."""
    fleet = fleet_of(**{f"c9q{number}": 3 for number in range(12)})
    async with Emulator(fleet, latency_s=0.01) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=tuple(fleet.clusters), api={"concurrency": 3})

        summary = await world.sweep()

    assert summary.outcome == "complete"
    assert emulator.in_flight_max == 3


async def test_a_cluster_that_hangs_delays_nobody(world: World) -> None:
    """The others are done while it still hangs; let go, it ends like them (D25)."""
    gate = world.emulator.faults.pause("c9qb", page=2)
    done: list[str] = []
    world.api["page_timeout_s"] = world.api["listing_timeout_s"] = 60.0

    def note(result: ListingResult) -> None:
        done.append(result.cluster.id)
        if len(done) == 2:
            gate.release()

    summary = await world.sweep(on_result=note)

    assert set(done[:2]) == {"c9qa", "c9qc"}
    assert done[2] == "c9qb"
    assert outcomes_of(summary) == dict.fromkeys(world.clusters, "complete")


async def test_the_end_of_its_time_ends_a_sweep_and_accounts_for_every_cluster(world: World, db: Connection) -> None:
    """Who was done is done, who was not has failed by name, also in the ledger."""
    world.emulator.faults.hang("c9qb")
    world.api |= {"sweep_timeout_s": 1.0, "page_timeout_s": 60.0, "listing_timeout_s": 60.0, "concurrency": 3}

    async with asyncio.timeout(10):
        summary = await world.sweep()

    assert summary.outcome == "partial"
    assert outcomes_of(summary) == {"c9qa": "complete", "c9qb": "deadline", "c9qc": "complete"}
    assert await db.fetchval("SELECT outcome FROM collector.sweep") == "partial"
    assert await states_by_cluster(db) == {"c9qa": {"live": 25}, "c9qc": {"live": 25}}
    assert await given_up(db) == [("c9qb", "deadline", 1)]


async def test_a_stop_in_the_middle_asks_for_no_further_page_and_writes_nothing_half(
    world: World, db: Connection
) -> None:
    """What was under way is rolled back and has failed in the ledger; what was not begun is named, and has no row."""
    gate = world.emulator.faults.pause(None, page=2)
    world.api["concurrency"] = 2
    stopping = asyncio.Event()
    sweeping = asyncio.create_task(world.sweep(stopping=stopping))
    await gate.reached(2)
    asked = world.emulator.requests_total

    stopping.set()
    async with asyncio.timeout(5):
        summary = await sweeping
    gate.release()

    assert summary.outcome == "interrupted"
    assert outcomes_of(summary) == dict.fromkeys(world.clusters, "interrupted")
    assert world.emulator.requests_total == asked
    assert await states_by_cluster(db) == {}
    assert await db.fetchval("SELECT outcome FROM collector.sweep") == "interrupted"
    assert await given_up(db) == [("c9qa", "interrupted", 2), ("c9qb", "interrupted", 2)]
    assert await db.fetchval("SELECT last_error FROM inventory.clusters WHERE cluster_id = 'c9qc'") is None


async def test_a_stop_after_the_last_listing_changes_nothing(world: World) -> None:
    """A sweep that is complete is complete."""
    stopping = asyncio.Event()
    done: list[ListingResult] = []

    def note(result: ListingResult) -> None:
        done.append(result)
        if len(done) == 3:
            stopping.set()

    summary = await world.sweep(stopping=stopping, on_result=note)

    assert summary.outcome == "complete"


async def test_a_bug_in_one_listing_is_contained(world: World, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others go on, and summary and ledger say which one it was."""
    parse_all = BackupParser.parse_all

    def explode(self: BackupParser, raws: Any) -> Any:
        if self._cluster_id == "c9qb":
            message = "a bug"
            raise ZeroDivisionError(message)
        return parse_all(self, raws)

    monkeypatch.setattr(BackupParser, "parse_all", explode)

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "complete", "c9qb": "bug", "c9qc": "complete"}
    assert summary.outcome == "partial"
    assert await states_by_cluster(db) == {"c9qa": {"live": 25}, "c9qc": {"live": 25}}
    assert await given_up(db) == [("c9qb", "bug", 3)]


async def test_a_listing_that_was_written_before_the_bug_keeps_its_row(
    world: World, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is committed is committed: the ledger is not told twice, and not told otherwise."""

    def explode(result: ListingResult) -> None:
        raise ZeroDivisionError(result.cluster.id)

    monkeypatch.setattr(collect, "tell", explode)

    summary = await world.sweep()

    assert set(outcomes_of(summary).values()) == {"bug"}
    assert await db.fetchval("SELECT array_agg(outcome) FROM inventory.listings") == ["complete"] * 3


async def test_a_database_that_goes_away_ends_the_sweep_and_accounts_for_every_cluster(
    world: World, migrated_url: str, db: Connection
) -> None:
    """Within its own limits, without another request to the API than those under way, and with the old rows intact."""
    async with Proxy(migrated_url) as proxy:
        world.url = proxy.url
        world.database = {"command_timeout_s": 0.2, "connect_timeout_s": 0.2, "wait_s": 0.2, "pool_size": 2}
        await world.sweep()
        world.emulator.fleet.remove_backup("c9qa", "b7")
        world.api["concurrency"] = 1
        gate = world.emulator.faults.pause("c9qa", page=2)
        sweeping = asyncio.create_task(world.sweep())
        await gate.reached()

        proxy.freeze()
        gate.release()
        async with asyncio.timeout(25):
            summary = await sweeping

    assert set(outcomes_of(summary).values()) == {"database_unavailable"}
    assert (summary.outcome, summary.finished_at) == ("failed", None)
    assert await states_by_cluster(db) == {key: {"live": 25} for key in world.clusters}
    assert await db.fetchval("SELECT array_agg(outcome ORDER BY sweep_id) FROM collector.sweep") == [
        "complete",
        "running",
    ]


async def test_a_database_that_is_not_there_is_found_before_the_api_is_asked(world: World) -> None:
    """No request goes out for a sweep that could write nothing."""
    world.url = "postgresql://nobody:x@127.0.0.1:1/none"

    with pytest.raises(DatabaseError):
        await world.sweep()

    assert world.emulator.requests_total == 0
