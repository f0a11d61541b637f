"""The ledger's rows for listings that write no backup: begun, unchanged, failed, superseded, and what else is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from collector.records import Counts, Listing, ListingResult, Outcome, Past
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.store.pool import Connection


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A listing whose digest is the stored one."""

    listing: Listing
    digest: bytes


async def draw_listings(connection: Connection, number: int) -> list[tuple[int, int]]:
    """Draw ids (fences) and the time, in microseconds since 2000-01-01, for listings that are about to begin."""
    rows = await connection.fetch(statement("draw_listings"), number)
    return [(row["listing_id"], row["started_at"]) for row in rows]


async def confirm_unchanged(connection: Connection, confirmations: Sequence[Unchanged]) -> dict[int, Counts]:
    """
    Move the fences of clusters that are as they were, and write their ledger rows.

    Returns:
        By listing id, what was confirmed. The others' clusters were written meanwhile.
    """
    columns = zip(*map(_to_confirmation, confirmations), strict=True)
    rows = await connection.fetch(statement("confirm_unchanged"), *map(list, columns))
    return {row["listing_id"]: Counts(unchanged=row["unchanged"], duplicates=row["duplicates"]) for row in rows}


def _to_confirmation(unchanged: Unchanged) -> tuple[object, ...]:
    listing, traffic = unchanged.listing, unchanged.listing.traffic
    return (
        listing.cluster.id,
        listing.id,
        unchanged.digest,
        listing.sweep_id,
        listing.started_at,
        traffic.pages,
        traffic.requests,
        traffic.retries,
        traffic.throttles,
        listing.restarts,
        traffic.bytes,
        traffic.server_request_id,
    )


async def record_ended(
    connection: Connection,
    listing: Listing,
    outcome: Literal["failed", "superseded"],
    *,
    listed: int,
    error: str | None = None,
    message: str | None = None,
) -> None:
    """Write the ledger row of a listing that was not merged. Written once: a second call changes nothing."""
    traffic = listing.traffic
    await connection.execute(
        statement("record_ended"),
        listing.id,
        listing.sweep_id,
        listing.cluster.id,
        outcome,
        listing.started_at,
        traffic.pages,
        traffic.requests,
        traffic.retries,
        traffic.throttles,
        listing.restarts,
        traffic.bytes,
        listed,
        error,
        message,
        traffic.server_request_id,
        listing.via,
    )


async def read_past(connection: Connection, cluster_id: str) -> Past:
    """Read what is stored of a cluster that is not found."""
    row = await connection.fetchrow(statement("read_past"), cluster_id)
    if row is None:
        return Past(folder_id=None, named=frozenset(), has_unnamed=False, seen=False)
    return Past(
        folder_id=row["folder_id"], named=frozenset(row["named"]), has_unnamed=row["has_unnamed"], seen=row["seen"]
    )


async def read_listing(connection: Connection, listing_id: int) -> tuple[Outcome, Counts] | None:
    """Read what came of a listing that may have been committed; None if it was not."""
    row = await connection.fetchrow(statement("read_listing"), listing_id)
    if row is None:
        return None
    return row["outcome"], Counts(**{name: row[name] for name in Counts.__slots__})


def to_result(
    listing: Listing, outcome: Outcome, counts: Counts, *, error: str | None = None, message: str | None = None
) -> ListingResult:
    """Say what came of a listing."""
    return ListingResult(
        cluster=listing.cluster,
        outcome=outcome,
        traffic=listing.traffic,
        counts=counts,
        listing_id=listing.id,
        error=error,
        message=message,
    )
