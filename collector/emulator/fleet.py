"""
All clusters of the emulated cloud, their folders, and the clock they live by. No network, no randomness but the seed.

Lists are rendered from here; every change counts a revision, so that rendered pages are made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from collector.emulator.backups import EmulatedBackup
from collector.emulator.clusters import EmulatedCluster, Order
from collector.emulator.drawing import draw_cluster
from collector.emulator.folders import list_cloud_folders
from collector.emulator.listings import list_cluster_backups, list_folder_backups, list_folder_clusters
from collector.emulator.pages import Listing, PageCache
from collector.emulator.routes import PAGE_SIZE_MAX, PATHS, Route
from collector.emulator.schedules import HOUR_NS
from collector.emulator.tokens import Place
from collector.errors import UsageError


class Fleet:
    """The clusters by id, and what becomes of them."""

    def __init__(
        self, clusters: Iterable[EmulatedCluster] = (), *, now_ns: int = 0, order: Order = "newest_first"
    ) -> None:
        """Take over the clusters and set their clocks."""
        self.clusters: dict[str, EmulatedCluster] = {}
        self.departed: dict[str, EmulatedCluster] = {}
        """Removed clusters: unknown to the API, while their backups are still in the folder's list."""
        self.clouds: dict[str, list[str]] = {}
        """The folders of each cloud, changed by `set_folders`."""
        self.now_ns = now_ns
        self.pages = PageCache()
        self.revision = 0
        self._order: Order = order
        for cluster in clusters:
            self.add_cluster(cluster)

    @classmethod
    def of(cls, backups: Mapping[str, Iterable[EmulatedBackup]], *, order: Order = "newest_first") -> Fleet:
        """Make a fleet of clusters with exactly these backups, by cluster id."""
        fleet = cls(order=order)
        for cluster_id, listed in backups.items():
            fleet.add_cluster(EmulatedCluster(id=cluster_id), backups=listed)
        return fleet

    @classmethod
    def generate(
        cls,
        *,
        clusters: int,
        backups: int,
        seed: int,
        now_ns: int,
        service: str = "opensearch",
        order: Order = "newest_first",
    ) -> Fleet:
        """Draw a fleet with hourly automatic backups, of which the newest `backups` are kept (336 are 14 days)."""
        made = (
            draw_cluster(number, kept=backups, seed=seed, service=service, now_ns=now_ns) for number in range(clusters)
        )
        return cls(made, now_ns=now_ns, order=order)

    def add_cluster(self, cluster: EmulatedCluster, *, backups: Iterable[EmulatedBackup] = ()) -> None:
        """
        Take a cluster in, with backups added by hand.

        Raises:
            UsageError: its id is taken, or its service is not emulated.
        """
        if cluster.id in self.clusters:
            raise UsageError(f"cluster {cluster.id} is in the fleet already")
        if cluster.service not in PATHS:
            raise UsageError(f"service {cluster.service} is not emulated: {', '.join(PATHS)} are")
        cluster.now_ns = self.now_ns
        if listed := list(backups):
            cluster.add_backups(listed)
        self.clusters[cluster.id] = cluster
        self.revision += 1

    def remove_cluster(self, cluster_id: str) -> None:
        """Delete a cluster: its backups stay in the folder's list until they expire, as the real API keeps them."""
        cluster = self.cluster(cluster_id)
        cluster.halt_schedule()
        self.departed[cluster_id] = self.clusters.pop(cluster_id)
        self.revision += 1

    def restore_cluster(self, cluster_id: str) -> None:
        """Bring a removed cluster back, as the real API may after a fault of its own. Its schedule stays halted."""
        self.clusters[cluster_id] = self.departed.pop(cluster_id)
        self.revision += 1

    def find(self, cluster_id: str) -> EmulatedCluster:
        """
        Find a cluster, also a removed one: its backups can still be edited.

        Raises:
            UsageError: there never was one of this id.
        """
        return self.departed[cluster_id] if cluster_id in self.departed else self.cluster(cluster_id)

    def set_folders(self, cloud_id: str, *folder_ids: str) -> None:
        """Say which folders a cloud has."""
        self.clouds[cloud_id] = list(folder_ids)
        self.revision += 1

    def edit_cluster(self, cluster_id: str, **fields: Any) -> None:
        """Change what the API says of a cluster: `name`, `labels`, `status`, `config` and the like."""
        cluster = self.cluster(cluster_id)
        for name, value in fields.items():
            setattr(cluster, name, value)
        self.revision += 1

    def cluster(self, cluster_id: str) -> EmulatedCluster:
        """
        Find a cluster.

        Raises:
            UsageError: the fleet has none of this id.
        """
        if cluster_id not in self.clusters:
            raise UsageError(f"cluster {cluster_id} is not in the fleet")
        return self.clusters[cluster_id]

    def add_backup(self, cluster_id: str, backup: EmulatedBackup) -> None:
        """Add a backup to a cluster's list; an id that is there already is listed twice."""
        self._edit(cluster_id, lambda cluster: cluster.add_backups([backup]))

    def remove_backup(self, cluster_id: str, backup_id: str) -> None:
        """Take a backup out of a cluster's list: it was deleted, or has expired."""
        self._edit(cluster_id, lambda cluster: cluster.remove_backup(backup_id))

    def replace_backup(self, cluster_id: str, backup: EmulatedBackup) -> None:
        """Put a backup in the place of the one with the same id."""
        self._edit(cluster_id, lambda cluster: cluster.replace_backup(backup))

    def clear_backups(self, cluster_id: str) -> None:
        """Empty a cluster's list."""
        self._edit(cluster_id, EmulatedCluster.clear_backups)

    def advance(self, hours: int = 1) -> None:
        """Let hours pass: new backups appear, the oldest expire."""
        self.now_ns += hours * HOUR_NS
        for cluster in (*self.clusters.values(), *self.departed.values()):
            cluster.move_to(self.now_ns)
        self.revision += 1

    def prerender(self, page_size: int = PAGE_SIZE_MAX) -> int:
        """Render and keep every page of every cluster, for clients that ask for this size; tells the bytes kept."""
        for cluster in self.clusters.values():
            name = Route(cluster.service, "cluster_backups", cluster.id).listing
            listing = list_cluster_backups(cluster, name, order=self._order)
            for offset in range(0, listing.count, page_size):
                self.pages.render(listing, Place(offset, listing.revision, page_size), limit=page_size)
        return self.pages.kept_bytes

    def find_listing(self, route: Route, *, print_defaults: bool = False) -> Listing | None:
        """Find the list that a request asks for; None where there is no such cluster, folder or cloud."""
        if route.kind == "cloud_folders":
            return self._list_folders(route, print_defaults=print_defaults)
        if route.kind == "cluster_backups":
            cluster = self.find_cluster(route)
            if cluster is None:
                return None
            return list_cluster_backups(cluster, route.listing, order=self._order, print_defaults=print_defaults)
        known = self._in_folder(route, self.clusters.values())
        gone = self._in_folder(route, self.departed.values())
        if not self._has_folder(route.scope):
            return None
        revision = self.revision + sum(cluster.revision for cluster in (*known, *gone))
        if route.kind == "folder_clusters":
            return list_folder_clusters(known, route.listing, revision=revision, print_defaults=print_defaults)
        return list_folder_backups(
            [*known, *gone], route.listing, revision=revision, order=self._order, print_defaults=print_defaults
        )

    def find_cluster(self, route: Route) -> EmulatedCluster | None:
        """Find the cluster that a request asks for; None where there is none of this id and service."""
        cluster = self.clusters.get(route.scope)
        return cluster if cluster is not None and cluster.service == route.service else None

    def _list_folders(self, route: Route, *, print_defaults: bool) -> Listing | None:
        folder_ids = self.clouds.get(route.scope)
        if folder_ids is None:
            return None
        return list_cloud_folders(
            route.scope, folder_ids, route.listing, revision=self.revision, print_defaults=print_defaults
        )

    def _has_folder(self, folder_id: str) -> bool:
        clusters = (*self.clusters.values(), *self.departed.values())
        return any(folder_id in each for each in self.clouds.values()) or any(
            cluster.folder_id == folder_id for cluster in clusters
        )

    def _edit(self, cluster_id: str, edit: Callable[[EmulatedCluster], None]) -> None:
        edit(self.find(cluster_id))
        self.revision += 1

    @staticmethod
    def _in_folder(route: Route, clusters: Iterable[EmulatedCluster]) -> list[EmulatedCluster]:
        return [c for c in clusters if c.folder_id == route.scope and c.service == route.service]
