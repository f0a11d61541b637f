"""
Which lists the API has for us, and how a page of each is addressed. No I/O.

An id that cannot stand in a URL is refused when a page is asked for, as a fault of that list alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from collector.api.address import backups_address, clusters_address, folders_address
from collector.api.pages import Key
from collector.records import Folder

if TYPE_CHECKING:
    from collector.api.endpoints import Endpoints
    from collector.records import Cluster


class Places(NamedTuple):
    """Where lists are, and how much of one is asked for at a time."""

    endpoints: Endpoints
    page_size: int


class List(NamedTuple):
    """One list that is read in pages."""

    key: Key
    about: Mapping[str, str]
    """Whose it is, for the log."""
    address: Callable[[str | None], str]
    """From a page token to the URL of that page; raises RequestRefused."""


def backups_of(source: Cluster | Folder, places: Places) -> List:
    """Name the list of a cluster's backups, or of all of a folder's."""
    build = partial(backups_address, places.endpoints.mdb_url, source, page_size=places.page_size)
    whose = "folder_id" if isinstance(source, Folder) else "cluster_id"
    return List("backups", {whose: source.id}, lambda token: build(page_token=token))


def clusters_of(folder_id: str, service: str, places: Places) -> List:
    """Name the list of a folder's clusters of one service."""
    build = partial(
        clusters_address, places.endpoints.mdb_url, folder_id=folder_id, service=service, page_size=places.page_size
    )
    return List("clusters", {"folder_id": folder_id, "service": service}, lambda token: build(page_token=token))


def folders_of(cloud_id: str, places: Places) -> List:
    """Name the list of a cloud's folders."""
    build = partial(
        folders_address, places.endpoints.resource_manager_url, cloud_id=cloud_id, page_size=places.page_size
    )
    return List("folders", {"cloud_id": cloud_id}, lambda token: build(page_token=token))
