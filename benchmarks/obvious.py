"""
The script that a competent user would write first: gather, json, one upsert for each row.

It is written with a second column for the nanoseconds, so that it is compared at its best.
"""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

import aiohttp
import asyncpg

from collector.config import Config

TABLE = """
CREATE SCHEMA IF NOT EXISTS obvious;
CREATE TABLE IF NOT EXISTS obvious.backup (
    cluster_id text, backup_id text, folder_id text, source_cluster_id text,
    started_at timestamptz, started_at_ns smallint, created_at timestamptz, created_at_ns smallint,
    indices text[], opensearch_version text, size_bytes bigint, indices_total bigint,
    incremental_size_bytes bigint, total_size_bytes bigint, free_space_required_bytes bigint,
    seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (cluster_id, backup_id)
);
CREATE INDEX IF NOT EXISTS backup_indices_idx ON obvious.backup USING gin (indices);
"""

COLUMNS = (
    "cluster_id, backup_id, folder_id, source_cluster_id, started_at, started_at_ns, created_at, created_at_ns, "
    "indices, opensearch_version, size_bytes, indices_total, incremental_size_bytes, total_size_bytes, "
    "free_space_required_bytes"
)
UPSERT = (
    f"INSERT INTO obvious.backup ({COLUMNS}) VALUES ({', '.join(f'${n}' for n in range(1, 16))}) "  # noqa: S608
    "ON CONFLICT (cluster_id, backup_id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[2:])
    + ", seen_at = now()"
)


async def collect(config: Config, database_url: str, token: str) -> dict[str, Any]:
    """Copy every cluster's backups, one transaction for each cluster."""
    gate = asyncio.Semaphore(config.api.concurrency)
    pool = await asyncpg.create_pool(database_url, min_size=4, max_size=4)
    async with pool, aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
        await pool.execute(TABLE)

        async def one(cluster_id: str) -> int:
            async with gate:
                rows = await list_backups(session, config, cluster_id)
            async with pool.acquire() as connection, connection.transaction():
                await connection.executemany(UPSERT, rows)
            return len(rows)

        counts = await asyncio.gather(*(one(cluster.id) for cluster in config.clusters))
    return {"rows": sum(counts)}


async def list_backups(session: aiohttp.ClientSession, config: Config, cluster_id: str) -> list[tuple[Any, ...]]:
    """Read all pages."""
    url = f"{config.api.mdb_url}/managed-opensearch/v1/clusters/{cluster_id}/backups"
    rows: list[tuple[Any, ...]] = []
    query = {"pageSize": "1000"}
    while True:
        async with session.get(url, params=query, raise_for_status=True) as response:
            page = json.loads(await response.read())
        rows.extend(to_row(cluster_id, backup) for backup in page.get("backups", []))
        if not (token := page.get("nextPageToken")):
            return rows
        query["pageToken"] = token


def to_row(cluster_id: str, backup: dict[str, Any]) -> tuple[Any, ...]:
    """Lay out one backup."""
    return (
        cluster_id,
        backup["id"],
        backup.get("folderId"),
        backup.get("sourceClusterId"),
        *to_instant(backup.get("startedAt")),
        *to_instant(backup.get("createdAt")),
        backup.get("indices", []),
        backup.get("opensearchVersion"),
        *(
            int(backup.get(name, 0))
            for name in (
                "sizeBytes",
                "indicesTotal",
                "incrementalSizeBytes",
                "totalSizeBytes",
                "freeSpaceRequiredBytes",
            )
        ),
    )


def to_instant(text: str | None) -> tuple[datetime | None, int | None]:
    """Split an instant into what the driver takes and the nanoseconds beyond."""
    if not text:
        return None, None
    fraction = text.rstrip("Z").partition(".")[2].ljust(9, "0")
    return datetime.fromisoformat(text), int(fraction[6:9])
