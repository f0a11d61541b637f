"""What the database itself refuses, and what it notices when somebody edits it by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.errors import NetworkFailed
from collector.records import Counts
from tests.builders import CLUSTER, OTHER, Rig, history, numbered, record, records, states

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ONE_CHANGED = Counts(updated=1, unchanged=1)

MISSING = """
UPDATE collector.backup SET missing_listing_id = $1, missing_since = now(), last_seen_at = now() WHERE backup_id = 'a'
"""
VANISHED = """
UPDATE collector.backup
SET missing_listing_id = $1, missing_since = now(), last_seen_at = now(),
    vanished_listing_id = $2, vanished_at = now(), vanish_reason = 'unknown'
WHERE backup_id = 'a'
"""


async def _listing_of_every_kind(rig: Rig) -> dict[str, int]:
    """Make one listing of each outcome, and a complete one of another cluster."""
    done = {"complete": await rig.merge([record("a"), *numbered(10)])}
    old = await rig.begin()
    await rig.merge([record("a"), *numbered(10)])
    done["superseded"] = await rig.end(old, [])
    done["partial"] = await rig.merge([record("a"), record("bad", sizeBytes="x"), *numbered(10)])
    done["held"] = await rig.merge([])
    done["failed"] = await rig.store.record_failure(await rig.begin(), NetworkFailed("reset"))
    done["foreign"] = await rig.merge([], cluster=OTHER)
    ids = {name: result.listing_id for name, result in done.items() if result.listing_id is not None}
    assert len(ids) == len(done)
    return {**ids, "unknown": 10**9}


@pytest.mark.parametrize("proof", ["superseded", "partial", "held", "failed", "foreign", "unknown"])
@pytest.mark.parametrize("state", ["missing", "vanished"])
async def test_absence_needs_the_proof_of_a_complete_listing_of_the_same_cluster(
    rig: Rig, db: Connection, proof: str, state: str
) -> None:
    """PostgreSQL refuses to mark a backup by anything less, whoever tries."""
    ids = await _listing_of_every_kind(rig)

    mark = (MISSING, ids[proof]) if state == "missing" else (VANISHED, ids["complete"], ids[proof])

    with pytest.raises(asyncpg.ForeignKeyViolationError, match="by_proof_of_a_complete_listing"):
        await db.execute(*mark)

    assert (await states(db))["a"] == "live"


async def test_the_complete_listing_itself_is_proof(rig: Rig, db: Connection) -> None:
    """The refusals above are not for some other reason."""
    ids = await _listing_of_every_kind(rig)

    await db.execute(MISSING, ids["complete"])

    assert (await states(db))["a"] == "missing"


@pytest.mark.parametrize(
    "statement, constraint",
    [
        (
            "UPDATE collector.backup SET vanished_listing_id = 1, vanished_at = now(), vanish_reason = 'unknown'",
            "backup_vanishes_in_a_later_listing_than_it_was_missing",
        ),
        (
            (
                "UPDATE collector.backup SET missing_listing_id = 1, vanished_listing_id = 1, missing_since = now(), "
                "last_seen_at = now(), vanished_at = now(), vanish_reason = 'unknown'"
            ),
            "backup_vanishes_in_a_later_listing_than_it_was_missing",
        ),
        ("UPDATE collector.backup SET missing_since = now()", "backup_missing_is_whole"),
        ("UPDATE collector.backup SET created_at_ns = NULL", "backup_created_at_is_whole"),
        ("UPDATE collector.backup SET started_at_ns = 1000", "backup_started_at_is_whole"),
        ("UPDATE collector.backup SET backup_id = ''", "backup_id_is_not_empty"),
        ("UPDATE collector.listing SET inserted = 2", "listing_accounts_for_every_record"),
        ("UPDATE collector.listing SET listed = 2", "listing_accounts_for_every_record"),
        ("UPDATE collector.listing SET outcome = 'partial', missing = 1", "listing_marks_absence_only_when_complete"),
        ("UPDATE collector.listing SET outcome = 'failed'", "listing_failed_with_an_error"),
        ("UPDATE collector.listing SET outcome = 'fine'", "listing_outcome_is_known"),
        ("UPDATE collector.cluster SET last_listing_id = 0", "cluster_fence_covers_the_complete_listing"),
        ("UPDATE collector.cluster SET observed_at = NULL", "cluster_is_observed_by_a_complete_listing"),
        ("UPDATE collector.cluster SET cluster_id = '../x'", "cluster_id_is_safe_in_a_path"),
        ("UPDATE collector.sweep SET outcome = 'complete'", "sweep_is_running_or_finished"),
    ],
    ids=lambda text: text if text.isidentifier() else "",
)
async def test_a_row_that_contradicts_itself_is_refused(
    rig: Rig, db: Connection, statement: str, constraint: str
) -> None:
    """Each rule is a constraint whose name says it."""
    await rig.merge(records("a"))

    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await db.execute(statement + (f" WHERE cluster_id = '{CLUSTER.id}'" if "cluster SET" in statement else ""))

    assert refused.value.constraint_name == constraint


@pytest.mark.parametrize(
    "edit, counts, kinds",
    [
        ("UPDATE collector.backup SET size_bytes = 5 WHERE backup_id = 'a'", ONE_CHANGED, ["changed"]),
        ("UPDATE collector.backup SET created_at_ns = 0 WHERE backup_id = 'a'", ONE_CHANGED, ["changed"]),
        ("UPDATE collector.backup SET extra = '{}' WHERE backup_id = 'a'", ONE_CHANGED, ["changed"]),
        ("UPDATE collector.backup SET index_set_id = NULL", Counts(updated=2), ["changed", "changed"]),
        ("DELETE FROM collector.backup WHERE backup_id = 'a'", Counts(inserted=1, unchanged=1), []),
        ("DELETE FROM collector.backup", Counts(inserted=2), []),
        ("TRUNCATE collector.backup", Counts(inserted=2), []),
    ],
    ids=["number", "nanoseconds", "extra", "all-rows", "delete", "delete-all", "truncate"],
)  # fmt: skip
async def test_an_edit_by_hand_is_undone_by_the_next_sweep(
    rig: Rig, db: Connection, *, edit: str, counts: Counts, kinds: list[str]
) -> None:
    """The short cut is forbidden, the row is read anew, and history shows what was repaired."""
    await rig.merge(records("a", "b"))
    query = "SELECT to_jsonb(b) - 'first_seen_at' FROM collector.backup AS b ORDER BY backup_id"
    before = await db.fetch(query)

    await db.execute(edit)
    shortcut = await rig.confirm(records("a", "b"))
    result = await rig.merge(records("a", "b"))

    assert shortcut is None
    assert result.counts == counts
    assert await db.fetch(query) == before
    assert [kind for _, kind in await history(db)] == kinds


async def test_what_was_edited_by_hand_and_then_expired_vanishes_all_the_same(rig: Rig, db: Connection) -> None:
    """Two edited rows are still two: the one that is listed does not hide the absence of the other."""
    await rig.merge(records("a", "b", "c"))
    await db.execute("UPDATE collector.backup SET size_bytes = 5 WHERE backup_id <> 'c'")

    for listed in (records("b", "c"), records("b", "c")):
        if await rig.confirm(listed) is None:
            await rig.merge(listed)

    assert await states(db) == {"a": "vanished", "b": "live", "c": "live"}


async def test_an_edit_is_kept_in_history_with_what_the_hand_wrote(rig: Rig, db: Connection) -> None:
    """Before is what stood there; after is what the API says."""
    await rig.merge(records("a"))
    await db.execute("UPDATE collector.backup SET opensearch_version = 'mine'")

    await rig.merge(records("a"))

    row = await db.fetchrow("SELECT before, after FROM collector.backup_change")
    assert row is not None
    assert json.loads(row["before"]) == {"opensearch_version": "mine"}
    assert json.loads(row["after"]) == {"opensearch_version": "2.12"}


async def test_a_sweep_deletes_nothing(rig: Rig, db: Connection) -> None:
    """No row of any table ever goes, whatever disappears."""
    await db.execute(
        "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE 'a row was deleted from %', TG_TABLE_NAME; END $$"
    )
    tables = ("sweep", "cluster", "listing", "index_set", "backup", "backup_change", "quarantine")
    for table in tables:
        await db.execute(
            f"CREATE TRIGGER refuse BEFORE DELETE OR TRUNCATE ON collector.{table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.refuse()"
        )

    try:
        for listed in (numbered(80), numbered(40), numbered(40), [], numbered(3, start=90)):
            await rig.merge(listed, absence="allowed")
    finally:
        for table in tables:
            await db.execute(f"DROP TRIGGER refuse ON collector.{table}")

    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 83
