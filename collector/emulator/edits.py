"""Scripted changes of a page: what the API would have answered goes in, what the script wants comes out. Pure."""

from __future__ import annotations

from typing import assert_never

from collector.emulator.actions import Edit, EmptyPage, Endless, RawRecord, RepeatToken
from collector.emulator.clusters import Span
from collector.emulator.pages import Listing, PageContent, cut_page
from collector.emulator.tokens import Place, issue_token


def edit_page(listing: Listing, place: Place, edits: list[Edit], *, limit: int) -> PageContent:
    """Cut the page at a place and change it, in the order of the edits."""
    content = cut_page(listing, place, limit=limit)
    for edit in edits:
        content = _apply(edit, content, listing, place=place, limit=limit)
    return content


def _apply(edit: Edit, content: PageContent, listing: Listing, *, place: Place, limit: int) -> PageContent:
    here = place._replace(revision=listing.revision)
    match edit:
        case EmptyPage():
            return PageContent([], issue_token(listing.name, here._replace(repeat=place.repeat + 1)))
        case RepeatToken(to_page):
            target = here._replace(offset=(to_page - 1) * limit, repeat=0)
            return content._replace(next_token=issue_token(listing.name, target))
        case Endless():
            pages = max(1, -(-listing.count // limit))
            start = place.offset // limit % pages * limit
            following = here._replace(offset=place.offset + limit, repeat=0)
            return PageContent(listing.render(Span(start, limit)), issue_token(listing.name, following))
        case RawRecord(index, json_text, how):
            first = index - place.offset
            records = content.records.copy()
            records[first : first + (how == "replace")] = [json_text]
            return content._replace(records=records)
        case _:
            assert_never(edit)
