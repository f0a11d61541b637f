"""
One pass over many clusters: so many at a time, none waiting for another's fault, all within a deadline.

What cannot be known is said: a cluster that was not reached is a failed listing in the summary, never a silent gap.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import structlog

from collector.clusters import Shard, configured_clusters, select_clusters
from collector.collect import Gone, Means, collect_cluster, contained
from collector.deleted import collect_deleted
from collector.discover import Discoverer, Found, discover
from collector.errors import DatabaseError, DiscoveryIncomplete, UsageError
from collector.records import Cluster, Folder, ListingResult, Summary, SweepOutcome, Traffic
from collector.sources import Discovered, Source
from collector.store import SweepRequest, SweepStart

if TYPE_CHECKING:
    from collector.api import Api
    from collector.config import Config
    from collector.store import GivenUp, Store

log = structlog.get_logger()

Ending = Literal["done", "interrupted", "deadline", "database"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What is asked of one sweep."""

    configured: Sequence[Cluster]
    """All clusters that are known: at first those of the configuration; others become unmanaged."""
    trace_id: str
    only: frozenset[str] = frozenset()
    """Only these clusters; none: all."""
    shard: Shard | None = None
    """Only this part of them."""
    allow_mass_vanish: frozenset[str] = frozenset()
    """Clusters, folders and clouds for which the guard is lifted, this once."""
    writes: Literal["kept", "rehearsed"] = "kept"

    def select(self) -> tuple[Cluster, ...]:
        """Take what was asked for. Raises UsageError: a named cluster is not among those known."""
        return select_clusters(self.configured, only=self.only, shard=self.shard)


async def run_sweep(
    config: Config,
    sweep: Sweep,
    *,
    api: Api,
    store: Store,
    stopping: asyncio.Event,
    on_result: Callable[[ListingResult], None] = lambda _: None,
) -> Summary:
    """
    Collect every selected cluster.

    Args:
        config: limits and concurrency.
        sweep: which clusters, and how.
        api, store: open, the schema current.
        stopping: when set, no further page is asked for and the merges in hand are rolled back.
        on_result: called once for each cluster as it ends.

    Raises:
        DatabaseError: the sweep could not be begun; no backup was asked for.
        UsageError, DiscoveryIncomplete: a cluster that was asked for is not known.
    """
    found = await _discover(config, sweep, api=api, store=store, stopping=stopping)
    sweep = replace(sweep, configured=configured_clusters(config, found.known))
    selected = _select(sweep, found)
    start = await _begin(config, sweep, store, unread=found.unread, selected=len(selected))
    means = Means(
        api=api,
        store=store,
        sweep_id=start.sweep_id if start else None,
        slots=asyncio.Semaphore(config.api.concurrency),
        digests=await store.read_digests([cluster.id for cluster in selected]),
        spool_bytes=config.api.spool_bytes,
        allow_mass_vanish=sweep.allow_mass_vanish,
    )
    crew = _Crew(selected, means, on_result)
    ending = await crew.work(config.api.concurrency, stopping=stopping, deadline_s=config.api.sweep_timeout_s)
    summary = await _conclude(crew, ending, store, discovered=found.discovered)
    return summary if start is None else await _close(summary, store, start, given_up=means.given_up(summary.results))


async def _discover(config: Config, sweep: Sweep, *, api: Api, store: Store, stopping: asyncio.Event) -> Found:
    allowed, trace_id = sweep.allow_mass_vanish, sweep.trace_id
    means = Discoverer.of(config, api=api, store=store, trace_id=trace_id, stopping=stopping, allowed=allowed)
    return await discover(means)


def _select(sweep: Sweep, found: Found) -> tuple[Cluster, ...]:
    """Select, or say why not: whether a cluster exists is not known where its folder was not read."""
    places = {name for each in found.discovered for name in (each.source.folder_id, each.source.cloud_id)}
    try:
        select_clusters(sweep.configured, only=sweep.allow_mass_vanish - places)
        return sweep.select()
    except UsageError as exc:
        if not found.unread:
            raise
        raise DiscoveryIncomplete(f"{exc}; but not every folder could be read") from None


async def _begin(
    config: Config, sweep: Sweep, store: Store, *, unread: Sequence[Source], selected: int
) -> SweepStart | None:
    if sweep.writes == "rehearsed":
        return None
    request = SweepRequest(
        trace_id=sweep.trace_id,
        deadline_s=config.api.sweep_timeout_s,
        shard=str(sweep.shard) if sweep.shard else None,
        selected=selected,
    )
    max_age_s = config.freshness.observation_max_age_s
    start = await store.begin_sweep(sweep.configured, request, observation_max_age_s=max_age_s, unread=unread)
    structlog.contextvars.bind_contextvars(sweep_id=start.sweep_id)
    return start


class _Crew:
    """Workers that take one cluster after another until none is left."""

    def __init__(self, clusters: Sequence[Cluster], means: Means, on_result: Callable[[ListingResult], None]) -> None:
        self.clusters = clusters
        self.results: dict[str, ListingResult] = {}
        self.database_error: DatabaseError | None = None
        self._queue: Iterator[Cluster] = iter(clusters)
        self._gone: dict[Folder, list[Gone]] = {}
        self._means = means
        self._on_result = on_result

    async def work(self, listed_at_once: int, *, stopping: asyncio.Event, deadline_s: float) -> Ending:
        """Collect until all is done, or something ends it early; nothing is under way afterwards."""
        # Twice as many as are listed at once: while one half is written, the other is read.
        size = min(2 * listed_at_once, len(self.clusters))
        asked = asyncio.Barrier(max(size, 1))
        workers = [asyncio.create_task(self._work(asked), name=f"collect-{number}") for number in range(size)]
        everyone = asyncio.gather(*workers)
        stop = asyncio.ensure_future(stopping.wait())
        waited_for: set[asyncio.Future[Any]] = {everyone, stop}
        try:
            await asyncio.wait(waited_for, timeout=deadline_s, return_when=asyncio.FIRST_COMPLETED)
            return self._ending(everyone, stopping)
        finally:
            everyone.cancel()
            stop.cancel()
            await asyncio.gather(everyone, *workers, stop, return_exceptions=True)

    def _ending(self, everyone: asyncio.Future[list[None]], stopping: asyncio.Event) -> Ending:
        if everyone.done():
            if isinstance(error := everyone.exception(), DatabaseError):
                self.database_error = error
                return "database"
            everyone.result()  # raises what is not an outcome but a bug
            return "done"
        return "interrupted" if stopping.is_set() else "deadline"

    async def _work(self, asked: asyncio.Barrier) -> None:
        for cluster in self._queue:
            with contained([cluster], self._note):
                self._take(await collect_cluster(cluster, self._means))
        # A folder's list is read once, for all of its clusters that were not found: which these are, is known now.
        await asked.wait()
        while self._gone:
            folder, gone = self._gone.popitem()
            with contained([each.cluster for each in gone], self._note):
                await collect_deleted(folder, gone, self._means, report=self._note)

    def _take(self, result: ListingResult | Gone) -> None:
        if isinstance(result, Gone):
            self._gone.setdefault(result.folder, []).append(result)
        else:
            self._note(result)

    def _note(self, result: ListingResult) -> None:
        self.results[result.cluster.id] = result
        self._on_result(result)


_UNREACHED = {
    "interrupted": ("interrupted", "the sweep was stopped before this cluster was done"),
    "deadline": ("deadline", "the sweep's time was up before this cluster was done"),
    "database": ("database_unavailable", "the database was gone before this cluster was done"),
}


async def _conclude(crew: _Crew, ending: Ending, store: Store, *, discovered: Sequence[Discovered] = ()) -> Summary:
    """Account for every cluster, also for those that were not reached."""
    if ending != "done":
        error, message = _UNREACHED[ending]
        if crew.database_error is not None:
            error, message = crew.database_error.kind, f"{message}: {crew.database_error}"
        for cluster in crew.clusters:
            unreached = ListingResult(
                cluster=cluster, outcome="failed", traffic=Traffic(), error=error, message=message
            )
            crew.results.setdefault(cluster.id, unreached)
    results = [crew.results[cluster.id] for cluster in crew.clusters]
    overtaken = await _read_overtaken(results, store)
    summary = Summary(outcome="failed", results=results, overtaken=overtaken, discovered=discovered)
    return replace(summary, outcome=_outcome(summary, ending))


def _outcome(summary: Summary, ending: Ending) -> SweepOutcome:
    if summary.is_whole():
        return "complete"
    if ending == "interrupted" or any(each.error == "interrupted" for each in summary.discovered):
        return "interrupted"
    return "failed" if all(each.outcome == "failed" for each in summary.results) else "partial"


async def _read_overtaken(results: Sequence[ListingResult], store: Store) -> frozenset[str]:
    superseded = {result.cluster.id: result.listing_id for result in results if result.outcome == "superseded"}
    if not superseded:
        return frozenset()
    try:
        complete = await store.read_complete(list(superseded))
    except DatabaseError as exc:
        log.warning("sweep.unverified", error=exc.kind, message=str(exc))
        return frozenset()
    return frozenset(
        cluster_id
        for cluster_id, listing_id in superseded.items()
        if (newest := complete.get(cluster_id)) is not None and listing_id is not None and newest > listing_id
    )


async def _close(summary: Summary, store: Store, start: SweepStart, *, given_up: Sequence[GivenUp]) -> Summary:
    finished_at = None
    by_outcome = Counter(result.outcome for result in summary.results)
    outcome, sweep_id = summary.outcome, start.sweep_id
    try:
        finished_at = await store.finish_sweep(sweep_id, outcome, by_outcome=by_outcome, given_up=given_up)
    except DatabaseError as exc:
        log.warning("sweep.unrecorded", sweep_id=sweep_id, error=exc.kind, message=str(exc))
    return replace(summary, sweep_id=sweep_id, started_at=start.started_at, finished_at=finished_at)
