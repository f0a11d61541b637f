"""What a running service writes is to promtool's taste, whatever state clusters, sweeps and discoveries are in."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator

import pytest

from collector.emulator import EmulatedCluster, Emulator, Fleet
from collector.errors import ServerFailed
from tests.builders import CLUSTER, OTHER, record, records, store_of
from tests.serving import serving
from tests.sweeping import World, backups
from tests.tools import need


@pytest.fixture
async def varied(migrated_url: str) -> AsyncIterator[str]:
    """Yield a database with a bit of everything: held, partial, failed and never listed clusters, a discovery."""
    async with store_of(migrated_url, CLUSTER, OTHER) as rig:
        await rig.merge(records(*(f"b{number}" for number in range(20))))
        await rig.merge([record("b1", sizeBytes="much")])
        await rig.store.record_failure(await rig.begin(OTHER), ServerFailed("500"))
        await rig.store.finish_sweep(rig.sweep_id, "partial", by_outcome={})
    fleet = Fleet()
    for number, env in enumerate(("prod", "dev", "prod")):
        cluster = EmulatedCluster(id=f"c9q{number}", folder_id="b1gfolder", labels={"env": env}, name='a "name" \\\n')
        fleet.add_cluster(cluster, backups=backups(cluster.id, range(2)))
    async with Emulator(fleet) as emulator:
        world = World(emulator=emulator, url=migrated_url, clusters=(CLUSTER.id,))
        world.discovery = ({"folder": "b1gfolder", "labels": {"env": "prod"}}, {"folder": "b1gaway"})
        await world.sweep()
        yield migrated_url


async def test_promtool_likes_what_the_service_writes(varied: str) -> None:
    """Well formed, and named and explained as Prometheus' conventions want it."""
    async with serving(varied) as service:
        text = (await service.ask("/metrics")).text
        series = await service.series()

    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs here
        [need("promtool"), "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert series["cluster_listing_held", "c9qcluster  opensearch"] == 1.0
    assert series["discovery_outcome", "folder failed opensearch b1gaway"] == 1.0
    assert series["clusters", "excluded false"] == 1.0
    assert series["last_sweep_outcome", "partial"] == 1.0
