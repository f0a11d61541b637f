"""One HTTP answer as the rest of the program sees it, and how a piece of one may be quoted. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

HEADERS_KEPT: Final = ("content-type", "date", "location", "retry-after", "x-request-id")
"""All that we believe of an answer's headers; the others are dropped where they arrive."""

EXCERPT_CHARS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """
    A whole answer.

    `headers` holds those of `HEADERS_KEPT` that came, repeated ones joined by `, `; `body` is decoded.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """What the server calls this request, in the header."""
        value = self.headers.get("x-request-id")
        return excerpt(value) if value else None


def excerpt(text: str | bytes) -> str:
    """Quote the beginning of foreign text in one line: at most 200 characters, and none that a terminal obeys."""
    if isinstance(text, bytes):
        text = text[: EXCERPT_CHARS_MAX * 4].decode("utf-8", "backslashreplace")
    if len(text) <= EXCERPT_CHARS_MAX and text.isprintable():
        return text.strip()
    escaped = "".join(map(_visible, text[: EXCERPT_CHARS_MAX + 1].strip()))
    if len(escaped) <= EXCERPT_CHARS_MAX:
        return escaped
    return escaped[: EXCERPT_CHARS_MAX - 1] + "…"


def _visible(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
