"""
Who sees more of an answer than the program believes: all its headers, and when it came. No I/O.

Our token stands nowhere in what a witness is told, and no cookie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from collector.api.answer import Answer
from collector.api.dates import parse_http_date

PLACEHOLDER: Final = "[token]"

_COOKIES: Final = frozenset({"set-cookie", "set-cookie2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request, and the whole answer to it."""

    target: str
    """Path and query as they were sent."""
    status: int
    headers: tuple[tuple[str, str], ...]
    """In their order."""
    body: bytes
    """Decoded; empty where that of an error could not be read."""
    received_at: float
    """Seconds since 1970, by our clock."""

    def header(self, name: str) -> str | None:
        """Find a header; a repeated one is joined by `, `."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def dated_at(self) -> float | None:
        """Seconds since 1970, by the server's clock; None where it did not say."""
        dated_at = parse_http_date(self.header("date") or "")
        return None if dated_at is None else dated_at.timestamp()


Witness = Callable[[Exchange], None]
"""Is told of every whole answer. Raises nothing: it is called where the token is known."""


def witnessed(
    answer: Answer, headers: Iterable[tuple[str, str]], *, target: str, token: str, received_at: float
) -> Exchange:
    """Tell of an answer without our token, in either of the forms in which it may be echoed, and without cookies."""
    forms = (token, quote(token, safe=""))
    kept = tuple(
        (_without(name, forms), _without(value, forms)) for name, value in headers if name.lower() not in _COOKIES
    )
    body = answer.body
    for form in forms:
        body = body.replace(form.encode(), PLACEHOLDER.encode())
    return Exchange(target=target, status=answer.status, headers=kept, body=body, received_at=received_at)


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, PLACEHOLDER)
    return text
