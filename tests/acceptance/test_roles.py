"""The program as a member of one of the roles: each is enough for its commands, and no more is needed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.acceptance.running import HTTP, running
from tests.logins import login

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

YEARLY = HTTP + "schedule: {cron: '@yearly'}\n"


@pytest.fixture
async def writer(postgres: EmbeddedServer, migrated_url: str) -> AsyncIterator[str]:
    """Yield the URL of a database for a member of collector_writer."""
    async with login(postgres, migrated_url, "IN ROLE collector_writer") as url:
        yield url


@pytest.fixture
async def reader(postgres: EmbeddedServer, migrated_url: str) -> AsyncIterator[str]:
    """Yield the URL of the same database for a member of collector_reader."""
    async with login(postgres, migrated_url, "IN ROLE collector_reader") as url:
        yield url


async def test_a_writer_sweeps_and_a_reader_sees_it(
    program: Program, emulator: Emulator, db: Connection, writer: str, reader: str
) -> None:
    """Twice, so that something changes and something goes missing; `status` needs no table."""
    folder = next(iter(emulator.fleet.clusters.values())).folder_id
    more = f"discovery:\n  - folder: {folder}\n"
    await db.execute("SELECT collector.grant_rights()")
    program.write_config(emulator.fleet.clusters, url=writer, api=emulator, more=more)
    first = await program.run("run", "--output", "json")
    emulator.fleet.advance(hours=2)
    second = await program.run("run", "--output", "json")

    checked = await program.run("check")
    told = await program.run("status", "--output", "json", env={"DATABASE_URL": reader})

    assert [ended.code for ended in (first, second, checked)] == [0, 0, 0], (
        first.stderr + second.stderr + checked.stdout
    )
    assert second.json()["backups"]["inserted"] > 0
    assert told.code in {0, 1}
    assert len(json.loads(told.stdout)) == len(emulator.fleet.clusters)


async def test_a_writer_serves_and_sweeps(program: Program, emulator: Emulator, writer: str) -> None:
    """The lease, the mark of /readyz and the metrics are within its rights."""
    program.write_config(emulator.fleet.clusters, url=writer, api=emulator, more=YEARLY, database="auto_migrate: false")
    async with running(program) as service:
        finished = await service.event("sweep.finished")
        ready, _ = await service.ask("/readyz")
        series = await service.series()
        code = await service.end()

    assert (finished["outcome"], ready, code) == ("complete", 200, 0)
    assert series["up", ""] == series["lease_held", ""] == 1.0


async def test_a_reader_serves_what_others_collect(
    program: Program, emulator: Emulator, writer: str, reader: str
) -> None:
    """Without a schedule the service reads views alone."""
    program.write_config(emulator.fleet.clusters, url=writer, api=emulator)
    await program.run("run")
    program.write_config(emulator.fleet.clusters, url=reader, api=emulator, more=HTTP + "schedule: null\n")
    async with running(program) as service:
        await service.event("service.opened")
        ready, _ = await service.ask("/readyz")
        series = await service.series()
        code = await service.end()

    assert (ready, series["up", ""], code) == (200, 1.0, 0)
    assert len([name for name, _ in series if name == "cluster_live_backups"]) == len(emulator.fleet.clusters)


async def test_the_page_and_the_metrics_are_read_as_the_reader_that_is_named(
    program: Program, emulator: Emulator, db: Connection, writer: str, reader: str
) -> None:
    """The service that sweeps shows what it wrote through a login that can read views alone."""
    more = "auto_migrate: false, read_url: '${READ_URL}'"
    program.write_config(emulator.fleet.clusters, url=writer, api=emulator, more=YEARLY, database=more)
    async with running(program, env={"READ_URL": reader}) as service:
        await service.event("sweep.finished")
        series = await service.series()
        page, _ = await service.ask("/")
        sessions = await db.fetch(
            "SELECT DISTINCT application_name, usename FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name LIKE 'backup-inventory-collector%'"
        )

    names = {row["application_name"]: row["usename"] for row in sessions}
    assert (page, series["up", ""]) == (200, 1.0)
    assert names["backup-inventory-collector reader"] == urlsplit(reader).username
    assert urlsplit(writer).username in names.values()


async def test_a_writer_cannot_migrate_and_is_told_so(
    program: Program, emulator: Emulator, db: Connection, writer: str
) -> None:
    """Exit code 2, and nothing is half done."""
    await db.execute("DELETE FROM collector.migration WHERE version = (SELECT max(version) FROM collector.migration)")
    program.write_config(emulator.fleet.clusters, url=writer, api=emulator)

    ended = await program.run("migrate")

    assert (ended.code, "42501" in ended.stderr) == (2, True)


async def test_a_migrator_migrates_and_a_writer_goes_on(
    program: Program, emulator: Emulator, postgres: EmbeddedServer, database_url: str, writer: str
) -> None:
    """On an empty database: what is made there is at once the writer's to fill."""
    async with login(postgres, database_url, "IN ROLE collector_migrator") as migrator:
        administrator = await asyncpg.connect(database_url)
        await administrator.execute(f"GRANT CREATE ON DATABASE {database_url.rpartition('/')[2]} TO collector_owner")
        await administrator.close()
        program.write_config(emulator.fleet.clusters, url=migrator, api=emulator)
        migrated = await program.run("migrate")
        sweeper = writer.rpartition("/")[0] + "/" + database_url.rpartition("/")[2]
        swept = await program.run("run", env={"DATABASE_URL": sweeper})

    assert (migrated.code, swept.code) == (0, 0), migrated.stderr + swept.stderr
