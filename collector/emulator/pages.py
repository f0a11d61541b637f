"""
Pages of the lists, rendered and kept as bytes. Knows nothing of requests or faults.

A kept page is good as long as its listing's revision stands; a stale one is replaced when it is asked for again.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from collector.emulator.clusters import Span
from collector.emulator.render import Key, render_page
from collector.emulator.tokens import Place, issue_token

KEPT_BYTES_MAX: Final = 1 << 30
"""Pages beyond so many bytes are rendered each time and not kept."""

# The lowest level that still compresses JSON well; higher ones cost more than the page itself.
_GZIP_LEVEL: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One list that is read in pages."""

    name: str
    """What its page tokens are bound to."""
    key: Key
    revision: int
    count: int
    render: Callable[[Span], list[str]]
    """Render a stretch of the list, each record a JSON object."""
    print_defaults: bool = False
    """Whether fields that are not set are written."""


@dataclass(slots=True)
class RenderedPage:
    """One page as bytes, and compressed once somebody wanted it so."""

    revision: int
    body: bytes
    gzipped: bytes | None = None

    def compressed(self) -> bytes:
        """Compress the body, once."""
        if self.gzipped is None:
            self.gzipped = compress(self.body)
        return self.gzipped


class PageContent(NamedTuple):
    """One page before it becomes bytes."""

    records: list[str]
    next_token: str


class _PageKey(NamedTuple):
    listing: str
    page_size: int
    limit: int
    offset: int
    print_defaults: bool


class PageCache:
    """Rendered pages by listing and place."""

    def __init__(self, *, bytes_max: int = KEPT_BYTES_MAX) -> None:
        """Start empty."""
        self._pages: dict[_PageKey, RenderedPage] = {}
        self._bytes_max = bytes_max
        self.kept_bytes = 0

    def render(self, listing: Listing, place: Place, *, limit: int) -> RenderedPage:
        """Give the page of at most `limit` records at a place, kept or rendered now."""
        key = _PageKey(listing.name, place.page_size, limit, place.offset, listing.print_defaults)
        kept = self._pages.get(key)
        if kept is not None and kept.revision == listing.revision:
            return kept
        page = RenderedPage(listing.revision, write_page(listing, cut_page(listing, place, limit=limit)))
        self._keep(key, page)
        return page

    def _keep(self, key: _PageKey, page: RenderedPage) -> None:
        replaced = self._pages.pop(key, None)
        if replaced is not None:
            self.kept_bytes -= len(replaced.body)
        if self.kept_bytes + len(page.body) > self._bytes_max:
            return
        self._pages[key] = page
        self.kept_bytes += len(page.body)


def cut_page(listing: Listing, place: Place, *, limit: int) -> PageContent:
    """Cut the page at a place out of a listing: its records, and the token of the next (`""`: there is none)."""
    records = listing.render(Span(place.offset, limit))
    end = place.offset + limit
    if end >= listing.count:
        return PageContent(records, "")
    following = Place(offset=end, revision=listing.revision, page_size=place.page_size)
    return PageContent(records, issue_token(listing.name, following))


def write_page(listing: Listing, content: PageContent) -> bytes:
    """Write a page as the listing's answers are written."""
    return render_page(listing.key, content.records, content.next_token, print_defaults=listing.print_defaults)


def compress(body: bytes) -> bytes:
    """Compress with gzip, the same bytes every time."""
    return gzip.compress(body, _GZIP_LEVEL, mtime=0)
