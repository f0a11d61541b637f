"""
One GET or POST on the wire: a whole answer comes back, or one of our errors. The only client that speaks HTTP.

What it refuses: following redirects, cookies, proxies and credentials from the
environment, names that lead back to this machine, encodings nobody asked for,
bodies past their cap, and repeating a request by itself.

aiohttp's exceptions carry the request's headers, our token among them, in their
repr. So none of them leaves this module, not even as the context of an error:
errors are returned up to `get` or `post`, and raised there, where no frame shows a secret.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Literal, Self

import aiohttp
from yarl import URL

from collector import __version__
from collector.api.answer import HEADERS_KEPT, Answer
from collector.api.auth import Credential
from collector.api.body import Body
from collector.api.reach import unreachable
from collector.api.secret_body import SecretBody, without
from collector.api.tls import tls_context
from collector.api.transport.breakage import broken
from collector.api.witness import Witness, witnessed
from collector.errors import ListingError, NetworkFailed, TimedOut
from collector.records import Traffic

ERROR_BODY_BYTES_MAX: Final = 65_536
"""What is read of an answer that is no page: enough for its message."""

FIXED_HEADERS: Final[Mapping[str, str]] = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"backup-inventory-collector/{__version__}",
}


class Transport:
    """Connections to the API. An async context manager; `get` and `post` are all it does."""

    def __init__(
        self,
        *base_urls: str,
        connections: int,
        connect_timeout_s: float,
        page_timeout_s: float,
        body_bytes_max: int,
        witness: Witness | None = None,
    ) -> None:
        """
        Open nothing yet.

        Args:
            base_urls: only their schemes matter here: certificates are loaded for https.
            connections: how many requests may be under way; more would wait for a connection.
            connect_timeout_s: for the name's resolution, the connection and the TLS handshake together.
            page_timeout_s: for one whole answer, however steadily it drips.
            body_bytes_max: of one body, on the wire and decoded.
            witness: sees every whole answer with all its headers.
        """
        self._base_urls = base_urls
        self._connections = connections
        self._connect_timeout_s = connect_timeout_s
        self._page_timeout_s = page_timeout_s
        self._body_bytes_max = body_bytes_max
        self._witness = witness
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        tls = tls_context() if any(url.startswith("https:") for url in self._base_urls) else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=tls, resolver=_RemoteResolver()),
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_timeout_s),
            headers=FIXED_HEADERS,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            raise_for_status=False,
            middlewares=(_send_once,),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def get(
        self, address: str, *, credential: Credential | None, headers: Mapping[str, str], traffic: Traffic
    ) -> Answer:
        """
        Ask once.

        Args:
            address: the URL, encoded already; sent as it is.
            credential: whose token goes into `Authorization`, and nowhere else; None sends none.
            headers: of this request, beside the fixed ones.
            traffic: where the bytes of the body are counted.

        Raises:
            ListingError: no whole answer came (NetworkFailed, TimedOut, TlsFailed, TruncatedAnswer), or not
                one we take (AnswerTooLarge, BadAnswer). A status other than 200 is an answer, not an error.
                Or one that the credential raises, where the token service is not there.
            CredentialError: there is no token.
        """
        if credential is None:
            outcome = await self._send("GET", address, headers=headers, secrets=(), traffic=traffic)
        else:
            outcome = await self._fetch(address, credential=credential, headers=headers, traffic=traffic)
        if isinstance(outcome, ListingError):
            raise outcome.with_traceback(None)
        return outcome

    async def post(self, address: str, body: SecretBody, *, traffic: Traffic) -> Answer:
        """
        Send a secret once, to where it is exchanged for a token. The rest is as with `get`.

        Raises:
            ListingError: as `get`.
        """
        outcome = await self._send(
            "POST",
            address,
            headers={"Content-Type": body.content_type},
            content=body.content,
            secrets=body.secrets,
            traffic=traffic,
        )
        if isinstance(outcome, ListingError):
            raise outcome.with_traceback(None)
        return outcome

    async def _fetch(
        self, address: str, *, credential: Credential, headers: Mapping[str, str], traffic: Traffic
    ) -> Answer | ListingError:
        token = await credential.token()
        sent = {**headers, "Authorization": f"Bearer {token}"}
        return await self._send("GET", address, headers=sent, secrets=(token,), traffic=traffic)

    async def _send(
        self,
        method: Literal["GET", "POST"],
        address: str,
        *,
        headers: Mapping[str, str],
        secrets: tuple[str, ...],
        traffic: Traffic,
        content: bytes | None = None,
    ) -> Answer | ListingError:
        if self._session is None:
            raise RuntimeError("the transport is not open: use `async with`")
        url = URL(address, encoded=True)
        try:
            async with (
                asyncio.timeout(self._page_timeout_s),
                self._session.request(method, url, headers=headers, data=content, allow_redirects=False) as response,
            ):
                answer = await self._receive(response, traffic)
                for secret in secrets:
                    answer = without(secret, answer)
                self._tell(secrets, response, answer)
                return answer
        except ListingError as exc:
            return exc
        except aiohttp.ConnectionTimeoutError:
            return TimedOut(f"no connection within {self._connect_timeout_s:g} s")
        except TimeoutError:
            return TimedOut(f"no whole answer within {self._page_timeout_s:g} s")
        except (aiohttp.ClientError, OSError) as exc:
            return broken(exc)

    async def _receive(self, response: aiohttp.ClientResponse, traffic: Traffic) -> Answer:
        headers = {name: ", ".join(values) for name in HEADERS_KEPT if (values := response.headers.getall(name, []))}
        encoding = ", ".join(response.headers.getall("Content-Encoding", []))
        if response.status == 200:
            body = await _read(response, Body(encoding, bytes_max=self._body_bytes_max), traffic)
            return Answer(response.status, headers, body)
        try:
            body = await _read(response, Body(encoding, bytes_max=ERROR_BODY_BYTES_MAX), traffic)
        except (ListingError, aiohttp.ClientPayloadError):
            body = b""  # The status says what happened, however broken its explanation is.
        return Answer(response.status, headers, body)

    def _tell(self, secrets: tuple[str, ...], response: aiohttp.ClientResponse, answer: Answer) -> None:
        if self._witness is None or not secrets:
            return
        headers, target = response.headers.items(), response.url.raw_path_qs
        self._witness(witnessed(answer, headers, target=target, token=secrets[0], received_at=time.time()))


class _RemoteResolver(aiohttp.ThreadedResolver):
    """The system's resolver, without the addresses that no remote API has."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        found = await super().resolve(host, port, family)
        refused = unreachable(host, [each["host"] for each in found])
        remote = [each for each in found if each["host"] not in refused]
        if found and not remote:
            raise NetworkFailed(f"the name was not resolved: {host} stands for {min(refused)}, which is no remote host")
        return remote


async def _read(response: aiohttp.ClientResponse, body: Body, traffic: Traffic) -> bytes:
    try:
        async for chunk in response.content.iter_any():
            body.feed(chunk)
    finally:
        traffic.bytes += body.decoded_bytes
    return body.finish()


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """
    Keep aiohttp from sending a request again when a kept connection breaks: every request is ours to count and to pace.

    It repeats what fails with its own two types, and nothing else (aiohttp, issue 10790).
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
        failure = broken(exc)
    raise failure
