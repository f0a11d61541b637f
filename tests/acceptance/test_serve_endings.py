"""How `collector serve` ends, whatever stands still when it is told to: in time, with the code that was promised."""

from __future__ import annotations

import asyncio
import signal
import time
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.emulator import Emulator
from collector.interrupt import PATIENCE_S
from tests.acceptance.preludes import HANGING_RESOLVER, SLOW_START, STALL, prelude
from tests.acceptance.program import Program, end_of
from tests.acceptance.running import HTTP, running
from tests.acceptance.test_signals import frozen
from tests.acceptance.watching import until
from tests.postgres import scratch_server

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

EXIT_S: Final = 20.0
ECHO_S: Final = 0.2
"""Longer than two signals count as one."""
YEARLY: Final = HTTP + "schedule: {cron: '@yearly'}\n"

CUT: Final = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND application_name <> '' AND pid <> pg_backend_pid()"
)


@pytest.mark.parametrize("what", ["api", "database"])
async def test_a_lookup_that_hangs_does_not_keep_the_service(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection, what: Literal["api", "database"]
) -> None:
    """The resolver stands still, and every connection has to be made anew: SIGTERM ends it all the same, exit 0."""
    env = prelude(program, HANGING_RESOLVER)
    parts = urlsplit(migrated_url)
    netloc = parts.netloc.replace(parts.hostname or "", "hanging.example")
    url = urlunsplit(parts._replace(netloc=netloc)) if what == "database" else migrated_url
    api = "https://hanging.example" if what == "api" else emulator
    program.write_config(emulator.fleet.clusters, url=url, api=api, more=YEARLY)
    if what == "api":
        (program.home / "hang").touch()
    async with running(program, env=env) as service:
        await service.event("lease.taken")
        if what == "database":
            await service.event("sweep.finished")
            (program.home / "hang").touch()
            await db.execute(CUT)
            service.process.send_signal(signal.SIGUSR1)
            assert (await service.ask("/healthz"))[0] == 200
        began = time.monotonic()

        code = await service.end()

    assert code == 0
    assert time.monotonic() - began < EXIT_S


async def test_a_second_signal_ends_the_service_at_once(program: Program, emulator: Emulator) -> None:
    """PostgreSQL stands still, and nobody wants to wait for it: 143, as for every command."""
    gate = emulator.faults.pause(None)
    with scratch_server() as server:
        program.write_config(emulator.fleet.clusters, url=server.create_database("frozen"), api=emulator, more=YEARLY)
        async with running(program) as service:
            await gate.reached(3)
            with frozen(server):
                gate.release()
                service.process.send_signal(signal.SIGTERM)
                await asyncio.sleep(ECHO_S)
                began = time.monotonic()
                code = await service.end()
                took_s = time.monotonic() - began

    assert code == 143
    assert took_s < 2


async def test_a_service_whose_loop_stands_still_is_ended_by_the_clock(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """After 25 s, which are made one here: nothing else could hear SIGTERM any more. 143."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program, env=prelude(program, STALL)) as service:
        await service.event("sweep.finished")
        (program.home / "stall").touch()

        async def stands_still() -> bool:
            return (program.home / "stalled").exists()

        await until(stands_still)
        began = time.monotonic()
        code = await service.end()
        took_s = time.monotonic() - began

    assert PATIENCE_S == 25.0
    assert code == 143
    assert 1.0 <= took_s < 5


async def test_no_signal_ends_a_service_that_is_still_starting(program: Program) -> None:
    """SIGHUP and SIGUSR1 while it reads its configuration: what it finds there is what ends it."""
    program.write_config(["twice", "twice"])
    process = await program.start("serve", env=prelude(program, SLOW_START))

    async def is_reading() -> bool:
        return (program.home / "reading").exists()

    await until(is_reading)
    for number in (signal.SIGHUP, signal.SIGUSR1):
        process.send_signal(number)
    (program.home / "go").touch()
    ended = await end_of(process)

    assert ended.code == 2
    assert "stands twice" in ended.stderr
