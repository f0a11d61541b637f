"""The files of the migrations: their order, their markers, and where they are found."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.errors import SchemaError
from collector.store import migrations as module
from collector.store.migrations import find_migrations, read_migrations

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


DIRECTORY = Path(module.__file__).parents[2] / "migrations"
NEWEST = len(find_migrations())


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.sql")), ids=lambda path: path.stem)
def test_a_migration_says_why_and_what_it_locks(path: Path) -> None:
    """And has one way up and one down, in that order."""
    text = path.read_text()

    assert re.match(rf"-- {path.name[:4]}: [^\n]+\.\n--\n-- Why: ", text)
    assert re.search(r"^-- Locks: ", text, re.MULTILINE)
    assert re.findall(r"^-- migrate:(\w+)", text, re.MULTILINE) == ["up", "down"]


GOOD = "-- 0001: x.\n-- migrate:up\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n"


def test_only_the_way_up_is_run(tmp_path: Path) -> None:
    """The checksum is of the whole file, whatever ends its lines."""
    (tmp_path / "0001_select_one.sql").write_text(GOOD)
    (migration,) = read_migrations(tmp_path)
    (tmp_path / "0001_select_one.sql").write_bytes(GOOD.replace("\n", "\r\n").encode())
    (again,) = read_migrations(tmp_path)

    assert (migration.version, migration.name, migration.statements) == (1, "select_one", "SELECT 1;")
    assert migration.transactional
    assert again.checksum == migration.checksum


@pytest.mark.parametrize(
    "names, text",
    [
        (["0002_select_one.sql"], GOOD),
        (["0001_a.sql", "0003_b.sql"], GOOD),
        (["0001_a.sql", "0001_b.sql"], GOOD),
        (["1_a.sql"], GOOD),
        (["0001_A.sql"], GOOD),
        (["0001_a.sql"], "SELECT 1;"),
        ([], GOOD),
    ],
    ids=["from-two", "gap", "double", "short-number", "upper-case", "no-marker", "none"],
)
def test_a_directory_that_is_not_in_order_is_refused(tmp_path: Path, names: list[str], text: str) -> None:
    """Before any of it is run."""
    for name in names:
        (tmp_path / name).write_text(text)

    with pytest.raises(SchemaError):
        read_migrations(tmp_path)


def test_the_checkout_runs_its_own_migrations() -> None:
    """They lie beside the program."""
    assert [migration.version for migration in find_migrations()] == list(range(1, NEWEST + 1))
    assert len(list(DIRECTORY.glob("*.sql"))) == NEWEST


def test_an_installed_program_runs_those_it_came_with(tmp_path: Path) -> None:
    """In the wheel they lie inside the package, and win over any directory that happens to stand beside it."""
    package = tmp_path / "site" / "collector"
    (tmp_path / "site").mkdir()
    subprocess.run(["/bin/cp", "-r", str(DIRECTORY.parent / "collector"), str(package)], check=True)
    (package / "_migrations").mkdir()
    (package / "_migrations" / "0001_select_one.sql").write_text(GOOD)
    code = "from collector.store.migrations import find_migrations; print([m.name for m in find_migrations()])"

    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "site", check=True, capture_output=True, text=True
    ).stdout

    assert shown.strip() == "['select_one']"
