"""What travels between the stages: clusters, pages, backups, and the outcome of a listing. Values only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, Literal, NamedTuple, NewType, TypeAlias
from uuid import UUID

from collector.sources import Discovered

ClusterId = NewType("ClusterId", str)

CLUSTER_ID_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
"""What may stand in a URL's path as an id (fullmatch). The alphabet is ours, so that no id can leave its path."""

Via = Literal["cluster", "folder"]
"""Which list a listing has read: the cluster's own or, of a cluster that answers 404, its folder's."""

Outcome = Literal["complete", "partial", "held", "failed", "superseded"]
"""Of a listing."""

SweepOutcome = Literal["complete", "partial", "failed", "interrupted"]
"""Of a sweep: every cluster is complete, some are not, every listing failed; or it was stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """One managed database cluster as the configuration names it, filled up with what a discovery read."""

    id: ClusterId
    service: str = "opensearch"
    name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    folder_id: str | None = None
    """Its folder, where known: backups of a deleted cluster are listed there."""
    max_age_s: float = 26 * 3600.0
    """How old the newest backup may be."""
    max_age_source: Literal["config", "schedule", "default"] = "default"
    """Who says so: the cluster's entry, its own schedule in the API, or the common default."""
    retention_s: float | None = None
    """How long an automatic backup is kept, where known."""
    retention_source: Literal["config", "schedule"] | None = None
    source: Literal["config", "discovery"] = "config"
    """How we know of it."""


class Folder(NamedTuple):
    """The list of all backups of one service in one folder, those of deleted clusters among them."""

    service: str
    id: str


class Past(NamedTuple):
    """What is stored of a cluster that is not found."""

    folder_id: str | None
    """The folder it was last known to be in, else the one that its newest backup names."""
    named: frozenset[str]
    """All folders that its backups name, the vanished ones aside."""
    has_unnamed: bool
    """Whether one of these backups names no folder."""
    seen: bool
    """Whether a backup or a complete listing of it is stored."""


class Page(NamedTuple):
    """One page of a listing."""

    records: list[bytes]
    """Each record as received: the bytes of a JSON object."""
    next_token: str | None
    """None: this was the last page."""
    digest: bytes
    """16 bytes, of the whole page as received."""


@dataclass(frozen=True, slots=True)
class RawRecords:
    """Records as received, in one piece: of neighbours each is parted from the next by a comma."""

    joined: bytes
    ends: Sequence[int]
    """Where each of them ends in it."""

    @classmethod
    def of(cls, records: Sequence[bytes]) -> RawRecords:
        """Join records."""
        return cls(b",".join(records), [end - 1 for end in accumulate(len(record) + 1 for record in records)])

    def __len__(self) -> int:
        """Count them."""
        return len(self.ends)

    def __iter__(self) -> Iterator[bytes]:
        """Give each alone."""
        begin = 0
        for end in self.ends:
            yield self.joined[begin:end]
            begin = end + 1


class IndexSet(NamedTuple):
    """
    A list of index names, stored once for all backups that hold it.

    `key` is the first 16 bytes of a SHA-256 over the names in the API's order, joined by NUL
    (which no name can contain), as a UUID.
    """

    key: UUID
    names: tuple[str, ...]


Backup: TypeAlias = tuple[str | int | tuple[str, ...] | IndexSet | None, ...]
"""
One backup, every value exact: those of its service's columns (`Service.columns`), in their order.

None is a field that the API left out. An instant is two values: microseconds since 2000-01-01T00:00:00Z, floored, and
the 0–999 nanoseconds beyond them. Names of indices are an `IndexSet`, other lists of names a tuple, which may be empty.
The last value is what the service has no column for, as one JSON object.
"""

BACKUP_ID: Final = 0
FOLDER_ID: Final = 1
SOURCE_CLUSTER_ID: Final = 2
"""Where these values stand in it, whatever the service."""


@dataclass(slots=True)
class Traffic:
    """What one listing cost on the wire. The API client counts; the ledger keeps it."""

    pages: int = 0
    requests: int = 0
    retries: int = 0
    throttles: int = 0
    bytes: int = 0
    """Decoded bytes of all bodies received."""
    server_request_id: str | None = None
    """The newest request id that the server named (`x-request-id`, or RequestInfo in an error's details)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """When too much is gone at once: more than max(`rows`, `share` × live backups)."""

    rows: int = 5
    share: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One reading of one cluster that has begun: its fence, and what it costs."""

    id: int
    """The fence: a higher id began later."""
    cluster: Cluster
    sweep_id: int | None
    """None in a dry run."""
    started_at: int
    """Microseconds since 2000-01-01, on the database's clock."""
    restarts: int = 0
    traffic: Traffic = field(default_factory=Traffic)
    via: Via = "cluster"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a listing did to the stored backups of its cluster, in backups."""

    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    missing: int = 0
    vanished: int = 0
    returned: int = 0
    quarantined: int = 0
    duplicates: int = 0
    """Records listed twice with identical content."""

    def nonzero(self) -> dict[str, int]:
        """Name what happened at all."""
        return {name: number for name in self.__slots__ if (number := getattr(self, name))}

    def changes(self) -> int:
        """Count what is not as it was, or could not be read."""
        return self.inserted + self.updated + self.missing + self.vanished + self.returned + self.quarantined

    def __add__(self, other: Counts) -> Counts:
        """Add field by field."""
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingResult:
    """What came of one listing."""

    cluster: Cluster
    outcome: Outcome
    traffic: Traffic
    counts: Counts = field(default_factory=Counts)
    listing_id: int | None = None
    """None where not even the fence could be drawn."""
    error: str | None = None
    """The kind of error of a failed listing."""
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What came of a sweep. Instants are microseconds since 2000-01-01, on the database's clock."""

    outcome: SweepOutcome
    results: Sequence[ListingResult]
    sweep_id: int | None = None
    """None for a dry run."""
    started_at: int | None = None
    finished_at: int | None = None
    """None where the end could not be written, and for a dry run."""
    overtaken: frozenset[str] = field(default_factory=frozenset)
    """Superseded clusters of which a newer complete listing is committed."""
    discovered: Sequence[Discovered] = ()
    """What came of the sources of clusters, where the configuration names any."""

    def is_complete(self, result: ListingResult) -> bool:
        """Tell whether a complete listing from this sweep or a newer one is committed."""
        return result.outcome == "complete" or result.cluster.id in self.overtaken

    def is_whole(self) -> bool:
        """Tell whether every source of clusters was read, and every cluster is complete."""
        return all(map(self.is_complete, self.results)) and all(each.is_complete for each in self.discovered)
