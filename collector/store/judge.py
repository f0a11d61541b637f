"""
What a listing that has ended says about the backups we know. No I/O.

Absence is judged here and nowhere else: only a complete listing can make a backup missing,
and only a second one in a row can make it vanished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collector.records import Guard

Absence = Literal["guarded", "allowed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is stored of a cluster and not vanished."""

    version: int
    """The fence as it was read: what is decided from this holds only while it stands."""
    complete_listing_id: int | None
    live: dict[bytes, str]
    """Fingerprint → id."""
    missing: dict[bytes, str]
    has_rows: bool
    """Whether any backup is stored, vanished ones too."""


NOTHING_KNOWN: Final = Known(version=0, complete_listing_id=None, live={}, missing={}, has_rows=False)
"""Of a cluster of which nothing was ever merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A listing held against what is known, by fingerprint alone."""

    live_ids: set[str]
    """Ids of live backups that are listed unchanged."""
    returned_ids: list[str]
    """Ids of missing backups that are listed unchanged."""
    unknown: list[int]
    """Positions of the records that must be read: new or changed. Of identical ones the first."""
    duplicates: int
    """Records listed twice with identical content."""

    def listed_ids(self) -> set[str]:
        """Collect the ids of all recognised records, in a new set."""
        return self.live_ids.union(self.returned_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be written about absence."""

    outcome: Literal["complete", "partial", "held"]
    missing: list[str]
    vanished: list[str]
    settled: bool
    """Complete, and no backup missing: the next listing that is identical proves that nothing changed."""


def recognise(known: Known, fingerprints: Sequence[bytes]) -> Recognised:
    """Tell the records that are stored already from those that must be read."""
    distinct = set(fingerprints)
    if known.missing or len(distinct) < len(fingerprints):
        return _recognise_one_by_one(known, fingerprints)
    unknown = distinct.difference(known.live)
    return Recognised(
        live_ids=set(map(known.live.__getitem__, distinct - unknown)),
        returned_ids=[],
        unknown=[position for position, fingerprint in enumerate(fingerprints) if fingerprint in unknown],
        duplicates=0,
    )


def _recognise_one_by_one(known: Known, fingerprints: Sequence[bytes]) -> Recognised:
    live_ids: set[str] = set()
    returned_ids: list[str] = []
    unknown: list[int] = []
    seen: set[bytes] = set()
    duplicates = 0
    for position, fingerprint in enumerate(fingerprints):
        if fingerprint in seen:
            duplicates += 1
            continue
        seen.add(fingerprint)
        if (backup_id := known.live.get(fingerprint)) is not None:
            live_ids.add(backup_id)
        elif (backup_id := known.missing.get(fingerprint)) is not None:
            returned_ids.append(backup_id)
        else:
            unknown.append(position)
    return Recognised(live_ids=live_ids, returned_ids=returned_ids, unknown=unknown, duplicates=duplicates)


def judge(known: Known, listed_ids: set[str], *, quarantined: int, guard: Guard, absence: Absence) -> Verdict:
    """
    Decide what the absence of known backups means.

    Args:
        known: what was stored before.
        listed_ids: the ids of all readable records of the listing.
        quarantined: how many records were not readable. Any: partial, since one of them may be what is absent.
        guard: how much may go missing at once.
        absence: `allowed` lifts the guard.
    """
    if quarantined:
        return Verdict(outcome="partial", missing=[], vanished=[], settled=False)
    missing = [backup_id for backup_id in known.live.values() if backup_id not in listed_ids]
    vanished = [backup_id for backup_id in known.missing.values() if backup_id not in listed_ids]
    if absence == "guarded" and len(missing) > max(guard.rows, guard.share * len(known.live)):
        return Verdict(outcome="held", missing=[], vanished=[], settled=False)
    return Verdict(outcome="complete", missing=missing, vanished=vanished, settled=not missing)
