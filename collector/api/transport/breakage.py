"""What a broken connection is to us: the library's exceptions in our words, without what they carry. No I/O."""

from __future__ import annotations

import ssl
from typing import Final

import aiohttp

from collector.api.answer import excerpt
from collector.errors import ListingError, NetworkFailed, TlsFailed, TruncatedAnswer

FAULTS: Final[tuple[tuple[type[Exception], type[ListingError], str], ...]] = (
    (aiohttp.ClientConnectorCertificateError, TlsFailed, "the server's certificate was not accepted"),
    (aiohttp.ClientSSLError, TlsFailed, "TLS failed"),
    (ssl.SSLError, TlsFailed, "TLS failed"),
    (aiohttp.ClientConnectorDNSError, NetworkFailed, "the name was not resolved"),
    (aiohttp.ClientConnectorError, NetworkFailed, "no connection"),
    (aiohttp.ServerDisconnectedError, NetworkFailed, "the server closed the connection before it answered"),
    (aiohttp.ClientPayloadError, TruncatedAnswer, "the body ended early, or its chunks are broken"),
    (aiohttp.ClientResponseError, NetworkFailed, "the answer is not HTTP as we read it"),
    (OSError, NetworkFailed, "the connection broke"),
)
"""What a library's exception is to us; the first that fits."""


def broken(exc: aiohttp.ClientError | OSError) -> ListingError:
    """Say in our words what broke; aiohttp's own words hold what a header bomb was made of."""
    for kind, becomes, sentence in FAULTS:
        if isinstance(exc, kind):
            return becomes(sentence + _reason(exc))
    return NetworkFailed(f"the request failed: {type(exc).__name__}")


def _reason(exc: Exception) -> str:
    """What the operating system or the TLS library said, where one of them did."""
    match exc:
        case aiohttp.ClientConnectorCertificateError():
            words = str(exc.certificate_error)
        case aiohttp.ClientConnectorError():
            words = f"{exc.host}:{exc.port}: {exc.os_error}"
        case OSError():
            words = exc.strerror or ""
        case _:
            words = ""
    return f": {excerpt(words)}" if words else ""
