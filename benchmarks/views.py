"""
`python -m benchmarks.views`: how long the views take on years of history. Prints question → rows → milliseconds.

The full size is a thousand clusters with two years of hourly backups: 17.5 million rows and as many
listings. `--clusters` and `--days` make it smaller.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

import asyncpg

from collector.embedded import EmbeddedServer
from collector.store.migrations import migrate
from tests.large_history import fill
from tests.postgres import scratch_server

ONE = "cluster_id = 'c00001'"
QUESTIONS = (
    f"inventory.backups_at(now() - INTERVAL '100 days') WHERE {ONE}",
    f"inventory.changes WHERE {ONE}",
    f"inventory.attainment WHERE {ONE}",
    f"inventory.collection_holes WHERE {ONE}",
    f"inventory.dropped_indices WHERE {ONE}",
    f"inventory.gaps WHERE {ONE}",
    f"inventory.index_backups WHERE {ONE}",
    f"inventory.restorability WHERE {ONE}",
    f"inventory.storage_daily WHERE {ONE}",
    "inventory.changes WHERE changed_at > now() - INTERVAL '1 day'",
    "inventory.index_backups WHERE index_name = 'logs-735'",
    "inventory.attainment",
    "inventory.dropped_indices",
    "inventory.gaps",
    "inventory.index_backups",
    "inventory.restorability",
    "inventory.storage_daily",
)


def main() -> int:
    """Make the history and time every question, the second time it is asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.views", description=__doc__)
    parser.add_argument("--clusters", type=int, default=1000, help="how many clusters (default 1000)")
    parser.add_argument("--days", type=int, default=730, help="days of hourly history (default 730)")
    arguments = parser.parse_args()
    with scratch_server() as server:
        asyncio.run(measure(server, clusters=arguments.clusters, days=arguments.days))
    return 0


async def measure(server: EmbeddedServer, *, clusters: int, days: int) -> None:
    """Fill a database and ask it everything."""
    url = server.create_database("views")
    await migrate(url)
    connection = await asyncpg.connect(url)
    try:
        await fill(connection, clusters=clusters, days=days)
        backups = await connection.fetchval("SELECT count(*) FROM collector.backup")
        say(f"{clusters} clusters, {days} days: {backups} backups")
        for question in QUESTIONS:
            # Every column is made, as a reader's query would; only the count travels.
            query = f"SELECT count(t::text) FROM (SELECT * FROM {question}) AS t"  # noqa: S608 - the questions above
            await connection.fetchval(query)
            started_at = time.perf_counter()
            rows = await connection.fetchval(query)
            say(f"{(time.perf_counter() - started_at) * 1000:12,.1f} ms  {rows:10,} rows  {question}")
    finally:
        await connection.close()


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
