"""
TLS in front of a PostgreSQL that speaks none, as PostgreSQL itself begins it: a request, one letter, the handshake.

The embedded server is built without TLS. What a client sees here is the protocol's own (PostgreSQL's documentation,
"SSL Session Encryption"), and what lies behind is a real server.
"""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit, urlunsplit

SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


class TlsFront:
    """Takes TLS off connections to a server. An async context manager."""

    def __init__(self, url: str, tls: ssl.SSLContext | None) -> None:
        """Take the server's URL. `tls` is the server's side of it; None: it says that it has none."""
        self._target = urlsplit(url)
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked = 0
        """How many connections began by asking for TLS."""
        self.in_the_clear = b""
        """What came without it."""

    def url(self, host: str = "localhost", **query: object) -> str:
        """Spell the server's URL, through here, under a name for this machine."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._target.netloc.rpartition("@")[0]
        parameters = "&".join(f"{key}={value}" for key, value in query.items())
        return urlunsplit(self._target._replace(netloc=f"{credentials}@{host}:{port}", query=parameters))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: asyncio.StreamWriter | None = None
        try:
            began = await self._begin(reader, writer)
            answers, upstream = await asyncio.open_connection(self._target.hostname, self._target.port)
            upstream.write(began)
            pumps = [asyncio.create_task(_pump(reader, upstream)), asyncio.create_task(_pump(answers, writer))]
            try:
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The client did not like our certificate, or is gone.
        finally:
            for each in (writer, upstream):
                if each is not None:
                    each.transport.abort()

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        """Answer what the client begins with; return what is already the server's to read."""
        began = await reader.readexactly(len(SSL_REQUEST))
        if began != SSL_REQUEST:
            self.in_the_clear += began
            return began
        self.asked += 1
        if self._tls is not None:
            writer.write(b"S")
            await writer.start_tls(self._tls)
            return b""
        writer.write(b"N")
        first = await reader.read(65536)
        self.in_the_clear += first
        return first


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
