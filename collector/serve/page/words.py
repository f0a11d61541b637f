"""
How the page writes values: exact where exactness is asked for, short where it is read in passing. No I/O.

What comes from outside may hold characters that turn text around or cannot be seen; they are written as escapes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from collector.logs import escape_controls
from collector.report.writing import write_age, write_exact, write_instant

_DAY_S: Final = 86_400
_UNITS: Final = ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_NOTHING: Final = "–"


def shown(text: object) -> str:
    """Write text from outside so that all of it can be seen."""
    return escape_controls(str(text))


def number(value: float | None) -> str:
    """Write a number with its thousands apart."""
    return _NOTHING if value is None else f"{value:,}"


def size(value: int | None) -> str:
    """Write bytes in the largest unit that leaves a number of at least one, with three digits."""
    if value is None:
        return _NOTHING
    if abs(value) < 1024:
        return f"{value} B"
    amount, unit = float(value), "B"
    for unit in _UNITS:  # noqa: B007 - the last one is used
        amount /= 1024
        if abs(amount) < 1023.5:
            break
    return f"{amount:.{0 if abs(amount) >= 99.95 else 1 if abs(amount) >= 9.995 else 2}f} {unit}"


def span(value: timedelta | float | None) -> str:
    """Write a span of time in its two largest units."""
    return write_age(value.total_seconds() if isinstance(value, timedelta) else value)


def whole_span(value: timedelta | None) -> str:
    """Write a span of time to the microsecond, in seconds."""
    if value is None:
        return _NOTHING
    us = (value.days * _DAY_S + value.seconds) * 1_000_000 + value.microseconds
    seconds, rest = divmod(abs(us), 1_000_000)
    return f"{'-' if us < 0 else ''}{seconds:,}.{rest:06} s"


def minute(us: int | None) -> str:
    """Write an instant to the minute, in UTC."""
    return _cut(us, 16)


def second(us: int | None) -> str:
    """Write an instant to the second, in UTC."""
    return _cut(us, 19)


def day(us: int | None) -> str:
    """Write the day of an instant, in UTC."""
    return _cut(us, 10)


def exact(us: int | None, ns: int | None = None) -> str:
    """Write an instant of the API with its nine fraction digits; of our own clock with six."""
    return (write_instant(us) if ns is None else write_exact(us, ns)) or _NOTHING


def share(value: float | None) -> str:
    """Write a share in per cent, cut off and never rounded up: 100 % means all of it."""
    if value is None:
        return _NOTHING
    tenths = int(value * 1000)
    return "100 %" if tenths == 1000 else f"{tenths / 10:.1f} %"


def in_path(text: str) -> str:
    """Write an id as one segment of an address."""
    return quote(text, safe="")


def from_json(text: str | None) -> object:
    """Read JSON that the database wrote."""
    return None if text is None else json.loads(text)


def to_json(value: object) -> str:
    """Write a value as JSON, on one line, readable."""
    return json.dumps(value, ensure_ascii=False)


FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "day": day,
    "exact": exact,
    "from_json": from_json,
    "in_path": in_path,
    "minute": minute,
    "number": number,
    "second": second,
    "share": share,
    "shown": shown,
    "size": size,
    "span": span,
    "to_json": to_json,
    "whole_span": whole_span,
}


def _cut(us: int | None, chars: int) -> str:
    text = write_instant(us)
    return _NOTHING if text is None else text[:chars].replace("T", " ")
