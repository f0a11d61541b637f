"""SIGTERM while something does not answer: the process leaves all the same, in time, and closes its books."""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import Emulator
from tests.acceptance.program import Program, end_of
from tests.acceptance.watching import blocked, left, until
from tests.scripted import ScriptedServer, head, silence

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

EXIT_S: Final = 20.0
SYN_SENT: Final = "02"


@contextmanager
def black_hole() -> Iterator[int]:
    """Yield a port that answers no attempt to connect: its queue is full, and nobody takes from it."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        callers = [socket.socket() for _ in range(3)]
        for caller in callers:
            caller.setblocking(False)  # noqa: FBT003 - positional only
            caller.connect_ex(("127.0.0.1", port))
        try:
            yield port
        finally:
            for caller in callers:
                caller.close()


def count_attempts(port: int) -> int:
    """Count the connections to a local port that still wait for a first answer."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(words[2].endswith(f":{port:04X}") and words[3] == SYN_SENT for words in lines)


async def check_leaving(process: asyncio.subprocess.Process, db: Connection) -> None:
    """Send SIGTERM, and check how the process leaves and what it leaves behind."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    ended = await end_of(process)

    assert time.monotonic() - began < EXIT_S
    assert (ended.code, ended.json()["outcome"]) == (143, "interrupted")
    assert {each["error"] for each in ended.json()["failures"]} == {"interrupted"}
    assert await db.fetchval("SELECT outcome FROM inventory.sweeps") == "interrupted"
    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 0


async def test_connections_that_nobody_answers_do_not_keep_the_process(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Packets are swallowed, as behind a firewall."""
    with black_hole() as port:
        before = count_attempts(port)
        program.write_config(["one", "two"], url=migrated_url, api=f"http://127.0.0.1:{port}")
        process = await program.start("run", "--output", "json")

        async def is_connecting() -> bool:
            return count_attempts(port) > before

        await until(is_connecting)

        await check_leaving(process, db)

        await left(db)


async def test_half_an_answer_does_not_keep_the_process(program: Program, migrated_url: str, db: Connection) -> None:
    """The head and the first bytes of a page came, and then nothing."""
    beginning = head(200, {"Content-Type": "application/json", "Content-Length": "5000"}) + b'{"backups":['
    async with ScriptedServer(lambda _: silence(beginning)) as server:
        program.write_config(["one", "two"], url=migrated_url, api=server.url)
        process = await program.start("run", "--output", "json")

        async def has_begun() -> bool:
            return server.bytes_sent == 2 * len(beginning)

        await until(has_begun)

        await check_leaving(process, db)

    await left(db)


async def test_a_pause_before_a_retry_does_not_keep_the_process(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """The server wished for a minute's pause, and is not asked again."""
    emulator.faults.fail(None, status=503, headers={"Retry-After": "60"})
    limits = {"attempts": 5, "backoff_max": "60s"}
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits=limits)
    process = await program.start("run", "--output", "json")

    async def all_are_refused() -> bool:
        return emulator.answers_by_status[503] == len(emulator.fleet.clusters)

    await until(all_are_refused)

    await check_leaving(process, db)

    assert emulator.requests_total == len(emulator.fleet.clusters)
    await left(db)


async def test_a_merge_that_waits_for_a_lock_does_not_keep_the_process(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """Another session holds the table; the merge is rolled back, not waited for, and its backends go with the lock."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, database="lock_timeout: 60s")
    async with db.transaction():
        await db.execute("LOCK TABLE collector.backup IN SHARE MODE")
        process = await program.start("run", "--output", "json")
        await blocked(db, len(emulator.fleet.clusters))

        await check_leaving(process, db)

    await left(db)
    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 0
