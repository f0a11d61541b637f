"""
Which clusters a sweep is about: the configuration's and the discovered ones, cut down to what was asked for.

A shard is chosen by rendezvous hashing: every process finds the same answer alone, and when their number
changes from N to N + 1 only about one cluster in N + 1 moves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from collector.descriptions import ClusterDescription
from collector.errors import UsageError
from collector.expectations import expected_max_age_s, retention_s
from collector.records import Cluster

if TYPE_CHECKING:
    from collector.config import ClusterSettings, Config
    from collector.descriptions import Known

_SHARD: Final = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `index` of `count`, counted from 0."""

    index: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `I/N`. Raises UsageError where it is not that, or I is not below N."""
        match = _SHARD.fullmatch(text)
        if match is None:
            message = f"shard {text!r}: wants I/N, such as 0/4"
            raise UsageError(message)
        shard = cls(int(match[1]), int(match[2]))
        if shard.index >= shard.count:
            message = f"shard {text}: shards count from 0, so I must be below N"
            raise UsageError(message)
        return shard

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self | None:
        """
        Read the pod's place in an Indexed Job; None outside one.

        Kubernetes sets the index; the number of completions is the manifest's to set.
        """
        index, count = env.get("JOB_COMPLETION_INDEX", ""), env.get("JOB_COMPLETIONS", "")
        if not index:
            return None
        if not count:
            message = "JOB_COMPLETION_INDEX is set, JOB_COMPLETIONS is not: set it to the Job's number, or use --shard"
            raise UsageError(message)
        return cls.parse(f"{index}/{count}")

    def holds(self, cluster_id: str) -> bool:
        """Tell whether this shard is the one that the cluster belongs to."""
        return max(range(self.count), key=lambda index: _weight(index, cluster_id)) == self.index

    def __str__(self) -> str:
        """Write it as it is read."""
        return f"{self.index}/{self.count}"


def _weight(index: int, cluster_id: str) -> bytes:
    return hashlib.blake2b(f"{index}/{cluster_id}".encode(), digest_size=8).digest()


def configured_clusters(config: Config, known: Iterable[Known] = ()) -> tuple[Cluster, ...]:
    """
    Take the clusters of the configuration, in its order, then those that only a discovery names, by their ids.

    What the configuration says wins; what it leaves open is filled from what the API says, then from the defaults.
    """
    found = {each.description.cluster_id: each for each in known}
    listed = {entry.id for entry in config.clusters}
    default = config.freshness.max_age_s
    return (
        *(_listed_cluster(entry, found.get(entry.id), default) for entry in config.clusters),
        *(
            _found_cluster(found[cluster_id].description, default)
            for cluster_id in sorted(found)
            if found[cluster_id].matched and cluster_id not in listed
        ),
    )


def _found_cluster(description: ClusterDescription, default_max_age_s: float) -> Cluster:
    """Expect of a cluster what it says of itself."""
    max_age_s = expected_max_age_s(description.schedule)
    kept_s = retention_s(description.schedule)
    return Cluster(
        id=description.cluster_id,
        service=description.service,
        name=description.name,
        labels=description.labels,
        folder_id=description.folder_id,
        max_age_s=default_max_age_s if max_age_s is None else max_age_s,
        max_age_source="default" if max_age_s is None else "schedule",
        retention_s=kept_s,
        retention_source=None if kept_s is None else "schedule",
        source="discovery",
    )


def _listed_cluster(entry: ClusterSettings, known: Known | None, default_max_age_s: float) -> Cluster:
    description = ClusterDescription(entry.id, entry.service, "") if known is None else known.description
    found = _found_cluster(description, default_max_age_s)
    return replace(
        found,
        service=entry.service,
        name=entry.name or found.name,
        labels=entry.labels or found.labels,
        folder_id=entry.folder or found.folder_id or None,
        max_age_s=found.max_age_s if entry.max_age_s is None else entry.max_age_s,
        max_age_source=found.max_age_source if entry.max_age_s is None else "config",
        retention_s=found.retention_s if entry.retention_s is None else entry.retention_s,
        retention_source=found.retention_source if entry.retention_s is None else "config",
        source="config",
    )


def select_clusters(
    clusters: Sequence[Cluster], *, only: Iterable[str] = (), shard: Shard | None = None
) -> tuple[Cluster, ...]:
    """
    Cut the clusters down to those named (none named: all), and of these to the shard's.

    Raises:
        UsageError: a named cluster is not configured.
    """
    wanted = set(only)
    if unknown := sorted(wanted - {cluster.id for cluster in clusters}):
        message = f"not in the configuration: {', '.join(unknown)}"
        raise UsageError(message)
    return tuple(
        cluster
        for cluster in clusters
        if (not wanted or cluster.id in wanted) and (shard is None or shard.holds(cluster.id))
    )
