"""
The digest that tells known bytes from new ones without reading them: of a record, and of a whole page.

Over the bytes as received: what is merely spelled differently counts as new, and is
read again. That costs a little time and can hide nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

PARSER_VERSION: Final[int] = 2
"""What this program makes of a record's bytes. Raised when a field gets a column: every fingerprint then changes."""

FINGERPRINT_BYTES: Final = 16

_SEED: Final = b"backup" + PARSER_VERSION.to_bytes(4, "big")


def fingerprint_all(records: Iterable[bytes]) -> list[bytes]:
    """Digest many records, each as `fingerprint` does, without a call for each."""
    sha256 = hashlib.sha256
    return [sha256(_SEED + record).digest()[:FINGERPRINT_BYTES] for record in records]


def fingerprint(raw: bytes) -> bytes:
    """Digest bytes as received, and the parser's version, to 16 bytes (of a SHA-256)."""
    return hashlib.sha256(_SEED + raw).digest()[:FINGERPRINT_BYTES]
