"""
The store as the program sees it: listings go in, results come out.

Every write of a listing is one transaction, tried again as a whole where the server allows, and fenced:
a listing that began earlier never overwrites one that began later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from collector.errors import (
    CollectorError,
    DatabaseError,
    DatabaseUnavailable,
    ListingMoved,
    SchemaError,
    TransactionConflict,
)
from collector.records import Cluster, Counts, Guard, Listing, ListingResult, Outcome, Past, SweepOutcome, Traffic, Via
from collector.sources import Source
from collector.spool import Share, Spool
from collector.store import listings, sweeps
from collector.store.batch import Batch
from collector.store.discoveries import Discoveries
from collector.store.installation import require_installation
from collector.store.intake import Parse
from collector.store.judge import NOTHING_KNOWN
from collector.store.merge import Merge, read_known, write_merge
from collector.store.migrations import read_plan_on
from collector.store.patience import again, patient
from collector.store.pool import Pool
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.config import DatabaseSettings
    from collector.store.judge import Absence

BATCH_MAX: Final = 50


class Store:
    """All that is written and read during a sweep."""

    def __init__(self, url: str, settings: DatabaseSettings, *, guard: Guard) -> None:
        """Keep the address; `open` connects."""
        self._pool = Pool(url, settings)
        self._wait_s = settings.wait_s
        self._installation = settings.installation
        self._guard = guard
        self._empty: set[str] = set()
        """Clusters of which nothing had been merged when the digests were read: the first merge need not look."""
        self._draws: Batch[None, tuple[int, int]] = Batch(self._run_draws, size_max=BATCH_MAX)
        self._confirmations: Batch[listings.Unchanged, Counts | None] = Batch(
            self._run_confirmations, size_max=BATCH_MAX
        )

    async def open(self) -> Self:
        """
        Connect and check the schema.

        Raises:
            DatabaseUnavailable, DatabaseRefused: no connection.
            SchemaError: the schema is not the one this program writes, or the database another installation's.
        """
        await self._pool.open()
        try:
            await self._check_schema()
        except BaseException:
            await self._pool.close()
            raise
        return self

    async def _check_schema(self) -> None:
        async with self._pool.acquire() as connection:
            found = await read_plan_on(connection)  # type: ignore[arg-type]  # a pool lends a proxy of the same shape
        require_installation(found.installation, self._installation)
        if found.pending:
            pending = f"the schema is at version {found.applied} and {len(found.pending)} migrations are pending"
            message = f"{pending}: run `collector migrate`"
            raise SchemaError(message)

    async def __aenter__(self) -> Self:
        """Open."""
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close within seconds, whatever the server does."""
        await self._pool.close()

    @property
    def discoveries(self) -> Discoveries:
        """What discoveries found."""
        return Discoveries(self._pool, self._guard)

    async def begin_sweep(
        self,
        clusters: Sequence[Cluster],
        request: sweeps.SweepRequest,
        *,
        observation_max_age_s: float,
        unread: Iterable[Source] = (),
    ) -> sweeps.SweepStart:
        """Register all clusters and open a sweep. Others become unmanaged, but for what `unread` folders may hold."""
        async with self._pool.transaction() as connection:
            await sweeps.register_clusters(connection, clusters, observation_max_age_s=observation_max_age_s)
            await sweeps.retire_clusters(connection, clusters, unread)
            return await sweeps.begin_sweep(connection, request)

    async def finish_sweep(
        self,
        sweep_id: int,
        outcome: SweepOutcome,
        *,
        by_outcome: Mapping[Outcome, int],
        given_up: Sequence[sweeps.GivenUp] = (),
    ) -> int | None:
        """Close a sweep, and its listings that did not end. Returns when, in microseconds since 2000-01-01."""
        async with self._pool.acquire() as connection:
            return await sweeps.finish_sweep(connection, sweep_id, outcome, by_outcome=by_outcome, given_up=given_up)

    async def read_digests(self, cluster_ids: Sequence[str]) -> dict[str, bytes]:
        """Read, for clusters of which nothing is missing, the digest that proves a listing unchanged."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(statement("read_digests"), list(cluster_ids))
        self._empty = {row["cluster_id"] for row in rows if row["listing_digest"] is None}
        return {row["cluster_id"]: row["listing_digest"] for row in rows if row["listing_digest"] is not None}

    async def read_complete(self, cluster_ids: Sequence[str]) -> dict[str, int | None]:
        """Read the newest complete listing of each cluster."""
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(statement("read_fences"), list(cluster_ids))
        return {row["cluster_id"]: row["complete_listing_id"] for row in rows}

    async def begin_listing(
        self, cluster: Cluster, sweep_id: int | None, *, restarts: int, traffic: Traffic, via: Via = "cluster"
    ) -> Listing:
        """
        Draw the fence. To be called right before the first page is asked for.

        Raises:
            DatabaseUnavailable: nobody answered during the configured wait.
        """
        try:
            listing_id, started_at = await self._draws.ask(None)
        except DatabaseUnavailable:
            listing_id, started_at = await patient(self._wait_s)(self._draws.ask, None)
        return Listing(
            id=listing_id,
            cluster=cluster,
            sweep_id=sweep_id,
            started_at=started_at,
            restarts=restarts,
            traffic=traffic,
            via=via,
        )

    async def read_past(self, cluster_id: str) -> Past:
        """Read what is stored of a cluster that is not found. Of an unknown one nothing is."""
        async with self._pool.acquire() as connection:
            return await listings.read_past(connection, cluster_id)

    async def confirm_unchanged(self, listing: Listing, digest: bytes) -> ListingResult:
        """
        Write a listing whose digest is the stored one: its fence and its ledger row, no backup.

        Raises:
            ListingMoved: the cluster was written since its digest was read, so this proves nothing.
            DatabaseError: it is not written.
        """
        unchanged = listings.Unchanged(listing, digest)
        try:
            confirmed = await self._confirmations.ask(unchanged)
        except (TransactionConflict, DatabaseUnavailable):
            confirmed = await again()(self._confirm_again, unchanged)
        if confirmed is None:
            message = f"cluster {listing.cluster.id} was written by another sweep meanwhile"
            raise ListingMoved(message)
        return listings.to_result(listing, "complete", confirmed)

    async def _confirm_again(self, unchanged: listings.Unchanged) -> Counts | None:
        async with self._pool.acquire() as connection:
            done = await listings.read_listing(connection, unchanged.listing.id)
        # Committed before, and only the answer was lost: a second time, its own fence would refuse it.
        return done[1] if done else await self._confirmations.ask(unchanged)

    async def merge_listing(
        self, listing: Listing, spool: Spool | Share, parse: Parse, *, absence: Absence
    ) -> ListingResult:
        """
        Write a listing that has ended, in one transaction.

        Raises:
            ListingMoved, BadAnswer: nothing may be concluded from this listing.
            DatabaseError: it is not written; the stored listing stands as it was.
        """
        merge = Merge(listing=listing, spool=spool, parse=parse, guard=self._guard, absence=absence)
        try:
            outcome, counts = await self._merge_once(merge)
        except (TransactionConflict, DatabaseUnavailable):
            outcome, counts = await again()(self._merge_once, merge)
        return listings.to_result(listing, outcome, counts)

    async def _merge_once(self, merge: Merge) -> tuple[Outcome, Counts]:
        if merge.listing.cluster.id in self._empty:
            self._empty.remove(merge.listing.cluster.id)
            return await write_merge(self._pool, merge, NOTHING_KNOWN)
        async with self._pool.acquire() as connection:
            known = await read_known(connection, merge.listing.cluster.id)
            if known.version >= merge.listing.id and (
                done := await listings.read_listing(connection, merge.listing.id)
            ):
                return done  # committed before; only the answer was lost
        if known.version >= merge.listing.id:
            async with self._pool.acquire() as connection:
                await listings.record_ended(connection, merge.listing, "superseded", listed=len(merge.spool))
            return "superseded", Counts()
        return await write_merge(self._pool, merge, known)

    async def record_failure(self, listing: Listing, error: CollectorError) -> ListingResult:
        """
        Keep why a listing failed. What is stored of its cluster stays as it is.

        If the database cannot be written either, the result says so all the same.
        """
        message = str(error)[: sweeps.MESSAGE_MAX]
        try:
            async with self._pool.acquire() as connection:
                await listings.record_ended(connection, listing, "failed", listed=0, error=error.kind, message=message)
        except DatabaseError as exc:
            message = message if error.kind == exc.kind else f"{message} (and not recorded: {exc})"
        return listings.to_result(listing, "failed", Counts(), error=error.kind, message=message)

    async def _run_draws(self, askers: Sequence[None]) -> list[tuple[int, int]]:
        async with self._pool.acquire() as connection:
            return await listings.draw_listings(connection, len(askers))

    async def _run_confirmations(self, confirmations: Sequence[listings.Unchanged]) -> list[Counts | None]:
        async with self._pool.acquire() as connection:
            confirmed = await listings.confirm_unchanged(connection, confirmations)
        return [confirmed.get(each.listing.id) for each in confirmations]
