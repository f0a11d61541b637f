"""Where to call, out of the list that a root API has."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from collector.api import Access, open_access
from collector.config.api import ApiSettings
from collector.errors import ConfigError, ListingError
from tests.integration.api.exchanging import Place
from tests.scripted import ScriptedServer, answer

LISTED = ("managed-opensearch", "iam", "resource-manager")


def root_of(**addresses: str) -> ScriptedServer:
    """Serve a list of endpoints."""
    named = dict(zip(LISTED, ("mdb.kz:443", "iam.kz:443", "rm.kz:8443"), strict=True)) | addresses
    listed = [{"id": name, "address": address} for name, address in named.items() if address]
    return ScriptedServer(lambda _: answer(json.dumps({"endpoints": listed}).encode()))


async def endpoints_of(place: Place, server: ScriptedServer, **explicit: Any) -> Access:
    """Resolve against a list, with nothing set but what is said."""
    place.write("token", "t1.a")
    settings = ApiSettings(endpoints_from=server.url, attempts=2, backoff_initial_s=0.001, **explicit)
    config = place.config({"iam_token": {"file": place.home / "token"}}).model_copy(update={"api": settings})
    async with open_access(config, {}) as access:
        return access


async def test_the_emulator_lists_itself(place: Place) -> None:
    """Plain http from a root that was reached by it, on loopback only; the federation stays where it was set."""
    url = place.emulator.url
    server = ScriptedServer([])
    server.url = url

    endpoints = (await endpoints_of(place, server)).endpoints

    assert (endpoints.mdb_url, endpoints.iam_url, endpoints.resource_manager_url) == (url, url, url)
    assert endpoints.federation_url == "https://auth.yandex.cloud"
    assert place.emulator.requests_by_scope["endpoints"] == 1


async def test_an_address_that_is_set_wins_over_the_list(place: Place) -> None:
    """And where all are set the list is not even asked for."""
    local = {"managed-opensearch": "127.0.0.1:7", "iam": "127.0.0.1:8", "resource-manager": "127.0.0.1:9"}
    async with root_of(**local) as server:
        one = (await endpoints_of(place, server, iam_url="https://iam.mine")).endpoints
        asked = len(server.requests)
        urls = {"mdb_url": "https://a.b", "iam_url": "https://c.d", "resource_manager_url": "https://e.f"}
        await endpoints_of(place, server, **urls)

    assert (one.mdb_url, one.iam_url) == ("http://127.0.0.1:7", "https://iam.mine")
    assert one.resource_manager_url == "http://127.0.0.1:9"
    assert (asked, len(server.requests)) == (1, 1)
    assert server.requests[0].header("authorization") is None


WRONG: dict[str, dict[str, str]] = {
    "elsewhere-in-plaintext": {"iam": "iam.api.cloud.yandex.net:443"},
    "with-a-user": {"iam": "user@127.0.0.1:8"},
    "with-a-path": {"iam": "127.0.0.1:8/path"},
    "metadata": {"iam": "169.254.169.254:80"},
    "missing": {"iam": ""},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
async def test_an_address_out_of_a_list_is_held_against_the_rules_of_the_configuration(
    place: Place, wrong: dict[str, str]
) -> None:
    """Where it leads a credential goes."""
    local = {"managed-opensearch": "127.0.0.1:7", "resource-manager": "127.0.0.1:9"}
    async with root_of(**local, **wrong) as server:
        with pytest.raises(ConfigError, match=r"^api\.endpoints_from: .*\biam\b"):
            await endpoints_of(place, server)


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"endpoints":{}}', b'{"endpoints":[{"id":1}]}'])
async def test_what_is_no_list_of_endpoints_is_an_error_of_the_configuration(place: Place, body: bytes) -> None:
    """Somebody wrote another address than a root's."""
    async with ScriptedServer(lambda _: answer(body)) as server:
        with pytest.raises(ConfigError, match="answers what is no list of endpoints"):
            await endpoints_of(place, server)


async def test_a_root_that_is_away_is_worth_a_retry(place: Place) -> None:
    """It may be back at the next run."""
    async with ScriptedServer([]) as server, asyncio.timeout(5):
        with pytest.raises(ListingError, match=r"the list of endpoints .*HTTP 500") as caught:
            await endpoints_of(place, server)

    assert (caught.value.kind, len(server.requests)) == ("server_failed", 2)
