"""/metrics tells what the database says at the moment of the scrape, of clusters that are there, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.emulator import EmulatedCluster, Emulator, Fleet
from collector.errors import ServerFailed
from collector.records import Cluster, ClusterId, Counts, ListingResult, Summary, Traffic
from collector.sweeping import Swept
from tests.builders import CLUSTER, OTHER, record, records, register, store_of
from tests.proxy import Proxy
from tests.serving import serving
from tests.sweeping import World, backups

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NAMED = Cluster(id=ClusterId("c9qnamed"), name='odd "name"\n', max_age_s=60.0)
LABELS = "c9qcluster  opensearch"


@pytest.fixture
async def inventory(fresh_url: str) -> str:
    """Return a database with two clusters: one with two backups, one that nobody could look at."""
    async with store_of(fresh_url, CLUSTER, OTHER) as rig:
        listed = [record("b1", sizeBytes="1000", incrementalSizeBytes="10"), record("b2", sizeBytes="500")]
        await rig.merge(listed)
    return fresh_url


@pytest.fixture
async def discovered(fresh_url: str) -> AsyncIterator[World]:
    """Yield two clusters in a folder, of which the discovery wants one."""
    fleet = Fleet()
    for cluster_id, env in {"c9qa": "prod", "c9qb": "dev"}.items():
        cluster = EmulatedCluster(id=cluster_id, folder_id="b1gfolder", labels={"env": env}, name=cluster_id)
        fleet.add_cluster(cluster, backups=backups(cluster_id, range(2)))
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=fresh_url, clusters=())
        world.discovery = ({"folder": "b1gfolder", "labels": {"env": "prod"}},)
        yield world


async def test_the_numbers_are_those_of_the_views(inventory: str) -> None:
    """The exact instant, the live ones, their bytes, and one verdict."""
    connection = await asyncpg.connect(inventory)
    newest = await connection.fetchval(
        "SELECT extract(EPOCH FROM newest_created_at)::float8 FROM inventory.freshness WHERE cluster_id = $1",
        CLUSTER.id,
    )
    await connection.close()

    async with serving(inventory) as service:
        series = await service.series()

    assert series["up", ""] == 1.0
    assert series["cluster_newest_backup_timestamp_seconds", LABELS] == pytest.approx(newest, abs=1e-6)
    assert series["cluster_live_backups", LABELS] == 2.0
    assert series["cluster_storage_bytes", LABELS] == 510.0
    assert series["cluster_backup_age_limit_seconds", LABELS] == 93_600.0
    assert 0 <= series["cluster_observation_age_seconds", LABELS] < 60
    assert sum(value for (name, labels), value in series.items() if name == "cluster_verdict" and LABELS in labels) == 1


async def test_a_cluster_that_was_never_seen_is_unknown_and_has_no_age(inventory: str) -> None:
    """Not 0, which would be fresh."""
    async with serving(inventory) as service:
        series = await service.series()

    assert series["cluster_verdict", "c9qother  opensearch unknown"] == 1.0
    assert ("cluster_backup_age_seconds", "c9qother  opensearch") not in series


async def test_a_cluster_that_is_taken_out_has_no_series(inventory: str) -> None:
    """Its rows stay, its alerts end."""
    async with store_of(inventory, OTHER):
        pass  # a sweep over the other one only was begun

    async with serving(inventory) as service:
        series = await service.series()

    assert not [labels for _, labels in series if "c9qcluster" in labels]
    assert [labels for _, labels in series if "c9qother" in labels]


async def test_a_name_is_told_as_it_is(fresh_url: str) -> None:
    """Whatever stands in it."""
    async with store_of(fresh_url, NAMED):
        pass

    async with serving(fresh_url) as service:
        series = await service.series()

    assert series["cluster_backup_age_limit_seconds", f"{NAMED.id} {NAMED.name} opensearch"] == 60.0


async def test_a_database_that_is_away_leaves_nothing_standing(inventory: str) -> None:
    """`up` is 0, the exposition is whole, and no number of a cluster is in it."""
    async with Proxy(inventory) as proxy, serving(proxy.url) as service:
        before = await service.series()
        proxy.freeze()
        while (await service.series())["up", ""]:
            pass  # an answer is kept for a second
        during = await service.series()

    assert ("cluster_live_backups", LABELS) in before
    assert not [name for name, _ in during if name.startswith(("cluster_", "last_"))]
    assert ("sweep_running", "") in during


async def test_the_last_sweeps_are_those_of_any_process(inventory: str) -> None:
    """Also of a CronJob's: they stand in the database."""
    async with store_of(inventory, CLUSTER) as rig:
        await rig.store.finish_sweep(rig.sweep_id, "partial", by_outcome={})
        done = await register(rig.store, CLUSTER)
        await rig.store.finish_sweep(done, "complete", by_outcome={})
        await register(rig.store, CLUSTER)

    async with serving(inventory) as service:
        series = await service.series()

    assert series["last_complete_sweep_end_timestamp_seconds", ""] == series["last_sweep_end_timestamp_seconds", ""]
    assert series["last_sweep_start_timestamp_seconds", ""] >= series["last_sweep_end_timestamp_seconds", ""]
    assert (series["last_sweep_outcome", "complete"], series["last_sweep_outcome", "partial"]) == (1.0, 0.0)


async def test_what_a_sweep_did_is_counted(fresh_url: str) -> None:
    """By outcome and by kind, from 0 on."""
    result = ListingResult(
        cluster=CLUSTER,
        outcome="complete",
        traffic=Traffic(requests=3, retries=1, throttles=1, bytes=4096),
        counts=Counts(inserted=7, missing=2),
    )
    summary = Summary(outcome="complete", results=[result])

    async with serving(fresh_url) as service:
        service.tally.note_sweep(Swept(summary=summary, requests=3, retries=1, duration_s=2.5))
        service.tally.note_failure("not_begun")
        service.tally.note_skipped(4)
        series = await service.series()

    assert series["sweeps_total", "complete"] == 1.0
    assert series["sweeps_total", "not_begun"] == 1.0
    assert series["sweeps_total", "crashed"] == 0.0
    assert series["listings_total", "complete"] == 1.0
    assert series["backup_records_total", "inserted"] == 7.0
    assert series["backup_records_total", "missing"] == 2.0
    assert (series["api_requests_total", ""], series["api_retries_total", ""]) == (3.0, 1.0)
    assert (series["api_throttles_total", ""], series["api_received_bytes_total", ""]) == (1.0, 4096.0)
    assert series["sweep_duration_seconds_sum", ""] == 2.5
    assert series["runs_skipped_total", ""] == 4.0


async def test_a_listing_that_is_held_shows_until_one_is_not(fresh_url: str) -> None:
    """One that fails in between has said nothing of what was gone."""
    async with store_of(fresh_url, CLUSTER) as rig, serving(fresh_url) as service:
        listed = records(*(f"b{number}" for number in range(20)))
        await rig.merge(listed)
        await rig.merge([])
        failed = await rig.begin()
        await rig.store.record_failure(failed, ServerFailed("500"))
        held = (await service.series())["cluster_listing_held", LABELS]
        await rig.merge(listed)
    async with serving(fresh_url) as service:
        released = (await service.series())["cluster_listing_held", LABELS]

    assert (held, released) == (1.0, 0.0)


async def test_records_that_cannot_be_read_are_counted_while_they_are_listed(fresh_url: str) -> None:
    """Those of the newest listing, not those of the past."""
    counts = []
    async with store_of(fresh_url, CLUSTER) as rig:
        for listed in ([record("b1"), record("b2", sizeBytes="much"), record("b3", createdAt="no")], records("b1")):
            await rig.merge(listed)
            async with serving(fresh_url) as service:
                counts.append((await service.series())["cluster_quarantined_records", LABELS])

    assert counts == [2.0, 0.0]


async def test_what_discoveries_found_is_told(discovered: World) -> None:
    """Each source with its age and outcome, and who is left out."""
    await discovered.sweep()

    async with serving(discovered.url) as service:
        series = await service.series()

    source = "folder opensearch b1gfolder"
    assert 0 <= series["discovery_observation_age_seconds", source] < 60
    assert (series["discovery_clusters", source], series["discovery_throttles", source]) == (2.0, 0.0)
    assert series["discovery_outcome", "folder complete opensearch b1gfolder"] == 1.0
    assert (series["clusters", "unlisted true"], series["clusters", "excluded false"]) == (1.0, 1.0)


async def test_a_weakened_schedule_shows_until_it_changes_again(discovered: World) -> None:
    """Its newest change counts."""
    name = "cluster_schedule_weakened_timestamp_seconds"
    shown = []

    for period in ("hourly", "weekly", "daily"):
        discovered.emulator.fleet.edit_cluster("c9qa", config=_schedule(period))
        await discovered.sweep()
        async with serving(discovered.url) as service:
            shown.append([labels for found, labels in await service.series() if found == name])

    assert shown == [[], ["c9qa c9qa opensearch"], []]


def _schedule(period: str) -> dict[str, object]:
    return {"snapshotManagement": {"snapshotSchedule": {period: {"day": "MON"} if period == "weekly" else {}}}}
