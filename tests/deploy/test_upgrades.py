"""From every schema that was ever kept, with rows in it, to the schema of today."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import pytest

from collector.embedded import EmbeddedServer
from collector.store.migrations import find_migrations, migrate
from tests.postgres import scratch_database
from tests.schema_dumps import dump_database, dump_file, fill_first, restore

NEWEST: Final = len(find_migrations())

# PostgreSQL sets more of them where it words an expression from its source than where from a dump.
PARENTHESES: Final = str.maketrans("", "", "()")


@pytest.fixture(scope="module")
async def today(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """Yield the dump of a database that went through all migrations with its rows."""
    async with scratch_database(postgres) as url:
        await fill_first(url)
        await migrate(url)
        yield await dump_database(url)


@pytest.mark.parametrize("version", range(1, NEWEST + 1))
async def test_every_kept_schema_becomes_today_s(database_url: str, today: str, version: int) -> None:
    """Structure and rows; only what was missing is applied."""
    await restore(database_url, dump_file(version).read_text(encoding="utf-8"))

    plan = await migrate(database_url)

    upgraded = await dump_database(database_url)
    assert (plan.applied, len(plan.pending)) == (version, NEWEST - version)
    assert upgraded.translate(PARENTHESES) == today.translate(PARENTHESES)
