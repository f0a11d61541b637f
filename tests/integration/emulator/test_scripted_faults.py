"""Scripted faults over a real socket: what the client sees, and that it sees it as often as scripted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from collector.emulator import EmulatedBackup, Emulator, Faults, Fleet

PATH = "/managed-opensearch/v1/clusters/c9q1/backups"


@pytest.fixture
def emulator() -> Emulator:
    """Make a server, not yet started, with a cluster of three pages of two."""
    backups = [EmulatedBackup(id=f"b{number}", created_at_ns=-number * 10**9) for number in range(6)]
    return Emulator(Fleet.of({"c9q1": backups, "c9q2": []}))


async def see(session: aiohttp.ClientSession, emulator: Emulator, token: str = "") -> tuple[int, bytes]:
    """Ask for a page and give what comes, whatever it is."""
    query = {"pageSize": "2", "pageToken": token}
    async with session.get(emulator.url + PATH, params=query, allow_redirects=False) as response:
        return response.status, await response.read()


async def walk(session: aiohttp.ClientSession, emulator: Emulator, *, pages_max: int) -> list[dict[str, Any]]:
    """Follow the tokens, but not for ever."""
    token, pages = "", []
    for _ in range(pages_max):
        status, body = await see(session, emulator, token)
        assert status == 200
        pages.append(json.loads(body))
        token = pages[-1].get("nextPageToken", "")
        if not token:
            break
    return pages


def ids(pages: list[dict[str, Any]]) -> list[list[str]]:
    """Name the records of each page."""
    return [[record["id"] for record in page.get("backups", [])] for page in pages]


async def test_a_failure_comes_as_often_as_scripted(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Twice 503 with its header, then the page; other clusters see nothing."""
    async with emulator:
        rule = emulator.faults.fail("c9q1", status=503, code=14, times=2, headers={"Retry-After": "1"})
        async with session.get(emulator.url + PATH.replace("c9q1", "c9q2")) as other:
            pass
        async with session.get(emulator.url + PATH) as first:
            status = await first.json()
        seen = [(await see(session, emulator))[0] for _ in range(2)]

    assert (other.status, first.status, first.headers["Retry-After"], status["code"]) == (200, 503, "1", 14)
    assert seen == [503, 200]
    assert rule.fired == 2


async def test_a_body_is_sent_as_scripted(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Any bytes, type and status can be answered."""
    async with emulator:
        emulator.faults.body("c9q1", b"<html>", content_type="text/html; charset=utf-8", status=200, times=1)
        async with session.get(emulator.url + PATH) as response:
            body = await response.read()

    assert (response.status, response.content_type, body) == (200, "text/html", b"<html>")


async def test_a_redirect_points_where_scripted(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """The status is a redirect's, the place is in the head."""
    async with emulator:
        emulator.faults.redirect("c9q1", "http://192.0.2.1/", status=307)
        async with session.get(emulator.url + PATH, allow_redirects=False) as response:
            pass

    assert (response.status, response.headers["Location"]) == (307, "http://192.0.2.1/")


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(lambda faults: faults.drop("c9q1", times=2), id="dropped"),
        pytest.param(lambda faults: faults.cut_body("c9q1", after=30, times=1), id="cut"),
        pytest.param(lambda faults: faults.cut_body("c9q1", after=0, times=1), id="cut at once"),
        pytest.param(lambda faults: faults.cut_body("c9q1", after=30, framing="chunked", times=1), id="cut chunked"),
    ],
)
async def test_a_broken_connection_is_an_error_once(
    session: aiohttp.ClientSession, emulator: Emulator, script: Callable[[Faults], object]
) -> None:
    """The client cannot take a broken answer for a whole one, and the next is whole."""
    async with emulator:
        script(emulator.faults)
        # This client sends a GET without an answer once more by itself: hence two drops.
        with pytest.raises(aiohttp.ClientError):
            await see(session, emulator)
        again = await see(session, emulator)

    assert again[0] == 200


async def test_a_cut_body_shows_its_first_bytes(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """What comes before the cut is the page's beginning."""
    async with emulator:
        _, whole = await see(session, emulator)
        emulator.faults.cut_body("c9q1", after=30)
        async with session.get(emulator.url + PATH, params={"pageSize": "2"}) as response:
            begun = await response.content.readexactly(30)
            with pytest.raises(aiohttp.ClientPayloadError):
                await response.content.read()

    assert begun == whole[:30]
    assert response.headers["Content-Length"] == str(len(whole))


async def test_an_empty_page_leads_to_its_records(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Nothing is lost behind pages without records, and no token comes twice."""
    async with emulator:
        rule = emulator.faults.empty_page("c9q1", page=2, times=2)
        pages = await walk(session, emulator, pages_max=9)

    tokens = [page["nextPageToken"] for page in pages[:-1]]
    assert ids(pages) == [["b0", "b1"], [], [], ["b2", "b3"], ["b4", "b5"]]
    assert len(set(tokens)) == len(tokens)
    assert rule.fired == 2


@pytest.mark.parametrize("page,distinct", [pytest.param(2, 1, id="A, A"), pytest.param(3, 2, id="A, B, A")])
async def test_a_token_repeats(session: aiohttp.ClientSession, emulator: Emulator, page: int, distinct: int) -> None:
    """A listing can be led round in a circle."""
    async with emulator:
        emulator.faults.repeat_token("c9q1", page=page, to_page=2)
        pages = await walk(session, emulator, pages_max=8)

    assert len(pages) == 8
    assert len({page["nextPageToken"] for page in pages}) == distinct


async def test_an_endless_listing_has_ever_fresh_tokens(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """The list starts over behind its end."""
    async with emulator:
        emulator.faults.endless("c9q1")
        pages = await walk(session, emulator, pages_max=8)

    assert len({page["nextPageToken"] for page in pages}) == 8
    assert ids(pages)[3:6] == ids(pages)[:3] == [["b0", "b1"], ["b2", "b3"], ["b4", "b5"]]


async def test_a_token_expires_behind_its_page(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """The third page is refused once; a second walk reads all."""
    async with emulator:
        rule = emulator.faults.expire_token("c9q1", after_pages=2, times=1)
        first_two = await walk(session, emulator, pages_max=2)
        status, body = await see(session, emulator, first_two[1]["nextPageToken"])
        again = await walk(session, emulator, pages_max=9)

    assert (status, json.loads(body)["code"]) == (400, 3)
    assert ids(again) == [["b0", "b1"], ["b2", "b3"], ["b4", "b5"]]
    assert rule.fired == 1


async def test_records_are_replaced_and_inserted_verbatim(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Text that no renderer would write reaches the wire as it is, in its place of the listing."""
    async with emulator:
        emulator.faults.raw_record("c9q1", 2, '{"id": "b2",  "sizeBytes": 1e3}')
        emulator.faults.raw_record("c9q1", 3, '{"id":"\\ud800"}', how="insert")
        _, first = await see(session, emulator)
        token = json.loads(first)["nextPageToken"]
        _, second = await see(session, emulator, token)

    assert second.startswith(b'{"backups":[{"id": "b2",  "sizeBytes": 1e3},{"id":"\\ud800"},{"id":"b3",')
    assert b"b2" not in first


async def test_a_gate_holds_requests_until_it_opens(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """A test knows that requests have come, and nothing is answered before it says so."""
    async with emulator:
        gate = emulator.faults.pause("c9q1")
        waiting = [asyncio.create_task(see(session, emulator)) for _ in range(3)]
        async with asyncio.timeout(10):
            await gate.reached(3)
        answered_before = [task.done() for task in waiting]
        in_flight = emulator.in_flight
        gate.release()
        answers = await asyncio.gather(*waiting)

        assert (answered_before, in_flight, emulator.in_flight) == ([False] * 3, 3, 0)
        assert [status for status, _ in answers] == [200] * 3
        assert emulator.in_flight_max == 3


async def test_a_hanging_request_ends_with_its_client(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """The server keeps nothing of a request that was given up."""
    async with emulator:
        gate = emulator.faults.pause("c9q1")
        emulator.faults.hang("c9q1")
        waiting = asyncio.create_task(see(session, emulator))
        async with asyncio.timeout(10):
            await gate.reached()
            gate.release()
            waiting.cancel()
            await asyncio.wait([waiting])
            emulator.faults.clear()
            while emulator.in_flight:
                await see(session, emulator, "?")

    assert waiting.cancelled()


async def test_the_server_stops_under_a_hanging_request(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """Stopping waits for nobody: the client sees a closed connection."""
    async with asyncio.timeout(10):
        async with emulator:
            gate = emulator.faults.pause(None)
            waiting = asyncio.create_task(see(session, emulator))
            await gate.reached()

        with pytest.raises(aiohttp.ClientError):
            await waiting


async def test_a_delay_is_waited_for(session: aiohttp.ClientSession, emulator: Emulator) -> None:
    """A client with less patience than the delay gives up; a later request is served."""
    async with emulator:
        emulator.faults.delay("c9q1", 60.0, times=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await see(session, emulator)
        status, _ = await see(session, emulator)

    assert status == 200
