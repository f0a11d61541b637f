"""The whole program through pgbouncer in transaction mode, where each transaction may meet another server process."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.program import TOKEN, Program
from tests.acceptance.running import HTTP, running
from tests.acceptance.watching import until
from tests.builders import row_versions
from tests.tools import need

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

NOBODY: Final = 65534
IS_ROOT: Final = os.geteuid() == 0
"""Which pgbouncer refuses to be."""

SERVERS: Final = 2
"""Fewer than the program's connections, so that they must take turns."""


def write_settings(folder: Path, url: str, port: int) -> Path:
    """Write pgbouncer's files: it asks for the same user and password as the server."""
    parts = urlsplit(url)
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{parts.username}" "{parts.password}"\n')
    settings.write_text(
        f"[databases]\n* = host={parts.hostname} port={parts.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {users}\n"
        f"pool_mode = transaction\ndefault_pool_size = {SERVERS}\nserver_round_robin = 1\n"
    )
    if IS_ROOT:
        for path in (folder, users, settings):
            os.chown(path, NOBODY, NOBODY)
    return settings


@asynccontextmanager
async def pooled(url: str) -> AsyncIterator[str]:
    """Run pgbouncer in front of a database; yields the URL through it."""
    pgbouncer = need("pgbouncer")
    folder = Path(mkdtemp(prefix="collector-test-pooler-"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = write_settings(folder, url, port)
    process = await asyncio.create_subprocess_exec(
        pgbouncer, "-q", str(settings), user=NOBODY if IS_ROOT else None, stderr=asyncio.subprocess.DEVNULL
    )

    async def is_listening() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", port)) == 0

    try:
        await until(is_listening)
        parts = urlsplit(url)
        yield urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}"))
    finally:
        process.terminate()
        await process.wait()
        shutil.rmtree(folder)


@asynccontextmanager
async def watched(url: str) -> AsyncIterator[Connection]:
    """Connect past the pooler."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def backends(db: Connection) -> int:
    """Count the server's processes that work for this database, but the test's own."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    number: int = await db.fetchval(query)
    return number


async def test_runs_through_a_transaction_pooler_are_as_exact_as_without(program: Program, database_url: str) -> None:
    """They migrate on the direct way, store large and small lists, recognise them unchanged and mark absence."""
    fleet = Fleet.of({f"c9q{number}": made(f"c9q{number}", range(5 + number * 20)) for number in range(8)})
    program.env["MIGRATE_URL"] = database_url
    database = "transaction_pooler: true, migrate_url: '${MIGRATE_URL}'"
    async with pooled(database_url) as url, Emulator(fleet, token=TOKEN) as emulator, watched(database_url) as db:
        program.write_config(fleet.clusters, url=url, api=emulator, database=database, limits={"concurrency": 8})
        first = await program.run("run", "--output", "json")
        assert first.code == 0, first.stderr
        rows, before = await stored(db), await row_versions(db)

        second = await program.run("run", "--output", "json")

        assert second.code == 0
        assert second.json()["backups"]["unchanged"] == first.json()["backups"]["inserted"]
        assert rows == served(fleet)
        assert await row_versions(db) == before
        assert await backends(db) == SERVERS

        for cluster_id in fleet.clusters:
            fleet.remove_backup(cluster_id, "b1")
        others = [await program.run(command) for command in ("run", "check", "status")]

        assert [each.code for each in others] == [0, 0, 1]
        assert await stored(db) == served(fleet)
        assert {cluster_id: set(gone) for cluster_id, gone in (await stored(db, "missing")).items()} == {
            cluster_id: {"b1"} for cluster_id in fleet.clusters
        }


async def test_the_service_works_through_a_transaction_pooler(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """It is ready, sweeps, shows what is stored, keeps its lease over renewals, and hands it over at its end."""
    more = HTTP + "schedule: {cron: '@yearly'}\n"
    async with pooled(migrated_url) as url, watched(migrated_url) as db:
        program.write_config(
            emulator.fleet.clusters, url=url, api=emulator, more=more, database="transaction_pooler: true"
        )
        async with running(program) as one, running(program) as two:
            await one.event("sweep.finished")
            await two.event("service.opened")
            taken = await db.fetchval("SELECT expires_at FROM collector.lease")

            async def is_renewed() -> bool:
                return bool(await db.fetchval("SELECT expires_at > $1 FROM collector.lease", taken))

            await until(is_renewed)
            ready = [await each.ask("/readyz") for each in (one, two)]
            series = [await each.series() for each in (one, two)]
            epoch = await db.fetchval("SELECT epoch FROM collector.lease")
            sessions = await backends(db)
            code = await one.end()
            taken_over = await two.event("sweep.finished")

    assert (ready, code, epoch) == ([(200, "ok\n")] * 2, 0, 1)
    assert [each["lease_held", ""] for each in series] == [1.0, 0.0]
    assert [each["up", ""] for each in series] == [1.0, 1.0]
    assert {name for name, _ in series[0]} == {name for name, _ in series[1]} >= {"cluster_live_backups"}
    assert sessions <= SERVERS
    assert one.events[-2:] == ["lease.released", "service.stopped"]
    assert taken_over["outcome"] == "complete"
