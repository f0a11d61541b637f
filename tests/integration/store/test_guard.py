"""The guard against mass disappearance: its edges, what it holds back, and how it is lifted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from collector.records import Counts, Guard
from tests.builders import (
    Rig,
    history,
    numbered,
    outcomes,
    record,
    row_versions,
    states,
    store_of,
)

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.mark.parametrize(
    "guard, live, gone, held",
    [
        (Guard(), 8, 5, False),
        (Guard(), 8, 6, True),
        (Guard(), 12, 6, False),
        (Guard(), 12, 7, True),
        (Guard(), 13, 6, False),
        (Guard(), 13, 7, True),
        (Guard(rows=0, share=0.5), 2, 1, False),
        (Guard(rows=0, share=0.5), 2, 2, True),
        (Guard(rows=5, share=0.0), 100, 5, False),
        (Guard(rows=5, share=0.0), 100, 6, True),
        (Guard(rows=0, share=0.0), 3, 1, True),
        (Guard(rows=0, share=1.0), 3, 3, False),
        (Guard(), 5, 5, False),
        (Guard(), 6, 6, True),
    ],
    ids=lambda value: f"{value.rows}-{value.share}" if isinstance(value, Guard) else str(value),
)
async def test_more_than_the_larger_of_rows_and_share_is_held(
    migrated_url: str, db: Connection, *, guard: Guard, live: int, gone: int, held: bool
) -> None:
    """At its edge the guard lets pass; one more is too many, and then nothing at all is marked (A14)."""
    async with store_of(migrated_url, guard=guard) as rig:
        await rig.merge(numbered(live))

        result = await rig.merge(numbered(live - gone))

    assert result.outcome == ("held" if held else "complete")
    assert result.counts.missing == (0 if held else gone)
    assert list((await states(db)).values()).count("missing") == (0 if held else gone)


async def test_an_empty_list_after_many_backups_is_held(rig: Rig, db: Connection) -> None:
    """An empty answer is legal and no proof, however often it is repeated (A12)."""
    await rig.merge(numbered(20))
    before = await row_versions(db)

    results = [await rig.merge([]) for _ in range(3)]

    assert [result.outcome for result in results] == ["held"] * 3
    assert await row_versions(db) == before
    assert await history(db) == []


async def test_a_held_listing_still_brings_what_is_new_and_changed(rig: Rig, db: Connection) -> None:
    """Only absence is held back."""
    await rig.merge(numbered(20))

    result = await rig.merge([record("b00000", sizeBytes="7"), record("new")])

    assert (result.outcome, result.counts) == ("held", Counts(inserted=1, updated=1))
    assert set((await states(db)).values()) == {"live"}
    assert await outcomes(db) == ["complete", "held"]


async def test_the_flag_lifts_the_guard_once_and_the_confirmation_needs_none(rig: Rig, db: Connection) -> None:
    """The flagged listing marks all as missing; the next one, unflagged, confirms them."""
    await rig.merge(numbered(20))
    held = await rig.merge([])

    allowed = await rig.merge([], absence="allowed")
    confirmed = await rig.merge([])

    assert (held.outcome, allowed.counts, confirmed.counts) == ("held", Counts(missing=20), Counts(vanished=20))
    assert set((await states(db)).values()) == {"vanished"}


async def test_a_held_listing_does_not_confirm_an_earlier_absence(rig: Rig, db: Connection) -> None:
    """What is held says nothing about any backup, not even about one that was missing before."""
    await rig.merge(numbered(20))
    await rig.merge(numbered(19))

    await rig.merge([])

    assert (await states(db))["b00019"] == "missing"
    assert await history(db) == [("b00019", "missing")]


async def test_the_guard_counts_live_backups_only(rig: Rig) -> None:
    """What is missing already cannot go missing again, and is no measure of what may."""
    await rig.merge(numbered(20))
    await rig.merge(numbered(10))

    result = await rig.merge(numbered(4))

    assert result.outcome == "held"
