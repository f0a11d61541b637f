"""What the network loses around a commit, and sessions that end: a listing is merged exactly once all the same."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.records import Counts
from collector.store.merge import COPY_MIN
from tests.builders import (
    OTHER,
    Rig,
    digest_of,
    history,
    numbered,
    outcomes,
    record,
    records,
    store_of,
)
from tests.proxy import Moment, Proxy
from tests.sessions import end_sessions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


pytestmark = pytest.mark.usefixtures("_hurried")


MARK = "b-marked"

PATHS = pytest.mark.parametrize(
    "listed, pattern",
    [([record("a", sizeBytes="7"), record(MARK)], MARK.encode()), (numbered(COPY_MIN), b"COMMIT")],
    ids=["statement", "copy"],
)


@PATHS
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_connection_around_the_commit_ends_with_exactly_one_merge(
    proxy: Proxy, db: Connection, *, listed: list[bytes], pattern: bytes, moment: Moment
) -> None:
    """Whether the server committed or not: the result is the same, and so is the history."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        proxy.cut(moment, pattern)

        merging = asyncio.create_task(rig.merge(listed))
        await proxy.was_cut()
        committed = await outcomes(db)
        proxy.thaw()
        result = await merging

    assert committed == ["complete"] * (2 if moment == "after" else 1)
    assert await outcomes(db) == ["complete"] * 2
    assert result.outcome == "complete"
    assert result.counts == (
        Counts(inserted=1, updated=1) if pattern == MARK.encode() else Counts(inserted=COPY_MIN, missing=1)
    )
    assert await history(db) == [("a", "changed" if pattern == MARK.encode() else "missing")]


async def test_a_commit_whose_answer_was_lost_is_found_behind_a_newer_listing(
    proxy: Proxy, migrated_url: str, db: Connection
) -> None:
    """What the ledger calls complete is complete, also where another listing came before the second look."""
    async with store_of(migrated_url) as other, store_of(proxy.url) as rig:
        proxy.cut("after", MARK.encode())

        merging = asyncio.create_task(rig.merge(records("a", MARK)))
        await proxy.was_cut()
        await other.merge(records("a"))
        proxy.thaw()
        result = await merging

    assert await outcomes(db) == ["complete"] * 2
    assert (result.outcome, result.counts) == ("complete", Counts(inserted=2))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_confirmation_whose_answer_was_lost_is_made_exactly_once(
    proxy: Proxy, db: Connection, moment: Moment
) -> None:
    """The short cut tries again like a merge, and finds what was committed."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        proxy.cut(moment, digest_of(records("a")))

        confirming = asyncio.create_task(rig.confirm(records("a")))
        await proxy.was_cut()
        proxy.thaw()
        result = await confirming

    assert result is not None
    assert (result.outcome, result.counts) == ("complete", Counts(unchanged=1))
    assert await outcomes(db) == ["complete"] * 2


@pytest.mark.parametrize("count", [1, COPY_MIN], ids=["statement", "copy"])
async def test_a_merge_outlives_the_end_of_its_session(rig: Rig, db: Connection, count: int) -> None:
    """An administrator, or a shutdown, ends all sessions: the merge is done again on a new one (57P01)."""
    await rig.merge(records("a"))
    await end_sessions(db)

    result = await rig.merge([*records("a"), *numbered(count)])

    assert result.counts == Counts(inserted=count, unchanged=1)


async def test_a_short_cut_outlives_the_end_of_its_session(rig: Rig, db: Connection) -> None:
    """A broken connection does not fail every cluster whose confirmation it carried."""
    await rig.merge(records("a"))
    await rig.merge(records("a", cluster=OTHER), cluster=OTHER)
    listings = [await rig.begin(), await rig.begin(OTHER)]
    await end_sessions(db)

    results = await asyncio.gather(
        rig.end_confirmed(listings[0], records("a")),
        rig.end_confirmed(listings[1], records("a", cluster=OTHER)),
    )

    assert [result and result.outcome for result in results] == ["complete"] * 2


async def test_a_fence_is_drawn_on_a_new_session_when_the_old_one_ended(rig: Rig, db: Connection) -> None:
    """Drawing waits for a database that comes back."""
    await rig.begin()
    await end_sessions(db)

    listing = await rig.begin()

    assert listing.id > 0
