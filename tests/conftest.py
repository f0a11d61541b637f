"""Fixtures for every test: a PostgreSQL server, and databases on it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from collector.embedded import EmbeddedServer
from tests.postgres import TEMPLATE, scratch_database, scratch_server, seal_template

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


# A busy machine is no fault of what is tested.
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")


TOGETHER: Final = {
    "tests/acceptance/test_deletion_matrix.py": "story",
    "tests/browser/test_page.py": "window",
    "tests/deploy/test_oldest_postgres.py": "oldest",
    "tests/deploy/test_supply_chain.py": "shelf",
    "tests/deploy/test_upgrades.py": "today",
    "tests/documents/test_queries.py": "inventory",
    "tests/documents/test_restore.py": "inventory",
    "tests/documents/test_schema_dumps.py": "migrated",
    "tests/integration/serve/test_page.py": "inventory_url",
    "tests/integration/store/test_analysis_plans.py": "history",
    "tests/integration/store/test_faults.py": "own_server",
    "tests/integration/store/test_page_plans.py": "pool",
}
"""Modules whose tests share a fixture that takes seconds to set up, by its name: one process runs them all."""


class Together(LoadScopeScheduling):  # type: ignore[misc]  # the library has no types
    """
    Shares the tests out one by one, but for those that belong together.

    `xdist_group` marks would do, were they not without effect on this pytest (xdist 3.8 writes to `Item._nodeid`).
    """

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER.get(nodeid.partition("::")[0], nodeid)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together:
    """Let xdist use it."""
    return Together(config, log)


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
