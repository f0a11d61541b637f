"""The pages that are made from the code are those that the code makes today."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from collector.errors import CollectorError
from release.licences import licences_page
from tests.documents.errors_page import below, documented, errors_page
from tests.documents.metrics_page import metrics_page
from tests.documents.pages import ROOT, page
from tests.documents.schema_image import schema_image
from tests.documents.schema_page import schema_page, uncommented

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def test_the_schema_s_page_is_that_of_a_migrated_database(db: Connection) -> None:
    """A column that comes or a COMMENT that changes is noticed here."""
    assert page("docs/reference/schema.md").text == await schema_page(db)


async def test_the_picture_of_the_tables_is_that_of_a_migrated_database(db: Connection) -> None:
    """Every table, every column and every key is drawn."""
    assert (ROOT / "docs/images/schema.svg").read_text(encoding="utf-8") == await schema_image(db)


async def test_whatever_readers_meet_has_a_comment(db: Connection) -> None:
    """Every view, column and function of schema `inventory` is explained in the database itself."""
    assert await uncommented(db) == []


async def test_the_worked_example_is_what_the_database_says(db: Connection) -> None:
    """The one instant of the page, through the functions that it names."""
    row = await db.fetchrow(
        "SELECT inventory.rfc3339(at, ns), inventory.epoch_ns(at, ns)::text "
        "FROM (VALUES (timestamptz '2026-11-24 05:10:44.123456+00', 789::smallint)) AS v (at, ns)"
    )
    assert row is not None

    text, nanoseconds = row

    assert text == "2026-11-24T05:10:44.123456789Z"
    assert f"`{nanoseconds}`" in page("docs/reference/schema.md").text


def test_the_errors_page_is_made_from_the_errors() -> None:
    """A docstring or an exit code that changes is noticed here."""
    assert page("docs/reference/errors.md").text == errors_page()


def test_the_metrics_page_is_what_the_service_writes() -> None:
    """A family that comes, goes or changes its labels is noticed here."""
    assert page("docs/reference/metrics.md").text == metrics_page()


def test_the_licences_page_is_made_from_the_installed_packages() -> None:
    """A dependency that comes, goes or changes its licence is noticed here."""
    assert page("docs/reference/licences.md").text == licences_page()


def test_every_error_has_its_row() -> None:
    """Only the bases that nothing raises, and the signal, have none."""
    left_out = {kind.kind for kind in set(below(CollectorError)) - documented()}

    assert left_out <= {"listing", "interrupted"}
