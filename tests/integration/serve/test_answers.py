"""What the service answers whom: on real sockets, whatever is sent to it."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import structlog
from aiohttp import web

from collector.config import HttpSettings, SecretSource
from collector.errors import UsageError
from collector.serve.door import CONNECTIONS_MAX, IDLE_S, Door
from tests.serving import LOOPBACK, Serving, serving

ENV = {"T": "s3cr3t"}
PATHS = ["/healthz", "/readyz", "/metrics", "/", "/nowhere", "/%2e%2e/etc/passwd", "/clusters/%3Cscript%3E"]
REQUIRED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
    "Server": "collector",
}


@pytest.fixture
async def open_service(migrated_url: str) -> AsyncIterator[Serving]:
    """Yield a service without a token."""
    async with serving(migrated_url) as service:
        yield service


@pytest.fixture
async def closed_service(migrated_url: str) -> AsyncIterator[Serving]:
    """Yield a service with a token."""
    async with serving(migrated_url, HttpSettings(token=SecretSource(env="T")), env=ENV) as service:
        yield service


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_has_the_safe_headers(closed_service: Serving, path: str, method: str) -> None:
    """Found or not, allowed or not: none is without them, and none names a version."""
    answer = await closed_service.ask(path, method=method)

    policy = answer.headers["Content-Security-Policy"]
    assert {name: answer.headers[name] for name in REQUIRED} == REQUIRED
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert not [value for value in answer.headers.values() if "aiohttp" in value.lower() or "python" in value.lower()]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", PATHS)
async def test_only_reading_is_allowed(open_service: Serving, path: str, method: str) -> None:
    """405, and the answer says what is."""
    answer = await open_service.ask(path, method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "authorization, status",
    [(None, 401), ("Bearer wrong", 401), ("Bearer s3cr3t", 200)],
    ids=["none", "wrong", "right"],
)
async def test_the_metrics_want_the_token(closed_service: Serving, authorization: str | None, status: int) -> None:
    """And say how it is to be sent."""
    headers = {"Authorization": authorization} if authorization else {}

    answer = await closed_service.ask("/metrics", headers=headers)

    assert answer.status == status
    assert (status == 401) == (answer.headers.get("WWW-Authenticate") == "Bearer")


@pytest.mark.parametrize("path", ["/", "/nowhere", "/clusters/c9q"])
async def test_without_the_token_nobody_learns_which_addresses_there_are(closed_service: Serving, path: str) -> None:
    """One that exists and one that does not are refused alike, and a browser asks for the token."""
    answer = await closed_service.ask(path)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


USER = "X-Forwarded-User"
VOUCHED = (USER, "anna")
BEARER = ("Authorization", "Bearer s3cr3t")


@pytest.mark.parametrize(
    "proxy, token, sent, status",
    [
        ("127.0.0.0/8", None, [VOUCHED], 200),
        ("127.0.0.0/8", None, [("x-forwarded-USER", "anna")], 200),
        ("127.0.0.0/8", "T", [VOUCHED, ("Authorization", "Bearer wrong")], 200),
        ("127.0.0.0/8", "T", [BEARER], 200),
        ("127.0.0.0/8", "T", [], 401),
        ("127.0.0.0/8", None, [], 401),
        ("127.0.0.0/8", None, [BEARER], 401),
        ("127.0.0.0/8", "T", [VOUCHED, VOUCHED, BEARER], 403),
        ("127.0.0.0/8", None, [(USER, "")], 403),
        ("10.1.0.0/16", None, [VOUCHED], 403),
        ("10.1.0.0/16", "T", [VOUCHED, BEARER], 403),
        ("10.1.0.0/16", "T", [VOUCHED, ("X-Forwarded-For", "10.1.0.1"), ("Forwarded", "for=10.1.0.1")], 403),
        ("10.1.0.0/16", "T", [("X_Forwarded_User", "anna")], 401),
    ],
    ids=[
        *("vouched", "case", "vouched-wrong-token", "token", "nothing", "nothing-alone", "token-of-none"),
        *("twice", "empty", "spoofed", "spoofed-with-token", "spoofed-address", "look-alike"),
    ],
)
async def test_the_word_of_a_trusted_proxy_opens_and_of_nobody_else(
    migrated_url: str, proxy: str, token: str | None, sent: list[tuple[str, str]], status: int
) -> None:
    """Where the connection comes from says who is one; no header does. The probes stay open."""
    source = SecretSource(env=token) if token else None
    settings = HttpSettings(token=source, trusted_proxies=(proxy,), proxy_user_header=USER)
    async with serving(migrated_url, settings, env=ENV) as service:
        answer = await service.ask("/metrics", headers=sent)
        probe = await service.ask("/healthz", headers=sent)

    assert (answer.status, probe.status) == (status, 200)
    assert "anna" not in answer.text + str(answer.headers)


async def test_the_probes_are_open_and_say_one_word(closed_service: Serving) -> None:
    """A prober has no token, and learns no more than it needs."""
    health, ready = await closed_service.ask("/healthz"), await closed_service.ask("/readyz")

    assert (health.status, health.text) == (200, "ok\n")
    assert (ready.status, ready.text) == (200, "ok\n")


async def test_nothing_of_a_request_comes_back(migrated_url: str) -> None:
    """Neither its path nor its host, which anybody can make up."""
    async with serving(migrated_url, HttpSettings(unauthenticated=True)) as service:
        answer = await service.ask("/<script>?x=<script>", headers={"Host": "evil.test", "X-Forwarded-Host": "evil"})

    assert answer.status == 404
    assert "script" not in answer.text
    assert "evil" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    "settings, statuses",
    [
        (HttpSettings(), {421}),
        (HttpSettings(unauthenticated=True), {200}),
        (HttpSettings(token=SecretSource(env="T")), {200}),
    ],
    ids=["nothing", "everybody", "token"],
)
async def test_on_loopback_only_who_names_this_machine_is_answered(
    migrated_url: str, settings: HttpSettings, statuses: set[int]
) -> None:
    """A site that let its name lead here could else read all that a browser on this machine can."""
    headers = {"Authorization": "Bearer s3cr3t"}
    async with serving(migrated_url, settings, env=ENV) as service:
        named = {
            (await service.ask(path, headers={**headers, "Host": "evil.test:8080"})).status
            for path in ("/", "/metrics")
        }
        probe = await service.ask("/healthz", headers={"Host": "evil.test"})
        local = await service.ask("/metrics", headers={**headers, "Host": "localhost:8080"})

    assert (named, probe.status, local.status) == (statuses, 200, 200)


@pytest.mark.parametrize(
    "sent",
    [
        b"what is this\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["no-http", "long-line", "long-header", "tls"],
)
async def test_what_is_no_request_is_refused_plainly(open_service: Serving, sent: bytes) -> None:
    """No word of the library in it, no echo, no line in the log that somebody could fill a disk with."""
    reader, writer = await open_service.connect()
    with structlog.testing.capture_logs() as lines:
        writer.write(sent)
        raw = await asyncio.wait_for(reader.read(), 10)
    writer.close()

    answer = raw.decode()
    assert answer.startswith("HTTP/1.0 400 Bad Request\r\n")
    assert "Server: collector\r\n" in answer
    assert "Content-Security-Policy: default-src 'none'" in answer
    assert answer.endswith("\r\n\r\nBad Request\n")
    assert lines == []


async def test_an_expectation_is_refused_as_plainly_as_all_else(open_service: Serving) -> None:
    """The library refuses it before the guard sees it."""
    answer = await open_service.ask("/healthz", headers={"Expect": "tea<script>"})

    assert (answer.status, answer.text) == (417, "Expectation Failed\n")
    assert {name: answer.headers[name] for name in REQUIRED} == REQUIRED


async def test_who_dawdles_is_cut_off_and_holds_up_nobody(open_service: Serving) -> None:
    """Silent connections and half a head: gone after some seconds, while probes are answered at once."""
    links = [await open_service.connect() for _ in range(20)]
    for _, writer in links[10:]:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    began = time.monotonic()

    answer = await asyncio.wait_for(open_service.ask("/healthz"), 2)
    async with asyncio.timeout(IDLE_S + 5):
        await asyncio.gather(*(reader.read() for reader, _ in links))

    assert answer.status == 200
    assert time.monotonic() - began >= IDLE_S - 1
    for _, writer in links:
        writer.close()


async def test_who_does_not_take_its_answers_is_cut_off(open_service: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks and asks and reads nothing, and would keep its place for ever."""
    monkeypatch.setattr("collector.serve.door.TAKING_S", 0.5)
    address = urlsplit(open_service.url)
    with socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.get_running_loop().sock_connect(client, (address.hostname, address.port))

        with pytest.raises(ConnectionError):
            await asyncio.wait_for(_ask_for_ever(client), 20)


async def _ask_for_ever(client: socket.socket) -> None:
    while True:
        await asyncio.get_running_loop().sock_sendall(client, b"GET /page.css HTTP/1.1\r\nHost: x\r\n\r\n" * 100)


async def test_who_finds_no_place_is_turned_away_and_places_come_free(open_service: Serving) -> None:
    """The number of connections has a bound."""
    links = [await open_service.connect() for _ in range(CONNECTIONS_MAX)]
    await open_service.client.close()  # the sessions of this test are all bare

    reader, writer = await open_service.connect()
    turned_away = await asyncio.wait_for(_read(reader), 5)
    links.pop()[1].close()
    free = await asyncio.wait_for(_ask_bare(open_service), 5)

    assert turned_away == b""
    assert free.startswith(b"HTTP/1.1 200 OK")
    for each in (writer, *(link[1] for link in links)):
        each.close()


async def _read(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def _ask_bare(service: Serving) -> bytes:
    """Ask until there is a place: the server needs a moment to see that a client has gone."""
    while True:
        reader, writer = await service.connect()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = await _read(reader)
        writer.close()
        if answer:
            return answer


async def test_a_handler_that_dies_is_told_and_says_nothing(migrated_url: str) -> None:
    """500 in two words; the traceback is in the log."""
    async with serving(migrated_url) as service:
        service.readiness._probe = _die  # type: ignore[method-assign]
        with structlog.testing.capture_logs() as lines:
            answer = await service.ask("/readyz", headers={"Accept": "text/html"})

    assert (answer.status, answer.text) == (500, "Internal Server Error\n")
    assert answer.headers["Server"] == "collector"
    assert [line["event"] for line in lines] == ["request.crashed"]


async def _die() -> None:
    raise ZeroDivisionError


async def test_an_address_that_is_taken_is_told(migrated_url: str) -> None:
    """Not looked past."""
    async with serving(migrated_url) as service:
        port = int(service.url.rpartition(":")[2])
        door = Door(web.Application(), LOOPBACK._replace(port=port))

        with pytest.raises(UsageError, match=f"cannot listen on 127.0.0.1:{port}"):
            await door.__aenter__()
