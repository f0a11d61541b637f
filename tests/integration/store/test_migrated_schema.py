"""What migrations make: it can be taken back and made again, and it explains itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from collector.store import migrations as module
from collector.store.migrations import Migration, find_migrations, migrate

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


DIRECTORY = Path(module.__file__).parents[2] / "migrations"
DEFINITIONS = """
SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('collector', 'inventory')) AND a.attnum > 0
UNION ALL
SELECT conrelid::regclass || pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('collector', 'inventory'))
UNION ALL
SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('collector', 'inventory'))
"""


async def _definitions(connection: Connection) -> set[str]:
    return {row[0] for row in await connection.fetch(DEFINITIONS)}


async def test_every_migration_can_be_taken_back_and_applied_again(database_url: str) -> None:
    """Up, down and up end where up ends, for each step; down leaves nothing of its own."""
    connection = await asyncpg.connect(database_url)
    for migration in find_migrations():
        await migrate(database_url, to=migration.version - 1) if migration.version > 1 else None
        before = await _definitions(connection)
        await migrate(database_url, to=migration.version)
        up = await _definitions(connection)

        await connection.execute(_down(migration))
        down = await _definitions(connection)
        await connection.execute("DELETE FROM collector.migration WHERE version = $1", migration.version)
        await migrate(database_url, to=migration.version)

        assert {each for each in down if "migration" not in each} == {
            each for each in before if "migration" not in each
        }
        assert await _definitions(connection) == up
    await connection.close()


def _down(migration: Migration) -> str:
    text = (DIRECTORY / f"{migration.version:04}_{migration.name}.sql").read_text()
    return text.split("-- migrate:down")[1]


async def test_tables_columns_of_views_and_functions_are_explained(fresh_url: str) -> None:
    """What readers meet has a comment."""
    connection = await asyncpg.connect(fresh_url)
    bare = await connection.fetch(
        "SELECT c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE n.nspname IN ('collector', 'inventory') AND c.relkind IN ('r', 'v') AND obj_description(c.oid) IS NULL "
        "UNION ALL SELECT p.proname FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace "
        "WHERE n.nspname IN ('collector', 'inventory') AND obj_description(p.oid) IS NULL"
    )
    await connection.close()

    assert [row[0] for row in bare] == []
