"""Four processes as the pods of one Indexed Job: together they list every cluster, whatever becomes of one of them."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.clusters import Shard
from collector.emulator import EmulatedCluster, Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.program import TOKEN, Program, end_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

PODS: Final = 4
LISTED: Final = tuple(f"c9qlisted{number:02}" for number in range(20))
FOUND: Final = tuple(f"c9qfound{number:02}" for number in range(20))
FOLDER: Final = "b1gfolder"
VICTIM: Final = Shard(2, PODS)


def pod(index: int, pods: int = PODS) -> dict[str, str]:
    """Give the environment that Kubernetes and the manifest set in one pod."""
    return {"JOB_COMPLETION_INDEX": str(index), "JOB_COMPLETIONS": str(pods)}


def make_fleet() -> Fleet:
    """Make a folder of forty clusters with twelve backups each; the program is told of half of them by name."""
    fleet = Fleet()
    for cluster_id in (*LISTED, *FOUND):
        cluster = EmulatedCluster(id=cluster_id, folder_id=FOLDER)
        fleet.add_cluster(cluster, backups=made(cluster_id, range(12)))
    return fleet


async def test_the_pods_of_an_indexed_job_list_every_cluster_though_one_is_killed(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """One dies by kill -9 in the middle of a list and is started again, as the Job would; the others go on."""
    fleet = make_fleet()
    struck = next(cluster_id for cluster_id in LISTED if VICTIM.holds(cluster_id))
    async with Emulator(fleet, token=TOKEN) as emulator:
        more = f"discovery: [{{folder: {FOLDER}}}]\n"
        program.write_config(LISTED, url=migrated_url, api=emulator, more=more, limits={"page_size": 5})
        gate = emulator.faults.pause(struck, page=2)
        pods = [await program.start("run", "--output", "json", env=pod(index)) for index in range(PODS)]
        await gate.reached()
        pods[VICTIM.index].send_signal(signal.SIGKILL)
        ended = await asyncio.gather(*(end_of(each) for each in pods))
        emulator.faults.clear()
        gate.release()

        again = await program.run("run", "--output", "json", env=pod(VICTIM.index))

    assert [each.code for each in ended] == [0, 0, -signal.SIGKILL, 0]
    assert again.code == 0, again.stderr
    assert await stored(db) == served(fleet)
    assert await stored(db, "missing") == {}
    assert await db.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()") == 0
    swept = [each.json() for each in (*ended, again) if each.code == 0]
    assert sum(each["clusters"]["complete"] for each in swept) >= len(LISTED + FOUND)
    assert [each["clusters"]["superseded"] for each in swept] == [0] * PODS
    await check_the_ledger(db)


async def check_the_ledger(db: Connection) -> None:
    """Each listing is complete and its own shard's; only the killed pod's sweep has no end."""
    listings = await db.fetch(
        "SELECT l.cluster_id, l.outcome, s.shard FROM inventory.listings AS l INNER JOIN inventory.sweeps AS s "
        "USING (sweep_id)"
    )
    sweeps = await db.fetch("SELECT shard, outcome FROM inventory.sweeps ORDER BY shard, sweep_id")

    assert {row["outcome"] for row in listings} == {"complete"}
    assert {row["cluster_id"] for row in listings} == {*LISTED, *FOUND}
    assert [row["cluster_id"] for row in listings if not Shard.parse(row["shard"]).holds(row["cluster_id"])] == []
    assert [tuple(row) for row in sweeps] == [
        ("0/4", "complete"),
        ("1/4", "complete"),
        ("2/4", "running"),
        ("2/4", "complete"),
        ("3/4", "complete"),
    ]


async def test_each_pod_discovers_and_a_superseded_discovery_is_as_good(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """A pod whose reading of the folder is overtaken by another's sweeps what that one found."""
    fleet = make_fleet()
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config([], url=migrated_url, api=emulator, more=f"discovery: [{{folder: {FOLDER}}}]\n")
        gate = emulator.faults.pause(FOLDER, times=1)
        late = await program.start("run", "--output", "json", env=pod(0, 2))
        await gate.reached()
        early = await program.run("run", "--output", "json", env=pod(1, 2))

        gate.release()
        ended = [await end_of(late), early]

    assert [each.code for each in ended] == [0, 0]
    outcomes = [[source["outcome"] for source in each.json()["discovery"]] for each in ended]
    assert outcomes == [["superseded"], ["complete"]]
    assert sum(each.json()["clusters"]["complete"] for each in ended) == len(LISTED + FOUND)
    assert await stored(db) == served(fleet)
    assert await db.fetchval("SELECT count(*) FROM inventory.clusters WHERE NOT managed") == 0
