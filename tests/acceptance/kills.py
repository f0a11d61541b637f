"""Moments at which a process can be killed: at a request, inside a transaction, or whenever chance wants."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from asyncio.subprocess import DEVNULL
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.acceptance.watching import PATIENCE_S, blocked, is_in_transaction

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LOCK: Final = 4242
RUN_S: Final = 0.8
"""About as long as a run takes."""

TABLES: Final = (("backup", 12), ("listing", 6), ("backup_change", 6), ("cluster", 6), ("index_set", 1))
"""Tables, and of how many of their rows at least each run writes, or tries to."""

_TRIPWIRE: Final = """
CREATE SCHEMA tripwire;
CREATE SEQUENCE tripwire.step;
CREATE FUNCTION tripwire.wait() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    IF nextval('tripwire.step') = TG_ARGV[0]::bigint THEN
        PERFORM pg_advisory_xact_lock(4242);
    END IF;
    RETURN NEW;
END
$$;
"""


async def lay_tripwire(db: Connection, table: str, row: int) -> None:
    """Make the writer of a table's n-th row from now on wait for a lock, which this connection takes."""
    if not await db.fetchval("SELECT to_regnamespace('tripwire') IS NOT NULL"):
        await db.execute(_TRIPWIRE)
    await db.execute(f"ALTER SEQUENCE tripwire.step RESTART; SELECT pg_advisory_lock({LOCK})")
    await db.execute(
        f"CREATE TRIGGER zz_tripwire BEFORE INSERT OR UPDATE ON collector.{table} "
        f"FOR EACH ROW EXECUTE FUNCTION tripwire.wait('{row}')"
    )


async def lift_tripwire(db: Connection, table: str) -> None:
    """Let the writer go on, and all that come."""
    await db.execute("SELECT pg_advisory_unlock_all()")
    await db.execute(f"DROP TRIGGER zz_tripwire ON collector.{table}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Where a process is started to be killed. Each way to kill it tells whether a request or transaction was open."""

    program: Program
    emulator: Emulator
    db: Connection
    rng: random.Random

    async def start(self) -> asyncio.subprocess.Process:
        """Start the process; what it logs is kept for whoever asks why it did not come to its place."""
        with (self.program.home / "stderr").open("wb") as log:
            return await self.program.start("run", stdout=DEVNULL, stderr=log)

    async def arrive(self, process: asyncio.subprocess.Process, place: Coroutine[Any, Any, None]) -> None:
        """Wait until the process has come to its place; one that ends before, or never comes, fails the test."""
        arrival, end = asyncio.ensure_future(place), asyncio.ensure_future(process.wait())
        await asyncio.wait((arrival, end), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        has_arrived = arrival.done() and arrival.exception() is None
        for waiting in (arrival, end):
            waiting.cancel()
        await asyncio.gather(arrival, end, return_exceptions=True)
        assert has_arrived, f"exit code {process.returncode}: {(self.program.home / 'stderr').read_text()}"

    async def kill(self, process: asyncio.subprocess.Process) -> bool:
        """Kill a process where it stands. It is stopped first, or it would go on while it is looked at."""
        if process.returncode is not None:
            return False
        os.kill(process.pid, signal.SIGSTOP)
        was_open = self.emulator.in_flight > 0 or await is_in_transaction(self.db)
        os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        return was_open

    async def kill_at_a_request(self) -> bool:
        """Kill it when it waits for a page."""
        cluster_id = self.rng.choice(sorted(self.emulator.fleet.clusters))
        gate = self.emulator.faults.pause(cluster_id, page=self.rng.randint(1, 3))
        process = await self.start()
        await self.arrive(process, gate.reached())
        was_open = await self.kill(process)
        self.emulator.faults.clear()
        gate.release()
        return was_open

    async def kill_at_a_row(self) -> bool:
        """Kill it when it has written some rows of a table, and not the next one."""
        table, rows = self.rng.choice(TABLES)
        await lay_tripwire(self.db, table, self.rng.randint(1, rows))
        process = await self.start()
        await self.arrive(process, blocked(self.db))
        was_open = await self.kill(process)
        await lift_tripwire(self.db, table)
        return was_open

    async def kill_any_time(self) -> bool:
        """Kill it at any time from its start to about its end, which may come first."""
        process = await self.start()
        try:
            await asyncio.wait_for(process.wait(), self.rng.uniform(0, RUN_S))
        except TimeoutError:
            return await self.kill(process)
        return False

    async def kill_in_turn(self, number: int) -> bool:
        """Kill the process of this number: five in six at a place, one at a time."""
        ways = (self.kill_at_a_request, self.kill_at_a_row)
        return await (self.kill_any_time if number % 6 == 3 else ways[number % 2])()
