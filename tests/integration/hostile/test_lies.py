"""
One cluster is lied about, twice in a row; nothing of it is lost, and the other cluster's inventory goes on.

What the client makes of each lie is shown elsewhere, one by one. Here they go through the whole program: client,
spool, parser, store, ledger.
"""

from __future__ import annotations

import gzip
import json
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from tests.builders import states
from tests.integration.hostile.duel import BACKUPS, FINE, LIED, Duel, Lie, always, backup, backups
from tests.scripted import answer, cut, drip, endless, head, page, raw, refusal, reset, silence

if TYPE_CHECKING:
    from tests.scripted import Step

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = [pytest.mark.any_python, pytest.mark.usefixtures("_hurried")]

LIMITS: Final[dict[str, Any]] = {
    "attempts": 2,
    "pages_max": 5,
    "items_max": 60,
    "page_bytes_max": 100_000,
    "page_timeout_s": 1.0,
    "connect_timeout_s": 2.0,
    "listing_timeout_s": 10.0,
}
JSON: Final = {"Content-Type": "application/json"}
WHOLE: Final = json.dumps({"backups": backups()}).encode()
LIVE: Final = {f"b{number}": "live" for number in range(BACKUPS)}


def by_token(**pages: Step) -> Lie:
    """Answer by the page token; `first` is without one."""
    return lambda request: pages[request.target.partition("pageToken=")[2] or "first"]


def endless_tokens(*records: object) -> Lie:
    """Always name another page."""
    numbers = count()
    return lambda _: page(*records, token=str(next(numbers)))


def body(text: str | bytes) -> Lie:
    """Answer every request with this body."""
    return always(answer(text if isinstance(text, bytes) else text.encode()))


PAGING: dict[str, tuple[Lie, str, int]] = {
    "A1-same-token": (always(page(*backups(3), token="a")), "paging_loop", 2),
    "A1-cycle": (by_token(first=page(token="a"), a=page(token="b"), b=page(token="a")), "paging_loop", 3),
    "A2-pages": (endless_tokens(), "too_large", 5),
    "A2-items": (endless_tokens(*backups(25)), "too_large", 3),
    "A3-refused": (by_token(first=page(token="x" * 101), **{"x" * 101: refusal(400, 3, "no")}), "listing_moved", 4),
    "A3-megabyte": (always(page(token="x" * 50_000)), "too_large", 1),
    "A5-expired": (by_token(first=page(*backups(5), token="a"), a=refusal(400, 3, "expired")), "listing_moved", 4),
    "A5-gone": (by_token(first=page(*backups(5), token="a"), a=answer(b"", status=410)), "listing_moved", 4),
    "A8-number": (always(page(*backups(5), token=5)), "bad_answer", 1),
    "A8-object": (always(page(*backups(5), token={"a": 1})), "bad_answer", 1),
    "A10-two-contents": (always(page(*backups(), backup("b1", sizeBytes="77"))), "listing_moved", 2),
    "A12-empty": (always(page()), "held", 1),
    "A12-empty-list": (body('{"backups":[]}'), "held", 1),
    "A12-unknown-keys": (body('{"items":[]}'), "bad_answer", 1),
    "A14-most-are-gone": (always(page(*backups(5))), "held", 1),
    "A16-all-foreign": (always(page(*backups(cluster=FINE))), "bad_answer", 1),
    "A16-two-in-twelve": (always(page(*backups(10), *backups(cluster=FINE)[10:])), "bad_answer", 1),
}

BROKEN_PAGES: dict[str, tuple[Lie, str, int]] = {
    "B7-byte-order-mark": (body(b"\xef\xbb\xbf" + WHOLE), "bad_answer", 1),
    "B7-utf-16": (body(WHOLE.decode().encode("utf-16")), "bad_answer", 1),
    "B9-nan": (body('{"backups":[NaN]}'), "bad_answer", 1),
    "B9-brackets": (body(b'{"backups":[' + b"[" * 40_000), "bad_answer", 1),
    "B9-closed-brackets": (body(b'{"backups":[' + b"[" * 40_000 + b"]" * 40_000 + b"]}"), "bad_answer", 1),
    "B9-nested-objects": (body(b'{"x":' * 15_000 + b"1" + b"}" * 15_000), "bad_answer", 1),
}

BROKEN_HTTP: dict[str, tuple[Lie, str, int]] = {
    "D1-length": (always(cut(head(200, {**JSON, "Content-Length": "9999"}) + WHOLE)), "truncated", 2),
    "D1-chunks": (
        always(cut(head(200, {**JSON, "Transfer-Encoding": "chunked"}) + b"9\r\n" + WHOLE[:9] + b"\r\n")),
        "truncated",
        2,
    ),
    "D1-gzip": (
        always(cut(head(200, {**JSON, "Content-Encoding": "gzip"}) + gzip.compress(WHOLE)[:-9])),
        "truncated",
        2,
    ),
    "D2-no-length": (always(cut(head(200, JSON) + WHOLE[:-3])), "truncated", 2),
    "D3-html": (always(answer(b"<html>", headers={"Content-Type": "text/html"})), "bad_answer", 1),
    "D3-html-called-json": (body("<html>"), "bad_answer", 1),
    "D4-unavailable": (always(refusal(200, 14, "down")), "server_failed", 2),
    "D4-not-found": (always(refusal(200, 5, "gone")), "not_found", 2),
    "D5-dripping-body": (
        always(drip(head(200, {**JSON, "Content-Length": str(len(WHOLE))}) + WHOLE, pause_s=0.01)),
        "timeout",
        2,
    ),
    "D5-silence": (always(silence()), "timeout", 2),
    "D6-endless": (always(endless(head(200, JSON) + b'{"backups":[', b"{}," * 9_000)), "too_large", 1),
    "D6-brotli": (always(answer(b"x", headers={"Content-Encoding": "br"})), "bad_answer", 1),
    "D7-head": (always(cut(head(200, {**JSON, "X-Bomb": "x" * 99_000}))), "network", 2),
    "D7-two-lengths": (
        always(cut(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}")),
        "network",
        2,
    ),
    "D8-closed": (always(cut(b"")), "network", 2),
    "D8-reset": (always(reset(head(200, {**JSON, "Content-Length": "99"}) + b"{")), "truncated", 2),
    "D12-redirect": (always(answer(b"", status=302, headers={"Location": "http://169.254.169.254/"})), "redirected", 1),
    "401": (always(refusal(401, 16, "no")), "unauthenticated", 1),
    "D15-403": (always(refusal(403, 7, "no")), "permission_denied", 1),
    "D16-404": (always(refusal(404, 5, "no")), "not_found", 2),
    "D17-400": (always(refusal(400, 3, "no")), "request_refused", 1),
    "D18-throttled": (always(refusal(429, 8, "no", headers={"Retry-After": "3600"})), "throttled", 1),
    "D19-500": (always(refusal(500, 13, "no")), "server_failed", 2),
    "D20-204": (always(raw(head(204))), "request_refused", 1),
    "D20-206": (always(answer(WHOLE, status=206)), "request_refused", 1),
}

LIES = {**PAGING, **BROKEN_PAGES, **BROKEN_HTTP}


@pytest.mark.parametrize("lie, outcome, requests", LIES.values(), ids=LIES.keys())
async def test_a_lie_about_one_cluster_takes_nothing_from_it_nor_from_the_other(
    duel: Duel, db: Connection, *, lie: Lie, outcome: str, requests: int
) -> None:
    """
    Its rows stay live, its server is asked so often and no more, and the other's news arrive.

    A1, A2, A3, A5, A8, A10, A12, A14, A16; B7, B9; D1, D2, D3, D4, D5, D6, D7, D8, D12, D15, D16, D17, D18, D19,
    D20.
    """
    duel.lie = lie
    duel.fine = [*duel.fine[1:], backup("new", cluster=FINE)]

    outcomes = [await duel.outcome(**LIMITS) for _ in range(2)]

    assert outcomes == [outcome, outcome]
    assert len(duel.asked) == requests
    assert await states(db, LIED) == LIVE
    assert await states(db, FINE) == {**LIVE, "b0": "vanished", "new": "live"}
