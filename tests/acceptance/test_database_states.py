"""A database that is away, empty, or of an older schema: what each command says, and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.ports import free_port

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.mark.parametrize("command", ["run", "migrate", "status", "check"])
async def test_a_database_that_is_not_there_is_exit_3(program: Program, command: str, emulator: Emulator) -> None:
    """The password in its URL is not told."""
    url = f"postgresql://user:pass-canary@127.0.0.1:{free_port()}/none"
    program.write_config(emulator.fleet.clusters, url=url, api=emulator)

    ended = await program.run(command)

    assert ended.code == 3
    assert "no connection to the database: ConnectionRefusedError" in ended.stdout + ended.stderr
    assert "pass-canary" not in ended.stdout + ended.stderr


async def test_the_api_is_not_asked_before_the_database_is_known_good(program: Program, emulator: Emulator) -> None:
    """A run that cannot write its result makes no request."""
    program.write_config(emulator.fleet.clusters, url=f"postgresql://user@127.0.0.1:{free_port()}/none", api=emulator)

    ended = await program.run("run")

    assert ended.code == 3
    assert emulator.requests_total == 0


async def test_a_missing_database_is_exit_2(program: Program, migrated_url: str) -> None:
    """Only a person can mend it, so no scheduler should try again."""
    program.write_config(["c9qone"], url=f"{migrated_url}_absent")

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: 3D000")


async def test_pending_migrations_are_exit_2_where_they_may_not_be_applied(program: Program, database_url: str) -> None:
    """The message says what to run."""
    program.write_config(["c9qone"], url=database_url, database="auto_migrate: false")

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert "run `collector migrate`" in ended.stderr


async def test_a_dry_run_applies_no_migration(program: Program, database_url: str) -> None:
    """It keeps its word on an empty database too: exit 2, and the database is as empty as before."""
    program.write_config(["c9qone"], url=database_url)

    dry = await program.run("run", "--dry-run")
    after = await program.run("migrate", "--status")

    assert dry.code == 2
    assert "run `collector migrate`, or run without --dry-run" in dry.stderr
    assert after.stdout.startswith("pending  0001 create_tables\n")


async def test_status_without_an_inventory_is_exit_2(program: Program, database_url: str) -> None:
    """Reading migrates nothing."""
    program.write_config(["c9qone"], url=database_url)

    ended = await program.run("status")

    assert (ended.code, ended.stdout) == (2, "")
    assert "run `collector migrate`" in ended.stderr


async def test_without_a_database_url_an_embedded_postgresql_keeps_the_inventory(
    program: Program, emulator: Emulator
) -> None:
    """It lies in the home directory, outlives the command, and `status` reads it."""
    program.write_config(emulator.fleet.clusters, api=emulator, more="freshness: {max_age: 3650d}\n")

    swept = await program.run("run", "--output", "json")
    status = await program.run("status", "--output", "json")

    assert (swept.code, swept.json()["backups"]["inserted"]) == (0, 24)
    assert (status.code, [row["live_backups"] for row in status.json()]) == (0, [8, 8, 8])
