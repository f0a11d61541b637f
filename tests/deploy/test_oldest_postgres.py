"""The oldest PostgreSQL that is supported: the schema, a sweep and every view. `./dev postgres` runs far more on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer, binaries_in
from collector.embedded.binaries import MAJOR_MIN
from collector.emulator import Emulator
from collector.store.migrations import migrate
from tests.postgres import scratch_server
from tests.sweeping import World, fleet_of, outcomes_of, states_by_cluster
from tests.tools import need

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PUBLIC: Final = "SELECT viewname::text FROM pg_views WHERE schemaname = 'inventory' ORDER BY 1"


@pytest.fixture(scope="module")
def oldest() -> Iterator[EmbeddedServer]:
    """Yield a server of the oldest major."""
    with scratch_server(binaries_in(need(f"postgresql-{MAJOR_MIN}"))) as server:
        yield server


@pytest.fixture(scope="module")
async def swept(oldest: EmbeddedServer) -> AsyncIterator[Connection]:
    """Yield a database on it after two sweeps, between which one backup went and one came."""
    url = oldest.create_database("swept")
    await migrate(url)
    async with Emulator(fleet_of(c9qa=12, c9qb=12)) as emulator:
        world = World(emulator=emulator, url=url, clusters=("c9qa", "c9qb"))
        first = await world.sweep()
        emulator.fleet.remove_backup("c9qa", "b4")
        second = await world.sweep()
    assert outcomes_of(first) == outcomes_of(second) == {"c9qa": "complete", "c9qb": "complete"}
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def test_the_oldest_postgresql_keeps_the_inventory(swept: Connection) -> None:
    """What was listed is live, what went is missing."""
    states = await states_by_cluster(swept)

    assert swept.get_server_version().major == MAJOR_MIN
    assert states == {"c9qa": {"live": 11, "missing": 1}, "c9qb": {"live": 12}}


async def test_every_view_answers_on_the_oldest_postgresql(swept: Connection) -> None:
    """Each view and the function about the past, every column of them, and those about backups with rows."""
    views = [row[0] for row in await swept.fetch(PUBLIC)]
    views.append("backups_at(now())")

    counts = {
        view: len(await swept.fetch(f"SELECT * FROM inventory.{view}"))  # noqa: S608 - the database's own names
        for view in views
    }

    assert len(counts) > 10
    assert counts["backups"] == counts["backups_at(now())"] == 24
    assert counts["freshness"] == counts["clusters"] == 2
