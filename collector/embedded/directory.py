"""
The directory an embedded server lives in: its lock, its log, and one `pg<major>` for each major version.

`pg<major>` appears by a rename, so it is either whole or not there: what a
killed start left behind lies under another name and is swept away.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final, Literal

from collector.embedded.account import Account
from collector.embedded.binaries import child_environment
from collector.embedded.errors import EmbeddedError
from collector.embedded.psql import USER

Durable = Literal["yes", "no"]

POLL_S: Final = 0.01
_LOCK_TIMEOUT_S: Final = 180.0
_NAME: Final = "backup-inventory-collector"
_PASSWORD: Final = "collector.password"  # noqa: S105 (a file's name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One data directory and the major version that lives in it."""

    path: Path
    major: int

    @property
    def pgdata(self) -> Path:
        """The server's own directory (PGDATA)."""
        return self.path / f"pg{self.major}"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.path / "server.log"

    @property
    def port(self) -> Path:
        """Keeps the port of the last start, so that connection strings stay good."""
        return self.path / "port"

    def password(self) -> str:
        """Read the superuser's password: made with the server's directory, readable by its owner only."""
        return (self.pgdata / _PASSWORD).read_text()

    @contextmanager
    def locked(self) -> Iterator[None]:
        """
        Keep other starters out, in this and in other processes; make the directory if need be (0700).

        Raises:
            EmbeddedError: another starter did not finish within three minutes.
        """
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = self.path / "lock"
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        with os.fdopen(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)) as held:
            while not _try_lock(held.fileno()):
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"{lock} is held by another start for {_LOCK_TIMEOUT_S:g} s")
                time.sleep(POLL_S)
            yield

    def initialise(self, account: Account, *, durable: Durable, before: Sequence[str]) -> None:
        """
        Make the server's directory unless it is there, and let it belong to the account. The caller holds the lock.

        Raises:
            EmbeddedError: initdb failed, or the directory is somebody else's.
        """
        if not (self.pgdata / "PG_VERSION").exists():
            for leftover in self.path.glob(f"{self.pgdata.name}.new-*"):
                shutil.rmtree(leftover, ignore_errors=True)  # Nothing reads it; what resists goes at the next start.
            self._make(account, durable=durable, before=before)
        account.give(self.pgdata)

    def _make(self, account: Account, *, durable: Durable, before: Sequence[str]) -> None:
        nest = Path(mkdtemp(prefix=f"{self.pgdata.name}.new-", dir=self.path))
        try:
            fresh, password = nest / "pgdata", nest / _PASSWORD
            with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24))
            account.give(nest)
            account.run("initdb", _initdb_arguments(fresh, password, major=self.major, durable=durable), before=before)
            password.rename(fresh / _PASSWORD)
            if durable == "yes":
                _sync(fresh / _PASSWORD, fresh)
            fresh.rename(self.pgdata)
            if durable == "yes":
                _sync(self.path)
        finally:
            shutil.rmtree(nest)


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """
    Name this user's data directory (XDG Base Directory Specification). Nothing is created.

    Raises:
        EmbeddedError: there is no home, or the place cannot be written.
    """
    base = Path(environment.get("XDG_DATA_HOME", ""))
    if not base.is_absolute():  # The specification has a relative one ignored.
        home = Path(environment.get("HOME", ""))
        if not home.is_absolute():
            raise EmbeddedError("no place for the embedded server's data: set HOME or XDG_DATA_HOME, or database.url")
        base = home / ".local" / "share"
    path = base / _NAME
    existing = next(place for place in (path, *path.parents) if place.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise EmbeddedError(f"cannot keep the embedded server's data in {path}: {existing} is not a writable directory")
    return path


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sync(*paths: Path) -> None:
    """Put files, or the names in a directory, on the disk: initdb did so with its own."""
    for path in paths:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _initdb_arguments(fresh: Path, password: Path, *, major: int, durable: Durable) -> list[str]:
    arguments = [f"--pgdata={fresh}", f"--username={USER}", f"--pwfile={password}", "--auth=scram-sha-256"]
    arguments += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
    # Sorted by code point on every system, and letters beyond ASCII are letters where the system lets them.
    if major >= 17:
        arguments += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    elif _system_has_utf8():
        arguments += ["--lc-ctype=C.UTF-8"]
    return arguments if durable == "yes" else [*arguments, "--no-sync"]


def _system_has_utf8() -> bool:
    if (program := shutil.which("locale")) is None:
        return False
    done = subprocess.run([program, "-a"], capture_output=True, text=True, env=child_environment(), check=False)  # noqa: S603
    return bool({"C.UTF-8", "C.utf8"} & set(done.stdout.split()))
