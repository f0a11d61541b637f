"""Moments at which a process can be killed: at a request, inside a transaction, or whenever chance wants."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import Emulator
from tests.acceptance.watching import blocked, is_in_transaction

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

Arm = Callable[[asyncio.subprocess.Process], Awaitable[None]]
"""Waits for its moment in the life of a process."""

LOCK: Final = 4242
RUN_S: Final = 0.8
"""About as long as a run takes."""

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


async def kill(process: asyncio.subprocess.Process, emulator: Emulator, db: Connection) -> bool:
    """
    Kill a process where it stands, and tell whether a request or a transaction of its was open.

    It is stopped first, or it would go on while it is looked at.
    """
    if process.returncode is not None:
        return False
    os.kill(process.pid, signal.SIGSTOP)
    was_open = emulator.in_flight > 0 or await is_in_transaction(db)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    return was_open


async def kill_at_a_request(
    process: asyncio.subprocess.Process, emulator: Emulator, db: Connection, rng: random.Random
) -> bool:
    """Kill it when it waits for a page."""
    gate = emulator.faults.pause(rng.choice(sorted(emulator.fleet.clusters)), page=rng.randint(1, 3))
    await gate.reached()
    was_open = await kill(process, emulator, db)
    emulator.faults.clear()
    gate.release()
    return was_open


async def kill_at_a_row(
    process: asyncio.subprocess.Process, emulator: Emulator, db: Connection, rng: random.Random
) -> bool:
    """Kill it when it has written some rows of a table, and not the next one."""
    table, rows = rng.choice([("backup", 12), ("listing", 6), ("backup_change", 6), ("cluster", 6), ("index_set", 1)])
    await lay_tripwire(db, table, rng.randint(1, rows))
    await blocked(db)
    was_open = await kill(process, emulator, db)
    await lift_tripwire(db, table)
    return was_open


async def kill_any_time(
    process: asyncio.subprocess.Process, emulator: Emulator, db: Connection, rng: random.Random
) -> bool:
    """Kill it at any time from its start to about its end, which may come first."""
    try:
        await asyncio.wait_for(process.wait(), rng.uniform(0, RUN_S))
    except TimeoutError:
        return await kill(process, emulator, db)
    return False


MOMENTS: Final[Sequence[Callable[..., Awaitable[bool]]]] = (
    kill_at_a_request,
    kill_at_a_row,
    kill_at_a_row,
    kill_any_time,
    kill_at_a_request,
    kill_at_a_row,
)
"""In turn."""
