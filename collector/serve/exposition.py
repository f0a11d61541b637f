"""
The text that Prometheus reads: what the database says about clusters now, and what this process has counted.

Numbers about clusters are read at each scrape, so that none is left standing when its cluster is gone or the database
is away: then they are absent and `backup_inventory_up` is 0. Their number is bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, get_args

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from collector.serve.tally import PREFIX
from collector.store.reading import Verdict

if TYPE_CHECKING:
    from collector.store.vitals import ClusterVitals, Vitals

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
CLUSTERS_MAX: Final = 1000
"""Clusters with series of their own; the others are added up as `other`."""
LABELS: Final = ("service", "cluster_id", "name")
OTHER: Final = ("other", "other", "other")


class Together(Protocol):
    """How the values of several clusters make one."""

    def __call__(self, values: Iterable[float], /) -> float:
        """Make one of at least one."""
        ...


class Number(NamedTuple):
    """A number about each cluster: how it is called and read, and how those of many make one."""

    name: str
    text: str
    read: Callable[[ClusterVitals], float | None]
    together: Together


NUMBERS: Final = (
    Number(
        "newest_backup_timestamp_seconds",
        "When the newest live backup was completed; of `other` the oldest of these. Absent: there is none.",
        lambda cluster: cluster.newest_backup_at,
        min,
    ),
    Number(
        "backup_age_seconds",
        "The age of the newest live backup; of `other` the greatest. Absent: there is none.",
        lambda cluster: cluster.backup_age_s,
        max,
    ),
    Number(
        "backup_age_limit_seconds",
        "How old the newest backup may be; of `other` the least.",
        lambda cluster: cluster.max_age_s,
        min,
    ),
    Number(
        "observation_age_seconds",
        "How long ago the newest complete listing began; of `other` the longest. Absent: there is none.",
        lambda cluster: cluster.observation_age_s,
        max,
    ),
    Number("live_backups", "Live backups; of `other` their sum.", lambda cluster: cluster.live_backups, sum),
    Number(
        "storage_bytes",
        "What live backups take up, increments where the API tells them; of `other` their sum.",
        lambda cluster: cluster.live_bytes,
        sum,
    ),
)
SWEEPS: Final = (
    ("last_sweep_start_timestamp_seconds", "When the newest sweep of any process began.", "sweep_started_at"),
    ("last_sweep_end_timestamp_seconds", "When the newest finished sweep ended.", "sweep_finished_at"),
    ("last_complete_sweep_end_timestamp_seconds", "When the newest complete sweep ended.", "sweep_completed_at"),
)


def render(registry: CollectorRegistry, vitals: Vitals | None) -> bytes:
    """Write all of it; without `vitals` the database could not be read. Slow with many clusters: for a thread."""
    together = CollectorRegistry(auto_describe=False)
    together.register(_FromDatabase(vitals))
    return generate_latest(together) + generate_latest(registry)


class _FromDatabase(Collector):
    """Numbers of one reading."""

    def __init__(self, vitals: Vitals | None) -> None:
        self._vitals = vitals

    def collect(self) -> Iterator[Metric]:
        """Make the families, all of them each time: one without series still has its HELP and TYPE."""
        text = "1 if the database could be read just now; if not, what it says about clusters and sweeps is absent."
        yield GaugeMetricFamily(f"{PREFIX}_up", text, value=int(self._vitals is not None))
        clusters = self._vitals.clusters if self._vitals else ()
        yield from (_family(number, clusters) for number in NUMBERS)
        yield _verdicts(clusters)
        for name, text, attribute in SWEEPS:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=())
            if self._vitals and (at := getattr(self._vitals, attribute)) is not None:
                family.add_metric((), at)
            yield family


def _family(number: Number, clusters: Sequence[ClusterVitals]) -> Metric:
    family = GaugeMetricFamily(f"{PREFIX}_cluster_{number.name}", number.text, labels=LABELS)
    for cluster in clusters[:CLUSTERS_MAX]:
        if (value := number.read(cluster)) is not None:
            family.add_metric(_labels(cluster), value)
    rest = [value for cluster in clusters[CLUSTERS_MAX:] if (value := number.read(cluster)) is not None]
    if rest:
        family.add_metric(OTHER, number.together(rest))
    return family


def _verdicts(clusters: Sequence[ClusterVitals]) -> Metric:
    text = "1 for the verdict that holds, 0 for the others; of `other` how many clusters have it."
    family = GaugeMetricFamily(f"{PREFIX}_cluster_verdict", text, labels=(*LABELS, "verdict"))
    for cluster in clusters[:CLUSTERS_MAX]:
        for verdict in get_args(Verdict):
            family.add_metric((*_labels(cluster), verdict), int(cluster.verdict == verdict))
    if rest := clusters[CLUSTERS_MAX:]:
        for verdict in get_args(Verdict):
            family.add_metric((*OTHER, verdict), sum(cluster.verdict == verdict for cluster in rest))
    return family


def _labels(cluster: ClusterVitals) -> tuple[str, str, str]:
    return cluster.service, cluster.cluster_id, cluster.name
