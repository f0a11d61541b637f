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


class ScheduleSettings(Settings):
    """When the service sweeps; null: never, it only serves what other runs collect."""

    cron: Cron = "*/15 * * * *"
    """Minute, hour, day of month, month and day of week, or `@hourly` and the like. Quote it."""

    timezone: TimeZone = "UTC"
    """The time zone of `cron`."""

    jitter_s: DurationOrZero = 60.0
    """Chance delays each run by up to so much, so that many services do not ask at the same instant."""


class HttpSettings(Settings):
    """Where the service answers, and whom."""

    listen: Annotated[str, AfterValidator(_check_listen)] = "127.0.0.1:8080"
    """IP address and port. Beyond loopback it needs `token`, or `unauthenticated`."""

    token: Annotated[SecretSource | None, BeforeValidator(refuse_literal)] = None
    """Where the token lies that is asked for as `Authorization: Bearer …`, except by the two probes; null: none."""

    unauthenticated: Boolean = False
    """Whether everyone who can reach a wider address may read all without a token."""

    @model_validator(mode="after")
    def _check_guarded(self) -> Self:
        if self.token is not None and self.unauthenticated:
            raise ValueError("should have a token or be unauthenticated, not both")
        if self.token is None and not self.unauthenticated and not parse_address(self.listen).is_loopback:
            raise ValueError(f"listening on {self.listen} needs a token, or unauthenticated: true")
        return self


class MetricsSettings(Settings):
    """Where a run without a service tells its numbers."""

    pushgateway: Annotated[str, AfterValidator(_check_gateway)] | None = None
    """A Prometheus Pushgateway that `collector run` tells how it went, as `http://host:9091`; null: none."""
