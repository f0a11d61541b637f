"""
A record's members, each still as JSON.

The decoder refuses a record as a whole for a lone surrogate anywhere in it, and
calls that truncated. Here such a record is read once more, for the reason alone.
"""

from __future__ import annotations

from typing import Final

from msgspec import Raw
from msgspec.json import Decoder

from collector.errors import UnreadableValue
from collector.parse.extra import require_jsonb
from collector.parse.kinds import to_identifier
from collector.parse.literals import Literal, at_field, read_literal, shown

_MEMBERS: Final = Decoder(dict[str, Raw])


def split_members(raw: bytes) -> dict[str, Raw]:
    """
    Split a JSON object into its members. Their values are well-formed, but their UTF-8 has not been looked at.

    Raises:
        UnreadableValue: not a JSON object, or nested deeper than can be followed.
    """
    try:
        return _MEMBERS.decode(raw)
    except RecursionError:
        raise UnreadableValue("nested too deeply") from None
    except ValueError as exc:
        # Bad UTF-8 in a key is a ValueError too, but not one of the decoder's own.
        _require_readable(read_literal(raw))
        raise UnreadableValue(f"not a JSON object: {exc}") from None


def _require_readable(value: Literal) -> None:
    if not isinstance(value, dict):
        raise UnreadableValue(f"not a JSON object: {shown(value)}")
    backup_id = _glance(value.get("id"))
    for name, member in value.items():
        with at_field(name, backup_id=backup_id):
            require_jsonb(name, member)


def _glance(value: Literal) -> str | None:
    try:
        return to_identifier(value)
    except UnreadableValue:
        return None
