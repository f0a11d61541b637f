"""Who dies with whom: the server with its program, unless it was told to stay."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.embedded.conftest import Start

ROOT = Path(__file__).parents[3]

PROGRAM = """
import sys
from pathlib import Path
from collector.embedded import EmbeddedServer
from tests.postgres import chosen_binaries

server = EmbeddedServer.start(Path(sys.argv[1]), lifetime=sys.argv[2], binaries=chosen_binaries(), durable="no")
print(server.pid, flush=True)
sys.stdin.read()
"""


@contextmanager
def program(data_dir: Path, lifetime: str, *, path: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run a program that starts a server and waits; yields it and the server's pid."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data_dir), lifetime],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, int(process.stdout.readline())


def ends(pidfd: int) -> bool:
    """Wait until a process has ended, ten seconds at most."""
    return bool(select.select([pidfd], [], [], 10.0)[0])


@pytest.fixture(params=["death-signal", "watcher"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a PATH with and without `setpriv`, as on Linux and elsewhere."""
    if request.param == "death-signal":
        return os.environ["PATH"]
    if unshare := shutil.which("unshare"):
        (tmp_path / "unshare").symlink_to(unshare)
    return str(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="waiting for another's child needs pidfd_open")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill", "term"])
def test_a_killed_program_leaves_no_server(place: Path, path: str, number: signal.Signals) -> None:
    """Not even kill -9 leaves a server behind that nobody would stop."""
    with program(place, "parent", path=path) as (process, server_pid):
        server = os.pidfd_open(server_pid)

        process.send_signal(number)

        assert ends(server)
        os.close(server)


@pytest.mark.skipif(sys.platform != "linux", reason="waiting for another's child needs pidfd_open")
def test_a_detached_server_stays_and_is_found_again(place: Path, start: Start) -> None:
    """Its program's end does not touch it; the next start adopts it."""
    with program(place, "detached", path=os.environ["PATH"]) as (process, server_pid):
        process.kill()
        process.wait()

    try:
        assert start(place).pid == server_pid
    finally:
        server = os.pidfd_open(server_pid)
        os.kill(server_pid, signal.SIGQUIT)
        assert ends(server)
        os.close(server)
