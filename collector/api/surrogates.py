r"""
Pages in which an escape such as `\ud800` stands alone: no text has such a character. No I/O.

The decoder refuses a whole page for one of them. The record that holds it must not cost
its neighbours, so the page is decoded from a copy of equal length in which spaces stand
instead, and the records are cut out of the original: the parse stage puts that one aside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# Every escape is consumed, so that a backslash that is itself escaped begins none; pairs are whole characters.
_ESCAPE: Final = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def without_lone_surrogates(body: bytes) -> bytes:
    """Copy a body, an escaped space in the place of each lone surrogate: every other byte stays where it is."""
    return _ESCAPE.sub(lambda escape: rb"\u0020" if escape[1] else escape[0], body)


def cut_alike(body: bytes, copy: bytes, pieces: Iterable[bytes], *, key: str) -> list[bytes]:
    """Cut out of `body` what stands where `pieces`, the list under `key` in their order, stand in its `copy`."""
    cut: list[bytes] = []
    end = copy.find(f'"{key}"'.encode())
    for piece in pieces:
        start = copy.index(piece, end)
        end = start + len(piece)
        cut.append(body[start:end])
    return cut
