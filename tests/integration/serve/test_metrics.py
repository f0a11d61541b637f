"""/metrics tells what the database says at the moment of the scrape, of clusters that are there, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.records import Cluster, ClusterId, Counts, ListingResult, Summary, Traffic
from collector.sweeping import Swept
from tests.builders import CLUSTER, OTHER, record, register, store_of
from tests.proxy import Proxy
from tests.serving import serving

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
