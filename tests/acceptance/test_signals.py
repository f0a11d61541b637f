"""SIGTERM and SIGINT: how a sweep ends early, and that nothing can keep it from ending."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import Emulator
from tests.acceptance.program import Program, end_of
from tests.postgres import scratch_server

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

EXIT_S = 20.0


@contextmanager
def frozen(server: EmbeddedServer) -> Iterator[None]:
    """Stop a server and all its backends where they are, as a suspended machine does, and let them go on afterwards."""
    pids = [server.pid, *_children(server.pid)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def limits_of(pid: int) -> str:
    """Read the resource limits of a process, one a line."""
    return Path(f"/proc/{pid}/limits").read_text()


def _children(parent: int) -> list[int]:
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(word) for word in text.split()]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["term", "int"])
async def test_a_signal_ends_a_sweep_early_and_accounts_for_every_cluster(
    program: Program, emulator: Emulator, db: Connection, migrated_url: str, number: signal.Signals, code: int
) -> None:
    """The report is whole, the sweep's row is closed, and what was not reached is failed."""
    gate = emulator.faults.pause(None)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    process = await program.start("run", "--output", "json")
    await gate.reached(3)

    process.send_signal(number)

    ended = await end_of(process)
    summary = ended.json()
    assert (ended.code, summary["outcome"], summary["clusters"]["failed"]) == (code, "interrupted", 3)
    assert {failure["error"] for failure in summary["failures"]} == {"interrupted"}
    assert await db.fetchval("SELECT outcome FROM collector.sweep") == "interrupted"


async def test_a_run_that_crashes_leaves_no_core(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """The memory of the process holds the credential: it may not end up on a disk."""
    gate = emulator.faults.pause(None)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    process = await program.start("run")
    await gate.reached(1)

    limits = limits_of(process.pid)

    gate.release()
    assert (await end_of(process)).code == 0
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)


async def test_a_signal_before_the_database_answers_ends_the_wait(program: Program, emulator: Emulator) -> None:
    """Nothing was begun, so nothing is reported but the signal."""
    program.write_config(
        emulator.fleet.clusters, url="postgresql://user@127.0.0.1:1/none", api=emulator, database="wait: 60s"
    )
    text = (program.home / "config.yaml").read_text().replace("wait: 0.1s, ", "")
    (program.home / "config.yaml").write_text(text)
    process = await program.start("run", "--output", "json")
    assert process.stderr is not None
    await process.stderr.readline()  # its first retry is logged

    process.send_signal(signal.SIGTERM)

    ended = await end_of(process)
    assert (ended.code, ended.stdout) == (143, "")
    assert ended.stderr.endswith("Error: interrupted by SIGTERM\n")


async def test_a_second_signal_ends_the_process_at_once(
    program: Program, migrated_url: str, emulator: Emulator, db: Connection
) -> None:
    """A sweep that waits for a locked table is not waited for; the table is as it was."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, database="lock_timeout: 60s")
    async with db.transaction():
        await db.execute("LOCK TABLE collector.sweep, collector.listing")
        process = await program.start("run")
        while not await db.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
        process.send_signal(signal.SIGTERM)
        await db.fetchval("SELECT pg_sleep(0.2)")  # longer than an echo of the first signal could take

        process.send_signal(signal.SIGTERM)

        assert (await end_of(process)).code == 143
    assert await db.fetchval("SELECT count(*) FROM collector.sweep") == 0


async def test_a_frozen_postgresql_cannot_keep_the_process(program: Program, emulator: Emulator) -> None:
    """PostgreSQL stands still in the middle of a sweep: SIGTERM ends the process within 20 seconds all the same."""
    gate = emulator.faults.pause(None)
    with scratch_server() as server:
        program.write_config(emulator.fleet.clusters, url=server.create_database("frozen"), api=emulator)
        process = await program.start("run", "--output", "json")
        await gate.reached(3)
        with frozen(server):
            gate.release()
            while emulator.in_flight:  # noqa: ASYNC110 - the emulator has no event for it
                await asyncio.sleep(0)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)

            ended = await end_of(process)

    assert ended.code == 143
    assert time.monotonic() - began < EXIT_S


async def test_the_emulator_serves_until_it_is_told_to_stop(program: Program) -> None:
    """It prints its address and a configuration that works; a signal is its normal end."""
    process = await program.start("emulate", "--port", "0", "--clusters", "2", "--backups", "3")
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(6)]
    url = lines[0].split()[0]
    (program.home / "config.yaml").write_text("".join(lines[2:]))

    checked = await program.run("check")
    process.send_signal(signal.SIGTERM)
    ended = await end_of(process)

    assert url in lines[2]
    assert checked.stdout.count(": 3 backups") == 2
    assert (ended.code, ended.stderr) == (0, "")


async def test_a_port_that_is_taken_is_exit_2(program: Program, emulator: Emulator) -> None:
    """The emulator does not look for another one by itself."""
    port = emulator.url.rpartition(":")[2]

    ended = await program.run("emulate", "--port", port)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


async def test_the_emulators_token_comes_from_the_environment(program: Program) -> None:
    """With a token of its own it refuses the usual one, which `check` calls a credential's fault."""
    process = await program.start(
        "emulate", "--port", "0", "--clusters", "1", env={"COLLECTOR_EMULATOR_TOKEN": "t1.other"}
    )
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode() for _ in range(5)]
    (program.home / "config.yaml").write_text("".join(lines[2:]))

    checked = await program.run("check")
    process.send_signal(signal.SIGINT)
    ended = await end_of(process)

    assert (checked.code, ended.code) == (2, 0)
    assert "unauthenticated" in checked.stdout
