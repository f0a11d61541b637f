"""
From an answer to a page. No I/O, and no look into a record.

What is checked here, for the price of one pass: the body is one whole JSON
object, and a page. The records are cut out of it as the bytes they came in:
their brackets, numbers and escapes are known to be sound, but neither that
their text is UTF-8, nor that they are objects, nor what they say. That is for
the parse stage, and only for those records that are not known already.

Of a key that comes twice the last counts, as JSON readers commonly have it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from collector.api.answer import Answer, excerpt
from collector.api.status import error_from, parse_rpc_status
from collector.api.surrogates import cut_alike, without_lone_surrogates
from collector.errors import AnswerTooLarge, BadAnswer, TruncatedAnswer
from collector.fingerprints import fingerprint
from collector.records import Page

Key = Literal["backups", "clusters", "folders"]
"""Under which key a list's pages hold their records."""


class _Body(msgspec.Struct):
    """A page's two fields; what is Raw was not looked at."""

    records: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="backups")
    next_page_token: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="nextPageToken")


VALUES_MAX: Final = 1 << 20
"""Of one page, counted by its commas: a thousand backups of a thousand names each. A value takes up to fifty times
the memory of the three bytes that it may be written in, so the cap of the body alone would bound little."""

ESCAPES_MAX: Final = 1 << 18
"""Past this a page with half a character in it is not cut apart for the sake of its other records."""


class _Clusters(_Body):
    records: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="clusters")


class _Folders(_Body):
    records: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.field(default=msgspec.UNSET, name="folders")


_BODIES: Final[Mapping[Key, msgspec.json.Decoder[_Body]]] = MappingProxyType(
    {
        "backups": msgspec.json.Decoder(_Body),
        "clusters": msgspec.json.Decoder(_Clusters),
        "folders": msgspec.json.Decoder(_Folders),
    }
)
_TOKEN: Final = msgspec.json.Decoder(str | None)


def parse_page(answer: Answer, *, page_token: str | None, known: bytes | None = None, key: Key = "backups") -> Page:
    """
    Read a page, or raise what the answer means instead.

    Args:
        answer: a whole answer, of any status.
        page_token: what the request carried, for `status.error_from`.
        known: the digest of a listing's only page, read earlier. If this first page is the same, byte for byte,
            it is not read again: the page that comes back has that digest, no records, and no successor.
        key: which list it is a page of.

    Raises:
        ListingError: one of its kinds. Only 200 with a page for a body is a page.
    """
    if answer.status != 200:
        raise error_from(answer, page_token=page_token)
    if not is_json(answer.headers.get("content-type", "")):
        kind = excerpt(answer.headers.get("content-type", "nothing"))
        raise _bad(answer, f"Content-Type is {kind}, not JSON")
    digest = fingerprint(answer.body)
    if digest == known and page_token is None:
        return Page([], None, digest)
    body, records = _decode(answer, key)
    if body.records is msgspec.UNSET and body.next_page_token is msgspec.UNSET:
        _require_empty(answer, page_token, key)
    return Page(records, _next_token(answer, body), digest)


def is_json(content_type: str) -> bool:
    """Tell whether a media type is JSON, whatever parameters follow it."""
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))


def _decode(answer: Answer, key: Key) -> tuple[_Body, list[bytes]]:
    body = answer.body
    # A value and its comma are two bytes at least: pages of usual size need no counting.
    if len(body) > 2 * VALUES_MAX and body.count(b",") > VALUES_MAX:
        raise AnswerTooLarge(f"the page holds more than {VALUES_MAX} values: ask for fewer {key} (page_size)")
    try:
        page = _BODIES[key].decode(body)
        return page, list(map(bytes, page.records or []))
    except RecursionError:
        fault = "JSON nested too deeply"
    except ValueError as exc:
        fault = str(exc)
    if body.count(b"\\") > ESCAPES_MAX:
        raise _bad(answer, f"not a page: {fault}")
    try:
        # The decoder calls a lone surrogate "truncated" as well.
        copy = without_lone_surrogates(body)
        page = _BODIES[key].decode(copy)
        if page.next_page_token is msgspec.UNSET or bytes(page.next_page_token) in body:
            return page, cut_alike(body, copy, map(bytes, page.records or []), key=key)
        cut_short = False
    except (ValueError, RecursionError) as exc:
        cut_short = "truncated" in str(exc)
    if cut_short:
        raise TruncatedAnswer(
            f"HTTP 200: the JSON ended early, after {len(body)} bytes",
            status=answer.status,
            request_id=answer.request_id,
        )
    raise _bad(answer, f"not a page: {fault}")


def _require_empty(answer: Answer, page_token: str | None, key: Key) -> None:
    """Let `{}` pass, which is proto3 JSON for no records; anything else without a page's keys is no page."""
    if answer.body.translate(None, b" \t\r\n") == b"{}":
        return
    if parse_rpc_status(answer.body) is not None:
        raise error_from(answer, page_token=page_token)
    raise _bad(answer, f"not a page: neither {key} nor nextPageToken")


def _next_token(answer: Answer, body: _Body) -> str | None:
    if body.next_page_token is msgspec.UNSET:
        return None
    try:
        return _TOKEN.decode(body.next_page_token) or None
    except ValueError:
        pass
    raise _bad(answer, "nextPageToken is not a string")


def _bad(answer: Answer, fault: str) -> BadAnswer:
    message = f"HTTP 200: {fault}; the body begins: {excerpt(answer.body)}"
    return BadAnswer(message, status=answer.status, request_id=answer.request_id)
