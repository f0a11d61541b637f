"""The drawing of a cluster's past: what is a backup, what a lack of one, and of what nothing is known."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.serve.page.strip import Stretch, Strip, draw_strip
from collector.store.showing import INT64_MAX, Past

HOUR: Final = 3_600_000_000
NOW: Final = 850_000_000_000_000 // HOUR * HOUR
DAYS: Final = timedelta(days=2)
LIMIT: Final = timedelta(hours=6)
NO_HOLES: Final = ()


def drawn(
    *hours_ago: float, gone: tuple[float, ...] = (), holes: tuple[tuple[float | None, float, float], ...] = NO_HOLES
) -> Strip:
    """Draw two days of which six hours may be without a backup. A hole: from, until, blind until, in hours ago."""
    past = Past(
        times=sorted(at(each) for each in hours_ago),
        gone_times=sorted(at(each) for each in gone),
        holes=[
            (None if start is None else at(start), at(end) if end else INT64_MAX, at(seen))
            for start, end, seen in holes
        ],
    )
    return draw_strip(past, now_us=NOW, span=DAYS, max_age=LIMIT)


def at(hours_ago: float) -> int:
    """Tell an instant."""
    return NOW - round(hours_ago * HOUR)


def edges(stretches: object) -> list[tuple[float, float]]:
    """Tell where stretches begin and end, in hours from the left edge."""
    assert isinstance(stretches, (list, tuple))
    return [(each.x, each.end) for each in stretches if isinstance(each, Stretch)]


def test_hourly_backups_are_one_block() -> None:
    """And leave no gap."""
    strip = drawn(*range(55))

    assert len(strip.there) == 1
    assert strip.there[0].end == strip.width == 48
    assert strip.gaps == []


def test_a_missed_hour_is_seen() -> None:
    """As a break in the block, not as a lack that is longer than allowed."""
    strip = drawn(*(hour for hour in range(55) if hour not in {10, 11}))

    assert len(strip.there) == 2
    assert strip.gaps == []


def test_a_lack_of_backups_reaches_from_one_to_the_next() -> None:
    """Between backups, before the first and after the last one, wherever more than the limit lies."""
    strip = drawn(40, 38, 20, 19, 7)

    assert edges(strip.gaps) == [(0, 8), (10, 28), (29, 41), (41, 48)]
    assert all(gap.sure for gap in strip.gaps)
    assert strip.gaps[1].title.startswith("No backup: ")
    assert strip.gaps[1].title.endswith(" UTC, 18h")


@pytest.mark.parametrize("hours_ago, gaps", [(6.0, 0), (6.01, 1)])
def test_the_limit_itself_is_no_lack(hours_ago: float, gaps: int) -> None:
    """Six hours may pass, not a minute more."""
    assert len(drawn(*range(50, 7, -1), hours_ago).gaps) == gaps


def test_a_backup_that_is_gone_was_there() -> None:
    """It is drawn apart, and leaves no gap."""
    strip = drawn(*range(24), gone=tuple(range(24, 60)))

    assert (len(strip.there), len(strip.gone), strip.gaps) == (1, 1, [])


def test_of_what_nothing_is_known_no_lack_is_claimed() -> None:
    """A hole that hid what came and went; what is seen of the time beside it is no more than may pass."""
    strip = drawn(*range(30, 60), *range(10), holes=((29.0, 10.0, 12.0),))

    assert edges(strip.blind) == [(19, 36)]
    assert edges(strip.unlooked) == [(19, 38)]
    assert edges(strip.looked) == [(0, 19), (38, 48)]
    assert [gap.sure for gap in strip.gaps] == [False, False]
    assert all(gap.title.startswith("Perhaps no backup") for gap in strip.gaps)
    assert edges(strip.gaps) == [(18, 19), (36, 39)]


def test_a_hole_that_hid_nothing_proves_the_lack() -> None:
    """Backups live longer than nobody looked, so one that had been made would have been found."""
    strip = drawn(*range(30, 60), *range(10), holes=((29.0, 10.0, 40.0),))

    assert strip.blind == []
    assert edges(strip.unlooked) == [(19, 38)]
    assert [gap.sure for gap in strip.gaps] == [True]


def test_a_cluster_that_nobody_ever_read_is_all_unknown() -> None:
    """Neither a backup nor a lack."""
    strip = drawn(holes=((None, 0.0, 0.0),))

    assert edges(strip.blind) == edges(strip.unlooked) == [(0, 48)]
    assert (strip.there, strip.gaps, strip.looked) == ([], [], [])
    assert strip.summary == "2 days until now: 0 backups; a time in which nobody looked, of 2d"


def test_since_the_last_look_nothing_is_known() -> None:
    """The hole that is still open."""
    strip = drawn(*range(8, 60), holes=((8.0, 0.0, 0.0),))

    assert edges(strip.blind) == [(40, 48)]
    assert strip.gaps == []


def test_more_than_can_be_drawn_is_cut_off_and_no_lack() -> None:
    """The drawing begins with the oldest backup that was read."""
    past = Past(times=[at(each) for each in (3, 2, 1, 0)], gone_times=[], holes=[], cut=True)

    strip = draw_strip(past, now_us=NOW, span=DAYS, max_age=LIMIT)

    assert strip.width == 3
    assert strip.gaps == []


@given(
    times=st.lists(st.integers(at(60), at(0)), max_size=30),
    holes=st.lists(
        st.tuples(st.integers(at(80), at(0)), st.integers(0, 40 * HOUR), st.integers(0, 40 * HOUR)), max_size=4
    ),
)
def test_nothing_leaves_the_drawing_and_what_is_unknown_is_no_lack(
    times: list[int], holes: list[tuple[int, int, int]]
) -> None:
    """Whatever was read: all lies between the edges, in order, and no lack lies where nothing is known."""
    past = Past(
        times=sorted(times), gone_times=[], holes=[(start, start + long, start + seen) for start, long, seen in holes]
    )

    strip = draw_strip(past, now_us=NOW, span=DAYS, max_age=LIMIT)

    for stretches in (strip.there, strip.gaps, strip.blind, strip.unlooked, strip.looked):
        assert all(each.x >= 0 and each.end <= strip.width + 0.02 for each in stretches)
    for stretches in (strip.there, strip.looked):
        assert all(left.end <= right.x + 0.02 for left, right in pairwise(stretches))
    for gap in strip.gaps:
        assert all(gap.end <= blind.x + 0.02 or gap.x >= blind.end - 0.02 for blind in strip.blind)
