"""The lease in a real database: one holder at a time, by the database's clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import pytest
import structlog

from collector.serve.leadership import Leadership
from collector.serve.tenure import Tenure
from collector.store.keeping import give_up_lease, take_lease
from collector.store.pool import KEEPING, Pool
from tests.builders import patient_settings
from tests.proxy import Proxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ONE, TWO = UUID(int=1), UUID(int=2)
RUN_OUT = "UPDATE collector.lease SET expires_at = now() - INTERVAL '1 second'"


@pytest.fixture
async def pool(fresh_url: str) -> AsyncIterator[Pool]:
    """Yield a pool of a fresh database."""
    pool = Pool(fresh_url, patient_settings(), use=KEEPING)
    await pool.open()
    yield pool
    await pool.close()


async def test_who_comes_first_holds_it_and_keeps_it(pool: Pool) -> None:
    """The epoch is the same as long as it does not change hands."""
    first = await take_lease(pool, ONE, seconds=60)
    other = await take_lease(pool, TWO, seconds=60)
    again = await take_lease(pool, ONE, seconds=60)

    assert (first, other, again) == (1, None, 1)


async def test_one_that_ran_out_is_free_and_its_old_holder_learns_it(pool: Pool) -> None:
    """A new epoch begins, and who was paused is told no."""
    await take_lease(pool, ONE, seconds=60)
    async with pool.acquire() as connection:
        await connection.execute(RUN_OUT)

    taken = await take_lease(pool, TWO, seconds=60)
    late = await take_lease(pool, ONE, seconds=60)

    assert (taken, late) == (2, None)


async def test_one_that_is_given_up_is_free_at_once(pool: Pool) -> None:
    """Only its holder can give it up."""
    await take_lease(pool, ONE, seconds=60)

    await give_up_lease(pool, TWO)
    kept = await take_lease(pool, TWO, seconds=60)
    await give_up_lease(pool, ONE)
    taken = await take_lease(pool, TWO, seconds=60)

    assert (kept, taken) == (None, 2)


async def test_one_whose_row_is_gone_is_free(pool: Pool) -> None:
    """Or all would wait for a holder that is not there."""
    async with pool.acquire() as connection:
        await connection.execute("DELETE FROM collector.lease")

    taken = await take_lease(pool, ONE, seconds=60)
    other = await take_lease(pool, TWO, seconds=60)

    assert (taken, other) == (1, None)


async def test_of_many_who_ask_at_once_one_gets_it(fresh_url: str) -> None:
    """The row is the lock."""
    pools = [Pool(fresh_url, patient_settings(pool_size=1), use=KEEPING) for _ in range(8)]
    for each in pools:
        await each.open()

    epochs = await asyncio.gather(
        *(take_lease(each, UUID(int=number), seconds=60) for number, each in enumerate(pools))
    )
    for each in pools:
        await each.close()

    assert sorted(epoch for epoch in epochs if epoch is not None) == [1]


async def test_a_leader_is_told_when_another_has_taken_over(pool: Pool, fresh_url: str) -> None:
    """What it sweeps ends then; the fence holds in between."""
    connection = await asyncpg.connect(fresh_url)
    leader = Leadership(pool, ONE)
    keeping = asyncio.create_task(leader.keep())
    await asyncio.wait_for(leader.held.wait(), 5)

    await connection.execute("UPDATE collector.lease SET holder = $1, expires_at = now() + INTERVAL '1 hour'", TWO)

    await asyncio.wait_for(leader.lost.wait(), 15)
    keeping.cancel()
    await connection.close()
    assert not leader.held.is_set()


async def test_giving_up_does_not_wait_for_a_frozen_database(fresh_url: str) -> None:
    """The service ends; the lease will run out."""
    async with Proxy(fresh_url) as proxy:
        pool = Pool(proxy.url, patient_settings(), use=KEEPING)
        await pool.open()
        leader = Leadership(pool, ONE)
        keeping = asyncio.create_task(leader.keep())
        await asyncio.wait_for(leader.held.wait(), 5)
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        proxy.freeze()

        async with asyncio.timeout(5):
            await leader.give_up()

        await pool.close()
    assert leader.lost.is_set()


async def test_a_lease_that_no_waiting_brings_is_told_once(pool: Pool, fresh_url: str) -> None:
    """Else nobody sweeps, and nothing says why."""
    connection = await asyncpg.connect(fresh_url)
    await connection.execute("ALTER TABLE collector.lease RENAME TO lost")
    leader = Leadership(pool, ONE)

    with structlog.testing.capture_logs() as lines:
        for _ in range(3):
            await leader._ask(Tenure())
        await connection.execute("ALTER TABLE collector.lost RENAME TO lease")
        taken = await leader._ask(Tenure())
    await connection.close()

    assert [(line["event"], line["error"]) for line in lines] == [("lease.unobtainable", "database_rejected")]
    assert taken.ends_at is not None
