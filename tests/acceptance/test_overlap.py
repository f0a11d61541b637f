"""Several processes over the same clusters at once: the newest listing stays, and nobody waits for ever or fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.program import TOKEN, Ended, Program, end_of
from tests.acceptance.watching import until

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CLUSTERS: Final = tuple(f"c9q{number:02}" for number in range(30))
LIMITS: Final = {"page_size": 5, "concurrency": 30, "page_timeout": "60s"}


def change(fleet: Fleet, number: int) -> None:
    """Take a backup out of every list, and put a new one in."""
    for cluster_id in CLUSTERS:
        fleet.remove_backup(cluster_id, f"b{number}")
        fleet.add_backup(cluster_id, made(cluster_id, [1000 + number])[0])


async def fences(db: Connection) -> dict[str, tuple[int, int]]:
    """Read each cluster's fence, and the newest complete listing in its ledger."""
    rows = await db.fetch(
        "SELECT c.cluster_id, c.last_listing_id, max(l.listing_id) FROM collector.cluster AS c "
        "INNER JOIN inventory.listings AS l ON l.cluster_id = c.cluster_id AND l.outcome = 'complete' GROUP BY 1, 2"
    )
    return {row[0]: (row[1], row[2]) for row in rows}


async def test_an_older_run_that_ends_later_overwrites_nothing(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """It has read the first page of the old lists when the newer run reads and stores the new ones."""
    fleet = Fleet.of({cluster_id: made(cluster_id, range(12)) for cluster_id in CLUSTERS})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(CLUSTERS, url=migrated_url, api=emulator, limits=LIMITS)
        gate = emulator.faults.pause(None, page=2)
        older = await program.start("run", "--output", "json")
        await gate.reached(len(CLUSTERS))
        emulator.faults.clear()
        change(fleet, 11)
        newer = await program.run("run", "--output", "json")
        between = await stored(db)

        gate.release()
        late = await end_of(older)

    assert (newer.code, late.code) == (0, 0)
    assert newer.json()["clusters"]["complete"] == late.json()["clusters"]["superseded"] == len(CLUSTERS)
    assert late.json()["sweep_id"] < newer.json()["sweep_id"]
    assert set(late.json()["backups"].values()) == {0}
    assert await stored(db) == between == served(fleet)
    assert await stored(db, "missing") == {}


async def test_an_older_run_that_overtakes_in_some_clusters_leaves_the_newest_listing_in_all(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Half of the clusters are written by the older run first, the others by the newer one first."""

    async def others_are_stored() -> bool:
        return len(await stored(db)) == len(CLUSTERS) // 2

    fleet = Fleet.of({cluster_id: made(cluster_id, range(12)) for cluster_id in CLUSTERS})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(CLUSTERS, url=migrated_url, api=emulator, limits=LIMITS)
        held = CLUSTERS[::2]
        gates = [emulator.faults.pause(cluster_id, page=3, times=1) for cluster_id in held]
        older = await program.start("run", "--output", "json")
        for gate in gates:
            await gate.reached()
        await until(others_are_stored)
        change(fleet, 3)

        newer = await program.run("run", "--output", "json")
        for gate in gates:
            gate.release()
        late = await end_of(older)

    assert (newer.code, late.code) == (0, 0)
    assert newer.json()["clusters"]["complete"] == len(CLUSTERS)
    assert late.json()["clusters"] == {"complete": 15, "partial": 0, "held": 0, "failed": 0, "superseded": 15}
    assert await stored(db) == served(fleet)
    missing = {cluster_id: set(rows) for cluster_id, rows in (await stored(db, "missing")).items()}
    assert missing == {cluster_id: {"b3"} for cluster_id in CLUSTERS[1::2]}


async def test_four_processes_at_once_agree_on_the_newest_listing(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """All have drawn their fences when the lists change; each cluster ends whole, without a deadlock."""
    fleet = Fleet.of({cluster_id: made(cluster_id, range(12)) for cluster_id in CLUSTERS})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(CLUSTERS, url=migrated_url, api=emulator, limits=LIMITS)
        await program.run("run")
        change(fleet, 7)
        gate = emulator.faults.pause(None, page=1)
        processes = [await program.start("run", "--output", "json") for _ in range(4)]
        await gate.reached(4 * len(CLUSTERS))

        gate.release()
        ended: list[Ended] = [await end_of(process) for process in processes]

    clusters = [each.json()["clusters"] for each in ended]
    assert [each.code for each in ended] == [0] * 4
    assert [each["complete"] + each["superseded"] for each in clusters] == [len(CLUSTERS)] * 4
    assert [each.json()["failures"] for each in ended] == [[]] * 4
    assert sum(each.json()["backups"]["inserted"] for each in ended) == len(CLUSTERS)
    assert await stored(db) == served(fleet)
    assert all(fence == newest for fence, newest in (await fences(db)).values())
    assert await db.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
