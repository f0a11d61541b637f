"""
The schema after every migration, as files: `python -m tests.schema_dumps` writes them into `tests/samples/schema`.

`head.sql` is the sum of all migrations, with its COMMENTs: what a change of the schema changes can be read there.
`0001.sql` … are whole databases after each migration, with the same few rows: where an upgrade starts from. Neither
holds owners or grants, which belong to an installation.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Final

import asyncpg

from collector.embedded import find_binaries
from collector.store.migrations import find_migrations, migrate
from tests.postgres import chosen_binaries, scratch_server

FOLDER: Final = Path(__file__).parent / "samples" / "schema"
RELEASED: Final = 0
"""The newest migration that was released. Dumps up to it are history: they are not written again."""

DUMPING_MAJOR: Final = 18
"""The PostgreSQL whose pg_dump wrote the files; another one words them otherwise."""

# What the clock, chance and the program's version gave; a file has to be the same whenever it is made.
_PASSING: Final = """
SELECT format('UPDATE %s SET %I = ''2026-11-20T00:00:00Z'' WHERE %2$I IS NOT NULL', d.adrelid::regclass, a.attname)
FROM pg_attrdef AS d
INNER JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
INNER JOIN pg_class AS c ON c.oid = d.adrelid
WHERE c.relnamespace = 'collector'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) = 'now()'
UNION ALL
SELECT format('UPDATE %s SET %I = ''00000000-0000-4000-8000-000000000000''', d.adrelid::regclass, a.attname)
FROM pg_attrdef AS d
INNER JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
INNER JOIN pg_class AS c ON c.oid = d.adrelid
WHERE c.relnamespace = 'collector'::regnamespace AND pg_get_expr(d.adbin, d.adrelid) = 'gen_random_uuid()'
UNION ALL
SELECT 'UPDATE collector.migration SET program_version = ''0'''
"""


def dump_head(url: str) -> str:
    """Write down a schema with its COMMENTs and without rows."""
    return _dump(url, "--schema-only")


async def dump_database(url: str) -> str:
    """Write down a database with its rows and without COMMENTs; what passes, such as clocks, is set to one value."""
    connection = await asyncpg.connect(url)
    try:
        for (statement,) in await connection.fetch(_PASSING):
            await connection.execute(statement)
    finally:
        await connection.close()
    return await asyncio.to_thread(_dump, url, "--no-comments", "--inserts")


async def fill_first(url: str) -> None:
    """Make the first schema in an empty database, and put a few rows into every table."""
    await migrate(url, to=1)
    await restore(url, (FOLDER / "rows.sql").read_text(encoding="utf-8"))


async def dumps_of(url: str) -> AsyncIterator[tuple[int, str]]:
    """Take an empty database through all migrations, with rows from the first on; yields version and dump of each."""
    await fill_first(url)
    for migration in find_migrations():
        await migrate(url, to=migration.version)
        yield migration.version, await dump_database(url)


async def restore(url: str, dump: str) -> None:
    """Play a dump into a database."""
    connection = await asyncpg.connect(url)
    try:
        # As pg_dump would: a function may come before the view that it reads.
        await connection.execute("SET check_function_bodies TO off")
        await connection.execute(dump)
    finally:
        await connection.close()


def dump_file(version: int) -> Path:
    """Name the file of the database after this migration."""
    return FOLDER / f"{version:04}.sql"


def _dump(url: str, *options: str) -> str:
    binaries = chosen_binaries() or find_binaries()
    command = [binaries.program("pg_dump"), "--no-owner", "--no-acl", *options, url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return _plain(done.stdout)


def _plain(dump: str) -> str:
    """Leave out what differs from one run of pg_dump to the next, and what only it needs."""
    lines = [
        line for line in dump.splitlines() if not line.startswith(("--", "SET ", "\\", "SELECT pg_catalog.set_config("))
    ]
    parts: list[str] = []
    for is_row, group in groupby(filter(None, lines), key=lambda line: line.startswith("INSERT INTO ")):
        together = list(group)
        # Rows lie where an update has moved them to.
        parts += sorted(together) if is_row else together
    return "\n".join(parts) + "\n"


async def _write() -> None:
    with scratch_server() as server:
        url = server.create_database("schema_dumps")
        async for version, text in dumps_of(url):
            if version > RELEASED:
                dump_file(version).write_text(text, encoding="utf-8")
        (FOLDER / "head.sql").write_text(dump_head(url), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(_write())
