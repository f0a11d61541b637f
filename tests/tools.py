"""
Programs that some tests need and no locked package brings: a browser, promtool, helm, pgbouncer, axe, old PostgreSQLs.

Where one is missing, its tests are skipped with the reason. In continuous integration (`CI=true`) they fail instead.
`./dev tools` fetches what is missing, into `.tools/` or, the browser and pgbouncer, out of the system's packages.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / ".tools"
SERVERS = "/usr/sbin:/usr/local/sbin"
"""Where systems put programs that run unattended, which is on nobody's PATH but root's."""


def find(name: str) -> Path | None:
    """Find a program in `.tools/`, on PATH or among the servers; of `postgresql-14` the folder of its programs."""
    folder = FOLDER / name / "bin"
    if folder.is_dir():
        return folder
    found = shutil.which(name, path=FOLDER) or shutil.which(name) or shutil.which(name, path=SERVERS)
    return Path(found) if found else None


def need(name: str) -> Path:
    """Return where a program lies, or end the test that asked: skipped, but failed in continuous integration."""
    found = find(name)
    if found:
        return found
    reason = f"{name} is not on this machine; `./dev tools` fetches it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
