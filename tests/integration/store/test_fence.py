"""A listing that began earlier never overwrites one that began later, however they meet."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from collector.records import Counts, ListingResult
from collector.store import store as storing
from collector.store.merge import COPY_MIN
from collector.store.statements import statement
from tests.builders import CLUSTER, OTHER, Rig, every_row, numbered, outcomes, record, records, states, store_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

UNTOUCHED = ("cluster", "backup", "backup_change", "index_set", "quarantine")


@pytest.mark.parametrize("count", [2, COPY_MIN + 1], ids=["few", "many"])
async def test_an_older_listing_is_superseded_and_touches_nothing_but_the_ledger(
    rig: Rig, db: Connection, count: int
) -> None:
    """A collector that was paused for an hour wakes up harmless."""
    older, newer = await rig.begin(), await rig.begin()
    await rig.end(newer, records("new"))
    before = await every_row(db, UNTOUCHED)

    result = await rig.end(older, numbered(count))

    assert (result.outcome, result.counts) == ("superseded", Counts())
    assert await every_row(db, UNTOUCHED) == before
    assert await outcomes(db) == ["superseded", "complete"]
    assert (await rig.store.read_complete([CLUSTER.id])) == {CLUSTER.id: newer.id}


async def test_an_older_listing_that_would_confirm_is_refused_too(rig: Rig, db: Connection) -> None:
    """The short cut has the same fence."""
    await rig.merge(records("a"))
    older = await rig.begin()
    newer = await rig.merge(records("a"))
    before = await every_row(db)

    result = await rig.end_confirmed(older, records("a"))

    assert result is None
    assert await every_row(db) == before
    assert await db.fetchval("SELECT max(last_listing_id) FROM collector.cluster") == newer.listing_id


async def test_an_older_listing_is_superseded_also_by_one_that_was_not_complete(rig: Rig, db: Connection) -> None:
    """The fence is the newest listing that was merged; which of them was complete is told apart."""
    older, newer = await rig.begin(), await rig.begin()
    await rig.end(newer, [record("bad", sizeBytes="x")])

    result = await rig.end(older, records("a"))

    assert result.outcome == "superseded"
    assert await rig.store.read_complete([CLUSTER.id]) == {CLUSTER.id: None}
    assert await states(db) == {}


async def test_fences_are_drawn_in_order_and_once(rig: Rig) -> None:
    """Listings that begin at the same moment have different fences; one that begins later has a higher one."""
    first = await asyncio.gather(*(rig.begin() for _ in range(120)))
    second = await rig.begin()

    ids = [listing.id for listing in first]
    assert len(set(ids)) == 120
    assert second.id > max(ids)


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("change", ["confirmed", "merged"])
@pytest.mark.parametrize("count", [1, COPY_MIN + 1], ids=["few", "many"])
async def test_a_listing_that_slips_in_after_the_reading_makes_the_merge_read_again(
    rig: Rig, db: Connection, monkeypatch: pytest.MonkeyPatch, count: int, change: str
) -> None:
    """What was decided from an older reading is not written: here the older one loses, the newer one reads again."""
    await rig.merge(records("a", "b"))
    earlier, later = await rig.begin(), await rig.begin()
    reads = _let_slip_in(monkeypatch, rig, earlier, records("a", "b") if change == "confirmed" else records("a"))

    result = await rig.end(later, [*records("a"), *numbered(count)])

    assert reads == ["slipped in", "again"]
    assert result.outcome == "complete"
    assert result.counts.inserted == count
    assert (await states(db))["b"] == ("missing" if change == "confirmed" else "vanished")
    assert await outcomes(db) == ["complete"] * 3


def _let_slip_in(monkeypatch: pytest.MonkeyPatch, rig: Rig, earlier: Any, listed: list[bytes]) -> list[str]:
    """Merge another listing right after the first reading of the one under test."""
    module: Any = storing
    read_known = module.read_known
    reads: list[str] = []

    async def read(connection: Any, cluster_id: str) -> Any:
        known = await read_known(connection, cluster_id)
        if not reads:
            reads.append("slipped in")
            monkeypatch.setattr(module, "read_known", read_known)
            await rig.end(earlier, listed)
            monkeypatch.setattr(module, "read_known", read)
        else:
            reads.append("again")
        return known

    monkeypatch.setattr(module, "read_known", read)
    return reads


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_collectors_that_overlap_end_with_the_newest_listing(
    migrated_url: str, db: Connection, seed: int
) -> None:
    """Three collectors, two clusters, random listings: no deadlock, no conflict that stays, the newest listing wins."""
    chance = random.Random(seed)
    newest: dict[str, tuple[int, list[bytes]]] = {}
    async with store_of(migrated_url) as one, store_of(migrated_url) as two, store_of(migrated_url) as three:
        for _ in range(6):
            results = await asyncio.gather(
                *(_draw_and_merge(rig, chance, newest) for rig in (one, two, three) for _ in range(2))
            )
            assert {result.outcome for result in results} <= {"complete", "superseded"}
            for cluster in (CLUSTER, OTHER):
                await _assert_newest(db, cluster.id, newest)


async def _draw_and_merge(rig: Rig, chance: random.Random, newest: dict[str, tuple[int, list[bytes]]]) -> ListingResult:
    cluster = chance.choice([CLUSTER, OTHER])
    kept = [number for number in range(90) if chance.random() < 0.8]
    listed = [
        record(f"b{number}", cluster=cluster, sizeBytes=chance.randrange(3), indices=[f"i{chance.randrange(9)}"])
        for number in kept
    ]
    listing = await rig.begin(cluster)
    if listing.id > newest.get(cluster.id, (0, []))[0]:
        newest[cluster.id] = (listing.id, listed)
    await asyncio.sleep(0)
    return await rig.end(listing, listed, absence="allowed")


async def _assert_newest(db: Connection, cluster_id: str, newest: dict[str, tuple[int, list[bytes]]]) -> None:
    if cluster_id not in newest:
        return
    listing_id, listed = newest[cluster_id]
    assert (
        await db.fetchval("SELECT complete_listing_id FROM collector.cluster WHERE cluster_id = $1", cluster_id)
        == listing_id
    )
    rows = await db.fetch(
        "SELECT backup_id, size_bytes, indices FROM inventory.backups WHERE cluster_id = $1 AND state = 'live'",
        cluster_id,
    )
    parsed = [json.loads(raw) for raw in listed]
    assert {row[0]: (row[1], row[2]) for row in rows} == {
        each["id"]: (each["sizeBytes"], each["indices"]) for each in parsed
    }


async def test_a_clock_that_goes_back_does_not_turn_the_order(rig: Rig, db: Connection) -> None:
    """The fence orders, not the time: a listing of an hour ago by the clock, begun later, wins."""
    from dataclasses import replace

    await rig.merge(records("a"))
    listing = await rig.begin()
    past = replace(listing, started_at=listing.started_at - 3_600_000_000)

    result = await rig.end(past, records("b"))

    assert result.outcome == "complete"
    assert await states(db) == {"a": "missing", "b": "live"}


async def test_a_reader_sees_one_listing_or_the_other(rig: Rig, migrated_url: str) -> None:
    """While listings alternate, no statement of a reader ever sees a mix of two."""
    import asyncpg

    ended = asyncio.Event()
    seen: set[tuple[int, int]] = set()

    async def read() -> None:
        reader = await asyncpg.connect(migrated_url)
        while not ended.is_set():
            row = await reader.fetchrow(
                "SELECT count(DISTINCT size_bytes), count(*) FROM inventory.backups WHERE state = 'live'"
            )
            assert row is not None
            seen.add((row[0], row[1]))
        await reader.close()

    reading = asyncio.create_task(read())
    for number in range(12):
        await rig.merge([record(f"b{each}", sizeBytes=number) for each in range(COPY_MIN * 2)])
    ended.set()
    await reading

    assert seen <= {(0, 0), (1, COPY_MIN * 2)}
    assert (1, COPY_MIN * 2) in seen


def test_every_statement_says_in_one_sentence_what_it_does() -> None:
    """A file without a comment on top would be the only one."""
    from importlib import resources

    names = [path.name for path in resources.files("collector.store").joinpath("sql").iterdir()]

    assert len(names) > 10
    assert all(statement(name.removesuffix(".sql")).startswith("-- ") for name in names)
