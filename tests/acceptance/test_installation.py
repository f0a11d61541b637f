"""A configuration that names its installation, and a database that is another: nothing is asked, nothing written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.acceptance.running import HTTP
from tests.builders import every_row

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

OTHER: Final = "0b0e5f2c-9a34-4d1e-8c57-6f2d3b1a4e90"
NAMING_OTHER: Final = f"installation: {OTHER}"
EVERY_COMMAND_THAT_WRITES: Final = (["run"], ["run", "--dry-run"], ["prune"], ["migrate"], ["serve"])
IDENTIFIED: Final = "SELECT installation_id::text FROM collector.installation"


@pytest.mark.parametrize("command", EVERY_COMMAND_THAT_WRITES, ids=" ".join)
async def test_a_database_that_is_another_installation_is_exit_2_before_the_api_is_asked(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection, command: Sequence[str]
) -> None:
    """Both ids are told, and no row is written, not even of a cluster that would become unmanaged."""
    here = await db.fetchval(IDENTIFIED)
    before = await every_row(db)
    more = HTTP + "schedule: {cron: '@yearly'}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more, database=NAMING_OTHER)

    ended = await program.run(*command)

    assert (ended.code, ended.stdout) == (2, "")
    assert f"the database is installation {here}, the configuration names {OTHER}" in ended.stderr
    assert emulator.requests_total == 0
    assert await every_row(db) == before


@pytest.mark.parametrize("command", ["run", "migrate"])
async def test_no_schema_is_made_in_an_empty_database_where_an_installation_is_named(
    program: Program, emulator: Emulator, database_url: str, command: str
) -> None:
    """An empty database is not the one that was meant either."""
    program.write_config(emulator.fleet.clusters, url=database_url, api=emulator, database=NAMING_OTHER)

    ended = await program.run(command)

    connection = await asyncpg.connect(database_url)
    is_made = await connection.fetchval("SELECT to_regnamespace('collector') IS NOT NULL")
    await connection.close()
    assert (ended.code, ended.stdout) == (2, "")
    assert f"the database is no installation yet, the configuration names {OTHER}" in ended.stderr
    assert emulator.requests_total == 0
    assert not is_made


async def test_check_tells_the_id_that_a_run_then_accepts(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """It is copied from there into the configuration; another one is what `check` finds wrong."""
    here = await db.fetchval(IDENTIFIED)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    told = await program.run("check")
    program.write_config(
        emulator.fleet.clusters, url=migrated_url, api=emulator, database=f"installation: {here.upper()}"
    )
    swept = await program.run("run")
    accepted = await program.run("check")
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, database=NAMING_OTHER)

    refused = await program.run("check")

    assert [ended.code for ended in (told, swept, accepted, refused)] == [0, 0, 0, 2]
    assert f", installation {here}\n" in told.stdout
    assert f"FAILED  database       the database is installation {here}" in refused.stdout
