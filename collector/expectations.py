"""
How old the newest backup of a cluster may be, and what of a cluster's description has changed. Pure arithmetic.

A schedule is believed as it is read; where the cluster says nothing, nothing is made up.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from collector.descriptions import ClusterDescription, Schedule

TOLERANCE_MIN_S = 2 * 3600.0
"""A backup takes its time, and we look only so often: an hourly one is missed once before anybody is called."""

TOLERANCE_SHARE = 12
"""One part in so many of the period, where that is more: a daily backup may be 26 hours old, a weekly 182."""

DAY_S = 86_400.0

ChangeKind = Literal["renamed", "labels_changed", "status_changed", "schedule_changed", "schedule_weakened"]


class Change(NamedTuple):
    """One thing about a cluster that is not as it was; `before` and `after` by the inventory's names."""

    kind: ChangeKind
    before: dict[str, object]
    after: dict[str, object]


def expected_max_age_s(schedule: Schedule) -> float | None:
    """
    Say how old the newest backup may be by the cluster's schedule: its period and a tolerance.

    Returns:
        Seconds; None where the cluster says nothing of a schedule.
    """
    if schedule.period_s is None:
        return None
    return schedule.period_s + max(TOLERANCE_MIN_S, schedule.period_s / TOLERANCE_SHARE)


def retention_s(schedule: Schedule) -> float | None:
    """Say how long an automatic backup is kept; None where the cluster does not say."""
    return None if schedule.retention_days is None else schedule.retention_days * DAY_S


def is_weaker(before: Schedule, after: Schedule) -> bool:
    """Tell whether fewer backups are promised: made more rarely or no longer, or kept for a shorter time."""
    if before.period_s is not None and (after.period_s is None or after.period_s > before.period_s):
        return True
    kept_before, kept_after = before.retention_days, after.retention_days
    return kept_before is not None and kept_after is not None and kept_after < kept_before


def find_changes(before: ClusterDescription, after: ClusterDescription) -> Iterator[Change]:
    """Find what has changed between two descriptions of one cluster."""
    if before.name != after.name:
        yield Change("renamed", {"name": before.name}, {"name": after.name})
    if dict(before.labels) != dict(after.labels):
        yield Change("labels_changed", {"labels": dict(before.labels)}, {"labels": dict(after.labels)})
    if before.status != after.status:
        yield Change("status_changed", {"status": before.status}, {"status": after.status})
    if before.schedule != after.schedule:
        kind: ChangeKind = "schedule_weakened" if is_weaker(before.schedule, after.schedule) else "schedule_changed"
        yield Change(kind, before.schedule._asdict(), after.schedule._asdict())
