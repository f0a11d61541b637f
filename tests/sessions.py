"""Who is connected to a database, and who waits for a lock: what tests of connections look at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from collector.store.pool import APPLICATION_NAME

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def end_sessions(db: Connection) -> None:
    """End all other sessions on this database, as an administrator would."""
    await db.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def until_waiting(db: Connection) -> None:
    """Wait until a session of the store waits for a lock."""
    query = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = $1 AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(5):
        while not await db.fetchval(query, APPLICATION_NAME):
            await db.execute("SELECT pg_stat_clear_snapshot()")
            await asyncio.sleep(0)


async def sessions_of(admin: Connection, database: str) -> set[int]:
    """Read which of the store's sessions are connected to a database."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = $2"
    return {row[0] for row in await admin.fetch(query, database, APPLICATION_NAME)}


async def gone(admin: Connection, name: str) -> set[int]:
    """Read who is still connected; a session that was closed needs a moment to end."""
    for _ in range(200):
        left = await sessions_of(admin, name)
        if not left:
            return left
        await asyncio.sleep(0.005)
    return await sessions_of(admin, name)
