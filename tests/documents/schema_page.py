"""
The reference page of the database, made from a migrated one: `python -m tests.documents.schema_page` prints it.

The sentences are the database's own COMMENTs. What has none is listed by `uncommented`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_HEAD: Final = """\
# Schema

Made from a migrated database by `python -m tests.documents.schema_page`; edit the COMMENTs in `migrations/`, and this
head in `tests/documents/schema_page.py`.

Schema `inventory` is the public one: views and functions. Columns may be added; none is renamed or removed. Schema
`collector` holds the tables and belongs to the program: they may change with any release.

## Words

| state of a backup | means |
|---|---|
| `live` | in the newest complete listing of its cluster |
| `missing` | absent from one complete listing: a question, not an answer |
| `vanished` | absent from two complete listings in a row; the row stays, unless `retention.vanished` ends that |

| outcome of a listing | means | marks absence | counts as seen |
|---|---|---|---|
| `complete` | every page was read, and every record | yes | yes |
| `partial` | every page was read, some records could not be read exactly | no | no |
| `held` | every page was read, but too much was gone at once to be believed | no | no |
| `failed` | the listing did not end; `error` and `message` say why | no | no |
| `superseded` | a listing that began later was stored first; nothing of this one is stored | no | no |

| verdict on a cluster | means |
|---|---|
| `unknown` | no complete listing within `observation_max_age`: nobody knows. It wins over `stale`. |
| `stale` | seen recently, and the newest live backup is older than `max_age`, or there is none |
| `fresh` | seen recently, and the newest live backup is young enough |

A cluster that is known to be stopped makes no backups, and has no data newer than its stop: its newest backup is held
against `stopped_since` instead of the present, and `expected` is false.

## Times

The API's instants have up to nine fraction digits, PostgreSQL's have six. Each is two columns: the instant, floored to
the microsecond, and the 0 to 999 nanoseconds beyond it. One instant in all its forms:

| what | value |
|---|---|
| the API says | `2026-11-24T05:10:44.123456789Z` |
| `created_at` | `2026-11-24 05:10:44.123456+00` |
| `created_at_ns` | `789` |
| `created_at_text`, `inventory.rfc3339(created_at, created_at_ns)` | `2026-11-24T05:10:44.123456789Z` |
| `inventory.epoch_ns(created_at, created_at_ns)` | `1795497044123456789` |

`ORDER BY created_at, created_at_ns` is the exact order. PostgreSQL's own cast of the API's text rounds instead of
flooring, and may land in another second or on another day.

`first_seen_at`, `last_seen_at`, `missing_since`, `vanished_at` and `observed_at` are not the API's. They are the start
of a listing, on the database's clock, so they sort among each other whatever machine the collector runs on. An example
with a sweep each hour and a backup that expires at 11:30:

| listing began at | the backup is | `last_seen_at` | `missing_since` | `vanished_at` |
|---|---|---|---|---|
| 10:00 | listed for the first time: `live`, `first_seen_at` 10:00 | 10:00 | | |
| 11:00 | listed: `live` | 11:00 | | |
| 12:00 | absent: `missing` | 11:00 | 12:00 | |
| 13:00, `failed` | not looked at: `missing` | 11:00 | 12:00 | |
| 14:00 | absent again: `vanished` | 11:00 | 12:00 | 14:00 |
"""

_TABLES: Final = """\
Not for readers; here to find the place in `migrations/`. A solid line is a foreign key; a dashed one is a key that no
constraint watches, with the reason in `docs/architecture.md`. The picture is made from the database too, by
`python -m tests.documents.schema_image`.

![The tables of schema collector, their columns and what they refer to](../images/schema.svg)
"""

_RELATIONS: Final = """
SELECT c.oid::bigint AS oid, c.relname AS name, obj_description(c.oid, 'pg_class') AS meaning
FROM pg_class AS c
WHERE c.relnamespace = $1::regnamespace AND c.relkind IN ('r', 'v')
ORDER BY c.relname
"""

_COLUMNS: Final = """
SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, col_description(a.attrelid, a.attnum) AS meaning
FROM pg_attribute AS a
WHERE a.attrelid = $1::bigint AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

_FUNCTIONS: Final = """
SELECT
    p.proname || '(' || pg_get_function_arguments(p.oid) || ')' AS name,
    pg_get_function_result(p.oid) AS type,
    obj_description(p.oid, 'pg_proc') AS meaning
FROM pg_proc AS p
WHERE p.pronamespace = 'inventory'::regnamespace
ORDER BY 1
"""


async def schema_page(connection: Connection) -> str:
    """Write the page: the head, then views, functions and tables of a migrated database."""
    parts = [_HEAD, "## Views\n"]
    for view in await connection.fetch(_RELATIONS, "inventory"):
        columns = await connection.fetch(_COLUMNS, view["oid"])
        parts += [f"### `inventory.{view['name']}`\n", f"{view['meaning']}\n", _table("column", columns)]
    parts += ["## Functions\n", _table("function", await connection.fetch(_FUNCTIONS))]
    parts += ["## Tables\n", _TABLES]
    tables = await connection.fetch(_RELATIONS, "collector")
    lines = [f"| `collector.{table['name']}` | {table['meaning']} |" for table in tables]
    parts.append("\n".join(["| table | holds |", "|---|---|", *lines]) + "\n")
    return "\n".join(parts)


async def uncommented(connection: Connection) -> list[str]:
    """List what readers meet in schema `inventory` that has no COMMENT."""
    bare = [row["name"] for row in await connection.fetch(_FUNCTIONS) if not row["meaning"]]
    for view in await connection.fetch(_RELATIONS, "inventory"):
        columns = await connection.fetch(_COLUMNS, view["oid"])
        bare += [f"{view['name']}.{column['name']}" for column in columns if not column["meaning"]]
        bare += [] if view["meaning"] else [view["name"]]
    return bare


def _table(first: str, rows: Sequence[asyncpg.Record]) -> str:
    lines = [f"| `{row['name']}` | `{row['type']}` | {row['meaning']} |" for row in rows]
    return "\n".join([f"| {first} | type | meaning |", "|---|---|---|", *lines]) + "\n"


async def _print_page() -> None:
    from collector.store.migrations import migrate
    from tests.postgres import scratch_server

    with scratch_server() as server:
        url = server.create_database("schema_page")
        await migrate(url)
        connection = await asyncpg.connect(url)
        try:
            sys.stdout.write(await schema_page(connection))
        finally:
            await connection.close()


if __name__ == "__main__":
    asyncio.run(_print_page())
