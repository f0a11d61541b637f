"""What the emulator remembers of each request, for tests to look at. Never the bearer token."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from aiohttp import web

_HEADERS: Final = ("x-request-id", "x-client-trace-id", "user-agent", "accept", "accept-encoding", "cookie")


class RecordedRequest(NamedTuple):
    """One request as it came."""

    method: str
    path: str
    """As sent, undecoded, without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """A few, by lower-case name, where they were sent."""
    scope: str
    """The cluster or folder in question; empty where the path names none."""
    at_s: float
    """When it came, by the event loop's clock."""


def record_request(request: web.BaseRequest, path: str, *, scope: str) -> RecordedRequest:
    """Keep what tests ask about."""
    headers = {name: request.headers[name] for name in _HEADERS if name in request.headers}
    at_s = asyncio.get_running_loop().time()
    return RecordedRequest(request.method, path, dict(request.query), headers, scope, at_s)
