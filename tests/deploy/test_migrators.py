"""Several `collector migrate` at once, one that is killed, one that is frozen: the schema is made once and whole."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.store.migrations import find_migrations, migrate
from tests.acceptance.program import ROOT, Program, end_of
from tests.acceptance.watching import blocked, left

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NEWEST: Final = len(find_migrations())
LOCK: Final = 4242

TRIPWIRE: Final = """
CREATE FUNCTION public.wait() RETURNS event_trigger
LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4242);
END
$$;
CREATE EVENT TRIGGER tripwire ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION public.wait();
"""
"""The first view belongs to a migration that has made other things before it."""

FROZEN_EARLY: Final = """
import asyncio, sys
from collector.store import migrations, migrator
migrator.IDLE_S = 0.5
asyncio.run(migrations.migrate(sys.argv[1]))
"""
"""The migrator as it is, but for the time that it may be silent."""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return the program with an empty home."""
    return Program(home=tmp_path)


@pytest.fixture
async def empty(database_url: str) -> AsyncIterator[Connection]:
    """Yield a connection to an empty database in which no view can be made while it holds a lock, as it does."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(TRIPWIRE)
        await connection.execute(f"SELECT pg_advisory_lock({LOCK})")
        yield connection
    finally:
        await connection.close()


async def applied(db: Connection) -> list[int]:
    """Read the versions that are recorded."""
    return [row[0] for row in await db.fetch("SELECT version FROM collector.migration ORDER BY applied_at, version")]


async def test_of_eight_migrators_one_applies_and_all_succeed(program: Program, database_url: str) -> None:
    """Seven say that there was nothing to do."""
    program.write_config(["c9qa"], url=database_url)

    ended = await asyncio.gather(*(program.run("migrate") for _ in range(8)))

    assert [each.code for each in ended] == [0] * 8
    assert sorted(each.stdout.count("0001") for each in ended) == [0] * 7 + [1]


async def test_the_next_migrator_goes_on_where_one_was_killed(
    program: Program, database_url: str, empty: Connection
) -> None:
    """A kill -9 in the middle of a migration leaves the ones before it, nothing of its own, and soon no lock."""
    program.write_config(["c9qa"], url=database_url)
    process = await program.start("migrate")
    await blocked(empty)

    process.kill()
    await process.wait()
    await left(empty)
    between, has_views = await applied(empty), await empty.fetchval("SELECT to_regnamespace('inventory') IS NOT NULL")
    await empty.execute(f"SELECT pg_advisory_unlock({LOCK})")
    next_one = await program.run("migrate")

    assert (between, has_views) == ([1], False)
    assert next_one.code == 0
    assert await applied(empty) == list(range(1, NEWEST + 1))


async def test_a_frozen_migrator_loses_its_lock(database_url: str, empty: Connection) -> None:
    """One that is stopped in the middle holds up the others only as long as it may be silent, and spoils nothing."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FROZEN_EARLY, database_url, cwd=ROOT, stderr=asyncio.subprocess.PIPE
    )
    try:
        await blocked(empty)
        process.send_signal(signal.SIGSTOP)
        await empty.execute(f"SELECT pg_advisory_unlock({LOCK})")

        async with asyncio.timeout(20):
            plan = await migrate(database_url)
    finally:
        process.send_signal(signal.SIGCONT)
    woken = await end_of(process)
    assert [migration.version for migration in plan.pending] == list(range(2, NEWEST + 1))
    assert woken.code != 0
    assert "DatabaseUnavailable" in woken.stderr
    assert await applied(empty) == list(range(1, NEWEST + 1))
