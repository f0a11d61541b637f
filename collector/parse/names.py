"""
Lists of names, made once for all backups of a listing that hold them.

Nine backups in ten repeat the list of the one before, so a list is looked up by its
JSON, and read only when that is new.
"""

from __future__ import annotations

import hashlib
from typing import Final
from uuid import UUID

from msgspec import Raw

from collector.parse.kinds import read_names
from collector.records import IndexSet

_HELD_BYTES_MAX: Final = 8 * 1024 * 1024
_ENTRY_BYTES: Final = 512
"""About what an entry costs beyond its text; with it, the cap also holds for very many short lists."""


class NameLists:
    """The lists of one listing. Holds at most some 8 MiB of JSON, then starts afresh."""

    __slots__ = ("_held_bytes", "_known", "_last", "_last_text")

    def __init__(self) -> None:
        """Know no list but the one that is left out."""
        self._known: dict[bytes, IndexSet | None] = {}
        self._held_bytes = 0
        self._last_text = b"null"
        self._last: IndexSet | None = None

    def intern(self, raw: Raw) -> IndexSet | None:
        """Return the set of a JSON list of names; None for an empty list or null. Raises UnreadableValue."""
        text = bytes(raw)
        # Comparing with the newest list is cheaper than hashing this one.
        if text != self._last_text:
            self._last = self._known[text] if text in self._known else self._learn(text)
            self._last_text = text
        return self._last

    def intern_names(self, raw: Raw) -> tuple[str, ...]:
        """Return the names alone; none for an empty list or null. Raises UnreadableValue."""
        index_set = self.intern(raw)
        return index_set.names if index_set else ()

    def _learn(self, text: bytes) -> IndexSet | None:
        names = read_names(text)
        index_set = None if names is None else IndexSet(index_set_key(names), names)
        self._held_bytes += len(text) + _ENTRY_BYTES
        if self._held_bytes > _HELD_BYTES_MAX:
            self._known.clear()
            self._held_bytes = len(text) + _ENTRY_BYTES
        self._known[text] = index_set
        return index_set


def index_set_key(names: tuple[str, ...]) -> UUID:
    """Address a list by its content: 16 bytes of a SHA-256 over the names, joined by NUL (no name contains it)."""
    return UUID(bytes=hashlib.sha256("\0".join(names).encode()).digest()[:16])
