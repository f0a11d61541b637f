"""
Programs that some tests need and that no locked package brings: a browser, promtool, helm, other PostgreSQLs.

Where one is missing, its tests are skipped with the reason. In continuous integration (`CI=true`) they fail instead.
`./dev tools` fetches what is missing, into `.tools/` or, the browser, out of the system's packages.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / ".tools"


def find(name: str) -> Path | None:
    """Find a program in `.tools/`, else on PATH; of `postgresql-14` the folder of its programs."""
    folder = FOLDER / name / "bin"
    if folder.is_dir():
        return folder
    found = shutil.which(name, path=FOLDER) or shutil.which(name)
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
