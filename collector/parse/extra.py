"""
The fields that this version does not know, kept as one JSON object.

Their values stay as they were spelled, byte for byte. What the `jsonb` column could
not hold, or could only hold by growing out of measure, is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final

from msgspec import Raw

from collector.errors import UnreadableValue
from collector.parse.literals import Literal, Number, at_field, read_literal, shown, storable

EXTRA_BYTES_MAX: Final = 64 * 1024
DEPTH_MAX: Final = 100
"""PostgreSQL's own limit is a stack size, met at some thousand levels."""

NUMBER_DIGITS_MAX: Final = 1000
"""`numeric` takes more, but six bytes of exponent could then print as 128 KiB of zeros. Every double fits."""

_EXPONENT: Final = re.compile(r"[eE]([+-]?[0-9]+)")


def keep_unknown(members: Mapping[str, Raw]) -> str | None:
    """
    Join unknown members into one JSON object, in their order; None where there are none.

    Raises:
        UnreadableValue: `jsonb` could not hold them, or a cap is passed. `field` names the member at fault.
    """
    if not members:
        return None
    size = sum(len(bytes(value)) for value in members.values())
    if size > EXTRA_BYTES_MAX:
        raise UnreadableValue(f"{size} bytes of unknown fields, more than {EXTRA_BYTES_MAX}")
    text = "{" + ",".join(_member(name, value) for name, value in members.items()) + "}"
    if len(text.encode()) > EXTRA_BYTES_MAX:
        raise UnreadableValue(f"{len(text.encode())} bytes of unknown fields, more than {EXTRA_BYTES_MAX}")
    return text


def require_jsonb(name: str, value: Literal) -> None:
    """Refuse a member that `jsonb` could not hold. Raises UnreadableValue."""
    _require_jsonb({name: value}, depth=0)


def _member(name: str, raw: Raw) -> str:
    with at_field(name):
        require_jsonb(name, read_literal(bytes(raw)))
    return f"{json.dumps(name, ensure_ascii=False)}:{bytes(raw).decode()}"


def _require_jsonb(value: Literal, *, depth: int) -> None:
    if depth > DEPTH_MAX:
        raise UnreadableValue(f"nested deeper than {DEPTH_MAX} levels")
    match value:
        case Number():
            _require_short(value)
        case str():
            storable(value)
        case list():
            for item in value:
                _require_jsonb(item, depth=depth + 1)
        case dict():
            for name, item in value.items():
                storable(name)
                _require_jsonb(item, depth=depth + 1)


def _require_short(number: Number) -> None:
    exponent = _EXPONENT.search(number) if len(number) <= NUMBER_DIGITS_MAX else None
    if len(number) > NUMBER_DIGITS_MAX or (exponent and abs(int(exponent[1])) > NUMBER_DIGITS_MAX):
        raise UnreadableValue(f"a number of more than {NUMBER_DIGITS_MAX} digits: {shown(number)}")
