"""One cluster, first page to last row: the order of the stages, and what each fault of a listing leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from collector.emulator import Emulator
from collector.records import Counts
from tests.sweeping import World, backups, fleet_of, outcomes_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    """Yield one cluster of twenty-five backups, on three pages."""
    async with Emulator(fleet_of(c9qa=25)) as emulator:
        yield World(emulator=emulator, url=migrated_url, clusters=("c9qa",))


async def test_no_transaction_is_open_while_the_network_is_awaited(world: World, db: Connection) -> None:
    """While a page is awaited, the database has nothing of ours but idle sessions, and no lock."""
    gate = world.emulator.faults.pause("c9qa", page=2)
    sweeping = asyncio.create_task(world.sweep())
    await gate.reached()

    sessions = await db.fetch(
        "SELECT state, xact_start FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )
    locks = await db.fetchval(
        "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database "
        "WHERE d.datname = current_database() AND l.pid <> pg_backend_pid()"
    )
    gate.release()
    summary = await sweeping

    assert sessions
    assert {(row["state"], row["xact_start"]) for row in sessions} == {("idle", None)}
    assert locks == 0
    assert summary.outcome == "complete"


async def test_the_fence_is_drawn_before_the_first_page_is_asked_for(world: World, db: Connection) -> None:
    """A listing that begins while another waits for its first page has a higher fence."""
    gate = world.emulator.faults.pause("c9qa", page=1, times=1)
    slow = asyncio.create_task(world.sweep())
    await gate.reached()

    fast = await world.sweep()
    gate.release()
    summary = await slow

    assert (outcomes_of(fast), outcomes_of(summary)) == ({"c9qa": "complete"}, {"c9qa": "superseded"})
    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 25


async def test_a_list_that_moved_is_read_once_more_from_the_start(world: World, db: Connection) -> None:
    """With a new fence, and the ledger says that it was."""
    world.emulator.faults.raw_record("c9qa", 12, '{"id": "b1", "sourceClusterId": "c9qa"}', times=1)

    summary = await world.sweep()

    (result,) = summary.results
    row = await db.fetchrow("SELECT outcome, restarts, pages, requests FROM collector.listing")
    assert row is not None
    assert (result.outcome, result.counts) == ("complete", Counts(inserted=25))
    assert tuple(row) == ("complete", 1, 6, 6)
    assert await db.fetchval("SELECT count(*) FROM collector.listing") == 1


async def test_a_list_that_moves_again_fails(world: World, db: Connection) -> None:
    """Once is enough: then nothing is concluded."""
    world.emulator.faults.raw_record("c9qa", 12, '{"id": "b1", "sourceClusterId": "c9qa"}')

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "listing_moved"}
    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 0
    assert await db.fetchval("SELECT error FROM collector.listing") == "listing_moved"


@pytest.mark.parametrize("times", [1, None], ids=["once", "always"])
async def test_an_expired_token_costs_a_restart(world: World, times: int | None) -> None:
    """The pages before it prove nothing any more (A5)."""
    world.emulator.faults.expire_token("c9qa", after_pages=1, times=times)

    summary = await world.sweep()

    assert outcomes_of(summary) == {"c9qa": "complete" if times else "listing_moved"}


async def test_a_failed_listing_is_in_the_ledger_with_its_cost_and_its_reason(world: World, db: Connection) -> None:
    """What was asked, what was answered, and the id that the server gave it."""
    world.emulator.faults.fail("c9qa", page=2, status=503, message="maintenance \0 now")

    summary = await world.sweep()

    (result,) = summary.results
    row = await db.fetchrow("SELECT * FROM collector.listing")
    assert row is not None
    assert (row["outcome"], row["error"], row["pages"], row["retries"]) == ("failed", "server_failed", 1, 2)
    assert row["requests"] == 4
    assert row["message"] == result.message
    assert "maintenance" in row["message"]
    assert row["server_request_id"]
    assert (row["listed"], row["sweep_id"]) == (0, summary.sweep_id)


async def test_the_flag_lifts_the_guard_for_the_named_cluster_alone(migrated_url: str) -> None:
    """Another cluster that lost as much is held."""
    async with Emulator(fleet_of(c9qa=12, c9qb=12)) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=("c9qa", "c9qb"))
        await world.sweep()
        emulator.fleet.clear_backups("c9qa")
        emulator.fleet.clear_backups("c9qb")

        summary = await world.sweep(allow=["c9qb"])

    assert outcomes_of(summary) == {"c9qa": "held", "c9qb": "complete"}


async def test_a_known_page_is_not_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A listing of one page that is what it was is confirmed by its bytes alone."""
    from collector.parse import BackupParser

    world.api["page_size"] = 100
    await world.sweep()
    monkeypatch.delattr(BackupParser, "parse_all")

    summary = await world.sweep()

    assert [result.counts for result in summary.results] == [Counts(unchanged=25)]


async def test_a_cluster_written_by_another_sweep_since_its_digest_was_read_is_read_anew(
    world: World, db: Connection
) -> None:
    """The digest proved an older state: the list is read again under a new fence, and what it lacks is missing."""
    world.api["page_size"] = 100
    await world.sweep()
    gate = world.emulator.faults.pause("c9qa", page=1, times=1)
    slow = asyncio.create_task(world.sweep())
    await gate.reached()
    world.emulator.fleet.add_backup("c9qa", backups("c9qa", [99])[0])
    await world.sweep()
    world.emulator.fleet.remove_backup("c9qa", "b99")

    gate.release()
    summary = await slow

    assert outcomes_of(summary) == {"c9qa": "complete"}
    assert await db.fetchval("SELECT restarts FROM collector.listing ORDER BY listing_id DESC LIMIT 1") == 1
    rows = await db.fetch("SELECT state, count(*) FROM inventory.backups GROUP BY 1 ORDER BY 1")
    assert [tuple(row) for row in rows] == [("live", 25), ("missing", 1)]


async def test_each_listing_ends_in_one_line_of_the_log(world: World) -> None:
    """Merged or failed, with the cluster in it."""
    with capture_logs() as lines:
        await world.sweep()
        world.emulator.faults.fail("c9qa", status=403, code=7)
        await world.sweep()

    ends = [line for line in lines if line["event"] in ("listing.merged", "listing.failed")]
    assert [(line["event"], line["cluster_id"], line["log_level"]) for line in ends] == [
        ("listing.merged", "c9qa", "info"),
        ("listing.failed", "c9qa", "warning"),
    ]
