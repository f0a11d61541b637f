"""Where the token goes: to the API's origin over a verified connection, and into no other byte."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import structlog.testing

from collector.errors import BadAnswer, DeadlineExceeded, ListingError, Redirected, TlsFailed
from tests.authority import self_signed, tls_of
from tests.integration.api.listed import CANARY, list_cluster
from tests.scripted import ScriptedServer, answer, cut, head, page, refusal, reset, silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scripted import Step


def locals_of(error: BaseException) -> Iterator[str]:
    """What a tracer that prints local variables would print: of every frame an error passed but the tests'."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not Path(frame.f_code.co_filename).is_relative_to(Path(__file__).parent):
            yield from map(repr, frame.f_locals.values())


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and all it was raised from or while handling, suppressed or not."""
    if error is not None:
        yield error
        yield from chain(error.__cause__)
        yield from chain(error.__context__)


ECHO = f"GET / HTTP/1.1\r\nAuthorization: Bearer {CANARY}\r\n".encode()

FAULTS: dict[str, Step] = {
    "403": refusal(403, 7, "no"),
    "503": refusal(503, 14, "no"),
    "429": refusal(429, 8, "no"),
    "echo-in-an-error": answer(ECHO, status=400, headers={"Content-Type": "text/plain"}),
    "echo-in-a-status": refusal(403, 7, f"bad token {CANARY}"),
    "echo-in-a-page": answer(b'{"headers":{"authorization":"' + CANARY.encode() + b'"}}'),
    "echo-as-html": answer(ECHO, headers={"Content-Type": "text/html"}),
    "echo-as-broken-json": answer(b'{"backups":' + ECHO),
    "echo-in-headers": answer(b"", status=302, headers={"Location": f"/{CANARY}", "X-Request-Id": CANARY}),
    "echo-in-an-odd-type": answer(b"{}", headers={"Content-Type": f"x/{CANARY}"}),
    "echo-for-a-status-line": cut(ECHO),
    "echo-in-a-header-bomb": cut(head(200, {f"X-{CANARY}": CANARY * 200})),
    "echo-as-an-encoding": answer(b"{}", headers={"Content-Encoding": CANARY}),
    "not-http": cut(b"nonsense\r\n\r\n"),
    "cut": cut(head(200, {"Content-Length": "9"})),
    "reset": reset(),
    "closed": cut(b""),
    "silence": silence(),
    "bad-chunks": cut(head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}) + b"zz\r\n"),
    "too-large": answer(bytes(3000)),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_the_token_is_in_no_error_and_no_log_line(fault: Step) -> None:
    """Not in its words, its repr, its chain, its traceback, nor in a local variable of any frame it passed."""
    with structlog.testing.capture_logs() as lines:
        async with ScriptedServer(lambda _: fault) as server:
            listed = await list_cluster(server, page_timeout_s=0.2, page_bytes_max=2000, attempts=2)

    assert isinstance(listed.error, ListingError)
    seen = [repr(link) + str(link) + repr(link.args) + repr(vars(link)) for link in chain(listed.error)]
    seen += traceback.format_exception(listed.error)
    seen += [local for link in chain(listed.error) for local in locals_of(link)]
    assert CANARY in str(server.requests[0].headers)
    assert CANARY not in "\n".join(seen)
    assert CANARY not in str(lines)
    assert CANARY not in repr(listed.traffic)
    assert list(chain(listed.error)) == [listed.error]


async def test_a_deadline_carries_nothing_of_the_request_it_cut_off() -> None:
    """What was cancelled in the middle had the token in its frames."""
    async with ScriptedServer(lambda _: silence()) as server:
        listed = await list_cluster(server, listing_timeout_s=0.05)

    assert isinstance(listed.error, DeadlineExceeded)
    assert list(chain(listed.error)) == [listed.error]
    assert CANARY not in "".join(locals_of(listed.error))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    """The other host sees no byte, and the same host no second request (D12)."""
    async with ScriptedServer([page()]) as other:
        step = answer(b"", status=status, headers={"Location": f"{other.url}/there?token=secret"})
        async with ScriptedServer(lambda _: step) as server:
            listed = await list_cluster(server)

    assert type(listed.error) is Redirected
    assert str(listed.error) == f"HTTP {status}: not followed, to {other.url}/there"
    assert (len(server.requests), other.connections) == (1, 0)


async def test_cookies_are_not_kept() -> None:
    """A session is nothing the API has (D22)."""
    async with ScriptedServer([page(token="a", headers={"Set-Cookie": "id=1; Path=/"}), page()]) as server:
        await list_cluster(server)

    assert server.requests[1].header("cookie") is None


async def test_proxies_and_credentials_of_the_environment_are_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A variable set for another program must not lead our token through its proxy (D21)."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("no_proxy", "NO_PROXY"):  # where it names this machine, nothing would be proven
        monkeypatch.delenv(name, raising=False)
    async with ScriptedServer([page()]) as proxy, ScriptedServer([page()]) as server:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        listed = await list_cluster(server)

    assert listed.error is None
    assert proxy.connections == 0
    assert server.requests[0].header("authorization") == f"Bearer {CANARY}"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost that has signed itself, in one file."""
    return self_signed(tmp_path_factory.mktemp("tls"))


async def test_an_unknown_certificate_sees_no_request(certificate: Path) -> None:
    """Refused before a byte of HTTP, named, and not tried again (D11)."""
    async with ScriptedServer([page()], tls=tls_of(certificate)) as server:
        listed = await list_cluster(server)

    assert isinstance(listed.error, TlsFailed)
    assert "self-signed certificate" in str(listed.error)
    assert (server.requests, listed.traffic.requests) == ([], 1)


async def test_a_certificate_for_another_name_is_refused(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trusting the authority is not enough (D11)."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with ScriptedServer([page()], tls=tls_of(certificate)) as server:
        listed = await list_cluster(server, mdb_url=server.url.replace("localhost", "127.0.0.1"))

    assert isinstance(listed.error, TlsFailed)
    assert server.requests == []


async def test_a_known_certificate_is_accepted_and_no_session_key_is_written(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """`SSLKEYLOGFILE` would let whoever set it read the token off the wire."""
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    async with ScriptedServer([page({"id": "1"})], tls=tls_of(certificate)) as server:
        listed = await list_cluster(server)

    assert listed.records == [b'{"id": "1"}']
    assert not keys.exists()


async def test_plain_http_where_tls_is_meant_is_a_failure_not_a_downgrade() -> None:
    """There is no way back to plaintext."""
    async with ScriptedServer([page()]) as server:
        https = server.url.replace("http:", "https:")
        listed = await list_cluster(server, mdb_url=https, connect_timeout_s=0.2, attempts=1)

    assert isinstance(listed.error, ListingError)
    assert not isinstance(listed.error, BadAnswer)
    assert server.requests == []
