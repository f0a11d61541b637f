"""Every way in which TLS is not what it should be: no request is sent, and nothing switches verification off."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from collector.config.schema import config_schema
from collector.errors import NetworkFailed, TlsFailed
from tests.authority import DAY, Authority
from tests.integration.api.listed import CANARY, list_cluster
from tests.scripted import ScriptedServer, page

HANDSHAKE: Final = b"\x16\x03\x01"
"""How a client's first record of TLS begins (RFC 8446, 5.1)."""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """Return an authority that this machine trusts."""
    authority = Authority(folder=tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return authority


def stranger(authority: Authority) -> ssl.SSLContext:
    """Let an authority of the same name, but another key, sign."""
    return Authority(folder=authority.folder).server()


BAD: dict[str, tuple[Callable[[Authority], ssl.SSLContext], str]] = {
    "expired": (lambda authority: authority.server(since=-2 * DAY, until=-DAY), "has expired"),
    "not-yet-valid": (lambda authority: authority.server(since=DAY, until=2 * DAY), "not yet valid"),
    "another-name": (lambda authority: authority.server("mdb.api.example"), "not valid for 'localhost'"),
    "wildcard-above": (lambda authority: authority.server("*.localhost"), "not valid for 'localhost'"),
    "unknown-authority": (stranger, "certificate verify failed"),
}


@pytest.mark.parametrize("make, reason", BAD.values(), ids=BAD.keys())
async def test_a_server_that_proves_nothing_gets_no_request(
    authority: Authority, make: Callable[[Authority], ssl.SSLContext], reason: str
) -> None:
    """D11: one connection, no byte of HTTP, no second try, and the reason by name."""
    async with ScriptedServer([page()], tls=make(authority)) as server:
        listed = await list_cluster(server, attempts=3)

    assert isinstance(listed.error, TlsFailed)
    assert reason in str(listed.error)
    assert (server.requests, listed.traffic.requests, listed.traffic.retries) == ([], 1, 0)


async def test_a_server_of_an_old_tls_gets_no_request(authority: Authority) -> None:
    """D11: TLS 1.1 is refused in the handshake, once."""
    context = authority.old_server()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        shaking = asyncio.create_task(asyncio.to_thread(shake_hands, listener, context))
        async with ScriptedServer([]) as unused:
            port = listener.getsockname()[1]
            listed = await list_cluster(unused, mdb_url=f"https://localhost:{port}", attempts=3)
        refused = await shaking

    assert isinstance(listed.error, TlsFailed)
    assert "UNSUPPORTED_PROTOCOL" in refused
    assert (listed.traffic.requests, listed.traffic.retries) == (1, 0)


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> str:
    """Accept one connection and say how its handshake failed. Unlike asyncio's, this server sends its alert."""
    listener.settimeout(5)
    accepted, _ = listener.accept()
    with accepted:
        accepted.settimeout(5)
        try:
            context.wrap_socket(accepted, server_side=True).close()
        except ssl.SSLError as exc:
            return str(exc)
    return "it did not fail"


async def test_a_good_certificate_of_a_known_authority_is_accepted(authority: Authority) -> None:
    """D11: the refusals above are not for some other reason."""
    async with ScriptedServer([page({"id": "1"})], tls=authority.server()) as server:
        listed = await list_cluster(server)

    assert listed.records == [b'{"id": "1"}']


@pytest.mark.parametrize(
    "heard_bytes, begins",
    [(0, b""), (1, HANDSHAKE[:1]), (100, HANDSHAKE), (65_536, HANDSHAKE)],
    ids=["at-once", "first-byte", "in-the-hello", "after-the-hello"],
)
async def test_a_handshake_that_is_cut_is_a_fault_of_the_network(heard_bytes: int, begins: bytes) -> None:
    """D11: retried as often as any other, each time by a handshake and never by a request in plaintext."""
    heard: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(heard_bytes) if heard_bytes else b"")
        writer.transport.abort()

    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listener, ScriptedServer([]) as unused:
        port = listener.sockets[0].getsockname()[1]
        listed = await list_cluster(unused, mdb_url=f"https://localhost:{port}", attempts=2)

    assert type(listed.error) is NetworkFailed
    assert (listed.traffic.requests, listed.traffic.retries) == (2, 1)
    assert [each[: len(HANDSHAKE)] for each in heard] == [begins, begins]
    assert CANARY.encode() not in b"".join(heard)


def test_no_setting_switches_verification_off() -> None:
    """D11: no key of the configuration is about trusting less."""
    keys = set(keys_of(config_schema()))

    assert {"api", "mdb_url", "clusters"} <= keys
    # Of the service's readers, not of the API.
    keys.remove("trusted_proxies")
    assert [key for key in keys for word in ("insecure", "verify", "trust", "skip", "unsafe") if word in key] == []


def keys_of(schema: object) -> Iterator[str]:
    """List the names of all properties of a schema, however deep they lie."""
    match schema:
        case dict():
            yield from schema.get("properties", ())
            for part in schema.values():
                yield from keys_of(part)
        case list():
            for part in schema:
                yield from keys_of(part)
