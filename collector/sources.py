"""Where clusters are found, and what came of looking there. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

SettledOutcome = Literal["complete", "partial", "failed", "held", "superseded"]
"""Of reading a source of clusters: `held`, too much was gone at once; `superseded`, a newer one came first."""


class Source(NamedTuple):
    """A place where clusters are found: the clusters of one service in a folder, or the folders of a cloud."""

    folder_id: str | None
    """None: the folders of the cloud are the source."""
    service: str | None = None
    cloud_id: str | None = None
    """Of a folder: the cloud through which it was found; None where it was named itself."""

    @property
    def key(self) -> str:
        """Its name: `folder:b1g…/opensearch` or `cloud:b1g…`."""
        return f"cloud:{self.cloud_id}" if self.folder_id is None else f"folder:{self.folder_id}/{self.service}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """What came of one source."""

    source: Source
    outcome: SettledOutcome
    listed: int = 0
    matched: int = 0
    skipped: int = 0
    gone: int = 0
    """Clusters that it named before and names no longer."""
    error: str | None = None
    message: str | None = None

    @property
    def is_complete(self) -> bool:
        """Tell whether what is stored of it is a complete reading, this one or a newer."""
        return self.outcome in {"complete", "superseded"}
