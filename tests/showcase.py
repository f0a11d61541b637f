"""
A fleet worth looking at: the demo's, swept by the program, with a past of thirty days that it did not live through.

And another whose every text is an attack on whoever shows it: names, labels, ids, indices, versions and messages come
through the API, as they would from somebody who may name an index.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import EmulatedBackup, EmulatedCluster, Emulator, Fleet, demo_fleet
from tests.sweeping import TOKEN, World

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

HOUR_NS: Final = 3_600_000_000_000
SWEEPS: Final = 3
FOLDER: Final = "b1gattack"

ATTACKS: Final = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)' x='",
    "javascript:alert(1)//",
    "</title></style></textarea><script>alert(1)</script>",
    "{{7*7}}{% raw %}${7*7}<%= 7*7 %>",
    "<style>*{display:none}</style>",
    "<a href=javascript:alert(1)>x</a>",
    "<meta http-equiv=refresh content=0;url=//evil.test>",
    "<base href=//evil.test><form action=//evil.test>",
    "\u202egnp.exe\u2066\u0007\u001b[31m",
    "&lt;script&gt;&#60;b&#62;",
    "../../../../etc/passwd?x=1#y%2e%2e%00",
    "<iframe srcdoc='<script>parent.alert(1)</script>'>",
)

# What a ledger of half-hourly sweeps would hold. One cluster was not looked at for a day and a half, another for two
# days; ids below zero are older than all drawn ones.
_LISTINGS: Final = """
INSERT INTO collector.listing (
    listing_id, cluster_id, outcome, error, message, started_at, finished_at, pages, requests, retries, throttles,
    restarts, bytes, listed, unchanged
)
SELECT
    -(step * 1000 + c.number), c.cluster_id, CASE WHEN failed.yes THEN 'failed' ELSE 'complete' END,
    CASE WHEN failed.yes THEN 'timeout' END,
    CASE WHEN failed.yes THEN 'no answer within 30 s' END,
    at.began, at.began + INTERVAL '0.24 s', 1, 1, 0, 0, 0, 412345, 336, CASE WHEN failed.yes THEN 0 ELSE 336 END
FROM (
    SELECT cluster_id, name, row_number() OVER (ORDER BY cluster_id) AS number
    FROM collector.cluster
    WHERE observed_at IS NOT NULL
) AS c
CROSS JOIN generate_series(1, 1440) AS step
CROSS JOIN LATERAL (SELECT now() - step * INTERVAL '30 minutes' AS began) AS at
CROSS JOIN LATERAL (SELECT c.name = 'traces-prod' AND step BETWEEN 30 AND 33 AS yes) AS failed
WHERE
    NOT (c.name = 'orders-audit-stage' AND step BETWEEN 210 AND 284)
    AND NOT (c.name = 'honeypot-dev' AND step BETWEEN 90 AND 190)
"""
# Backups of the weeks before, each expired since, proven by the two listings that would have lacked it.
_EXPIRED: Final = """
INSERT INTO collector.backup (
    cluster_id, backup_id, folder_id, source_cluster_id, created_at, created_at_ns, started_at, started_at_ns,
    size_bytes, incremental_size_bytes, total_size_bytes, indices_total, index_set_id, opensearch_version,
    first_seen_at, last_seen_at, missing_since, missing_listing_id, vanished_at, vanished_listing_id, vanish_reason,
    fingerprint
)
SELECT
    b.cluster_id, b.backup_id || '0', b.folder_id, b.source_cluster_id, b.created_at - c.retention, b.created_at_ns,
    b.started_at - c.retention, b.started_at_ns, b.size_bytes - b.size_bytes / 12, b.incremental_size_bytes,
    b.total_size_bytes, b.indices_total, b.index_set_id, b.opensearch_version,
    b.created_at - c.retention, b.created_at - INTERVAL '30 minutes', b.created_at, old.newest - 1000,
    b.created_at + INTERVAL '30 minutes', old.newest, 'expired', sha256(b.fingerprint)
FROM collector.backup AS b
INNER JOIN collector.cluster AS c ON c.cluster_id = b.cluster_id
INNER JOIN LATERAL (
    SELECT max(l.listing_id) AS newest
    FROM collector.listing AS l
    WHERE l.cluster_id = c.cluster_id AND l.listing_id < 0
) AS old ON old.newest IS NOT NULL
WHERE c.retention = INTERVAL '336 hours' AND b.vanished_listing_id IS NULL
"""
_KNOWN_LONGER: Final = """
UPDATE collector.backup SET first_seen_at = least(first_seen_at, created_at + INTERVAL '20 minutes')
"""
_REGISTERED: Final = (
    "UPDATE collector.cluster SET registered_at = now() - INTERVAL '31 days' WHERE observed_at IS NOT NULL"
)


async def sweep_showcase(url: str) -> None:
    """Collect the demo's fleet into a migrated database, and give it a past."""
    fleet = demo_fleet(time.time_ns() - (SWEEPS - 1) * HOUR_NS)
    async with Emulator(fleet, token=TOKEN, record=False) as emulator:
        api = {"page_size": 1000, "attempts": 1}
        world = World(emulator=emulator, url=url, clusters=tuple(fleet.clusters), api=api)
        world.entries = {each.id: _entry(each) for each in fleet.clusters.values()}
        for hour in range(SWEEPS):
            if hour:
                fleet.advance(hours=1)
            await world.sweep()
    connection = await asyncpg.connect(url)
    for statement in (_LISTINGS, _EXPIRED, _KNOWN_LONGER, _REGISTERED):
        await connection.execute(statement)
    await connection.execute("ANALYZE")
    await connection.close()


def _entry(cluster: EmulatedCluster) -> dict[str, object]:
    assert cluster.schedule is not None
    known: dict[str, object] = {"name": cluster.name, "service": cluster.service, "labels": dict(cluster.labels)}
    is_told = cluster.schedule.kept and cluster.name != "honeypot-dev"
    return {**known, "retention_s": cluster.schedule.kept * 3600.0} if is_told else known


async def sweep_attacks(url: str) -> None:
    """Collect into a migrated database a fleet whose every text is an attack."""
    fleet = Fleet()
    for number, attack in enumerate(ATTACKS):
        labels = {attack: attack, "team": attack}
        cluster = EmulatedCluster(id=f"c9qattack{number:02}", folder_id=FOLDER, name=attack, labels=labels)
        fleet.add_cluster(cluster, backups=_attacking(cluster.id, attack))
    async with Emulator(fleet, token=TOKEN, record=False) as emulator:
        world = World(emulator=emulator, url=url, clusters=(), api={"page_size": 1000, "attempts": 1})
        world.discovery = ({"folder": FOLDER},)
        await world.sweep()
        for number, attack in enumerate(ATTACKS):
            cluster_id = f"c9qattack{number:02}"
            fleet.remove_backup(cluster_id, fleet.clusters[cluster_id].backups[-1].id)
            odd = {
                "id": attack,
                "sourceClusterId": cluster_id,
                attack: attack,
                "createdAt": "2026-11-01T00:00:00Z",
                "indices": [attack],
            }
            emulator.faults.raw_record(cluster_id, 0, json.dumps(odd))
        await world.sweep(allow=fleet.clusters)
        emulator.faults.clear()
        for number, attack in enumerate(ATTACKS):
            emulator.faults.raw_record(f"c9qattack{number:02}", 0, json.dumps({"id": attack, "sizeBytes": attack}))
        await world.sweep(allow=fleet.clusters)
        emulator.faults.clear()
        for number, attack in enumerate(ATTACKS):
            emulator.faults.fail(f"c9qattack{number:02}", message=attack, status=403, code=7)
        await world.sweep()


def _attacking(cluster_id: str, attack: str) -> list[EmulatedBackup]:
    now_ns = time.time_ns()
    return [
        EmulatedBackup(
            id=f"{attack}{number or ''}",
            folder_id=attack,
            source_cluster_id=cluster_id,
            created_at_ns=now_ns - (2 + number) * HOUR_NS,
            started_at_ns=now_ns - (3 + number) * HOUR_NS,
            indices=(attack, f"{attack}-{number}"),
            opensearch_version=attack,
            size_bytes=number + 1,
        )
        for number in range(2)
    ]
