"""
What `postmaster.pid` tells about a server: where it listens, and whether it is ready, or there at all.

The lines are PostgreSQL's own (src/include/utils/pidfile.h), and pg_ctl reads
them for the same purpose.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_NO_PID: Final = 2**31 - 1
"""Beyond every system's highest pid, and still an int for PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    """One reading of the file."""

    pid: int
    port: int | None
    """None: it does not listen yet."""
    status: str
    """`starting`, `ready`, `stopping`; empty before the first."""


def read_postmaster(pgdata: Path) -> Postmaster | None:
    """Read the file; None where there is none, or nothing in it yet."""
    try:
        lines = _file(pgdata).read_text(errors="replace").split("\n")
    except FileNotFoundError:
        return None
    if not lines[0].strip().lstrip("-").isdecimal():
        return None
    lines = [line.strip() for line in lines] + [""] * 8
    return Postmaster(pid=abs(int(lines[0])), port=int(lines[3]) if lines[3].isdecimal() else None, status=lines[7])


def is_running(postmaster: Postmaster, pgdata: Path) -> bool:
    """Say whether the pid is alive and, where the system tells, is the server of this very directory."""
    try:
        os.kill(postmaster.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # Somebody else's process: the server of a directory of ours runs as us.
    if not Path("/proc/self/cwd").exists():
        return True
    try:
        return Path(f"/proc/{postmaster.pid}/cwd").readlink() == pgdata
    except OSError:
        return False


def release_stale(pgdata: Path) -> None:
    """
    Let a server start over a file whose server is gone (the caller made sure of that).

    PostgreSQL refuses while the pid is alive, though it may be another program's by now, and refuses an empty file.
    The rest of the file stays: by it PostgreSQL knows whether old backends still use the shared memory.
    """
    file = _file(pgdata)
    if not file.exists():
        return
    _, newline, rest = file.read_text(errors="replace").partition("\n")
    if not newline:
        file.unlink()
        return
    owner = file.stat()
    draft = file.with_suffix(".draft")
    draft.write_text(f"{_NO_PID}\n{rest}")
    draft.chmod(0o600)
    if os.geteuid() == 0:
        os.chown(draft, owner.st_uid, owner.st_gid)
    draft.replace(file)


def _file(pgdata: Path) -> Path:
    return pgdata / "postmaster.pid"
