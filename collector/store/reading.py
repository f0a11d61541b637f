"""
The read side: what people ask of the inventory. Views only, so that a reader's role and a standby are enough.

It never changes anything, and does not mind a schema that is newer than the program: columns of views stay.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

import asyncpg

from collector.errors import SchemaError
from collector.store.patience import patient
from collector.store.pool import CLOSE_S, prepare_connection
from collector.store.statements import statement
from collector.store.translate import translated

if TYPE_CHECKING:
    from asyncpg import Connection, Record

    from collector.config import DatabaseSettings

Verdict = Literal["fresh", "stale", "unknown"]
ExampleName = Literal["example_not_seen", "example_coverage", "example_gone", "example_index"]

_APPLICATION_NAME: Final = "backup-inventory-collector reader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """A row of `inventory.freshness`. Instants are microseconds since 2000-01-01; NULL is None."""

    service: str
    cluster_id: str
    cluster_name: str | None
    labels: str
    """A JSON object."""
    verdict: Verdict
    newest_backup_id: str | None
    newest_created_at: int | None
    newest_created_at_ns: int | None
    backup_age: timedelta | None
    max_age: timedelta
    observed_at: int | None
    observation_age: timedelta | None
    live_backups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What a server says of itself."""

    version: str
    takes_writes: bool
    """False: a standby, or a database that is set to be read only."""
    may_write: bool | None
    """Whether the role has the rights; None: there is no inventory yet."""
    lacking: tuple[str, ...]
    """The rights that it lacks, as `INSERT ON collector.backup`."""
    may_create: bool
    """Whether the role may create schemas, as migrations do."""
    clock_s: float
    """Seconds since 1970, by the server's clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A query worth showing, with what it found. All values are text."""

    question: str
    sql: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


async def read_freshness(url: str, settings: DatabaseSettings) -> list[Freshness]:
    """
    Read the verdict on every configured cluster, the worst first. Waits for a database that is not there yet.

    Raises:
        DatabaseUnavailable: nobody answered during the configured wait.
        DatabaseRefused: no such database, wrong password, no right to read.
        SchemaError: there is no inventory.
    """
    rows = await patient(settings.wait_s)(_fetch, url, settings, "read_freshness")
    return [Freshness(**{field.name: row[field.name] for field in fields(Freshness)}) for row in rows]


async def read_server(url: str, settings: DatabaseSettings) -> Server:
    """Ask a server what it is, once. Raises DatabaseError."""
    (row,) = await _fetch(url, settings, "read_server")
    return Server(**{**dict(row), "lacking": tuple(row["lacking"] or ())})


async def read_folders(url: str, settings: DatabaseSettings) -> dict[str, str]:
    """Ask in which folder each cluster lies, as far as the inventory knows. Raises DatabaseError, SchemaError."""
    rows = await _fetch(url, settings, "read_folders")
    return {row["cluster_id"]: row["folder_id"] for row in rows}


async def read_example(url: str, settings: DatabaseSettings, name: ExampleName) -> Example:
    """Run one of the example queries. Raises DatabaseError."""
    question, _, sql = statement(name).strip().partition("\n")
    rows = await _fetch(url, settings, name)
    return Example(
        question=question.removeprefix("-- "),
        sql=sql,
        columns=list(rows[0].keys()) if rows else [],
        rows=[["" if value is None else str(value) for value in row.values()] for row in rows],
    )


async def _fetch(url: str, settings: DatabaseSettings, name: str) -> list[Record]:
    with translated():
        async with _connection(url, settings) as connection:
            with inventory_expected():
                return await connection.fetch(statement(name))


@contextmanager
def inventory_expected() -> Iterator[None]:
    """Call it a SchemaError where what is read is not there."""
    try:
        yield
    except (
        asyncpg.InvalidSchemaNameError,
        asyncpg.UndefinedTableError,
        asyncpg.UndefinedColumnError,
        asyncpg.UndefinedFunctionError,
    ) as exc:
        raise SchemaError(f"the inventory is not there, or is too old: run `collector migrate` ({exc})") from None


@asynccontextmanager
async def _connection(url: str, settings: DatabaseSettings) -> AsyncIterator[Connection[Record]]:
    connection = await asyncpg.connect(
        url,
        timeout=settings.connect_timeout_s,
        command_timeout=settings.command_timeout_s,
        statement_cache_size=0,
        server_settings={"application_name": _APPLICATION_NAME},
    )
    try:
        await prepare_connection(connection)
        yield connection
    finally:
        try:
            await connection.close(timeout=CLOSE_S)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()
