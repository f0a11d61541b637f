"""
`python -m benchmarks.views`: how long the views take on years of history. Prints question → rows → milliseconds.

A hundred clusters with two years of hourly backups are 1.75 million rows, as many listings and twice as many changes:
1.8 GB. `--clusters`, `--days` and `--step` change the size.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from typing import Literal

import asyncpg

from collector.embedded import EmbeddedServer
from collector.store.migrations import migrate
from tests.large_history import fill
from tests.postgres import scratch_server

ONE = "cluster_id = 'c00001'"
RECENT = "> now() - INTERVAL '1 day'"
QUESTIONS = (
    f"inventory.backups WHERE {ONE} AND state = 'live'",
    f"inventory.backups WHERE {ONE}",
    f"inventory.backups_at(now() - INTERVAL '100 days') WHERE {ONE}",
    f"inventory.changes WHERE {ONE} AND changed_at {RECENT}",
    f"inventory.changes WHERE {ONE}",
    f"inventory.listings WHERE {ONE} AND started_at {RECENT}",
    f"inventory.attainment WHERE {ONE}",
    f"inventory.collection_holes WHERE {ONE}",
    f"inventory.dropped_indices WHERE {ONE}",
    f"inventory.freshness WHERE {ONE}",
    f"inventory.gaps WHERE {ONE}",
    f"inventory.index_backups WHERE {ONE}",
    f"inventory.restorability WHERE {ONE}",
    f"inventory.storage_daily WHERE {ONE}",
    "inventory.clusters",
    "inventory.coverage",
    "inventory.freshness",
    "inventory.restorability",
    "inventory.vitals",
    "inventory.dropped_indices",
    "inventory.backups WHERE state = 'missing'",
    "inventory.backups WHERE state = 'live'",
    f"inventory.changes WHERE changed_at {RECENT}",
    "inventory.index_backups WHERE index_name = 'logs-735'",
    "inventory.index_backups",
    "inventory.collection_holes",
    "inventory.attainment",
    "inventory.gaps",
    "inventory.storage_daily",
)
PATIENCE_S = 60
"""A question that takes longer is not asked again."""

LIMIT_S = 900
"""And one that takes so long is given up."""


def main() -> int:
    """Make the history and time every question, the second time it is asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("--clusters", type=int, default=100, help="how many clusters (default 100)")
    parser.add_argument("--days", type=int, default=730, help="days of history (default 730)")
    parser.add_argument("--step", type=int, choices=(1, 24), default=1, help="hours between backups (default 1)")
    arguments = parser.parse_args()
    with scratch_server() as server:
        asyncio.run(measure(server, clusters=arguments.clusters, days=arguments.days, step_h=arguments.step))
    return 0


async def measure(server: EmbeddedServer, *, clusters: int, days: int, step_h: Literal[1, 24]) -> None:
    """Fill a database and ask it everything."""
    url = server.create_database("views")
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await fill(connection, clusters=clusters, days=days, step_h=step_h)
        await ask(connection)
    finally:
        await connection.close()


async def ask(connection: asyncpg.Connection[asyncpg.Record]) -> None:
    """Ask every question, and say how long it took the second time."""
    await connection.execute(f"SET statement_timeout TO '{LIMIT_S}s'")
    backups = await connection.fetchval("SELECT count(*) FROM collector.backup")
    say(f"{backups:,} backups")
    for question in QUESTIONS:
        # Every column is made, as a reader's query would; only the count travels.
        query = f"SELECT count(t::text) FROM (SELECT * FROM {question}) AS t"  # noqa: S608 - the questions above
        try:
            rows, took_s = await timed(connection, query)
            if took_s < PATIENCE_S:
                rows, took_s = await timed(connection, query)
        except asyncpg.QueryCanceledError:
            say(f"more than {LIMIT_S} s  {question}")
            continue
        say(f"{took_s * 1000:12,.1f} ms  {rows:10,} rows  {question}")


async def timed(connection: asyncpg.Connection[asyncpg.Record], query: str) -> tuple[int, float]:
    """Ask once; returns the answer and the seconds it took."""
    started_at = time.perf_counter()
    rows = await connection.fetchval(query)
    return rows, time.perf_counter() - started_at


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
