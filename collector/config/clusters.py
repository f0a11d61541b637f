"""Section `clusters`: what to watch."""

from __future__ import annotations

from types import MappingProxyType

from pydantic import Field

from collector.config.settings import Settings
from collector.config.values import ClusterName, ConfiguredId, Duration, FolderId, Labels, ServiceName


class ClusterSettings(Settings):
    """One cluster to watch."""

    id: ConfiguredId
    """The cluster's id."""

    service: ServiceName = "opensearch"
    """Which managed database it is."""

    name: ClusterName | None = None
    """A name for people; null: none."""

    labels: Labels = Field(default_factory=lambda: MappingProxyType({}))
    """Up to 64 pairs of text to group and filter clusters by; null: none."""

    folder: FolderId | None = None
    """Id of its folder, where its backups are still listed once the cluster is deleted; null: learned from the API."""

    max_age_s: Duration | None = None
    """How old the newest backup may be; null: what the cluster's own schedule says, else `freshness.max_age`."""

    retention_s: Duration | None = None
    """How long an automatic backup is kept; null: what the cluster itself says, where it is discovered."""
