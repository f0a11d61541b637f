"""
Connections to PostgreSQL, with a bound on every wait.

asyncpg's own defaults wait a minute for a frozen server; here each connect, statement,
lock and close has its limit, and what passes it is broken off. Instants travel as integers
(microseconds since 2000-01-01): the default codec writes the first and last instants as infinities.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from collector.errors import DatabaseRefused, SchemaError
from collector.store.translate import translated

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from collector.config import DatabaseSettings

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

CLOSE_S: Final = 2.0
CONNECTION_AGE_S: Final = 1800.0
APPLICATION_NAME: Final = "backup-inventory-collector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a pool is for."""

    connections_min: int = 1
    """0: it connects when it is first asked, so that it may be opened while the server is away."""
    attributes: SessionAttribute = SessionAttribute.read_write
    """Of several servers, which one is looked for."""
    application_name: str = APPLICATION_NAME
    """What the server shows as whose sessions these are."""
    reads_only: bool = False
    """Whether the server is to refuse writes."""


SWEEPING: Final = Use()
"""Writes all that a sweep finds."""
KEEPING: Final = Use(connections_min=0)
"""Small writes of a process that outlives its database."""
ASKING: Final = Use(connections_min=0, attributes=SessionAttribute.any)
"""The same, of any server: to learn whether it takes writes."""
READING: Final = Use(
    connections_min=0,
    attributes=SessionAttribute.any,
    application_name=f"{APPLICATION_NAME} reader",
    reads_only=True,
)
"""Reads for people and monitors, from a standby too."""


class Pool:
    """A bounded pool. `acquire` yields a connection; `transaction` one inside a transaction."""

    def __init__(self, url: str, settings: DatabaseSettings, *, use: Use = SWEEPING) -> None:
        """Keep the address and the limits; `open` connects."""
        self._url = url
        self._settings = settings
        self._use = use
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    async def open(self) -> None:
        """
        Connect, once.

        Raises:
            DatabaseUnavailable: nobody answers; a retry may help.
            DatabaseRefused: wrong password, no such database.
            SchemaError: the database's encoding is not UTF8.
        """
        with translated():
            pool = asyncpg.create_pool(
                self._url,
                min_size=self._use.connections_min,
                max_size=self._settings.pool_size,
                timeout=self._settings.connect_timeout_s,
                command_timeout=self._settings.command_timeout_s,
                max_inactive_connection_lifetime=CONNECTION_AGE_S,
                statement_cache_size=0 if self._settings.transaction_pooler else 100,
                server_settings=self._session(),
                target_session_attrs=self._use.attributes,
                init=prepare_connection,
                reset=_forget_nothing,
            )
            async with asyncio.timeout(self._settings.connect_timeout_s + 1):
                self._pool = await pool

    def _session(self) -> dict[str, str]:
        """Give the session's limits to the server too; a transaction-mode pooler would refuse them."""
        if self._settings.transaction_pooler:
            return {"application_name": self._use.application_name}
        return {
            "application_name": self._use.application_name,
            "lock_timeout": f"{round(self._settings.lock_timeout_s * 1000)}",
            "statement_timeout": f"{round(self._settings.command_timeout_s * 1000)}",
            "idle_in_transaction_session_timeout": "30000",
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
            "jit": "off",
            "TimeZone": "UTC",
            **({"default_transaction_read_only": "on"} if self._use.reads_only else {}),
        }

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """
        Lend a connection for statements that each stand alone.

        Behind a transaction-mode pooler they share a transaction, or the server might change between
        the preparation of a statement and its execution.
        """
        lend = self.transaction if self._settings.transaction_pooler else self._lend
        async with lend() as connection:
            yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction: committed at the end, rolled back on any error."""
        async with self._lend() as connection:
            # Said here too: a pooler takes no settings for the session.
            transaction = connection.transaction(readonly=self._use.reads_only)
            await transaction.start()
            try:
                yield connection
            except (TimeoutError, asyncio.CancelledError):
                raise  # the connection is broken off: a frozen server would not answer a ROLLBACK either
            except BaseException:
                await transaction.rollback()
                raise
            await transaction.commit()

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Connection]:
        """Lend a connection inside a transaction that is rolled back, whatever happens."""
        async with self._lend() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                yield connection
            finally:
                await transaction.rollback()

    @asynccontextmanager
    async def _lend(self) -> AsyncIterator[Connection]:
        if self._pool is None:
            message = "the pool is not open"
            raise DatabaseRefused(message)
        pool = self._pool
        with translated():
            connection = await pool.acquire(timeout=self._settings.connect_timeout_s)
            try:
                yield connection
            except (asyncpg.ReadOnlySQLTransactionError, TimeoutError, asyncio.CancelledError):
                # A demoted server answers on, and only a new connection finds the new primary. A frozen one
                # would have to be waited for once more to take a request to cancel.
                connection.terminate()
                raise
            finally:
                await pool.release(connection, timeout=CLOSE_S)

    async def close(self) -> None:
        """Close within seconds, whatever the server does."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        try:
            async with asyncio.timeout(CLOSE_S):
                await pool.close()
        except (TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            pool.terminate()


async def prepare_connection(connection: Connection) -> None:
    """
    Make a new connection exact: integers for instants, and a database that can hold all text.

    Raises:
        SchemaError: the database's encoding is not UTF8.
    """
    encoding = connection.get_settings().server_encoding
    if encoding != "UTF8":
        message = f"the database's encoding is {encoding}; it must be UTF8"
        raise SchemaError(message)
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", format="tuple", encoder=_to_tuple, decoder=_from_tuple
    )


def _to_tuple(microseconds: int) -> tuple[int]:
    return (microseconds,)


def _from_tuple(value: tuple[int]) -> int:
    return value[0]


async def _forget_nothing(_connection: Connection) -> None:
    """Skip asyncpg's reset query: no statement here leaves session state, and a pooler would refuse some of it."""
