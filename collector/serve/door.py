"""
Where connections come in: so many at once, and none that dawdles. What is not HTTP gets the same headers as all else.

A client that sends nothing, or its request's head byte by byte, is cut off after `IDLE_S`, and one that does not take
its answers after `TAKING_S`; whoever comes when all places are taken is turned away at once, so that a probe finds one
again within seconds.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

import structlog
from aiohttp import web

from collector.errors import UsageError
from collector.serve.guard import HEADERS, plain

if TYPE_CHECKING:
    from collector.config import Address

log = structlog.get_logger()

IDLE_S: Final = 5.0
TAKING_S: Final = 10.0
"""How long a client may leave in our hands what its system has no more room for."""
CONNECTIONS_MAX: Final = 200
WAITING_MAX: Final = 100
"""How many the system keeps for us until we come round to them."""
CLOSE_S: Final = 1.0


class Door:
    """An application that listens. An async context manager."""

    def __init__(self, app: web.Application, address: Address) -> None:
        """Listen at the address, once entered."""
        self._address = address
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_S)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it listens: with port 0 it is known only then."""
        assert self._server is not None  # noqa: S101 - asked once it is entered
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        """
        Listen.

        Raises:
            UsageError: the address is taken, or not ours.
        """
        await self._runner.setup()
        host, port = self._address
        try:
            # asyncio takes up to `backlog` at a time and, without descriptors, tells of each one that it cannot take.
            self._server = await asyncio.get_running_loop().create_server(self._admit, host, port, backlog=1)
            _lengthen_queues(self._server)
        except OSError as exc:
            await self._runner.cleanup()
            raise UsageError(f"http.listen: cannot listen on {host}:{port}: {exc.strerror}") from None
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * CLOSE_S):
                await self._runner.cleanup()

    def _admit(self) -> asyncio.Protocol:
        server = self._runner.server
        if server is None or len(server.connections) >= CONNECTIONS_MAX:
            return _TurnedAway()
        return _Conversation(
            server,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_S,
            lingering_time=0,
            access_log=None,  # type: ignore[arg-type]  # what the library takes for "none"
        )


def _lengthen_queues(server: asyncio.Server) -> None:
    """Let more wait in the system than are taken at a time."""
    for each in server.sockets:
        with socket.socket(fileno=os.dup(each.fileno())) as same:
            same.listen(WAITING_MAX)


class _Conversation(web.RequestHandler):
    """A connection whose errors are as plain as all other answers, and that ends if these are not taken."""

    __slots__ = ("_breaking_off",)

    _breaking_off: asyncio.TimerHandle | None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be told of every byte that cannot be sent at once. The library would wait for ever, closing too."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - a socket's
        self._breaking_off = None
        transport.set_write_buffer_limits(high=0)
        super().connection_made(transport)

    def pause_writing(self) -> None:
        """Give the client some time to take what is meant for it."""
        super().pause_writing()
        if self.transport is not None:
            self._breaking_off = self._loop.call_later(TAKING_S, self.transport.abort)

    def resume_writing(self) -> None:
        """All of it was taken."""
        super().resume_writing()
        self._call_off()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Wait for nothing any more."""
        self._call_off()
        super().connection_lost(exc)

    def _call_off(self) -> None:
        if self._breaking_off is not None:
            self._breaking_off.cancel()
            self._breaking_off = None

    def handle_error(  # noqa: PLR0917 - the library's
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it quotes the request
    ) -> web.StreamResponse:
        """Answer what is not HTTP, or what a handler died of; only the second is ours to tell."""
        if status >= 500:
            log.error("request.crashed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun")
        response = plain(status, "Internal Server Error" if status >= 500 else "Bad Request", headers=HEADERS)
        response.force_close()
        return response

    async def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> tuple[web.StreamResponse, bool]:
        """Answer; a refusal of the library's own never met the middlewares, and quotes the request."""
        if isinstance(resp, web.HTTPException):  # an `Expect` that it does not know
            resp = plain(resp.status, resp.reason, headers=HEADERS)
        return await super().finish_response(request, resp, start_time)


class _TurnedAway(asyncio.Protocol):
    """A connection for which there is no place."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Break it off."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101 - a socket's
        transport.abort()
