"""Clusters drawn by chance: names, labels, folders and a schedule from a seed and a number. Pure."""

from __future__ import annotations

from typing import Final

from collector.emulator.chance import draw, draw_id
from collector.emulator.clusters import EmulatedCluster
from collector.emulator.schedules import HOUR_NS, draw_schedule

CLUSTERS_PER_FOLDER: Final = 16
"""The quota of the real cloud."""

_AGE_DAYS_MAX: Final = 1_000
_PURPOSES: Final = ("search", "logs", "audit", "catalog", "metrics", "orders", "traces", "sessions")
_ENVIRONMENTS: Final = ("prod", "prod", "stage", "dev")
_TEAMS: Final = ("search", "payments", "platform", "growth", "security")


def draw_cluster(number: int, *, kept: int, seed: int, service: str, now_ns: int) -> EmulatedCluster:
    """Draw the cluster of this number, with hourly backups of which the newest `kept` exist."""
    cluster_id = draw_id("c9q", f"{seed}/{number}")
    folder_id = draw_id("b1g", f"{seed}/{number // CLUSTERS_PER_FOLDER}")
    bits = draw(f"cluster/{seed}/{number}").bits
    environment = _ENVIRONMENTS[bits % len(_ENVIRONMENTS)]
    age_h = kept + (bits >> 32) % (24 * _AGE_DAYS_MAX)
    return EmulatedCluster(
        id=cluster_id,
        folder_id=folder_id,
        service=service,
        name=f"{_PURPOSES[(bits >> 8) % len(_PURPOSES)]}-{environment}-{number:04d}",
        labels={"env": environment, "team": _TEAMS[(bits >> 16) % len(_TEAMS)]},
        created_at_ns=now_ns - age_h * HOUR_NS,
        schedule=draw_schedule(seed, cluster_id, folder_id=folder_id, kept=kept),
    )
