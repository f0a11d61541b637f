"""Several services over one database while one is killed, one frozen, one crashes, and clocks are wrong by a year."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.preludes import CRASH, WRONG_CLOCK, prelude
from tests.acceptance.program import TOKEN, Program
from tests.acceptance.running import HTTP, Running, running
from tests.builders import row_versions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CLUSTERS: Final = ("c9qone", "c9qtwo", "c9qsix")
YEAR_S: Final = 365 * 86_400
YEARLY: Final = HTTP + "schedule: {cron: '@yearly'}\n"
LIMITS: Final = {"page_size": 5, "page_timeout": "60s"}

RUN_OUT: Final = "UPDATE collector.lease SET expires_at = clock_timestamp() - INTERVAL '1 second'"
"""A lease ends by the database's clock, which a test can put forward."""

COMPLETE: Final = "SELECT count(*) FROM inventory.listings WHERE outcome = 'complete' GROUP BY cluster_id"
STRAY: Final = """
SELECT count(*) FROM inventory.listings WHERE abs(extract(EPOCH FROM clock_timestamp() - started_at)) > 3600
"""
FENCES: Final = """
SELECT bool_and(c.complete_listing_id = newest.listing_id)
FROM collector.cluster AS c
CROSS JOIN LATERAL (
    SELECT max(l.listing_id) AS listing_id
    FROM inventory.listings AS l
    WHERE l.cluster_id = c.cluster_id AND l.outcome = 'complete'
) AS newest
"""


@asynccontextmanager
async def replicas(program: Program, *clocks: int) -> AsyncIterator[list[Running]]:
    """Start services one after the other, their clocks so many seconds ahead; the first one leads."""
    async with AsyncExitStack() as stack:
        started: list[Running] = []
        for number, ahead_s in enumerate(clocks):
            env = prelude(program, WRONG_CLOCK.format(ahead_s=ahead_s), name=f"clock{number}") if ahead_s else {}
            started.append(await stack.enter_async_context(running(program, env=env)))
            await started[-1].event("service.opened")
            if number == 0:
                await started[0].event("sweep.finished")
        yield started


async def tick(leader: Running, *others: Running) -> None:
    """Tell all that a sweep is due; wait until the one that leads has swept."""
    for each in (*others, leader):
        each.process.send_signal(signal.SIGUSR1)
    assert (await leader.event("sweep.finished"))["outcome"] == "complete"


async def successor(candidates: Sequence[Running]) -> Running:
    """Wait until one of them has taken the lease, and swept."""
    waits = {asyncio.create_task(each.event("lease.taken")): each for each in candidates}
    done, others = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in others:
        wait.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    (taken,) = done
    leader = waits[taken]
    assert (await leader.event("sweep.finished"))["outcome"] == "complete"
    return leader


@asynccontextmanager
async def standing_still(service: Running) -> AsyncIterator[None]:
    """Suspend a process, and let it go on afterwards as if no time had passed."""
    service.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service.process.send_signal(signal.SIGCONT)


async def kill(service: Running) -> None:
    """End a process where it is."""
    service.process.kill()
    await service.process.wait()


def change(fleet: Fleet, number: int) -> None:
    """Take a backup out of every list, and put a new one in."""
    for cluster_id in CLUSTERS:
        fleet.remove_backup(cluster_id, f"b{number}")
        fleet.add_backup(cluster_id, made(cluster_id, [1000 + number])[0])


async def test_sweeps_go_on_while_one_is_frozen_one_killed_and_two_clocks_are_wrong(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """
    The lease goes from one to the next, no cluster is read twice for a tick but for a failover, nothing old comes back.

    The first leader is frozen between two pages and wakes up when another has stored newer lists; that one is killed.
    """
    fleet = Fleet.of({cluster_id: made(cluster_id, range(8)) for cluster_id in CLUSTERS})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(CLUSTERS, url=migrated_url, api=emulator, more=YEARLY, limits=LIMITS)
        async with replicas(program, YEAR_S, -YEAR_S, 0) as (ahead, behind, third):
            await tick(ahead, behind, third)
            await tick(ahead, behind, third)
            assert await db.fetchval("SELECT epoch FROM collector.lease") == 1

            gate = emulator.faults.pause(None, page=2)
            ahead.process.send_signal(signal.SIGUSR1)
            await gate.reached(len(CLUSTERS))
            emulator.faults.clear()
            async with standing_still(ahead):
                change(fleet, 3)
                await db.execute(RUN_OUT)
                second = await successor([behind, third])
                before = await row_versions(db)
                gate.release()
            await ahead.event("lease.lost")
            awake = await row_versions(db)

            await kill(second)
            change(fleet, 4)
            await db.execute(RUN_OUT)
            rest = [ahead, *({behind, third} - {second})]
            last = await successor(rest)
            change(fleet, 5)
            await tick(last, *rest)

            assert await stored(db) == served(fleet)
            assert await db.fetchval(FENCES)

    # The first sweep, two ticks, two failovers, one tick. What the frozen one had read of the third is superseded, or
    # its sweep was ended before.
    assert [row[0] for row in await db.fetch(COMPLETE)] == [6] * len(CLUSTERS)
    assert await db.fetchval("SELECT epoch FROM collector.lease") == 3
    assert awake == before
    assert await db.fetchval(STRAY) == 0
    assert emulator.requests_total <= 2 * len(CLUSTERS) * 7


async def test_one_that_dies_of_a_bug_hands_over_at_once(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """Its lease is not left to run out; its exit code says that it was a bug, its log which part."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    env = prelude(program, CRASH)
    async with running(program, env=env) as one, running(program) as two:
        await one.event("sweep.finished")
        await two.event("service.opened")
        (program.home / "crash").touch()

        died = await one.event("task.died")
        code = await one.ended()

        assert (await two.event("sweep.finished"))["outcome"] == "complete"

    assert (died["task"], code) == ("config", 70)
    assert one.events[-2:] == ["lease.released", "command.crashed"]
    assert await db.fetchval("SELECT epoch FROM collector.lease") == 2
