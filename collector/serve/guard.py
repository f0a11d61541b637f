"""
What every answer has and every request must: safe headers, a method that only reads, a token or a proxy's word.

Where neither is asked for since only this machine gets there, a request must at least name it.

Nothing of a request goes into a log line, nor into an answer but the page's own: neither its path, nor its headers, nor
the name of the host. The page repeats what was asked for, as text.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from collector.config import read_secret
from collector.errors import CredentialError
from collector.serve.hosts import names_us
from collector.serve.proxies import Proxies

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from collector.config import HttpSettings

log = structlog.get_logger()

HEADERS: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "Referrer-Policy": "no-referrer",
    "Server": "collector",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
MACHINE_PATHS: Final = frozenset({"/metrics"})
BASIC: Final = 'Basic realm="collector: any name, and the token for a password", charset="UTF-8"'
METHODS: Final = ("GET", "HEAD")


def guarded_by(settings: HttpSettings, env: Mapping[str, str]) -> list[Middleware]:
    """Make the middlewares of an application, the outermost first."""
    gate, proxies = Gate(settings, env), Proxies(settings)
    loopback_only = not (settings.is_guarded or settings.unauthenticated)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method not in METHODS:
            return plain(405, "Method Not Allowed", headers={"Allow": ", ".join(METHODS)})
        if request.path in OPEN_PATHS:
            return await handler(request)
        if loopback_only and not names_us(request.headers.getall("Host", ())):
            return plain(421, "Misdirected Request")
        match proxies.judge(request.headers.getall(proxies.header, []), peer=_peer_of(request)):
            case "refused":
                return plain(403, "Forbidden")
            case "silent" if not gate.admits(request.headers.get("Authorization", "")):
                # A browser asks for a password where it is offered Basic; a scraper knows its token.
                scheme = "Bearer" if request.path in MACHINE_PATHS else BASIC
                return plain(401, "Unauthorized", headers={"WWW-Authenticate": scheme})
            case _:
                return await handler(request)

    return [_harden, admit]


@web.middleware
async def _harden(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as exc:
        response = plain(exc.status, exc.reason)
    response.headers.update(HEADERS)
    return response


class Gate:
    """Who may read."""

    def __init__(self, settings: HttpSettings, env: Mapping[str, str]) -> None:
        """
        Remember where the token lies, not the token: it can be replaced.

        Raises:
            CredentialError: it cannot be read.
        """
        self._source = settings.token
        self._is_open = not settings.is_guarded
        self._env = env
        self._trouble: str | None = None
        if self._source is not None and (warning := read_secret(self._source, env).warning) is not None:
            log.warning("credential.exposed", reason=warning)

    def admits(self, authorization: str) -> bool:
        """Tell whether a request with this header may pass. A token that cannot be read any more admits nobody."""
        if self._source is None:
            return self._is_open
        try:
            token = read_secret(self._source, self._env).value
        except CredentialError as exc:
            self._tell(str(exc))
            return False
        self._trouble = None
        # In a time that does not tell how much of it was right.
        return hmac.compare_digest(_given(authorization), token.encode())

    def _tell(self, trouble: str) -> None:
        """Once: whoever asks again and again is not to fill the log."""
        if trouble != self._trouble:
            log.error("token.unreadable", message=trouble)
        self._trouble = trouble


def _given(authorization: str) -> bytes:
    """Read the token out of a header: after Bearer it stands as it is, in Basic (RFC 7617) it is the password."""
    scheme, _, rest = authorization.partition(" ")
    given = rest.strip().encode("utf-8", "surrogateescape")
    match scheme.lower():
        case "bearer":
            return given
        case "basic":
            try:
                return base64.b64decode(given, validate=True).partition(b":")[2]
            except ValueError:
                return b""
        case _:
            return b""


def _peer_of(request: web.Request) -> str | None:
    """Say whose address the connection comes from: no header says that."""
    peer = request.transport.get_extra_info("peername") if request.transport else None
    return peer[0] if peer else None


def plain(status: int, text: str, *, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with one line of text."""
    return web.Response(status=status, text=f"{text}\n", headers=headers)
