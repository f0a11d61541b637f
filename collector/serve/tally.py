"""
What this process counts of its own work, for Prometheus. In a registry of its own: no library's numbers beside ours.

What the kernel counts of the process has the names it has everywhere; the version of Python is none of it.
Labels are enumerations only: what comes from the API or from people is in none of them.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

from collector.records import Counts, Outcome, SweepOutcome

if TYPE_CHECKING:
    from collector.serve.reload import Reading
    from collector.sweeping import Swept

PREFIX: Final = "backup_inventory"
SWEEP_OUTCOMES: Final = (*get_args(SweepOutcome), "not_begun", "crashed")
BEATS: Final = 60
"""How many beats of the event loop, one a second, its lag is told of: no stall between two scrapes is to be missed."""
_DURATIONS_S: Final = (1, 5, 15, 60, 300, 900, 1800, 3600)
_KINDS: Final = tuple(Counts().__slots__)


class SweepTally:
    """Counters of sweeps; `registry` holds them all."""

    def __init__(self) -> None:
        """Count from nothing, with every series there from the start."""
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._durations = self._histogram("sweep_duration_seconds", "How long the sweeps of this process took.")
        self._sweeps = self._counter("sweeps", "Sweeps of this process by outcome.", outcome=SWEEP_OUTCOMES)
        self._listings = self._counter("listings", "Listings of clusters by outcome.", outcome=get_args(Outcome))
        self._records = self._counter("backup_records", "What listings did to stored backups.", kind=_KINDS)
        self._requests = self._counter("api_requests", "Requests to the API, retries included.")
        self._retries = self._counter("api_retries", "Requests to the API that were retries.")
        self._throttles = self._counter(
            "api_throttles", "Requests of listings that the API refused for being too many."
        )
        self._bytes = self._counter("api_received_bytes", "Bytes of the answers to listings, decoded.")

    def note_sweep(self, swept: Swept) -> None:
        """Count a sweep, whatever came of it."""
        self._durations.observe(swept.duration_s)
        self._sweeps.labels(swept.summary.outcome).inc()
        self._requests.inc(swept.requests)
        self._retries.inc(swept.retries)
        for result in swept.summary.results:
            self._listings.labels(result.outcome).inc()
            self._throttles.inc(result.traffic.throttles)
            self._bytes.inc(result.traffic.bytes)
            for kind, number in result.counts.nonzero().items():
                self._records.labels(kind).inc(number)

    def note_failure(self, outcome: str) -> None:
        """Count a sweep of which there is no summary."""
        self._sweeps.labels(outcome).inc()

    def _counter(self, name: str, text: str, **label: tuple[str, ...]) -> Counter:
        counter = Counter(f"{PREFIX}_{name}", text, list(label), registry=self.registry)
        for values in label.values():
            for value in values:
                counter.labels(value)
        return counter

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", text, buckets=_DURATIONS_S, registry=self.registry)


class Tally(SweepTally):
    """The same of the service, with what else it knows of itself."""

    def __init__(self) -> None:
        """Count from nothing."""
        super().__init__()
        self.sweeping = self._gauge("sweep_running", "1 while this process sweeps.")
        self.lease_held = self._gauge("lease_held", "1 if this process is the one that sweeps.")
        self.next_run = self._gauge("next_run_timestamp_seconds", "When this process sweeps next; 0: it does not.")
        self._lag = self._gauge(
            "event_loop_lag_seconds", "The most by which the event loop was late within the last minute."
        )
        self._tasks = self._gauge("event_loop_tasks", "Tasks of the event loop when this was written.")
        self._lags: deque[float] = deque([0.0], maxlen=BEATS)
        self._skipped = self._counter("runs_skipped", "Scheduled runs that were missed, or fell into a longer one.")
        self._reload_ok = self._gauge(
            "config_last_reload_successful",
            "1 if the newest configuration could be used, 0 if it was refused. What needs a restart waits for one.",
        )
        self._reloaded_at = self._gauge(
            "config_last_reload_success_timestamp_seconds", "When a configuration was last taken up."
        )
        self._reloads = self._counter(
            "config_reloads", "Readings of a changed configuration.", result=("ok", "refused")
        )
        self._reload_ok.set(1)
        self._reloaded_at.set(time.time())
        ProcessCollector(registry=self.registry)

    def note_skipped(self, runs: int) -> None:
        """Count runs that were skipped."""
        self._skipped.inc(runs)

    def note_lag(self, lag_s: float) -> None:
        """Take note of a beat of the event loop that came so late."""
        self._lags.append(lag_s)
        self._lag.set(max(self._lags))

    def note_tasks(self, tasks: int) -> None:
        """Take note of how many tasks the event loop has."""
        self._tasks.set(tasks)

    def note_reload(self, reading: Reading) -> None:
        """Count a reading of the configuration."""
        self._reloads.labels(reading).inc()
        self._reload_ok.set(int(reading == "ok"))
        if reading == "ok":
            self._reloaded_at.set(time.time())
