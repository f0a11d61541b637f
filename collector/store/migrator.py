"""
The session of one migrator: alone, and ended by the server when nobody is behind it any more.

A polled session lock keeps starters apart: one that blocks holds a snapshot, for which CREATE INDEX CONCURRENTLY would
wait for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Final

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from collector.errors import DatabaseUnavailable
from collector.store.pool import CLOSE_S

if TYPE_CHECKING:
    from asyncpg import Connection, Record

LOCK_KEY: Final = 0x6261636B75703031
LOCK_WAIT_S: Final = 300.0
LOCK_POLL_S: Final = 0.1
STATEMENT_S: Final = 3600.0
IDLE_S: Final = 60.0
"""A migrator that is silent for so long is frozen: the server ends its session, and with it the lock."""
ORPHAN_S: Final = 2.0
"""How often the server asks, within a statement, whether its migrator is still there."""

_SET: Final = "SELECT set_config(name, value, false) FROM unnest($1::text[], $2::text[]) AS v (name, value)"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection[Record]]:
    """Connect to the server that can be written. Raises what asyncpg raises."""
    connection = await asyncpg.connect(
        url,
        timeout=10,
        command_timeout=STATEMENT_S,
        statement_cache_size=0,
        server_settings={"application_name": "backup-inventory-collector migrate"},
        target_session_attrs=SessionAttribute.read_write,
    )
    try:
        yield connection
    finally:
        try:
            await connection.close(timeout=CLOSE_S)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()


async def _limit(connection: Connection[Record]) -> None:
    """Let no session wait long for readers, nor outlive its migrator, whether that was killed or is frozen."""
    frozen = f"{IDLE_S:.3f}s"
    limits = {"lock_timeout": "5s", "idle_session_timeout": frozen, "idle_in_transaction_session_timeout": frozen}
    await connection.execute(_SET, list(limits), list(limits.values()))
    # A server whose system cannot tell takes no such value.
    with suppress(asyncpg.InvalidParameterValueError):
        await connection.execute(_SET, ["client_connection_check_interval"], [f"{ORPHAN_S:.3f}s"])


@asynccontextmanager
async def alone(connection: Connection[Record]) -> AsyncIterator[None]:
    """
    Hold the lock of all migrators, which ends with the connection.

    Raises:
        DatabaseUnavailable: another holds it for more than `LOCK_WAIT_S`.
    """
    await _limit(connection)
    for _ in range(round(LOCK_WAIT_S / LOCK_POLL_S)):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
            yield
            return
        await asyncio.sleep(LOCK_POLL_S)
    message = f"another migration holds the lock for more than {LOCK_WAIT_S:.0f} s"
    raise DatabaseUnavailable(message)
