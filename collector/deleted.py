"""
Clusters that were not found: their backups outlive them in their folder's list, which is read once for all of them.

It concludes nothing from a folder's list that did not end, nothing for a cluster that was never seen anywhere,
and nothing about anybody's absence where a record does not say whose it is.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, NamedTuple

import structlog

from collector.collect import RESTARTS_MAX, Gone, Means, contained, fail, tell
from collector.errors import ClusterNotFound, CollectorError, ListingError, ListingMoved
from collector.parse import NamedParser, Owners
from collector.spool import Share, Spool

if TYPE_CHECKING:
    from collector.records import Folder, Listing, ListingResult, Page

log = structlog.get_logger()

Report = Callable[["ListingResult"], None]


async def collect_deleted(folder: Folder, gone: Sequence[Gone], means: Means, *, report: Report) -> None:
    """
    Copy what a folder's list holds of these clusters into the store. Each is reported as it ends.

    Raises:
        DatabaseError: not even the fences could be drawn; the API was not asked.
    """
    log.info("folder.consulted", folder_id=folder.id, clusters=len(gone))
    moved = await _attempt(folder, gone, means, restarts=0, report=report)
    if moved:
        log.info("folder.restarted", folder_id=folder.id, clusters=len(moved))
        with contained([each.cluster for each in moved], report):  # the others have ended, and keep their results
            await _attempt(folder, moved, means, restarts=RESTARTS_MAX, report=report)


class _Wanted(NamedTuple):
    """One cluster of the folder, and the listing that has begun for it."""

    gone: Gone
    listing: Listing


async def _attempt(
    folder: Folder, gone: Sequence[Gone], means: Means, *, restarts: int, report: Report
) -> Sequence[Gone]:
    """Read the list once and store each cluster's part. Returns those whose list moved and is to be read once more."""
    with Spool(means.spool_bytes) as spool:
        async with means.slots:
            wanted = await _begin(gone, means, restarts)
            try:
                parts = await _read(folder, wanted, means, spool=spool)
            except CollectorError as exc:
                if isinstance(exc, ListingMoved) and restarts < RESTARTS_MAX:
                    return gone
                for each in wanted:
                    report(await fail(each.listing, means, _unread(folder, each.gone, exc)))
                return []
        moved: list[Gone] = []
        for each in wanted:
            with contained([each.gone.cluster], report):
                share = parts.share_of(each.gone.cluster.id)
                result = await _store(each, share, means)
                if result is None:
                    moved.append(each.gone)
                else:
                    report(result)
        return moved


async def _begin(gone: Sequence[Gone], means: Means, restarts: int) -> list[_Wanted]:
    """
    Draw every cluster's fence, all of them before the first page is asked for.

    A fence says that what was read is not older than it. A cluster that joined a reading under way would pair a
    fence drawn now with pages read before: a listing of another process, begun and merged in between, would then
    be overwritten by what is older. So nobody joins; who comes later is read for anew.
    """
    return [
        _Wanted(
            each,
            await means.begin(each.cluster, restarts=restarts, traffic=each.traffic, via="folder"),
        )
        for each in gone
    ]


class _Parts:
    """Which of a folder's records belong to the clusters we ask about, and which may be anybody's."""

    def __init__(self, spool: Spool, folder: Folder, cluster_ids: frozenset[str]) -> None:
        self._spool = spool
        self._owners = Owners(folder.service)
        self._cluster_ids = cluster_ids
        self._positions: defaultdict[str, array[int]] = defaultdict(lambda: array("Q"))
        self._nobodys = array("Q")

    def add(self, page: Page) -> None:
        """Append one page."""
        for position, record in enumerate(page.records, start=len(self._spool)):
            owner = self._owners.read(record)
            if owner is None:
                self._nobodys.append(position)
            elif owner in self._cluster_ids:
                self._positions[owner].append(position)
        self._spool.add(page)

    def share_of(self, cluster_id: str) -> Share:
        """Give what is a cluster's, and what may be: a record that names nobody could be the one that seems absent."""
        return Share(self._spool, sorted([*self._positions[cluster_id], *self._nobodys]))


async def _read(folder: Folder, wanted: Sequence[_Wanted], means: Means, *, spool: Spool) -> _Parts:
    parts = _Parts(spool, folder, frozenset(each.gone.cluster.id for each in wanted))
    # What the list costs is counted once: the first of its clusters bears it.
    async with aclosing(means.api.list_backups(folder, wanted[0].gone.traffic)) as pages:
        async for page in pages:
            parts.add(page)
    return parts


async def _store(wanted: _Wanted, share: Share, means: Means) -> ListingResult | None:
    """Store a cluster's part of the list; None: the list moved, and may be read once more."""
    gone, listing = wanted
    if not share and not gone.seen:
        # Else a mistyped id would be a complete listing of no backups.
        unseen = f"the list of folder {gone.folder.id} holds no backup of it, and it was never seen before"
        return await fail(listing, means, ClusterNotFound(f"{gone.refusal}; {unseen}"))
    parse = NamedParser(gone.cluster).parse_all
    try:
        result = await means.store.merge_listing(listing, share, parse, absence=means.absence_of(gone.cluster))
    except ListingMoved as exc:
        return None if listing.restarts < RESTARTS_MAX else await fail(listing, means, exc)
    except CollectorError as exc:
        return await fail(listing, means, exc)
    tell(result)
    return result


def _unread(folder: Folder, gone: Gone, error: CollectorError) -> CollectorError:
    """Say that neither list could be read. Our own faults keep their kind."""
    if not isinstance(error, ListingError):
        return error
    return ClusterNotFound(f"{gone.refusal}; the list of folder {folder.id} was not read: {error.kind}: {error}")
