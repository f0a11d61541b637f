"""The demo's fleet: every state that an inventory tells apart, relative to now."""

from __future__ import annotations

from itertools import pairwise

import pytest

from collector.emulator import EmulatedCluster, demo_fleet
from collector.emulator.answers import Code
from collector.emulator.schedules import HOUR_NS

NOW_NS = 1_795_500_000 * 10**9


def age_h(cluster: EmulatedCluster, now_ns: int) -> float:
    """Tell how old the newest backup is, in hours."""
    return (now_ns - (cluster.backups[0].created_at_ns or 0)) / HOUR_NS


@pytest.mark.parametrize("now_ns", [NOW_NS, NOW_NS + 12_345 * HOUR_NS], ids=["now", "later"])
def test_the_demo_shows_every_state_at_any_time(now_ns: int) -> None:
    """Fresh, stale, empty, forbidden, unavailable, and more than one page: all are there whenever the demo runs."""
    clusters = {cluster.name: cluster for cluster in demo_fleet(now_ns).clusters.values()}
    served = {name: cluster for name, cluster in clusters.items() if cluster.refusal is None}

    stale = {name for name, cluster in served.items() if cluster.backups and age_h(cluster, now_ns) > 26}
    empty = {name for name, cluster in served.items() if not cluster.backups}

    assert len(clusters) == 24
    assert stale == {"suggest-dev", "metrics-archive-prod", "fraud-features-prod", "experiments-dev"}
    assert empty == {"traces-dev"}
    assert clusters["siem-archive-prod"].refusal == Code.PERMISSION_DENIED
    assert clusters["events-stage"].refusal == Code.UNAVAILABLE
    assert {name for name, cluster in served.items() if cluster.count() > 1000} == {"suggest-prod", "orders-audit-prod"}


def test_the_demo_has_the_same_clusters_every_time() -> None:
    """Ids and labels do not depend on the instant, so a kept database stays of use."""
    first, second = demo_fleet(NOW_NS), demo_fleet(NOW_NS + HOUR_NS)

    assert first.clusters.keys() == second.clusters.keys()
    assert all(set(cluster.labels) == {"env", "team"} for cluster in first.clusters.values())


def test_a_stale_cluster_stays_stale() -> None:
    """Time brings a halted cluster no backup."""
    fleet = demo_fleet(NOW_NS)
    stale = next(cluster for cluster in fleet.clusters.values() if cluster.name == "suggest-dev")
    newest = stale.backups[0]

    fleet.advance(hours=5)

    assert stale.backups[0] == newest


def test_some_clusters_of_the_demo_had_no_backup_for_days() -> None:
    """In the midst of their past, and they are fresh today."""
    clusters = {cluster.name: cluster for cluster in demo_fleet(NOW_NS).clusters.values()}

    for name in ("ingress-logs-prod", "orders-audit-stage", "siem-prod"):
        times = [backup.created_at_ns or 0 for backup in clusters[name].backups]
        assert max(newer - older for newer, older in pairwise(times)) > 26 * HOUR_NS
        assert age_h(clusters[name], NOW_NS) < 2
