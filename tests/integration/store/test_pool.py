"""What a pool lends, also behind a transaction pooler, which takes no settings for a session."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.errors import DatabaseUnavailable
from collector.store.pool import CLOSE_S, KEEPING, READING, Pool
from tests.builders import patient_settings
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
