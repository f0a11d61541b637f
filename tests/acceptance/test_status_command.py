"""`collector status`: the worst first, and an exit code that says whether all is fresh."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import asyncpg

from collector.emulator import Code, Emulator
from tests.acceptance.program import Program

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FRESHNESS_COLUMNS = [
    "service",
    "cluster_id",
    "cluster_name",
    "labels",
    "verdict",
    "newest_backup_id",
    "newest_created_at",
    "newest_created_at_ns",
    "backup_age",
    "max_age",
    "observed_at",
    "observation_age",
    "live_backups",
]


async def test_status_puts_the_worst_first_and_is_exit_1_unless_all_is_fresh(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Never seen is unknown, too old is stale, and both stand before fresh."""
    old, unseen, new = emulator.fleet.clusters
    emulator.faults.fail(unseen, status=403, code=Code.PERMISSION_DENIED)
    path = program.write_config([], url=migrated_url, api=emulator, more="freshness: {max_age: 3650d}\n")
    path.write_text(
        path.read_text().replace(
            "clusters:\n", f"clusters:\n  - {{id: {old}, max_age: 1s}}\n  - id: {unseen}\n  - id: {new}\n"
        )
    )
    await program.run("run")

    ended = await program.run("status", "--output", "json")
    text = await program.run("status")

    rows = ended.json()
    assert (ended.code, text.code) == (1, 1)
    assert [(row["cluster_id"], row["verdict"]) for row in rows] == [
        (unseen, "unknown"),
        (old, "stale"),
        (new, "fresh"),
    ]
    assert text.stdout.splitlines()[-1] == "3 clusters: 1 fresh, 1 stale, 1 unknown"
    assert list(rows[2]) == FRESHNESS_COLUMNS
    assert (len(rows[2]["newest_created_at"]), rows[2]["max_age"], rows[2]["labels"]) == (30, 3650 * 86400.0, {})


async def test_no_clusters_at_all_are_not_fresh(program: Program, migrated_url: str) -> None:
    """An empty inventory must not look like a good one."""
    program.write_config(["c9qone"], url=migrated_url)

    ended = await program.run("status")

    assert ended.code == 1
    assert "nothing was ever collected" in ended.stdout


async def test_csv_has_the_views_columns_and_runs_no_formula(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A cluster's name is somebody else's text: a spreadsheet must not run it."""
    path = program.write_config([], url=migrated_url, api=emulator)
    cluster = next(iter(emulator.fleet.clusters))
    path.write_text(path.read_text().replace("clusters:\n", f"clusters:\n  - {{id: {cluster}, name: '=1+1'}}\n"))
    await program.run("run")

    ended = await program.run("status", "--output", "csv")

    (row,) = csv.DictReader(io.StringIO(ended.stdout, newline=""))
    assert list(row) == FRESHNESS_COLUMNS
    assert row["cluster_name"] == "'=1+1"
    assert ended.stdout.count("\r\n") == 2
