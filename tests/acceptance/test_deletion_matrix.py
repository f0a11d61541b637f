"""
Seven situations in which inventories lose rows that are still true, side by side in the same three runs.

| cluster     | what happens to it in the second and the third run        | its backups afterwards                    |
|-------------|-----------------------------------------------------------|-------------------------------------------|
| `expired`   | one backup is gone from an otherwise whole list           | that one missing, then vanished           |
| `emptied`   | the list is empty                                         | all live: held until a person allows it   |
| `erring`    | every request is answered with 500                        | all live                                  |
| `unfound`   | the cluster is answered with 404                          | all live                                  |
| `removed`   | it is no longer in the configuration                      | all live, the cluster unmanaged           |
| `half_read` | the first page comes, without a backup; the second fails  | all live                                  |
| `unasked`   | the run is about other clusters only; its list is empty   | all live                                  |

Only the first is a deletion, and it takes two complete listings in a row.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.inventory import Rows, made, served, stored
from tests.acceptance.program import TOKEN, Ended, Program
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CLUSTERS: Final = ("expired", "emptied", "erring", "unfound", "removed", "half_read", "unasked")
ASKED: Final = ("expired", "emptied", "erring", "unfound", "half_read")
RUNS: Final = 3


@dataclass(kw_only=True)
class Story:
    """What was seen after each of the runs."""

    first: Rows
    """What was served to the first run."""
    live: list[Rows] = field(default_factory=list)
    missing: list[Rows] = field(default_factory=list)
    vanished: list[Rows] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    managed: dict[str, bool] = field(default_factory=dict)
    allowed: Ended | None = None
    """The run that a person allowed to believe `emptied`."""


def script(emulator: Emulator) -> None:
    """Bring about all situations that are the API's."""
    fleet, faults = emulator.fleet, emulator.faults
    fleet.remove_backup("expired", "b1")
    fleet.clear_backups("emptied")
    fleet.clear_backups("unasked")
    faults.fail("erring", status=500, code=Code.INTERNAL)
    faults.fail("unfound", status=404, code=Code.NOT_FOUND)
    fleet.remove_backup("half_read", "b7")
    faults.cut_body("half_read", after=50, page=2)


@pytest.fixture(scope="module")
async def story(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[Story]:
    """Yield the story of the runs, which are the same for all tests here."""
    program = Program(home=Path(mkdtemp(prefix="collector-test-home-")))
    fleet = Fleet.of({cluster_id: made(cluster_id, range(8)) for cluster_id in CLUSTERS})
    told = Story(first=served(fleet))
    async with scratch_database(postgres, template=migrated_template) as url, Emulator(fleet, token=TOKEN) as emulator:
        connection = await asyncpg.connect(url)
        program.write_config(CLUSTERS, url=url, api=emulator, limits={"page_size": 5})
        for number in range(RUNS):
            if number == 1:
                script(emulator)
                configured = [cluster_id for cluster_id in CLUSTERS if cluster_id != "removed"]
                program.write_config(configured, url=url, api=emulator, limits={"page_size": 5})
            selected = [word for cluster_id in ASKED for word in ("--cluster", cluster_id)] if number else []
            told.ended.append(await program.run("run", "--output", "json", *selected))
            for state, seen in (("live", told.live), ("missing", told.missing), ("vanished", told.vanished)):
                seen.append(await stored(connection, state))
        rows = await connection.fetch("SELECT cluster_id, managed FROM inventory.clusters")
        told.managed = {row["cluster_id"]: row["managed"] for row in rows}
        words = ("--cluster", "emptied", "--allow-mass-vanish", "emptied")
        told.allowed = await program.run("run", "--output", "json", *words)
        told.missing.append(await stored(connection, "missing"))
        await connection.close()
    yield told
    shutil.rmtree(program.home)


def test_the_first_run_stores_what_was_served(story: Story) -> None:
    """Eight live backups in each cluster, field by field."""
    assert (story.ended[0].code, story.live[0]) == (0, story.first)


@pytest.mark.parametrize("cluster_id", [each for each in CLUSTERS if each != "expired"])
@pytest.mark.parametrize("run", range(1, RUNS), ids=["second", "third"])
def test_no_backup_is_lost_to_what_is_no_deletion(story: Story, cluster_id: str, run: int) -> None:
    """All eight are live with all their values, in the second run and in the third (A12, A14, D16)."""
    assert story.live[run][cluster_id] == story.first[cluster_id]
    assert cluster_id not in story.missing[run] | story.vanished[run]


def test_a_backup_that_is_gone_is_missing_once_and_vanished_twice(story: Story) -> None:
    """Its values stay readable, the others stay live (A13)."""
    was = story.first["expired"]
    gone, others = {"b1": was["b1"]}, {key: row for key, row in was.items() if key != "b1"}

    assert [rows["expired"] for rows in story.live[1:]] == [others, others]
    assert (story.missing[1], story.vanished[1]) == ({"expired": gone}, {})
    assert (story.missing[2], story.vanished[2]) == ({}, {"expired": gone})


def test_the_exit_code_and_the_report_name_who_is_not_complete(story: Story) -> None:
    """Whoever was not looked at, or not believed, is no success; whoever was not asked for is not named."""
    expected = {
        "emptied": "held",
        "erring": "server_failed",
        "unfound": "not_found",
        "half_read": "truncated",
    }

    for ended in story.ended[1:]:
        assert ended.code == 1
        assert {each["cluster_id"]: each["error"] for each in ended.json()["failures"]} == expected


def test_only_the_removed_cluster_is_unmanaged(story: Story) -> None:
    """Errors, emptiness and a narrower run take nobody out of the inventory."""
    assert story.managed == {cluster_id: cluster_id != "removed" for cluster_id in CLUSTERS}


def test_a_person_may_allow_what_the_guard_held(story: Story) -> None:
    """Then, and not before, the emptied cluster's backups are missing; nobody else's are."""
    assert story.allowed is not None
    assert story.allowed.code == 0
    assert story.missing[-1] == {"emptied": story.first["emptied"]}
