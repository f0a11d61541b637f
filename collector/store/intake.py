"""
What has been read of a listing's unknown records: rows to write, names to keep, records to put aside.

Records come in chunks and are handed on in chunks; only their ids stay for the whole listing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.errors import BadAnswer, ListingMoved, UnreadableValue
from collector.records import BACKUP_ID, Backup, IndexSet, RawRecords
from collector.store.rows import Row, index_sets_in, to_rows

if TYPE_CHECKING:
    from collector.records import Listing

RAW_BYTES_MAX: Final = 1 << 20
"""How much of a record in quarantine is kept."""

KEPT_MAX: Final = 1_000
"""How many records the quarantine of one cluster holds; what comes after is counted in the ledger, and not kept."""

FOREIGN_SHARE_MAX: Final = 0.1
"""More of another cluster's records than this means that the answer as a whole is not ours."""

FOREIGN: Final = "foreign_record"
"""The kind of refusal that says so."""

Parse = Callable[[RawRecords], Sequence[Backup | UnreadableValue]]
"""Records as received in; beside each a backup, or why it cannot be stored exactly."""


class Refusal(NamedTuple):
    """A record for the quarantine, in the order of the statement's columns."""

    fingerprint: bytes
    backup_id: str | None
    field: str | None
    reason: str
    raw: bytes
    raw_size_bytes: int


@dataclass(slots=True)
class Chunk:
    """What one chunk of records came to."""

    rows: list[Row] = field(default_factory=list)
    index_sets: list[IndexSet] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Intake:
    """Reads one listing's records; remembers which ids it has seen and how many it refused."""

    listing: Listing
    listed: int
    """Records in the whole listing."""
    listed_ids: set[str]
    """Ids known to be listed: to begin with, those recognised without reading."""
    refused_ids: set[str] = field(default_factory=set)
    """Ids of records of this cluster that were put aside."""
    refused: int = 0
    foreign: int = 0

    def read(self, raws: RawRecords, fingerprints: Sequence[bytes], parse: Parse) -> Chunk:
        """
        Read records; what cannot be read exactly is put aside.

        Raises:
            ListingMoved: an id was listed before, with other content.
            BadAnswer: too many records belong to another cluster.
        """
        results = parse(raws)
        backups = [result for result in results if not isinstance(result, UnreadableValue)]
        chunk = Chunk()
        if len(backups) < len(results):
            chunk.refusals = self._refuse(results, raws, fingerprints)
            refused = {refusal.fingerprint for refusal in chunk.refusals}
            fingerprints = [fingerprint for fingerprint in fingerprints if fingerprint not in refused]
        self._take_ids([str(backup[BACKUP_ID]) for backup in backups], refused=_own_ids(results))
        chunk.rows = to_rows(backups, fingerprints, self.listing)
        chunk.index_sets = index_sets_in(backups, self.listing.cluster.service)
        return chunk

    def _refuse(
        self, results: Sequence[Backup | UnreadableValue], raws: RawRecords, fingerprints: Sequence[bytes]
    ) -> list[Refusal]:
        refusals = [
            Refusal(fingerprint, why.backup_id, why.field, why.reason, raw[:RAW_BYTES_MAX], len(raw))
            for why, raw, fingerprint in zip(results, raws, fingerprints, strict=True)
            if isinstance(why, UnreadableValue)
        ]
        self.refused += len(refusals)
        self.foreign += sum(isinstance(why, UnreadableValue) and why.kind == FOREIGN for why in results)
        if self.foreign > FOREIGN_SHARE_MAX * self.listed:
            message = f"{self.foreign} of {self.listed} backups belong to another cluster"
            raise BadAnswer(message)
        return refusals

    def _take_ids(self, ids: Sequence[str], *, refused: Sequence[str]) -> None:
        # Twins alike to the byte have collapsed before: a second one says something else, readable or not.
        taken = [*ids, *refused]
        distinct = set(taken)
        if len(distinct) < len(taken) or not (
            distinct.isdisjoint(self.listed_ids) and distinct.isdisjoint(self.refused_ids)
        ):
            double = _first_double(taken, self.listed_ids | self.refused_ids)
            message = f"backup {double} was listed twice with different content"
            raise ListingMoved(message)
        self.listed_ids.update(ids)
        self.refused_ids.update(refused)


def _own_ids(results: Sequence[Backup | UnreadableValue]) -> list[str]:
    return [
        result.backup_id
        for result in results
        if isinstance(result, UnreadableValue) and result.backup_id is not None and result.kind != FOREIGN
    ]


def _first_double(ids: Sequence[str], before: set[str]) -> str:
    seen = set(before)
    for backup_id in ids:
        if backup_id in seen:
            return backup_id
        seen.add(backup_id)
    raise AssertionError("no id is double")
