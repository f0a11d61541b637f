"""What readers see of discovery: who is covered, changes of clusters, expectations, and clusters that are stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.emulator import EmulatedCluster, Emulator, Fleet
from collector.store import Rehearsal
from tests.builders import every_row
from tests.sweeping import World, backups

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried")]

FOLDER, OTHER = "b1gfolder", "b1gother"
DAILY = {"snapshotManagement": {"snapshotSchedule": {"daily": {"hour": "3"}}, "snapshotMaxAgeDays": "14"}}
HOURLY = {"snapshotManagement": {"snapshotSchedule": {"hourly": {}}, "snapshotMaxAgeDays": "14"}}


@pytest.fixture
async def seen(migrated_url: str) -> AsyncIterator[World]:
    """Yield four clusters in a discovered folder, where only production is wanted; two are listed."""
    fleet = Fleet()
    for cluster_id, env in {"c9qa": "prod", "c9qb": "prod", "c9qc": "dev", "c9qd": "dev"}.items():
        cluster = EmulatedCluster(id=cluster_id, folder_id=FOLDER, labels={"env": env}, name=cluster_id, config=HOURLY)
        fleet.add_cluster(cluster, backups=backups(cluster_id, range(2)))
    fleet.add_cluster(EmulatedCluster(id="c9qout", folder_id=OTHER))
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=("c9qa", "c9qd", "c9qnever", "c9qout"))
        world.entries = {"c9qnever": {"folder": FOLDER}}
        world.discovery = ({"folder": FOLDER, "labels": {"env": "prod"}},)
        yield world


async def coverage(db: Connection) -> dict[str, tuple[str, str | None]]:
    """Read who is covered, and because of what."""
    rows = await db.fetch("SELECT cluster_id, coverage, source FROM inventory.coverage")
    return {row["cluster_id"]: (row["coverage"], row["source"]) for row in rows}


async def test_every_cluster_has_one_row_that_says_who_watches_it(seen: World, db: Connection) -> None:
    """Listed; found; left out; listed though left out; listed and never found; listed in a folder nobody reads."""
    await seen.sweep()
    assert (await coverage(db))["c9qnever"] == ("covered", "config")  # its folder was read before anybody asked for it

    await seen.sweep()

    assert await coverage(db) == {
        "c9qa": ("covered", "config"),
        "c9qb": ("unlisted", "discovery"),
        "c9qc": ("excluded", None),
        "c9qd": ("covered", "config"),
        "c9qnever": ("gone", "config"),
        "c9qout": ("covered", "config"),
    }


async def test_a_listed_cluster_that_left_its_folder_is_gone_and_stays_managed(seen: World, db: Connection) -> None:
    """It is the configuration that must be cleaned up. One that was only discovered is watched no longer."""
    await seen.sweep()
    seen.emulator.fleet.remove_cluster("c9qa")
    seen.emulator.fleet.remove_cluster("c9qb")

    await seen.sweep()

    covered = await coverage(db)
    assert (covered["c9qa"], covered["c9qb"]) == (("gone", "config"), ("gone", None))
    row = await db.fetchrow("SELECT * FROM inventory.coverage WHERE cluster_id = 'c9qa'")
    assert row is not None
    assert row["managed"]
    assert row["first_discovered_at"] == row["last_discovered_at"] < row["gone_since"]


async def test_before_the_first_complete_reading_nobody_is_gone(seen: World, db: Connection) -> None:
    """Not knowing is never gone."""
    seen.emulator.faults.fail(FOLDER)

    await seen.sweep()

    assert await coverage(db) == dict.fromkeys(seen.clusters, ("covered", "config"))


async def test_a_cluster_that_is_listed_is_not_gone_whatever_folder_it_was_said_to_be_in(
    seen: World, db: Connection
) -> None:
    """Its own list answers: nobody looked for it in the folder where it is."""
    seen.entries["c9qout"] = {"folder": FOLDER}

    await seen.sweep()
    await seen.sweep()

    assert (await coverage(db))["c9qout"] == ("covered", "config")


async def test_without_a_discovery_nobody_is_watched_because_of_one(seen: World, db: Connection) -> None:
    """What the section led to is asked no longer, and what only it found is unmanaged. A rehearsal changes nothing."""
    await seen.sweep()
    seen.discovery = ()
    before = await every_row(db)
    await seen.sweep(kind=Rehearsal)
    assert await every_row(db) == before

    await seen.sweep()

    assert await coverage(db) == dict.fromkeys(seen.clusters, ("covered", "config"))
    assert await db.fetchval("SELECT count(*) FROM inventory.clusters WHERE in_discovery") == 0


async def test_what_is_watched_is_not_called_left_out(seen: World, db: Connection) -> None:
    """A filter that no longer wants it retires nobody before its folder is read completely."""
    await seen.sweep()
    seen.emulator.fleet.edit_cluster("c9qb", labels={"env": "dev"})
    seen.emulator.faults.raw_record(FOLDER, 0, '{"id":"../../x"}', how="insert")
    await seen.sweep()
    while_partial = (await coverage(db))["c9qb"]
    seen.emulator.faults.clear()

    await seen.sweep()

    assert while_partial == ("unlisted", "discovery")
    assert (await coverage(db))["c9qb"] == ("excluded", None)


async def test_an_expectation_is_read_from_the_clusters_own_schedule(seen: World, db: Connection) -> None:
    """An hourly one may be three hours old; the configuration's word wins; else the default counts."""
    seen.entries["c9qa"] = {"max_age": "5h", "retention": "3d"}
    await seen.sweep()

    rows = await db.fetch(
        "SELECT cluster_id, extract(EPOCH FROM max_age) / 3600 AS hours, max_age_source, "
        "extract(EPOCH FROM retention) / 86400 AS days, retention_source FROM inventory.freshness "
        "WHERE cluster_id IN ('c9qa', 'c9qb', 'c9qout') ORDER BY cluster_id"
    )

    assert [tuple(row) for row in rows] == [
        ("c9qa", 5, "config", 3, "config"),
        ("c9qb", 3, "schedule", 14, "schedule"),
        ("c9qout", 26, "default", None, None),
    ]


async def test_a_weakened_schedule_is_kept_as_a_change(seen: World, db: Connection) -> None:
    """With what it was and what it is; and the expectation follows."""
    await seen.sweep()
    seen.emulator.fleet.edit_cluster("c9qb", config=DAILY)

    await seen.sweep()

    row = await db.fetchrow("SELECT * FROM inventory.cluster_changes")
    assert row is not None
    assert (row["cluster_id"], row["kind"], row["service"]) == ("c9qb", "schedule_weakened", "opensearch")
    assert (row["before"], row["after"]) == (
        '{"period_s": 3600.0, "retention_days": 14}',
        '{"period_s": 86400.0, "retention_days": 14}',
    )
    hours = "SELECT extract(EPOCH FROM max_age) / 3600 FROM inventory.clusters WHERE cluster_id = 'c9qb'"
    assert await db.fetchval(hours) == 26


async def test_what_the_api_says_of_a_cluster_is_followed(seen: World, db: Connection) -> None:
    """One row a change, nothing for what stays."""
    await seen.sweep()
    seen.emulator.fleet.edit_cluster("c9qb", name="new", labels={"env": "prod", "x": "y"}, status="UPDATING")

    await seen.sweep()
    await seen.sweep()

    kinds = await db.fetch("SELECT kind FROM inventory.cluster_changes ORDER BY change_id")
    assert [row["kind"] for row in kinds] == ["renamed", "labels_changed", "status_changed"]


async def judged(db: Connection, cluster_id: str = "c9qb") -> tuple[Any, ...]:
    """Read the verdict on a cluster, whether backups are expected, and whether its stop is known."""
    row = await db.fetchrow(
        "SELECT verdict, expected, status, stopped_since IS NOT NULL FROM inventory.freshness WHERE cluster_id = $1",
        cluster_id,
    )
    return () if row is None else tuple(row)


async def age(db: Connection, hours: float) -> None:
    """Let the newest backup of c9qb be so many hours old."""
    await db.execute(
        "UPDATE collector.backup SET created_at = now() - make_interval(secs => $1) WHERE cluster_id = 'c9qb'",
        hours * 3600.0,
    )


async def forget_descriptions(db: Connection) -> None:
    """Let nobody have read what the API says of clusters for three hours."""
    await db.execute("UPDATE collector.discovery_source SET observed_at = now() - INTERVAL '3 hours'")
    await db.execute("UPDATE collector.discovered_cluster SET changed_at = now() - INTERVAL '3 hours'")


@pytest.mark.parametrize("hours, running, stopped", [(2, "fresh", "fresh"), (5, "stale", "stale")])
async def test_a_stopped_cluster_is_judged_by_the_time_it_was_stopped(
    seen: World, db: Connection, *, hours: float, running: str, stopped: str
) -> None:
    """What was stale when it stopped is stale; what was fresh does not become stale by standing still."""
    await seen.sweep()
    await age(db, hours)
    assert await judged(db) == (running, True, "RUNNING", False)
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    await seen.sweep()
    await age(db, hours)
    assert await judged(db) == (stopped, False, "STOPPED", True)

    # Ten days later, still described as stopped and listed all the time.
    await db.execute("UPDATE collector.discovered_cluster SET stopped_since = stopped_since - INTERVAL '10 days'")
    await age(db, hours + 240)

    assert await judged(db) == (stopped, False, "STOPPED", True)


@pytest.mark.parametrize(
    "hours, verdict", [(2, "fresh"), (5, "unknown"), (9, "stale")], ids=["fresh-even-now", "old-since", "old-then"]
)
async def test_a_stop_that_was_not_confirmed_recently_is_neither_excuse_nor_fault(
    seen: World, db: Connection, *, hours: float, verdict: str
) -> None:
    """The cluster may run again, or be stopped still: only what is so in either case is said."""
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    await seen.sweep()
    await age(db, hours)
    await db.execute(
        "UPDATE collector.discovered_cluster SET stopped_since = now() - INTERVAL '4 hours' WHERE status = 'STOPPED'"
    )
    assert (await judged(db))[:2] == ("stale" if hours > 7 else "fresh", False)

    await forget_descriptions(db)

    assert (await judged(db))[:2] == (verdict, True)


@pytest.mark.parametrize(
    "hours, verdict", [(2, "fresh"), (10, "unknown"), (22, "unknown"), (24, "stale")], ids=["young", "a", "b", "old"]
)
async def test_a_stop_while_nobody_looked_is_not_taken_for_the_time_it_was_found(
    seen: World, db: Connection, *, hours: float, verdict: str
) -> None:
    """Last seen to run 20 hours ago, found stopped now: what is stale or fresh at either time is said, no more."""
    await seen.sweep()
    await db.execute("UPDATE collector.discovery_source SET observed_at = now() - INTERVAL '20 hours'")
    await db.execute("UPDATE collector.discovered_cluster SET changed_at = now() - INTERVAL '30 hours'")
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    for _ in range(2):  # the second finds nothing new, and keeps what is known of the stop
        await seen.sweep()

    await age(db, hours)

    assert (await judged(db))[:2] == (verdict, False)
    assert await db.fetchval(
        "SELECT stopped_since - stopped_after > INTERVAL '19 hours' FROM inventory.clusters WHERE cluster_id = 'c9qb'"
    )


async def test_of_a_cluster_that_nobody_saw_run_nobody_knows_when_it_was_stopped(seen: World, db: Connection) -> None:
    """Its old backup may have been young then. Once it has run, its next stop is known."""
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    await seen.sweep()
    await age(db, 2)
    assert (await judged(db))[:2] == ("fresh", False)
    await age(db, 50)
    assert (await judged(db))[:2] == ("unknown", False)
    await forget_descriptions(db)
    assert (await judged(db))[:2] == ("unknown", True)

    for status in ("RUNNING", "STOPPED"):
        seen.emulator.fleet.edit_cluster("c9qb", status=status)
        await seen.sweep()
    await age(db, 50)

    assert (await judged(db))[:2] == ("stale", False)


@pytest.mark.parametrize("outcome", ["partial", "held"])
async def test_a_reading_that_is_not_complete_describes_the_clusters_that_it_names(
    seen: World, db: Connection, outcome: str
) -> None:
    """That a neighbour's record cannot be read, or too many are gone, makes nobody's stop a thing of the past."""
    for number in range(8):
        seen.emulator.fleet.add_cluster(EmulatedCluster(id=f"c9qz{number}", folder_id=FOLDER))
    await seen.sweep()
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    await seen.sweep()
    await forget_descriptions(db)
    if outcome == "held":
        for number in range(8):
            seen.emulator.fleet.remove_cluster(f"c9qz{number}")
    else:
        seen.emulator.faults.raw_record(FOLDER, 0, '{"id":"../../x"}', how="insert")

    summary = await seen.sweep()

    assert [each.outcome for each in summary.discovered] == [outcome]
    assert (await judged(db))[1:3] == (False, "STOPPED")
    described = "SELECT described_at > now() - INTERVAL '1 hour' FROM inventory.clusters WHERE cluster_id = 'c9qb'"
    assert await db.fetchval(described)


async def test_a_cluster_that_runs_again_is_expected_to_make_backups_again(seen: World, db: Connection) -> None:
    """Its stop is forgotten, but for the change."""
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    await seen.sweep()
    seen.emulator.fleet.edit_cluster("c9qb", status="RUNNING")

    await seen.sweep()

    assert (await judged(db))[1:] == (True, "RUNNING", False)


async def test_a_stopped_cluster_without_any_backup_is_stale(seen: World, db: Connection) -> None:
    """There is nothing to restore it from."""
    seen.emulator.fleet.edit_cluster("c9qb", status="STOPPED")
    seen.emulator.fleet.clear_backups("c9qb")

    await seen.sweep()

    assert (await judged(db))[:2] == ("stale", False)


async def test_a_retention_that_was_written_by_hand_stays_until_somebody_says_otherwise(
    seen: World, db: Connection
) -> None:
    """The configuration and the cluster itself both say otherwise."""
    await seen.sweep()
    await db.execute("UPDATE collector.cluster SET retention = INTERVAL '5 days', retention_source = NULL")

    await seen.sweep()

    rows = await db.fetch("SELECT cluster_id, extract(EPOCH FROM retention) / 86400 AS days FROM inventory.clusters")
    assert {row["cluster_id"]: row["days"] for row in rows} == {
        "c9qa": 14,
        "c9qb": 14,
        "c9qd": 14,
        "c9qnever": 5,
        "c9qout": 5,
    }
