"""What the tests of deleted clusters share: three clusters of one folder, and looks into the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from collector.records import Counts, Summary

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FOLDER: Final = "b1gemulated000000000"
"""Where the emulator puts clusters unless told otherwise."""
CLUSTERS: Final = ("c9qa", "c9qb", "c9qc")
SINCE: Final = "SELECT not_found_since FROM inventory.clusters WHERE cluster_id = $1"

_NEWEST: Final = "SELECT * FROM inventory.listings WHERE cluster_id = $1 ORDER BY listing_id DESC LIMIT 1"


async def newest(db: Connection, cluster_id: str = "c9qa") -> asyncpg.Record:
    """Read the newest ledger row of a cluster."""
    row = await db.fetchrow(_NEWEST, cluster_id)
    assert row is not None
    return row


def counts_of(summary: Summary) -> dict[str, Counts]:
    """Tell what was done to the backups of each cluster."""
    return {result.cluster.id: result.counts for result in summary.results}
