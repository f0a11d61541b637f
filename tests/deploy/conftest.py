"""A database in which clusters, sweeps and discoveries are in many states: for /metrics and for the dashboard."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import EmulatedCluster, Emulator, Fleet
from collector.errors import ServerFailed
from tests.builders import CLUSTER, OTHER, record, store_of
from tests.postgres import scratch_database
from tests.sweeping import World, backups


@pytest.fixture(scope="session")
async def varied_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield its address: CLUSTER has a gap and was held, OTHER is unreadable; a discovery found two of three others."""
    async with scratch_database(postgres, template=migrated_template) as url:
        await _list_badly(url)
        fleet = Fleet()
        for number, env in enumerate(("prod", "dev", "prod")):
            cluster = EmulatedCluster(id=f"c9q{number}", folder_id="b1gfolder", labels={"env": env}, name='a "b" \\\n')
            fleet.add_cluster(cluster, backups=backups(cluster.id, range(2)))
        async with Emulator(fleet) as emulator:
            world = World(emulator=emulator, url=url, clusters=(CLUSTER.id, OTHER.id))
            world.discovery = ({"folder": "b1gfolder", "labels": {"env": "prod"}}, {"folder": "b1gaway"})
            await world.sweep()
        yield url


async def _list_badly(url: str) -> None:
    async with store_of(url, CLUSTER, OTHER) as rig:
        now = datetime.now(UTC)
        made = [(now - timedelta(days=3, minutes=number)).isoformat() for number in range(20)]
        await rig.merge([record(f"b{number}", startedAt=at, createdAt=at) for number, at in enumerate(made)])
        await rig.merge([])
        await rig.merge([record("b1", cluster=OTHER, sizeBytes="much")], cluster=OTHER)
        await rig.store.record_failure(await rig.begin(OTHER), ServerFailed("500"))
        await rig.store.finish_sweep(rig.sweep_id, "partial", by_outcome={})
