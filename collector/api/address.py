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


def backups_address(mdb_url: str, source: Cluster | Folder, *, page_size: int, page_token: str | None) -> str:
    """
    Build the URL of one page of a cluster's or a folder's backups, encoded and ready to send.

    Raises:
        RequestRefused: the id is not one, or nothing is known of the service. The configuration refuses
            both; here stands the last guard before a request with our token in it.
    """
    kind = "folder" if isinstance(source, Folder) else "cluster"
    if not CLUSTER_ID_PATTERN.fullmatch(source.id):
        raise RequestRefused(f"{kind} id {source.id!r} cannot stand in a URL: nothing was sent")
    service = SERVICES.get(source.service)
    if service is None:
        raise RequestRefused(f"service {source.service!r} is unknown: nothing was sent")
    quoted = quote(source.id, safe="")
    path, query = ("backups", f"folderId={quoted}&") if kind == "folder" else (f"clusters/{quoted}/backups", "")
    address = f"{mdb_url.rstrip('/')}/{service.path}/{path}?{query}pageSize={page_size}"
    if page_token is None:
        return address
    return f"{address}&pageToken={quote(page_token, safe='')}"
