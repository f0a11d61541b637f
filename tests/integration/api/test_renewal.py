"""A token that the API refuses in the middle of its work: another one is got, once, and the request goes on."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from collector.api import Api, IamToken, open_access
from collector.config.settings import SecretSource
from collector.emulator import Code, Emulator
from collector.errors import CredentialError, DeadlineExceeded, NetworkFailed, Unauthenticated
from collector.records import Cluster, ClusterId, Traffic
from tests.integration.api.exchanging import Place
from tests.integration.api.listed import list_cluster
from tests.scripted import Request, ScriptedServer, Step, page, refusal
from tests.sweeping import fleet_of

CLUSTERS = [f"c9q{number:03}" for number in range(200)]
EXPIRED = refusal(401, 16, "Token is invalid or has expired.")


def many(emulator: Emulator) -> list[str]:
    """Fill the emulator's fleet with two hundred clusters."""
    emulator.fleet = fleet_of(**dict.fromkeys(CLUSTERS, 15))
    return CLUSTERS


async def list_all(api: Api, clusters: list[str]) -> list[int | BaseException]:
    """List many clusters at once; how many backups each has, or why it is not known."""

    async def count(cluster_id: str) -> int:
        cluster = Cluster(id=ClusterId(cluster_id))
        return sum([len(page.records) async for page in api.list_backups(cluster, Traffic())])

    return await asyncio.gather(*map(count, clusters), return_exceptions=True)


async def test_two_hundred_clusters_whose_token_ends_in_the_middle_are_read_with_one_more_exchange(
    place: Place,
) -> None:
    """All have asked for their first page when the token ends; none fails, and one exchange serves them all (D13)."""
    clusters = many(place.emulator)
    gate = place.emulator.faults.pause(None, page=1)
    config = place.config(place.auth("service_account_key"), page_size=10, concurrency=200, requests_per_second=None)
    async with open_access(config, {}) as access, Api(config.api, access.credential, trace_id="t") as api:
        listing = asyncio.create_task(list_all(api, clusters))
        await gate.reached(200)
        place.issuer.revoke()
        exchange = place.issuer.faults.pause("iam")
        gate.release()
        await exchange.reached()
        exchange.release()
        counted = await listing

    assert counted == [15] * 200
    assert place.issuer.exchanges == {"iam": 2}
    assert place.emulator.answers_by_status[401] > 1


async def test_a_token_service_that_is_down_when_all_are_refused_fails_them_in_time(place: Place) -> None:
    """Retryable, each by itself, and the token service is not beaten (D14)."""
    clusters = many(place.emulator)
    config = place.config(place.auth("oauth_token"), concurrency=200, requests_per_second=None, backoff_max_s=0.01)
    async with (
        asyncio.timeout(30),
        open_access(config, {}) as access,
        Api(config.api, access.credential, trace_id="t") as api,
    ):
        place.issuer.revoke()
        place.issuer.faults.drop("iam")
        ended = await list_all(api, clusters)

    assert {type(each) for each in ended} == {NetworkFailed}
    assert place.emulator.requests_by_scope["iam"] == 1 + 2


async def test_a_token_service_that_is_away_costs_no_request_and_no_retry_of_the_sweep() -> None:
    """Nothing goes out, so nothing is counted; the retries are there for the API when it is asked at last (D14)."""

    class Away:
        version = 0

        async def token(self) -> str:
            raise NetworkFailed("the token service is away")

        async def renew(self, version: int) -> bool:
            raise AssertionError(version)

    async with ScriptedServer([]) as server:
        listed = await list_cluster(server, credential=Away())

    assert str(listed.error) == "the token service is away"
    assert not server.requests
    assert (listed.requests, listed.retries, listed.traffic.requests, listed.traffic.retries) == (0, 0, 0, 0)


async def test_a_credential_that_is_refused_at_last_fails_all_with_it(place: Place) -> None:
    """The key was deleted while we worked: a person must act."""
    clusters = many(place.emulator)
    config = place.config(place.auth("service_account_key"), concurrency=200, requests_per_second=None)
    async with open_access(config, {}) as access, Api(config.api, access.credential, trace_id="t") as api:
        place.issuer.revoke()
        place.issuer.keys.clear()
        ended = await list_all(api, clusters)

    assert {type(each) for each in ended} == {CredentialError}
    assert place.emulator.requests_by_scope["iam"] == 2


async def test_an_api_that_refuses_every_token_costs_one_exchange(place: Place) -> None:
    """Two hundred refusals are one problem (D13)."""
    clusters = many(place.emulator)
    place.emulator.faults.fail(None, status=401, code=Code.UNAUTHENTICATED)
    config = place.config(place.auth("metadata"), concurrency=200, requests_per_second=None)
    async with open_access(config, place.env) as access, Api(config.api, access.credential, trace_id="t") as api:
        ended = await list_all(api, clusters)

    assert {type(each) for each in ended} == {Unauthenticated}
    assert place.issuer.exchanges == {"metadata": 2}


async def test_a_refusal_within_a_status_of_200_is_a_refusal_too(place: Place) -> None:
    """What counts is the code in the body."""
    place.emulator.fleet = fleet_of(c9qa=1)
    place.emulator.faults.body("c9qa", b'{"code":16,"message":"expired"}', times=1)
    config = place.config(place.auth("metadata"))
    async with open_access(config, place.env) as access, Api(config.api, access.credential, trace_id="t") as api:
        assert await list_all(api, ["c9qa"]) == [1]

    assert place.issuer.exchanges == {"metadata": 2}


async def test_a_ready_token_that_is_refused_is_not_sent_again() -> None:
    """Nobody has put another in its place."""
    async with ScriptedServer(lambda _: EXPIRED) as server:
        listed = await list_cluster(server, credential=IamToken(SecretSource(env="T"), {"T": "t1.old"}))

    assert type(listed.error) is Unauthenticated
    assert len(server.requests) == listed.traffic.requests


async def test_a_ready_token_that_is_rotated_while_it_is_refused_is_sent_anew(tmp_path: Path) -> None:
    """The file is read again after the 401, and the request replayed."""
    file = tmp_path / "token"

    def choose(request: Request) -> Step:
        if request.header("authorization") == "Bearer t1.new":
            return page({"id": "1"})
        file.write_text("t1.new")
        return EXPIRED

    file.write_text("t1.old")
    credential = IamToken(SecretSource(file=file), {})
    await credential.token()
    async with ScriptedServer(choose) as server:
        listed = await list_cluster(server, credential=credential)

    assert listed.records == [b'{"id": "1"}']
    assert [request.header("authorization") for request in server.requests] == ["Bearer t1.old", "Bearer t1.new"]
    assert (listed.traffic.requests, listed.retries) == (2, 0)


async def test_a_replay_is_sent_once(tmp_path: Path) -> None:
    """However often the file changes."""
    file = tmp_path / "token"

    def choose(_: Request) -> Step:
        file.write_text(f"t1.{random.random()}")
        return EXPIRED

    file.write_text("t1.old")
    credential = IamToken(SecretSource(file=file), {})
    await credential.token()
    async with ScriptedServer(choose) as server:
        listed = await list_cluster(server, credential=credential)

    assert type(listed.error) is Unauthenticated
    assert len(server.requests) == 2


async def test_a_listing_that_waits_for_a_token_keeps_its_deadline(place: Place) -> None:
    """Nothing hangs on a token service."""
    config = place.config(place.auth("oauth_token"), page_timeout_s=5.0, listing_timeout_s=0.2)
    async with asyncio.timeout(5), open_access(config, {}) as access:
        place.issuer.revoke()
        place.issuer.faults.hang("iam")
        async with Api(config.api, access.credential, trace_id="t") as api:
            ended = await list_all(api, ["c9q"])

    assert list(map(type, ended)) == [DeadlineExceeded]
