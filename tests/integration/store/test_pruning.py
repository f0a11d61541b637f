"""What `collector prune` removes, what it must leave, and who may call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.config import RetentionSettings
from collector.records import Cluster, ClusterId
from collector.store.pruning import Pruned
from tests.aging import DAY_S, MONTH, add_runs, forecast, ids, prune, remembered
from tests.builders import every_row, states
from tests.histories import tell

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python


async def test_only_what_had_vanished_before_the_known_history_goes(told: Connection, migrated_url: str) -> None:
    """The known history begins with the oldest complete listing within the age. Live and missing backups stay."""
    removed = await prune(migrated_url)

    left = await ids(told, "SELECT backup_id FROM collector.backup")
    changed = await ids(told, "SELECT backup_id FROM collector.backup_change")
    assert (left, changed) == (set("bcdefgq"), set("cdef"))
    assert (removed.backups, removed.changes) == (1, 2)


async def test_the_newest_backup_of_before_stays_so_that_a_gap_keeps_its_beginning(
    told: Connection, migrated_url: str
) -> None:
    """Vanished c does, until e was there when the known history begins."""
    gaps = "SELECT before_backup_id FROM inventory.gaps WHERE cluster_id = 'c1'"
    await prune(migrated_url)
    begun_by = await ids(told, gaps)

    await prune(migrated_url, remembered(ledger_s=25.5 * DAY_S, vanished_s=25.5 * DAY_S))

    assert "c" in begun_by
    assert await ids(told, "SELECT backup_id FROM collector.backup WHERE cluster_id = 'c1'") == set("befg")


async def test_listings_go_but_the_newest_and_those_that_prove_an_absence(told: Connection, migrated_url: str) -> None:
    """What stays of before the known history is cited by a vanished backup that stays."""
    await prune(migrated_url)

    early = await told.fetch(
        "SELECT listing_id FROM collector.listing WHERE cluster_id = 'c1' AND started_at < now() - INTERVAL '30.5 days'"
    )
    cited = await told.fetch(
        "SELECT missing_listing_id, vanished_listing_id FROM collector.backup WHERE backup_id = 'c'"
    )
    assert {row[0] for row in early} == set(cited[0])
    assert await told.fetchval("SELECT count(*) FROM collector.listing WHERE cluster_id = 'quiet'") == 2
    assert await told.fetchval("SELECT count(*) FROM collector.listing WHERE cluster_id = 'unseen'") == 1
    unproven = (
        "SELECT count(*) FROM collector.cluster AS c WHERE complete_listing_id IS NOT NULL "
        "AND NOT EXISTS (SELECT FROM collector.listing AS l WHERE l.listing_id = c.complete_listing_id)"
    )
    assert await told.fetchval(unproven) == 0


@pytest.mark.parametrize(
    "retention",
    [MONTH, remembered(ledger_s=10 * DAY_S), remembered(ledger_s=DAY_S, vanished_s=DAY_S), remembered()],
    ids=["month", "ledger-only", "a-day", "for-ever"],
)
async def test_a_forecast_is_what_then_goes_and_twice_is_once(
    told: Connection, migrated_url: str, retention: RetentionSettings
) -> None:
    """A dry run counts by the rules that remove, writes nothing, and leaves nothing for a second run."""
    await add_runs(told)
    rows = await every_row(told)

    expected = await forecast(migrated_url, retention)

    assert await every_row(told) == rows
    assert await prune(migrated_url, retention) == expected
    assert await prune(migrated_url, retention) == await forecast(migrated_url, retention) == Pruned()
    assert (await states_of(told))["b"] == "live"


async def states_of(db: Connection) -> dict[str, str]:
    """Read the states of the story's backups."""
    return await states(db, Cluster(id=ClusterId("c1")))


async def test_runs_and_unreadable_records_go_but_the_newest(told: Connection, migrated_url: str) -> None:
    """A sweep that is running stays, as do the newest of each outcome and what a listing that stays belongs to."""
    await add_runs(told)

    removed = await prune(migrated_url)

    sweeps = await told.fetch("SELECT sweep_id FROM collector.sweep WHERE started_at < now() - INTERVAL '30.5 days'")
    assert [row[0] for row in sweeps] == [1, 2, 3]
    assert await ids(told, "SELECT discovery_id FROM collector.discovery") == {"2", "20"}
    assert (removed.sweeps, removed.discoveries, removed.quarantined) == (37, 18, 3)
    assert await told.fetchval("SELECT count(*) FROM inventory.quarantine WHERE in_newest_listing") == 3


@pytest.mark.parametrize(
    "call",
    [
        "prune_cluster('c1', INTERVAL '0', NULL, 10)",
        "prune_cluster('c1', INTERVAL '-1 year', NULL, 10)",
        "prune_cluster('c1', INTERVAL '30 days', INTERVAL '1 day', 10)",
        "prune_cluster('c1', INTERVAL '361 days -1 year', NULL, 10)",
        "prune_cluster('c1', INTERVAL '30 days', INTERVAL '721 days -23 months', 10)",
        "prune_cluster('c1', NULL, INTERVAL '30 days', 10)",
        "prune_cluster('c1', INTERVAL '1 day', INTERVAL '1 day', 0)",
        "prune_cluster('c1', INTERVAL '1 day', INTERVAL '1 day', NULL)",
        "prune_sweeps(INTERVAL '1 hour', 10)",
        "forecast_pruning(INTERVAL '1 hour', NULL)",
    ],
)
async def test_the_functions_themselves_refuse_ages_that_reach_what_is_new(told: Connection, call: str) -> None:
    """Whoever may call them can do no more than the program."""
    rows = await every_row(told)

    with pytest.raises(asyncpg.InvalidParameterValueError):
        await told.execute(f"SELECT collector.{call}")

    assert await every_row(told) == rows


async def test_a_role_without_the_right_to_delete_may_prune(told: Connection) -> None:
    """The functions have it; nobody may call them who was not allowed to."""
    await told.execute("CREATE ROLE prune_test_writer; GRANT USAGE ON SCHEMA collector TO prune_test_writer")
    call = "SELECT listings FROM collector.prune_cluster('c1', INTERVAL '30 days', NULL, 10)"
    try:
        await told.execute("SET ROLE prune_test_writer")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await told.execute(call)
        await told.execute("RESET ROLE")
        await told.execute("GRANT EXECUTE ON FUNCTION collector.prune_cluster TO prune_test_writer")
        await told.execute("SET ROLE prune_test_writer")
        assert await told.fetchval(call) == 10
    finally:
        await told.execute("RESET ROLE; DROP OWNED BY prune_test_writer; DROP ROLE prune_test_writer")


async def test_nothing_in_the_callers_path_replaces_what_the_functions_use(told: Connection) -> None:
    """Their search path is fixed: a caller's own table or operator is not looked at."""
    found = await told.fetch(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'collector'::regnamespace ORDER BY 1"
    )

    assert [row["proname"] for row in found] == ["forecast_pruning", "prune_cluster", "prune_sweeps"]
    assert {tuple(row["proconfig"]) for row in found} == {("search_path=pg_catalog, pg_temp",)}


async def test_what_vanished_in_the_newest_complete_listing_stays_however_old(
    db: Connection, migrated_url: str
) -> None:
    """Of a cluster that nobody has read since, that listing is all that is known: with what it took away."""
    story = "cluster c1\nbackup a -95d\nbackup b -94d\nlisting -93d complete a b\n"
    async with db.transaction():
        await tell(db, story + "listing -92d complete b\nlisting -91d complete b\nlisting -90d failed")

    removed = await prune(migrated_url)

    assert removed == Pruned(listings=1)
    assert await ids(db, "SELECT backup_id FROM collector.backup") == {"a", "b"}


async def test_what_was_merged_last_stays_so_that_a_held_cluster_is_still_held(
    db: Connection, migrated_url: str
) -> None:
    """Failures that came after it say nothing of what it found, and monitoring goes on telling of it."""
    story = "cluster c1\nbackup a -95d\nlisting -94d complete a\nlisting -93d complete a\nlisting -92d held\n"
    async with db.transaction():
        await tell(db, story + "listing -91d failed\nlisting -90d failed")
        await db.execute(
            "UPDATE collector.cluster SET last_listing_id = "
            "(SELECT listing_id FROM collector.listing WHERE outcome = 'held')"
        )

    removed = await prune(migrated_url)

    assert removed == Pruned(listings=2)
    assert await db.fetchval("SELECT held FROM inventory.vitals")
