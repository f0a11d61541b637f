"""
Page tokens: opaque outside, inside a place in one listing. Pure.

A token is bound to its listing by a keyed digest, so one of another listing, or one
that was touched, is refused like the real API refuses it: INVALID_ARGUMENT.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from typing import Final, NamedTuple

from collector.emulator.answers import Code, RefusedCall

TOKEN_CHARS_MAX: Final = 100

_LAYOUT: Final = struct.Struct(">QIHH")
_SEAL_BYTES: Final = 12

# Not a secret: tokens are to be the same in every run.
_KEY: Final = b"emulated page tokens"


class Place(NamedTuple):
    """Where in a listing a page starts."""

    offset: int
    revision: int
    """The listing's revision when the token was given out."""
    page_size: int
    """The page size asked for, as given: 0 is none."""
    repeat: int = 0
    """Tells apart the tokens of empty pages at one offset."""


FIRST: Final = Place(offset=0, revision=0, page_size=0)


def issue_token(listing: str, place: Place) -> str:
    """Write the token of a place in a listing."""
    packed = _LAYOUT.pack(place.offset, place.revision & 0xFFFF_FFFF, place.page_size, place.repeat & 0xFFFF)
    return base64.urlsafe_b64encode(packed + _seal(listing, packed)).decode().rstrip("=")


def read_token(listing: str, token: str) -> Place:
    """
    Read a token that was issued for this listing.

    Raises:
        RefusedCall: it was not, or it is too long.
    """
    if len(token) > TOKEN_CHARS_MAX:
        raise RefusedCall(Code.INVALID_ARGUMENT, "page_token is too long", field="page_token")
    try:
        sealed = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except (binascii.Error, UnicodeEncodeError):
        raise _bad_token() from None
    packed, seal = sealed[: _LAYOUT.size], sealed[_LAYOUT.size :]
    if not hmac.compare_digest(seal, _seal(listing, packed)) or _canonical(sealed) != token:
        raise _bad_token()
    offset, revision, page_size, repeat = _LAYOUT.unpack(packed)
    return Place(offset=offset, revision=revision, page_size=page_size, repeat=repeat)


def _seal(listing: str, packed: bytes) -> bytes:
    return hashlib.blake2b(packed + listing.encode(), digest_size=_SEAL_BYTES, key=_KEY).digest()


def _canonical(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _bad_token() -> RefusedCall:
    return RefusedCall(Code.INVALID_ARGUMENT, "page_token is invalid", field="page_token")
