"""
The kinds of value a setting can hold: durations, numbers, addresses, ids. Exact, or refused with a sentence why.

The checks run before pydantic's own, which would take `true` for 1, `"yes"` for true and `"1_0"` for 10.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr, ValidationInfo, WithJsonSchema

from collector.records import CLUSTER_ID_PATTERN, ClusterId
from collector.services import SERVICES

DURATION_PATTERN: Final = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)([smhd])")
_UNIT_S: Final = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION_MAX_S: Final = 3_650 * 86_400.0
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_LABELS_MAX: Final = 64
_LABEL_KEY_LENGTH_MAX: Final = 63
_LABEL_VALUE_LENGTH_MAX: Final = 256
_HOST_NAME = re.compile(r"(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_DATABASE_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\[\]:]*)(?::[0-9]{1,5})?")

NO_CLUSTERS: Final = "no clusters: list at least one, as `- id: …`, or set `discovery`"

FROM_FILE: Final = MappingProxyType({"source": "file"})
"""The validation context of a file: a duration must carry its unit. In Python the attribute's name carries it."""


def parse_duration(text: str) -> float:
    """Read `90s`, `15m`, `26h` or `14d` (a decimal fraction is allowed) as seconds. Raises ValueError."""
    match = DURATION_PATTERN.fullmatch(text)
    if match is None and _NUMBER.fullmatch(text):
        raise ValueError("a duration needs its unit, as in 90s, 15m, 26h or 14d")
    if match is None:
        raise ValueError("should be a duration: a number and one of s, m, h, d, as in 90s, 15m, 26h or 14d")
    seconds = float(match[1]) * _UNIT_S[match[2]]
    if seconds > _DURATION_MAX_S:
        raise ValueError("should be at most 3650d")
    return seconds


def format_duration(seconds: float) -> str:
    """Write seconds in the largest unit that leaves no fraction: 93600 is `26h`."""
    unit = next((unit for unit, size in _UNIT_S.items() if seconds >= size and seconds % size == 0), "s")
    return f"{seconds / _UNIT_S[unit]:g}{unit}" if unit != "s" else f"{seconds:.6f}".rstrip("0").rstrip(".") + "s"


def _check_duration(value: object, info: ValidationInfo) -> object:
    if isinstance(value, str):
        return parse_duration(value)
    if info.context is FROM_FILE:
        raise ValueError("should be a duration with its unit: 90s, 15m, 26h or 14d")
    return value


def _check_number(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        raise ValueError("should be a plain decimal number")
    return value


def _check_boolean(value: object) -> object:
    if isinstance(value, bool) or (isinstance(value, str) and value in {"true", "false"}):
        return value
    raise ValueError("should be true or false")


def _check_variable_name(value: str) -> str:
    if _VARIABLE_NAME.fullmatch(value) is None:
        raise ValueError("should be the name of an environment variable: letters, digits and _")
    return value


def _check_file_path(value: object) -> object:
    if value == "":
        raise ValueError("should be the path of a file, not empty")
    return value


def _check_id(what: str) -> AfterValidator:
    def check(value: str) -> str:
        if CLUSTER_ID_PATTERN.fullmatch(value) is None:
            raise ValueError(f"should be {what}: 1 to 50 of A–Z, a–z, 0–9, _ and -, the first a letter or a digit")
        return value

    return AfterValidator(check)


def _check_service(value: str) -> str:
    if value not in SERVICES:
        raise ValueError(f"should be one of {', '.join(sorted(SERVICES))}")
    return value


def _fill_labels(value: object) -> object:
    return {} if value is None else value


def _check_labels(value: Mapping[str, str]) -> Mapping[str, str]:
    if len(value) > _LABELS_MAX:
        raise ValueError(f"should have at most {_LABELS_MAX} labels")
    for key, text in value.items():
        if not 1 <= len(key) <= _LABEL_KEY_LENGTH_MAX or not key.isprintable():
            raise ValueError(f"a label's key should have 1 to {_LABEL_KEY_LENGTH_MAX} printable characters")
        if len(text) > _LABEL_VALUE_LENGTH_MAX:
            raise ValueError(f"a label's value should have at most {_LABEL_VALUE_LENGTH_MAX} characters")
    return MappingProxyType(dict(value))


def _check_api_url(value: str) -> str:
    """Accept an origin only: scheme, host and port. Where it leads, the credential goes."""
    if any(mark in value for mark in "@?#\\% ") or not value.isascii() or not value.isprintable():
        raise ValueError("should be an address without user name, query, fragment and escapes")
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("should be an address like https://host:port") from None
    if parts.path not in {"", "/"} or not host or parts.netloc.endswith(":"):
        raise ValueError("should be an address like https://host:port, without a path")
    _check_host(parts.scheme, host)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _check_host(scheme: str, host: str) -> None:
    if scheme not in {"https", "http"}:
        raise ValueError("should begin with https://")
    if is_loopback(host):
        return
    if scheme == "http":
        raise ValueError("should begin with https:// (http is accepted for loopback only)")
    if not _HOST_NAME.fullmatch(host):
        raise ValueError("should have a host name (an IP address is accepted for loopback only)")


def is_loopback(host: str) -> bool:
    """Tell whether a host, by name or address, is this machine."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None


def _check_database_url(value: object) -> object:
    """Check as much of a connection URL as can be told apart without connecting; the empty text is None."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise ValueError("should be text like postgresql://user@host/database")  # noqa: TRY004  (pydantic's protocol)
    scheme, separator, rest = text.partition("://")
    if scheme not in {"postgresql", "postgres"} or not separator:
        raise ValueError("should begin with postgresql:// or postgres://")
    authority = re.split(r"[/?]", rest, maxsplit=1)[0]
    hosts = authority.rpartition("@")[2].split(",")
    odd = "#" in rest or " " in rest or not rest.isprintable() or authority.count("@") > 1
    if odd or not all(_DATABASE_HOST.fullmatch(host) for host in hosts):
        raise ValueError(
            "the host or port cannot be read: percent-encode : / ? # @ and spaces in user name and password"
        )
    return value


def _check_installation(value: object) -> object:
    if value is None or value == "":
        return None
    if isinstance(value, UUID) or (isinstance(value, str) and _UUID.fullmatch(value)):
        return value
    raise ValueError("should be a UUID, as `collector check` tells it: 8-4-4-4-12 hexadecimal digits")


_DURATION_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{DURATION_PATTERN.pattern}$"})
_ID_SCHEMA = WithJsonSchema({"type": "string", "pattern": f"^{CLUSTER_ID_PATTERN.pattern}$"})
_BOUNDED_TEXT = Field(min_length=1, max_length=100)

Duration = Annotated[float, BeforeValidator(_check_duration), Field(gt=0, allow_inf_nan=False), _DURATION_SCHEMA]
DurationOrZero = Annotated[float, BeforeValidator(_check_duration), Field(ge=0, allow_inf_nan=False), _DURATION_SCHEMA]
Whole = Annotated[int, BeforeValidator(_check_number)]
Number = Annotated[float, BeforeValidator(_check_number), Field(allow_inf_nan=False)]
Boolean = Annotated[bool, BeforeValidator(_check_boolean)]
ClusterName = Annotated[str, _BOUNDED_TEXT]
ConfiguredId = Annotated[ClusterId, _check_id("a cluster id"), _ID_SCHEMA]
FolderId = Annotated[str, _check_id("a folder id"), _ID_SCHEMA]
ServiceAccountId = Annotated[str, _check_id("a service account id"), _ID_SCHEMA]
ServiceName = Annotated[
    str, AfterValidator(_check_service), WithJsonSchema({"type": "string", "enum": sorted(SERVICES)})
]
VariableName = Annotated[str, AfterValidator(_check_variable_name)]
FilePath = Annotated[Path, BeforeValidator(_check_file_path)]
Labels = Annotated[
    Mapping[str, str], BeforeValidator(_fill_labels), AfterValidator(_check_labels), PlainSerializer(dict)
]
ApiUrl = Annotated[str, AfterValidator(_check_api_url)]
InstallationId = Annotated[
    UUID | None,
    BeforeValidator(_check_installation),
    WithJsonSchema({"type": ["string", "null"], "pattern": f"^(?:{_UUID.pattern})?$"}),
]
DatabaseUrl = Annotated[
    SecretStr | None, BeforeValidator(_check_database_url), WithJsonSchema({"type": ["string", "null"]})
]
