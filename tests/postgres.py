"""
PostgreSQL for tests: one throw-away server a run (or a worker of xdist), one database a test.

Speed comes from giving up crash safety and background work, never from sharing
a database between tests.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg

from collector.embedded import Binaries, EmbeddedServer, binaries_in

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BIN_VARIABLE: Final = "COLLECTOR_TEST_POSTGRES_BIN"
"""Names another installation's programs, for a matrix of versions."""

TEMPLATE: Final = "migrated_template"

SETTINGS: Final = {
    "autovacuum": "off",
    "max_connections": "100",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "wal_level": "minimal",
}


def chosen_binaries() -> Binaries | None:
    """Take the installation that the environment names; None: the usual search."""
    named = os.environ.get(BIN_VARIABLE)
    return binaries_in(Path(named)) if named else None


@contextmanager
def scratch_server(binaries: Binaries | None = None) -> Iterator[EmbeddedServer]:
    """
    Run a server whose directory disappears with it; not under pytest's own, which is kept for three runs.

    Args:
        binaries: an installation; None: what the environment names, else the usual search.
    """
    directory = Path(mkdtemp(prefix="collector-test-pg-"))
    chosen = binaries or chosen_binaries()
    try:
        with EmbeddedServer.start(directory, binaries=chosen, settings=SETTINGS, durable="no") as server:
            yield server
    finally:
        shutil.rmtree(directory)


@asynccontextmanager
async def scratch_database(server: EmbeddedServer, *, template: str | None = None) -> AsyncIterator[str]:
    """Make a database, empty or a copy of a template, and drop it with whoever is still connected; yields its URL."""
    name = f"test_{uuid4().hex}"
    async with _administrator(server) as connection:
        # Copying files skips the write-ahead log, which is where 15 and later put the whole copy by default.
        strategy = " STRATEGY FILE_COPY" if template and connection.get_server_version().major >= 15 else ""
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template or 'template0'}{strategy}")
    try:
        yield server.url_of(name)
    finally:
        async with _administrator(server) as connection:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def seal_template(server: EmbeddedServer, name: str) -> None:
    """Let nobody connect to a template any more: a connection would make copying it fail."""
    async with _administrator(server) as connection:
        await connection.execute(f"ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false")


@asynccontextmanager
async def _administrator(server: EmbeddedServer) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(server.url)
    try:
        yield connection
    finally:
        await connection.close()
