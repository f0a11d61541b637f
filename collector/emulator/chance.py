"""
Repeatable chance: numbers and ids drawn from words by a hash, the same on every machine and Python.

There is no generator and no state, so nothing depends on the order of the draws.
"""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

_ID_LETTERS: Final = 17
_LETTER_OF_BYTE: Final = b"0123456789abcdefghijklmnopqrstuv" * 8
_NUMBER_BYTES: Final = 16


class Draw(NamedTuple):
    """What one draw gives: independent bits, and an id of the API's shape without its prefix."""

    bits: int
    """128 of them."""
    letters: str
    """17 of `0…9a…v`."""


def draw(text: str) -> Draw:
    """Draw what depends on this text and on nothing else."""
    drawn = hashlib.blake2b(text.encode(), digest_size=_NUMBER_BYTES + _ID_LETTERS).digest()
    letters = drawn[_NUMBER_BYTES:].translate(_LETTER_OF_BYTE).decode()
    return Draw(int.from_bytes(drawn[:_NUMBER_BYTES], "big"), letters)


def draw_id(prefix: str, text: str) -> str:
    """Draw an id of 20 characters for a prefix like `c9q` or `b1g`."""
    return prefix + draw(f"{prefix}/{text}").letters
