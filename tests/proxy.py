"""
A TCP proxy that stands between the store and PostgreSQL, to lose what networks lose.

Verbs: let pass, freeze (bytes stop, connections stay), and cut when a pattern is sent: before it
reaches the server, or after the server has done its work and before its answer comes back.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Final, Literal, Self
from urllib.parse import urlsplit, urlunsplit

READY: Final = b"Z\x00\x00\x00\x05I"
"""PostgreSQL's word that the transaction has ended and it waits for the next."""

Moment = Literal["before", "after"]


class Proxy:
    """Forwards connections to a server. An async context manager."""

    def __init__(self, url: str, *, port: int = 0) -> None:
        """Take the server's URL; `url` is then the one to use. Port 0: any free one."""
        self._port = port
        self._target = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._cut: tuple[Moment, bytes] | None = None
        self._was_cut = asyncio.Event()
        self.connections = 0

    @property
    def url(self) -> str:
        """The server's URL, through here."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        credentials = self._target.netloc.rpartition("@")[0]
        return urlunsplit(self._target._replace(netloc=f"{credentials}@127.0.0.1:{port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
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

    def freeze(self) -> None:
        """Stop all bytes in both directions; new connections are accepted and hang."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let all bytes pass again."""
        self._flowing.set()

    def cut(self, moment: Moment, pattern: bytes) -> None:
        """Break the next connection that sends `pattern`, once, and freeze all others until `thaw`."""
        self._cut = moment, pattern

    async def was_cut(self) -> None:
        """Wait until the cut is made; a test that waits in vain fails."""
        async with asyncio.timeout(5):
            await self._was_cut.wait()

    @property
    def armed(self) -> bool:
        """Whether a cut is still to be made. Only what is sent from then on is looked at."""
        return self._cut is not None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: asyncio.StreamWriter | None = None
        pumps: list[asyncio.Task[None]] = []
        try:
            await self._flowing.wait()
            answers, upstream = await asyncio.open_connection(self._target.hostname, self._target.port)
            link = _Link(self, answers, writer, upstream)
            pumps = [asyncio.create_task(link.up(reader)), asyncio.create_task(link.down())]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # The server is not there: neither is its answer.
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for each in (writer, upstream):
                if each is not None:
                    each.transport.abort()

    async def flowing(self) -> None:
        """Wait while frozen."""
        await self._flowing.wait()

    def take_cut(self, sent: bytes) -> Moment | None:
        """Tell whether, and at which moment, the connection that has sent this is to be broken."""
        if self._cut is None or self._cut[1] not in sent:
            return None
        moment, self._cut = self._cut[0], None
        return moment

    def note_cut(self) -> None:
        """Freeze, and tell the test."""
        self.freeze()
        self._was_cut.set()


class _Link:
    """One connection."""

    def __init__(
        self, proxy: Proxy, answers: asyncio.StreamReader, client: asyncio.StreamWriter, server: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._answers = answers
        self._client = client
        self._server = server
        self._withheld: bytes | None = None

    async def up(self, reader: asyncio.StreamReader) -> None:
        sent = b""
        while chunk := await reader.read(65536):
            await self._proxy.flowing()
            sent = sent + chunk if self._proxy.armed else b""
            moment = self._proxy.take_cut(sent)
            if moment == "before":
                self._proxy.note_cut()
                return
            if moment == "after":
                self._withheld = b""
            self._server.write(chunk)
            await self._server.drain()

    async def down(self) -> None:
        while chunk := await self._answers.read(65536):
            if self._withheld is None:
                await self._proxy.flowing()
                self._client.write(chunk)
                await self._client.drain()
                continue
            self._withheld += chunk
            if self._withheld.endswith(READY):
                self._proxy.note_cut()
                return
