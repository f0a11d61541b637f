"""Migrations: applied once, by one of many, forward and back, and never on a schema that is not theirs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
import pytest

from collector.config.database import DatabaseSettings
from collector.embedded import EmbeddedServer
from collector.errors import DatabaseError, SchemaError
from collector.store import migrations as module
from collector.store import prepare_schema
from collector.store.migrations import Migration, find_migrations, migrate, read_migrations, read_plan
from collector.store.migrator import LOCK_KEY
from tests.builders import open_store
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

DIRECTORY = Path(module.__file__).parents[2] / "migrations"
NEWEST = len(find_migrations())


def made(*statements: str) -> tuple[Migration, ...]:
    """Make migrations of these statements, numbered from 1."""
    return tuple(
        Migration(version=number, name=f"m{number}", checksum=text, statements=text, transactional=True)
        for number, text in enumerate(statements, start=1)
    )


async def _applied(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT version FROM collector.migration ORDER BY version")
    finally:
        await connection.close()
    return [row[0] for row in rows]


async def test_eight_starters_at_once_apply_each_migration_once(database_url: str) -> None:
    """One does the work, seven find nothing to do, nobody fails."""
    plans = await asyncio.gather(*(migrate(database_url) for _ in range(8)))

    assert sorted(len(plan.pending) for plan in plans) == [0] * 7 + [NEWEST]
    assert await _applied(database_url) == list(range(1, NEWEST + 1))


async def test_an_installation_gets_one_id_for_good(database_url: str) -> None:
    """All starters see the same one, migrating again keeps it, and there cannot be a second."""
    await asyncio.gather(*(migrate(database_url) for _ in range(3)))
    first = (await read_plan(database_url)).installation
    await migrate(database_url)
    again = (await read_plan(database_url)).installation
    connection = await asyncpg.connect(database_url)
    for row in ("DEFAULT VALUES", "(is_only) VALUES (false)"):
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await connection.execute(f"INSERT INTO collector.installation {row}")
    await connection.close()

    assert isinstance(first, UUID)
    assert first == again


async def test_two_databases_are_two_installations(database_url: str, postgres: EmbeddedServer) -> None:
    """The id is chance, not the migration's: no other database of the server has it."""
    async with scratch_database(postgres) as url:
        plans = [(await migrate(each), await read_plan(each))[1] for each in (url, database_url)]

    assert plans[0].installation != plans[1].installation


async def test_migrations_that_lead_to_another_installation_are_not_applied(database_url: str) -> None:
    """`migrate_url` may lead elsewhere than `url`; the check is made under the lock, before anything is written."""
    await migrate(database_url, to=1)

    with pytest.raises(SchemaError, match="is no installation yet"):
        await migrate(database_url, installation=uuid4())

    assert await _applied(database_url) == [1]


async def test_migrating_again_changes_nothing(migrated_url: str) -> None:
    """The second time there is nothing to do."""
    plan = await migrate(migrated_url)

    assert (plan.applied, plan.pending) == (NEWEST, ())


async def test_a_migrator_that_is_killed_leaves_whole_migrations_only(database_url: str) -> None:
    """What it was at is undone, what it had finished stays, and the next starter goes on from there."""
    steps = made("CREATE TABLE first (x int)", "CREATE TABLE second (x int); SELECT pg_sleep(30)")
    killed = asyncio.create_task(migrate(database_url, migrations=steps))
    admin = await asyncpg.connect(database_url)
    async with asyncio.timeout(10):
        while not await admin.fetchval(  # noqa: ASYNC110 - the server tells nobody
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND query LIKE '%pg_sleep(30)%' AND pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.01)
    with pytest.raises(DatabaseError):
        await killed

    between = await admin.fetchval("SELECT to_regclass('first') IS NOT NULL AND to_regclass('second') IS NULL")
    plan = await migrate(database_url, migrations=made(steps[0].statements, "CREATE TABLE second (x int)"))

    await admin.close()
    assert between
    assert [migration.version for migration in plan.pending] == [2]


async def test_a_migration_that_fails_leaves_nothing_of_itself(database_url: str) -> None:
    """Neither its tables nor its row; the ones before stay."""
    with pytest.raises(DatabaseError, match="42P01"):
        await migrate(
            database_url, migrations=made("CREATE TABLE a (x int)", "CREATE TABLE b (x int); SELECT 1 FROM nowhere")
        )

    assert await _applied(database_url) == [1]
    connection = await asyncpg.connect(database_url)
    left = await connection.fetchval("SELECT to_regclass('b')")
    await connection.close()
    assert left is None


async def test_the_lock_is_polled_and_given_back(database_url: str) -> None:
    """A starter waits while another holds it, and holds none when it is done."""
    holder = await asyncpg.connect(database_url)
    await holder.fetchval("SELECT pg_advisory_lock($1)", LOCK_KEY)
    waiting = asyncio.create_task(migrate(database_url))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    sessions = await holder.fetch(
        "SELECT wait_event_type FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND backend_type = 'client backend'"
    )

    await holder.fetchval("SELECT pg_advisory_unlock($1)", LOCK_KEY)
    plan = await waiting

    locks = await holder.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
    await holder.close()
    assert done == set()
    assert {row[0] for row in sessions} == {"Client"}
    assert len(plan.pending) == NEWEST
    assert locks == 0


async def test_a_statement_that_cannot_run_in_a_transaction_does_not_wait_for_other_starters(
    database_url: str, tmp_path: Path
) -> None:
    """CREATE INDEX CONCURRENTLY waits for all snapshots; who polls for the lock holds none."""
    (tmp_path / "0001_create_table.sql").write_text("-- 0001\n-- migrate:up\nCREATE TABLE t (x int);\n")
    (tmp_path / "0002_create_index.sql").write_text(
        "-- 0002\n-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY i ON t (x);\n"
    )
    steps = read_migrations(tmp_path)

    async with asyncio.timeout(20):
        plans = await asyncio.gather(*(migrate(database_url, migrations=steps) for _ in range(4)))

    assert sorted(len(plan.pending) for plan in plans) == [0, 0, 0, 2]


async def test_an_edited_file_is_refused(fresh_url: str) -> None:
    """What was released is never changed: neither migrating nor working on it goes on."""
    connection = await asyncpg.connect(fresh_url)
    await connection.execute("UPDATE collector.migration SET checksum = 'other' WHERE version = 2")
    await connection.close()

    for attempt in (migrate, read_plan):
        with pytest.raises(SchemaError, match=r"migration 2 \(create_inventory\) differs"):
            await attempt(fresh_url)
    with pytest.raises(SchemaError, match="differs"):
        await open_store(fresh_url).open()


async def test_a_newer_schema_is_refused(fresh_url: str) -> None:
    """An older program writes nothing into a schema it does not know."""
    connection = await asyncpg.connect(fresh_url)
    await connection.execute("INSERT INTO collector.migration VALUES (99, 'later', 'x', '9.9')")
    await connection.close()

    for attempt in (migrate, read_plan):
        with pytest.raises(SchemaError, match=f"version 99, newer than this program knows \\({NEWEST}\\)"):
            await attempt(fresh_url)
    with pytest.raises(SchemaError, match="newer"):
        await open_store(fresh_url).open()


async def test_migrating_stops_at_the_version_asked_for(database_url: str) -> None:
    """And goes on from there."""
    first = await migrate(database_url, to=1)
    again = await migrate(database_url, to=1)
    rest = await migrate(database_url)

    assert [migration.version for migration in first.pending] == [1]
    assert again.pending == ()
    assert [migration.version for migration in rest.pending] == list(range(2, NEWEST + 1))


@pytest.mark.parametrize("version", [0, -1, NEWEST + 1])
async def test_an_unknown_version_is_refused(database_url: str, version: int) -> None:
    """Before anything is done."""
    with pytest.raises(SchemaError, match=f"no migration {version}; the newest is {NEWEST}"):
        await migrate(database_url, to=version)


async def test_an_older_schema_is_not_worked_on(database_url: str) -> None:
    """The store says what to run."""
    await migrate(database_url, to=1)

    with pytest.raises(SchemaError, match=r"at version 1 and .* pending: run `collector migrate`"):
        await open_store(database_url).open()


@pytest.mark.parametrize("automatic", ["yes", "no"])
async def test_pending_migrations_are_applied_only_where_the_configuration_allows(
    database_url: str, automatic: str
) -> None:
    """Otherwise a person is told, and nothing is touched."""
    settings = DatabaseSettings(auto_migrate=automatic == "yes", wait_s=1.0)

    if automatic == "yes":
        assert len((await prepare_schema(database_url, settings)).pending) == NEWEST
        assert (await prepare_schema(database_url, settings)).pending == ()
    else:
        with pytest.raises(SchemaError, match=r"database\.auto_migrate"):
            await prepare_schema(database_url, settings)
        assert (await read_plan(database_url)).applied == 0


async def test_reading_the_plan_changes_nothing(database_url: str) -> None:
    """Not even the schema of the migrations themselves is made."""
    plan = await read_plan(database_url)

    connection = await asyncpg.connect(database_url)
    exists = await connection.fetchval("SELECT to_regnamespace('collector') IS NOT NULL")
    await connection.close()
    assert (plan.applied, len(plan.pending)) == (0, NEWEST)
    assert not exists
