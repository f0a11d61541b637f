"""
Years of history made in the database: hourly backups, kept for fourteen days, and a complete listing each hour.

With a step of 24 hours instead of 1, daily backups and a listing each day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

KEPT_H: Final = 336

_CLUSTERS: Final = """
INSERT INTO collector.cluster (
    cluster_id, service, name, labels, source, managed, max_age, observation_max_age,
    last_listing_id, complete_listing_id, observed_at
)
SELECT
    'c' || lpad(n::text, 5, '0'), 'opensearch', 'search-' || n, jsonb_build_object('team', 'team-' || n % 10), 'config',
    true, INTERVAL '26 hours', make_interval(hours => $3::int + 1), $2::bigint * 100000 + n,
    $2::bigint * 100000 + n, now() - INTERVAL '5 minutes'
FROM generate_series(1, $1::int) AS n
"""
# LATERAL: an hour is written for all clusters before the next one is. So one cluster's rows lie as far apart as they
# do where sweeps have written them, each on a page of its own.
_LISTINGS: Final = """
INSERT INTO collector.listing (
    listing_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes, listed, unchanged
)
SELECT
    h::bigint * 100000 + n, 'c' || lpad(n::text, 5, '0'), 'complete',
    now() - make_interval(hours => ($2 - h) * $5::int, mins => 5), 1, 1, 0, 0, 0, 400000, 336, 336
FROM generate_series($3::int, $4::int) AS h CROSS JOIN LATERAL generate_series(1, $1::int + 0 * h) AS n
"""
_NAMES: Final = """
INSERT INTO collector.index_set (index_set_id, names)
SELECT md5(n || '/' || d)::uuid, array_agg('logs-' || i ORDER BY i)
FROM generate_series(1, $1::int) AS n
CROSS JOIN generate_series(0, $2::int) AS d
CROSS JOIN generate_series(d, d + 29) AS i
GROUP BY n, d
"""
# A backup of hour h is missing in the listing 336 hours later, and vanished in the next.
_BACKUPS: Final = """
INSERT INTO collector.backup (
    cluster_id, backup_id, created_at, created_at_ns, started_at, started_at_ns, first_seen_at, last_seen_at,
    missing_since, missing_listing_id, vanished_at, vanished_listing_id, vanish_reason, index_set_id,
    opensearch_version, size_bytes, indices_total, incremental_size_bytes,
    total_size_bytes, free_space_required_bytes, folder_id, fingerprint
)
SELECT
    'c' || lpad(n::text, 5, '0'),
    'c' || lpad(n::text, 5, '0') || ':b' || lpad(h::text, 8, '0'),
    now() - make_interval(hours => ($2 - h) * $6::int, mins => 20), 0,
    now() - make_interval(hours => ($2 - h) * $6::int, mins => 25), 0,
    now() - make_interval(hours => ($2 - h) * $6::int, mins => 5),
    CASE WHEN h + $5 <= $2 THEN now() - make_interval(hours => ($2 - h - $5 + 1) * $6::int, mins => 5) END,
    CASE WHEN h + $5 <= $2 THEN now() - make_interval(hours => ($2 - h - $5) * $6::int, mins => 5) END,
    CASE WHEN h + $5 <= $2 THEN (h + $5)::bigint * 100000 + n END,
    CASE WHEN h + $5 < $2 THEN now() - make_interval(hours => ($2 - h - $5 - 1) * $6::int, mins => 5) END,
    CASE WHEN h + $5 < $2 THEN (h + $5 + 1)::bigint * 100000 + n END,
    CASE WHEN h + $5 < $2 THEN 'unknown' END,
    md5(1 + (n - 1) % $7::int || '/' || h * $6::int / 24)::uuid,
    '2.12', 1000000 + h, 30, 1000 + h, 1000000 + h, 2000000 + h, 'b1gfolder',
    decode(md5(n || '/' || h), 'hex')
FROM generate_series($3::int, $4::int) AS h CROSS JOIN LATERAL generate_series(1, $1::int + 0 * h) AS n
"""
_CHANGES: Final = """
INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind)
SELECT
    'c' || lpad(n::text, 5, '0'),
    'c' || lpad(n::text, 5, '0') || ':b' || lpad((h - $5 - late)::text, 8, '0'),
    h::bigint * 100000 + n,
    now() - make_interval(hours => ($2 - h) * $6::int, mins => 5),
    CASE late WHEN 0 THEN 'missing' ELSE 'vanished' END
FROM generate_series($3::int, $4::int) AS h
CROSS JOIN LATERAL generate_series(1, $1::int + 0 * h) AS n
CROSS JOIN generate_series(0, 1) AS late
WHERE h - $5 - late >= 0
"""


async def fill(
    connection: Connection,
    *,
    clusters: int,
    days: int,
    step_h: Literal[1, 24] = 1,
    families: int | None = None,
    rows_at_once: int = 1_000_000,
) -> None:
    """
    Write the history into an empty migrated database, in the order of time, and collect statistics.

    Args:
        connection: of one who may create.
        clusters: how many.
        days: how far back.
        step_h: hours from one backup to the next, and from one listing to the next.
        families: so many clusters differ in their names of indices; None: all.
        rows_at_once: written by one statement.
    """
    families = families or clusters
    newest = days * 24 // step_h - 1
    kept = KEPT_H // step_h
    # The proof of absence was checked by the program; here it would be checked for each of millions of rows again. And
    # nothing of this has to outlive a crash. A table goes before the one that it refers to.
    for table in ("backup", "listing", "backup_change"):
        await connection.execute(f"ALTER TABLE collector.{table} DISABLE TRIGGER ALL")
        await connection.execute(f"ALTER TABLE collector.{table} SET UNLOGGED")
    chunk = max(1, rows_at_once // clusters)
    async with connection.transaction():
        await connection.execute(_CLUSTERS, clusters, newest, step_h)
        await connection.execute(_NAMES, families, days)
        for first in range(0, newest + 1, chunk):
            steps = (first, min(first + chunk - 1, newest))
            await connection.execute(_LISTINGS, clusters, newest, *steps, step_h)
            await connection.execute(_BACKUPS, clusters, newest, *steps, kept, step_h, families)
            await connection.execute(_CHANGES, clusters, newest, *steps, kept, step_h)
    for table in ("cluster", "listing", "index_set", "backup", "backup_change"):
        await connection.execute(f"ALTER TABLE collector.{table} ENABLE TRIGGER ALL")
        await connection.execute(f"VACUUM (ANALYZE) collector.{table}")
