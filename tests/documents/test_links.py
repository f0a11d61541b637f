"""What the documents point at is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documents.pages import ROOT, Page, page, pages

each_page = pytest.mark.parametrize("document", pages(), ids=lambda document: document.name)

FORBIDDEN = {
    "unfinished": r"\b(TODO|FIXME|TBD)\b",
    "machine": r"(?<![\w.])/(work|root|home|Users)/",
    "person": r"\w@\w+\.\w|\bexample\.com\b",
}


@each_page
def test_every_link_within_the_tree_leads_somewhere(document: Page) -> None:
    """File and heading both: a renamed section is noticed where it is linked."""
    broken = []
    for link in document.links():
        name, _, anchor = link.partition("#")
        target = Page((document.path.parent / name).resolve()) if name else document
        if not target.path.exists() or (anchor and anchor not in target.anchors()):
            broken.append(link)

    assert broken == []


@each_page
def test_every_path_that_is_named_exists(document: Page) -> None:
    """Whoever is told to open a file finds it."""
    assert [path for path in document.paths() if not (ROOT / path).exists()] == []


def test_every_test_that_is_named_exists() -> None:
    """A rule is held by the test that its line names, not by one that is gone."""
    written = {
        name for path in ROOT.glob("tests/**/test_*.py") for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    named = {name for document in pages() for name in document.tests()}

    assert len(named) > 20
    assert named - written == set()


def test_every_part_of_the_program_is_on_the_map() -> None:
    """A new package cannot be forgotten."""
    packages = {f"collector/{path.parent.name}" for path in ROOT.glob("collector/*/__init__.py")}

    named = set(page("docs/architecture.md").paths())

    assert packages - named == set()


def test_every_document_is_found_from_the_readme() -> None:
    """No page lies there unread: each is linked from the front page, or, one of a set, from a page that is."""
    near = linked_from(page("README.md"))
    found = near.union(*(linked_from(Page(path)) for path in near if path.suffix == ".md"))

    assert [each.name for each in pages() if each.name != "README.md" and each.path.resolve() not in found] == []
    assert [path.name for path in (ROOT / "docs" / "howto").glob("*.md") if path.resolve() not in near] == []


def linked_from(document: Page) -> set[Path]:
    """List the files that a document links."""
    return {(document.path.parent / link.partition("#")[0]).resolve() for link in document.links()}


@each_page
@pytest.mark.parametrize("words", FORBIDDEN.values(), ids=FORBIDDEN)
def test_no_document_holds_what_is_nobodys_business(document: Page, words: str) -> None:
    """Neither unfinished sentences nor somebody's machine nor made-up people."""
    assert re.findall(words, document.text) == []


def test_the_readme_is_short() -> None:
    """It is read whole or not at all."""
    assert page("README.md").text.count("\n") <= 200


def test_the_changelog_speaks_of_this_version() -> None:
    """Nothing is released without a word to those who upgrade."""
    from collector import __version__

    text = page("CHANGELOG.md").text

    assert f"## [{__version__}]" in text or ("## [Unreleased]" in text and __version__ in text)
