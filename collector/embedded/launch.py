"""
From a directory to a server that is ready, or the reason why not.

Two refusals pass by themselves and are tried again: a port that another took
first, and shared memory that a killed server's last backends still hold.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final, Literal

from collector.embedded import lifeline
from collector.embedded.account import Account
from collector.embedded.directory import POLL_S, Directory, Durable
from collector.embedded.errors import EmbeddedError
from collector.embedded.lifeline import Process
from collector.embedded.postmaster import read_postmaster
from collector.embedded.psql import HOST

Lifetime = Literal["parent", "detached"]

START_TIMEOUT_S: Final = 60.0
"""Long, because a crashed server replays its log first."""

STOP_STEPS: Final = ((signal.SIGINT, 10.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 2.0))
"""PostgreSQL's fast and immediate shutdown, then the end, with the seconds each may take: within a service's stop."""
_PORT_TAKEN: Final = "could not create any TCP/IP sockets"
_MEMORY_HELD: Final = "pre-existing shared memory block"
_LOG_LINES: Final = 12
_NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def launch(
    directory: Directory, account: Account, *, settings: Mapping[str, str], lifetime: Lifetime, durable: Durable
) -> tuple[Process, int]:
    """
    Start the server and wait until it answers. The caller holds the directory's lock.

    Returns:
        The process, and the port it listens on.

    Raises:
        EmbeddedError: it ended, or is not ready after a minute; the message holds the end of its log.
    """
    death_signal = lifeline.death_signal(account) if lifetime == "parent" else ()
    settings = {**(_NOT_DURABLE if durable == "no" else {}), **settings}
    deadline = time.monotonic() + START_TIMEOUT_S
    port = _free_port(settings.get("port") or _last_port(directory))
    while True:
        arguments = _arguments(directory, {**settings, "port": str(port)})
        process = _spawn(account.command("postgres", arguments, before=death_signal), account, directory)
        try:
            if lifetime == "parent" and not death_signal:
                lifeline.watch(process)
            if _is_ready(process, directory, deadline=deadline):
                directory.port.write_text(str(port))
                return process, port
        except BaseException:
            end(process)
            raise
        port = _next_port(port, directory, deadline=deadline)


def end(process: Process, steps: Sequence[tuple[signal.Signals, float]] = STOP_STEPS) -> None:
    """
    Stop a server: politely, then firmly, then by force.

    Raises:
        EmbeddedError: it is still there.
    """
    for number, patience_s in steps:
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience_s)
            return
    raise EmbeddedError(f"the embedded server (pid {process.pid}) does not end")


def _arguments(directory: Directory, settings: Mapping[str, str]) -> list[str]:
    ours = {"listen_addresses": HOST, "unix_socket_directories": ""}
    pairs = {**settings, **ours}.items()
    return ["-D", str(directory.pgdata), *(word for name, value in pairs for word in ("-c", f"{name}={value}"))]


def _spawn(command: list[str], account: Account, directory: Directory) -> Process:
    descriptor = os.open(directory.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "ab") as log:
        return lifeline.spawn(lambda: account.start(command, output=log))


def _is_ready(process: Process, directory: Directory, *, deadline: float) -> bool:
    """Wait for the server's own word in postmaster.pid, as pg_ctl does; False: the process ended."""
    while process.poll() is None:
        found = read_postmaster(directory.pgdata)
        if found is not None and (found.pid, found.status) == (process.pid, "ready"):
            return True
        if time.monotonic() > deadline:
            raise EmbeddedError(f"the embedded server is not ready after {START_TIMEOUT_S:g} s: {_log_end(directory)}")
        time.sleep(POLL_S)
    return False


def _next_port(port: int, directory: Directory, *, deadline: float) -> int:
    """Look at why the server ended: the port to try next, or the error."""
    said = _log_end(directory)
    if time.monotonic() < deadline:
        if _PORT_TAKEN in said:
            return _free_port(None)
        if _MEMORY_HELD in said:
            time.sleep(POLL_S)
            return port
    raise EmbeddedError(f"the embedded server did not start: {said}")


def _log_end(directory: Directory) -> str:
    lines = directory.log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-_LOG_LINES:])


def _last_port(directory: Directory) -> str | None:
    try:
        return directory.port.read_text()
    except FileNotFoundError:
        return None


def _free_port(wanted: str | None) -> int:
    """Return the wanted port, or the next one that is free; one of the system's choice where none is wanted."""
    port = int(wanted) if wanted and wanted.isdecimal() else 0
    while 0 < port < 2**16:
        if _bound(port) is not None:
            return port
        port += 1
    found = _bound(0)
    if found is None:
        raise EmbeddedError(f"no port is free on {HOST}, or this machine has no such address")
    return found


def _bound(port: int) -> int | None:
    """Bind a port for a moment; None: it cannot be had."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return None
        found: int = probe.getsockname()[1]
        return found
