"""What ends a run before or beside its listings: schema, database, a bug; and what `status` says by its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.emulator import Emulator
from tests.acceptance.program import Program, end_of
from tests.builders import every_row
from tests.proxy import Proxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.mark.parametrize(
    "edit, complaint",
    [
        (
            "INSERT INTO collector.migration (version, name, checksum, program_version) VALUES (99, 'more', 'x', '9')",
            "newer",
        ),
        ("UPDATE collector.migration SET checksum = 'x' WHERE version = 1", "differs from the one that was applied"),
        ("ALTER TABLE collector.sweep DROP COLUMN trace_id CASCADE", "trace_id"),
    ],
    ids=["newer", "edited", "broken"],
)
async def test_a_schema_that_is_not_ours_to_write_ends_the_run_before_the_api_is_asked(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection, edit: str, complaint: str
) -> None:
    """What a person must mend is exit 2; what no code of ours can have meant is a bug, exit 70. No row is written."""
    await db.execute(edit)
    before = await every_row(db)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--output", "json")

    assert (ended.code, ended.stdout) == (70 if complaint == "trace_id" else 2, "")
    assert complaint in ended.stderr
    assert emulator.requests_total == 0
    assert await every_row(db) == before


async def test_a_database_that_goes_away_in_the_middle_is_exit_3_and_every_cluster_is_accounted_for(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """The report is whole; no row of a backup was written; the next run mends it all."""
    gate = emulator.faults.pause(None)
    async with Proxy(migrated_url) as proxy:
        program.write_config(emulator.fleet.clusters, url=proxy.url, api=emulator)
        process = await program.start("run", "--output", "json")
        await gate.reached(3)
    gate.release()
    ended = await end_of(process)
    kept = await db.fetchval("SELECT count(*) FROM collector.backup")
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    again = await program.run("run", "--output", "json")

    assert (ended.code, ended.json()["outcome"], ended.json()["clusters"]["failed"]) == (3, "failed", 3)
    assert {each["error"] for each in ended.json()["failures"]} == {"database_unavailable"}
    assert ended.json()["finished_at"] is None
    assert kept == 0
    assert (again.code, again.json()["backups"]["inserted"]) == (0, 24)


async def test_status_is_exit_0_only_while_every_cluster_is_fresh_and_was_looked_at(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """A picture that has grown old turns to unknown by itself, a backup that has grown old to stale."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more="freshness: {max_age: 3650d}\n")
    await program.run("run")
    fresh = await program.run("status")
    await db.execute("UPDATE collector.cluster SET max_age = interval '1 second' WHERE cluster_id = $1", _one(emulator))
    stale = await program.run("status", "--output", "json")
    await db.execute("UPDATE collector.cluster SET observed_at = observed_at - interval '3 hours'")
    unknown = await program.run("status", "--output", "json")

    assert [ended.code for ended in (fresh, stale, unknown)] == [0, 1, 1]
    assert [row["verdict"] for row in stale.json()] == ["stale", "fresh", "fresh"]
    assert [row["verdict"] for row in unknown.json()] == ["unknown"] * 3


def _one(emulator: Emulator) -> str:
    return next(iter(emulator.fleet.clusters))
