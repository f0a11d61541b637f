"""What backups took at the end of each day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.histories import ask

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

STORED = (
    "SELECT day::text, billable_bytes::int, restorable_bytes, backups, known FROM inventory.storage_daily ORDER BY day"
)


async def test_a_day_holds_what_was_there_at_its_end(db: Connection) -> None:
    """A backup counts from its day until the day before the listing without it; a day nobody looked is marked."""
    story = """
cluster c1 managed=no
backup a 2026-11-01T10:00 size=1000 incremental=10 total=100
backup b 2026-11-02T10:00 size=2000 incremental=20 total=200
backup c 2026-11-04T10:00 size=4000
listing 2026-11-01T12:00 complete a
listing 2026-11-02T12:00 complete a b
listing 2026-11-03T12:00 failed
listing 2026-11-04T12:00 complete b c
listing 2026-11-05T12:00 complete b c
"""

    assert await ask(db, story, STORED) == [
        ("2026-11-01", 10, 100, 1, True),
        ("2026-11-02", 30, 200, 2, True),
        ("2026-11-03", 30, 200, 2, False),
        ("2026-11-04", 4020, 4000, 2, True),
        ("2026-11-05", 4020, 4000, 2, True),
    ]


async def test_the_newest_backup_of_a_day_is_one_that_was_there(db: Connection) -> None:
    """Where a newer backup left before an older one, the older one is what could be restored again."""
    story = """
cluster c1 managed=no
backup a 2026-11-01T10:00 total=100
backup b 2026-11-02T10:00 total=200
listing 2026-11-01T12:00 complete a
listing 2026-11-02T12:00 complete a b
listing 2026-11-03T12:00 complete a
listing 2026-11-04T12:00 complete
"""
    rows = await ask(db, story, STORED)

    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("2026-11-01", 100, 1),
        ("2026-11-02", 200, 2),
        ("2026-11-03", 100, 1),
        ("2026-11-04", None, 0),
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(st.integers(0, 200), min_size=6, max_size=6),
    listed=st.lists(st.tuples(st.integers(0, 240), st.sets(st.integers(0, 5))), min_size=1, max_size=8),
)
async def test_storage_agrees_with_counting_day_by_day(
    db: Connection, made: list[int], listed: list[tuple[int, set[int]]]
) -> None:
    """The running sums give what asking each day for its backups gives."""
    lines = ["cluster c1 managed=no"]
    lines += [f"backup b{number} -{300 - hour}h{number}m total={number}" for number, hour in enumerate(made)]
    for hour, numbers in sorted(listed, key=lambda listing: listing[0]):
        lines.append(
            f"listing -{300 - hour}h{59 - len(lines)}s complete {' '.join(f'b{number}' for number in numbers)}"
        )
    slow = """
    SELECT
        d.day,
        d.backups = count(b.backup_id)
        AND d.restorable_bytes
        IS NOT DISTINCT FROM (array_agg(b.total_size_bytes ORDER BY b.created_at DESC, b.created_at_ns DESC))[1]
    FROM inventory.storage_daily AS d
    LEFT JOIN inventory.backups AS b
        ON (least(b.created_at, b.first_seen_at) AT TIME ZONE 'UTC')::date <= d.day
        AND ((b.missing_since AT TIME ZONE 'UTC')::date > d.day OR b.missing_since IS NULL)
    GROUP BY d.day, d.backups, d.restorable_bytes
    """

    rows = await ask(db, "\n".join(lines), slow)

    assert rows
    assert [day for day, agrees in rows if not agrees] == []
