"""Every failure of the catalogue has a test, and every test that cites one cites one that is there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.documents.failures_page import (
    Failure,
    citations,
    docstrings,
    failures,
    failures_page,
    files_with_tests,
    names_of_tests,
    shown_by,
)
from tests.documents.pages import page


def test_the_failures_page_is_made_from_the_rows_and_the_tests() -> None:
    """A row or a docstring that changes is noticed here."""
    assert page("docs/reference/failures.md").text == failures_page()


def test_every_row_has_a_test_or_says_why_not() -> None:
    """A failure that no test shows is a claim."""
    tests = shown_by()

    assert [row.id for row in failures() if row.id not in tests and row.pending is None] == []


def test_every_citation_is_of_a_row_that_is_there() -> None:
    """Of whatever letter: a mistyped row would count for nothing."""
    assert set(shown_by()) - {row.id for row in failures()} == set()


def test_every_test_that_a_row_names_is_there() -> None:
    """A test that was renamed or dropped would be a claim that nothing holds."""
    assert {name for row in failures() for name in row.tests} - names_of_tests() == set()


def test_the_rows_are_in_order_without_a_gap() -> None:
    """So that nobody looks for a row that never was."""

    def place(row: Failure) -> tuple[str, int]:
        return row.id[0], int(row.id[1:])

    last = {"A": 18, "B": 13, "C": 10, "D": 25, "E": 20, "F": 17, "G": 12, "H": 12, "J": 6}
    assert list(map(place, failures())) == [(part, n) for part, end in last.items() for n in range(1, end + 1)]


def test_a_citation_is_of_single_rows_in_docstrings_of_tests(tmp_path: Path) -> None:
    """A range would claim what lies in between; a comment, a helper or another function's words claim nothing."""
    source = tmp_path / "test_sample.py"
    source.write_text(
        '"""A1"""\ndef helper():\n    """A2"""\nasync def test_one():\n    """A3, B10: said (D25)."""\n'
        'class Test:\n    def test_two(self):\n        """Not A100, UTF8, but E1."""\n        # C1\n'
    )

    assert list(citations(source)) == [("test_one", "A3"), ("test_one", "B10"), ("test_one", "D25"), ("test_two", "E1")]


def test_no_docstring_cites_a_range_of_rows() -> None:
    """The rows in between would be claimed and not found."""
    ranges = re.compile(r"\b[A-Z][0-9]+(?:–|-|…| to )[A-Z]?[0-9]+\b")

    assert [name for path in files_with_tests() for name, text in docstrings(path) if ranges.search(text)] == []
