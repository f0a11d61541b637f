"""The store of a dry run: each listing is merged for real and rolled back. Nothing stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.records import Counts
from collector.store.discoveries import Discoveries
from collector.store.judge import recognise
from collector.store.listings import to_result
from collector.store.merge import Merge, read_known, write_in_chunks
from collector.store.store import Store
from collector.store.sweeps import register_clusters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.errors import CollectorError
    from collector.records import Listing, ListingResult, Outcome


class Rehearsal(Store):
    """Says what a sweep would write."""

    @property
    def discoveries(self) -> Discoveries:
        """Say what discoveries would find."""
        return Discoveries(self._pool, self._guard, writes="rehearsed")

    async def read_digests(self, cluster_ids: Sequence[str]) -> dict[str, bytes]:
        """Take no listing as known: each is merged, and rolled back."""
        del cluster_ids
        return {}

    async def record_failure(self, listing: Listing, error: CollectorError) -> ListingResult:
        """Say why a listing failed."""
        return to_result(listing, "failed", Counts(), error=error.kind, message=str(error))

    async def _merge_once(self, merge: Merge) -> tuple[Outcome, Counts]:
        cluster = merge.listing.cluster
        async with self._pool.rehearsal() as connection:
            await register_clusters(connection, [cluster], observation_max_age_s=0)
            known = await read_known(connection, cluster.id)
            if known.version >= merge.listing.id:
                return "superseded", Counts()
            recognised = recognise(known, merge.spool.fingerprints)
            return await write_in_chunks(connection, merge, known=known, recognised=recognised)
