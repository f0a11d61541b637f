"""The floor of any writer: binary COPY of the same rows into the same tables with the same indexes, alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncpg

TABLES = ("index_set", "backup")


async def save_rows(database_url: str, directory: Path) -> None:
    """Keep the rows of a loaded inventory as binary COPY files, and empty the tables."""
    connection = await asyncpg.connect(database_url)
    try:
        for table in TABLES:
            columns = await written_columns(connection, table)
            await connection.copy_from_table(
                table, schema_name="collector", columns=columns, output=directory / f"{table}.copy", format="binary"
            )
        await connection.execute("TRUNCATE collector.backup, collector.index_set")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def copy_floor(database_url: str, directory: Path) -> dict[str, Any]:
    """Copy the kept rows back, in one transaction."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            for table in TABLES:
                columns = await written_columns(connection, table)
                await connection.copy_to_table(
                    table, schema_name="collector", columns=columns, source=directory / f"{table}.copy", format="binary"
                )
    finally:
        await connection.close()
    return {}


async def written_columns(connection: asyncpg.Connection[asyncpg.Record], table: str) -> list[str]:
    """Name the columns that are not generated."""
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0"
        " AND attgenerated = '' AND NOT attisdropped ORDER BY attnum",
        f"collector.{table}",
    )
    return [row["attname"] for row in rows]
