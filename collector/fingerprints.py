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

_BEGUN: Final = hashlib.sha256(b"backup" + PARSER_VERSION.to_bytes(4, "big"))


def fingerprint_all(records: Iterable[bytes]) -> list[bytes]:
    """Digest many records, each as `fingerprint` does, without a call for each."""
    digests: list[bytes] = []
    for record in records:
        digest = _BEGUN.copy()  # cheaper than to begin another
        digest.update(record)
        digests.append(digest.digest()[:FINGERPRINT_BYTES])
    return digests


def fingerprint(raw: bytes) -> bytes:
    """Digest bytes as received, and the parser's version, to 16 bytes (of a SHA-256)."""
    digest = _BEGUN.copy()
    digest.update(raw)
    return digest.digest()[:FINGERPRINT_BYTES]
