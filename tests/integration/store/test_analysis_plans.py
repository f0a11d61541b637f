"""The views ask of a large history only what the question is about."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from tests.large_history import fill
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CLUSTERS: Final = 1000
DAYS: Final = 730

QUESTIONS: Final = [
    f"SELECT * FROM inventory.{view} WHERE cluster_id = 'c00007'"  # noqa: S608 - the names below
    for view in (
        "backups",
        "backup_times",
        "backups_at(now() - INTERVAL '100 days')",
        "changes",
        "attainment",
        "clusters",
        "collection_holes",
        "coverage",
        "dropped_indices",
        "freshness",
        "gaps",
        "index_backups",
        "listings",
        "quarantine",
        "restorability",
        "storage_daily",
        "vitals",
    )
] + [
    "SELECT * FROM inventory.backups WHERE cluster_id = 'c00007' AND state = 'live'",
    "SELECT * FROM inventory.backups WHERE state = 'live'",
    "SELECT * FROM inventory.backups WHERE state = 'missing'",
    "SELECT * FROM inventory.backups WHERE state = 'live' AND indices @> ARRAY['logs-735']",
    "SELECT * FROM inventory.changes WHERE cluster_id = 'c00007' AND changed_at > now() - INTERVAL '1 day'",
    "SELECT * FROM inventory.index_backups WHERE index_name = 'logs-735'",
    "SELECT * FROM inventory.changes WHERE changed_at > now() - INTERVAL '1 day'",
    "SELECT * FROM inventory.clusters",
    "SELECT * FROM inventory.coverage",
    "SELECT * FROM inventory.freshness",
]


@pytest.fixture(scope="module")
async def history(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[Connection]:
    """Yield a thousand clusters with two years of daily backups that are kept for fourteen days, with statistics."""
    async with scratch_database(postgres, template=migrated_template) as url:
        connection = await asyncpg.connect(url)
        try:
            await fill(connection, clusters=CLUSTERS, days=DAYS, step_h=24, families=20)
            yield connection
        finally:
            await connection.close()


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_question_about_a_part_reads_no_whole_table(history: Connection, question: str) -> None:
    """No sequential scan of the backups, nor of their history, the ledger or the lists of names."""
    (plan,) = json.loads(await history.fetchval(f"EXPLAIN (FORMAT json) {question}"))

    scanned = {node.get("Relation Name") for node in nodes(plan["Plan"]) if node["Node Type"] == "Seq Scan"}

    assert scanned & {"backup", "backup_change", "listing", "index_set"} == set()


@pytest.mark.parametrize("question", [each for each in QUESTIONS if "state =" in each])
async def test_who_asks_for_a_state_reads_no_vanished_backup(history: Connection, question: str) -> None:
    """Nor does the planner expect to: else it would not look the names up one by one."""
    (plan,) = json.loads(await history.fetchval(f"EXPLAIN (ANALYZE, FORMAT json) {question}"))

    scans = [node for node in nodes(plan["Plan"]) if node.get("Relation Name") == "backup"]

    assert scans
    for scan in scans:
        assert scan.get("Rows Removed by Filter", 0) <= CLUSTERS * 14
        assert scan["Plan Rows"] <= 3 * CLUSTERS * 14


@pytest.mark.parametrize("at", ["1 day", "100 days", "700 days"])
async def test_the_past_of_a_cluster_is_no_question_to_whole_pages(history: Connection, at: str) -> None:
    """A BRIN would bring in the rows of all clusters that share a page with one that counts."""
    question = f"SELECT * FROM inventory.backups_at(now() - INTERVAL '{at}') WHERE cluster_id = 'c00007'"  # noqa: S608 - above
    (plan,) = json.loads(await history.fetchval(f"EXPLAIN (FORMAT json) {question}"))

    used = {node.get("Index Name") for node in nodes(plan["Plan"])}

    assert used & {"backup_first_seen_idx", "backup_change_in_time_idx"} == set()


async def test_the_history_is_what_the_program_would_have_left(history: Connection) -> None:
    """Every cluster has its 14 live backups, no gap, and nothing missed."""
    live = await history.fetch("SELECT live_backups, verdict FROM inventory.freshness")
    shares = await history.fetchrow(
        "SELECT attained_of_known, unknown < 0.001 FROM inventory.attainment "
        "WHERE cluster_id = 'c00007' AND window_days = 365"
    )

    assert {tuple(row) for row in live} == {(14, "fresh")}
    assert await history.fetchval("SELECT count(*) FROM inventory.gaps WHERE cluster_id = 'c00007'") == 0
    assert shares is not None
    assert tuple(shares) == (1, True)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Walk a plan."""
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)
