"""What a schedule lets us expect, and what of a description has changed."""

from __future__ import annotations

import pytest

from collector.descriptions import ClusterDescription, Schedule
from collector.expectations import expected_max_age_s, find_changes, is_weaker, retention_s
from collector.records import ClusterId

HOUR_S = 3_600.0
HOURLY, DAILY, WEEKLY = (Schedule(period_s=HOUR_S * hours, retention_days=14) for hours in (1, 24, 168))
BEFORE = ClusterDescription(ClusterId("c9qa"), "opensearch", "b1gf", name="a", labels={"env": "prod"}, schedule=DAILY)


@pytest.mark.parametrize(
    "schedule, hours", [(HOURLY, 3), (DAILY, 26), (WEEKLY, 182)], ids=["hourly", "daily", "weekly"]
)
def test_a_schedule_is_granted_its_period_and_a_tolerance(schedule: Schedule, hours: float) -> None:
    """Two hours, or a twelfth of the period where that is more; a daily one comes to the common default."""
    assert expected_max_age_s(schedule) == hours * HOUR_S


def test_a_cluster_that_says_nothing_is_expected_nothing_of() -> None:
    """The common default is the configuration's to give."""
    assert expected_max_age_s(Schedule()) is None
    assert retention_s(Schedule()) is None


def test_retention_is_in_whole_days() -> None:
    """As the API counts it."""
    assert retention_s(HOURLY) == 14 * 24 * HOUR_S


@pytest.mark.parametrize(
    "before, after, weaker",
    [
        (HOURLY, DAILY, True),
        (DAILY, HOURLY, False),
        (DAILY, DAILY, False),
        (DAILY, Schedule(), True),
        (Schedule(), DAILY, False),
        (DAILY, DAILY._replace(retention_days=7), True),
        (DAILY, DAILY._replace(retention_days=30), False),
        (DAILY, DAILY._replace(retention_days=None), False),
        (HOURLY, DAILY._replace(retention_days=30), True),
        (Schedule(retention_days=7), Schedule(retention_days=3), True),
    ],
    ids=[
        "longer-period",
        "shorter-period",
        "same",
        "turned-off",
        "turned-on",
        "kept-shorter",
        "kept-longer",
        "not-said",
        "rarer-but-kept-longer",
        "no-period-kept-shorter",
    ],
)
def test_fewer_promised_backups_are_a_weaker_schedule(*, before: Schedule, after: Schedule, weaker: bool) -> None:
    """More rarely, no longer, or kept for a shorter time. What is left unsaid is no promise taken back."""
    assert is_weaker(before, after) is weaker


def test_what_is_the_same_is_no_change() -> None:
    """Health and environment are shown, not followed."""
    assert list(find_changes(BEFORE, BEFORE._replace(health="DEAD", labels={"env": "prod"}))) == []


def test_each_change_says_what_was_and_what_is() -> None:
    """By the names of the inventory's columns."""
    after = BEFORE._replace(name="b", labels={}, status="STOPPED", schedule=WEEKLY)

    changes = list(find_changes(BEFORE, after))

    assert [tuple(change) for change in changes] == [
        ("renamed", {"name": "a"}, {"name": "b"}),
        ("labels_changed", {"labels": {"env": "prod"}}, {"labels": {}}),
        ("status_changed", {"status": None}, {"status": "STOPPED"}),
        (
            "schedule_weakened",
            {"period_s": 24 * HOUR_S, "retention_days": 14},
            {"period_s": 168 * HOUR_S, "retention_days": 14},
        ),
    ]


def test_a_stronger_schedule_is_a_change_too() -> None:
    """It alarms nobody, and is kept."""
    (change,) = find_changes(BEFORE, BEFORE._replace(schedule=HOURLY))

    assert change.kind == "schedule_changed"
