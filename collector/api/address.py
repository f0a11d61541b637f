"""
The address of one page. No I/O.

An id that could leave its place in the path is refused, everything else is
encoded exactly once: a page token is opaque and must arrive as it came.
"""

from __future__ import annotations

from urllib.parse import quote

from collector.errors import RequestRefused
from collector.records import CLUSTER_ID_PATTERN, Cluster, Folder
from collector.services import SERVICES


def clusters_address(mdb_url: str, *, service: str, folder_id: str, page_size: int, page_token: str | None) -> str:
    """Build the URL of one page of a folder's clusters. Raises RequestRefused, as `backups_address` does."""
    _require_id(folder_id, "folder")
    address = f"{mdb_url.rstrip('/')}/{_path_of(service)}/clusters?folderId={quote(folder_id, safe='')}"
    return _paged(f"{address}&pageSize={page_size}", page_token)


def folders_address(resource_manager_url: str, *, cloud_id: str, page_size: int, page_token: str | None) -> str:
    """Build the URL of one page of a cloud's folders. Raises RequestRefused, as `backups_address` does."""
    _require_id(cloud_id, "cloud")
    address = f"{resource_manager_url.rstrip('/')}/resource-manager/v1/folders?cloudId={quote(cloud_id, safe='')}"
    return _paged(f"{address}&pageSize={page_size}", page_token)


def backups_address(mdb_url: str, source: Cluster | Folder, *, page_size: int, page_token: str | None) -> str:
    """
    Build the URL of one page of a cluster's or a folder's backups, encoded and ready to send.

    Raises:
        RequestRefused: the id is not one, or nothing is known of the service. The configuration refuses
            both; here stands the last guard before a request with our token in it.
    """
    kind = "folder" if isinstance(source, Folder) else "cluster"
    _require_id(source.id, kind)
    quoted = quote(source.id, safe="")
    path, query = ("backups", f"folderId={quoted}&") if kind == "folder" else (f"clusters/{quoted}/backups", "")
    return _paged(f"{mdb_url.rstrip('/')}/{_path_of(source.service)}/{path}?{query}pageSize={page_size}", page_token)


def _require_id(identifier: str, what: str) -> None:
    if not CLUSTER_ID_PATTERN.fullmatch(identifier):
        raise RequestRefused(f"{what} id {identifier!r} cannot stand in a URL: nothing was sent")


def _path_of(service: str) -> str:
    if service not in SERVICES:
        raise RequestRefused(f"service {service!r} is unknown: nothing was sent")
    return SERVICES[service].path


def _paged(address: str, page_token: str | None) -> str:
    return address if page_token is None else f"{address}&pageToken={quote(page_token, safe='')}"
