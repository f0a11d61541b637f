"""What absence from a listing means: missing, vanished, returned, held, and what says nothing at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from collector.errors import BadAnswer, NetworkFailed
from collector.records import Counts
from tests.builders import (
    CLUSTER,
    OTHER,
    Rig,
    history,
    numbered,
    record,
    records,
    row_versions,
    states,
)

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

UNREADABLE = record("bad", sizeBytes="1.5")


async def test_a_backup_absent_once_is_missing_and_twice_vanished(rig: Rig, db: Connection) -> None:
    """One complete listing without a backup is a question; only the second is an answer (A13)."""
    seen: list[dict[str, str]] = []

    for listed in (records("a", "b"), records("a"), records("a"), records("a")):
        await rig.merge(listed)
        seen.append(await states(db))

    assert [each["b"] for each in seen] == ["live", "missing", "vanished", "vanished"]
    assert [each["a"] for each in seen] == ["live"] * 4
    assert await history(db) == [("b", "missing"), ("b", "vanished")]


async def test_the_times_of_a_vanished_backup_are_those_of_the_listings(rig: Rig, db: Connection) -> None:
    """Last seen, missing since and vanished at are when the listings began that say so."""
    results = [await rig.merge(listed) for listed in (records("a", "b"), records("a", "b"), records("a"), records("a"))]

    began = {row[0]: row[1] for row in await db.fetch("SELECT listing_id, started_at FROM collector.listing")}
    row = await db.fetchrow("SELECT * FROM inventory.backups WHERE backup_id = 'b'")
    assert row is not None
    times = [row["first_seen_at"], row["last_seen_at"], row["missing_since"], row["vanished_at"]]
    assert times == [began[result.listing_id] for result in results]
    assert row["vanish_reason"] == "unknown"


async def test_a_missing_backup_forbids_the_short_cut(rig: Rig, db: Connection) -> None:
    """The listing that confirms an absence is identical to the one before; it must be merged all the same."""
    await rig.merge(records("a", "b"))
    await rig.merge(records("a"))

    shortcut = await rig.confirm(records("a"))

    assert shortcut is None
    assert await states(db) == {"a": "live", "b": "missing"}
    assert await rig.store.read_digests([CLUSTER.id]) == {}


@pytest.mark.parametrize("state", ["missing", "vanished"])
@pytest.mark.parametrize("back", ["unchanged", "changed"])
async def test_a_backup_that_comes_back_is_live_and_keeps_its_history(
    rig: Rig, db: Connection, state: str, back: str
) -> None:
    """Nothing of the absence stays on the row; the history says from where it returned (A18)."""
    await rig.merge(records("a", "b"))
    first_seen = await db.fetchval("SELECT first_seen_at FROM collector.backup WHERE backup_id = 'b'")
    for _ in range(1 if state == "missing" else 2):
        await rig.merge(records("a"))

    result = await rig.merge([*records("a"), record("b", sizeBytes="1024" if back == "unchanged" else "1")])

    row = await db.fetchrow("SELECT * FROM inventory.backups WHERE backup_id = 'b'")
    change = await db.fetchrow("SELECT before FROM collector.backup_change WHERE kind = 'returned'")
    assert row is not None
    assert change is not None
    assert result.counts == Counts(unchanged=1, returned=1)
    assert (row["state"], row["first_seen_at"]) == ("live", first_seen)
    assert [row[name] for name in ("missing_since", "vanished_at", "vanish_reason")] == [None] * 3
    assert json.loads(change["before"]) == {"state": state}
    assert [kind for _, kind in await history(db)].count("changed") == (back == "changed")
    assert await rig.confirm([*records("a"), record("b", sizeBytes="1024" if back == "unchanged" else "1")])


async def test_a_backup_that_returned_and_left_again_needs_two_listings_again(rig: Rig, db: Connection) -> None:
    """A return wipes the first absence: two in a row are counted anew."""
    seen: list[str] = []

    for listed in (records("a", "b"), records("a"), records("a", "b"), records("a"), records("a")):
        await rig.merge(listed)
        seen.append((await states(db))["b"])

    assert seen == ["live", "missing", "live", "missing", "vanished"]


@pytest.mark.parametrize("between", ["partial", "held", "failed", "superseded", "refused"])
async def test_what_is_not_complete_neither_confirms_nor_clears_an_absence(
    rig: Rig, db: Connection, between: str
) -> None:
    """A missing backup stays missing through it, and the next complete listing is the second one."""
    old = await rig.begin()
    await rig.merge(numbered(20))
    await rig.merge(numbered(19))

    match between:
        case "partial":
            assert (await rig.merge([*numbered(19), UNREADABLE])).outcome == "partial"
        case "held":
            assert (await rig.merge(numbered(3))).outcome == "held"
        case "failed":
            await rig.store.record_failure(await rig.begin(), NetworkFailed("reset"))
        case "superseded":
            assert (await rig.end(old, numbered(19))).outcome == "superseded"
        case _:
            with pytest.raises(BadAnswer):
                await rig.merge([record("x", cluster=OTHER)])
    during = await states(db)
    result = await rig.merge(numbered(19))

    assert during["b00019"] == "missing"
    assert list(during.values()).count("live") == 19
    assert result.counts.vanished == 1
    assert (await states(db))["b00019"] == "vanished"


async def test_a_partial_listing_marks_nothing_and_keeps_what_it_could_read(rig: Rig, db: Connection) -> None:
    """The unreadable record may be the very one that seems absent."""
    await rig.merge(records("a", "b"))

    result = await rig.merge([record("a", sizeBytes="7"), record("c"), UNREADABLE])

    assert result.outcome == "partial"
    assert result.counts == Counts(inserted=1, updated=1, quarantined=1)
    assert await states(db) == {"a": "live", "b": "live", "c": "live"}
    row = await db.fetchrow("SELECT * FROM collector.cluster WHERE cluster_id = $1", CLUSTER.id)
    assert row is not None
    assert row["complete_listing_id"] < row["last_listing_id"] == result.listing_id
    assert row["listing_digest"] is None


async def test_what_only_an_incomplete_listing_showed_again_is_live_and_known_until_the_complete_one_before(
    rig: Rig, db: Connection
) -> None:
    """It was there later than the listing that lacked it, so then too. When it goes again, nothing newer is said."""
    await rig.merge(records("a", "b"))
    lacking = await rig.merge(records("a"))
    await rig.merge([*records("a", "b"), UNREADABLE])
    live = await states(db)

    await rig.merge(records("a"))

    until = (
        "SELECT last_seen_at = (SELECT started_at FROM collector.listing WHERE listing_id = $1) FROM inventory.backups"
    )
    assert live == {"a": "live", "b": "live"}
    assert await states(db) == {"a": "live", "b": "missing"}
    assert await db.fetchval(f"{until} WHERE backup_id = 'b'", lacking.listing_id)


async def test_a_cluster_that_left_the_configuration_keeps_its_backups(rig: Rig, db: Connection) -> None:
    """Its rows stay, live, and its cluster is marked as unmanaged; it may come back."""
    from tests.builders import register

    await rig.merge(records("a", cluster=OTHER), cluster=OTHER)
    before = await row_versions(db)

    await register(rig.store, CLUSTER)
    unmanaged = await db.fetchval("SELECT NOT managed FROM inventory.clusters WHERE cluster_id = $1", OTHER.id)
    await register(rig.store, CLUSTER, OTHER)

    assert unmanaged
    assert await row_versions(db) == before
    assert await states(db, OTHER) == {"a": "live"}
    assert await db.fetchval("SELECT bool_and(managed) FROM inventory.clusters")
