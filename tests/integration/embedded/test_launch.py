"""The corners of a start and a stop that need an unlucky moment, cornered from inside."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path

import pytest

from collector.embedded import EmbeddedError, find_binaries, launch
from collector.embedded.account import Account, choose_account
from collector.embedded.directory import Directory
from collector.embedded.lifeline import Process
from tests.integration.embedded.conftest import Start
from tests.postgres import chosen_binaries

Made = tuple[Directory, Account]


@pytest.fixture
def made(place: Path, start: Start) -> Made:
    """Return a directory that a server has run in, and the account for the next."""
    start(place).stop()
    binaries = chosen_binaries() or find_binaries()
    return Directory(path=place, major=binaries.major), choose_account(binaries, place)


def _spawn(made: Made, port: int) -> Process:
    directory, account = made
    arguments = launch._arguments(directory, {"port": str(port)})
    return launch._spawn(account.command("postgres", arguments), account, directory)


def _freeze(made: Made) -> Process:
    process = _spawn(made, launch._free_port(None))
    assert launch._is_ready(process, made[0], deadline=time.monotonic() + 60)
    os.kill(process.pid, signal.SIGSTOP)
    return process


def test_a_port_lost_at_the_last_moment_is_replaced_by_another(made: Made) -> None:
    """Between finding a port free and the server's bind, another may take it."""
    deadline = time.monotonic() + 60
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]

        ready = launch._is_ready(_spawn(made, port), made[0], deadline=deadline)

        assert not ready
        assert launch._next_port(port, made[0], deadline=deadline) != port


def test_a_server_that_is_not_ready_in_time_is_an_error(made: Made) -> None:
    """A start ends, one way or the other."""
    process = _spawn(made, launch._free_port(None))

    with pytest.raises(EmbeddedError, match="is not ready after 60 s"):
        launch._is_ready(process, made[0], deadline=0.0)

    launch.end(process)


def test_a_frozen_server_is_stopped_all_the_same(made: Made) -> None:
    """What no polite signal reaches is killed."""
    process = _freeze(made)

    launch.end(process, [(signal.SIGINT, 0.01), (signal.SIGQUIT, 0.01), (signal.SIGKILL, 10.0)])

    assert process.returncode == -signal.SIGKILL


def test_a_server_that_nothing_ends_is_an_error_that_names_it(made: Made) -> None:
    """Never a silent leftover."""
    process = _freeze(made)

    with pytest.raises(EmbeddedError, match=rf"pid {process.pid}\) does not end"):
        launch.end(process, [(signal.SIGINT, 0.01)])

    launch.end(process, [(signal.SIGKILL, 10.0)])
