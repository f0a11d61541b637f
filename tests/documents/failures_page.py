"""
The reference page of failures: `python -m tests.documents.failures_page` prints it.

What can go wrong is in `failures.toml`; which tests show what the program then does is read off their docstrings.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.documents.pages import ROOT

SOURCE: Final = ROOT / "tests" / "documents" / "failures.toml"
ROW_ID: Final = re.compile(r"\b[A-Z][1-9][0-9]?\b")

_HEAD: Final = """\
# Failures

Made from `tests/documents/failures.toml` and the docstrings of the tests by `python -m tests.documents.failures_page`.

What can go wrong around a collector, what the collector then does, and the tests that show it. A row without a test is
not on this page unless it says why: "not yet" is what is not built, or built and not shown. The kinds of error are
explained in [errors.md](errors.md), the outcomes of a listing in [schema.md](schema.md).
"""

_PARTS: Final[Mapping[str, str]] = {
    "A": "Paging and listing",
    "B": "Content",
    "C": "Timestamps",
    "D": "HTTP and the network",
    "E": "PostgreSQL",
    "F": "The process, its schedule, several at once",
    "G": "Configuration and secrets",
    "H": "The service",
    "J": "Supply and operators",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One row."""

    id: str
    wrong: str
    then: str
    tests: tuple[str, ...] = ()
    """Tests that show it without citing it."""
    pending: str | None = None
    """What of it is not built or not shown yet, and why."""


def failures() -> list[Failure]:
    """Read all rows, in order."""
    rows = tomllib.loads(SOURCE.read_text(encoding="utf-8"))
    return [Failure(id=row_id, **{**row, "tests": tuple(row.get("tests", ()))}) for row_id, row in rows.items()]


def shown_by() -> dict[str, set[str]]:
    """Find the tests that cite each row, or that it names."""
    found = {row.id: set(row.tests) for row in failures() if row.tests}
    for path in files_with_tests():
        for name, row_id in citations(path):
            found.setdefault(row_id, set()).add(name)
    return found


def files_with_tests() -> list[Path]:
    """List all files with tests."""
    return sorted((ROOT / "tests").glob("**/test_*.py"))


def names_of_tests() -> set[str]:
    """Name all tests."""
    return {name for path in files_with_tests() for name, _ in docstrings(path)}


def citations(path: Path) -> Iterator[tuple[str, str]]:
    """List the tests of one file, each with a row that its docstring cites."""
    return ((name, row_id) for name, text in docstrings(path) for row_id in ROW_ID.findall(text))


def docstrings(path: Path) -> Iterator[tuple[str, str]]:
    """List the tests of one file, each with its docstring."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name, ast.get_docstring(node) or ""


def failures_page() -> str:
    """Write the page: a table for each part of the catalogue."""
    tests = shown_by()
    parts = [_HEAD]
    for letter, title in _PARTS.items():
        rows = [row for row in failures() if row.id.startswith(letter)]
        lines = [_line(row, tests.get(row.id, set())) for row in rows]
        parts.append(
            "\n".join(
                [
                    f"## {title}\n",
                    "| row | what goes wrong | what then happens | shown by |",
                    "|---|---|---|---|",
                    *lines,
                    "",
                ]
            )
        )
    return "\n".join(parts)


def _line(row: Failure, tests: set[str]) -> str:
    then = f"{row.then} Not yet: {row.pending}".strip() if row.pending else row.then
    return f"| {row.id} | {row.wrong} | {then} | {', '.join(f'`{name}`' for name in sorted(tests)) or '–'} |"


if __name__ == "__main__":
    sys.stdout.write(failures_page())
