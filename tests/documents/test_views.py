"""The examples of the views' page, worked out by the database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.documents.pages import page
from tests.documents.results import VIEWS, exact, queries_with_results, render
from tests.histories import ask_records

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

EXAMPLES = [
    pytest.param(*example, id=re.findall(r"inventory\.(\w+)", example[1])[0])
    for example in queries_with_results(page(VIEWS))
]


@pytest.mark.parametrize("story, query, shown", EXAMPLES)
async def test_an_example_comes_out_as_it_is_shown(db: Connection, story: str, query: str, shown: str) -> None:
    """Its history is written, its query asked, and every cell compared."""
    assert render(await ask_records(db, story, query), exact) == shown.splitlines()


def test_every_view_that_judges_has_an_example() -> None:
    """A section with a definition has a history, a query and a result."""
    sections = re.findall(r"^## `inventory\.(\w+)", page(VIEWS).text, re.MULTILINE)

    assert sections == [example.id for example in EXAMPLES]
    assert len(sections) == 9
