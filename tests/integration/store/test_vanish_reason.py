"""Why a backup vanished: what is inferred at that moment, from what was known then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.errors import ClusterNotFound, PermissionDenied
from tests.builders import CLUSTER, Rig, cluster_of, record, store_of

if TYPE_CHECKING:
    from collector.records import Via

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

DAY: Final = timedelta(days=1)
HOUR: Final = timedelta(hours=1)
REASONS: Final = "SELECT backup_id, vanish_reason FROM inventory.backups WHERE vanish_reason IS NOT NULL"


def aged(age: timedelta | None, backup_id: str = "gone") -> bytes:
    """Write a backup that was completed so long ago; None: nobody knows when."""
    created_at = None if age is None else (datetime.now(UTC) - age).isoformat()
    return record(backup_id, createdAt=created_at, startedAt=None)


async def retain(db: Connection, retention: timedelta | None) -> None:
    """Make the cluster's retention known."""
    await db.execute("UPDATE collector.cluster SET retention = $1", retention)


async def reasons(db: Connection) -> dict[str, str]:
    """Read why each backup vanished, as readers see it."""
    return {row["backup_id"]: row["vanish_reason"] for row in await db.fetch(REASONS)}


CASES: Final[dict[str, tuple[timedelta | None, timedelta | None, tuple[Via, Via], str]]] = {
    "nothing-known": (None, 20 * DAY, ("cluster", "cluster"), "unknown"),
    "of-age": (14 * DAY, 14 * DAY + HOUR, ("cluster", "cluster"), "expired"),
    "within-a-day-of-it": (14 * DAY, 13 * DAY + HOUR, ("cluster", "cluster"), "expired"),
    "more-than-a-day-early": (14 * DAY, 13 * DAY - HOUR, ("cluster", "cluster"), "deleted_early"),
    "a-short-retention-within-a-seventh": (70 * HOUR, 61 * HOUR, ("cluster", "cluster"), "expired"),
    "a-short-retention-too-early": (70 * HOUR, 59 * HOUR, ("cluster", "cluster"), "deleted_early"),
    "of-no-known-age": (14 * DAY, None, ("cluster", "cluster"), "unknown"),
    "cluster-gone": (None, 20 * DAY, ("folder", "folder"), "cluster_deleted"),
    "cluster-gone-before-its-time": (14 * DAY, 7 * DAY, ("folder", "folder"), "cluster_deleted"),
    "cluster-gone-and-of-age": (14 * DAY, 15 * DAY, ("folder", "folder"), "expired"),
    "cluster-gone-and-of-no-known-age": (14 * DAY, None, ("folder", "folder"), "cluster_deleted"),
    "missing-while-its-cluster-was-there": (14 * DAY, 7 * DAY, ("cluster", "folder"), "deleted_early"),
    "missing-while-its-cluster-was-there-and-nothing-known": (None, 7 * DAY, ("cluster", "folder"), "unknown"),
    "cluster-is-back": (14 * DAY, 7 * DAY, ("folder", "cluster"), "deleted_early"),
}


@pytest.mark.parametrize("case", CASES)
async def test_why_a_backup_vanished_is_inferred_from_what_was_known(rig: Rig, db: Connection, case: str) -> None:
    """Its age, the retention of its cluster, and whether the cluster was found, when it went missing."""
    retention, age, (first, second), expected = CASES[case]
    stays = aged(HOUR, "stays")
    await rig.merge([stays, aged(age)])
    await retain(db, retention)

    await rig.merge([stays], via=first)
    while_missing = await reasons(db)
    await rig.merge([stays], via=second)

    assert while_missing == {}
    assert await reasons(db) == {"gone": expected}


OWN: Final[dict[str, tuple[timedelta, dict[str, object], str]]] = {
    "kept-until-now": (20 * DAY, {"retainUntil": "now"}, "expired"),
    "kept-longer-than-its-cluster-says": (20 * DAY, {"retainUntil": "2999-01-01T00:00:00Z"}, "deleted_early"),
    "automatic": (20 * DAY, {"type": "AUTOMATED"}, "expired"),
    "by-hand": (20 * DAY, {"type": "MANUAL"}, "unknown"),
    "by-hand-and-kept-until-now": (20 * DAY, {"type": "MANUAL", "retainUntil": "now"}, "expired"),
    "of-a-word-that-is-new": (20 * DAY, {"type": "NEW"}, "expired"),
}


@pytest.mark.parametrize("case", OWN)
async def test_what_a_backup_says_of_itself_counts_before_its_clusters_retention(
    migrated_url: str, db: Connection, case: str
) -> None:
    """The cluster's is that of automatic backups: one that was made by hand stays until a hand deletes it."""
    age, fields, expected = OWN[case]
    now = datetime.now(UTC)
    if fields.get("retainUntil") == "now":
        fields = {**fields, "retainUntil": now.isoformat()}
    cluster = cluster_of("postgresql")
    stays, gone = (
        record(name, cluster=cluster, createdAt=(now - back).isoformat(), startedAt=None, **fields)
        for name, back in (("stays", HOUR), ("gone", age))
    )
    async with store_of(migrated_url, cluster) as rig:
        await rig.merge([stays, gone], cluster=cluster)
        await retain(db, 14 * DAY)
        await rig.merge([stays], cluster=cluster)
        await rig.merge([stays], cluster=cluster)

    assert await reasons(db) == {"gone": expected}


async def test_a_backup_that_returns_has_no_reason(rig: Rig, db: Connection) -> None:
    """And gets a new one when it vanishes again."""
    stays, gone = aged(HOUR, "stays"), aged(20 * DAY)
    await rig.merge([stays, gone])
    await rig.merge([stays])
    await rig.merge([stays])
    first = await reasons(db)

    await rig.merge([stays, gone])
    back = await reasons(db)
    await retain(db, 14 * DAY)
    await rig.merge([stays])
    await rig.merge([stays])

    assert (first, back) == ({"gone": "unknown"}, {})
    assert await reasons(db) == {"gone": "expired"}


async def test_a_retention_that_becomes_known_later_changes_no_reason(rig: Rig, db: Connection) -> None:
    """It was inferred from what was known then."""
    await rig.merge([aged(HOUR, "stays"), aged(20 * DAY)])
    await rig.merge([aged(HOUR, "stays")])
    await rig.merge([aged(HOUR, "stays")])

    await retain(db, 14 * DAY)
    await rig.merge([aged(HOUR, "stays")], via="folder")

    assert await reasons(db) == {"gone": "unknown"}


async def test_other_words_are_refused(rig: Rig, db: Connection) -> None:
    """Readers may rely on the four."""
    await rig.merge([aged(HOUR, "stays"), aged(20 * DAY)])
    await rig.merge([aged(HOUR, "stays")])
    await rig.merge([aged(HOUR, "stays")])

    with pytest.raises(asyncpg.CheckViolationError, match="backup_vanish_reason_is_known"):
        await db.execute("UPDATE collector.backup SET vanish_reason = 'stolen' WHERE vanish_reason IS NOT NULL")


async def test_an_older_404_does_not_mark_a_cluster_that_was_found_since(rig: Rig, db: Connection) -> None:
    """What began before the newest merged listing is no news."""
    older = await rig.begin()
    await rig.merge([aged(HOUR)])

    await rig.store.record_failure(older, ClusterNotFound("HTTP 404"))

    assert await db.fetchval("SELECT not_found_since FROM inventory.clusters WHERE cluster_id = $1", CLUSTER.id) is None


async def test_other_failures_say_nothing_about_where_a_cluster_is(rig: Rig, db: Connection) -> None:
    """A 404 marks it; what fails otherwise neither marks nor clears."""
    query = "SELECT not_found_since IS NOT NULL FROM inventory.clusters WHERE cluster_id = $1"
    seen = []

    for error in (PermissionDenied("HTTP 403"), ClusterNotFound("HTTP 404"), PermissionDenied("HTTP 403")):
        await rig.store.record_failure(await rig.begin(), error)
        seen.append(await db.fetchval(query, CLUSTER.id))

    assert seen == [False, True, True]
