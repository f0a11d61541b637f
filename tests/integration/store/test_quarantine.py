"""Records that cannot be stored exactly: kept as received, once, with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collector.records import Counts
from collector.store.intake import KEPT_MAX, RAW_BYTES_MAX
from collector.store.merge import COPY_MIN
from tests.builders import CLUSTER, OTHER, Rig, numbered, record, records

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.mark.parametrize(
    "raw, backup_id, field",
    [
        (record("a", sizeBytes="1.5"), "a", "sizeBytes"),
        (record("a", sizeBytes="9223372036854775808"), "a", "sizeBytes"),
        (record("a", createdAt="9999-12-31T23:59:60Z"), "a", "createdAt"),
        (record("a", opensearchVersion="nul \0"), "a", "opensearchVersion"),
        (record("a", unknown={"deep": "nul \0"}), "a", "unknown"),
        (record("nul \0"), None, "id"),
        (record("\ud800"), None, "id"),
        (record("x" * 201), None, "id"),
        (record("a", id=None), None, "id"),
        (b'{"id": "a", "folderId": "\xff"}', "a", "folderId"),
        (b"[]", None, None),
        (b"null", None, None),
    ],
    ids=[
        "fraction", "past-int64", "leap-second", "nul", "nul-in-extra", "nul-in-id", "surrogate", "long-id", "no-id",
        "not-utf8", "list", "null",
    ],
)  # fmt: skip
async def test_an_unreadable_record_is_kept_byte_for_byte(
    rig: Rig, db: Connection, raw: bytes, backup_id: str | None, field: str | None
) -> None:
    """Whatever it is, the listing goes on, and the record can be looked at as it came."""
    result = await rig.merge([raw, record("good")])

    row = await db.fetchrow("SELECT * FROM inventory.quarantine")
    assert row is not None
    assert (result.outcome, result.counts) == ("partial", Counts(inserted=1, quarantined=1))
    assert (row["raw"], row["raw_size_bytes"]) == (raw, len(raw))
    assert (row["backup_id"], row["field"]) == (backup_id, field)
    assert row["reason"]
    assert row["in_newest_listing"]


@pytest.mark.parametrize("others", [0, COPY_MIN], ids=["few", "many"])
async def test_a_record_is_quarantined_once_and_then_refreshed(rig: Rig, db: Connection, others: int) -> None:
    """Seen again, it moves its last sighting and nothing else."""
    bad = record("bad", sizeBytes="x")
    first = await rig.merge([bad, bad, *numbered(others)])

    second = await rig.merge([bad, *numbered(others)])
    await rig.merge(numbered(others))

    rows = await db.fetch("SELECT * FROM collector.quarantine")
    assert [(row["first_listing_id"], row["last_listing_id"]) for row in rows] == [
        (first.listing_id, second.listing_id)
    ]
    assert first.counts.duplicates == 1
    assert not await db.fetchval("SELECT in_newest_listing FROM inventory.quarantine")


async def test_another_fault_of_the_same_backup_is_another_row(rig: Rig, db: Connection) -> None:
    """A row is one content, not one backup."""
    await rig.merge([record("bad", sizeBytes="x")])

    await rig.merge([record("bad", sizeBytes="y")])

    assert await db.fetchval("SELECT count(*) FROM collector.quarantine") == 2


async def test_a_known_backup_that_becomes_unreadable_stays_as_it_was(rig: Rig, db: Connection) -> None:
    """Neither its values nor its state change, however often it comes."""
    await rig.merge(records("a", "b"))

    for _ in range(3):
        await rig.merge([record("a", sizeBytes="x"), record("b")])

    rows = await db.fetch("SELECT backup_id, state, size_bytes FROM inventory.backups ORDER BY backup_id")
    assert [tuple(row) for row in rows] == [("a", "live", 1024), ("b", "live", 1024)]


async def test_of_a_giant_record_the_first_part_is_kept(rig: Rig, db: Connection) -> None:
    """Its whole length is known all the same (B10)."""
    raw = record("a", sizeBytes="x" * (RAW_BYTES_MAX + 10))

    await rig.merge([raw])

    row = await db.fetchrow("SELECT raw, raw_size_bytes FROM collector.quarantine")
    assert row is not None
    assert (row["raw"], row["raw_size_bytes"]) == (raw[:RAW_BYTES_MAX], len(raw))


async def test_a_foreign_record_names_whose_it_is(rig: Rig, db: Connection) -> None:
    """One of another cluster among many of ours is put aside."""
    await rig.merge([*numbered(20), record("x", cluster=OTHER)])

    row = await db.fetchrow("SELECT cluster_id, field, reason FROM collector.quarantine")
    assert row is not None
    assert (row["cluster_id"], row["field"]) == (CLUSTER.id, "sourceClusterId")
    assert OTHER.id in row["reason"]


@pytest.mark.parametrize("others", [0, COPY_MIN], ids=["few", "many"])
async def test_the_quarantine_of_a_cluster_has_a_bound_and_what_is_past_it_is_counted(
    rig: Rig, db: Connection, others: int
) -> None:
    """The first are kept and refreshed, the ledger counts all, and nothing is taken for absent."""
    bad = [record(f"bad{number}", sizeBytes="x") for number in range(KEPT_MAX + 5)]
    await rig.merge([record("good"), *numbered(others)])
    await rig.merge(bad[: KEPT_MAX - 1])

    over = await rig.merge(bad)
    again = await rig.merge([record("bad", sizeBytes="x", sourceClusterId=OTHER.id)], cluster=OTHER)

    assert (over.outcome, over.counts.quarantined, over.counts.missing) == ("partial", KEPT_MAX + 5, 0)
    assert (again.outcome, again.counts.quarantined) == ("partial", 1)
    rows = await db.fetch("SELECT cluster_id, count(*) FROM inventory.quarantine WHERE in_newest_listing GROUP BY 1")
    assert {row["cluster_id"]: row["count"] for row in rows} == {CLUSTER.id: KEPT_MAX, OTHER.id: 1}
    assert await db.fetchval("SELECT array_agg(unkept ORDER BY listing_id) FROM inventory.listings") == [0, 0, 5, 0]
    assert await db.fetchval("SELECT count(*) FROM inventory.backups WHERE state = 'live'") == 1 + others
