"""Answers that break: cut, reset, endless, dripping, lying about themselves."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from collector.errors import (
    AnswerTooLarge,
    BadAnswer,
    ClusterNotFound,
    NetworkFailed,
    PermissionDenied,
    RequestRefused,
    ServerFailed,
    TruncatedAnswer,
)
from tests.integration.api.listed import list_cluster
from tests.scripted import ScriptedServer, answer, cut, endless, head, page, raw, refusal, reset

if TYPE_CHECKING:
    from collector.errors import ListingError
    from tests.scripted import Step

BODY = b'{"backups":[{"id":"1"},{"id":"2"}]}'
RECORDS = [b'{"id":"1"}', b'{"id":"2"}']
JSON = {"Content-Type": "application/json"}
MIB = 1 << 20


def chunk(content: bytes) -> bytes:
    """One chunk of a chunked body."""
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


CHUNKED = head(200, {**JSON, "Transfer-Encoding": "chunked"})
WITH_LENGTH = head(200, {**JSON, "Content-Length": str(len(BODY))})
GZIPPED = gzip.compress(BODY)

PASSING_FAULTS = {
    "D1-length-too-short": cut(WITH_LENGTH + BODY[:20]),
    "D1-chunks-without-their-end": cut(CHUNKED + chunk(BODY)),
    "D1-chunk-cut": cut(CHUNKED + chunk(BODY)[:-9]),
    "D1-chunk-size-is-no-number": cut(CHUNKED + b"zz\r\n" + BODY),
    "D1-gzip-cut": cut(head(200, {**JSON, "Content-Encoding": "gzip"}) + GZIPPED[:-12]),
    "D1-gzip-without-trailer": cut(head(200, {**JSON, "Content-Encoding": "gzip"}) + GZIPPED[:-8]),
    "D2-no-length-and-cut": cut(head(200, JSON) + BODY[:20]),
    "D2-no-length-and-nothing": cut(head(200, JSON)),
    "D2-length-0": answer(b""),
    "D7-line-bomb": cut(head(200, {**JSON, "X-Bomb": "x" * 100_000})),
    "D7-many-headers": cut(head(200, {f"X-{number}": "x" for number in range(10_000)})),
    "D7-two-lengths": cut(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 35\r\n\r\n" + BODY),
    "D7-length-and-chunks": cut(
        head(200, {**JSON, "Content-Length": "35", "Transfer-Encoding": "chunked"}) + chunk(BODY)
    ),
    "D7-not-http": cut(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "D7-status-is-no-number": cut(b"HTTP/1.1 abc OK\r\n\r\n"),
    "D7-negative-length": cut(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n"),
    "D8-closed-before-an-answer": cut(b""),
    "D8-closed-in-the-head": cut(WITH_LENGTH[:30]),
    "D8-reset-before-an-answer": reset(),
    "D8-reset-in-the-body": reset(WITH_LENGTH + BODY[:20]),
    "D19-503": refusal(503, 14, "try again"),
    "D19-502-html": answer(b"<html>bad gateway</html>", status=502, headers={"Content-Type": "text/html"}),
    "D19-502-in-another-encoding": answer(b"x", status=502, headers={"Content-Encoding": "br"}),
    "D19-500-cut": cut(head(500, {"Content-Length": "100"}) + b"x"),
    "499": refusal(499, 1, "cancelled"),
    "409-aborted": refusal(409, 10, "aborted"),
}


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
async def test_a_passing_fault_costs_one_retry_and_nothing_else(fault: Step) -> None:
    """The page is asked for again, and what came of it before is forgotten (D1, D2, D7, D8)."""
    async with ScriptedServer([page(0, token="a"), fault, answer(BODY)]) as server:
        listed = await list_cluster(server)

    assert listed.error is None
    assert listed.records == [b"0", *RECORDS]
    assert len(server.requests) == 3
    assert (listed.traffic.requests, listed.traffic.retries) == (3, 1)
    assert server.targets[1] == server.targets[2]


@pytest.mark.parametrize("fault", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
async def test_a_lasting_fault_fails_the_listing_after_all_attempts(fault: Step) -> None:
    """Never an empty listing, never more requests than `attempts`, the library's own included (D1, D2, D7, D8, D19)."""
    async with ScriptedServer(lambda _: fault) as server:
        listed = await list_cluster(server, attempts=3)

    assert isinstance(listed.error, NetworkFailed | TruncatedAnswer | ServerFailed)
    assert listed.pages == []
    assert len(server.requests) == 3


async def test_a_broken_kept_connection_is_not_repeated_behind_our_back() -> None:
    """Aiohttp would send the request again by itself, unseen by the budget and the rate."""
    async with ScriptedServer([page(token="a"), cut(b""), page()]) as server:
        listed = await list_cluster(server, attempts=1)

    assert isinstance(listed.error, NetworkFailed)
    assert len(server.requests) == 2


LASTING_FAULTS: dict[str, tuple[Step, type[ListingError]]] = {
    "D3-html": (answer(b"<html>Log in</html>", headers={"Content-Type": "text/html"}), BadAnswer),
    "D3-html-called-json": (answer(b"<html>Log in</html>"), BadAnswer),
    "D3-json-called-html": (answer(BODY, headers={"Content-Type": "text/html"}), BadAnswer),
    "D3-no-type": (raw(head(200, {"Content-Length": "2"}) + b"{}"), BadAnswer),
    "D3-array": (answer(b"[]"), BadAnswer),
    "D3-other-object": (answer(b'{"portal":"login"}'), BadAnswer),
    "D4-status-in-200": (refusal(200, 5, "cluster is gone"), ClusterNotFound),
    "D6-brotli": (answer(b"x", headers={"Content-Encoding": "br"}), BadAnswer),
    "D6-zstd": (answer(b"x", headers={"Content-Encoding": "zstd"}), BadAnswer),
    "D6-gzip-in-gzip": (answer(gzip.compress(GZIPPED), headers={"Content-Encoding": "gzip, gzip"}), BadAnswer),
    "D6-not-the-gzip-it-says": (answer(BODY, headers={"Content-Encoding": "gzip"}), BadAnswer),
    "D15-403": (refusal(403, 7, "Permission denied"), PermissionDenied),
    "D15-403-cut": (cut(head(403, {"Content-Length": "100"}) + b"x"), PermissionDenied),
    "D15-403-in-another-encoding": (answer(b"x", status=403, headers={"Content-Encoding": "br"}), PermissionDenied),
    "D16-404": (refusal(404, 5, "Cluster not found"), ClusterNotFound),
    "D17-400": (refusal(400, 3, "page_size"), RequestRefused),
    "D17-422": (answer(b"", status=422), RequestRefused),
    "D20-204": (raw(head(204)), RequestRefused),
    "D20-206": (answer(BODY, status=206), RequestRefused),
    "D20-418": (answer(b"", status=418), RequestRefused),
    "D20-101": (raw(head(101, {"Connection": "upgrade", "Upgrade": "x"})), RequestRefused),
    "501": (refusal(501, 12, "no such method"), RequestRefused),
}


@pytest.mark.parametrize("step, kind", LASTING_FAULTS.values(), ids=LASTING_FAULTS.keys())
async def test_what_no_repetition_mends_is_asked_once(step: Step, kind: type[ListingError]) -> None:
    """A refusal is believed at once, without a storm of retries (D3, D4, D6, D15, D16, D17, D20)."""
    async with ScriptedServer(lambda _: step) as server:
        listed = await list_cluster(server)

    assert type(listed.error) is kind
    assert listed.pages == []
    assert len(server.requests) == 1


async def test_a_gzip_page_is_read_as_its_content() -> None:
    """Gzip is what was asked for; the bytes counted are the decoded ones."""
    async with ScriptedServer([answer(GZIPPED, headers={"Content-Encoding": "gzip"})]) as server:
        listed = await list_cluster(server)

    assert listed.records == RECORDS
    assert listed.traffic.bytes == len(BODY)


async def test_a_chunked_page_is_read_whole() -> None:
    """However it was cut into chunks."""
    chunks = b"".join(chunk(BODY[start : start + 3]) for start in range(0, len(BODY), 3)) + b"0\r\n\r\n"
    async with ScriptedServer([raw(CHUNKED + chunks)]) as server:
        listed = await list_cluster(server)

    assert listed.records == RECORDS


async def test_a_page_without_a_length_is_read_to_its_end() -> None:
    """Old proxies delimit by closing; if the JSON is whole, so is the page (D2)."""
    async with ScriptedServer([cut(head(200, JSON) + BODY)]) as server:
        listed = await list_cluster(server)

    assert listed.records == RECORDS


async def test_a_bomb_is_dropped_at_the_cap_with_flat_memory() -> None:
    """400 MiB in 400 KiB never unfold (D6)."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    bomb = gzip.compress(b"")[:10] + block * 400
    headers = {**JSON, "Content-Encoding": "gzip", "Content-Length": str(len(bomb))}
    async with ScriptedServer([cut(head(200, headers) + bomb)]) as server:
        tracemalloc.start()
        listed = await list_cluster(server, page_bytes_max=4 * MIB)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert isinstance(listed.error, AnswerTooLarge)
    assert len(server.requests) == 1
    assert listed.traffic.bytes == 4 * MIB + 1
    assert peak_bytes < 16 * MIB


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_an_endless_body_is_dropped_at_the_cap(encoding: str) -> None:
    """The server cannot make us read much more than the cap (D6)."""
    empty_members = gzip.compress(b"") * 3000
    step = endless(head(200, {**JSON, "Content-Encoding": encoding}), empty_members)
    async with ScriptedServer(lambda _: step) as server:
        listed = await list_cluster(server, page_bytes_max=MIB)

    assert isinstance(listed.error, AnswerTooLarge)
    assert len(server.requests) == 1
    assert server.bytes_sent < 16 * MIB


async def test_an_endless_explanation_does_not_hide_the_refusal() -> None:
    """Of an error's body no more is read than a message takes."""
    step = endless(head(403, JSON), b"x" * 65_536)
    async with ScriptedServer(lambda _: step) as server:
        listed = await list_cluster(server)

    assert type(listed.error) is PermissionDenied
    assert server.bytes_sent < 16 * MIB
