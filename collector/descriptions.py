"""What a discovery brings home: how sources were read, and clusters as the API describes them. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from collector.records import ClusterId, Traffic
from collector.sources import Source

ReadingOutcome = Literal["complete", "partial", "held", "failed"]
"""Of one source: all was read; some records were unreadable; too many folders were gone at once; it did not end."""


class Schedule(NamedTuple):
    """What a cluster says of its automatic backups. None is what it does not say."""

    period_s: float | None = None
    retention_days: int | None = None


class ClusterDescription(NamedTuple):
    """A cluster as the API describes it. None is a field that the API left out."""

    cluster_id: ClusterId
    service: str
    folder_id: str
    name: str | None = None
    labels: Mapping[str, str] = {}
    environment: str | None = None
    status: str | None = None
    health: str | None = None
    schedule: Schedule = Schedule()


class Known(NamedTuple):
    """A cluster that the newest readings name."""

    description: ClusterDescription
    matched: bool
    """Whether an entry of the configuration wants it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the reading of one source ended."""

    source: Source
    outcome: ReadingOutcome
    traffic: Traffic = field(default_factory=Traffic)
    listed: int = 0
    """Records on all pages."""
    skipped: int = 0
    """Records among them that could not be read."""
    clusters: Sequence[Known] = ()
    """Of a folder."""
    folder_ids: frozenset[str] = frozenset()
    """Of a cloud."""
    error: str | None = None
    """The kind of error of a failed one."""
    message: str | None = None
