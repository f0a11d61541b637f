"""
One listing into the database: read what is known, parse what is not, write the difference. One transaction.

It refuses to conclude anything from a listing that moved, or from a cluster that was written since it was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from struct import Struct
from typing import TYPE_CHECKING, Final

from collector.errors import TransactionConflict
from collector.fingerprints import FINGERPRINT_BYTES
from collector.records import Counts
from collector.store.intake import Chunk, Intake, Parse
from collector.store.judge import Absence, Known, Recognised, judge, recognise
from collector.store.parts import Last, cluster_moved, merge_part
from collector.store.rows import BACKUP_ID, Row, chunks, columns_of
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.records import Guard, Listing, Outcome
    from collector.spool import Share, Spool
    from collector.store.pool import Connection, Pool

_FINGERPRINTS: Final = Struct(f"{FINGERPRINT_BYTES}s")

COPY_MIN: Final = 64
"""From this many unknown records on, a transaction with COPY beats one statement."""

CHUNK: Final = 2000
"""Records read and written at a time: bounds the memory a giant cluster takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """All that a merge needs to know about its listing."""

    listing: Listing
    spool: Spool | Share
    parse: Parse
    guard: Guard
    absence: Absence

    def read(self, intake: Intake, positions: Sequence[int]) -> Chunk:
        """Read the records at these positions. Raises what `Intake.read` raises."""
        marks = self.spool.fingerprints
        return intake.read(self.spool.read(positions), [marks[at] for at in positions], self.parse)


async def read_known(connection: Connection, cluster_id: str) -> Known:
    """Read what is stored of a cluster and not vanished."""
    row = await connection.fetchrow(statement("read_known"), cluster_id)
    if row is None:
        message = f"cluster {cluster_id} is not registered"
        raise TransactionConflict(message)
    return Known(
        version=row["last_listing_id"],
        complete_listing_id=row["complete_listing_id"],
        live=_by_fingerprint(row["live_ids"], row["live_fingerprints"]),
        missing=_by_fingerprint(row["missing_ids"], row["missing_fingerprints"]),
        has_rows=row["has_rows"],
    )


def _by_fingerprint(ids: Sequence[str] | None, fingerprints: bytes | None) -> dict[bytes, str]:
    if not ids or not fingerprints:
        return {}
    return dict(zip(chain.from_iterable(_FINGERPRINTS.iter_unpack(fingerprints)), ids, strict=True))


async def write_merge(pool: Pool, merge: Merge, known: Known) -> tuple[Outcome, Counts]:
    """
    Write one listing, whole or not at all, into a cluster that is still as `known` says.

    Raises:
        TransactionConflict: the cluster was written meanwhile; read again.
        ListingMoved: one id twice with different content.
        BadAnswer: too many records belong to another cluster.
    """
    recognised = recognise(known, merge.spool.fingerprints)
    unknown = len(recognised.unknown)
    if unknown > CHUNK or (unknown >= COPY_MIN and known.has_rows):
        async with pool.transaction() as connection:
            return await write_in_chunks(connection, merge, known=known, recognised=recognised)
    writer = _Writer(merge, known, recognised)
    chunk = merge.read(writer.intake, recognised.unknown)
    if unknown >= COPY_MIN:
        async with pool.transaction() as connection:
            return await writer.write_first(connection, chunk)
    async with pool.acquire() as connection:
        return await writer.finish(connection, chunk)


async def write_in_chunks(
    connection: Connection, merge: Merge, *, known: Known, recognised: Recognised
) -> tuple[Outcome, Counts]:
    """Write a listing of any size inside an open transaction, in bounded memory. Raises what `write_merge` raises."""
    listing = merge.listing
    if await connection.fetchval(statement("lock_cluster"), listing.cluster.id, known.version) is None:
        raise cluster_moved(listing)
    writer = _Writer(merge, known, recognised)
    for positions in chunks(recognised.unknown, CHUNK):
        await writer.write(connection, merge.read(writer.intake, positions))
    return await writer.finish(connection, Chunk())


class _Writer:
    """The writing of one merge, chunk by chunk."""

    def __init__(self, merge: Merge, known: Known, recognised: Recognised) -> None:
        self._merge = merge
        self._known = known
        self._recognised = recognised
        self._done = Counts()
        self.intake = Intake(listing=merge.listing, listed=len(merge.spool), listed_ids=recognised.listed_ids())

    async def write(self, connection: Connection, chunk: Chunk) -> None:
        """Write a chunk that is not the last: new rows by COPY straight into their table, the rest by statement."""
        new_rows, chunk.rows = await self._split(connection, chunk.rows)
        self._done += await merge_part(connection, self._merge.listing, chunk, version=self._known.version)
        await self._copy(connection, new_rows)
        self._done += Counts(inserted=len(new_rows))

    async def write_first(self, connection: Connection, chunk: Chunk) -> tuple[Outcome, Counts]:
        """
        Write the only chunk of a cluster of which nothing was stored: what closes the listing, then all rows by COPY.

        In this order the cluster's row is held, and known to be as it was read, before any row goes in.
        """
        new_rows, chunk.rows = chunk.rows, []
        self._done += Counts(inserted=len(new_rows))
        result = await self.finish(connection, chunk)
        await self._copy(connection, new_rows)
        return result

    async def _copy(self, connection: Connection, rows: list[Row]) -> None:
        columns = columns_of(self._merge.listing.cluster.service)
        await connection.copy_records_to_table("backup", schema_name="collector", columns=columns, records=rows)

    async def _split(self, connection: Connection, rows: list[Row]) -> tuple[list[Row], list[Row]]:
        """Tell new rows from those that are stored in any state."""
        if not self._known.has_rows:
            return rows, []
        ids = [row[BACKUP_ID] for row in rows]
        found = await connection.fetch(statement("read_stored_ids"), self._merge.listing.cluster.id, ids)
        stored = {row["backup_id"] for row in found}
        new = [row for row in rows if row[BACKUP_ID] not in stored]
        return new, [row for row in rows if row[BACKUP_ID] in stored]

    async def finish(self, connection: Connection, chunk: Chunk) -> tuple[Outcome, Counts]:
        """Write the last chunk, what is absent, and the ledger; this moves the fence."""
        merge, recognised, intake = self._merge, self._recognised, self.intake
        verdict = judge(
            self._known,
            intake.listed_ids,
            quarantined=intake.refused,
            guard=merge.guard,
            absence=merge.absence,
        )
        counts = self._done + Counts(
            unchanged=len(recognised.live_ids), quarantined=intake.refused, duplicates=recognised.duplicates
        )
        last = Last(
            verdict=verdict,
            returned=recognised.returned_ids,
            counts=counts,
            listed=len(merge.spool),
            digest=merge.spool.digest() if verdict.settled else None,
        )
        counts += await merge_part(connection, merge.listing, chunk, version=self._known.version, last=last)
        absent = Counts(
            missing=len(verdict.missing), vanished=len(verdict.vanished), returned=len(recognised.returned_ids)
        )
        return verdict.outcome, counts + absent
