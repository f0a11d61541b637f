"""The statement that merges a listing, or a part of one: its parameters in, what it did out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.errors import TransactionConflict
from collector.records import Counts
from collector.store.intake import KEPT_MAX, Chunk, Refusal
from collector.store.judge import Verdict
from collector.store.rows import to_columns, to_index_sets, to_parameters
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.records import Listing
    from collector.store.pool import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """What only the last part of a merge writes: absence, and the ledger."""

    verdict: Verdict
    returned: list[str]
    """Missing backups that are listed again, unchanged."""
    counts: Counts
    """What the earlier parts and the recognition without reading came to."""
    listed: int
    digest: bytes | None
    """What proves the next listing unchanged; None: nothing does."""


_NOT_LAST: Final = Last(
    verdict=Verdict(outcome="partial", missing=[], vanished=[], settled=False),
    returned=[],
    counts=Counts(),
    listed=0,
    digest=None,
)


async def merge_part(
    connection: Connection, listing: Listing, chunk: Chunk, *, version: int, last: Last | None = None
) -> Counts:
    """
    Write a chunk, and with the last one all that closes the listing, if the cluster is still as it was read.

    Args:
        connection: in a transaction, unless this is the only part.
        listing: whose merge it is.
        chunk: rows to insert or update, index sets, records for the quarantine.
        version: the cluster's fence as it was read.
        last: None if more parts follow.

    Raises:
        TransactionConflict: the cluster was written meanwhile; nothing was.
    """
    end = last or _NOT_LAST
    row = await connection.fetchrow(
        statement("merge_listing"),
        listing.cluster.id,
        listing.id,
        version,
        listing.started_at,
        last is not None,
        end.verdict.outcome,
        end.digest,
        *to_index_sets(chunk.index_sets),
        *to_parameters(chunk.rows, listing.cluster.service),
        end.returned,
        end.verdict.missing,
        end.verdict.vanished,
        *to_columns(chunk.refusals, len(Refusal._fields)),
        *_ledger(listing, end),
        KEPT_MAX,
    )
    if row is None:
        raise cluster_moved(listing)
    return Counts(
        inserted=row["inserted"], updated=row["updated"], unchanged=row["rewritten"], returned=row["returned"]
    )


def _ledger(listing: Listing, end: Last) -> tuple[object, ...]:
    traffic, counts = listing.traffic, end.counts
    return (
        listing.sweep_id,
        traffic.pages,
        traffic.requests,
        traffic.retries,
        traffic.throttles,
        listing.restarts,
        traffic.bytes,
        end.listed,
        counts.inserted,
        counts.updated,
        counts.unchanged,
        counts.returned,
        counts.quarantined,
        counts.duplicates,
        traffic.server_request_id,
        listing.via,
    )


def cluster_moved(listing: Listing) -> TransactionConflict:
    """Say that the cluster is not as it was read."""
    return TransactionConflict(f"cluster {listing.cluster.id} was written while listing {listing.id} was being merged")
