"""What earlier, killed servers leave behind does not keep the next from starting."""

from __future__ import annotations

import functools
import os
import signal
from pathlib import Path

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from tests.integration.embedded.conftest import Start
from tests.postgres import chosen_binaries


def _pid_file(place: Path) -> Path:
    return next(place.glob("pg*")) / "postmaster.pid"


@pytest.fixture
def crashed(place: Path, start: Start) -> Path:
    """Return the directory of a server that was killed by kill -9 a moment ago."""
    server = start(place)
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    return place


async def test_committed_rows_survive_a_killed_server(place: Path) -> None:
    """PostgreSQL replays its log; the next start waits for that, and for the last backends of the killed one."""
    start = functools.partial(EmbeddedServer.start, place, binaries=chosen_binaries())
    server = start()
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
    os.kill(server.pid, signal.SIGKILL)

    with start() as server:
        connection.terminate()
        connection = await asyncpg.connect(server.url)
        try:
            assert await connection.fetchval("SELECT value FROM kept") == 42
        finally:
            await connection.close()


def test_a_pid_that_another_program_got_does_not_block_the_start(crashed: Path, start: Start) -> None:
    """Small pids come back soon in a container; PostgreSQL alone would refuse for as long as that program lives."""
    file = _pid_file(crashed)
    rest = file.read_text().split("\n", 1)[1]
    file.write_text(f"{os.getpid()}\n{rest}")

    with start(crashed) as server:
        assert server.create_database("inventory")


def test_an_empty_pid_file_does_not_block_the_start(crashed: Path, start: Start) -> None:
    """A disk that was full leaves one."""
    _pid_file(crashed).write_text("")

    with start(crashed) as server:
        assert server.create_database("inventory")


def test_a_half_made_directory_is_made_anew(place: Path, start: Start) -> None:
    """A first start that was killed leaves its attempt under another name; it goes, and the real one comes."""
    with start(place):
        major = _pid_file(place).parent.name
    (place / major).rename(place / f"{major}.new-killed")

    with start(place) as server:
        assert server.create_database("inventory")

    assert [path.name for path in place.glob("pg*")] == [major]


def test_the_log_is_of_the_last_start(crashed: Path, start: Start) -> None:
    """It does not grow from start to start."""
    with start(crashed):
        pass

    with start(crashed):
        assert (crashed / "server.log").read_text().count("starting PostgreSQL") == 1
