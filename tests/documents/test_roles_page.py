"""The statements of the how-to on roles give the rights that it says, on a database by the name that it uses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.store.migrations import migrate
from tests.documents.pages import page

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PAGE: Final = page("docs/howto/roles.md")
LOGINS: Final = ("inventory_migrator", "inventory_sweeper", "inventory_reader")
RIGHTS: Final = """
SELECT
    has_table_privilege('inventory_sweeper', 'collector.backup', 'SELECT')
    AND has_table_privilege('inventory_sweeper', 'collector.backup', 'INSERT')
    AND has_table_privilege('inventory_sweeper', 'collector.backup', 'UPDATE')
    AND has_sequence_privilege('inventory_sweeper', 'collector.listing_id_seq', 'USAGE') AS sweeper_writes,
    has_table_privilege('inventory_sweeper', 'collector.backup', 'DELETE')
    OR has_table_privilege('inventory_sweeper', 'collector.migration', 'UPDATE')
    OR has_database_privilege('inventory_sweeper', 'inventory', 'TEMPORARY') AS sweeper_has_more,
    has_table_privilege('inventory_sweeper', 'inventory.freshness', 'SELECT') AS sweeper_reads,
    has_schema_privilege('inventory_reader', 'inventory', 'USAGE')
    AND has_table_privilege('inventory_reader', 'inventory.backups', 'SELECT')
    AND has_function_privilege('inventory_reader', 'inventory.rfc3339(timestamptz, smallint)', 'EXECUTE')
    AS reader_reads,
    has_schema_privilege('inventory_reader', 'collector', 'USAGE') AS reader_has_more
"""
RIGHT: Final = {
    "sweeper_writes": True,
    "sweeper_has_more": False,
    "sweeper_reads": True,
    "reader_reads": True,
    "reader_has_more": False,
}


@pytest.fixture
async def inventory_db(postgres: EmbeddedServer) -> AsyncIterator[Connection]:
    """Yield a migrated database by the name that the page uses; its logins go with it."""
    url = postgres.create_database("inventory")
    await migrate(url)
    connection = await asyncpg.connect(url)
    yield connection
    for name in LOGINS:
        if await connection.fetchval("SELECT to_regrole($1) IS NOT NULL", name):
            await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    await connection.close()
    administrator = await asyncpg.connect(postgres.url)
    await administrator.execute("DROP DATABASE inventory")
    await administrator.close()


def statements(mark: str) -> str:
    """Find the page's block with this mark."""
    (block,) = [block for block in PAGE.blocks("sql") if block.mark == mark]
    return block.text


async def test_members_of_the_roles_have_their_rights(inventory_db: Connection) -> None:
    """On a server of one's own."""
    for mark in ("roles", "database", "grants"):
        await inventory_db.execute(statements(mark))

    row = await inventory_db.fetchrow(RIGHTS)
    owns = await inventory_db.fetchval("SELECT pg_has_role('inventory_migrator', 'collector_owner', 'USAGE')")

    assert row is not None
    assert dict(row) == RIGHT
    assert owns


async def test_roles_by_other_names_have_the_same_rights(inventory_db: Connection) -> None:
    """Where the provider makes users, and no migration can know their names."""
    await inventory_db.execute("CREATE ROLE inventory_sweeper LOGIN; CREATE ROLE inventory_reader LOGIN")
    before = await inventory_db.fetchrow(RIGHTS)

    await inventory_db.execute(statements("managed"))

    after = await inventory_db.fetchrow(RIGHTS)
    assert before is not None
    assert not any(before)
    assert after is not None
    assert dict(after) == RIGHT
