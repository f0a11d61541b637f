"""COPY in chunks and one statement: two ways of writing that come to the same, and the sets of names they share."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from collector.records import Counts
from collector.store.merge import CHUNK
from tests.builders import (
    OTHER,
    Rig,
    content,
    numbered,
    record,
    records,
)

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_both_ways_of_writing_come_to_the_same(rig: Rig, db: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """COPY in chunks and one statement leave equal rows and equal history, on a listing that has everything at once."""
    first, second = _everything_at_once()
    counts: list[Counts] = []
    contents: list[dict[str, list[str]]] = []

    for copy_min, chunk in ((10**9, CHUNK), (1, 7), (1, CHUNK)):
        monkeypatch.setattr("collector.store.merge.COPY_MIN", copy_min)
        monkeypatch.setattr("collector.store.merge.CHUNK", chunk)
        await db.execute(
            "TRUNCATE collector.backup, collector.backup_change, collector.quarantine, collector.index_set; "
            "UPDATE collector.cluster SET listing_digest = NULL"
        )
        for listed in (first, first[4:], first[8:]):
            await rig.merge(listed)
        counts.append((await rig.merge(second)).counts)
        contents.append(await content(db))

    assert counts[0] == Counts(inserted=30, updated=10, unchanged=18, returned=8, quarantined=1, missing=0)
    assert counts == [counts[0]] * 3
    assert contents == [contents[0]] * 3


def _everything_at_once() -> tuple[list[bytes], list[bytes]]:
    """
    Make a listing, and one that follows it when its first four were vanished and the next four missing.

    The second brings ten changes, all eight back (two of them changed), thirty new ones, and one that cannot be read.
    """
    first = numbered(36)
    changed = [record(f"b{number:05}", sizeBytes="1", indices=[f"n{number}"]) for number in (3, 7, *range(10, 20))]
    kept = {json.loads(raw)["id"] for raw in changed}
    rest = [raw for raw in first if json.loads(raw)["id"] not in kept]
    return first, [*changed, *numbered(30, start=100), *rest, record("bad", sizeBytes="1.5")]


async def test_a_listing_longer_than_a_chunk_is_stored_whole(rig: Rig, db: Connection) -> None:
    """Chunk boundaries lose and double nothing."""
    listed = numbered(CHUNK + 1)

    result = await rig.merge(listed)

    assert result.counts == Counts(inserted=CHUNK + 1)
    row = await db.fetchrow("SELECT count(*), sum(size_bytes), max(backup_id) FROM collector.backup")
    assert row is not None
    assert tuple(row) == (CHUNK + 1, CHUNK * (CHUNK + 1) // 2, f"b{CHUNK:05}")
    assert (await rig.merge(listed)).counts == Counts(unchanged=CHUNK + 1)


@pytest.mark.parametrize(
    "names",
    [
        ("b", "a"),
        ('say "hi"', "back\\slash", "a,b", "{x}", "NULL", "null", "", " ", "line\nbreak", "яндекс", "𝄞", "'", "%s"),
        ("",),
        ("x" * 1024,),
        tuple(f"n{number}" for number in range(100)),
    ],
    ids=["order", "odd", "empty-name", "long", "hundred"],
)
async def test_names_of_indices_come_back_as_they_were_given(rig: Rig, db: Connection, names: tuple[str, ...]) -> None:
    """Every name, in the API's order, stored once under the address that the schema documents."""
    await rig.merge([record("a", indices=list(names)), record("b", indices=list(names))])

    sets = await db.fetch("SELECT index_set_id, names FROM collector.index_set")
    rows = await db.fetch("SELECT indices FROM inventory.backups")
    assert [tuple(row["indices"]) for row in rows] == [names, names]
    assert [tuple(row["names"]) for row in sets] == [names]
    address = await db.fetchval(
        "SELECT encode(substr(sha256(string_agg(convert_to(name, 'UTF8'), '\\x00'::bytea ORDER BY place)), 1, 16), "
        "'hex') FROM unnest($1::text []) WITH ORDINALITY AS n (name, place)",
        names,
    )
    assert UUID(address) == sets[0]["index_set_id"]


async def test_lists_with_the_same_names_in_another_order_are_two(rig: Rig, db: Connection) -> None:
    """The order of `indices` is what the API gave."""
    await rig.merge([record("a", indices=["x", "y"]), record("b", indices=["y", "x"]), record("c", indices=[])])

    rows = await db.fetch("SELECT backup_id, indices FROM inventory.backups ORDER BY backup_id")
    assert [tuple(row) for row in rows] == [("a", ["x", "y"]), ("b", ["y", "x"]), ("c", [])]


async def test_clusters_with_the_same_indices_share_one_set(rig: Rig, db: Connection) -> None:
    """A set is addressed by its content, whoever wrote it."""
    await rig.merge(records("a"))

    await rig.merge(records("a", cluster=OTHER), cluster=OTHER)

    assert await db.fetchval("SELECT count(*) FROM collector.index_set") == 1
