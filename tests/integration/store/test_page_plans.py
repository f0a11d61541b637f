"""What the page asks of a large history reads only what it shows."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.store.pool import READING, Pool
from collector.store.showing import PARTS, STRIP, Wanted, read_backup, read_dossier, read_overview
from collector.store.statements import statement
from tests.builders import patient_settings
from tests.large_history import fill
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CLUSTERS: Final = 10
DAYS: Final = 120
ONE: Final = "c00007"
BLOCKS_MAX: Final = 145
"""Of the 800 of the backups and the 550 of the listings. Without its index each statement takes more."""

ROWS_OF_ONE: Final = DAYS * 24
READS_ALL_OF_ONE: Final = frozenset({"page_overview", "page_cluster", "page_backups", "page_sizes"})
"""These may read all rows of a cluster at a time, each from a page of its own, but not those of others for it."""

STATEMENTS: Final[dict[str, tuple[object, ...]]] = {
    "page_overview": ("{}", "", "", 0, -(2**63) + 1, "", 51),
    "page_strips": ([ONE], STRIP, 5000),
    "page_cluster": (ONE,),
    "page_backups": (ONE, 2**63 - 1, 0, "", 101),
    "page_sizes": (ONE, timedelta(days=90), 5000),
    "page_cluster_listings": (ONE,),
    "page_backup": (ONE, f"{ONE}:b00000100"),
    "page_history": (ONE, f"{ONE}:b00000100"),
    "page_sweeps": (2**63 - 1, 51),
    "page_sweep_listings": (1,),
}


@pytest.fixture(scope="module")
async def pool(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[Pool]:
    """Yield the page's pool on ten clusters with four months of hourly backups."""
    async with scratch_database(postgres, template=migrated_template) as url:
        connection = await asyncpg.connect(url)
        await fill(connection, clusters=CLUSTERS, days=DAYS)
        await connection.close()
        pool = Pool(url, patient_settings(), use=READING)
        await pool.open()
        yield pool
        await pool.close()


@pytest.mark.parametrize("name", STATEMENTS)
async def test_a_statement_of_the_page_reads_a_few_blocks(pool: Pool, name: str) -> None:
    """However long the history is, by the plan that the service gets."""
    async with pool.acquire() as connection:
        (row,) = await connection.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT json) {statement(name)}",  # a comment may follow EXPLAIN
            *STATEMENTS[name],
        )
    (plan,) = json.loads(row[0])

    scanned = {node.get("Relation Name") for node in _nodes(plan["Plan"]) if node["Node Type"] == "Seq Scan"}
    blocks = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
    assert scanned & {"backup", "backup_change", "listing"} == set()
    if name in READS_ALL_OF_ONE:
        read = [node for node in _nodes(plan["Plan"]) if node.get("Relation Name") == "backup"]
        assert sum(node["Actual Rows"] + node.get("Rows Removed by Filter", 0) for node in read) <= ROWS_OF_ONE
    else:
        assert blocks < BLOCKS_MAX


async def test_whole_pages_are_read_from_a_large_history(pool: Pool) -> None:
    """Every question of a cluster's page is answered, and of the fleet's."""
    overview = await read_overview(pool, Wanted())
    dossier = await read_dossier(pool, ONE)
    found = await read_backup(pool, ONE, f"{ONE}:b00000100")

    assert overview.totals["fresh"] == len(overview.rows) == CLUSTERS
    assert len(overview.pasts[ONE].times) + len(overview.pasts[ONE].gone_times) == STRIP.days * 24 + 26
    assert dossier is not None
    assert set(PARTS) < set(dossier.parts)
    assert found is not None
    assert [row["kind"] for row in found[1]] == ["appeared", "missing", "vanished"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from _nodes(child)
