"""Backing the inventory up and restoring it, by the commands of the page."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from collector.embedded import EmbeddedServer, find_binaries
from tests.documents.conftest import Inventory
from tests.documents.pages import page
from tests.postgres import chosen_binaries, scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def content_of(url: str) -> dict[str, Any]:
    """Read all rows of all tables and public views at one moment, and where the sequences stand."""
    connection = await asyncpg.connect(url)
    try:
        relations = await connection.fetch(
            "SELECT relnamespace::regnamespace::text || '.' || relname AS name, relkind::text AS kind FROM pg_class "
            "WHERE relnamespace::regnamespace::text IN ('collector', 'inventory') AND relkind IN ('r', 'p', 'v', 'S')"
        )
        return {row["name"]: await rows_of(connection, row["name"], row["kind"]) for row in relations}
    finally:
        await connection.close()


async def rows_of(connection: Connection, name: str, kind: str) -> list[str]:
    """Read one of them; in a view what depends on the hour is left out."""
    if kind == "S":
        return [str(await connection.fetchval(f"SELECT last_value FROM {name}"))]  # noqa: S608 - from the catalogue
    ages = "ARRAY(SELECT k FROM jsonb_object_keys(to_jsonb(t)) AS k WHERE k ~ '(age|duration|attained|share|known)')"
    query = f"SELECT (to_jsonb(t) - {ages})::text FROM {name} AS t ORDER BY 1"  # noqa: S608 - from the catalogue
    return [row[0] for row in await connection.fetch(query)]


def carry_out(folder: Path, url: str, restored_url: str) -> None:
    """Run the page's commands as they stand, with the programs of the server's version."""
    binaries = chosen_binaries() or find_binaries()
    environment = {
        "PATH": f"{binaries.bin_dir}:{os.environ['PATH']}",
        "DATABASE_URL": url,
        "RESTORED_URL": restored_url,
    }
    for block in page("docs/howto/upgrade.md").blocks("sh"):
        if block.mark == "pg":
            subprocess.run(["/bin/sh", "-ec", block.text], cwd=folder, env=environment, check=True, timeout=60)


async def test_a_restored_inventory_says_what_the_saved_one_did(
    postgres: EmbeddedServer, inventory: Inventory, tmp_path: Path
) -> None:
    """Every table, every view but for what depends on the hour, and the numbers that the next listings draw."""
    async with scratch_database(postgres) as restored_url:
        carry_out(tmp_path, inventory.url, restored_url)

        saved, restored = await content_of(inventory.url), await content_of(restored_url)

    assert restored == saved
    assert len(saved["inventory.backups"]) > 100
    assert len(saved["collector.listing"]) > 10
