"""What the lists of clusters and folders settle: what a cluster says of its backups, and of how it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from collector.report.settling.replies import Reply, counted, short
from collector.services import service_at

_PROMISES: Final = ("snapshotManagement", "backupRetainPeriodDays", "backupWindowStart", "backupSchedule")
"""Where the messages of the services tell when backups are made, or how long they are kept."""


def promises(replies: Sequence[Reply]) -> str | None:
    """Tell what the clusters of each service say of their backups."""
    return counted((_promise(reply, cluster), reply.place) for reply, cluster in _listed(replies, "clusters"))


def conditions(replies: Sequence[Reply]) -> str | None:
    """Count the words for how a cluster is."""
    return counted(
        (f"`{short(str(cluster.get('status')))}`, `{short(str(cluster.get('health')))}`", reply.place)
        for reply, cluster in _listed(replies, "clusters")
    )


def labels(replies: Sequence[Reply]) -> str | None:
    """Tell whether a cluster without labels says so."""
    return counted(
        ("left out" if "labels" not in cluster else "printed", reply.place)
        for reply, cluster in _listed(replies, "clusters")
        if not cluster.get("labels")
    )


def folders(replies: Sequence[Reply]) -> str | None:
    """Count the words for how a folder is."""
    return counted(
        (f"`{short(str(folder.get('status')))}`", reply.place) for reply, folder in _listed(replies, "folders")
    )


QUESTIONS: Final[Sequence[tuple[str, str, Callable[[Sequence[Reply]], str | None]]]] = (
    ("cluster_promises", "Does a listed cluster say when its backups are made?", promises),
    ("cluster_conditions", "Which statuses and healths do clusters have?", conditions),
    ("cluster_labels", "Are the labels of a cluster without any printed?", labels),
    ("folder_conditions", "Which statuses do folders have?", folders),
)


def _listed(replies: Sequence[Reply], key: str) -> Iterator[tuple[Reply, Mapping[str, object]]]:
    return ((reply, each) for reply in replies if reply.key == key for each in reply.listed)


def _promise(reply: Reply, cluster: Mapping[str, object]) -> str:
    service = service_at(reply.exchange.target)
    name = "unknown service" if service is None else service.name
    config = cluster.get("config")
    said = [word for word in _PROMISES if word in config] if isinstance(config, dict) else []
    return f"{name}: {' and '.join(f'`{word}`' for word in said) or 'nothing'}"
