"""
What may stand in a field: one kind is a type for the decoder and a reader that says what is wrong.

The types refuse in C, without a reason worth keeping. The readers see one field
alone, accept whatever can be stored exactly, and otherwise name the fault.
Missing and JSON `null` are the same (protobuf's rule): None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Final, NamedTuple

from msgspec import NODEFAULT, Meta, Raw
from msgspec.json import Decoder

from collector.errors import UnreadableValue
from collector.parse.literals import Literal, Number, read_literal, shown, storable
from collector.services import Kind
from collector.timestamps import parse_timestamp

IDENTIFIER_CHARS_MAX: Final = 200
TEXT_CHARS_MAX: Final = 1024
NAMES_MAX: Final = 10_000

_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_INT64_TEXT: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")

Identifier = Annotated[str, Meta(min_length=1, max_length=IDENTIFIER_CHARS_MAX)]
"""The record's own id: always there, never empty."""

Text = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)] | None
"""A string, stored as received, also where it is empty."""

Instant = Annotated[str, Meta(max_length=64)] | None
"""An RFC 3339 instant. Empty is the same as missing."""

Int64 = Raw
"""A JSON integer or a string of one (protobuf's form), still as JSON. Never 1.0, never 1e3."""

NULL: Final = Raw(b"null")
"""What a field that is still JSON holds where the API left it out."""

Names = Raw
"""A list of names, still as JSON: see `names.py`."""

_Name = Annotated[str, Meta(max_length=TEXT_CHARS_MAX)]
_PLAIN_NAMES: Final = Decoder(Annotated[list[_Name], Meta(max_length=NAMES_MAX)])
_PLAIN_INT64S: Final = Decoder(list[Annotated[int, Meta(ge=_INT64_MIN, le=_INT64_MAX)] | None], strict=False)
_INT64_ALPHABET: Final = b'0123456789-",nul'


def to_int64s(literals: Sequence[Raw]) -> list[int | None]:
    """
    Turn many integers into numbers at once; null is None.

    One call of the decoder for all of them takes a tenth of the time of one for each. It is told to take strings for
    numbers, and would take "1.0", "1e3" and "null" too: they are refused here, by their characters.

    Raises:
        ValueError: one of them is not an int64, or UnreadableValue, which says no more.
    """
    joined = b",".join(literals)
    if joined.translate(None, _INT64_ALPHABET) or b'"n' in joined:
        raise UnreadableValue("not all of them are int64")
    return _PLAIN_INT64S.decode(b"[" + joined + b"]")


def to_identifier(value: Literal) -> str:
    """Turn a JSON value into a record's id. Raises UnreadableValue."""
    if value is None or value == "":
        raise UnreadableValue("missing")
    return _string(value, IDENTIFIER_CHARS_MAX)


def read_names(raw: bytes) -> tuple[str, ...] | None:
    """Read a JSON list of names; an empty one is None. Raises UnreadableValue."""
    # Without a backslash nothing is escaped, so no NUL.
    if b"\\" not in raw:
        try:
            return tuple(_PLAIN_NAMES.decode(raw)) or None
        except ValueError:
            pass  # The exact reading says why, or that it was null.
    names = read_literal(raw)
    if names is None or names == []:
        return None
    if not isinstance(names, list):
        raise UnreadableValue(f"expected a list of strings, got {shown(names)}")
    if len(names) > NAMES_MAX:
        raise UnreadableValue(f"{len(names)} names, more than {NAMES_MAX}")
    return tuple(_string(name, TEXT_CHARS_MAX) for name in names)


def _exact_int64(text: str) -> int:
    if _INT64_TEXT.fullmatch(text) is None or not _INT64_MIN <= int(text) <= _INT64_MAX:
        raise UnreadableValue(f"not an int64: {shown(text)}")
    return int(text)


def _string(value: Literal, chars_max: int) -> str:
    if not isinstance(value, str) or isinstance(value, Number):
        raise UnreadableValue(f"expected a string, got {shown(value)}")
    if len(value) > chars_max:
        raise UnreadableValue(f"{len(value)} characters, more than {chars_max}")
    return storable(value)


def _read_identifier(raw: Raw) -> str:
    return to_identifier(read_literal(bytes(raw)))


def _read_text(raw: Raw) -> str | None:
    value = read_literal(bytes(raw))
    return None if value is None else _string(value, TEXT_CHARS_MAX)


def _read_instant(raw: Raw) -> str | None:
    value = read_literal(bytes(raw))
    if value is None or value == "":
        return None
    if not isinstance(value, str) or isinstance(value, Number):
        raise UnreadableValue(f"expected an RFC 3339 string, got {shown(value)}")
    parse_timestamp(value)
    return value


def _read_int64(raw: Raw) -> Raw:
    value = read_literal(bytes(raw))
    if value is None:
        return NULL
    if not isinstance(value, str):
        raise UnreadableValue(f"expected an int64, got {shown(value)}")
    return Raw(b"%d" % _exact_int64(value))


def _read_names(raw: Raw) -> Raw:
    read_names(bytes(raw))
    return raw


class KindOf(NamedTuple):
    """A kind in the two forms that the readings need, and what stands for a field that was left out."""

    annotation: object
    default: object
    read: Callable[[Raw], object]
    """What it returns may stand in a record. Raises UnreadableValue, without the field's name."""


KINDS: Mapping[Kind, KindOf] = MappingProxyType(
    {
        "identifier": KindOf(Identifier, NODEFAULT, _read_identifier),
        "text": KindOf(Text, None, _read_text),
        "instant": KindOf(Instant, None, _read_instant),
        "int64": KindOf(Int64, NULL, _read_int64),
        "names": KindOf(Names, NULL, _read_names),
        "index_names": KindOf(Names, NULL, _read_names),
    }
)
