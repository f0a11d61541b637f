"""`collector prune` as a process: what it prints, what it exits with, and that a dry run keeps its hands off."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.acceptance.program import Program, end_of
from tests.acceptance.watching import blocked
from tests.histories import looked, tell

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

STORY = f"""
cluster c1 max_age=26h observation_max_age=25h
backup a -61d
backup b -60d
backup c -59d
{looked(50 * 24, 48 * 24, "a", "b", "c", step_h=24)}
{looked(47 * 24, 45 * 24, "c", step_h=24)}
{looked(3 * 24, 0, "c", step_h=24)}
"""
SECTION = "retention: {ledger: 30d, vanished: 30d}\n"
GONE = {"backups": 2, "changes": 4, "listings": 6, "quarantined": 0, "sweeps": 0, "discoveries": 0}
NOTHING = dict.fromkeys(GONE, 0)


async def test_what_is_past_its_age_is_removed_once(program: Program, db: Connection, migrated_url: str) -> None:
    """A dry run says what will go, the run removes it and says so, and another finds nothing."""
    async with db.transaction():
        await tell(db, STORY)
    program.write_config(["c1"], url=migrated_url, more=SECTION)

    asked = await program.run("prune", "--dry-run", "--output", "json")
    left = await db.fetchval("SELECT count(*) FROM collector.backup")
    done = await program.run("prune", "--output", "json")
    again = await program.run("prune")

    assert [ended.code for ended in (asked, done, again)] == [0, 0, 0]
    assert asked.json() == {"outcome": "done", "dry_run": True, "removed": GONE}
    assert left == 3
    assert done.json() == {"outcome": "done", "dry_run": False, "removed": GONE}
    assert again.stdout == "removed nothing\n"
    assert await db.fetchval("SELECT count(*) FROM collector.backup") == 1


async def test_it_ends_after_the_batch_in_hand_and_says_what_went(
    program: Program, db: Connection, migrated_url: str
) -> None:
    """A signal while it waits for a merge: that cluster is finished, and the exit code is the signal's."""
    async with db.transaction():
        await tell(db, STORY + "cluster c2\nlisting -90d complete\nlisting -1d complete\n")
    program.write_config(["c1"], url=migrated_url, more=SECTION)
    async with db.transaction():
        await db.execute("SELECT FROM collector.cluster WHERE cluster_id = 'c1' FOR NO KEY UPDATE")
        process = await program.start("prune", "--output", "json")
        await blocked(db)
        process.send_signal(signal.SIGTERM)
    ended = await end_of(process)

    assert ended.code == 143
    assert ended.json() == {"outcome": "interrupted", "dry_run": False, "removed": GONE}
    assert await db.fetchval("SELECT count(*) FROM collector.listing WHERE cluster_id = 'c2'") == 2


async def test_without_the_database_it_is_exit_3_and_nothing_went(program: Program) -> None:
    """A later run may do it."""
    program.write_config(["c1"], url="postgresql://nobody@127.0.0.1:9/none", more=SECTION)

    ended = await program.run("prune", "--output", "json")

    assert (ended.code, ended.stdout) == (3, "")


async def test_a_dry_run_does_not_migrate(program: Program, database_url: str) -> None:
    """On an empty database it is refused, and the database stays empty."""
    program.write_config(["c1"], url=database_url, more=SECTION)

    ended = await program.run("prune", "--dry-run")

    assert (ended.code, ended.stdout) == (2, "")
    assert "migrations are pending" in ended.stderr
