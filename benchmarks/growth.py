"""
`python -m benchmarks.growth`: what a cluster-year takes on disk, table by table, written hour by hour as sweeps do.

Each hour every cluster gets a backup, marks the one of a fortnight ago missing and the one before that vanished, and
has its row in the ledger. A table is vacuumed when autovacuum would do it, at a fifth of dead rows.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import asyncpg

from collector.embedded import EmbeddedServer
from collector.store.migrations import migrate
from tests.large_history import KEPT_H
from tests.postgres import scratch_server

HOURS_A_YEAR = 8766

_CLUSTERS = """
INSERT INTO collector.cluster (cluster_id, service, source, managed, max_age, observation_max_age)
SELECT 'c' || lpad(n::text, 5, '0'), 'opensearch', 'config', true, '26 hours', '2 hours'
FROM generate_series(1, $1::int) AS n
"""
_HOUR = """
WITH listed AS (
    INSERT INTO collector.listing (
        listing_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes, listed,
        inserted, unchanged, missing, vanished, server_request_id
    )
    SELECT
        v.h::bigint * 100000 + n, 'c' || lpad(n::text, 5, '0'), 'complete', v.at,
        1, 1, 0, 0, 0, 400000, 336, 1, 335, 1, 1, gen_random_uuid()::text
    FROM generate_series(1, $1::int) AS n
    CROSS JOIN (VALUES ($2::int, timestamptz '2026-01-01' + make_interval(hours => $2::int))) AS v (h, at)
)
INSERT INTO collector.backup (
    cluster_id, backup_id, created_at, created_at_ns, started_at, started_at_ns, first_seen_at, index_set_id, folder_id,
    source_cluster_id, opensearch_version, size_bytes, indices_total, incremental_size_bytes, total_size_bytes,
    free_space_required_bytes, fingerprint
)
SELECT
    'c' || lpad(n::text, 5, '0'), 'c' || lpad(n::text, 5, '0') || ':b' || lpad(v.h::text, 8, '0'),
    v.at, 123, v.at, 456, v.at, md5(n || '/' || v.h / 24)::uuid, 'b1gfolder0000000000',
    'c' || lpad(n::text, 5, '0'), '2.12', 1000000 + v.h, 30, 1000 + v.h, 1000000 + v.h,
    2000000 + v.h, decode(md5(n || '/' || v.h), 'hex')
FROM generate_series(1, $1::int) AS n
CROSS JOIN (VALUES ($2::int, timestamptz '2026-01-01' + make_interval(hours => $2::int))) AS v (h, at)
"""
_MISSING = """
WITH gone AS (
    UPDATE collector.backup AS b
    SET
        missing_since = v.at,
        missing_listing_id = v.listing_id,
        last_seen_at = v.at - INTERVAL '1 hour'
    FROM (
        SELECT
            'c' || lpad(n::text, 5, '0') AS cluster_id,
            'c' || lpad(n::text, 5, '0') || ':b' || lpad(($2::int - $3::int)::text, 8, '0') AS backup_id,
            timestamptz '2026-01-01' + make_interval(hours => $2::int) AS at,
            $2::bigint * 100000 + n AS listing_id
        FROM generate_series(1, $1::int) AS n
    ) AS v
    WHERE b.cluster_id = v.cluster_id AND b.backup_id = v.backup_id
    RETURNING b.cluster_id, b.backup_id, v.listing_id, v.at
)
INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind)
SELECT cluster_id, backup_id, listing_id, at, 'missing' FROM gone
"""
_VANISHED = """
WITH gone AS (
    UPDATE collector.backup AS b
    SET
        vanished_at = v.at,
        vanished_listing_id = v.listing_id,
        vanish_reason = 'expired'
    FROM (
        SELECT
            'c' || lpad(n::text, 5, '0') AS cluster_id,
            'c' || lpad(n::text, 5, '0') || ':b' || lpad(($2::int - $3::int)::text, 8, '0') AS backup_id,
            timestamptz '2026-01-01' + make_interval(hours => $2::int) AS at,
            $2::bigint * 100000 + n AS listing_id
        FROM generate_series(1, $1::int) AS n
    ) AS v
    WHERE b.cluster_id = v.cluster_id AND b.backup_id = v.backup_id
    RETURNING b.cluster_id, b.backup_id, v.listing_id, v.at
)
INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind)
SELECT cluster_id, backup_id, listing_id, at, 'vanished' FROM gone
"""
_SIZES = """
SELECT c.relname::text, pg_table_size(c.oid), pg_indexes_size(c.oid)
FROM pg_class AS c
WHERE c.relnamespace = 'collector'::regnamespace AND c.relname IN ('backup', 'backup_change', 'listing')
ORDER BY 1
"""
_INDEXES = """
SELECT c.relname::text, pg_relation_size(c.oid)
FROM pg_class AS c
WHERE c.relnamespace = 'collector'::regnamespace AND c.relkind = 'i' AND c.relname ~ '^(backup|listing)'
ORDER BY 2 DESC
"""


async def grow(server: EmbeddedServer, *, clusters: int, days: int, settings: str, vacuum_share: float) -> None:
    """Write the hours and say what they take."""
    url = server.create_database("growth")
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        if settings:
            await connection.execute(f"ALTER TABLE collector.backup SET ({settings})")
        await connection.execute(_CLUSTERS, clusters)
        await write(connection, clusters=clusters, days=days, vacuum_share=vacuum_share)
        years = clusters * days * 24 / HOURS_A_YEAR
        for name, table, indexes in await connection.fetch(_SIZES):
            say(f"{name:14} {table / years / 1e6:6.2f} MB {indexes / years / 1e6:6.2f} MB of indexes a cluster-year")
        for name, size in await connection.fetch(_INDEXES):
            say(f"    {name:34} {size / years / 1e6:6.2f} MB")
        stats = await connection.fetchrow(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'backup'"
        )
        say(f"updates of backup: {stats}")
    finally:
        await connection.close()


async def write(
    connection: asyncpg.Connection[asyncpg.Record], *, clusters: int, days: int, vacuum_share: float
) -> None:
    """Write hour after hour."""
    dead = rows = 0
    for hour in range(days * 24):
        await connection.execute(_HOUR, clusters, hour)
        rows += clusters
        for statement, age in ((_MISSING, KEPT_H), (_VANISHED, KEPT_H + 1)):
            if hour >= age:
                await connection.execute(statement, clusters, hour, age)
                dead += clusters
        if dead > 50 + vacuum_share * rows:
            await connection.execute("VACUUM (ANALYZE) collector.backup")
            dead = 0


def main() -> int:
    """Read the size and go."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--clusters", type=int, default=50, help="how many clusters (default 50)")
    parser.add_argument("--days", type=int, default=180, help="days (default 180)")
    parser.add_argument("--settings", default="", help="storage parameters of the table of backups")
    parser.add_argument(
        "--vacuum-share", type=float, default=0.2, help="dead rows at which it is vacuumed (default 0.2)"
    )
    arguments = parser.parse_args()
    with scratch_server() as server:
        asyncio.run(
            grow(
                server,
                clusters=arguments.clusters,
                days=arguments.days,
                settings=arguments.settings,
                vacuum_share=arguments.vacuum_share,
            )
        )
    return 0


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
