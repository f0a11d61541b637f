"""A backup that is still being made is listed, stored, and proves no freshness."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from collector.records import Cluster, ClusterId
from tests.builders import store_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

POSTGRESQL = Cluster(id=ClusterId("c9qpg"), service="postgresql")


async def freshness_of(db: Connection, url: str, *listed: Mapping[str, object]) -> Any:
    """Store a cluster's only listing, and read the verdict."""
    async with store_of(url, POSTGRESQL) as rig:
        result = await rig.merge([json.dumps(each).encode() for each in listed], cluster=POSTGRESQL)
    assert result.outcome == "complete"
    return await db.fetchrow("SELECT verdict, newest_backup_id, live_backups FROM inventory.freshness")


async def instant(db: Connection, age: str) -> str:
    """Write an instant of this age, on the database's clock."""
    query = "SELECT to_char((now() - $1::text::interval) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    return str(await db.fetchval(query, age))


@pytest.mark.parametrize("status", ["CREATING", "A_WORD_OF_TOMORROW"])
@pytest.mark.parametrize("dated", [True, False], ids=["dated", "undated"])
async def test_what_is_not_known_to_be_finished_is_not_the_newest(
    migrated_url: str, db: Connection, *, status: str, dated: bool
) -> None:
    """Whether or not the API already says when: the one before it is, and its age decides."""
    done = {"id": "done", "createdAt": await instant(db, "2 days"), "status": "DONE"}
    unfinished = {"id": "new", "startedAt": await instant(db, "5 min"), "status": status}
    if dated:
        unfinished["createdAt"] = await instant(db, "1 min")

    row = await freshness_of(db, migrated_url, done, unfinished)

    assert tuple(row) == ("stale", "done", 2)
    assert await db.fetchval("SELECT status FROM inventory.backups WHERE backup_id = 'new'") == status


@pytest.mark.parametrize("status", ["DONE", "", "BACKUP_STATUS_UNSPECIFIED", None])
async def test_a_finished_one_or_one_without_a_status_is_the_newest(
    migrated_url: str, db: Connection, status: str | None
) -> None:
    """Most services have no status at all: a date of completion is all they say."""
    created = await instant(db, "1 min")

    row = await freshness_of(db, migrated_url, {"id": "new", "createdAt": created, "status": status})

    assert tuple(row) == ("fresh", "new", 1)


async def test_a_cluster_with_nothing_but_an_unfinished_backup_is_stale(migrated_url: str, db: Connection) -> None:
    """The first backup of a new cluster has no date of completion yet."""
    row = await freshness_of(
        db, migrated_url, {"id": "first", "startedAt": await instant(db, "1 min"), "status": "CREATING"}
    )

    assert tuple(row) == ("stale", None, 1)


async def test_a_backup_that_is_finished_later_is_a_change(migrated_url: str, db: Connection) -> None:
    """From CREATING to DONE the same id changes its values, and then counts."""
    created = await instant(db, "1 min")
    async with store_of(migrated_url, POSTGRESQL) as rig:
        await rig.merge([b'{"id":"a","status":"CREATING"}'], cluster=POSTGRESQL)

        await rig.merge([f'{{"id":"a","status":"DONE","createdAt":"{created}"}}'.encode()], cluster=POSTGRESQL)

    change = await db.fetchrow("SELECT before, after FROM collector.backup_change")
    assert change is not None
    assert json.loads(change["before"]) == {"status": "CREATING", "created_at": None, "created_at_ns": None}
    assert json.loads(change["after"])["status"] == "DONE"
    assert await db.fetchval("SELECT verdict FROM inventory.freshness") == "fresh"


async def test_an_unfinished_backup_ends_no_gap_and_attains_nothing(migrated_url: str, db: Connection) -> None:
    """What judges the history goes by the same rule as the verdict of today."""
    done = {"id": "done", "createdAt": await instant(db, "3 days"), "status": "DONE"}
    unfinished = {"id": "new", "createdAt": await instant(db, "1 hour"), "status": "CREATING", "size": "5"}

    await freshness_of(db, migrated_url, done, unfinished)

    gap = await db.fetchrow("SELECT before_backup_id, after_backup_id FROM inventory.gaps")
    assert gap is not None
    assert tuple(gap) == ("done", None)
    assert await db.fetchval("SELECT attained * 30 BETWEEN 1.08 AND 1.09 FROM inventory.attainment LIMIT 1")
    assert await db.fetchval("SELECT backup_id FROM inventory.restorability") == "done"
    assert await db.fetchval("SELECT restorable_bytes FROM inventory.storage_daily") is None
    assert await db.fetchval("SELECT billable_bytes FROM inventory.storage_daily") == 5


@pytest.mark.parametrize("status", ["DONE", "CREATING", "NEW", "", None])
async def test_the_rule_is_a_function_of_its_own(db: Connection, status: str | None) -> None:
    """For readers' own queries."""
    finished = await db.fetchval("SELECT inventory.is_finished($1)", status)

    assert finished == (status in {"DONE", "", None})
