"""What a pool lends, also behind a transaction pooler, which takes no settings for a session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.errors import DatabaseUnavailable
from collector.store.pool import CLOSE_S, KEEPING, READING, SWEEPING, Pool, Use
from tests.builders import patient_settings
from tests.postgres import scratch_server
from tests.proxy import Proxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def test_who_gives_up_a_frozen_pooler_need_not_wait_for_a_rollback(migrated_url: str) -> None:
    """The connection is broken off."""
    async with Proxy(migrated_url) as proxy:
        pool = Pool(proxy.url, patient_settings(transaction_pooler=True, command_timeout_s=30.0), use=KEEPING)
        await pool.open()

        async def ask() -> None:
            async with pool.acquire() as connection:
                proxy.freeze()
                async with asyncio.timeout(0.1):
                    await connection.fetchval("SELECT 1")

        try:
            async with asyncio.timeout(CLOSE_S + 2):
                with pytest.raises(DatabaseUnavailable):
                    await ask()
        finally:
            await pool.close()


@pytest.mark.parametrize("transaction_pooler", [False, True])
async def test_who_only_reads_cannot_write(migrated_url: str, db: Connection, *, transaction_pooler: bool) -> None:
    """And is known by its name."""
    pool = Pool(migrated_url, patient_settings(transaction_pooler=transaction_pooler), use=READING)
    await pool.open()
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '% reader' AND datname = current_database()"
    )

    async with pool.acquire() as connection:
        named = await db.fetchval(query)
        read_only = await connection.fetchval("SELECT current_setting('transaction_read_only')")
    await pool.close()

    assert (named, read_only) == (1, "on")


async def test_of_several_servers_the_one_that_takes_writes_is_found(migrated_url: str) -> None:
    """Before it in the list stand one that is away and one that is read only, as a standby is; who reads takes that."""
    writable = urlsplit(migrated_url)
    with scratch_server() as other:
        await make_read_only_twin(other, migrated_url)
        hosts = ",".join(f"{writable.hostname}:{port}" for port in (1, other.port, writable.port))
        url = writable._replace(netloc=f"{writable.username}:{writable.password}@{hosts}").geturl()

        found = [await port_of(url, use) for use in (SWEEPING, KEEPING, READING)]

        assert found == [writable.port, writable.port, other.port]


async def make_read_only_twin(server: EmbeddedServer, url: str) -> None:
    """Give a server a database of the same name and password, which takes no writes."""
    name, password = urlsplit(url).path[1:], urlsplit(url).password
    connection = await asyncpg.connect(server.create_database(name))
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    await connection.execute(f"ALTER ROLE CURRENT_USER PASSWORD '{password}'")
    await connection.close()


async def port_of(url: str, use: Use) -> int:
    """Tell which server a pool goes to."""
    pool = Pool(url, patient_settings(), use=use)
    await pool.open()
    async with pool.acquire() as connection:
        port: int = await connection.fetchval("SELECT inet_server_port()")
    await pool.close()
    return port
