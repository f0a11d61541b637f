"""Migrations: applied once, by one of many, forward and back, and never on a schema that is not theirs."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.config.model import DatabaseSettings
from collector.errors import DatabaseError, SchemaError
from collector.store import migrations as module
from collector.store import prepare_schema
from collector.store.migrations import LOCK_KEY, Migration, find_migrations, migrate, read_migrations, read_plan
from tests.builders import open_store

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
    """One does the work, seven find nothing to do, nobody fails (E14)."""
    plans = await asyncio.gather(*(migrate(database_url) for _ in range(8)))

    assert sorted(len(plan.pending) for plan in plans) == [0] * 7 + [NEWEST]
    assert await _applied(database_url) == list(range(1, NEWEST + 1))


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
    """An older program writes nothing into a schema it does not know (E13)."""
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


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.sql")), ids=lambda path: path.stem)
def test_a_migration_says_why_and_what_it_locks(path: Path) -> None:
    """And has one way up and one down, in that order."""
    text = path.read_text()

    assert re.match(rf"-- {path.name[:4]}: [^\n]+\.\n--\n-- Why: ", text)
    assert re.search(r"^-- Locks: ", text, re.MULTILINE)
    assert re.findall(r"^-- migrate:(\w+)", text, re.MULTILINE) == ["up", "down"]


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


GOOD = "-- 0001: x.\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n"


def test_only_the_way_up_is_run(tmp_path: Path) -> None:
    """The checksum is of the whole file, whatever ends its lines."""
    (tmp_path / "0001_select_one.sql").write_text(GOOD)
    (migration,) = read_migrations(tmp_path)
    (tmp_path / "0001_select_one.sql").write_bytes(GOOD.replace("\n", "\r\n").encode())
    (again,) = read_migrations(tmp_path)

    assert (migration.version, migration.name, migration.statements) == (1, "select_one", "SELECT 1;")
    assert migration.transactional
    assert again.checksum == migration.checksum


@pytest.mark.parametrize(
    "names, text",
    [
        (["0002_select_one.sql"], GOOD),
        (["0001_a.sql", "0003_b.sql"], GOOD),
        (["0001_a.sql", "0001_b.sql"], GOOD),
        (["1_a.sql"], GOOD),
        (["0001_A.sql"], GOOD),
        (["0001_a.sql"], "SELECT 1;"),
        ([], GOOD),
    ],
    ids=["from-two", "gap", "double", "short-number", "upper-case", "no-marker", "none"],
)
def test_a_directory_that_is_not_in_order_is_refused(tmp_path: Path, names: list[str], text: str) -> None:
    """Before any of it is run."""
    for name in names:
        (tmp_path / name).write_text(text)

    with pytest.raises(SchemaError):
        read_migrations(tmp_path)


def test_the_checkout_runs_its_own_migrations() -> None:
    """They lie beside the program."""
    assert [migration.version for migration in find_migrations()] == list(range(1, NEWEST + 1))
    assert len(list(DIRECTORY.glob("*.sql"))) == NEWEST


def test_an_installed_program_runs_those_it_came_with(tmp_path: Path) -> None:
    """In the wheel they lie inside the package, and win over any directory that happens to stand beside it."""
    package = tmp_path / "site" / "collector"
    (tmp_path / "site").mkdir()
    subprocess.run(["/bin/cp", "-r", str(DIRECTORY.parent / "collector"), str(package)], check=True)
    (package / "_migrations").mkdir()
    (package / "_migrations" / "0001_select_one.sql").write_text(GOOD)
    code = "from collector.store.migrations import find_migrations; print([m.name for m in find_migrations()])"

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", check=True, capture_output=True, text=True
    ).stdout

    assert shown.strip() == "['select_one']"
