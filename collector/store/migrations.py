"""
Plain SQL migrations: numbered files, applied forward, once, by one of many starters.

The files carry dbmate's markers (`-- migrate:up`, `-- migrate:down`). Each runs in one transaction with its
row in `collector.migration`, except where `transaction:false` says that it cannot.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from collector import __version__
from collector.errors import SchemaError
from collector.store.installation import read_installation, require_installation
from collector.store.migrator import alone, connected
from collector.store.translate import translated

if TYPE_CHECKING:
    from uuid import UUID

    from asyncpg import Connection, Record

_FILE_NAME: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_UP: Final = re.compile(r"^-- migrate:up(?P<options>[^\n]*)\n", re.MULTILINE)
_DOWN: Final = re.compile(r"^-- migrate:down", re.MULTILINE)

_BOOTSTRAP: Final = """
CREATE SCHEMA IF NOT EXISTS collector;
COMMENT ON SCHEMA collector IS 'The tables of the backup inventory collector. Readers use schema inventory.';
CREATE TABLE IF NOT EXISTS collector.migration (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    program_version text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE collector.migration IS 'The migrations that were applied, with the SHA-256 of their files.';
"""
_GRANT: Final = """
DO $$
BEGIN
    IF to_regprocedure('collector.grant_rights()') IS NOT NULL THEN
        PERFORM collector.grant_rights();
    END IF;
END
$$
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One file."""

    version: int
    name: str
    checksum: str
    statements: str
    transactional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is applied, and what is to be."""

    applied: int
    """The schema's version; 0: none."""
    pending: tuple[Migration, ...]
    installation: UUID | None = None
    """The database's id; None: it had none yet."""


def find_migrations() -> tuple[Migration, ...]:
    """Read the program's migrations: from the wheel, or from the checkout it runs from."""
    inside = Path(__file__).parents[1] / "_migrations"
    directory = inside if inside.is_dir() else Path(__file__).parents[2] / "migrations"
    return read_migrations(directory)


def read_migrations(directory: Path) -> tuple[Migration, ...]:
    """
    Read a directory of migrations, in order.

    Raises:
        SchemaError: a file's name or markers are wrong, or a number is missing or double.
    """
    # Not `glob`: where no descriptor is left, it finds no file and says nothing (Python 3.13).
    files = sorted(path for path in directory.iterdir() if path.suffix == ".sql")
    migrations = tuple(map(_read_file, files))
    versions = [migration.version for migration in migrations]
    if not versions or versions != list(range(1, len(versions) + 1)):
        message = f"migrations in {directory} are not numbered 1, 2, 3 …: {versions}"
        raise SchemaError(message)
    return migrations


def _read_file(path: Path) -> Migration:
    name = _FILE_NAME.fullmatch(path.name)
    text = path.read_bytes().replace(b"\r\n", b"\n").decode()
    up = _UP.search(text)
    if name is None or up is None:
        message = f"migration {path.name}: wants NNNN_verb_object.sql with a line `-- migrate:up`"
        raise SchemaError(message)
    down = _DOWN.search(text)
    return Migration(
        version=int(name[1]),
        name=name[2],
        checksum=hashlib.sha256(text.encode()).hexdigest(),
        statements=text[up.end() : down.start() if down else len(text)].strip(),
        transactional="transaction:false" not in up["options"],
    )


def plan(migrations: Sequence[Migration], applied: Iterable[tuple[int, str]]) -> Plan:
    """
    Compare the program's migrations with those applied (version, checksum).

    Raises:
        SchemaError: the schema is newer than the program, or a file was edited after it was applied.
    """
    checksums = dict(applied)
    newest = max(checksums, default=0)
    known = {migration.version: migration for migration in migrations}
    if newest > max(known):
        message = (
            f"the schema is at version {newest}, newer than this program knows ({max(known)}): upgrade the program"
        )
        raise SchemaError(message)
    for version, checksum in checksums.items():
        if known[version].checksum != checksum:
            message = f"migration {version} ({known[version].name}) differs from the one that was applied"
            raise SchemaError(message)
    pending = tuple(migration for migration in migrations if migration.version not in checksums)
    return Plan(applied=newest, pending=pending)


async def migrate(
    url: str,
    *,
    to: int | None = None,
    migrations: Sequence[Migration] | None = None,
    installation: UUID | None = None,
) -> Plan:
    """
    Apply what is pending, up to version `to`. Safe with many starters; killed midway, it is run again.

    Args:
        url: a direct connection: a transaction-mode pooler would lose the lock.
        to: the version to stop at; None for the newest.
        migrations: None for the program's own.
        installation: whose schema may be changed; None: whichever is there.

    Returns:
        The plan as it was found under the lock: `pending` is what this call applied.

    Raises:
        SchemaError: see `plan`; or `to` is not a known version, or the database is another installation.
        DatabaseError: what the server said.
    """
    known = migrations if migrations is not None else find_migrations()
    if to is not None and to not in {migration.version for migration in known}:
        message = f"there is no migration {to}; the newest is {known[-1].version}"
        raise SchemaError(message)
    with translated():
        async with connected(url) as connection, alone(connection):
            found = await _find(connection, known)
            require_installation(found.installation, installation)
            async with connection.transaction():
                await connection.execute(_BOOTSTRAP)
            pending = tuple(each for each in found.pending if to is None or each.version <= to)
            for migration in pending:
                await _apply(connection, migration)
            # Also where nothing was pending: the roles may be new.
            async with connection.transaction():
                await connection.execute(_GRANT)
            return replace(found, pending=pending)


async def read_plan(url: str) -> Plan:
    """Compare the program with a database without changing it. Raises what `plan` raises."""
    with translated():
        # In a transaction: a transaction-mode pooler may change the server between two statements.
        async with connected(url) as connection, connection.transaction():
            return await read_plan_on(connection)


async def read_plan_on(connection: Connection[Record]) -> Plan:
    """Compare the program with the database of this connection."""
    return await _find(connection, find_migrations())


async def _find(connection: Connection[Record], migrations: Sequence[Migration]) -> Plan:
    exists = await connection.fetchval("SELECT to_regclass('collector.migration') IS NOT NULL")
    found = plan(migrations, await _applied(connection) if exists else ())
    return replace(found, installation=await read_installation(connection))


async def _applied(connection: Connection[Record]) -> list[tuple[int, str]]:
    rows = await connection.fetch("SELECT version, checksum FROM collector.migration ORDER BY version")
    return [(row["version"], row["checksum"]) for row in rows]


async def _apply(connection: Connection[Record], migration: Migration) -> None:
    if migration.transactional:
        async with connection.transaction():
            await connection.execute(migration.statements)
            await _record(connection, migration)
        return
    await connection.execute(migration.statements)
    await _record(connection, migration)


async def _record(connection: Connection[Record], migration: Migration) -> None:
    await connection.execute(
        "INSERT INTO collector.migration (version, name, checksum, program_version) VALUES ($1, $2, $3, $4)",
        migration.version,
        migration.name,
        migration.checksum,
        __version__,
    )
