"""Shares of time: attained is proven, missed was looked at, and the rest is unknown."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.histories import ask, looked

if TYPE_CHECKING:
    import asyncpg

    Fact = tuple[int, int, int | None]

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

SHARES = "SELECT attained, missed, unknown, longest_missed FROM inventory.attainment WHERE window_days = 30"


async def test_time_is_attained_missed_or_unknown(db: Connection) -> None:
    """Thirty days of max_age 3d: 21 looked at, of which a backup covers 3 and one of before 6 covers 3."""
    story = (
        "cluster c1 max_age=3d observation_max_age=1d\nbackup a -27d\nbackup b -15d\n"
        "listing -21d complete a\n" + looked(480, 384, "a", step_h=24) + "\n" + looked(360, 0, "a", "b", step_h=24)
    )

    rows = await ask(db, story, SHARES)

    # a: 27 to 24 days ago. Until the first listing, 21 days ago, unknown; 21 to 15 missed; b: 15 to 12; then missed.
    attained, missed, unknown, longest = rows[0]
    assert (attained, missed, unknown) == (Decimal("0.2"), Decimal("0.6"), Decimal("0.2"))
    assert longest == timedelta(days=12)


async def test_a_cluster_that_was_never_seen_is_unknown_not_missed(db: Connection) -> None:
    """Failed listings say nothing about backups."""
    rows = await ask(db, "cluster c1\nlisting -2d failed\nlisting -1d failed", SHARES)

    assert rows == [(Decimal(0), Decimal(0), Decimal(1), None)]


async def test_a_cluster_without_any_backup_is_missed_since_we_looked(db: Connection) -> None:
    """An empty complete listing is knowledge."""
    story = "cluster c1 observation_max_age=1d\n" + looked(360, 0, step_h=24)

    rows = await ask(db, story, SHARES)

    # Nobody looked before the first listing: the half is unknown.
    assert [row[:3] for row in rows] == [(Decimal(0), Decimal("0.5"), Decimal("0.5"))]


async def test_time_before_the_first_look_is_never_missed(db: Connection) -> None:
    """Also where backups are kept so long that the first listing would name one: the cluster may be new."""
    story = "cluster c1 max_age=1d observation_max_age=1d retention=14d\nbackup a -1d\nlisting now complete a"

    rows = await ask(db, story, SHARES)

    assert [row[1:4] for row in rows] == [(Decimal(0), Decimal("0.966666667"), None)]


async def test_a_hole_of_ours_is_unknown_and_what_a_backup_proves_stays_attained(db: Connection) -> None:
    """Ten days without a listing: the backup after them proves its own time, the rest is open."""
    story = (
        "cluster c1 max_age=3d observation_max_age=1d\nbackup a -15d\n"
        + looked(720, 480, step_h=24)
        + "\n"
        + looked(240, 0, "a", step_h=24)
    )

    rows = await ask(db, story, SHARES)

    # 30 to 20: missed. 20 to 10: not looked, but a covers 15 to 12. 10 to 0: missed.
    attained, missed, unknown = (share * 30 for share in rows[0][:3])
    assert [round(days, 6) for days in (attained, missed, unknown)] == [3, 20, 7]


async def test_time_since_the_newest_listing_is_unknown(db: Connection) -> None:
    """Three days without a sweep are not counted for or against anybody."""
    story = "cluster c1 max_age=3d observation_max_age=1d\nbackup a -4d\n" + looked(720, 72, "a", step_h=24)

    rows = await ask(db, story.replace("complete a", "complete") + "\nlisting -3d complete a", SHARES)

    attained, missed, unknown = (share * 30 for share in rows[0][:3])
    assert [round(days, 6) for days in (attained, missed, unknown)] == [1, 26, 3]


async def test_between_its_last_sight_and_the_listing_without_it_a_backup_proves_nothing(db: Connection) -> None:
    """The newest backup was deleted within a day: for that day nobody knows."""
    story = "cluster c1 max_age=9d observation_max_age=1d\nbackup a -20d\n" + looked(1200, 432, "a", step_h=24)

    rows = await ask(db, f"{story}\n{looked(408, 0, step_h=24)}", SHARES)

    # 30 to 20: missed. 20 to 18: attained. 18 to 17: it was there or not. 17 to 0: missed.
    attained, missed, unknown = (share * 30 for share in rows[0][:3])
    assert [round(days, 6) for days in (attained, missed, unknown)] == [2, 27, 1]


STORIES = st.lists(
    st.tuples(
        st.integers(0, 400), st.sampled_from(["complete", "complete", "partial", "failed"]), st.sets(st.integers(0, 5))
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(listings=STORIES, made=st.lists(st.integers(-40, 400), min_size=6, max_size=6), max_age=st.integers(1, 90))
async def test_the_three_shares_are_exactly_one(
    db: Connection, listings: list[tuple[int, str, set[int]]], made: list[int], max_age: int
) -> None:
    """Whatever the history: none is negative, and they add up to 1 to the last digit."""
    lines = [f"cluster c1 max_age={max_age}h"]
    lines += [f"backup b{number} {'-' if hour >= 0 else '+'}{abs(hour)}h{number}m" for number, hour in enumerate(made)]
    for hour, outcome, numbers in sorted(listings, key=lambda listing: -listing[0]):
        lines.append(f"listing -{hour}h{len(lines)}s {outcome} {' '.join(f'b{number}' for number in numbers)}")

    rows = await ask(db, "\n".join(lines), "SELECT attained, missed, unknown FROM inventory.attainment")

    assert len(rows) == 3
    assert all(sum(shares) == 1 and min(shares) >= 0 for shares in rows)


FACTS = """
SELECT
    (extract(EPOCH FROM b.created_at - now()) / 3600)::int,
    (extract(EPOCH FROM b.last_seen_at - now()) / 3600)::int,
    (extract(EPOCH FROM b.missing_since - now()) / 3600)::int
FROM inventory.backups AS b
"""
LOOKS = """
SELECT (extract(EPOCH FROM started_at - now()) / 3600)::int
FROM inventory.listings WHERE outcome = 'complete' ORDER BY started_at
"""


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    listings=st.dictionaries(
        st.integers(0, 60), st.tuples(st.sampled_from(["complete", "complete", "partial"]), st.sets(st.integers(0, 5)))
    ),
    made=st.lists(st.integers(0, 70), min_size=6, max_size=6),
    max_age=st.integers(1, 20),
    kept=st.integers(0, 10),
)
async def test_the_shares_are_what_the_definition_gives_hour_by_hour(
    db: Connection, listings: dict[int, tuple[str, set[int]]], made: list[int], max_age: int, kept: int
) -> None:
    """Everything happens on the hour, so the middle of each hour of the window stands for it."""
    lines = [f"cluster c1 max_age={max_age}h observation_max_age=2h retention={kept}h"]
    lines += [f"backup b{number} -{hour}h" for number, hour in enumerate(made)]
    for hour, (outcome, numbers) in sorted(listings.items(), reverse=True):
        held = [f"b{number}" for number in sorted(numbers) if made[number] >= hour]
        lines.append(f"listing -{hour}h {outcome} {' '.join(held)}")
    story = "\n".join(lines)

    backups, looks = await ask(db, story, FACTS), [row[0] for row in await ask(db, story, LOOKS)]
    verdicts = [judge(hour + 0.5, backups, looks, max_age=max_age, lifetime=max(2, kept)) for hour in range(-720, 0)]
    rows = await ask(db, story, "SELECT attained, missed FROM inventory.attainment WHERE window_days = 30")

    assert [round(share * 720, 3) for share in rows[0]] == [verdicts.count("attained"), verdicts.count("missed")]


def judge(at: float, backups: list[Fact], looks: list[int], *, max_age: int, lifetime: int) -> str:
    """Say what one instant is, as the page of the views defines it."""
    if any(made <= at <= min(made + max_age, seen) for made, seen, _ in backups):
        return "attained"
    if not looks or not looks[0] < at < looks[-1]:
        return "unknown"
    if any(gone is not None and seen < at < gone and at < made + max_age for made, seen, gone in backups):
        return "unknown"
    after = next(look for look in looks if look > at)
    before = max(look for look in looks if look < at)
    hidden = [made for made in range(before, after - lifetime) if made + 0.5 <= at <= made + 0.5 + max_age]
    return "unknown" if hidden else "missed"
