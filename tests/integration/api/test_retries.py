"""How often, and how soon, a server that fails is asked again: counted at the server."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import stamina.instrumentation
import structlog.testing

from collector.api import Api
from collector.errors import ServerFailed, Throttled, Unauthenticated
from collector.logs import configure_logs
from collector.records import Cluster, ClusterId, Traffic
from tests.integration.api.listed import CANARY, CLUSTER, Canary, list_cluster, settings_for
from tests.logs import logging_kept
from tests.scripted import ScriptedServer, answer, head, page, raw, refusal

if TYPE_CHECKING:
    from tests.scripted import Step

DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


def throttled(**headers: str) -> Step:
    """A 429 with these headers."""
    return refusal(429, 8, "slow down", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    "step",
    [
        throttled(),
        throttled(Retry_After="0"),
        throttled(Retry_After="-1"),
        throttled(Retry_After="soon"),
        throttled(Retry_After="Wed, 21 Oct 2015 07:27:00 GMT", Date=DATE),
        throttled(Retry_After="Wed, 21 Oct 2099 07:27:00 GMT"),
        refusal(503, 8, "slow down"),
        refusal(200, 8, "slow down"),
        raw(head(429, {"Content-Length": "0", "Retry-After": "60", "retry-after": DATE})),
    ],
    ids=["no-wish", "zero", "negative", "garbage", "past", "no-date-to-compare", "503", "200", "two-wishes"],
)
async def test_throttling_without_a_sensible_wish_is_retried_by_our_own_back_off(step: Step) -> None:
    """The next try comes when we choose, and all throttling is counted (D18)."""
    async with ScriptedServer([step, page({"id": "1"})]) as server:
        listed = await list_cluster(server)

    assert listed.error is None
    assert (listed.traffic.throttles, listed.traffic.retries) == (1, 1)


@pytest.mark.parametrize(
    "step",
    [
        throttled(Retry_After="6"),
        throttled(Retry_After="9999999999"),
        throttled(Retry_After="9" * 400),
        throttled(Retry_After="Wed, 21 Oct 2015 07:28:06 GMT", Date=DATE),
        refusal(503, 14, "later", headers={"Retry-After": "6"}),
    ],
    ids=["seconds", "huge", "endless", "date", "503"],
)
async def test_a_wish_past_the_listing_s_deadline_fails_it_at_once(step: Step) -> None:
    """One request, no waiting, and the error tells the wish (D18)."""
    async with ScriptedServer(lambda _: step) as server:
        async with asyncio.timeout(2):
            listed = await list_cluster(server, listing_timeout_s=5)

    assert isinstance(listed.error, Throttled)
    assert listed.error.retry_after_s is not None
    assert listed.error.retry_after_s >= 6
    assert len(server.requests) == 1


async def test_every_try_has_an_id_of_its_own() -> None:
    """The provider's support can tell a try from its repetition."""
    async with ScriptedServer([refusal(503, 14, "x"), refusal(503, 14, "x"), page()]) as server:
        await list_cluster(server)

    ids = [request.header("x-request-id") for request in server.requests]
    traces = {request.header("x-client-trace-id") for request in server.requests}
    assert len(set(ids)) == 3
    assert traces == {"a-sweep"}


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_a_page_is_asked_for_as_often_as_configured(attempts: int) -> None:
    """The first try counts."""
    async with ScriptedServer(lambda _: refusal(503, 14, "x")) as server:
        listed = await list_cluster(server, attempts=attempts)

    assert type(listed.error) is ServerFailed
    assert len(server.requests) == attempts


async def test_attempts_are_counted_for_each_page_anew() -> None:
    """A long listing may meet many faults, one at a time."""
    script = [step for number in range(4) for step in (refusal(503, 14, "x"), page(token=str(number)))]
    async with ScriptedServer([*script, page()]) as server:
        listed = await list_cluster(server, attempts=2)

    assert listed.error is None
    assert len(server.requests) == 9


async def test_all_listings_of_a_sweep_share_one_budget_of_retries() -> None:
    """A sick server is not asked fivefold by a whole fleet: ten retries, then each page once (D19)."""
    async with (
        ScriptedServer(lambda _: refusal(503, 14, "x")) as server,
        Api(settings_for(server, attempts=5), Canary(), trace_id="t", rng=random.Random(1)) as api,
    ):
        for number in range(20):
            with pytest.raises(ServerFailed):
                await anext(aiter(api.list_backups(Cluster(id=ClusterId(f"c{number}")), Traffic())))

    assert len(server.requests) == 20 + 10
    assert (api.requests, api.retries) == (30, 10)


async def test_an_unauthenticated_answer_is_final() -> None:
    """Another try with the same token would end the same."""
    async with ScriptedServer(lambda _: refusal(401, 16, "Token is invalid or has expired.")) as server:
        listed = await list_cluster(server)

    assert type(listed.error) is Unauthenticated
    assert str(listed.error) == "HTTP 401 UNAUTHENTICATED: Token is invalid or has expired."
    assert len(server.requests) == 1


@pytest.fixture
def _program_logs() -> Iterator[None]:
    """Set the process's log up as the program does."""
    with logging_kept():
        configure_logs(deliver=len)
        yield


@pytest.mark.usefixtures("_program_logs")
async def test_a_retry_leaves_one_line_in_the_log() -> None:
    """Whose page, which try, how long, why; nothing of the address, for a page token is in it (A4)."""
    token = "a-page-token"
    with structlog.testing.capture_logs() as lines:
        async with ScriptedServer([page(token=token), refusal(503, 14, "x"), page()]) as server:
            await list_cluster(server)

    assert [(line["event"], line["cluster_id"], line["attempt"], line["kind"]) for line in lines] == [
        ("request.retried", CLUSTER.id, 1, "server_failed")
    ]
    assert 0 <= lines[0]["wait_s"] <= 0.001
    assert token not in str(lines)
    assert CANARY not in str(lines)


@pytest.mark.usefixtures("_program_logs")
async def test_who_else_is_told_of_retries_is_left_alone() -> None:
    """The process has one list of hooks: the program's own tells of the database's retries, also during a sweep."""
    told: list[stamina.instrumentation.RetryDetails] = []

    def tell(details: stamina.instrumentation.RetryDetails) -> None:
        told.append(details)

    stamina.instrumentation.set_on_retry_hooks([tell])
    async with ScriptedServer([refusal(503, 14, "x"), page()]) as server:
        await list_cluster(server)
    hooks = stamina.instrumentation.get_on_retry_hooks()

    assert hooks == (tell,)
    assert [(each.args, each.kwargs) for each in told] == [((), {})]


async def test_a_fault_of_one_page_does_not_ask_for_another_again() -> None:
    """The pages before it are kept."""
    script = [page({"id": "1"}, token="a"), answer(b'{"backups":['), page({"id": "2"})]
    async with ScriptedServer(script) as server:
        listed = await list_cluster(server)

    assert listed.records == [b'{"id": "1"}', b'{"id": "2"}']
    assert [("pageToken=a" in target) for target in server.targets] == [False, True, True]
