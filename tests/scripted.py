"""
An HTTP server that does exactly as told, byte by byte, so that it can break HTTP.

A script is a sequence of steps, one for each request, or a function from a
request to its step. A step writes bytes, and may cut, reset, drip or stay
silent. Every request is kept as it arrived: what a test asserts about a client
is what the server saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

ENDLESS_BYTES_MAX: Final = 1 << 26
"""Where even an endless body ends, for the sake of the machine."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived."""

    method: str
    target: str
    """Path and query, still encoded."""
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in order of arrival."""

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key == name), None)


class Peer:
    """The other end of one connection, as a step sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: ScriptedServer) -> None:
        """Wrap one accepted connection."""
        self._reader = reader
        self._writer = writer
        self._server = server
        self.closed = False

    async def send(self, raw: bytes) -> None:
        """Write bytes; the peer may be gone."""
        self._writer.write(raw)
        await self._writer.drain()
        self._server.bytes_sent += len(raw)

    async def receive(self) -> Request | None:
        """Read one request's head, None at the end of the connection."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, OSError):
            return None
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.split(":", 1) for line in lines)
        return Request(method, target, tuple((name.lower(), value.strip()) for name, value in pairs))

    async def gone(self) -> None:
        """Wait until the other end has left."""
        with contextlib.suppress(OSError):
            await self._reader.read(-1)
        self.close()

    def close(self) -> None:
        """Send FIN after what was written."""
        self.closed = True
        self._writer.close()

    def reset(self) -> None:
        """Send RST instead of FIN."""
        self.closed = True
        raw: socket.socket = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()


Step = Callable[[Peer], Awaitable[None]]
Script = Iterable[Step] | Callable[[Request], Step]


class ScriptedServer:
    """A server on a loopback port. An async context manager."""

    def __init__(self, script: Script, *, tls: ssl.SSLContext | None = None) -> None:
        """Take the script. A sequence that has ended answers 500, and its requests are still counted."""
        self._next = script if callable(script) else _in_turn(iter(script))
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._handlers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.url = ""
        """Scheme, host and port, once it listens; remembered when it does no longer."""
        self.requests: list[Request] = []
        self.connections = 0
        self.bytes_sent = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        handlers = dict(self._handlers)
        for handler, writer in handlers.items():
            handler.cancel()
            writer.transport.abort()
        await asyncio.gather(*handlers, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def targets(self) -> list[str]:
        """Path and query of every request until now."""
        return [request.target for request in self.requests]

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        handler = asyncio.create_task(self._serve(reader, writer))
        self._handlers[handler] = writer
        handler.add_done_callback(self._handlers.pop)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, self)
        try:
            while not peer.closed and (request := await peer.receive()) is not None:
                self.requests.append(request)
                await self._next(request)(peer)
        except OSError:
            pass  # The client left in the middle, which is its right.
        finally:
            if not peer.closed:
                writer.transport.abort()


def _in_turn(steps: Iterator[Step]) -> Callable[[Request], Step]:
    ended = answer(b"the script has ended", status=500)
    return lambda _: next(steps, ended)


def head(status: int = 200, headers: Mapping[str, str] | None = None) -> bytes:
    """Compose a status line and headers, with nothing added to what is given."""
    lines = [f"HTTP/1.1 {status} Scripted", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def answer(body: bytes, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Step:
    """Answer properly: JSON unless the headers say otherwise, with its true length, and the connection kept."""
    all_headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **(headers or {})}
    return raw(head(status, all_headers) + body)


def page(*records: object, token: object = None, headers: Mapping[str, str] | None = None) -> Step:
    """Answer a page as proto3 JSON has it: what is empty is left out."""
    body: dict[str, object] = {"backups": list(records)} if records else {}
    if token is not None:
        body["nextPageToken"] = token
    return answer(json.dumps(body).encode(), headers=headers)


def refusal(status: int, code: int, message: str, *, headers: Mapping[str, str] | None = None) -> Step:
    """Answer a google.rpc.Status."""
    return answer(json.dumps({"code": code, "message": message}).encode(), status=status, headers=headers)


def raw(content: bytes) -> Step:
    """Write bytes and keep the connection."""

    async def step(peer: Peer) -> None:
        await peer.send(content)

    return step


def cut(content: bytes) -> Step:
    """Write bytes, then FIN."""

    async def step(peer: Peer) -> None:
        await peer.send(content)
        peer.close()

    return step


def reset(content: bytes = b"") -> Step:
    """Write bytes, then RST."""

    async def step(peer: Peer) -> None:
        await peer.send(content)
        peer.reset()

    return step


def drip(content: bytes, *, pause_s: float) -> Step:
    """Write byte after byte, with a pause between two."""

    async def step(peer: Peer) -> None:
        for byte in content:
            await peer.send(bytes([byte]))
            await asyncio.sleep(pause_s)

    return step


def endless(beginning: bytes, chunk: bytes) -> Step:
    """Write a chunk again and again until the peer has enough of it."""

    async def step(peer: Peer) -> None:
        await peer.send(beginning)
        for _ in range(ENDLESS_BYTES_MAX // len(chunk)):
            await peer.send(chunk)
        peer.close()

    return step


def silence(content: bytes = b"") -> Step:
    """Write bytes, then never another one; the connection stays open until the client leaves."""

    async def step(peer: Peer) -> None:
        await peer.send(content)
        await peer.gone()

    return step
