"""
The program: how one cluster is collected. The stages do not know each other; this is their order.

Nothing is concluded from a listing that did not end, and no database transaction is open while the network is
awaited.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from collector.errors import CollectorError, ListingMoved
from collector.parse import BackupParser
from collector.records import Cluster, Listing, ListingResult, Traffic
from collector.spool import Spool

if TYPE_CHECKING:
    from collector.api import Api
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


async def collect_cluster(cluster: Cluster, means: Means) -> ListingResult:
    """
    Copy one cluster's complete listing into the store. A fault of the listing is a result, not an exception.

    Raises:
        DatabaseError: not even the fence could be drawn; the API was not asked.
    """
    traffic = Traffic()
    try:
        return await _attempt(cluster, means, restarts=0, traffic=traffic)
    except ListingMoved as moved:
        log.info("listing.restarted", cluster_id=cluster.id, reason=str(moved))
    return await _attempt(cluster, means, restarts=RESTARTS_MAX, traffic=traffic)


async def _attempt(cluster: Cluster, means: Means, *, restarts: int, traffic: Traffic) -> ListingResult:
    async with AsyncExitStack() as slot:
        await slot.enter_async_context(means.slots)
        # Each attempt has a fence of its own: what it reads began later than the attempt before.
        listing = await means.store.begin_listing(cluster, means.sweep_id, restarts=restarts, traffic=traffic)
        try:
            result = await _list_and_store(listing, means, slot)
        except CollectorError as exc:
            if isinstance(exc, ListingMoved) and restarts < RESTARTS_MAX:
                raise
            log.warning("listing.failed", cluster_id=cluster.id, error=exc.kind, message=str(exc))
            return await means.store.record_failure(listing, exc)
    _tell(result)
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
            return await means.store.confirm_unchanged(listing, known)
        absence: Absence = "allowed" if cluster.id in means.allow_mass_vanish else "guarded"
        return await means.store.merge_listing(listing, spool, BackupParser(cluster).parse_all, absence=absence)


def _tell(result: ListingResult) -> None:
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
