"""
The embedded server as its users see it: start, a URL, databases, stop.

It listens on 127.0.0.1 only. A socket in a private directory would need no
password, but its path must be short and outlive a restart, `peer` cannot tell
users apart inside a user namespace, and few graphical tools take one. TCP is
open to every user of the machine, so each directory has a random password
(SCRAM-SHA-256), and the URL is a secret.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, Self
from urllib.parse import quote

from collector.embedded import launch, lifeline
from collector.embedded.account import choose_account
from collector.embedded.binaries import Binaries, find_binaries
from collector.embedded.directory import POLL_S, Directory, Durable
from collector.embedded.errors import EmbeddedError
from collector.embedded.launch import Lifetime
from collector.embedded.lifeline import Process
from collector.embedded.postmaster import Postmaster, is_running, read_postmaster, release_stale
from collector.embedded.psql import HOST, MAINTENANCE, USER, Psql

_AS_IT_COMES: Final[Mapping[str, str]] = MappingProxyType({})
_CREATE_DATABASE: Final = Path(__file__).with_name("create_database.sql")


class EmbeddedServer:
    """A running PostgreSQL: started by us, or found alive in the same directory. A context manager that stops it."""

    __slots__ = ("_process", "_psql", "data_dir", "pid", "port")

    def __init__(self, data_dir: Path, *, psql: Psql, pid: int, process: Process | None) -> None:
        """Keep what a started or found server is known by; `process` is None where it is not ours to stop."""
        self.data_dir = data_dir
        self.pid = pid
        self.port = psql.port
        self._psql = psql
        self._process = process

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        binaries: Binaries | None = None,
        settings: Mapping[str, str] = _AS_IT_COMES,
        lifetime: Lifetime = "parent",
        durable: Durable = "yes",
    ) -> Self:
        """
        Start the server of a directory, making it at the first time, or adopt the one that runs there already.

        Blocks until the server answers. Of two starters at once the second adopts the server of the first, and loses it
        when the first stops. Any thread may call.

        Args:
            data_dir: made if missing; ours alone.
            binaries: None: `find_binaries`.
            settings: PostgreSQL's parameters for this start; an adopted server keeps its own. `port` is a wish: the
                next free one is taken.
            lifetime: `parent` ends the server with this process, even by kill -9; `detached` leaves it running.
            durable: `no` gives up crash safety for speed: tests only.

        Raises:
            EmbeddedError: there is no server, and why.
        """
        binaries = binaries or find_binaries()
        try:
            directory = Directory(path=data_dir.resolve(), major=binaries.major)
            with directory.locked():
                if (found := _running(directory, binaries)) is not None:
                    pid, psql = found
                    return cls(directory.path, psql=psql, pid=pid, process=None)
                release_stale(directory.pgdata)
                account = choose_account(binaries, directory.path)
                directory.initialise(account, durable=durable, before=lifeline.death_signal(account))
                password = directory.password()
                process, port = launch.launch(directory, account, settings=settings, lifetime=lifetime, durable=durable)
                psql = Psql(binaries=binaries, port=port, password=password)
                return cls(directory.path, psql=psql, pid=process.pid, process=process)
        except (OSError, subprocess.SubprocessError) as exc:
            raise EmbeddedError(f"cannot run PostgreSQL in {data_dir}: {exc}") from exc

    @property
    def url(self) -> str:
        """The superuser's URL of the database `postgres`. It holds the password."""
        return self.url_of(MAINTENANCE)

    def url_of(self, database: str) -> str:
        """Spell the URL of any of the server's databases, there or not."""
        return f"postgresql://{USER}:{self._psql.password}@{HOST}:{self.port}/{quote(database, safe='')}"

    def create_database(self, name: str) -> str:
        """
        Create a database unless it is there.

        Returns:
            Its URL.

        Raises:
            EmbeddedError: the server refused, or is gone.
        """
        self._psql.run("-v", f"name={name}", "-f", str(_CREATE_DATABASE))
        return self.url_of(name)

    def stop(self) -> None:
        """Stop the server if this object started it; again is harmless. An adopted server is left alone."""
        process, self._process = self._process, None
        if process is not None:
            launch.end(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _running(directory: Directory, binaries: Binaries) -> tuple[int, Psql] | None:
    """Find the live server of this directory, its pid and a way to speak to it; waits while it starts or ends."""
    deadline = time.monotonic() + launch.START_TIMEOUT_S
    while (found := read_postmaster(directory.pgdata)) and is_running(found, directory.pgdata):
        try:
            return found.pid, _answering(found, directory, binaries)
        except EmbeddedError as exc:
            if time.monotonic() > deadline:
                raise EmbeddedError(f"pid {found.pid} serves {directory.pgdata} but does not answer: {exc}") from exc
        time.sleep(POLL_S)
    return None


def _answering(found: Postmaster, directory: Directory, binaries: Binaries) -> Psql:
    if found.status != "ready" or found.port is None:
        raise EmbeddedError(f"it is {found.status or 'starting'}")
    psql = Psql(binaries=binaries, port=found.port, password=directory.password())
    psql.run("-c", "SELECT 1")
    return psql
