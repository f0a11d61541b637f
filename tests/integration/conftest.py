"""
Fixtures for tests against real sockets and a real PostgreSQL.

Making a database takes longer than most tests here, so they follow each other in one, which is emptied before each.
A test that changes more than rows takes `fresh_url`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest
import stamina

from collector.embedded import EmbeddedServer
from collector.emulator import Emulator
from tests.builders import Rig, store_of
from tests.deleting import CLUSTERS, FOLDER
from tests.postgres import scratch_database
from tests.proxy import Proxy
from tests.sweeping import World, backups, fleet_of

EMPTY = """
TRUNCATE collector.quarantine, collector.backup_change, collector.backup, collector.index_set, collector.listing,
    collector.cluster, collector.sweep, collector.cluster_change, collector.discovered_cluster, collector.discovery,
    collector.discovery_source RESTART IDENTITY;
ALTER SEQUENCE collector.listing_id_seq RESTART;
ALTER SEQUENCE collector.discovery_id_seq RESTART;
"""


@pytest.fixture(scope="session")
async def lasting_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield the URL of a migrated database that many tests use, one after the other."""
    async with scratch_database(postgres, template=migrated_template) as url:
        yield url


@pytest.fixture
async def migrated_url(lasting_url: str) -> str:
    """Return the URL of a database with all migrations applied and no rows."""
    connection = await asyncpg.connect(lasting_url)
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()
    return lasting_url


@pytest.fixture
async def fresh_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield the URL of a migrated database of the test's own."""
    async with scratch_database(postgres, template=migrated_template) as url:
        yield url


@pytest.fixture
async def rig(migrated_url: str) -> AsyncIterator[Rig]:
    """Yield a store on an empty database, with two registered clusters."""
    async with store_of(migrated_url) as rig:
        yield rig


@pytest.fixture
def _hurried() -> Iterator[None]:
    """Retry as often as the program does, without its pauses."""
    with stamina.set_testing(testing=True, attempts=20, cap=True):
        yield


@pytest.fixture
async def proxy(migrated_url: str) -> AsyncIterator[Proxy]:
    """Yield a proxy in front of the database."""
    async with Proxy(migrated_url) as proxy:
        yield proxy


@pytest.fixture
async def world(migrated_url: str) -> AsyncIterator[World]:
    """Yield three clusters of twenty-five backups each, and a database."""
    async with Emulator(fleet_of(c9qa=25, c9qb=25, c9qc=25)) as emulator:
        yield World(emulator=emulator, url=migrated_url, clusters=CLUSTERS)


@pytest.fixture
def _one_folder(world: World) -> None:
    """Let the configuration name the folder that the three clusters are in, and their backups too."""
    world.folders = dict.fromkeys(CLUSTERS, FOLDER)
    for cluster_id in CLUSTERS:
        for each in backups(cluster_id, range(25), folder_id=FOLDER):
            world.emulator.fleet.replace_backup(cluster_id, each)
