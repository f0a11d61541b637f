"""
`python -m tests.postgres_matrix [MAJOR ...] [PYTEST ARGUMENT ...]`: what needs a database, on several PostgreSQLs.

Without a major, the oldest and the newest; without an argument, the tests that speak to a database themselves.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from tests.fetch_tools import POSTGRES, fetch
from tests.postgres import BIN_VARIABLE
from tests.tools import FOLDER

WITH_DATABASE = (
    "tests/integration",
    "tests/simulation/test_simulation.py",
    "tests/deploy/test_upgrades.py",
    # These have no database, or one of their own choice.
    "--ignore=tests/integration/api",
    "--ignore=tests/integration/embedded",
    "--ignore=tests/integration/emulator",
)


def run_on(major: int, arguments: Sequence[str]) -> str:
    """Run pytest with the server of one major and tell how it ended."""
    name = f"postgresql-{major}"
    if not fetch(name):
        return f"PostgreSQL {major}: not to be had"
    command = [sys.executable, "-m", "pytest", "-q", f"--numprocesses={min(os.cpu_count() or 1, 4)}", *arguments]
    ended = subprocess.run(command, env={**os.environ, BIN_VARIABLE: str(FOLDER / name / "bin")}, check=False)
    return f"PostgreSQL {major}: " + ("ok" if ended.returncode == 0 else f"FAILED, exit {ended.returncode}")


def main(arguments: Sequence[str]) -> int:
    """Go through the majors asked for, all of them even if one fails."""
    majors = [int(each) for each in arguments if each.isdigit()] or [min(POSTGRES), max(POSTGRES)]
    unknown = set(majors) - set(POSTGRES)
    if unknown:
        print(f"no PostgreSQL {', '.join(map(str, sorted(unknown)))}: there are {', '.join(map(str, POSTGRES))}")
        return 2
    chosen = [each for each in arguments if not each.isdigit()] or WITH_DATABASE
    verdicts = [run_on(major, chosen) for major in majors]
    print("\n".join(verdicts))
    return int(not all(verdict.endswith(": ok") for verdict in verdicts))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
