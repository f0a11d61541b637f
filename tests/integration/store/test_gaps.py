"""Gaps between backups, and holes in our looking: one is never taken for the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.histories import ask, hours, looked

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

GAPS = """
SELECT gap_duration, gap_ended_at IS NULL, collection_hole, proven_duration, proven FROM inventory.gaps ORDER BY 1
"""


async def test_a_gap_is_theirs_where_we_looked_all_the_time(db: Connection) -> None:
    """Forty hours between two backups, and a complete listing each hour: nothing to excuse."""
    story = f"cluster c1\nbackup a -50h\nbackup b -10h\n{looked(49, 11, 'a')}\n{looked(10, 0, 'a', 'b')}"

    assert await ask(db, story, GAPS) == [(hours(40), False, False, hours(40), True)]


async def test_a_gap_that_our_hole_may_explain_is_not_proven(db: Connection) -> None:
    """We did not look for thirty of the forty hours; a backup may have come and gone."""
    story = f"cluster c1\nbackup a -50h\nbackup b -10h\n{looked(49, 45, 'a')}\n{looked(15, 0, 'a', 'b')}"

    assert await ask(db, story, GAPS) == [(hours(40), False, True, hours(7), False)]


async def test_a_hole_of_ours_does_not_excuse_the_rest_of_a_gap(db: Connection) -> None:
    """Five hours without a listing in a gap of a hundred leave 50 in one piece: longer than max_age."""
    listings = f"{looked(100, 54, 'a')}\n{looked(49, 1, 'a')}\n{looked(1, 0, 'a', 'b')}"
    story = f"cluster c1\nbackup a -101h\nbackup b -1h\n{listings}"

    assert await ask(db, story, GAPS) == [(hours(100), False, True, hours(50), True)]


async def test_a_hole_shorter_than_backups_are_kept_hides_none(db: Connection) -> None:
    """What was made within three days would still be listed after them where it is kept for fourteen."""
    story = f"cluster c1 retention=14d\nbackup a -90h\nbackup b -10h\n{looked(89, 85, 'a')}\n{looked(10, 0, 'a', 'b')}"

    assert await ask(db, story, GAPS) == [(hours(80), False, False, hours(80), True)]


async def test_before_the_first_listing_a_gap_is_not_proven(db: Connection) -> None:
    """Backups between the two may have expired before anybody looked, but for the last hours before the first look."""
    story = f"cluster c1\nbackup a -90h\nbackup b -10h\n{looked(9, 0, 'a', 'b')}"

    assert await ask(db, story, GAPS) == [(hours(80), False, True, hours(1), False)]


async def test_an_open_gap_ends_where_we_looked_last(db: Connection) -> None:
    """Nobody has looked for twenty hours: these are no part of the gap."""
    story = f"cluster c1\nbackup a -60h\n{looked(59, 20, 'a')}"

    assert await ask(db, story, GAPS) == [(hours(40), True, False, hours(40), True)]


async def test_vanished_backups_end_gaps_too(db: Connection) -> None:
    """What is gone today was there then."""
    listings = f"{looked(49, 31, 'a')}\n{looked(30, 11, 'b')}\n{looked(10, 0, 'c')}"
    story = f"cluster c1\nbackup a -50h\nbackup b -30h\nbackup c -10h\n{listings}"

    assert await ask(db, story, GAPS) == []


async def test_a_backup_from_the_future_opens_no_gap(db: Connection) -> None:
    """Dated ahead of the clock or not at all, it is the next of none."""
    story = f"cluster c1\nbackup a -2h\nbackup z 9999-12-31T23:59\n{looked(2, 0, 'a', 'z')}"

    assert await ask(db, story, GAPS) == []


async def test_backups_of_incomplete_listings_prove_no_gap(db: Connection) -> None:
    """Since the newest complete listing a backup may have come and gone between two that could be read by half."""
    story = f"""
cluster c1
backup a -60h
backup b -5h
{looked(59, 50, "a")}
listing -4h partial a b
"""

    assert await ask(db, story, GAPS) == [(hours(55), False, True, hours(10), False)]


async def test_holes_of_the_collection_are_listed(db: Connection) -> None:
    """The time before the first listing, a hole that could hide a backup, one that could not, and the open one."""
    story = """
cluster c1 retention=1d
listing -100h complete
listing -99h complete
listing -90h complete
listing -40h complete
"""
    query = """
    SELECT now() - hole_started_at, now() - hole_ended_at, now() - blind_until
    FROM inventory.collection_holes ORDER BY hole_started_at NULLS FIRST
    """

    assert await ask(db, story, query) == [
        (None, hours(100), hours(124)),
        (hours(99), hours(90), None),
        (hours(90), hours(40), hours(64)),
        (hours(40), None, None),
    ]
