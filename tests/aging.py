"""A stored history with old ends, and what removes them: what the tests of pruning have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from collector.config import RetentionSettings
from collector.store.pruning import Pruned, Pruning
from tests.builders import patient_settings
from tests.histories import looked

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

DAY_S: Final = 86_400.0

STORY: Final = f"""
cluster c1 max_age=26h observation_max_age=25h retention=2d
backup a -62d
backup b -41d
backup c -39d
backup d -708h
backup e -29d
backup f -553h
backup g -2d
listing -62d failed
{looked(61 * 24, 40 * 24, "a", "b", step_h=24)}
{looked(39 * 24, 34 * 24, "b", "c", step_h=24)}
{looked(33 * 24, 30 * 24, "b", step_h=24)}
listing -29d complete b d
{looked(28 * 24, 24 * 24, "b", "e", step_h=24)}
{looked(23 * 24, 3 * 24, "b", "f", step_h=24)}
listing -50h failed
listing -49h complete b f
listing -48h complete b g
listing -24h complete b g
cluster quiet
backup q -90d
listing -90d complete q
listing -80d complete q
listing -70d failed
listing -60d failed
cluster unseen
listing -90d failed
listing -80d failed
"""
"""a and c vanish before the 30th day, d, e and f after it; b stays. c is the newest made before that day."""

MONTH: Final = RetentionSettings(ledger_s=30.5 * DAY_S, vanished_s=30.5 * DAY_S)


def remembered(**ages_s: float | None) -> RetentionSettings:
    """Let these be the ages."""
    return RetentionSettings(**{"ledger_s": None, "vanished_s": None, **ages_s})


async def prune(url: str, retention: RetentionSettings = MONTH, *, batch: int = 3) -> Pruned:
    """Remove what is past these ages, in small batches."""
    total = Pruned()

    def add(more: Pruned) -> None:
        nonlocal total
        total += more

    async with Pruning(url, patient_settings(), retention, batch=batch) as pruning:
        assert await pruning.prune(is_stopping=lambda: False, on_batch=add) == "done"
    return total


async def forecast(url: str, retention: RetentionSettings = MONTH) -> Pruned:
    """Count what is past these ages."""
    async with Pruning(url, patient_settings(), retention) as pruning:
        return await pruning.forecast()


async def ids(db: Connection, query: str) -> set[str]:
    """Read a column of names."""
    return {str(row[0]) for row in await db.fetch(query)}


async def add_runs(db: Connection) -> None:
    """Let there be old sweeps, discoveries and unreadable records; the first sweep has a listing that proves."""
    await db.execute("""
        INSERT INTO collector.sweep (
            started_at, deadline_at, finished_at, outcome, trace_id, program_version, clusters_selected)
        SELECT now() - n * INTERVAL '1 day', now(), CASE WHEN n <> 70 THEN now() END,
            CASE n WHEN 70 THEN 'running' WHEN 69 THEN 'failed' ELSE 'complete' END, 't', '0', 1
        FROM generate_series(70, 1, -1) AS s (n);
        UPDATE collector.listing SET sweep_id = 3
        WHERE listing_id = (SELECT missing_listing_id FROM collector.backup WHERE backup_id = 'c');
        INSERT INTO collector.discovery_source (source, kind, folder_id, service, active)
        VALUES ('f/opensearch', 'folder', 'f', 'opensearch', true);
        INSERT INTO collector.discovery (discovery_id, source, trace_id, outcome, started_at, pages, requests, retries,
            throttles, bytes, listed, matched, skipped, gone)
        SELECT n, 'f/opensearch', 't', CASE n WHEN 2 THEN 'partial' ELSE 'complete' END,
            now() - (71 - n) * INTERVAL '1 day', 1, 1, 0, 0, 0, 0, 0, 0, 0
        FROM generate_series(1, 20) AS s (n);
        INSERT INTO collector.quarantine (cluster_id, fingerprint, reason, raw, raw_size_bytes, first_listing_id,
            first_seen_at, last_listing_id, last_seen_at)
        SELECT c.cluster_id, uuid_send(gen_random_uuid()), 'odd', '', 0, 0, now() - INTERVAL '80 days',
            c.last_listing_id - n, now() - INTERVAL '70 days'
        FROM collector.cluster AS c CROSS JOIN generate_series(0, 1) AS s (n);
    """)


async def backdate(db: Connection) -> None:
    """Let all that happened have happened a hundred days ago, but the newest listing."""
    await db.execute("""
        UPDATE collector.backup SET first_seen_at = first_seen_at - INTERVAL '100 days',
            last_seen_at = last_seen_at - INTERVAL '100 days', missing_since = missing_since - INTERVAL '100 days',
            vanished_at = vanished_at - INTERVAL '100 days';
        UPDATE collector.listing AS l SET started_at = started_at - INTERVAL '100 days'
        WHERE NOT EXISTS (SELECT FROM collector.cluster AS c WHERE c.complete_listing_id = l.listing_id)
    """)
