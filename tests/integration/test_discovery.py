"""Discovery: paged lists of clusters and folders on real sockets, and what a sweep makes of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector.descriptions import ClusterDescription
from collector.emulator import EmulatedCluster, Emulator, Fleet
from collector.errors import DiscoveryIncomplete, UsageError
from collector.parse import parse_cluster
from collector.store import Rehearsal
from tests.builders import every_row, open_store, register, row_versions
from tests.sweeping import World, backups, outcomes_of, states_by_cluster

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")

FOLDER, OTHER, CLOUD = "b1gfolder", "b1gother", "b1gcloud"


def add(fleet: Fleet, cluster_id: str, folder_id: str = FOLDER, **fields: Any) -> None:
    """Add a cluster with three backups."""
    cluster = EmulatedCluster(id=cluster_id, folder_id=folder_id, name=f"name-{cluster_id}", **fields)
    fleet.add_cluster(cluster, backups=backups(cluster_id, range(3)))


@pytest.fixture
async def found(migrated_url: str) -> AsyncIterator[World]:
    """Yield twelve clusters in one folder (`c9q00` …) and one in another, discovered by folder, none listed."""
    fleet = Fleet()
    for number in range(12):
        add(fleet, f"c9q{number:02}", labels={"env": "prod" if number % 2 else "dev"})
    add(fleet, "c9qx", OTHER)
    fleet.set_folders(CLOUD, FOLDER, OTHER)
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=(), api={"page_size": 5})
        world.discovery = ({"folder": FOLDER},)
        yield world


async def managed(db: Connection) -> set[str]:
    """Read which clusters are watched."""
    return {row[0] for row in await db.fetch("SELECT cluster_id FROM inventory.clusters WHERE managed")}


async def ledger(db: Connection) -> list[tuple[Any, ...]]:
    """Read the newest discovery: each source with its outcome."""
    query = (
        "SELECT coalesce(folder_id, cloud_id), outcome, listed, matched, skipped, gone FROM inventory.discoveries "
        "WHERE discovery_id = (SELECT max(discovery_id) FROM inventory.discoveries) ORDER BY kind, folder_id"
    )
    return [tuple(row) for row in await db.fetch(query)]


async def test_every_page_of_a_folder_is_read_and_every_cluster_of_it_swept(found: World, db: Connection) -> None:
    """Three pages of clusters, twelve listings, and a row in the ledger."""
    summary = await found.sweep()

    assert summary.outcome == "complete"
    assert sorted(outcomes_of(summary)) == [f"c9q{number:02}" for number in range(12)]
    assert await states_by_cluster(db) == {f"c9q{number:02}": {"live": 3} for number in range(12)}
    assert await ledger(db) == [(FOLDER, "complete", 12, 12, 0, 0)]
    assert await db.fetchval("SELECT pages FROM inventory.discoveries") == 3
    row = await db.fetchrow("SELECT * FROM inventory.clusters WHERE cluster_id = 'c9q01'")
    assert row is not None
    assert (row["source"], row["name"], row["api_name"], row["labels"]) == (
        "discovery",
        "name-c9q01",
        "name-c9q01",
        '{"env": "prod"}',
    )
    assert (row["folder_id"], row["status"], row["health"], row["environment"], row["in_discovery"]) == (
        FOLDER,
        "RUNNING",
        "ALIVE",
        "PRODUCTION",
        True,
    )
    assert row["described_at"] is not None


async def test_a_cloud_is_all_of_its_folders(found: World, db: Connection) -> None:
    """Folders are listed by the resource manager, then their clusters."""
    found.discovery = ({"cloud": CLOUD},)

    summary = await found.sweep()

    assert summary.outcome == "complete"
    assert len(summary.results) == 13
    assert await ledger(db) == [
        (CLOUD, "complete", 2, 0, 0, 0),
        (FOLDER, "complete", 12, 12, 0, 0),
        (OTHER, "complete", 1, 1, 0, 0),
    ]


@pytest.mark.parametrize("page", [1, 2, 3])
async def test_a_page_that_fails_keeps_the_known_clusters_and_retires_nobody(
    found: World, db: Connection, page: int
) -> None:
    """They are swept as before; the sweep is not complete, and says why."""
    await found.sweep()
    found.emulator.fleet.remove_cluster("c9q11")
    found.emulator.faults.fail(FOLDER, page=page, status=403, code=7)

    summary = await found.sweep()

    (source,) = summary.discovered
    assert (source.outcome, source.error) == ("failed", "permission_denied")
    assert len(summary.results) == 12
    assert summary.outcome == "partial"
    assert len(await managed(db)) == 12
    assert (await ledger(db))[0][:2] == (FOLDER, "failed")


@pytest.mark.parametrize("how", ["cut", "html", "loop", "hang", "drop"])
async def test_no_fault_of_a_list_of_clusters_is_taken_for_its_end(found: World, db: Connection, how: str) -> None:
    """The faults of listings of backups, on the way to clusters."""
    await found.sweep()
    faults = found.emulator.faults
    match how:
        case "cut":
            faults.cut_body(FOLDER, after=100, page=2)
        case "html":
            faults.body(FOLDER, b"<html>", content_type="text/html", page=2)
        case "loop":
            faults.repeat_token(FOLDER)
        case "hang":
            found.api["page_timeout_s"] = 0.2
            faults.hang(FOLDER, page=2)
        case _:
            faults.drop(FOLDER, page=2)

    summary = await found.sweep()

    assert [each.outcome for each in summary.discovered] == ["failed"]
    assert len(await managed(db)) == 12


async def test_only_a_complete_discovery_retires_what_it_no_longer_names(found: World, db: Connection) -> None:
    """The cluster is unmanaged, its backups stay as they were."""
    await found.sweep()
    found.emulator.fleet.remove_cluster("c9q11")

    summary = await found.sweep()

    assert summary.outcome == "complete"
    assert "c9q11" not in await managed(db)
    assert (await states_by_cluster(db))["c9q11"] == {"live": 3}
    assert await ledger(db) == [(FOLDER, "complete", 11, 11, 0, 1)]
    kinds = await db.fetch("SELECT cluster_id, kind FROM inventory.cluster_changes")
    assert [tuple(row) for row in kinds] == [("c9q11", "gone")]


async def test_a_cluster_that_comes_back_is_watched_again(found: World, db: Connection) -> None:
    """With its history."""
    await found.sweep()
    found.emulator.fleet.remove_cluster("c9q11")
    await found.sweep()
    found.emulator.fleet.departed.clear()
    add(found.emulator.fleet, "c9q11", labels={"env": "prod"})

    await found.sweep()

    assert "c9q11" in await managed(db)
    kinds = await db.fetch("SELECT kind FROM inventory.cluster_changes ORDER BY change_id")
    assert [row["kind"] for row in kinds] == ["gone", "returned"]


async def test_too_much_gone_at_once_is_held_until_it_is_allowed(found: World, db: Connection) -> None:
    """An empty answer is no proof that a whole folder was deleted."""
    await found.sweep()
    for number in range(12):
        found.emulator.fleet.remove_cluster(f"c9q{number:02}")

    held = await found.sweep()

    assert [each.outcome for each in held.discovered] == ["held"]
    assert (len(held.results), len(await managed(db))) == (12, 12)

    allowed = await found.sweep(allow=[FOLDER])

    assert allowed.outcome == "complete"
    assert await managed(db) == set()


async def test_an_unreadable_record_makes_a_discovery_partial_and_mute(found: World, db: Connection) -> None:
    """The others are read; nobody is retired, for the unreadable one may be the one that is absent."""
    await found.sweep()
    found.emulator.fleet.remove_cluster("c9q11")
    add(found.emulator.fleet, "c9q99")
    found.emulator.faults.raw_record(FOLDER, 0, '{"id":"../../x","name":"\\u0000"}')

    summary = await found.sweep()

    assert [(each.outcome, each.skipped) for each in summary.discovered] == [("partial", 1)]
    assert summary.outcome == "partial"
    assert await managed(db) == {*(f"c9q{number:02}" for number in range(12)), "c9q99"}


async def test_a_folder_that_fails_leaves_its_neighbour_complete(found: World, db: Connection) -> None:
    """One source's fault is its own."""
    found.discovery = ({"folder": FOLDER}, {"folder": OTHER})
    found.emulator.faults.fail(FOLDER)

    summary = await found.sweep()

    assert {each.source.folder_id: each.outcome for each in summary.discovered} == {
        FOLDER: "failed",
        OTHER: "complete",
    }
    assert outcomes_of(summary) == {"c9qx": "complete"}
    assert summary.outcome == "partial"
    assert await managed(db) == {"c9qx"}


async def test_a_cloud_whose_folders_cannot_be_listed_keeps_the_known_ones(found: World, db: Connection) -> None:
    """They are read all the same; what may lie in a new folder is spared."""
    found.discovery = ({"cloud": CLOUD},)
    await found.sweep()
    found.emulator.faults.fail(CLOUD)

    summary = await found.sweep()

    assert {each.source.key: each.outcome for each in summary.discovered} == {
        f"cloud:{CLOUD}": "failed",
        f"folder:{FOLDER}/opensearch": "complete",
        f"folder:{OTHER}/opensearch": "complete",
    }
    assert len(summary.results) == 13
    assert len(await managed(db)) == 13


async def test_the_clusters_of_a_folder_that_a_cloud_has_no_longer_are_gone(found: World, db: Connection) -> None:
    """A complete list of folders is proof for what was in them."""
    found.discovery = ({"cloud": CLOUD},)
    await found.sweep()
    found.emulator.fleet.set_folders(CLOUD, FOLDER)

    summary = await found.sweep()

    assert summary.outcome == "complete"
    assert "c9qx" not in await managed(db)
    assert await db.fetchval("SELECT coverage FROM inventory.coverage WHERE cluster_id = 'c9qx'") == "gone"


@pytest.mark.parametrize("left", [(), (OTHER,)], ids=["none", "one"])
async def test_a_cloud_that_lost_most_clusters_at_once_is_held_until_it_is_allowed(
    found: World, db: Connection, left: tuple[str, ...]
) -> None:
    """Few folders may hold many clusters. They go on being swept, however often the short answer comes."""
    found.discovery = ({"cloud": CLOUD},)
    await found.sweep()
    found.emulator.fleet.set_folders(CLOUD, *left)

    held = [await found.sweep() for _ in range(2)]

    assert [each.discovered[0].outcome for each in held] == ["held", "held"]
    assert [len(each.results) for each in held] == [13, 13]
    assert len(await managed(db)) == 13

    allowed = await found.sweep(allow=[CLOUD])

    assert allowed.outcome == "complete"
    assert await managed(db) == ({"c9qx"} if left else set())


async def test_a_service_that_is_asked_for_no_longer_is_no_proof_that_its_clusters_are_gone(
    found: World, db: Connection
) -> None:
    """They are watched no longer; of their folder, which is still there, nothing is concluded."""
    add(found.emulator.fleet, "c9qp", OTHER, service="postgresql")
    found.discovery = ({"cloud": CLOUD, "services": ["opensearch", "postgresql"]},)
    await found.sweep()
    assert "c9qp" in await managed(db)
    found.discovery = ({"cloud": CLOUD},)

    await found.sweep()

    assert "c9qp" not in await managed(db)
    assert await db.fetchval("SELECT count(*) FROM inventory.cluster_changes WHERE kind = 'gone'") == 0


async def test_a_first_discovery_that_fails_is_not_an_empty_cloud(found: World, db: Connection) -> None:
    """Nothing was looked at, so nothing is complete."""
    found.emulator.faults.fail(FOLDER)

    summary = await found.sweep()

    assert (summary.outcome, summary.results) == ("failed", [])
    assert await db.fetchval("SELECT outcome FROM inventory.sweeps") == "failed"


async def test_a_cluster_that_was_listed_by_hand_is_not_retired_while_its_folder_cannot_be_read(
    found: World, db: Connection
) -> None:
    """Between taking it out of the file and the first discovery that ends, nobody knows that it is gone."""
    found.clusters, found.discovery = ("c9q01", "c9qx"), ()
    found.entries = {"c9q01": {"folder": FOLDER}, "c9qx": {"folder": OTHER}}
    await found.sweep()
    found.clusters, found.discovery = (), ({"folder": FOLDER},)
    found.emulator.faults.fail(FOLDER)

    await found.sweep()

    assert await managed(db) == {"c9q01"}


async def test_the_configuration_wins_and_the_difference_shows(found: World, db: Connection) -> None:
    """What the API says stands beside it."""
    found.clusters = ("c9q00",)
    found.entries = {"c9q00": {"name": "mine", "labels": {"my": "own"}, "max_age": "7h"}}

    await found.sweep()

    row = await db.fetchrow("SELECT * FROM inventory.clusters WHERE cluster_id = 'c9q00'")
    assert row is not None
    assert (row["source"], row["name"], row["api_name"]) == ("config", "mine", "name-c9q00")
    assert (row["labels"], row["api_labels"]) == ('{"my": "own"}', '{"env": "dev"}')
    assert (row["max_age"].total_seconds(), row["max_age_source"]) == (7 * 3600.0, "config")


async def test_the_same_answer_again_writes_nothing_about_clusters(found: World, db: Connection) -> None:
    """That they are still there, their source says."""
    await found.sweep()
    before = await row_versions(db, "discovered_cluster")

    await found.sweep()

    assert await row_versions(db, "discovered_cluster") == before


async def test_a_rehearsal_discovers_and_writes_nothing(found: World, db: Connection) -> None:
    """It says what would be swept."""
    before = await every_row(db)

    summary = await found.sweep(kind=Rehearsal)

    assert len(summary.results) == 12
    assert await every_row(db) == before


async def test_a_cluster_may_be_selected_that_only_a_discovery_knows(found: World, db: Connection) -> None:
    """The others stay managed."""
    summary = await found.sweep("c9q03")

    assert list(outcomes_of(summary)) == ["c9q03"]
    assert len(await managed(db)) == 12


async def test_what_nobody_knows_is_refused_only_where_everything_was_read(found: World) -> None:
    """Else it may exist, and a retry may help."""
    with pytest.raises(UsageError, match="not in the configuration: c9qx"):
        await found.sweep("c9qx")
    found.emulator.faults.fail(FOLDER)
    with pytest.raises(DiscoveryIncomplete, match="c9qx"):
        await found.sweep("c9qx")


async def test_a_discovery_that_began_earlier_overwrites_nothing(found: World, db: Connection) -> None:
    """It is overtaken while it waits for its second page, by one that no longer sees a cluster."""
    await found.sweep()
    gate = found.emulator.faults.pause(FOLDER, page=3, times=1)
    found.api["page_timeout_s"] = found.api["listing_timeout_s"] = 60.0
    older = asyncio.create_task(found.sweep(trace_id="older"))
    await gate.reached()
    found.emulator.fleet.remove_cluster("c9q00")
    await found.sweep(trace_id="newer")

    gate.release()
    summary = await older

    assert [each.outcome for each in summary.discovered] == ["superseded"]
    assert "c9q00" not in await managed(db)
    assert "c9q00" not in outcomes_of(summary)


async def test_an_older_sweep_retires_nothing_that_a_later_discovery_knows(found: World, db: Connection) -> None:
    """Neither the folder that it was not asked to read, nor the clusters in it."""
    gate = found.emulator.faults.pause(FOLDER, page=3, times=1)
    found.api["page_timeout_s"] = found.api["listing_timeout_s"] = 60.0
    older = asyncio.create_task(found.sweep(trace_id="older"))
    await gate.reached()
    found.discovery = ({"folder": FOLDER}, {"folder": OTHER})
    await found.sweep(trace_id="newer")

    gate.release()
    await older

    assert await db.fetchval("SELECT bool_and(active) FROM collector.discovery_source")
    assert len(await managed(db)) == 13


async def test_an_older_sweep_retires_no_source_that_a_later_one_could_not_read(found: World, db: Connection) -> None:
    """The later one's configuration leads there, so its clusters stay watched though its reading failed."""
    found.discovery = ({"folder": FOLDER}, {"folder": OTHER})
    await found.sweep()
    gate = found.emulator.faults.pause(FOLDER, page=3, times=1)
    found.api["page_timeout_s"] = found.api["listing_timeout_s"] = 60.0
    found.discovery = ({"folder": FOLDER},)
    older = asyncio.create_task(found.sweep(trace_id="older"))
    await gate.reached()
    found.emulator.faults.fail(OTHER, status=403, code=7, message="Permission denied")
    found.discovery = ({"folder": FOLDER}, {"folder": OTHER})
    newer = await found.sweep(trace_id="newer")

    gate.release()
    await older

    assert [each.error for each in newer.discovered] == [None, "permission_denied"]
    assert await db.fetchval("SELECT bool_and(active) FROM collector.discovery_source")
    assert len(await managed(db)) == 13


async def test_a_sweep_retires_no_cluster_that_a_discovery_knows_to_be_there(found: World, db: Connection) -> None:
    """A sweep that read its folder before the cluster was made, and begins after a later one found it."""
    await found.sweep()
    async with open_store(found.url) as store:
        await register(store)
    assert len(await managed(db)) == 12

    await db.execute("UPDATE collector.discovered_cluster SET matched = false WHERE cluster_id = 'c9q00'")
    async with open_store(found.url) as store:
        await register(store)

    assert "c9q00" not in await managed(db)


async def test_a_bug_in_one_reading_ends_nobody_elses(
    found: World, db: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a failed reading: the known clusters are swept, and the summary says what it was."""
    found.discovery = ({"folder": FOLDER}, {"folder": OTHER})
    await found.sweep()

    def explode(raw: bytes, *, folder_id: str, **rest: Any) -> ClusterDescription:
        if folder_id == OTHER:
            raise ZeroDivisionError(raw)
        return parse_cluster(raw, folder_id=folder_id, **rest)

    monkeypatch.setattr("collector.discover.parse_cluster", explode)

    summary = await found.sweep()

    assert {each.source.folder_id: each.error or each.outcome for each in summary.discovered} == {
        FOLDER: "complete",
        OTHER: "bug",
    }
    assert (len(summary.results), len(await managed(db))) == (13, 13)


async def test_a_stop_during_discovery_ends_it_at_once(found: World, db: Connection) -> None:
    """The hanging list is given up, and the sweep is interrupted."""
    gate = found.emulator.faults.pause(FOLDER, page=2)
    stopping = asyncio.Event()
    sweeping = asyncio.create_task(found.sweep(stopping=stopping))
    await gate.reached()

    stopping.set()
    async with asyncio.timeout(5):
        summary = await sweeping
    gate.release()

    assert summary.outcome == "interrupted"
    assert [each.error for each in summary.discovered] == ["interrupted"]
    assert await db.fetchval("SELECT outcome FROM inventory.sweeps") == "interrupted"
