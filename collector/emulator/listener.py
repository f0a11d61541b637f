"""A server's socket: opened, told by its URL, and closed with all its connections. What is answered is the heirs'."""

from __future__ import annotations

import ssl
import types
from abc import ABC, abstractmethod
from dataclasses import KW_ONLY, dataclass, field
from typing import Final, Self

from aiohttp import web

from collector.errors import UsageError

# Requests that a script still holds when the server stops are not waited for.
_SHUTDOWN_S: Final = 0.01


@dataclass(slots=True, eq=False)
class Listener(ABC):
    """Use as an async context manager, or `start` and `stop` it."""

    _: KW_ONLY
    tls: ssl.SSLContext | None = None
    """Serve https with it."""

    _runner: web.ServerRunner | None = field(default=None, init=False, repr=False)
    _url: str = field(default="", init=False)

    @property
    def url(self) -> str:
        """
        Where it listens, `http://127.0.0.1:12345`.

        Raises:
            UsageError: it was not started.
        """
        if not self._url:
            raise UsageError("the emulator was not started")
        return self._url

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        # A request that its client gives up ends here as well: nothing waits for ever.
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=self.tls).start()
        scheme = "http" if self.tls is None else "https"
        self._url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
        self._runner = runner

    async def stop(self) -> None:
        """Close all connections and the socket."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        await self.stop()

    @abstractmethod
    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
