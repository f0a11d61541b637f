"""Sections `schedule`, `http` and `metrics`: when the service sweeps, who may ask it, where runs tell their numbers."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Final, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, model_validator

from collector.config.cron import Cron, TimeZone
from collector.config.settings import SecretSource, Settings, refuse_literal
from collector.config.values import Boolean, DurationOrZero

_LISTEN: Final = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<four>[0-9.]+|localhost)):(?P<port>[0-9]{1,5})")
_LISTEN_SHAPE: Final = "should be an IP address and a port, as 127.0.0.1:8080 or '[::1]:8080'"
_NETWORK_SHAPE: Final = "should be an address or a network without host bits, as 10.1.2.3 or 10.1.0.0/16"
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
_OTHERS_HEADERS: Final = frozenset(
    {"accept", "authorization", "connection", "content-length", "cookie", "forwarded", "host", "origin", "referer"}
    | {"transfer-encoding", "user-agent", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"}
)
"""Headers that every client or every proxy sends: that one of them is there says nothing of who asks."""


class Address(NamedTuple):
    """Where to listen. Port 0: any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether nobody but this machine can get there."""
        return ipaddress.ip_address(self.host).is_loopback


def parse_address(text: str) -> Address:
    """Read `127.0.0.1:8080` or `[::1]:8080`. Raises ValueError."""
    match = _LISTEN.fullmatch(text)
    if match is None:
        raise ValueError(_LISTEN_SHAPE)
    host = "127.0.0.1" if match["four"] == "localhost" else match["six"] or match["four"]
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(_LISTEN_SHAPE) from None
    if int(match["port"]) > 65535:
        raise ValueError("should have a port of at most 65535")
    return Address(host, int(match["port"]))


def _check_listen(value: str) -> str:
    parse_address(value)
    return value


def _check_gateway(value: str) -> str:
    parts = urlsplit(value)
    try:
        has_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        has_address = False
    if parts.scheme not in {"http", "https"} or not has_address or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("should be an address like http://pushgateway:9091, without user name, query and fragment")
    return value


def parse_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Read the addresses of a proxy: `10.1.2.3`, `10.1.0.0/16` or `fd00::/8`. Raises ValueError."""
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(_NETWORK_SHAPE) from None
    if network.prefixlen == 0:
        raise ValueError("should name the proxies' own addresses: this is everybody's")
    return network


def _check_network(value: str) -> str:
    parse_network(value)
    return value


def _check_header(value: str) -> str:
    if _HEADER.fullmatch(value) is None:
        raise ValueError("should be the name of a header, as X-Forwarded-User")
    if value.lower() in _OTHERS_HEADERS:
        raise ValueError("should be a header that the proxy sets to the user's name: clients send this one themselves")
    return value


def _fill_networks(value: object) -> object:
    return () if value is None else value


class ScheduleSettings(Settings):
    """When the service sweeps; null: never, it only serves what other runs collect."""

    cron: Cron = "*/15 * * * *"
    """Minute, hour, day of month, month and day of week, or `@hourly` and the like. Quote it."""

    timezone: TimeZone = "UTC"
    """The time zone of `cron`."""

    jitter_s: DurationOrZero = 60.0
    """Chance delays each run by up to so much, so that many services do not ask at the same instant."""


Network = Annotated[str, AfterValidator(_check_network)]


class HttpSettings(Settings):
    """Where the service answers, and whom."""

    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8080"
    """IP address and port. Beyond loopback it needs `token`, `trusted_proxies`, or `unauthenticated`."""

    token: Annotated[SecretSource | None, BeforeValidator(refuse_literal)] = None
    """Where the token lies that is asked for as `Authorization: Bearer …`, except by the two probes; null: none."""

    trusted_proxies: Annotated[tuple[Network, ...], BeforeValidator(_fill_networks)] = ()
    """Addresses and networks of the proxies whose word counts. Nobody else may send `proxy_user_header`."""

    proxy_user_header: Annotated[str, AfterValidator(_check_header)] | None = None
    """The header in which a trusted proxy names the user that it let in, as `X-Forwarded-User`. It must remove what
    clients send under that name."""

    unauthenticated: Boolean = False
    """Whether everyone who gets there may read all without a token: at a wider address, or at loopback under a name
    other than `localhost`, as through a proxy on this machine."""

    @model_validator(mode="after")
    def _check_guarded(self) -> Self:
        if bool(self.trusted_proxies) != (self.proxy_user_header is not None):
            raise ValueError("should have trusted_proxies and proxy_user_header, or neither")
        if self.is_guarded and self.unauthenticated:
            raise ValueError("should have a token or trusted proxies, or be unauthenticated, not both")
        if not (self.is_guarded or self.unauthenticated or parse_address(self.listen).is_loopback):
            raise ValueError(f"listening on {self.listen} needs a token, trusted proxies, or unauthenticated: true")
        return self

    @property
    def is_guarded(self) -> bool:
        """Whether something is asked of those who want to read."""
        return self.token is not None or bool(self.trusted_proxies)


class MetricsSettings(Settings):
    """Where a run without a service tells its numbers."""

    pushgateway: Annotated[str, AfterValidator(_check_gateway)] | None = None
    """A Prometheus Pushgateway that `collector run` tells how it went, as `http://host:9091`; null: none."""
