"""
Values to proto3 JSON, as google.protobuf writes it. Pure.

The rules: lowerCamelCase keys, int64 as strings, defaults left out (or printed, as
Envoy's transcoder can), a Timestamp with 0, 3, 6 or 9 fraction digits and `Z`.
https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

from collector.emulator.backups import INSTANT_NS_MAX, INSTANT_NS_MIN, NS_PER_S, EmulatedBackup
from collector.emulator.messages import MESSAGES, Kind
from collector.errors import UsageError

Key = Literal["backups", "clusters", "folders"]

_EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()

# Envoy sends UTF-8, not escapes; the encoder's C function is reached without building an encoder for every string.
_quote: Final = json.JSONEncoder(ensure_ascii=False).encode


def render_timestamp(instant_ns: int) -> str:
    """
    Write an instant as RFC 3339 in UTC.

    Raises:
        UsageError: outside 0001…9999.
    """
    if not INSTANT_NS_MIN <= instant_ns <= INSTANT_NS_MAX:
        raise UsageError(f"instant {instant_ns} ns is outside the years 0001 to 9999")
    seconds, nanos = divmod(instant_ns, NS_PER_S)
    days, second = divmod(seconds, 86_400)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_render_day(days)}T{hour:02d}:{minute:02d}:{second:02d}{_render_fraction(nanos)}Z"


def render_backup(backup: EmulatedBackup, *, service: str = "opensearch", print_defaults: bool = False) -> str:
    """Write one backup as a JSON object, as its service does; `print_defaults` adds what is not set, but no message."""
    parts: list[str] = []
    for key, attribute, kind, zero in MESSAGES[service]:
        value = getattr(backup, attribute)
        # An instant may be 0, which is 1970.
        if value or (kind == "instant" and value is not None):
            parts.append(f'"{key}":{_WRITERS[kind](value)}')
        elif print_defaults and kind != "instant":
            parts.append(f'"{key}":{_WRITERS[kind](value or zero)}')
    return "{" + ",".join(parts) + "}"


def render_object(fields: Mapping[str, object], *, print_defaults: bool = False) -> str:
    """Write a message of strings and maps as a JSON object; what is in a map is written as it is."""
    shown = {key: value for key, value in fields.items() if value or print_defaults}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def render_page(key: Key, records: Sequence[str], next_token: str, *, print_defaults: bool = False) -> bytes:
    """Put rendered records and the next page's token together; an empty last page is `{}`."""
    parts = [f'"{key}":[{",".join(records)}]'] if records or print_defaults else []
    if next_token or print_defaults:
        parts.append(f'"nextPageToken":{_quote(next_token)}')
    return ("{" + ",".join(parts) + "}").encode()


@lru_cache(maxsize=4096)
def _render_day(days: int) -> str:
    return dt.date.fromordinal(_EPOCH_ORDINAL + days).isoformat()


def _render_fraction(nanos: int) -> str:
    if nanos == 0:
        return ""
    if nanos % 1_000_000 == 0:
        return f".{nanos // 1_000_000:03d}"
    if nanos % 1_000 == 0:
        return f".{nanos // 1_000:06d}"
    return f".{nanos:09d}"


# Nine lists in ten are the list of the backup before.
@lru_cache(maxsize=64)
def _render_names(names: tuple[str, ...]) -> str:
    return f"[{','.join(map(_quote, names))}]"


def _render_int64(number: int | str) -> str:
    return f'"{number or 0}"'


_WRITERS: Final[Mapping[Kind, Callable[[Any], str]]] = MappingProxyType(
    {
        "text": _quote,
        "int64": _render_int64,
        "names": lambda names: _render_names(names or ()),
        "instant": lambda instant_ns: f'"{render_timestamp(instant_ns)}"',
    }
)
