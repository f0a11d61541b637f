"""A cluster's pages, first to last, on a real socket."""

from __future__ import annotations

import asyncio
import random
from itertools import count
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import pytest

from collector import __version__
from collector.api import Api
from collector.errors import AnswerTooLarge, BadAnswer, ListingMoved, PagingLoop, RequestRefused
from collector.records import Cluster, ClusterId, Page, Traffic
from tests.integration.api.listed import CANARY, CLUSTER, Canary, list_cluster, settings_for
from tests.scripted import ScriptedServer, answer, drip, head, page, raw, refusal

if TYPE_CHECKING:
    from tests.scripted import Request, Step

STRANGE_TOKENS = ["a&b=c+d/e%f#g", " spaces ", "ключ✓", "a\r\nHost: evil", "%2541", "../..", "x" * 101, "y" * 5000]


def tokens_of(server: ScriptedServer) -> list[str | None]:
    """The page tokens that arrived, decoded."""
    return [
        dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)).get("pageToken") for target in server.targets
    ]


async def test_pages_come_in_order_to_the_last() -> None:
    """Empty and short pages with a token go on (A6, A7); the last one ends the listing."""
    script = [
        page({"id": "1"}, token="a"),
        page(token="b"),
        page({"id": "2"}, {"id": "3"}, token="c"),
        page({"id": "4"}),
    ]
    async with ScriptedServer(script) as server:
        listed = await list_cluster(server)

    assert listed.error is None
    assert listed.records == [b'{"id": "1"}', b'{"id": "2"}', b'{"id": "3"}', b'{"id": "4"}']
    assert tokens_of(server) == [None, "a", "b", "c"]


async def test_an_empty_object_is_an_empty_listing() -> None:
    """`{}` is how proto3 says that there is no backup (A12)."""
    async with ScriptedServer([page()]) as server:
        listed = await list_cluster(server)

    assert (listed.error, [page[:2] for page in listed.pages]) == (None, [([], None)])


async def test_a_request_says_who_asks_and_what_may_be_answered() -> None:
    """Everything the provider's support asks for, and nothing about this machine."""
    async with ScriptedServer([page(token="a"), page()]) as server:
        await list_cluster(server)

    first, second = server.requests
    assert first.method == "GET"
    assert first.target == "/managed-opensearch/v1/clusters/c9qcluster/backups?pageSize=1000"
    named = dict(first.headers)
    request_id = named.pop("x-request-id")
    assert named == {
        "host": server.url.removeprefix("http://"),
        "accept": "application/json",
        "accept-encoding": "gzip",
        "user-agent": f"backup-inventory-collector/{__version__}",
        "authorization": f"Bearer {CANARY}",
        "x-client-trace-id": "a-sweep",
    }
    assert request_id != second.header("x-request-id")


@pytest.mark.parametrize("token", STRANGE_TOKENS, ids=lambda token: token[:9].encode("unicode_escape").decode())
async def test_a_token_arrives_as_it_was_handed_out(token: str) -> None:
    """It is opaque: encoded once, never cut, whatever is in it (A3, A4)."""
    async with ScriptedServer([page(token=token), page()]) as server:
        listed = await list_cluster(server)

    assert listed.error is None
    assert tokens_of(server) == [None, token]


@pytest.mark.parametrize("cycle", [["a"], ["a", "b"], ["a", "b", "c"]], ids=["one", "two", "three"])
async def test_a_cycle_of_tokens_ends_with_its_first_repetition(cycle: list[str]) -> None:
    """One request more than there are tokens, and no second try (A1)."""
    script = [page(token=token) for token in cycle * 3]
    async with ScriptedServer(script) as server:
        listed = await list_cluster(server)

    assert isinstance(listed.error, PagingLoop)
    assert len(server.requests) == len(cycle) + 1


async def test_a_listing_without_an_end_stops_at_its_cap() -> None:
    """Fresh tokens for ever cost `pages_max` requests (A2)."""
    numbers = count()
    async with ScriptedServer(lambda _: page(token=str(next(numbers)))) as server:
        listed = await list_cluster(server, pages_max=7)

    assert isinstance(listed.error, AnswerTooLarge)
    assert len(server.requests) == 7


async def test_a_listing_with_too_many_records_stops_at_its_cap() -> None:
    """The cap counts over pages (A2)."""
    numbers = count()
    async with ScriptedServer(lambda _: page(1, 2, 3, token=str(next(numbers)))) as server:
        listed = await list_cluster(server, items_max=10)

    assert isinstance(listed.error, AnswerTooLarge)
    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "step", [refusal(400, 3, "page token expired"), answer(b"", status=410), refusal(200, 3, "page token expired")]
)
async def test_an_expired_token_moves_the_listing(step: Step) -> None:
    """No retry: only a new listing helps, and that is the caller's to begin (A5)."""
    async with ScriptedServer([page({"id": "1"}, token="a"), step]) as server:
        listed = await list_cluster(server)

    assert isinstance(listed.error, ListingMoved)
    assert len(server.requests) == 2


async def test_a_refused_token_past_the_documented_length_is_named() -> None:
    """It was sent as it came; the failure says what is odd about it (A3)."""
    async with ScriptedServer([page(token="x" * 101), refusal(400, 3, "too long")]) as server:
        listed = await list_cluster(server)

    assert isinstance(listed.error, ListingMoved)
    assert "101 characters, where the API documents at most 100" in str(listed.error)


@pytest.mark.parametrize("token", [5, True, ["a"], {"a": 1}], ids=["int", "bool", "array", "object"])
async def test_a_token_of_another_type_fails_the_listing(token: object) -> None:
    """It is neither an end nor something to send (A8)."""
    async with ScriptedServer([page({"id": "1"}, token=token)]) as server:
        listed = await list_cluster(server)

    assert isinstance(listed.error, BadAnswer)
    assert listed.pages == []


@pytest.mark.parametrize("identifier", ["../../iam/v1/tokens", "..", "a/b", "a\r\nx: y"])
async def test_an_id_that_could_leave_its_path_reaches_no_server(identifier: str) -> None:
    """The guard of the configuration stands here again, beside the token (D23)."""
    async with ScriptedServer([page()]) as server:
        listed = await list_cluster(server, cluster=Cluster(id=ClusterId(identifier)))

    assert isinstance(listed.error, RequestRefused)
    assert server.connections == 0


async def test_what_a_listing_cost_is_counted() -> None:
    """The ledger row: pages, requests, decoded bytes, and the newest request id of the server."""
    body = b'{"backups":[{"id":"1"}],"nextPageToken":"a"}'
    script = [
        answer(body, headers={"x-request-id": "r-1"}),
        refusal(429, 8, "slow down"),
        answer(b"{}", headers={"x-request-id": "r-2"}),
    ]
    async with ScriptedServer(script) as server:
        listed = await list_cluster(server)

    refused = len(b'{"code": 8, "message": "slow down"}')
    assert listed.traffic == Traffic(
        pages=2, requests=3, retries=1, throttles=1, bytes=len(body) + refused + 2, server_request_id="r-2"
    )
    assert (listed.requests, listed.retries) == (3, 1)


async def test_pages_share_one_connection() -> None:
    """A connection is kept from page to page."""
    async with ScriptedServer([page(token="a"), page(token="b"), page()]) as server:
        await list_cluster(server)

    assert (len(server.requests), server.connections) == (3, 1)


async def test_listings_run_side_by_side_and_do_not_disturb_each_other() -> None:
    """One cluster's fault, and one cluster's slowness, are its own (D25)."""

    def by_cluster(request: Request) -> Step:
        if "/bad/" in request.target:
            return answer(b"<html>", headers={"Content-Type": "text/html"})
        if "/slow/" in request.target:
            return drip(head(200, {"Content-Type": "application/json", "Content-Length": "2"}) + b"{}", pause_s=0.001)
        return page({"id": request.target})

    async def listed(api: Api, name: str) -> list[Page] | BaseException:
        cluster = Cluster(id=ClusterId(name))
        try:
            return [found async for found in api.list_backups(cluster, Traffic())]
        except BadAnswer as exc:
            return exc

    async with (
        ScriptedServer(by_cluster) as server,
        Api(settings_for(server), Canary(), trace_id="t", rng=random.Random(1)) as api,
    ):
        good, bad, slow = await asyncio.gather(listed(api, "good"), listed(api, "bad"), listed(api, "slow"))

    assert isinstance(good, list)
    assert isinstance(bad, BadAnswer)
    assert isinstance(slow, list)
    assert [page[:2] for page in slow] == [([], None)]


async def test_requests_keep_to_the_rate() -> None:
    """One an interval from the first on, over all listings: no burst at the beginning."""
    async with (
        ScriptedServer(lambda _: page()) as server,
        Api(settings_for(server, requests_per_second=100), Canary(), trace_id="t") as api,
    ):
        started = asyncio.get_running_loop().time()
        for _ in range(5):
            await anext(aiter(api.list_backups(CLUSTER, Traffic())))
        took_s = asyncio.get_running_loop().time() - started

    assert len(server.requests) == 5
    assert took_s >= 0.035


async def test_an_interim_answer_is_skipped() -> None:
    """100 Continue announces the real one (D20)."""
    final = head(200, {"Content-Type": "application/json", "Content-Length": "2"}) + b"{}"
    async with ScriptedServer([raw(head(100) + head(103) + final)]) as server:
        listed = await list_cluster(server)

    assert listed.error is None
