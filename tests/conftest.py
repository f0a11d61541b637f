"""Fixtures for every test: a PostgreSQL server, and databases on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest
from hypothesis import settings

from collector.embedded import EmbeddedServer
from tests.postgres import TEMPLATE, scratch_database, scratch_server, seal_template

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


# A busy machine is no fault of what is tested.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


COSTLY: Final = ("inventory", "history", "window", "inventory_url", "own_server", "shelf", "story")
"""Fixtures that take seconds to set up and serve many tests."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share a costly fixture in one process, so that it is set up once."""
    for item in items:
        for name in COSTLY:
            if name in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.xdist_group(name))
                break


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """Yield this run's server, started when a test first asks. A test that stops or breaks one starts its own."""
    with scratch_server() as server:
        yield server


@pytest.fixture
async def database_url(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """Yield the URL of a fresh, empty database."""
    async with scratch_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
async def migrated_template(postgres: EmbeddedServer) -> str:
    """Return the name of a database with all migrations applied, made once; nobody connects to it."""
    from collector.store.migrations import migrate

    await migrate(postgres.create_database(TEMPLATE))
    await seal_template(postgres, TEMPLATE)
    return TEMPLATE


@pytest.fixture
async def migrated_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield the URL of a fresh database with all migrations applied."""
    async with scratch_database(postgres, template=migrated_template) as url:
        yield url


@pytest.fixture
async def db(migrated_url: str) -> AsyncIterator[Connection]:
    """Yield a connection to a fresh migrated database, with asyncpg's own codecs."""
    connection = await asyncpg.connect(migrated_url)
    try:
        yield connection
    finally:
        await connection.close()
