"""What the views say after history was removed: the same of what stays, and nothing of what was before."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from tests.aging import prune
from tests.histories import tell

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python


VIEWS = {
    "freshness": "SELECT to_jsonb(f) FROM inventory.freshness AS f",
    "clusters": "SELECT to_jsonb(c) - 'pruned_until' FROM inventory.clusters AS c",
    "present": "SELECT to_jsonb(b) FROM inventory.backups AS b WHERE state <> 'vanished'",
    "gaps": "SELECT to_jsonb(g) FROM inventory.gaps AS g WHERE gap_started_at >= $1",
    "begun_before": (
        "SELECT gap_started_at, gap_ended_at, before_backup_id, after_backup_id FROM inventory.gaps "
        "WHERE coalesce(gap_ended_at, 'infinity') > $1"
    ),
    "holes": "SELECT to_jsonb(h) FROM inventory.collection_holes AS h WHERE hole_started_at >= $1",
    "days": "SELECT to_jsonb(s) FROM inventory.storage_daily AS s WHERE day >= ($1 AT TIME ZONE 'UTC')::date",
    # Of a backup that returned later, the listing before its absence may be gone.
    "then": (
        "SELECT t.at, to_jsonb(b) - 'last_seen_at' FROM generate_series($1, now(), INTERVAL '7 hours') AS t (at) "
        "CROSS JOIN LATERAL inventory.backups_at(t.at) AS b WHERE b.state <> 'vanished'"
    ),
    "changes": "SELECT to_jsonb(h) FROM inventory.changes AS h WHERE h.changed_at >= $1",
    "month": (
        "SELECT to_jsonb(a) - 'known_since' FROM inventory.attainment AS a "
        "WHERE window_days = 30 AND $1 < now() - INTERVAL '30 days'"
    ),
}
"""What is asked about the history that stays, from $1 on."""

LONGER = "SELECT attained, missed FROM inventory.attainment ORDER BY window_days"


def any_story(rng: random.Random) -> str:
    """Make up a cluster with backups, and two months of looking with holes, failures, and backups that come and go."""
    settings = f"max_age={rng.choice(['26h', '3d'])} observation_max_age={rng.choice(['2h', '25h', '3d'])}"
    retention = rng.choice(["", "retention=2d", "retention=10d"])
    made = {f"b{number}": rng.randint(1, 60 * 24) for number in range(rng.randint(1, 14))}
    gone = {name: hour - rng.choice([2_000, rng.randint(1, 30 * 24)]) for name, hour in made.items()}
    lines = [f"cluster c1 {settings} {retention}", *(f"backup {name} -{hour}h" for name, hour in made.items())]
    hour = rng.randint(30, 60) * 24
    while hour >= 0:
        held = [name for name in made if gone[name] < hour <= made[name] and rng.random() > 0.07]
        outcome = rng.choices(["complete", "partial", "failed"], [10, 1, 1])[0]
        lines.append(f"listing -{hour}h {outcome} {' '.join(held) if outcome != 'failed' else ''}")
        hour -= rng.choice([24, 24, 24, 6, 1, 48, 168])
    return "\n".join(lines)


async def said(db: Connection, since: Any) -> dict[str, list[str]]:
    """Ask every view."""
    return {
        name: sorted(str(tuple(row)) for row in await db.fetch(query, *([since] if "$1" in query else [])))
        for name, query in VIEWS.items()
    }


async def test_the_views_say_the_same_of_all_that_stays(db: Connection) -> None:
    """Of any history, whatever goes, each view's rows of the known part are what they were; of shares none grows."""
    removed = 0
    for seed in range(40):
        rng = random.Random(seed)
        days = rng.choice([5, 15, 30, 45])
        transaction = db.transaction()
        await transaction.start()
        await db.execute("SET LOCAL TimeZone = 'UTC'")
        await tell(db, any_story(rng))
        since = await db.fetchval("SELECT collector.prune_point('c1', make_interval(days => $1))", days)
        before, shares = await said(db, since), await db.fetch(LONGER)

        removed += await prune_days(db, days, rng.choice([None, days, days + 5]))

        assert await said(db, since) == before, seed
        for was, now in zip(shares, await db.fetch(LONGER), strict=True):
            assert now["attained"] <= was["attained"], seed
            assert now["missed"] <= was["missed"], seed
        await transaction.rollback()
    assert removed > 20


async def prune_days(db: Connection, ledger: int, vanished: int | None) -> int:
    """Remove in batches of two, in the transaction of the test, and count the backups."""
    call = "SELECT * FROM collector.prune_cluster('c1', make_interval(days => $1), make_interval(days => $2), 2)"
    removed = 0
    batch = [2]
    while 2 in batch:
        (row,) = await db.fetch(call, ledger, vanished)
        batch = list(row)
        removed += batch[0]
    return removed


async def test_time_that_was_pruned_is_neither_attained_nor_missed(told: Connection, migrated_url: str) -> None:
    """It is unknown, also where a backup that stays could prove a part of it."""
    shares = (
        "SELECT window_days, round(attained * window_days, 3), round(missed * window_days, 3), "
        "round(unknown * window_days, 3), known_since FROM inventory.attainment WHERE cluster_id = 'c1' ORDER BY 1"
    )
    before = await told.fetch(shares)

    await prune(migrated_url)

    since = await told.fetchval("SELECT pruned_until FROM inventory.clusters WHERE cluster_id = 'c1'")
    after = await told.fetch(shares)
    assert {row["known_since"] for row in after} == {since}
    # All that is known lies in the last 30 days: the longer windows have nothing more to say.
    assert [row[1:3] for row in after] == [after[0][1:3]] * 3
    assert after[0][1:4] == before[0][1:4]
    assert after[1][3] > before[1][3]


async def test_a_gap_of_before_is_marked_as_ours(told: Connection, migrated_url: str) -> None:
    """What lies between two backups that stay may have been removed: nothing is proven of that span."""
    await prune(migrated_url)

    early = await told.fetch(
        "SELECT g.collection_hole, g.proven_duration FROM inventory.gaps AS g "
        "INNER JOIN inventory.clusters AS c ON c.cluster_id = g.cluster_id WHERE g.gap_ended_at <= c.pruned_until"
    )
    assert early
    assert {tuple(row) for row in early} == {(True, early[0][1] * 0)}


async def test_of_an_instant_that_was_pruned_nothing_is_told(told: Connection, migrated_url: str) -> None:
    """A part of what was there would read as all of it."""
    query = "SELECT count(*) FROM inventory.backups_at(now() - INTERVAL '35 days') WHERE cluster_id = 'c1'"
    before = await told.fetchval(query)

    await prune(migrated_url)

    assert (before, await told.fetchval(query)) == (3, 0)


async def test_a_gap_into_the_known_history_is_proven_from_its_beginning_on(
    told: Connection, migrated_url: str
) -> None:
    """Also where a longer retention would let the first listing speak of the days before it."""
    await prune(migrated_url)

    proven = await told.fetch(
        "SELECT g.proven_duration, g.gap_ended_at - c.pruned_until FROM inventory.gaps AS g "
        "INNER JOIN inventory.clusters AS c ON c.cluster_id = g.cluster_id "
        "WHERE g.gap_started_at < c.pruned_until AND g.gap_ended_at > c.pruned_until"
    )
    assert [row[0] for row in proven] == [row[1] for row in proven] != []


async def test_the_time_before_the_known_history_is_one_hole(told: Connection, migrated_url: str) -> None:
    """The proofs that stay from before are no looks, and nothing of before is proven by what came after."""
    await prune(migrated_url)

    holes = await told.fetch(
        "SELECT h.hole_started_at, h.hole_ended_at = c.pruned_until, h.blind_until = c.pruned_until "
        "FROM inventory.collection_holes AS h INNER JOIN inventory.clusters AS c ON c.cluster_id = h.cluster_id "
        "WHERE h.cluster_id = 'c1' AND coalesce(h.hole_started_at, '-infinity') < c.pruned_until"
    )
    assert [tuple(row) for row in holes] == [(None, True, True)]
