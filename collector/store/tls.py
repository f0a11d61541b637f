"""
How the way to PostgreSQL is protected: whose certificate is verified, and by which authorities.

Refuses certificates of authorities that cannot be read. The handshake is the driver's.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from collector.config.values import is_loopback
from collector.errors import DatabaseRefused

VERIFIED: Final = "verify-full"
"""The one mode that proves who answers: `verify-ca` takes any server of the same authority, which customers share."""
_MODE: Final = "prefer"
"""The driver's own where nothing is said: TLS if the server likes, else none."""


def unverified_hosts(url: str, env: Mapping[str, str]) -> Sequence[str]:
    """Name the hosts beyond this machine that are believed without full proof of who they are."""
    said = _said_of("sslmode", url, env) or _MODE
    return [] if said == VERIFIED else [host for host in _hosts(url, env) if not _is_here(host)]


def check_authorities(url: str, env: Mapping[str, str]) -> None:
    """
    Try the file of authorities that the address names. The driver would take a missing one for a missing server.

    Raises:
        DatabaseRefused: it cannot be read, or holds no certificate.
    """
    path = _said_of("sslrootcert", url, env)
    if not path:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=path)
    except ssl.SSLError:
        raise DatabaseRefused(f"sslrootcert: the file {path} holds no certificate of an authority") from None
    except OSError as exc:
        raise DatabaseRefused(f"sslrootcert: the file {path} cannot be read: {exc.strerror}") from None


def _said_of(parameter: str, url: str, env: Mapping[str, str]) -> str:
    """Read a parameter as the driver does: the address wins over the environment (`sslmode`: `PGSSLMODE`)."""
    values = parse_qs(urlsplit(url).query).get(parameter)
    return values[-1] if values else env.get(f"PG{parameter.upper()}", "")


def _hosts(url: str, env: Mapping[str, str]) -> Sequence[str]:
    hosts = urlsplit(url).netloc.rpartition("@")[2] or _said_of("host", url, env)
    return [_without_port(unquote(host)) for host in hosts.split(",")]


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host if host.startswith("/") else host.partition(":")[0]


def _is_here(host: str) -> bool:
    """Tell whether it is this machine: nothing, the directory of a socket, or a loopback address."""
    return not host or host.startswith(("/", "@")) or is_loopback(host)
