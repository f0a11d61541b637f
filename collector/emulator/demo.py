"""
The fleet of the demo: 24 clusters of a made-up company, in every state that an inventory has to tell apart.

It is the same every time, but for the instant that it is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from collector.emulator.answers import Code
from collector.emulator.chance import draw_id
from collector.emulator.clusters import EmulatedCluster
from collector.emulator.fleet import Fleet
from collector.emulator.schedules import HOUR_NS, draw_schedule

_SEED: Final = 24
_KEPT: Final = 336


class _Story(NamedTuple):
    """One cluster of the demo in a line."""

    name: str
    team: str
    env: str
    kept: int = _KEPT
    halted_h: int = 0
    """How many hours ago the last backup was made; 0: they still are."""
    refusal: Code | None = None
    service: str = "opensearch"
    missed: Sequence[range] = ()
    """How many hours ago no backup was made."""


_NIGHTLY: Final = [range(hours + 1, hours + 24) for hours in range(6, 300, 24)]

_STORIES: Final = (
    _Story("catalog-search", "search", "prod"),
    _Story("catalog-search-canary", "search", "prod"),
    _Story("catalog-search", "search", "stage"),
    _Story("suggest", "search", "prod", kept=1_440),
    _Story("suggest", "search", "dev", halted_h=72),
    _Story("app-logs", "platform", "prod"),
    _Story("app-logs", "platform", "stage"),
    _Story("ingress-logs", "platform", "prod", missed=[range(52, 96)]),
    _Story("metrics-archive", "platform", "prod", halted_h=30),
    _Story("traces", "platform", "prod", service="clickhouse"),
    _Story("traces", "platform", "dev", kept=0),
    _Story("orders-audit", "payments", "prod", kept=2_160),
    _Story("orders-audit", "payments", "stage", missed=[range(30, 68), range(150, 196)]),
    _Story("fraud-features", "payments", "prod", halted_h=74),
    _Story("ledger-search", "payments", "prod"),
    _Story("ledger-search", "payments", "stage"),
    _Story("siem", "security", "prod", missed=[range(200, 235)]),
    _Story("siem-archive", "security", "prod", refusal=Code.PERMISSION_DENIED),
    _Story("vault-audit", "security", "prod"),
    _Story("honeypot", "security", "dev", service="postgresql", missed=_NIGHTLY),
    _Story("events", "growth", "prod"),
    _Story("events", "growth", "stage", refusal=Code.UNAVAILABLE),
    _Story("recommendations", "growth", "prod"),
    _Story("experiments", "growth", "dev", halted_h=80),
)


def demo_fleet(now_ns: int) -> Fleet:
    """
    Make the demo's fleet.

    Of its 24 clusters, `metrics-archive-prod`, `suggest-dev`, `fraud-features-prod` and
    `experiments-dev` had their last backup 30 to 80 hours ago, `traces-dev` has none,
    `siem-archive-prod` answers 403 and `events-stage` 503; two need more than one page. `ingress-logs-prod`,
    `orders-audit-stage` and `siem-prod` had days without a backup, `honeypot-dev` had one a night. One is ClickHouse,
    one PostgreSQL, the others OpenSearch.
    """
    fleet = Fleet((_tell(story, now_ns) for story in _STORIES), now_ns=now_ns)
    for story, cluster in zip(_STORIES, list(fleet.clusters.values()), strict=True):
        _miss(story, cluster)
    return fleet


def _miss(story: _Story, cluster: EmulatedCluster) -> None:
    """Take out the backups that were never made."""
    for backup in cluster.backups if story.missed else ():
        hours_ago = (cluster.now_ns - (backup.created_at_ns or 0)) // HOUR_NS
        if any(hours_ago in hours for hours in story.missed):
            cluster.remove_backup(backup.id)


def _tell(story: _Story, now_ns: int) -> EmulatedCluster:
    name = f"{story.name}-{story.env}"
    cluster_id = draw_id("c9q", f"{_SEED}/{name}")
    folder_id = draw_id("b1g", f"{_SEED}/{story.team}")
    halted_at_ns = now_ns - story.halted_h * HOUR_NS if story.halted_h else None
    return EmulatedCluster(
        id=cluster_id,
        folder_id=folder_id,
        service=story.service,
        name=name,
        labels={"env": story.env, "team": story.team},
        created_at_ns=now_ns - (max(story.kept, _KEPT) + 1_000) * HOUR_NS,
        refusal=story.refusal,
        schedule=draw_schedule(_SEED, cluster_id, folder_id=folder_id, kept=story.kept, halted_at_ns=halted_at_ns),
    )
