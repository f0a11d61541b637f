"""
Which list or object a request line asks for. Pure; knows the paths, not the fleet.

A path segment is decoded only after the path was split, so an encoded slash stays inside its segment.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote

from collector.emulator.answers import Code, RefusedCall
from collector.emulator.messages import MESSAGES
from collector.emulator.tokens import FIRST, Place, read_token

PATHS: Final[Mapping[str, str]] = MappingProxyType(
    {service: f"managed-{service}/v1" for service in MESSAGES} | {"sqlserver": "mdb/sqlserver/v1"}
)
"""The path prefix of each service that is emulated."""

FOLDERS_PATH: Final = ("resource-manager", "v1", "folders")
"""Where the folders of a cloud are listed; the emulator serves it beside the rest."""

PAGE_SIZE_DEFAULT: Final = 100
PAGE_SIZE_MAX: Final = 1000
ID_CHARS_MAX: Final = 50

Kind = Literal["cluster_backups", "folder_backups", "folder_clusters", "cluster", "cloud_folders"]

_SERVICE_OF: Final = {tuple(path.split("/")): service for service, path in PATHS.items()}
_WRITING_METHODS: Final = frozenset({"HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Route(NamedTuple):
    """What is asked for."""

    service: str
    kind: Kind
    scope: str
    """The id in question: a cluster's, for lists of a folder or cloud theirs (`""` where the query names none)."""

    @property
    def listing(self) -> str:
        """What page tokens are bound to."""
        return f"{self.service}/{self.kind}/{self.scope}"


def route_request(method: str, raw_path: str, query: Mapping[str, str]) -> Route:
    """
    Tell what a request asks for.

    Raises:
        RefusedCall: nothing that is emulated: 404 for the path, 405 or 501 for the method.
    """
    if method != "GET" and method not in _WRITING_METHODS:
        raise RefusedCall(Code.UNIMPLEMENTED, f"Method {method[:20]} is not implemented.")
    route = _match(raw_path, query)
    if route is None:
        raise RefusedCall(Code.NOT_FOUND, "Not Found")
    if method != "GET":
        raise RefusedCall(Code.UNIMPLEMENTED, f"Method {method} is not allowed.", http_status=405)
    return route


def check_scope(route: Route) -> None:
    """
    Check the id in question.

    Raises:
        RefusedCall: a folder's list without a folder, or an id that is too long.
    """
    name = f"{route.kind.partition('_')[0]}_id"
    if not route.scope:
        raise RefusedCall(Code.INVALID_ARGUMENT, f"{name} is required", field=name)
    if len(route.scope) > ID_CHARS_MAX:
        raise RefusedCall(Code.INVALID_ARGUMENT, f"{name} is longer than {ID_CHARS_MAX} characters", field=name)


def read_place(route: Route, query: Mapping[str, str]) -> Place:
    """
    Read the page size and the page token.

    Raises:
        RefusedCall: a size outside 0…1000, or a token that is not of this listing and size.
    """
    page_size = _read_page_size(query.get("pageSize", ""))
    token = query.get("pageToken", "")
    if not token:
        return FIRST._replace(page_size=page_size)
    place = read_token(route.listing, token)
    if place.page_size != page_size:
        raise RefusedCall(Code.INVALID_ARGUMENT, "page_token is of another page_size", field="page_token")
    return place


def _match(raw_path: str, query: Mapping[str, str]) -> Route | None:
    segments = tuple(map(unquote, raw_path.split("/")[1:]))
    if segments == FOLDERS_PATH:
        return Route("resource-manager", "cloud_folders", query.get("cloudId", ""))
    size = segments.index("v1") + 1 if "v1" in segments else 0
    service = _SERVICE_OF.get(segments[:size])
    return None if service is None else _match_service(service, segments[size:], query)


def _match_service(service: str, segments: tuple[str, ...], query: Mapping[str, str]) -> Route | None:
    match segments:
        case ("clusters", cluster_id, "backups") if cluster_id:
            return Route(service, "cluster_backups", cluster_id)
        case ("clusters", cluster_id) if cluster_id:
            return Route(service, "cluster", cluster_id)
        case ("clusters",):
            return Route(service, "folder_clusters", query.get("folderId", ""))
        case ("backups",):
            return Route(service, "folder_backups", query.get("folderId", ""))
        case _:
            return None


def _read_page_size(text: str) -> int:
    if not text:
        return PAGE_SIZE_DEFAULT
    # `isdecimal` alone accepts other alphabets' digits; the length keeps int() cheap.
    if not (text.isascii() and text.isdecimal() and len(text) <= 19 and int(text) <= PAGE_SIZE_MAX):
        raise RefusedCall(Code.INVALID_ARGUMENT, f"page_size is not between 0 and {PAGE_SIZE_MAX}", field="page_size")
    return int(text) or PAGE_SIZE_DEFAULT
