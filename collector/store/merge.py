"""
One listing into the database: read what is known, parse what is not, write the difference. One transaction.

It refuses to conclude anything from a listing that moved, or from a cluster that was written since it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from collector.errors import BadAnswer, ListingMoved, TransactionConflict, UnreadableValue
from collector.records import Backup, Counts, Guard, IndexSet, Listing, Outcome
from collector.spool import FINGERPRINT_BYTES, Spool
from collector.store.judge import Absence, Known, Recognised, Verdict, judge, recognise
from collector.store.rows import COLUMNS, Row, chunks, to_columns, to_index_sets, to_row
from collector.store.statements import statement

if TYPE_CHECKING:
    from uuid import UUID

    from collector.store.pool import Connection, Pool

COPY_MIN: Final = 64
"""From this many new backups on, a transaction with COPY beats one statement."""

CHUNK: Final = 2000
"""Records read and written at a time: bounds the memory a giant cluster takes."""

RAW_BYTES_MAX: Final = 1 << 20
FOREIGN_SHARE_MAX: Final = 0.1
"""More of another cluster's records than this means that the answer as a whole is not ours."""

Parse = Callable[[Sequence[bytes]], Sequence[Backup | UnreadableValue]]
Refusal = tuple[bytes, str | None, str | None, str, bytes, int]


@dataclass(slots=True)
class Reading:
    """What has been read of the unknown records so far."""

    listed_ids: set[str]
    rows: list[Row] = field(default_factory=list)
    index_sets: dict[UUID, IndexSet] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    _newest_set: IndexSet | None = None
    refused: int = 0
    foreign: int = 0

    def add(self, raws: Sequence[bytes], fingerprints: Sequence[bytes], parse: Parse) -> None:
        """
        Read records; what cannot be read exactly is put aside.

        Raises:
            ListingMoved: an id was listed before, with other content.
        """
        for backup, raw, fingerprint in zip(parse(raws), raws, fingerprints, strict=True):
            if isinstance(backup, UnreadableValue):
                self._refuse(raw, fingerprint, backup)
                continue
            if backup.backup_id in self.listed_ids:
                message = f"backup {backup.backup_id} was listed twice with different content"
                raise ListingMoved(message)
            self.listed_ids.add(backup.backup_id)
            self.rows.append(to_row(backup, fingerprint))
            if (index_set := backup.index_set) is not None and index_set is not self._newest_set:
                self.index_sets[index_set.key] = self._newest_set = index_set

    def _refuse(self, raw: bytes, fingerprint: bytes, why: UnreadableValue) -> None:
        self.refused += 1
        self.foreign += why.kind == "foreign_record"
        self.refusals.append((fingerprint, why.backup_id, why.field, why.reason, raw[:RAW_BYTES_MAX], len(raw)))

    def take(self) -> tuple[list[Row], list[IndexSet], list[Refusal]]:
        """Hand over what was read since the last time."""
        taken = self.rows, list(self.index_sets.values()), self.refusals
        self.rows, self.index_sets, self.refusals, self._newest_set = [], {}, [], None
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Merge:
    """All that a merge needs to know about its listing."""

    listing: Listing
    spool: Spool
    parse: Parse
    guard: Guard
    absence: Absence


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
    size = FINGERPRINT_BYTES
    return {fingerprints[at * size : (at + 1) * size]: backup_id for at, backup_id in enumerate(ids)}


async def write_merge(pool: Pool, merge: Merge, known: Known) -> tuple[Outcome, Counts]:
    """
    Write one listing, whole or not at all, into a cluster that is still as `known` says.

    Raises:
        TransactionConflict: the cluster was written meanwhile; read again.
        ListingMoved: one id twice with different content.
        BadAnswer: too many records belong to another cluster.
    """
    recognised = recognise(known, merge.spool.fingerprints)
    if len(recognised.unknown) < COPY_MIN:
        reading = Reading(listed_ids=recognised.listed_ids())
        _read(merge, reading, recognised.unknown)
        async with pool.acquire() as connection:
            return await _finish(connection, merge, known, recognised, reading, Counts())
    async with pool.transaction() as connection:
        return await write_in_chunks(connection, merge, known, recognised)


async def write_in_chunks(
    connection: Connection, merge: Merge, known: Known, recognised: Recognised
) -> tuple[Outcome, Counts]:
    """Write a listing of any size inside an open transaction; memory is bounded by the chunk. Raises as `write_merge`."""
    if await connection.fetchval(statement("lock_cluster"), merge.listing.cluster.id, known.version) is None:
        raise _moved(merge.listing)
    reading = Reading(listed_ids=recognised.listed_ids())
    counts = Counts()
    for positions in chunks(recognised.unknown, CHUNK):
        _read(merge, reading, positions)
        counts += await _write_chunk(connection, merge, known, reading)
    return await _finish(connection, merge, known, recognised, reading, counts)


def _read(merge: Merge, reading: Reading, positions: Sequence[int]) -> None:
    spool = merge.spool
    reading.add(list(spool.read(positions)), [spool.fingerprints[at] for at in positions], merge.parse)
    if reading.foreign > FOREIGN_SHARE_MAX * len(merge.spool):
        message = f"{reading.foreign} of {len(merge.spool)} backups belong to another cluster"
        raise BadAnswer(message)


async def _write_chunk(connection: Connection, merge: Merge, known: Known, reading: Reading) -> Counts:
    """Write what was read so far inside an open transaction: new rows by COPY, the rest by statement."""
    rows, index_sets, refusals = reading.take()
    stored: set[str] = set()
    if known.has_rows:
        ids = [row[0] for row in rows]
        found = await connection.fetch(statement("read_stored_ids"), merge.listing.cluster.id, ids)
        stored = {row["backup_id"] for row in found}
    known_rows = [row for row in rows if row[0] in stored]
    new_rows = [row for row in rows if row[0] not in stored]
    counts = await _execute(connection, _Part(merge, known, known_rows, index_sets, refusals))
    await copy_backups(connection, merge.listing, new_rows)
    return counts + Counts(inserted=len(new_rows))


async def copy_backups(connection: Connection, listing: Listing, rows: Sequence[Row]) -> None:
    """COPY backups that are known to be new straight into their table."""
    prefix = (listing.cluster.id, listing.started_at)
    await connection.copy_records_to_table(
        "backup",
        schema_name="collector",
        columns=("cluster_id", "first_seen_at", *COLUMNS),
        records=[prefix + row for row in rows],
    )


async def _finish(  # noqa: PLR0913 - the last step needs what all earlier ones found
    connection: Connection, merge: Merge, known: Known, recognised: Recognised, reading: Reading, done: Counts
) -> tuple[Outcome, Counts]:
    """Write what is left, what is absent, and the ledger; this moves the fence."""
    verdict = judge(known, reading.listed_ids, quarantined=reading.refused, guard=merge.guard, absence=merge.absence)
    base = done + Counts(
        unchanged=len(recognised.live_ids),
        quarantined=reading.refused,
        duplicates=recognised.duplicates,
    )
    last = _Last(verdict=verdict, returned=recognised.returned_ids, base=base)
    counts = await _execute(connection, _Part(merge, known, *reading.take()), last)
    absent = Counts(missing=len(verdict.missing), vanished=len(verdict.vanished), returned=len(recognised.returned_ids))
    return verdict.outcome, base + counts + absent


@dataclass(frozen=True, slots=True)
class _Part:
    merge: Merge
    known: Known
    rows: list[Row]
    index_sets: list[IndexSet]
    refusals: list[Refusal]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Last:
    """What only the last part of a merge writes."""

    verdict: Verdict
    returned: list[str]
    base: Counts


_NOTHING_LAST: Final = _Last(
    verdict=Verdict(outcome="partial", missing=[], vanished=[], settled=False), returned=[], base=Counts()
)


async def _execute(connection: Connection, part: _Part, last: _Last | None = None) -> Counts:
    listing, traffic = part.merge.listing, part.merge.listing.traffic
    tail = last or _NOTHING_LAST
    verdict, base = tail.verdict, tail.base
    row = await connection.fetchrow(
        statement("merge_listing"),
        listing.cluster.id,
        listing.id,
        part.known.version,
        listing.started_at,
        last is not None,
        verdict.outcome,
        part.merge.spool.digest() if verdict.settled else None,
        *to_index_sets(part.index_sets),
        *to_columns(part.rows, len(COLUMNS)),
        tail.returned,
        verdict.missing,
        verdict.vanished,
        *to_columns(part.refusals, 6),
        listing.sweep_id,
        traffic.pages,
        traffic.requests,
        traffic.retries,
        traffic.throttles,
        listing.restarts,
        traffic.bytes,
        len(part.merge.spool),
        base.inserted,
        base.updated,
        base.unchanged,
        base.returned,
        base.quarantined,
        base.duplicates,
        traffic.server_request_id,
    )
    if row is None:
        raise _moved(listing)
    return Counts(
        inserted=row["inserted"], updated=row["updated"], unchanged=row["rewritten"], returned=row["returned"]
    )


def _moved(listing: Listing) -> TransactionConflict:
    return TransactionConflict(f"cluster {listing.cluster.id} was written while listing {listing.id} was being merged")
