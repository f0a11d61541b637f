"""
The lists that the API reads in pages: a cluster's backups, a folder's backups, a folder's clusters.

Pure views: they look at clusters and change nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from collector.emulator.backups import EmulatedBackup
from collector.emulator.clusters import EmulatedCluster, Order, Span, completed_at
from collector.emulator.pages import Listing
from collector.emulator.render import render_backup, render_object, render_timestamp


def list_cluster_backups(cluster: EmulatedCluster, name: str, *, order: Order, print_defaults: bool = False) -> Listing:
    """List the backups of one cluster."""
    render = partial(render_backup, service=cluster.service, print_defaults=print_defaults)
    return Listing(
        name=name,
        key="backups",
        revision=cluster.revision,
        count=cluster.count(),
        render=lambda span: list(map(render, cluster.read(span, order))),
        print_defaults=print_defaults,
    )


def list_folder_backups(
    clusters: Sequence[EmulatedCluster], name: str, *, revision: int, order: Order, print_defaults: bool = False
) -> Listing:
    """List the backups of a folder's clusters of one service, those of removed clusters among them."""
    service = clusters[0].service if clusters else "opensearch"
    render = partial(render_backup, service=service, print_defaults=print_defaults)

    def render_span(span: Span) -> list[str]:
        listed = _sort([backup for cluster in clusters for backup in cluster.backups], order)
        return list(map(render, listed[span.offset : span.offset + span.limit]))

    return Listing(
        name=name,
        key="backups",
        revision=revision,
        count=sum(cluster.count() for cluster in clusters),
        render=render_span,
        print_defaults=print_defaults,
    )


def list_folder_clusters(
    clusters: Sequence[EmulatedCluster], name: str, *, revision: int, print_defaults: bool = False
) -> Listing:
    """List a folder's clusters."""
    render = partial(render_cluster, print_defaults=print_defaults)
    return Listing(
        name=name,
        key="clusters",
        revision=revision,
        count=len(clusters),
        render=lambda span: list(map(render, clusters[span.offset : span.offset + span.limit])),
        print_defaults=print_defaults,
    )


def render_cluster(cluster: EmulatedCluster, *, print_defaults: bool = False) -> str:
    """Write what the API shows of a cluster, as far as an inventory cares."""
    created = {} if cluster.created_at_ns is None else {"createdAt": render_timestamp(cluster.created_at_ns)}
    fields: dict[str, object] = {
        "id": cluster.id,
        "folderId": cluster.folder_id,
        **created,
        "name": cluster.name,
        "labels": dict(cluster.labels),
        "environment": "PRODUCTION",
        "config": dict(cluster.config),
        "health": cluster.health,
        "status": cluster.status,
    }
    return render_object(fields, print_defaults=print_defaults)


def _sort(backups: list[EmulatedBackup], order: Order) -> list[EmulatedBackup]:
    if order == "by_id":
        return sorted(backups, key=lambda backup: backup.id)
    return sorted(backups, key=completed_at, reverse=order == "newest_first")
