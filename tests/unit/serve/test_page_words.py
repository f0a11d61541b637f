"""What the page writes of a value, and what it reads of an address."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from multidict import MultiDict

from collector.errors import UsageError
from collector.serve.page.asking import link, read_moment, read_wanted
from collector.serve.page.plot import HEIGHT, POINTS_MAX, WIDTH, draw_plot
from collector.serve.page.sentence import judge
from collector.serve.page.words import exact, share, shown, size, whole_span
from collector.store.showing import START, Moment, Place, Wanted

DAY_US = 86_400_000_000


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "–"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.00 KiB"),
        (10 * 1024 - 1, "10.0 KiB"),
        (1024**2 - 1, "1.00 MiB"),
        (1024**4, "1.00 TiB"),
        (2**63 - 1, "8.00 EiB"),
        (-2048, "-2.00 KiB"),
    ],
)
def test_a_size_has_three_digits(value: int | None, text: str) -> None:
    """In the unit that fits; its bytes stand beside it."""
    assert size(value) == text


@pytest.mark.parametrize(
    "value, text",
    [(1.0, "100 %"), (0.9999999, "99.9 %"), (0.0, "0.0 %"), (0.0005, "0.0 %"), (None, "–")],
)
def test_a_share_is_never_rounded_up(value: float | None, text: str) -> None:
    """What is nearly all is not all."""
    assert share(value) == text


@pytest.mark.parametrize(
    "value, text",
    [
        (timedelta(microseconds=1), "0.000001 s"),
        (timedelta(microseconds=-1), "-0.000001 s"),
        (timedelta(days=3, microseconds=5), "259,200.000005 s"),
        (None, "–"),
    ],
)
def test_a_duration_is_exact(value: timedelta | None, text: str) -> None:
    """To the microsecond, also one that runs backwards."""
    assert whole_span(value) == text


def test_an_instant_of_the_api_has_nine_digits_and_ours_six() -> None:
    """As exact as it is known."""
    assert exact(1, 2) == "2000-01-01T00:00:00.000001002Z"
    assert exact(1) == "2000-01-01T00:00:00.000001Z"


def test_what_cannot_be_seen_is_written_out() -> None:
    """Nothing hides in a name, or turns it around."""
    assert shown("a\u202eb\x00\u200bc") == "a\\u202eb\\x00\\u200bc"


def wanted_of(*pairs: tuple[str, str]) -> Wanted:
    """Read the question of an address with these parameters."""
    return read_wanted(MultiDict(pairs))


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(),
        Wanted(text="a b&c=d", verdict="stale"),
        Wanted(labels={"team": "a=b", "x y": "&"}),
        Wanted(text="ü%", labels={"k": ""}, verdict="fresh"),
    ],
)
def test_a_link_asks_what_was_asked(wanted: Wanted) -> None:
    """Read again, it is the same question."""
    from urllib.parse import parse_qsl

    _, _, query = link(wanted).partition("?")

    assert wanted_of(*parse_qsl(query, keep_blank_values=True)) == wanted


def test_another_filter_begins_at_the_first_page() -> None:
    """Where the reader stood is of no use there."""
    wanted = wanted_of(("q", "x"), ("after", "1.-5.c9q"))

    assert wanted.after == Place(1, -5, "c9q")
    assert wanted_of(("q", "x")).after == START
    assert link(wanted, verdict="stale") == "/?q=x&verdict=stale"
    assert link(wanted, after=Place(2, 7, "c9r")) == "/?q=x&after=2.7.c9r"


@pytest.mark.parametrize("text", ["1", "x.1.b", "1.1000.b", "1.1.", "1.1.\x00", "1.1.\ud800"])
def test_what_is_no_place_is_refused(text: str) -> None:
    """A sentence says what it should have been."""
    with pytest.raises(UsageError, match="not a place"):
        read_moment(MultiDict(before=text))


def test_an_id_may_hold_the_mark_that_parts_a_place() -> None:
    """It is the last part."""
    assert read_moment(MultiDict(before="5.12.a.b\n.c")) == Moment(5, 12, "a.b\n.c")


def test_a_line_of_sizes_stays_in_its_plane_and_keeps_its_peak() -> None:
    """Also where there are more points than are drawn."""
    points = [(number, 1000 + (10**6 if number == 777 else 0)) for number in range(5 * POINTS_MAX)]

    plot = draw_plot(points)

    assert plot is not None
    assert (plot.least, plot.most, plot.newest) == (1000, 1_001_000, 1000)
    places = [tuple(map(float, each.split())) for each in plot.line.lstrip("M").replace("M", "L").split("L")]
    assert len(places) <= POINTS_MAX + 1
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in places)


def test_a_line_is_broken_where_nothing_was_measured() -> None:
    """It does not lead over a week without backups."""
    points = [(day * DAY_US, 5) for day in (*range(20), *range(40, 60))]

    plot = draw_plot(points)

    assert plot is not None
    assert plot.line.count("M") == 2


@pytest.mark.parametrize("points", [[], [(1, 1)], [(1, 1), (1, 2)]])
def test_of_one_instant_no_line_is_drawn(points: list[tuple[int, int]]) -> None:
    """There is nothing to compare it with."""
    assert draw_plot(points) is None


H = timedelta(hours=1)
KNOWN: dict[str, Any] = {
    "verdict": "fresh",
    "expected": True,
    "backup_age": 2 * H,
    "max_age": 26 * H,
    "newest_backup_id": "b",
    "observed_at": 0,
    "observation_age": H,
    "observation_max_age": 2 * H,
}


@pytest.mark.parametrize(
    "changes, word, reason",
    [
        ({}, "Fresh", "completed 2h ago, and may be 1d 2h old"),
        ({"expected": False}, "Fresh", "It is stopped, and its newest backup was young enough"),
        ({"verdict": "stale", "backup_age": 50 * H}, "Stale", "1d older than it may be"),
        ({"verdict": "stale", "newest_backup_id": None, "backup_age": None}, "Stale", "no finished backup"),
        ({"verdict": "stale", "expected": False, "backup_age": 50 * H}, "Stale", "too old already"),
        (
            {"verdict": "unknown", "observation_age": None},
            "Unknown",
            "No reading of its backups has ever been complete",
        ),
        ({"verdict": "unknown", "observation_age": 3 * H}, "Unknown", "is 3h old; beyond 2h nothing is claimed"),
        ({"verdict": "unknown", "expected": False}, "Unknown", "is or was stopped"),
        ({"verdict": None}, "Not watched", "last read completely at 2000-01-01 00:00"),
        ({"verdict": None, "observed_at": None}, "Not watched", "never read completely"),
    ],
)
def test_a_verdict_is_a_sentence_that_says_why(changes: dict[str, Any], word: str, reason: str) -> None:
    """In the words of the view that gave it."""
    sentence = judge({**KNOWN, **changes})  # type: ignore[arg-type]  # a row is asked by its columns only

    assert sentence.word == word
    assert reason in sentence.reason
