"""
When to ask for another page. No I/O: a page's token goes in, a decision comes out.

Two ways a server can hang us are closed here: a token that repeats, and a
listing that never ends.
"""

from __future__ import annotations

from typing import Final

from collector.errors import AnswerTooLarge, PagingLoop

TOKEN_CHARS_DOCUMENTED: Final = 100
"""What the API says it accepts as `pageToken`. Nothing limits what it hands out: a longer one is sent all the same."""

TOKEN_CHARS_MAX: Final = 16_384
"""Past this a token is no token: no server takes a request line that long."""


class Paging:
    """The pages of one listing, counted. Every token ever seen is remembered: a cycle may be longer than one page."""

    def __init__(self, *, pages_max: int, items_max: int, things: str = "backups") -> None:
        """Start before the first page; `things` are what is listed, for the messages."""
        self._things = things
        self._pages_max = pages_max
        self._items_max = items_max
        self._seen: set[str] = set()
        self.pages = 0
        self.items = 0

    def next_token(self, token: str | None, *, records: int) -> str | None:
        """
        Take in one page, and say which token to send next.

        Args:
            token: what the page named as the next one. Only None ends a listing: a page may be short, or even empty.
            records: how many records the page held.

        Returns:
            The token to send, unchanged, or None: the listing has ended.

        Raises:
            PagingLoop: the token was seen before in this listing.
            AnswerTooLarge: more records or pages than allowed, or a token no request can carry.
        """
        self.pages += 1
        self.items += records
        if self.items > self._items_max:
            raise AnswerTooLarge(f"the listing holds more than {self._items_max} {self._things} (items_max)")
        if token is None:
            return None
        if token in self._seen:
            raise PagingLoop(f"page {self.pages} names a page token that was seen before in this listing")
        if self.pages >= self._pages_max:
            raise AnswerTooLarge(f"the listing goes on after {self.pages} pages (pages_max)")
        if len(token) > TOKEN_CHARS_MAX:
            raise AnswerTooLarge(f"page {self.pages} names a page token of {len(token)} characters")
        self._seen.add(token)
        return token
