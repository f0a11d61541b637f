"""The program with a `discovery` in its configuration, from the file to the exit code."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import asyncpg
import pytest

from collector.emulator import EmulatedCluster, Emulator, Fleet
from tests.acceptance.program import TOKEN, Ended, Program, events_of
from tests.sweeping import backups

pytestmark = pytest.mark.any_python

GOOD, BAD, CLOUD = "b1ggood", "b1gbad", "b1gcloud"


@pytest.fixture
async def cloud() -> AsyncIterator[Emulator]:
    """Yield a cloud of two folders with two clusters each."""
    fleet = Fleet()
    for folder_id in (GOOD, BAD):
        for number in range(2):
            cluster_id = f"c9q{folder_id[3:]}{number}"
            fleet.add_cluster(
                EmulatedCluster(id=cluster_id, folder_id=folder_id), backups=backups(cluster_id, range(3))
            )
    fleet.set_folders(CLOUD, GOOD, BAD)
    async with Emulator(fleet, token=TOKEN) as emulator:
        yield emulator


async def run(program: Program, cloud: Emulator, url: str, entries: Sequence[str], *arguments: str) -> Ended:
    """Run it over these entries of `discovery`, without any listed cluster."""
    more = "discovery:\n" + "".join(f"  - {entry}\n" for entry in entries)
    program.write_config([], url=url, api=cloud, more=more, limits={"resource_manager_url": cloud.url})
    return await program.run(*(arguments or ("run", "--output", "json")))


async def live(url: str) -> dict[str, int]:
    """Count the live backups of each cluster, as a reader sees them."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT cluster_id, live_backups FROM inventory.freshness")
    finally:
        await connection.close()
    return {row["cluster_id"]: row["live_backups"] for row in rows}


async def test_a_folder_is_enough_of_a_configuration(program: Program, cloud: Emulator, database_url: str) -> None:
    """No cluster is listed; all of the folder's are swept."""
    ended = await run(program, cloud, database_url, [f"folder: {GOOD}"])

    assert ended.code == 0, ended.stderr
    summary = ended.json()
    assert summary["outcome"] == "complete"
    assert summary["clusters"]["complete"] == 2
    (source,) = summary["discovery"]
    assert (source["folder_id"], source["service"], source["outcome"]) == (GOOD, "opensearch", "complete")
    assert await live(database_url) == {"c9qgood0": 3, "c9qgood1": 3}


async def test_a_cloud_is_enough_of_a_configuration(program: Program, cloud: Emulator, database_url: str) -> None:
    """Its folders are found first."""
    ended = await run(program, cloud, database_url, [f"cloud: {CLOUD}"])

    assert ended.code == 0, ended.stderr
    assert sorted(await live(database_url)) == ["c9qbad0", "c9qbad1", "c9qgood0", "c9qgood1"]


async def test_a_failing_folder_beside_a_good_one_ends_with_1_and_the_good_ones_clusters(
    program: Program, cloud: Emulator, database_url: str
) -> None:
    """What could be read is complete, and what could not is named."""
    cloud.faults.fail(BAD, status=403, code=7, message="Permission denied")

    ended = await run(program, cloud, database_url, [f"folder: {GOOD}", f"folder: {BAD}"])

    assert ended.code == 1
    summary = ended.json()
    assert (summary["outcome"], summary["clusters"]["complete"], summary["failures"]) == ("partial", 2, [])
    assert {each["folder_id"]: each["error"] for each in summary["discovery"]} == {
        GOOD: None,
        BAD: "permission_denied",
    }
    assert "source.failed" in events_of(ended)
    assert await live(database_url) == {"c9qgood0": 3, "c9qgood1": 3}


async def test_a_credential_that_every_folder_refuses_ends_with_2(
    program: Program, cloud: Emulator, database_url: str
) -> None:
    """It is pointless to retry."""
    cloud.token = "t1.another"

    ended = await run(program, cloud, database_url, [f"folder: {GOOD}"])

    assert ended.code == 2, ended.stderr


@pytest.mark.parametrize(
    "arguments, code, swept",
    [
        (("--cluster", "c9qgood1"), 0, 1),
        (("--shard", "0/1"), 0, 2),
        (("--cluster", "c9qnone"), 2, None),
        (("--dry-run",), 0, 2),
    ],
    ids=["cluster", "shard", "unknown", "dry-run"],
)
async def test_what_is_asked_for_is_chosen_from_what_was_found(
    program: Program, cloud: Emulator, database_url: str, arguments: tuple[str, ...], *, code: int, swept: int | None
) -> None:
    """After the discovery, in an inventory that is there already."""
    assert (await run(program, cloud, database_url, [f"folder: {GOOD}"])).code == 0

    ended = await run(program, cloud, database_url, [f"folder: {GOOD}"], "run", "--output", "json", *arguments)

    assert ended.code == code, ended.stderr
    if swept is not None:
        assert ended.json()["clusters"]["complete"] == swept


async def test_a_check_asks_each_folder_and_cloud(program: Program, cloud: Emulator, database_url: str) -> None:
    """One line for each, with what to do."""
    cloud.faults.fail(BAD, status=404, code=5, message="Folder not found")

    ended = await run(program, cloud, database_url, [f"folder: {GOOD}", f"folder: {BAD}", f"cloud: {CLOUD}"], "check")

    assert ended.code == 1
    lines = [" ".join(line.split()) for line in ended.stdout.splitlines()]
    assert f"ok folder {GOOD} (opensearch): 2 clusters" in lines
    assert f"ok cloud {CLOUD}: 2 folders" in lines
    assert any(line.startswith(f"FAILED folder {BAD}") and "check its id" in line for line in lines)
