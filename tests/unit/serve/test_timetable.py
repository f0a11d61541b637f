"""When runs are due: clocks that change, clocks that jump, runs that take too long."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.config import ScheduleSettings
from collector.serve.timetable import SKIPPED_MAX, Timetable

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def table_of(cron: str, now: datetime, *, timezone: str = "UTC", jitter_s: float = 0.0) -> Timetable:
    """Make a timetable without delay."""
    settings = ScheduleSettings(cron=cron, timezone=timezone, jitter_s=jitter_s)
    return Timetable(settings, now, rng=random.Random(1))


def run_through(table: Timetable, count: int) -> list[datetime]:
    """Let so many runs pass, each of no length, and tell when they were due."""
    due = []
    for _ in range(count):
        due.append(table.due_at)
        table.begin(table.due_at)
        assert table.end(table.due_at) == 0
    return due


def test_the_next_run_is_the_next_tick() -> None:
    """Counted from now, the present minute left out."""
    table = table_of("*/15 * * * *", NOON)

    assert table.due_at == NOON + 15 * MINUTE
    assert table.wait_s(NOON + 14 * MINUTE) == 60.0
    assert table.wait_s(NOON + 15 * MINUTE) == 0.0


def test_in_spring_the_hour_that_is_missing_runs_once_right_after() -> None:
    """Berlin, 29 March 2026: 02:30 does not exist."""
    table = table_of("30 2 * * *", datetime(2026, 3, 28, 12, tzinfo=BERLIN), timezone="Europe/Berlin")

    due = [each.astimezone(BERLIN) for each in run_through(table, 2)]

    assert [each.strftime("%d %H:%M") for each in due] == ["29 03:00", "30 02:30"]


def test_in_autumn_the_hour_that_comes_twice_runs_once() -> None:
    """Berlin, 25 October 2026: 02:30 comes twice."""
    table = table_of("30 2 * * *", datetime(2026, 10, 24, 12, tzinfo=BERLIN), timezone="Europe/Berlin")

    due = [each.astimezone(BERLIN) for each in run_through(table, 2)]

    assert [each.strftime("%d %H:%M") for each in due] == ["25 02:30", "26 02:30"]


def test_a_quarter_of_an_hour_stays_one_when_clocks_change() -> None:
    """Neither a gap of an hour nor a doubled one: instants are counted, not faces of clocks."""
    table = table_of("*/15 * * * *", datetime(2026, 10, 25, 1, 50, tzinfo=BERLIN), timezone="Europe/Berlin")

    due = run_through(table, 12)

    assert {later - earlier for earlier, later in itertools.pairwise(due)} == {15 * MINUTE}


def test_a_run_that_takes_too_long_skips_what_falls_into_it() -> None:
    """It ends 50 minutes later: three runs are skipped and counted, and the next one is the next tick."""
    table = table_of("*/15 * * * *", NOON)
    table.begin(table.due_at)

    skipped = table.end(NOON + 65 * MINUTE)

    assert skipped == 3
    assert table.due_at == NOON + 75 * MINUTE


def test_a_clock_that_jumps_ahead_makes_one_run_and_no_burst() -> None:
    """A machine that slept for a day owes one run."""
    table = table_of("*/15 * * * *", NOON)
    tomorrow = NOON + timedelta(days=1)

    assert table.wait_s(tomorrow) == 0.0
    table.begin(table.due_at)
    skipped = table.end(tomorrow)

    assert skipped == 95
    assert table.due_at == tomorrow + 15 * MINUTE


def test_a_clock_that_jumps_back_plans_anew() -> None:
    """Else an hour would pass without a run."""
    table = table_of("*/15 * * * *", NOON)

    wait_s = table.wait_s(NOON - timedelta(hours=1, minutes=1))

    assert wait_s == 60.0


def test_a_run_on_demand_leaves_the_next_one_where_it_is() -> None:
    """It is none of the schedule's."""
    table = table_of("*/15 * * * *", NOON)

    assert table.end(NOON + 5 * MINUTE) == 0
    assert table.due_at == NOON + 15 * MINUTE


def test_a_run_on_demand_that_lasts_into_a_run_takes_its_place() -> None:
    """That one is counted as skipped."""
    table = table_of("*/15 * * * *", NOON)

    assert table.end(NOON + 20 * MINUTE) == 1
    assert table.due_at == NOON + 30 * MINUTE


def test_a_run_on_demand_is_the_one_that_chance_still_delays() -> None:
    """Its tick has come: nothing is skipped."""
    table = table_of("*/15 * * * *", NOON, jitter_s=600.0)
    asked_at = NOON + 15 * MINUTE + timedelta(seconds=1)
    assert table.due_at > asked_at

    table.begin(asked_at)

    assert table.end(asked_at + MINUTE) == 0
    assert table.due_at >= NOON + 30 * MINUTE


def test_counting_ends_somewhere() -> None:
    """A clock that jumps by years does not keep the loop busy."""
    table = table_of("* * * * *", NOON)
    table.begin(table.due_at)

    assert table.end(NOON + timedelta(days=3650)) == SKIPPED_MAX


@given(seed=st.integers(), jitter_s=st.floats(0, 3600))
def test_chance_delays_a_run_within_the_jitter(seed: int, jitter_s: float) -> None:
    """Never before its tick, never later than that."""
    settings = ScheduleSettings(cron="@hourly", jitter_s=jitter_s)

    delay = Timetable(settings, NOON, rng=random.Random(seed)).due_at - (NOON + 60 * MINUTE)

    assert 0 <= delay.total_seconds() <= jitter_s + 1e-6


@pytest.mark.parametrize("jitter_s", [0.0, 60.0, 4000.0], ids=["none", "usual", "longer-than-the-period"])
def test_runs_never_come_closer_than_a_tick(jitter_s: float) -> None:
    """However they are delayed, each belongs to a tick of its own, in order."""
    table = table_of("*/15 * * * *", NOON, jitter_s=jitter_s)
    due = []
    for _ in range(20):
        due.append(table.due_at)
        table.begin(table.due_at)
        table.end(table.due_at)

    assert due == sorted(due)
