"""What the answers as such settle: how pages end, what refusals look like, which headers come."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import parse_qs, urlsplit

from collector.report.settling.replies import Reply, counted, short

_REQUEST_ID: Final = re.compile(r"request-?id|trace-?id", re.IGNORECASE)
_TOKEN_SHAPES: Final = (
    ("digits", re.compile(r"\d+")),
    ("letters of base64", re.compile(r"[A-Za-z0-9+/_=-]+")),
)


def last_token(replies: Sequence[Reply]) -> str | None:
    """Tell what stands in the place of the token on a last page."""
    return counted((_form(reply, "nextPageToken"), reply.place) for reply in replies if reply.is_last)


def empty_lists(replies: Sequence[Reply]) -> str | None:
    """Tell how a page that lists nothing is written."""
    return counted((_form(reply, reply.key), reply.place) for reply in replies if reply.is_page and not reply.listed)


def page_tokens(replies: Sequence[Reply]) -> str | None:
    """Tell what tokens look like, without quoting one."""
    return counted(
        (_shape(token), reply.place)
        for reply in replies
        if reply.is_page and isinstance(token := reply.members.get("nextPageToken"), str) and token
    )


def full_pages(replies: Sequence[Reply]) -> str | None:
    """Tell whether a page that is not the last one may be short."""
    forms: list[tuple[str, str]] = []
    for reply in replies:
        if not reply.is_page or reply.is_last:
            continue
        asked = parse_qs(urlsplit(reply.exchange.target).query).get("pageSize", ["?"])[0]
        full = str(len(reply.listed)) == asked
        forms.append(("as many as asked for" if full else f"{len(reply.listed)} of {short(asked)}", reply.place))
    return counted(forms)


def other_members(replies: Sequence[Reply]) -> str | None:
    """Name what a page holds beside its list and its token."""
    return counted(
        (f"`{short(name)}`", reply.place)
        for reply in replies
        if reply.is_page
        for name in reply.members
        if name not in {reply.key, "nextPageToken"}
    )


def refusal(status: int) -> Callable[[Sequence[Reply]], str | None]:
    """Make the question what answers of one status look like."""

    def forms(replies: Sequence[Reply]) -> str | None:
        return counted((_refusal(reply), reply.place) for reply in replies if reply.exchange.status == status)

    return forms


def other_refusals(replies: Sequence[Reply]) -> str | None:
    """Describe every answer that is neither a page nor of a status that has a question of its own."""
    usual = {200, *REFUSALS}
    return counted((_refusal(reply), reply.place) for reply in replies if reply.exchange.status not in usual)


def retry_after(replies: Sequence[Reply]) -> str | None:
    """Quote every Retry-After."""
    return counted(
        (f"`{short(value)}` with {reply.exchange.status}", reply.place)
        for reply in replies
        if (value := reply.exchange.header("retry-after")) is not None
    )


def request_ids(replies: Sequence[Reply]) -> str | None:
    """Name the headers that support would ask for."""
    return counted(
        (f"`{short(name.lower())}`", reply.place)
        for reply in replies
        for name in dict.fromkeys(name for name, _ in reply.exchange.headers)
        if _REQUEST_ID.search(name)
    )


def media_types(replies: Sequence[Reply]) -> str | None:
    """Count the media types, and how bodies were compressed."""
    return counted((_media(reply), reply.place) for reply in replies)


REFUSALS: Final = (401, 403, 404, 429)

QUESTIONS: Final[Sequence[tuple[str, str, Callable[[Sequence[Reply]], str | None]]]] = (
    ("last_token", 'What is `nextPageToken` on the last page: absent, or `""`?', last_token),
    ("empty_lists", "How is a page that lists nothing written?", empty_lists),
    ("page_tokens", "What do page tokens look like?", page_tokens),
    ("full_pages", "Is every page but the last one full?", full_pages),
    ("other_members", "What does a page hold beside its list and its token?", other_members),
    *((f"refusal_{status}", f"What does a {status} look like?", refusal(status)) for status in REFUSALS),
    ("other_refusals", "What do other refusals look like?", other_refusals),
    ("retry_after", "Does a Retry-After come, and in which form?", retry_after),
    ("request_ids", "Which headers name the request?", request_ids),
    ("media_types", "Which media types and encodings come?", media_types),
)


def _form(reply: Reply, name: str) -> str:
    if name not in reply.members:
        return f"`{name}` absent" if reply.members else "`{}`"
    value = reply.members[name]
    written = '""' if value == "" else "null" if value is None else short(str(value))
    return f"`{name}` printed as `{written}`"


def _media(reply: Reply) -> str:
    encoding = reply.exchange.header("content-encoding")
    return f"`{short(reply.exchange.header('content-type') or 'none')}`, {short(encoding or 'not compressed')}"


def _shape(token: str) -> str:
    shape = next((name for name, pattern in _TOKEN_SHAPES if pattern.fullmatch(token)), "other characters")
    return f"{len(token)} characters, {shape}"


def _refusal(reply: Reply) -> str:
    code, message = reply.members.get("code"), reply.members.get("message")
    if not isinstance(code, int):
        kind = reply.exchange.header("content-type") or "no media type"
        return f"HTTP {reply.exchange.status}, not a google.rpc.Status: {short(kind)}, {len(reply.exchange.body)} bytes"
    details = reply.members.get("details", [])
    kinds = [
        str(detail.get("@type", "?")).rpartition("/")[2]
        for detail in (details if isinstance(details, list) else [])
        if isinstance(detail, dict)
    ]
    with_details = f", details {short(', '.join(kinds))}" if kinds else ", no details"
    return f"HTTP {reply.exchange.status}, code {code}, “{short(str(message))}”{with_details}"
