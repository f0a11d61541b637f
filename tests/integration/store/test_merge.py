"""What a merge writes: the first load, the same again, a change, and how all paths come to the same."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from collector.errors import BadAnswer, ListingMoved, UnreadableValue
from collector.fingerprints import fingerprint
from collector.parse import BackupParser
from collector.records import Backup, Counts, RawRecords
from collector.spool import Spool
from collector.store.intake import Parse
from collector.store.merge import COPY_MIN
from tests.builders import (
    CLUSTER,
    OTHER,
    Rig,
    every_row,
    history,
    numbered,
    outcomes,
    page_of,
    record,
    records,
    row_versions,
    states,
    store_of,
)

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

BIG = COPY_MIN + 6


async def test_a_first_listing_inserts_every_backup(rig: Rig, db: Connection) -> None:
    """All that is listed becomes live, and the ledger accounts for it."""
    result = await rig.merge(records("a", "b"))

    assert result.outcome == "complete"
    assert result.counts == Counts(inserted=2)
    assert await states(db) == {"a": "live", "b": "live"}
    ledger = await db.fetchrow("SELECT * FROM inventory.listings")
    assert ledger is not None
    assert (ledger["outcome"], ledger["listed"], ledger["inserted"], ledger["pages"]) == ("complete", 2, 2, 1)


async def test_a_listing_moves_fence_and_observation(rig: Rig, db: Connection) -> None:
    """The cluster is observed when its listing began, on the database's clock."""
    listing = await rig.begin()

    await rig.end(listing, records("a"))

    row = await db.fetchrow(
        "SELECT c.*, l.started_at FROM collector.cluster AS c JOIN collector.listing AS l USING (cluster_id)"
    )
    assert row is not None
    assert (row["last_listing_id"], row["complete_listing_id"]) == (listing.id, listing.id)
    assert row["observed_at"] == row["started_at"]


@pytest.mark.parametrize("path", ["confirmed", "merged"])
@pytest.mark.parametrize("count", [3, BIG], ids=["few", "many"])
async def test_the_same_answer_again_writes_no_backup_row(rig: Rig, db: Connection, count: int, path: str) -> None:
    """Only the cluster's row and the ledger move, by either way of finding out."""
    await rig.merge(numbered(count))
    before = {table: await row_versions(db, table) for table in ("backup", "index_set", "backup_change")}

    again = rig.confirm if path == "confirmed" else rig.merge
    results = [await again(numbered(count)), await again(numbered(count))]

    assert [result and result.counts for result in results] == [Counts(unchanged=count)] * 2
    assert {table: await row_versions(db, table) for table in before} == before
    assert await outcomes(db) == ["complete"] * 3
    assert await db.fetchval("SELECT last_listing_id FROM collector.cluster WHERE cluster_id = $1", CLUSTER.id) == max(
        result.listing_id or 0 for result in results if result
    )


async def test_what_is_unchanged_is_not_parsed(rig: Rig) -> None:
    """A known fingerprint is enough; only what is new is read."""
    await rig.merge(records("a", "b"))
    read: list[bytes] = []
    listing = await rig.begin()

    with Spool(0) as spool:
        spool.add(page_of([*records("a", "b"), record("c")]))
        await rig.store.merge_listing(listing, spool, _watched(read), absence="guarded")

    assert read == [record("c")]


def _watched(read: list[bytes]) -> Parse:
    parse = BackupParser(CLUSTER).parse_all

    def watch(raws: RawRecords) -> Sequence[Backup | UnreadableValue]:
        read.extend(raws)
        return parse(raws)

    return watch


async def test_a_change_rewrites_its_row_alone_and_is_kept_with_both_values(rig: Rig, db: Connection) -> None:
    """History has exactly the columns that differ, before and after (B13)."""
    await rig.merge([record("a"), record("b")])
    untouched = await db.fetchval("SELECT xmin FROM collector.backup WHERE backup_id = 'b'")

    result = await rig.merge(
        [record("a", sizeBytes="9223372036854775807", createdAt="2026-11-20T01:05:00.123456790Z"), record("b")]
    )

    change = await db.fetchrow("SELECT kind, before, after, listing_id FROM collector.backup_change")
    assert change is not None
    assert result.counts == Counts(updated=1, unchanged=1)
    assert (change["kind"], change["listing_id"]) == ("changed", result.listing_id)
    assert json.loads(change["before"]) == {"size_bytes": 1024, "created_at_ns": 789}
    assert json.loads(change["after"]) == {"size_bytes": 9223372036854775807, "created_at_ns": 790}
    assert await db.fetchval("SELECT xmin FROM collector.backup WHERE backup_id = 'b'") == untouched
    assert await db.fetchval("SELECT count(*) FROM collector.backup_change") == 1


async def test_a_field_that_comes_or_goes_is_a_change_from_or_to_null(rig: Rig, db: Connection) -> None:
    """A left-out field is NULL, in history too."""
    await rig.merge([record("a", sizeBytes=None), record("b", newField=1)])

    await rig.merge([record("a"), record("b")])

    rows = await db.fetch("SELECT backup_id, before, after FROM collector.backup_change ORDER BY backup_id")
    assert [(row[0], json.loads(row[1]), json.loads(row[2])) for row in rows] == [
        ("a", {"size_bytes": None}, {"size_bytes": 1024}),
        ("b", {"extra": {"newField": 1}}, {"extra": None}),
    ]


async def test_another_spelling_of_the_same_backup_is_no_change(rig: Rig, db: Connection) -> None:
    """Bytes that mean the same count as unchanged and leave no history, but their fingerprint is learnt."""
    await rig.merge([record("a")])
    respelled = json.dumps(json.loads(record("a")), indent=1).encode()

    first, second = await rig.merge([respelled]), await rig.confirm([respelled])

    assert first.counts == Counts(unchanged=1)
    assert second is not None
    assert await history(db) == []


async def test_records_listed_twice_alike_collapse(rig: Rig, db: Connection) -> None:
    """The second of two identical records is counted, not stored (A9)."""
    result = await rig.merge([record("a"), record("b"), record("a"), record("a")])

    assert result.counts == Counts(inserted=2, duplicates=2)
    assert await db.fetchval("SELECT duplicates FROM collector.listing") == 2
    confirmed = await rig.confirm([record("a"), record("b"), record("a"), record("a")])
    assert confirmed is not None
    assert confirmed.counts == Counts(unchanged=2, duplicates=2)


@pytest.mark.parametrize("known", [[], [record("a")], [record("a", sizeBytes="7")]], ids=["new", "first", "second"])
@pytest.mark.parametrize("count", [0, BIG], ids=["few", "many"])
async def test_one_id_with_two_contents_means_that_the_list_moved(
    rig: Rig, db: Connection, known: list[bytes], count: int
) -> None:
    """Neither content wins, and nothing is written, whichever of them is known (A10)."""
    await rig.merge(known)
    before = await every_row(db)

    with pytest.raises(ListingMoved, match="backup a was listed twice"):
        await rig.merge([record("a"), *numbered(count), record("a", sizeBytes="7")])

    assert await every_row(db) == before


@pytest.mark.parametrize("count", [0, BIG], ids=["few", "many"])
@pytest.mark.parametrize(
    "twins",
    [
        [record("a"), record("a", sizeBytes="x")],
        [record("a", sizeBytes="x"), record("a")],
        [record("a", sizeBytes="x"), record("a", sizeBytes="y")],
    ],
    ids=["second", "first", "both"],
)
async def test_a_second_content_that_cannot_be_read_is_a_second_content_too(
    rig: Rig, db: Connection, twins: list[bytes], count: int
) -> None:
    """The readable one does not win over the other (A10)."""
    await rig.merge([])
    before = await every_row(db)

    with pytest.raises(ListingMoved, match="backup a was listed twice"):
        await rig.merge([twins[0], *numbered(count), twins[1]])

    assert await every_row(db) == before


async def test_one_unreadable_record_listed_twice_alike_is_put_aside_once(rig: Rig) -> None:
    """It says nothing else the second time (A9)."""
    result = await rig.merge([record("a", sizeBytes="x"), record("b"), record("a", sizeBytes="x")])

    assert result.counts == Counts(inserted=1, quarantined=1, duplicates=1)


@pytest.mark.parametrize(
    "foreign, own, refused", [(1, 9, False), (2, 17, True), (1, 8, True), (1, 0, True), (10, 90, False)]
)
async def test_more_than_a_tenth_of_foreign_backups_refuses_the_listing(
    rig: Rig, db: Connection, *, foreign: int, own: int, refused: bool
) -> None:
    """A few are put aside; many mean that the answer is not ours, and nothing is written (A16)."""
    listed = numbered(own) + [record(f"x{number}", cluster=OTHER) for number in range(foreign)]

    if refused:
        with pytest.raises(BadAnswer, match=f"{foreign} of {foreign + own} backups belong to another cluster"):
            await rig.merge(listed)
    else:
        assert (await rig.merge(listed)).counts == Counts(inserted=own, quarantined=foreign)

    assert await db.fetchval("SELECT count(*) FROM collector.backup") == (0 if refused else own)
    assert await db.fetchval("SELECT count(*) FROM collector.quarantine") == (0 if refused else foreign)


async def test_one_id_under_two_clusters_is_two_backups(rig: Rig, db: Connection) -> None:
    """The key is cluster and id: nothing moves from one cluster to the other (A15)."""
    await rig.merge([record("a")])

    await rig.merge([record("a", cluster=OTHER, sizeBytes="7")], cluster=OTHER)

    rows = await db.fetch("SELECT cluster_id, size_bytes FROM inventory.backups ORDER BY cluster_id")
    assert [tuple(row) for row in rows] == [(CLUSTER.id, 1024), (OTHER.id, 7)]


async def test_a_new_version_of_the_parser_reads_everything_anew_without_inventing_changes(
    migrated_url: str, db: Connection
) -> None:
    """Other fingerprints for the same content: rows are rewritten, nothing has happened to the backups."""
    async with store_of(migrated_url) as rig:
        await rig.merge(numbered(BIG))
        listing = await rig.begin()
        with Spool(1 << 20, lambda raws: [fingerprint(raw + b"2") for raw in raws]) as spool:
            spool.add(page_of(numbered(BIG)))
            result = await rig.store.merge_listing(listing, spool, BackupParser(CLUSTER).parse_all, absence="guarded")

    assert result.counts == Counts(unchanged=BIG)
    assert await history(db) == []
