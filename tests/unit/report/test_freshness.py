"""The verdicts on clusters, in three forms."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.report import freshness_csv, freshness_json, freshness_sentence
from collector.report.writing import write_age, write_exact, write_instant
from collector.store.reading import Freshness

FRESH = Freshness(
    service="opensearch",
    cluster_id="c9qone",
    cluster_name="search",
    labels='{"env": "prod"}',
    verdict="fresh",
    newest_backup_id="c9qbackup",
    newest_created_at=1,
    newest_created_at_ns=999,
    backup_age=timedelta(seconds=-1.5),
    max_age=timedelta(hours=26),
    observed_at=2_000_000,
    observation_age=timedelta(seconds=3),
    live_backups=336,
)
UNSEEN = replace(
    FRESH,
    verdict="unknown",
    cluster_name=None,
    newest_backup_id=None,
    newest_created_at=None,
    newest_created_at_ns=None,
    backup_age=None,
    observed_at=None,
    observation_age=None,
    live_backups=0,
)


def cells_of(text: str) -> list[dict[str, str]]:
    """Read CSV as a spreadsheet would."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_json_has_exact_instants_seconds_and_labels_as_an_object() -> None:
    """The API's instant keeps its nanoseconds; NULL is null."""
    first, second = json.loads(freshness_json([FRESH, UNSEEN]))

    assert first["newest_created_at"] == "2000-01-01T00:00:00.000001999Z"
    assert first["observed_at"] == "2000-01-01T00:00:02.000000Z"
    assert (first["backup_age"], first["max_age"], first["labels"]) == (-1.5, 93_600.0, {"env": "prod"})
    assert (second["newest_created_at"], second["observed_at"], second["backup_age"]) == (None, None, None)


def test_csv_has_the_same_columns_and_an_empty_cell_for_null() -> None:
    """A negative number is a number, not a formula."""
    first, second = cells_of(freshness_csv([FRESH, UNSEEN]))

    assert list(first) == [field.name for field in fields(Freshness)]
    assert (first["backup_age"], first["live_backups"], first["labels"]) == ("-1.5", "336", '{"env": "prod"}')
    assert (second["cluster_name"], second["newest_created_at"]) == ("", "")


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r"], ids=["equals", "plus", "minus", "at", "tab", "cr"])
def test_a_name_that_a_spreadsheet_would_run_is_made_text(sign: str) -> None:
    """Whatever else the name holds, the cell begins with an apostrophe."""
    (cells,) = cells_of(freshness_csv([replace(FRESH, cluster_name=f"{sign}SUM(A1)")]))

    assert cells["cluster_name"] == f"'{sign}SUM(A1)"


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0")))
def test_any_other_name_comes_back_as_it_was(name: str) -> None:
    """Quotes, separators and line breaks survive the round trip."""
    (cells,) = cells_of(freshness_csv([replace(FRESH, cluster_name=name)]))

    assert cells["cluster_name"].removeprefix("'") == name.removeprefix("'")


def test_the_sentence_counts_the_verdicts() -> None:
    """An empty inventory is called one."""
    assert freshness_sentence([UNSEEN, FRESH]) == "2 clusters: 1 fresh, 0 stale, 1 unknown"
    assert freshness_sentence([]) == "no clusters: nothing was ever collected here"


@pytest.mark.parametrize(
    "seconds, text",
    [
        (None, "–"),
        (0, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3_661, "1h 1m"),
        (7_200, "2h"),
        (86_400 * 3 + 3_600 * 4 + 59, "3d 4h"),
        (86_400 + 59, "1d"),
        (-90, "-1m 30s"),
    ],
)
def test_an_age_is_written_in_its_two_largest_units(seconds: float | None, text: str) -> None:
    """Short enough for a column, exact enough for a person."""
    assert write_age(seconds) == text


def test_no_instant_is_written_as_none() -> None:
    """JSON makes null of it."""
    assert (write_instant(None), write_exact(None, None)) == (None, None)
