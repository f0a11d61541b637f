"""
The program: how one cluster is collected. The stages do not know each other; this is their order.

Nothing is concluded from a listing that did not end, and no database transaction is open while the network is
awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import structlog

from collector.errors import ClusterNotFound, CollectorError, DatabaseError, ListingMoved
from collector.parse import BackupParser
from collector.records import Cluster, Folder, Listing, ListingResult, Traffic
from collector.spool import Spool
from collector.store import GivenUp
from collector.traces import span

if TYPE_CHECKING:
    from collector.api import Api
    from collector.records import Past, Via
    from collector.store import Absence, Store

log = structlog.get_logger()

RESTARTS_MAX: Final = 1
"""How often a listing that moved under us is begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a sweep lends to the collection of each of its clusters."""

    api: Api
    store: Store
    sweep_id: int | None
    """None in a dry run."""
    slots: asyncio.Semaphore
    """One for each cluster that may be listed at once."""
    digests: Mapping[str, bytes]
    """Per cluster, what the digest of a listing must be to prove that nothing changed."""
    spool_bytes: int
    """How much of one listing is held in memory."""
    allow_mass_vanish: frozenset[str] = frozenset()
    """Clusters for which the guard is lifted, this once."""
    begun: dict[str, Listing] = field(default_factory=dict)
    """By cluster, its newest listing: what of it was given up is still to be accounted for."""

    async def begin(self, cluster: Cluster, *, restarts: int, traffic: Traffic, via: Via = "cluster") -> Listing:
        """Draw the fence of a listing. Raises DatabaseError."""
        listing = await self.store.begin_listing(cluster, self.sweep_id, restarts=restarts, traffic=traffic, via=via)
        self.begun[cluster.id] = listing
        return listing

    def given_up(self, results: Iterable[ListingResult]) -> list[GivenUp]:
        """Find the listings that began and whose failure is not written down: they were stopped, or met a bug."""
        return [
            GivenUp(listing, each.error or "bug", each.message or "")
            for each in results
            if each.outcome == "failed" and each.listing_id is None and (listing := self.begun.get(each.cluster.id))
        ]

    def absence_of(self, cluster: Cluster) -> Absence:
        """Tell how much of a cluster may go missing at once."""
        return "allowed" if cluster.id in self.allow_mass_vanish else "guarded"


class Gone(NamedTuple):
    """A cluster that was not found, and the folder whose list may hold its backups."""

    cluster: Cluster
    folder: Folder
    traffic: Traffic
    """What asking for it has cost."""
    refusal: str
    seen: bool
    """Whether a backup or a complete listing of it is stored. One that was never seen may be a mistyped id."""


async def collect_cluster(cluster: Cluster, means: Means) -> ListingResult | Gone:
    """
    Copy one cluster's complete listing into the store. A fault of the listing is a result, not an exception.

    A cluster that is not found has no result yet where its folder is known: `collector.deleted` goes on with it.

    Raises:
        DatabaseError: not even the fence could be drawn; the API was not asked.
    """
    traffic = Traffic()
    try:
        return await _attempt(cluster, means, restarts=0, traffic=traffic)
    except ListingMoved as moved:
        log.info("listing.restarted", cluster_id=cluster.id, reason=str(moved))
    return await _attempt(cluster, means, restarts=RESTARTS_MAX, traffic=traffic)


async def _attempt(cluster: Cluster, means: Means, *, restarts: int, traffic: Traffic) -> ListingResult | Gone:
    async with AsyncExitStack() as slot:
        await slot.enter_async_context(means.slots)
        with span("listing", cluster_id=cluster.id, service=cluster.service, restarts=restarts) as traced:
            result = await _collect(cluster, means, slot, restarts=restarts, traffic=traffic)
            traced.set(pages=traffic.pages)
            if isinstance(result, ListingResult):
                traced.set(listing_id=result.listing_id, outcome=result.outcome)
                traced.fail(result.error)
            return result


async def _collect(
    cluster: Cluster, means: Means, slot: AsyncExitStack, *, restarts: int, traffic: Traffic
) -> ListingResult | Gone:
    # Each attempt has a fence of its own: what it reads began later than the attempt before.
    listing = await means.begin(cluster, restarts=restarts, traffic=traffic)
    try:
        result = await _list_and_store(listing, means, slot)
    except ClusterNotFound as exc:
        return await _look_for_folder(listing, means, refusal=str(exc))
    except CollectorError as exc:
        if isinstance(exc, ListingMoved) and restarts < RESTARTS_MAX:
            raise
        return await fail(listing, means, exc)
    tell(result)
    return result


async def _list_and_store(listing: Listing, means: Means, slot: AsyncExitStack) -> ListingResult:
    cluster = listing.cluster
    with Spool(means.spool_bytes) as spool:
        known = None if listing.restarts else means.digests.get(cluster.id)
        async with aclosing(means.api.list_backups(cluster, listing.traffic, known=known)) as pages:
            async for page in pages:
                spool.add(page)
        await slot.aclose()  # the next cluster is listed while this one is written
        if spool.digest() == known:
            with span("confirm"):
                return await means.store.confirm_unchanged(listing, known)
        parse = BackupParser(cluster).parse_all
        with span("merge"):
            return await means.store.merge_listing(listing, spool, parse, absence=means.absence_of(cluster))


async def _look_for_folder(listing: Listing, means: Means, *, refusal: str) -> ListingResult | Gone:
    """Go on after a 404, which says nothing about the cluster's backups: they outlive it in its folder's list."""
    cluster = listing.cluster
    try:
        past = await means.store.read_past(cluster.id)
        folder = choose_folder(cluster, past, refusal=refusal)
    except CollectorError as exc:
        return await fail(listing, means, exc)
    return Gone(cluster, folder, traffic=listing.traffic, refusal=refusal, seen=past.seen)


def choose_folder(cluster: Cluster, past: Past, *, refusal: str) -> Folder:
    """
    Choose the folder whose list proves what became of a cluster's backups: the configured one, else the stored one.

    Raises:
        ClusterNotFound: none is known. Or a stored backup names another, or some name none and no other names this
            one: their absence here would prove nothing.
    """
    folder_id = cluster.folder_id or past.folder_id
    if folder_id is None:
        raise ClusterNotFound(f"{refusal}; its folder is not known, so its backups were not looked for there")
    if elsewhere := sorted(past.named - {folder_id}):
        named = f"stored backups of it name folder {', '.join(elsewhere)}"
        raise ClusterNotFound(f"{refusal}; its folder should be {folder_id}, but {named}: the list was not read")
    if past.has_unnamed and not past.named:
        unnamed = f"stored backups of it name no folder, so nothing proves that they are in {folder_id}"
        raise ClusterNotFound(f"{refusal}; {unnamed}: the list was not read")
    return Folder(cluster.service, folder_id)


async def fail(listing: Listing, means: Means, error: CollectorError) -> ListingResult:
    """Say and keep why a listing failed."""
    log.warning("listing.failed", cluster_id=listing.cluster.id, error=error.kind, message=str(error))
    return await means.store.record_failure(listing, error)


@contextmanager
def contained(clusters: Sequence[Cluster], report: Callable[[ListingResult], None]) -> Iterator[None]:
    """
    Contain a bug: it is a failed listing of these clusters, the others go on, and the exit code says it.

    Raises:
        DatabaseError: no bug, and nobody's alone.
    """
    try:
        yield
    except DatabaseError:
        raise
    except Exception as exc:
        for cluster in clusters:
            log.exception("listing.crashed", cluster_id=cluster.id)
            message = f"{type(exc).__name__} (see the log)"
            report(ListingResult(cluster=cluster, outcome="failed", traffic=Traffic(), error="bug", message=message))


def tell(result: ListingResult) -> None:
    """Say what came of a listing that was stored, or superseded."""
    facts = {"cluster_id": result.cluster.id, "listing_id": result.listing_id, **result.counts.nonzero()}
    match result.outcome:
        case "partial" | "held":
            log.warning("listing.incomplete", outcome=result.outcome, **facts)
        case "superseded":
            log.info("listing.superseded", **facts)
        case _ if result.counts.changes():
            log.info("listing.merged", **facts)
        case _:
            log.debug("listing.unchanged", **facts)
