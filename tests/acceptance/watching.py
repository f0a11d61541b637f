"""What a test waits for, asked again and again within a limit; and what a process must have left behind: nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

PATIENCE_S: Final = 30.0
POLL_S: Final = 0.01

# Connections of the tests bear no name.
_OURS: Final = "datname = current_database() AND pid <> pg_backend_pid() AND application_name <> ''"


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until a condition holds; one that never does fails the test."""
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(POLL_S)


async def blocked(db: Connection, count: int = 1) -> None:
    """Wait until so many of the program's backends wait for a lock."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE {_OURS} AND wait_event_type = 'Lock'"  # noqa: S608 - ours

    async def are_blocked() -> bool:
        await db.execute("SELECT pg_stat_clear_snapshot()")  # a transaction would be shown the same again and again
        return bool(await db.fetchval(query) >= count)

    await until(are_blocked)


async def is_in_transaction(db: Connection) -> bool:
    """Tell whether one of the program's backends has a transaction open."""
    query = f"SELECT count(*) FROM pg_stat_activity WHERE {_OURS} AND xact_start IS NOT NULL"  # noqa: S608 - ours
    await db.execute("SELECT pg_stat_clear_snapshot()")
    return bool(await db.fetchval(query))


async def left(db: Connection) -> None:
    """Wait until none of the program's backends is left, and with them no lock."""
    backends = f"SELECT count(*) FROM pg_stat_activity WHERE {_OURS}"  # noqa: S608 - ours
    locks = (
        "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )

    async def are_gone() -> bool:
        return not (await db.fetchval(backends) or await db.fetchval(locks))

    await until(are_gone)
