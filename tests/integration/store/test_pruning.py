"""What `collector prune` removes, what it must leave, and that the views say the same of all that stays."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.config import RetentionSettings
from collector.records import Cluster, ClusterId, Summary
from collector.store.pruning import Pruned, Pruning
from tests.builders import Rig, every_row, patient_settings, records, states
from tests.histories import looked, tell
from tests.sessions import until_waiting
from tests.sweeping import World

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

DAY_S = 86_400.0

STORY = f"""
cluster c1 max_age=26h observation_max_age=25h retention=2d
backup a -62d
backup b -41d
backup c -39d
backup d -708h
backup e -29d
backup f -553h
backup g -2d
listing -62d failed
{looked(61 * 24, 40 * 24, "a", "b", step_h=24)}
{looked(39 * 24, 34 * 24, "b", "c", step_h=24)}
{looked(33 * 24, 30 * 24, "b", step_h=24)}
listing -29d complete b d
{looked(28 * 24, 24 * 24, "b", "e", step_h=24)}
{looked(23 * 24, 3 * 24, "b", "f", step_h=24)}
listing -50h failed
listing -49h complete b f
listing -48h complete b g
listing -24h complete b g
cluster quiet
backup q -90d
listing -90d complete q
listing -80d complete q
listing -70d failed
listing -60d failed
cluster unseen
listing -90d failed
listing -80d failed
"""
"""a and c vanish before the 30th day, d, e and f after it; b stays. c is the newest made before that day."""

MONTH = RetentionSettings(ledger_s=30.5 * DAY_S, vanished_s=30.5 * DAY_S)


def remembered(**ages_s: float | None) -> RetentionSettings:
    """Let these be the ages."""
    return RetentionSettings(**{"ledger_s": None, "vanished_s": None, **ages_s})


async def prune(url: str, retention: RetentionSettings = MONTH, *, batch: int = 3) -> Pruned:
    """Remove what is past these ages, in small batches."""
    total = Pruned()

    def add(more: Pruned) -> None:
        nonlocal total
        total += more

    async with Pruning(url, patient_settings(), retention, batch=batch) as pruning:
        assert await pruning.prune(is_stopping=lambda: False, on_batch=add) == "done"
    return total


async def forecast(url: str, retention: RetentionSettings = MONTH) -> Pruned:
    """Count what is past these ages."""
    async with Pruning(url, patient_settings(), retention) as pruning:
        return await pruning.forecast()


async def ids(db: Connection, query: str) -> set[str]:
    """Read a column of names."""
    return {str(row[0]) for row in await db.fetch(query)}


@pytest.fixture
async def told(db: Connection) -> Connection:
    """Return a database that holds the story."""
    async with db.transaction():
        await db.execute("SET LOCAL TimeZone = 'UTC'")
        await tell(db, STORY)
    return db


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


VIEWS = {
    "freshness": "SELECT to_jsonb(f) - '{backup_age,observation_age}'::text [] FROM inventory.freshness AS f",
    "clusters": "SELECT to_jsonb(c) - 'pruned_until' FROM inventory.clusters AS c",
    "live": "SELECT to_jsonb(b) FROM inventory.backups AS b WHERE state <> 'vanished'",
    "gaps": "SELECT to_jsonb(g) FROM inventory.gaps AS g WHERE cluster_id = 'c1' AND gap_started_at >= {since}",
    "holes": "SELECT to_jsonb(h) FROM inventory.collection_holes AS h WHERE hole_started_at >= {since}",
    "days": (
        "SELECT to_jsonb(s) FROM inventory.storage_daily AS s "
        "WHERE cluster_id = 'c1' AND day >= ({since} AT TIME ZONE 'UTC')::date"
    ),
    "then": (
        "SELECT to_jsonb(b) FROM generate_series({since}, now(), INTERVAL '7 hours') AS t (at) "
        "CROSS JOIN LATERAL inventory.backups_at(t.at) AS b WHERE b.cluster_id = 'c1' AND b.state <> 'vanished'"
    ),
    "changes": (
        "SELECT to_jsonb(h) FROM inventory.changes AS h "
        "WHERE h.cluster_id = 'c1' AND h.changed_at >= {since} AND h.backup_id <> 'b'"
    ),
}
"""What is asked about the history that stays: from {since} on."""


async def said(db: Connection, now: Any, since: Any) -> dict[str, list[str]]:
    """Ask every view, as if it were that instant."""
    answers = {}
    for name, query in VIEWS.items():
        text = query.replace("{since}", f"'{since.isoformat()}'::timestamptz").replace(
            "now()", f"'{now.isoformat()}'::timestamptz"
        )
        answers[name] = sorted(row[0] for row in await db.fetch(text))
    return answers


async def test_the_views_say_the_same_of_all_that_stays(told: Connection, migrated_url: str) -> None:
    """Whatever had vanished before, each view's rows of the known history are what they were."""
    now = await told.fetchval("SELECT now()")
    since = await told.fetchval("SELECT collector.prune_point('c1', INTERVAL '30.5 days')")
    before = await said(told, now, since)

    await prune(migrated_url)

    after = await said(told, now, since)
    assert after == before
    assert all(before[name] for name in ("gaps", "days", "then", "changes"))


async def test_time_that_was_pruned_is_neither_attained_nor_missed(told: Connection, migrated_url: str) -> None:
    """It is unknown, also where a backup that stays could prove a part of it."""
    shares = (
        "SELECT window_days, round(attained * window_days, 3), round(missed * window_days, 3), "
        "round(unknown * window_days, 3), known_since FROM inventory.attainment WHERE cluster_id = 'c1' ORDER BY 1"
    )
    before = await told.fetch(shares)

    await prune(migrated_url)

    since = await told.fetchval("SELECT pruned_until FROM inventory.clusters WHERE cluster_id = 'c1'")
    after = await told.fetch(shares)
    assert {row["known_since"] for row in after} == {since}
    # All that is known lies in the last 30 days: the longer windows have nothing more to say.
    assert [row[1:3] for row in after] == [after[0][1:3]] * 3
    assert after[0][1:4] == before[0][1:4]
    assert after[1][3] > before[1][3]


async def test_a_gap_of_before_is_marked_as_ours(told: Connection, migrated_url: str) -> None:
    """What lies between two backups that stay may have been removed: nothing is proven of that span."""
    await prune(migrated_url)

    early = await told.fetch(
        "SELECT g.collection_hole, g.proven_duration FROM inventory.gaps AS g "
        "INNER JOIN inventory.clusters AS c ON c.cluster_id = g.cluster_id WHERE g.gap_ended_at <= c.pruned_until"
    )
    assert early
    assert {tuple(row) for row in early} == {(True, early[0][1] * 0)}


async def test_of_an_instant_that_was_pruned_nothing_is_told(told: Connection, migrated_url: str) -> None:
    """A part of what was there would read as all of it."""
    query = "SELECT count(*) FROM inventory.backups_at(now() - INTERVAL '35 days') WHERE cluster_id = 'c1'"
    before = await told.fetchval(query)

    await prune(migrated_url)

    assert (before, await told.fetchval(query)) == (3, 0)


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


async def add_runs(db: Connection) -> None:
    """Let there be old sweeps, discoveries and unreadable records; the first sweep has a listing that proves."""
    await db.execute("""
        INSERT INTO collector.sweep (
            started_at, deadline_at, finished_at, outcome, trace_id, program_version, clusters_selected)
        SELECT now() - n * INTERVAL '1 day', now(), CASE WHEN n <> 70 THEN now() END,
            CASE n WHEN 70 THEN 'running' WHEN 69 THEN 'failed' ELSE 'complete' END, 't', '0', 1
        FROM generate_series(70, 1, -1) AS s (n);
        UPDATE collector.listing SET sweep_id = 3
        WHERE listing_id = (SELECT missing_listing_id FROM collector.backup WHERE backup_id = 'c');
        INSERT INTO collector.discovery_source (source, kind, folder_id, service, active)
        VALUES ('f/opensearch', 'folder', 'f', 'opensearch', true);
        INSERT INTO collector.discovery (discovery_id, source, trace_id, outcome, started_at, pages, requests, retries,
            throttles, bytes, listed, matched, skipped, gone)
        SELECT n, 'f/opensearch', 't', CASE n WHEN 2 THEN 'partial' ELSE 'complete' END,
            now() - (71 - n) * INTERVAL '1 day', 1, 1, 0, 0, 0, 0, 0, 0, 0
        FROM generate_series(1, 20) AS s (n);
        INSERT INTO collector.quarantine (cluster_id, fingerprint, reason, raw, raw_size_bytes, first_listing_id,
            first_seen_at, last_listing_id, last_seen_at)
        SELECT c.cluster_id, uuid_send(gen_random_uuid()), 'odd', '', 0, 0, now() - INTERVAL '80 days',
            c.last_listing_id - n, now() - INTERVAL '70 days'
        FROM collector.cluster AS c CROSS JOIN generate_series(0, 1) AS s (n);
    """)


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


async def test_two_prunings_at_once_remove_what_one_would(told: Connection, migrated_url: str) -> None:
    """Neither fails, and no row is counted twice."""
    await add_runs(told)
    expected = await forecast(migrated_url)

    one, other = await asyncio.gather(prune(migrated_url, batch=2), prune(migrated_url, batch=2))

    assert one + other == expected


async def test_a_merge_that_holds_the_cluster_is_waited_for(rig: Rig, db: Connection, migrated_url: str) -> None:
    """What it leaves behind is judged, and not what was there when the pruning began."""
    for listed in (["b", "c"], ["c"], ["c"]):
        await rig.merge(records(*listed))
    await backdate(db)
    assert (await forecast(migrated_url)).backups == 1
    merging = await asyncpg.connect(migrated_url)
    try:
        transaction = merging.transaction()
        await transaction.start()
        # The backup comes back, as a merge would write it.
        await merging.execute(
            "SELECT FROM collector.cluster FOR NO KEY UPDATE;"
            "UPDATE collector.backup SET missing_listing_id = NULL, missing_since = NULL, last_seen_at = NULL, "
            "vanished_listing_id = NULL, vanished_at = NULL, vanish_reason = NULL WHERE backup_id = 'b'"
        )
        pruning = asyncio.create_task(prune(migrated_url))
        await until_waiting(db)
        await transaction.commit()
        removed = await pruning
    finally:
        await merging.close()

    assert (removed.backups, await states(db)) == (0, {"b": "live", "c": "live"})


async def backdate(db: Connection) -> None:
    """Let all that happened have happened a hundred days ago, but the newest listing."""
    await db.execute("""
        UPDATE collector.backup SET first_seen_at = first_seen_at - INTERVAL '100 days',
            last_seen_at = last_seen_at - INTERVAL '100 days', missing_since = missing_since - INTERVAL '100 days',
            vanished_at = vanished_at - INTERVAL '100 days';
        UPDATE collector.listing AS l SET started_at = started_at - INTERVAL '100 days'
        WHERE NOT EXISTS (SELECT FROM collector.cluster AS c WHERE c.complete_listing_id = l.listing_id)
    """)


async def test_a_sweep_goes_on_after_a_pruning_and_takes_the_short_way(
    rig: Rig, db: Connection, migrated_url: str
) -> None:
    """The listing that proves that nothing changed stays, and nothing makes the next one be read anew."""
    for listed in (["a", "b", "c"], ["a", "c"], ["a", "c"], ["a", "c"]):
        await rig.merge(records(*listed))
    await backdate(db)

    removed = await prune(migrated_url)
    confirmed = await rig.confirm(records("a", "c"))
    returned = await rig.merge(records("a", "b", "c"))

    assert (removed.backups, removed.changes) == (1, 2)
    assert confirmed is not None
    assert (returned.counts.inserted, returned.counts.unchanged) == (1, 2)


@pytest.mark.usefixtures("told")
async def test_it_ends_between_two_batches_and_another_goes_on(migrated_url: str) -> None:
    """What went before is gone, what is left is what a forecast says."""
    expected = await forecast(migrated_url)
    batches: list[Pruned] = []

    async with Pruning(migrated_url, patient_settings(), MONTH, batch=3) as pruning:
        ended = await pruning.prune(is_stopping=lambda: len(batches) == 2, on_batch=batches.append)

    assert (ended, len(batches)) == ("interrupted", 2)
    assert sum(batches, Pruned()) + await forecast(migrated_url) == expected


async def test_sweeps_that_run_meanwhile_are_complete(world: World, db: Connection, migrated_url: str) -> None:
    """They meet on the clusters' rows only, for as long as a batch takes."""
    for _ in range(2):
        await world.sweep()
    await backdate(db)
    await db.execute("UPDATE collector.sweep SET started_at = started_at - INTERVAL '100 days'")

    summaries, removed = await asyncio.gather(sweep_twice(world), prune(migrated_url, batch=1))

    assert [summary.outcome for summary in summaries] == ["complete", "complete"]
    assert (removed.listings, removed.sweeps) == (3, 1)
    assert await db.fetchval("SELECT count(*) FROM inventory.backups WHERE state = 'live'") == 75


async def sweep_twice(world: World) -> list[Summary]:
    """Sweep, and sweep again."""
    return [await world.sweep() for _ in range(2)]
