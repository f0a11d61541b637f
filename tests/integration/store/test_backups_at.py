"""The inventory as it was: asked afterwards, it is what was read at the time."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.records import Cluster, ClusterId, Guard
from collector.store import Absence
from tests.builders import Rig, record, register, store_of

if TYPE_CHECKING:
    from datetime import datetime

    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

VARIANTS: Final[list[dict[str, Any]]] = [
    {},
    {"sizeBytes": "7", "indices": ["logs"], "createdAt": "2026-11-20T01:05:00.9Z", "incrementalSizeBytes": "5"},
    {"sizeBytes": None, "indices": None, "startedAt": None, "opensearchVersion": "2.15", "news": {"a": [1.5, None]}},
]
NUMBERS: Final = count()

LISTED = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(range(len(VARIANTS))))
HISTORIES = st.lists(st.tuples(LISTED, st.sampled_from(["allowed", "allowed", "guarded", "partial"])), max_size=8)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES)
async def test_the_past_is_what_was_read_then(
    db: Connection, migrated_url: str, history: list[tuple[dict[str, int], str]]
) -> None:
    """Backups that change, go, stay away and return: every earlier snapshot is told again, column by column."""
    cluster = Cluster(id=ClusterId(f"c{next(NUMBERS)}"))
    snapshots: list[tuple[datetime, dict[str, dict[str, Any]]]] = []
    async with store_of(migrated_url, cluster, guard=Guard(rows=1, share=0.5)) as rig:
        for listed, mode in history:
            await take(rig, cluster, listed, mode)
            at = await db.fetchval("SELECT clock_timestamp()")
            snapshots.append((at, await read(db, "SELECT * FROM inventory.backups WHERE cluster_id = $1", cluster.id)))

    for at, snapshot in snapshots:
        told = await read(db, "SELECT * FROM inventory.backups_at($2) WHERE cluster_id = $1", cluster.id, at)

        assert told == {backup_id: only(row, told[backup_id]) for backup_id, row in snapshot.items()}


async def test_a_backup_that_was_not_listed_yet_is_not_told(db: Connection, rig: Rig) -> None:
    """Its date may be old; it was not known then."""
    cluster = Cluster(id=ClusterId("c9qlate"))
    await register(rig.store, cluster)
    before = await db.fetchval("SELECT clock_timestamp()")
    await rig.merge([record("a", cluster=cluster)], cluster=cluster)

    known = [await db.fetchval("SELECT count(*) FROM inventory.backups_at($1)", at) for at in (before, None)]

    assert known == [0, 0]
    assert await db.fetchval("SELECT count(*) FROM inventory.backups_at(clock_timestamp())") == 1


async def take(rig: Rig, cluster: Cluster, listed: dict[str, int], mode: str) -> None:
    """Merge one listing."""
    records = [record(backup_id, cluster=cluster, **VARIANTS[variant]) for backup_id, variant in listed.items()]
    if mode == "partial":
        records.append(record("bad", cluster=cluster, sizeBytes="1.5"))
    absence: Absence = "allowed" if mode == "allowed" else "guarded"
    await rig.merge(records, cluster=cluster, absence=absence)


async def read(db: Connection, query: str, *arguments: object) -> dict[str, dict[str, Any]]:
    """Read rows by backup."""
    return {row["backup_id"]: dict(row) for row in await db.fetch(query, *arguments)}


def only(row: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Keep the columns that the other has, and of a reason that was overwritten since only that it is not known."""
    kept = {name: row[name] for name in other}
    return kept | {"vanish_reason": "unknown"} if other["vanish_reason"] == "unknown" else kept
