"""
Which clusters there are: the folders and clouds of the configuration are read before anything is listed.

Nobody is taken for gone because a folder could not be read: what it was known to hold goes on being watched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import structlog

from collector.descriptions import ClusterDescription, Known, Reading
from collector.errors import CollectorError, DatabaseError, UnreadableValue
from collector.interrupt import work_or_event
from collector.parse import parse_cluster, parse_folder
from collector.places import Entries, cloud_ids, folder_sources, matches, spared_by, too_much_is_gone
from collector.records import Guard, Page, Traffic
from collector.sources import Discovered, Source
from collector.store import Discovery, DiscoveryStart

if TYPE_CHECKING:
    from collector.api import Api
    from collector.config import Config
    from collector.store import Settled, Store

log = structlog.get_logger()

SKIPS_TOLD: Final = 10
"""How many unreadable records of one list are logged one by one; the ledger counts them all."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Discoverer:
    """What a sweep lends to its discovery."""

    entries: Entries
    api: Api
    store: Store
    guard: Guard
    trace_id: str
    slots: asyncio.Semaphore
    """One for each list that may be read at once."""
    stopping: asyncio.Event
    allowed: frozenset[str]
    """Folders and clouds whose reading is believed, however much is gone."""

    @classmethod
    def of(
        cls,
        config: Config,
        *,
        api: Api,
        store: Store,
        trace_id: str,
        stopping: asyncio.Event,
        allowed: frozenset[str] = frozenset(),
    ) -> Self:
        """Take limits and entries from the configuration."""
        return cls(
            entries=config.discovery,
            api=api,
            store=store,
            guard=Guard(rows=config.guard.mass_vanish_rows, share=config.guard.mass_vanish_share),
            trace_id=trace_id,
            slots=asyncio.Semaphore(config.api.concurrency),
            stopping=stopping,
            allowed=allowed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a discovery knows in the end."""

    known: Sequence[Known] = ()
    discovered: Sequence[Discovered] = ()
    unread: Sequence[Source] = ()
    """What may hold clusters that are not known."""


async def discover(means: Discoverer) -> Found:
    """
    Read all sources and store what they hold. A fault of one is a result, not an exception.

    Without entries nothing is read, and what earlier configurations led to is asked no longer.

    Raises:
        DatabaseError: what is known could not be read, or not be written.
    """
    start = await means.store.discoveries.begin(cloud_ids(means.entries))
    clouds = await asyncio.gather(*(_read_cloud(each, start, means) for each in cloud_ids(means.entries)))
    folders = {each.source.cloud_id or "": each.folder_ids for each in clouds}
    sources = folder_sources(means.entries, folders)
    readings = await asyncio.gather(*(_read_folder(*each, means) for each in sources.items()))
    settled = await means.store.discoveries.settle(
        Discovery(
            start=start,
            readings=[*clouds, *readings],
            trace_id=means.trace_id,
            allow_mass_vanish=means.allowed,
        )
    )
    _tell(settled)
    incomplete = [each.source for each in settled.discovered if not each.is_complete]
    unread = [spared for source in incomplete for spared in spared_by(source, means.entries)]
    return Found(known=settled.known, discovered=settled.discovered, unread=unread)


async def _read_cloud(cloud_id: str, start: DiscoveryStart, means: Discoverer) -> Reading:
    """List a cloud's folders. Where that list is not to be concluded from, those known before are kept."""
    traffic = Traffic()
    listed: set[str] = set()
    pages = means.api.list_folders(cloud_id, traffic)
    source = Source(None, cloud_id=cloud_id)
    reading = await _read(source, pages, lambda raw: listed.add(parse_folder(raw, cloud_id=cloud_id)), means=means)
    known = start.folders.get(cloud_id, frozenset())
    believed = cloud_id in means.allowed or not too_much_is_gone(known, frozenset(listed), means.guard)
    if reading.outcome == "complete" and not believed:
        reading = replace(reading, outcome="held")
    folder_ids = listed if reading.outcome == "complete" else known | listed
    return replace(reading, traffic=traffic, folder_ids=frozenset(folder_ids))


async def _read_folder(source: Source, entries: Entries, means: Discoverer) -> Reading:
    """List a folder's clusters of one service, and tell which of them the entries want."""
    folder_id, service = source.folder_id or "", source.service or ""
    traffic = Traffic()
    found: dict[str, ClusterDescription] = {}

    def take(raw: bytes) -> None:
        description = parse_cluster(raw, service=service, folder_id=folder_id)
        found[description.cluster_id] = description

    reading = await _read(source, means.api.list_clusters(folder_id, service, traffic), take, means=means)
    clusters = [Known(each, any(matches(entry, each) for entry in entries)) for each in found.values()]
    return replace(reading, traffic=traffic, clusters=clusters)


async def _read(
    source: Source, pages: AsyncGenerator[Page, None], take: Callable[[bytes], None], *, means: Discoverer
) -> Reading:
    async with means.slots:
        try:
            reading = await _unless_stopped(_take_all(source, pages, take), means.stopping)
        except DatabaseError:
            raise
        except CollectorError as exc:
            return Reading(source=source, outcome="failed", error=exc.kind, message=str(exc))
        except Exception as exc:  # a bug in one reading is no reason to collect nothing
            log.exception("source.crashed", source=source.key)
            message = f"{type(exc).__name__} (see the log)"
            return Reading(source=source, outcome="failed", error="bug", message=message)
    if reading is None:
        return Reading(source=source, outcome="failed", error="interrupted", message="the sweep was stopped")
    return reading


async def _take_all(source: Source, pages: AsyncGenerator[Page, None], take: Callable[[bytes], None]) -> Reading:
    listed = skipped = 0
    async with aclosing(pages):
        async for page in pages:
            listed += len(page.records)
            for raw in page.records:
                try:
                    take(raw)
                except UnreadableValue as exc:
                    skipped += 1
                    if skipped <= SKIPS_TOLD:
                        log.warning("cluster.skipped", source=source.key, cluster_id=exc.backup_id, reason=str(exc))
    if not skipped:
        return Reading(source=source, outcome="complete", listed=listed)
    message = f"{skipped} of {listed} records could not be read"
    return Reading(source=source, outcome="partial", listed=listed, skipped=skipped, message=message)


async def _unless_stopped(work: Coroutine[Any, Any, T], stopping: asyncio.Event) -> T | None:
    """Do the work, or give it up when the sweep is stopped: then None."""
    async with work_or_event(work, stopping) as task:
        return task.result() if task.done() else None


def _tell(settled: Settled) -> None:
    for each in settled.discovered:
        match each.outcome:
            case "failed":
                log.warning("source.failed", source=each.source.key, error=each.error, message=each.message)
            case "partial" | "held":
                log.warning("source.incomplete", source=each.source.key, outcome=each.outcome, message=each.message)
            case _:
                facts = {"listed": each.listed, "matched": each.matched, "gone": each.gone}
                log.debug("source.settled", source=each.source.key, outcome=each.outcome, **facts)
    for cluster_id, change in settled.weakened:
        log.warning("cluster.weakened", cluster_id=cluster_id, before=change.before, after=change.after)
