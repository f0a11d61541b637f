"""Indices, events and restorability: what the views conclude, and what they refuse to conclude."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.builders import cluster_of, record, store_of
from tests.histories import ask, tell

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

INDICES = (
    "SELECT index_name, backup_id, indices_truncated, listed_only FROM inventory.index_backups ORDER BY index_name"
)


async def test_an_index_is_found_in_the_newest_live_backup_that_names_it(db: Connection) -> None:
    """Neither missing nor vanished backups are offered."""
    story = """
cluster c1
backup a -4h indices=logs,old indices_total=2
backup b -3h indices=logs indices_total=1
backup c -2h indices=logs,new indices_total=2
listing -90m complete a b c
listing -30m complete a b
"""
    assert await ask(db, story, INDICES) == [("logs", "b", False, False), ("old", "a", False, False)]


async def test_a_newer_backup_that_names_only_some_may_hold_it_too(db: Connection) -> None:
    """The answer is then the newest that lists it, and says so."""
    story = """
cluster c1
backup a -4h indices=logs,old indices_total=2
backup b -3h indices=logs indices_total=150
listing -1h complete a b
"""
    assert await ask(db, story, INDICES) == [("logs", "b", True, False), ("old", "a", False, True)]


@pytest.mark.parametrize(
    "newest, verdict",
    [
        ("indices=logs indices_total=1", "dropped"),
        ("indices=logs indices_total=2", "cannot tell"),
        ("indices=logs", "cannot tell"),
        ("indices_total=1", "cannot tell"),
    ],
    ids=["all", "some", "no-count", "no-names"],
)
async def test_a_dropped_index_is_told_from_one_that_is_not_named(db: Connection, newest: str, verdict: str) -> None:
    """Only a newest backup that is known to name all it holds proves that an index is gone."""
    previous = "indices=old" if newest.startswith("indices_total") else "indices=logs,old"
    story = f"""
cluster c1
backup a -4h {previous} indices_total={previous.count(",") + 1}
backup b -3h {newest}
listing -1h complete a b
"""
    query = "SELECT index_name, verdict, newest_backup_id, previous_backup_id FROM inventory.dropped_indices"

    assert await ask(db, story, query) == [("old", verdict, "b", "a")]


@pytest.mark.parametrize("count", ["indices_total=0", ""], ids=["zero", "none"])
async def test_a_backup_without_indices_lacks_them_all(db: Connection, count: str) -> None:
    """The API leaves out a count of 0, and names none."""
    story = f"cluster c1\nbackup a -4h indices=old\nbackup b -3h {count}\nlisting -1h complete a b"
    query = "SELECT index_name, verdict, previous_truncated FROM inventory.dropped_indices"

    assert await ask(db, story, query) == [("old", "dropped", True)]
    assert await ask(db, story, INDICES) == [("old", "a", True, False)]


async def test_a_newer_backup_without_a_count_may_hold_what_it_does_not_name(db: Connection) -> None:
    """Names without a count may be some of them."""
    story = "cluster c1\nbackup a -4h indices=old indices_total=1\nbackup b -3h indices=logs\nlisting -1h complete a b"

    assert await ask(db, story, INDICES) == [("logs", "b", True, False), ("old", "a", False, True)]


@pytest.mark.parametrize("other", ["a", "c"])
async def test_of_two_backups_of_one_instant_all_views_take_the_same(db: Connection, other: str) -> None:
    """The one with the greater id, in whatever order they were stored, and in every view that names a newest."""
    story = f"""
cluster c1
backup {other} -4h indices={other},both total={ord(other)}
backup b -4h indices=b,both total={ord("b")}
listing -1h complete {other} b
"""
    query = """
    SELECT
        f.newest_backup_id, r.backup_id, i.backup_id, d.newest_backup_id, chr(s.restorable_bytes::int),
        g.before_backup_id
    FROM inventory.freshness AS f
    JOIN inventory.restorability AS r USING (cluster_id)
    JOIN inventory.index_backups AS i USING (cluster_id)
    JOIN inventory.dropped_indices AS d USING (cluster_id)
    JOIN inventory.storage_daily AS s USING (cluster_id)
    JOIN inventory.gaps AS g USING (cluster_id)
    WHERE i.index_name = 'both' ORDER BY s.day DESC LIMIT 1
    """

    assert await ask(db, story.replace("c1", "c1 max_age=1h"), query) == [(max(other, "b"),) * 6]


async def test_what_happened_is_told_from_the_first_sight_on(db: Connection) -> None:
    """Appeared, missing, vanished and returned, each with the listing that showed it."""
    story = """
cluster c1
backup a -9h
listing -8h partial a
listing -7h complete a
listing -6h complete
listing -5h complete
listing -4h complete a
"""
    query = """
    SELECT h.kind, h.before, l.outcome, l.started_at = h.changed_at
    FROM inventory.changes AS h JOIN inventory.listings AS l USING (listing_id) ORDER BY h.changed_at
    """

    assert await ask(db, story, query) == [
        ("appeared", None, "partial", True),
        ("missing", None, "complete", True),
        ("vanished", None, "complete", True),
        ("returned", '{"state": "vanished"}', "complete", True),
    ]


@pytest.mark.parametrize(
    "prefix, until, restorable, supported",
    [
        ("2.12", "infinity", "yes", True),
        ("2", "2020-01-01", "no", False),
        ("2.1", "2020-01-01", "unknown", None),
        ("3", "infinity", "unknown", None),
    ],
)
async def test_a_backup_is_restorable_by_its_version(
    db: Connection, prefix: str, until: str, restorable: str, supported: bool | None
) -> None:
    """A prefix covers whole parts of a version, and what nobody wrote down is unknown."""
    story = "cluster c1\nbackup a -1h version=2.12.0\nlisting -30m complete a"
    query = "SELECT restorable, version_supported FROM inventory.restorability"
    await db.execute(
        "INSERT INTO collector.engine_version VALUES ('opensearch', $1, $2::text::date, 'a page')", prefix, until
    )

    try:
        assert await ask(db, story, query) == [(restorable, supported)]
    finally:
        await db.execute("DELETE FROM collector.engine_version")


async def test_a_backup_of_elasticsearch_is_restorable_by_its_own_version(migrated_url: str, db: Connection) -> None:
    """And shown with it."""
    cluster = cluster_of("elasticsearch")
    made = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    fields = {"createdAt": made, "startedAt": None, "opensearchVersion": None, "elasticsearchVersion": "7.17.1"}
    await db.execute("INSERT INTO collector.engine_version VALUES ('elasticsearch', '7.17', 'infinity', 'a page')")
    try:
        async with store_of(migrated_url, cluster) as rig:
            await rig.merge([record("a", cluster=cluster, **fields)], cluster=cluster)
        row = await db.fetchrow("SELECT restorable, elasticsearch_version FROM inventory.restorability")
    finally:
        await db.execute("DELETE FROM collector.engine_version")

    assert row is not None
    assert tuple(row) == ("yes", "7.17.1")


async def test_a_reader_needs_nothing_but_the_schema_inventory(db: Connection) -> None:
    """Views and functions answer a role that may not even look into schema collector."""
    names = [
        row[0]
        for row in await db.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'inventory' ORDER BY viewname")
    ]
    transaction = db.transaction()
    await transaction.start()
    try:
        await tell(db, "cluster c1\nbackup a -2h indices=logs\nlisting -1h complete a\nlisting -30m complete")
        await db.execute(
            "CREATE ROLE only_a_reader; GRANT USAGE ON SCHEMA inventory TO only_a_reader;"
            "GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO only_a_reader; SET LOCAL ROLE only_a_reader"
        )
        told = await db.fetch("SELECT state FROM inventory.backups_at(now() - INTERVAL '40 minutes')")
        for name in names:
            await db.fetch(f"SELECT * FROM inventory.{name}")  # noqa: S608 - names from the catalogue
    finally:
        await transaction.rollback()

    assert [row[0] for row in told] == ["live"]
    assert len(names) >= 14
