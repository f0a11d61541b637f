"""The queries of the documents, tried on the demo's fleet as the program collected it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.documents.conftest import Inventory
from tests.documents.pages import Block, page, pages
from tests.documents.results import COOKBOOK, cells, masked, queries_with_results

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

QUERIES = [
    pytest.param(block, id=f"{document.name}-{number}")
    for document in pages()
    for number, block in enumerate(document.blocks("sql"), start=1)
    if not block.mark
]
COOKED = [
    pytest.param(query, shown.splitlines(), id=f"{number}")
    for number, (_, query, shown) in enumerate(queries_with_results(page(COOKBOOK)), start=1)
]
RARE = {block.text for block in page(COOKBOOK).blocks("sql") if block.mark == "rare"}
"""Queries whose rows depend on the hour of the day: only their columns are compared."""
EMPTY_HERE = "WHERE NOT managed"
"""No cluster of the demo ever left the configuration."""


@pytest.mark.parametrize("query", QUERIES)
async def test_a_query_runs_and_finds_something(reader: Connection, query: Block) -> None:
    """On views that readers may use, without changing anything."""
    rows = await reader.fetch(query.text)

    assert bool(rows) is (EMPTY_HERE not in query.text)
    assert "collector." not in query.text


@pytest.mark.parametrize("query, shown", COOKED)
async def test_the_cookbook_shows_what_its_queries_give(reader: Connection, query: str, shown: list[str]) -> None:
    """The same columns; and the rows shown are among those found, but for what differs from run to run."""
    rows = [cells(line) for line in shown[2:]]
    statement = await reader.prepare(query)
    columns = [attribute.name for attribute in statement.get_attributes()]
    found = [[masked(name, value) for name, value in row.items()] for row in await statement.fetch()]

    assert cells(shown[0]) == columns
    assert rows
    if query not in RARE and EMPTY_HERE not in query:
        assert [row for row in rows if row not in found] == []


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_fails_for_no_record_and_takes_no_two_clusters_for_one(query: Block) -> None:
    """A quarantined record need not be UTF-8; a cluster need not have a name, nor one of its own."""
    by = re.findall(r"GROUP BY ([^;]*?)(?: ORDER BY|\nORDER BY|;|$)", query.text)
    alike = [names for names in by if "cluster_name" in names and "cluster_id" not in names]

    assert "convert_from" not in query.text
    assert alike == [] or "WHERE cluster_name = '" in query.text
    assert "USING (cluster_id, cluster_name" not in query.text


def test_the_cookbook_answers_its_questions_in_order() -> None:
    """At least twenty-five, numbered as they stand, each with its query and result."""
    numbers = [int(number) for number in re.findall(r"^### (\d+)\. ", page(COOKBOOK).text, re.MULTILINE)]

    assert numbers == list(range(1, len(COOKED) + 1))
    assert len(numbers) >= 25


def test_the_readme_has_ten_queries() -> None:
    """Numbered, so that people can speak of them."""
    numbers = [re.findall(r"^-- (\d+)\.", block.text) for block in page("README.md").blocks("sql")]

    assert numbers == [[str(number)] for number in range(1, 11)]


async def test_the_queries_see_every_state_that_they_are_about(reader: Connection) -> None:
    """The fleet is no empty stage: all states of backups, all verdicts, and four outcomes are in it."""
    states = await reader.fetch("SELECT DISTINCT state FROM inventory.backups")
    verdicts = await reader.fetch("SELECT DISTINCT verdict FROM inventory.freshness")
    outcomes = await reader.fetch("SELECT DISTINCT outcome FROM inventory.listings")

    assert {row[0] for row in states} == {"live", "missing", "vanished"}
    assert {row[0] for row in verdicts} == {"fresh", "stale", "unknown"}
    assert {row[0] for row in outcomes} == {"complete", "partial", "held", "failed"}


def test_the_readme_shows_what_the_program_prints(inventory: Inventory) -> None:
    """The same sentences and columns, numbers aside; the rows are of the form that it prints."""
    (shown,) = page("README.md").blocks("text")
    sentences, table, verdicts = (part.splitlines() for part in shown.text.split("\n\n"))
    printed = inventory.status.stdout.splitlines()
    forms = {form_of(line) for line in printed}

    assert [without_numbers(line) for line in sentences] == [without_numbers(line) for line in inventory.sentences]
    assert table[0].split("  ") == printed[0].split("  ")
    assert [line for line in table[1:] if form_of(line) not in forms] == []
    assert verdicts == printed[-1:]


def without_numbers(line: str) -> str:
    """Put one sign in the place of every number."""
    return re.sub(r"\d+", "#", line)


def form_of(line: str) -> tuple[str, int]:
    """Tell the verdict of a line of the table, and how many cells it has."""
    cells = re.split(r" {2,}", line.strip())
    return cells[0], len(cells)
