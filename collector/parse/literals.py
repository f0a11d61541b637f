"""
JSON values with nothing lost: a number stays the text it was.

Refuses what is not JSON (NaN, bad UTF-8) and, through `storable`, the two kinds of
string that JSON can spell and PostgreSQL cannot hold: NUL and a lone surrogate.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Never, TypeAlias

from collector.errors import UnreadableValue

_SHOWN_CHARS_MAX: Final = 64


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


Literal: TypeAlias = "str | Number | bool | list[Literal] | dict[str, Literal] | None"


def read_literal(raw: bytes) -> Literal:
    """
    Read one JSON value.

    Raises:
        UnreadableValue: not JSON, not UTF-8, or nested deeper than Python can follow.
    """
    try:
        value: Literal = _DECODER.decode(raw.decode())
    except UnicodeDecodeError as exc:
        raise UnreadableValue(f"not UTF-8 at byte {exc.start}") from None
    except json.JSONDecodeError as exc:
        raise UnreadableValue(f"not JSON at character {exc.pos}: {exc.msg}") from None
    except RecursionError:
        raise UnreadableValue("nested too deeply") from None
    return value


def storable(text: str) -> str:
    """Return the text if PostgreSQL can hold it. Raises UnreadableValue."""
    if "\0" in text:
        raise UnreadableValue(f"contains NUL: {shown(text)}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UnreadableValue(f"contains a lone surrogate: {shown(text)}") from None
    return text


def shown(value: Literal) -> str:
    """Show a value in a message: its kind, and the first characters of a scalar, all of them printable ASCII."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case Number():
            return value[:_SHOWN_CHARS_MAX]
        case str():
            return ascii(value[:_SHOWN_CHARS_MAX])
        case _:
            return json.dumps(value)


@contextmanager
def at_field(name: str, *, backup_id: str | None = None) -> Iterator[None]:
    """Add to the faults found inside where they are. The name is shown like any value: it may be at fault itself."""
    try:
        yield
    except UnreadableValue as exc:
        raise UnreadableValue(exc.reason, field=shown(name)[1:-1], backup_id=backup_id) from None


def _refuse_constant(name: str) -> Never:
    raise UnreadableValue(f"not JSON: {name}")


_DECODER: Final = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_refuse_constant)
