"""
Which clusters a sweep is about: the configuration's, cut down to what was asked for.

A shard is chosen by rendezvous hashing: every process finds the same answer alone, and when their number
changes from N to N + 1 only about one cluster in N + 1 moves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from collector.errors import UsageError
from collector.records import Cluster

if TYPE_CHECKING:
    from collector.config import Config

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


def configured_clusters(config: Config) -> tuple[Cluster, ...]:
    """Take the clusters of the configuration, in its order, with its defaults filled in."""
    return tuple(
        Cluster(
            id=entry.id,
            service=entry.service,
            name=entry.name,
            labels=entry.labels,
            folder_id=entry.folder,
            max_age_s=entry.max_age_s if entry.max_age_s is not None else config.freshness.max_age_s,
        )
        for entry in config.clusters
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
