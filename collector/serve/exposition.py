"""
The text that Prometheus reads: what the database says about clusters now, and what this process has counted.

Numbers about clusters are read at each scrape, so that none is left standing when its cluster is gone or the database
is away: then they are absent and `backup_inventory_up` is 0. Their number is bounded.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, get_args

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from collector.serve.subjects import CLUSTERS, SOURCES
from collector.serve.tally import PREFIX
from collector.store.vitals import Coverage, EndedOutcome

if TYPE_CHECKING:
    from collector.store.vitals import Vitals

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
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
        yield from CLUSTERS.families(self._vitals.clusters if self._vitals else ())
        yield _coverage(self._vitals)
        yield from SOURCES.families(self._vitals.sources if self._vitals else ())
        for name, text, attribute in SWEEPS:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=())
            if self._vitals and (at := getattr(self._vitals, attribute)) is not None:
                family.add_metric((), at)
            yield family
        yield _last_outcome(self._vitals)


def _coverage(vitals: Vitals | None) -> Metric:
    text = "Clusters that are configured or were found by a discovery; `managed`: whether their backups are watched."
    family = GaugeMetricFamily(f"{PREFIX}_clusters", text, labels=("coverage", "managed"))
    if vitals:
        counted = {(each.coverage, each.managed): each.clusters for each in vitals.coverage}
        for coverage in get_args(Coverage):
            for managed, word in ((True, "true"), (False, "false")):
                family.add_metric((coverage, word), counted.get((coverage, managed), 0))
    return family


def _last_outcome(vitals: Vitals | None) -> Metric:
    text = "1 for the outcome of the newest finished sweep of any process, 0 for the others."
    family = GaugeMetricFamily(f"{PREFIX}_last_sweep_outcome", text, labels=("outcome",))
    if vitals and vitals.sweep_outcome is not None:
        for outcome in get_args(EndedOutcome):
            family.add_metric((outcome,), int(vitals.sweep_outcome == outcome))
    return family
