"""Sweeps: how many at a time, who waits for whom, how they end, and what they never delete."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from collector.errors import DatabaseError
from collector.parse import BackupParser
from collector.records import Counts, ListingResult
from collector.store import Rehearsal
from tests.builders import every_row
from tests.proxy import Proxy
from tests.sweeping import World, backups, fleet_of, outcomes_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    """Yield three clusters of twenty-five backups each, and a database."""
    async with Emulator(fleet_of(c9qa=25, c9qb=25, c9qc=25)) as emulator:
        yield World(emulator=emulator, url=migrated_url, clusters=("c9qa", "c9qb", "c9qc"))


async def _states(db: Connection) -> dict[str, dict[str, int]]:
    rows = await db.fetch("SELECT cluster_id, state, count(*) FROM inventory.backups GROUP BY 1, 2")
    found: dict[str, dict[str, int]] = {}
    for cluster_id, state, count in rows:
        found.setdefault(cluster_id, {})[state] = count
    return found


async def test_a_sweep_copies_every_page_of_every_cluster(world: World, db: Connection) -> None:
    """Three pages a cluster, one row a backup, one ledger row a listing, one row for the sweep."""
    seen: list[ListingResult] = []

    summary = await world.sweep(on_result=seen.append)

    assert summary.outcome == "complete"
    assert {result.cluster.id: result.counts for result in summary.results} == dict.fromkeys(
        world.clusters, Counts(inserted=25)
    )
    assert sorted(result.cluster.id for result in seen) == sorted(world.clusters)
    assert await _states(db) == {key: {"live": 25} for key in world.clusters}
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
    """Only clusters, ledger and sweep (I4)."""
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
    """The bound is reached and not passed."""
    fleet = fleet_of(**{f"c9q{number}": 3 for number in range(12)})
    async with Emulator(fleet, latency_s=0.01) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=tuple(fleet.clusters), api={"concurrency": 3})

        summary = await world.sweep()

    assert summary.outcome == "complete"
    assert emulator.in_flight_max == 3


async def test_a_cluster_that_hangs_delays_nobody(world: World) -> None:
    """The others are done while it still hangs; let go, it ends like them."""
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
    """Its rows stay live, the others' rows are what they would be without the fault (I6)."""
    name, arguments = FAULTS[fault]
    await world.sweep()
    for cluster_id in ("c9qa", "c9qc"):
        world.emulator.fleet.remove_backup(cluster_id, "b3")
        world.emulator.fleet.add_backup(cluster_id, backups(cluster_id, [77])[0])
    getattr(world.emulator.faults, name)("c9qb", **arguments)

    summaries = [await world.sweep(), await world.sweep()]

    expected = {"live": 25, "vanished": 1}
    assert [summary.outcome for summary in summaries] == ["partial", "partial"]
    found = await _states(db)
    assert {key: found[key] for key in ("c9qa", "c9qc")} == {"c9qa": expected, "c9qc": expected}
    assert found["c9qb"] == {"live": 25}
    assert outcomes_of(summaries[1])["c9qa"] == "complete"
    assert outcomes_of(summaries[1])["c9qb"] != "complete"


class TestNothingIsDeletedFalsely:
    """The situations in which inventories are known to lose rows, and what each must come to."""

    async def test_a_backup_that_expired_goes_in_two_listings(self, world: World, db: Connection) -> None:
        """Missing first, vanished then, never gone."""
        await world.sweep()
        world.emulator.fleet.remove_backup("c9qa", "b7")

        await world.sweep()
        once = await _states(db)
        await world.sweep()

        assert once["c9qa"] == {"live": 24, "missing": 1}
        assert (await _states(db))["c9qa"] == {"live": 24, "vanished": 1}

    async def test_a_cluster_without_backups_is_held_until_somebody_says_so(self, world: World, db: Connection) -> None:
        """Noticed, not believed; with the flag it takes two listings like any other."""
        await world.sweep()
        world.emulator.fleet.clear_backups("c9qa")

        held = [await world.sweep(), await world.sweep()]
        before = await _states(db)
        allowed = await world.sweep(allow=["c9qa"])
        confirmed = await world.sweep()

        assert [outcomes_of(summary)["c9qa"] for summary in held] == ["held", "held"]
        assert held[1].outcome == "partial"
        assert before["c9qa"] == {"live": 25}
        assert (allowed.outcome, confirmed.outcome) == ("complete", "complete")
        assert (await _states(db))["c9qa"] == {"vanished": 25}

    async def test_a_cluster_that_answers_errors_keeps_its_backups(self, world: World, db: Connection) -> None:
        """As do all the others."""
        await world.sweep()
        world.emulator.faults.fail("c9qa", status=500, code=13)

        for _ in range(3):
            await world.sweep()

        assert await _states(db) == {key: {"live": 25} for key in world.clusters}

    async def test_a_cluster_that_is_not_found_keeps_its_backups(self, world: World, db: Connection) -> None:
        """404 says nothing about backups: they outlive their cluster."""
        await world.sweep()
        world.emulator.fleet.remove_cluster("c9qa")

        summaries = [await world.sweep() for _ in range(3)]

        assert [outcomes_of(summary)["c9qa"] for summary in summaries] == ["not_found"] * 3
        assert (await _states(db))["c9qa"] == {"live": 25}

    async def test_a_cluster_that_left_the_configuration_keeps_its_backups(self, world: World, db: Connection) -> None:
        """Its rows stay as they are; only that nobody looks any more is noted."""
        await world.sweep()
        world.clusters = ("c9qb", "c9qc")

        for _ in range(3):
            await world.sweep()

        assert (await _states(db))["c9qa"] == {"live": 25}
        assert await db.fetchval("SELECT array_agg(cluster_id) FROM inventory.clusters WHERE NOT managed") == ["c9qa"]

    async def test_a_cluster_that_was_read_by_half_is_not_written(self, world: World, db: Connection) -> None:
        """Neither the new backups of its first page, nor the absence of those on its last."""
        await world.sweep()
        world.emulator.fleet.add_backup("c9qa", backups("c9qa", [99])[0])
        world.emulator.fleet.remove_backup("c9qa", "b0")
        world.emulator.faults.fail("c9qa", page=3, status=503)
        before = await every_row(db, ["backup", "backup_change"])

        for _ in range(2):
            await world.sweep()

        assert await every_row(db, ["backup", "backup_change"]) == before

    async def test_clusters_that_were_not_asked_for_keep_their_backups(self, world: World, db: Connection) -> None:
        """A sweep of one cluster says nothing about the others."""
        await world.sweep()
        for cluster_id in world.clusters:
            world.emulator.fleet.remove_backup(cluster_id, "b7")

        summaries = [await world.sweep("c9qb"), await world.sweep("c9qb")]

        assert [outcomes_of(summary) for summary in summaries] == [{"c9qb": "complete"}] * 2
        states = await _states(db)
        assert states == {"c9qa": {"live": 25}, "c9qb": {"live": 24, "vanished": 1}, "c9qc": {"live": 25}}
        assert await db.fetchval("SELECT bool_and(managed) FROM inventory.clusters")

    async def test_an_answer_that_flips_between_two_states_makes_nothing_vanish(
        self, world: World, db: Connection
    ) -> None:
        """A stale replica shows an older list every other time: absent once, there again (A17)."""
        await world.sweep()
        backup = backups("c9qa", [7])[0]

        for _ in range(3):
            world.emulator.fleet.remove_backup("c9qa", "b7")
            await world.sweep()
            world.emulator.fleet.add_backup("c9qa", backup)
            await world.sweep()

        assert (await _states(db))["c9qa"] == {"live": 25}
        assert await db.fetchval("SELECT count(*) FROM inventory.backups WHERE vanished_at IS NOT NULL") == 0


async def test_the_end_of_its_time_ends_a_sweep_and_accounts_for_every_cluster(world: World, db: Connection) -> None:
    """Who was done is done, who was not has failed by name."""
    world.emulator.faults.hang("c9qb")
    world.api |= {"sweep_timeout_s": 1.0, "page_timeout_s": 60.0, "listing_timeout_s": 60.0, "concurrency": 3}

    async with asyncio.timeout(10):
        summary = await world.sweep()

    assert summary.outcome == "partial"
    assert outcomes_of(summary) == {"c9qa": "complete", "c9qb": "deadline", "c9qc": "complete"}
    assert await db.fetchval("SELECT outcome FROM collector.sweep") == "partial"
    assert await _states(db) == {"c9qa": {"live": 25}, "c9qc": {"live": 25}}


async def test_a_stop_in_the_middle_asks_for_no_further_page_and_writes_nothing_half(
    world: World, db: Connection
) -> None:
    """What was under way is rolled back, what was not begun is named."""
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
    assert await _states(db) == {}
    assert await db.fetchval("SELECT outcome FROM collector.sweep") == "interrupted"


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
    """The others go on, and the summary says which one it was."""
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
    assert await _states(db) == {"c9qa": {"live": 25}, "c9qc": {"live": 25}}


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
    assert await _states(db) == {key: {"live": 25} for key in world.clusters}
    assert await db.fetchval("SELECT array_agg(outcome ORDER BY sweep_id) FROM collector.sweep") == [
        "complete",
        "running",
    ]


async def test_a_database_that_is_not_there_is_found_before_the_api_is_asked(world: World) -> None:
    """No request goes out for a sweep that could write nothing (E1)."""
    world.url = "postgresql://nobody:x@127.0.0.1:1/none"

    with pytest.raises(DatabaseError):
        await world.sweep()

    assert world.emulator.requests_total == 0


async def test_a_killed_sweep_is_closed_by_the_next(world: World, db: Connection) -> None:
    """A row that still says running after its own deadline was killed; one within it was not (F3)."""
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
    """The exit code speaks of what is committed, not of who wrote it (I9)."""
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
    assert summary.outcome == ("complete" if newer == "complete" else "failed")
    assert summary.is_complete(summary.results[0]) == (newer == "complete")
    assert await db.fetchval("SELECT last_listing_id FROM collector.cluster") == fast.results[0].listing_id


async def test_overlapping_sweeps_leave_one_complete_picture(world: World, db: Connection) -> None:
    """Two collectors at once, as Kubernetes may start them: no fault, no double row, no false absence (F4)."""
    for step in range(3):
        for cluster_id in world.clusters:
            world.emulator.fleet.add_backup(cluster_id, backups(cluster_id, [100 + step])[0])

        summaries = await asyncio.gather(world.sweep(), world.sweep(), world.sweep())

        assert {summary.outcome for summary in summaries} == {"complete"}
    assert await _states(db) == {key: {"live": 28} for key in world.clusters}
    assert await db.fetchval("SELECT count(*) FROM collector.backup_change") == 0


class TestARehearsal:
    """A dry run: it says what would be written, and writes nothing."""

    async def test_counts_as_the_real_sweep_would_and_leaves_every_row(self, world: World, db: Connection) -> None:
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

    async def test_works_on_clusters_that_are_not_registered_yet(self, world: World, db: Connection) -> None:
        """A first dry run, of a first load in chunks."""
        before = await every_row(db)

        rehearsed = await world.sweep(kind=Rehearsal)

        assert [result.counts for result in rehearsed.results] == [Counts(inserted=25)] * 3
        assert await every_row(db) == before

    async def test_tells_a_failed_cluster_without_writing_it(self, world: World, db: Connection) -> None:
        """Not even into the ledger."""
        world.emulator.faults.fail("c9qb", status=403, code=7)
        before = await every_row(db)

        rehearsed = await world.sweep(kind=Rehearsal)

        assert outcomes_of(rehearsed)["c9qb"] == "permission_denied"
        assert rehearsed.outcome == "partial"
        assert await every_row(db) == before


async def test_an_emulated_fleet_with_a_schedule_is_followed_for_a_day(migrated_url: str, db: Connection) -> None:
    """Each hour a backup comes and one expires; after a day the expired ones have vanished and none else."""
    fleet = Fleet.generate(clusters=2, backups=30, seed=7, now_ns=NOW)
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


NOW = 1_795_000_000_000_000_000
