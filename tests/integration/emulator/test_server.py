"""The emulated API over a real socket: paging, refusals, folders, encodings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.emulator import Code, EmulatedBackup, EmulatedCluster, Emulator, Fleet

ROOT = "/managed-opensearch/v1"
NOW_NS = 1_795_500_000 * 10**9


def numbered(count: int) -> list[EmulatedBackup]:
    """Make backups with telling ids, the newest with the highest number."""
    return [EmulatedBackup(id=f"b{number:05d}", created_at_ns=number * 10**9) for number in range(count)]


async def get(session: aiohttp.ClientSession, url: str, query: Mapping[str, str | int] | None = None) -> dict[str, Any]:
    """Get a JSON object that must come with status 200."""
    async with session.get(url, params=query, allow_redirects=False) as response:
        assert response.status == 200
        assert response.content_type == "application/json"
        page: dict[str, Any] = await response.json()
        return page


async def read_pages(session: aiohttp.ClientSession, url: str, **query: str | int) -> list[dict[str, Any]]:
    """Follow the tokens to the last page."""
    pages = [await get(session, url, query)]
    while token := pages[-1].get("nextPageToken"):
        pages.append(await get(session, url, {**query, "pageToken": token}))
    return pages


def ids(pages: list[dict[str, Any]], key: str = "backups") -> list[str]:
    """Name the records of pages in order."""
    return [record["id"] for page in pages for record in page.get(key, [])]


async def refusal(
    session: aiohttp.ClientSession, url: str, *, method: str = "GET", headers: Mapping[str, str] | None = None
) -> tuple[int, status_pb2.Status]:
    """Send a request that must be refused and read the refusal as the real message."""
    async with session.request(method, url, headers=headers, allow_redirects=False) as response:
        assert response.content_type == "application/json"
        return response.status, json_format.Parse(await response.read(), status_pb2.Status())


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(count=st.integers(0, 40), page_size=st.integers(1, 15), page_cap=st.integers(1, 15))
async def test_paging_gives_every_backup_once(
    session: aiohttp.ClientSession, count: int, page_size: int, page_cap: int
) -> None:
    """Whatever the sizes, the pages are the list, newest first, and none is longer than it may be."""
    fleet = Fleet.of({"c9q1": numbered(count)})
    async with Emulator(fleet, page_cap=page_cap) as emulator:
        pages = await read_pages(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups", pageSize=page_size)

    limit = min(page_size, page_cap)
    assert ids(pages) == [backup.id for backup in reversed(numbered(count))]
    assert all(len(page.get("backups", [])) <= limit for page in pages)
    assert len(pages) == max(1, -(-count // limit))


async def test_a_page_has_a_hundred_records_by_default(session: aiohttp.ClientSession) -> None:
    """Without a page size the API's default holds."""
    async with Emulator(Fleet.of({"c9q1": numbered(101)})) as emulator:
        pages = await read_pages(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups")

    assert [len(page["backups"]) for page in pages] == [100, 1]


async def test_a_cluster_without_backups_answers_an_empty_object(session: aiohttp.ClientSession) -> None:
    """Neither field is present, as proto3 JSON has it."""
    async with Emulator(Fleet.of({"c9q1": []})) as emulator:
        page = await get(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups")

    assert page == {}


async def test_printed_defaults_reach_the_wire(session: aiohttp.ClientSession) -> None:
    """An empty list can also be shown with its fields."""
    async with Emulator(Fleet.of({"c9q1": []}), print_defaults=True) as emulator:
        page = await get(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups")

    assert page == {"backups": [], "nextPageToken": ""}


@pytest.mark.parametrize(
    "path,method,status,code",
    [
        pytest.param("/clusters/unknown/backups", "GET", 404, Code.NOT_FOUND, id="unknown cluster"),
        pytest.param("/clusters/unknown", "GET", 404, Code.NOT_FOUND, id="unknown cluster itself"),
        pytest.param("/backups?folderId=unknown", "GET", 404, Code.NOT_FOUND, id="unknown folder"),
        pytest.param("/backups", "GET", 400, Code.INVALID_ARGUMENT, id="no folder"),
        pytest.param("/clusters/c9q1/backups?pageSize=1001", "GET", 400, Code.INVALID_ARGUMENT, id="page size"),
        pytest.param("/clusters/c9q1/backups?pageToken=x", "GET", 400, Code.INVALID_ARGUMENT, id="page token"),
        pytest.param("/clusters/c9q1/backups", "POST", 405, Code.UNIMPLEMENTED, id="method"),
        pytest.param("/clusters/c9q1/backups", "PROPFIND", 501, Code.UNIMPLEMENTED, id="unknown method"),
        pytest.param("/nothing", "GET", 404, Code.NOT_FOUND, id="unknown path"),
        pytest.param("/clusters/forbidden/backups", "GET", 403, Code.PERMISSION_DENIED, id="refusing cluster"),
    ],
)
async def test_a_refusal_is_a_status(
    session: aiohttp.ClientSession, path: str, method: str, status: int, code: Code
) -> None:
    """Every refusal is a google.rpc.Status that names the request, under the HTTP status of its code."""
    fleet = Fleet.of({"c9q1": numbered(1)})
    fleet.add_cluster(EmulatedCluster(id="forbidden", refusal=Code.PERMISSION_DENIED))
    async with Emulator(fleet) as emulator:
        got = await refusal(session, f"{emulator.url}{ROOT}{path}", method=method, headers={"x-request-id": "r-1"})

    info = error_details_pb2.RequestInfo()
    assert got[1].details[-1].Unpack(info)
    assert (got[0], got[1].code, info.request_id) == (status, code, "r-1")


@pytest.mark.parametrize(
    "header", ["", "Bearer wrong", "t1.emulator", "Basic t1.emulator"], ids=["empty", "wrong", "bare", "basic"]
)
async def test_a_wrong_token_is_unauthenticated(session: aiohttp.ClientSession, header: str) -> None:
    """Only the bearer token opens the API, and the refusal has the documented form."""
    async with Emulator(Fleet.of({"c9q1": []})) as emulator:
        url = f"{emulator.url}{ROOT}/clusters/c9q1/backups"
        status, answer = await refusal(session, url, headers={"Authorization": header})

    assert (status, answer.code, answer.message) == (401, 16, "Token is invalid or has expired.")


async def test_a_changed_token_locks_out_the_old(session: aiohttp.ClientSession) -> None:
    """The accepted token can change while the server runs."""
    async with Emulator(Fleet.of({"c9q1": []})) as emulator:
        emulator.token = "t1.next"
        status, _ = await refusal(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups")

        assert status == 401
        assert emulator.answers_by_status == {401: 1}


async def test_a_token_of_another_cluster_is_refused(session: aiohttp.ClientSession) -> None:
    """Page tokens do not travel between clusters."""
    async with Emulator(Fleet.of({"c9q1": numbered(3), "c9q2": numbered(3)})) as emulator:
        page = await get(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups?pageSize=2")
        token = page["nextPageToken"]
        url = f"{emulator.url}{ROOT}/clusters/c9q2/backups?pageSize=2&pageToken={token}"
        status, answer = await refusal(session, url)

    assert (status, answer.code) == (400, Code.INVALID_ARGUMENT)


async def test_a_shifting_list_repeats_and_skips(session: aiohttp.ClientSession) -> None:
    """A token is an offset: what is added in front is pushed into the next page, what is removed hides another."""
    fleet = Fleet.of({"c9q1": numbered(4)})
    async with Emulator(fleet) as emulator:
        url = f"{emulator.url}{ROOT}/clusters/c9q1/backups"
        page = await get(session, url, {"pageSize": 2})
        query = {"pageSize": 2, "pageToken": page["nextPageToken"]}
        fleet.add_backup("c9q1", EmulatedBackup(id="new", created_at_ns=10**12))
        grown = await get(session, url, query)
        fleet.remove_backup("c9q1", "new")
        fleet.remove_backup("c9q1", "b00003")
        shrunk = await get(session, url, query)

    assert ids([page]) == ["b00003", "b00002"]
    assert ids([grown]) == ["b00002", "b00001"]
    assert ids([shrunk]) == ["b00000"]


async def test_a_moved_list_may_expire_its_tokens(session: aiohttp.ClientSession) -> None:
    """On request a token is worth nothing once its list has changed; the first page is always there."""
    fleet = Fleet.of({"c9q1": numbered(4)})
    async with Emulator(fleet, moved="expire") as emulator:
        url = f"{emulator.url}{ROOT}/clusters/c9q1/backups?pageSize=2"
        token = (await get(session, url))["nextPageToken"]
        fleet.remove_backup("c9q1", "b00003")
        status, answer = await refusal(session, f"{url}&pageToken={token}")
        first = await get(session, url)

    assert (status, answer.message) == (400, "page_token has expired")
    assert ids([first]) == ["b00002", "b00001"]


async def test_a_folder_lists_the_backups_of_all_its_clusters(session: aiohttp.ClientSession) -> None:
    """Also those of a cluster that is gone, newest first, in pages."""
    fleet = Fleet.generate(clusters=3, backups=4, seed=5, now_ns=NOW_NS)
    clusters = list(fleet.clusters.values())
    fleet.remove_cluster(clusters[0].id)
    async with Emulator(fleet) as emulator:
        url = f"{emulator.url}{ROOT}/backups"
        pages = await read_pages(session, url, folderId=clusters[0].folder_id, pageSize=5)

    expected = sorted(
        (backup for cluster in clusters for backup in cluster.backups),
        key=lambda backup: backup.created_at_ns or 0,
        reverse=True,
    )
    assert ids(pages) == [backup.id for backup in expected]
    assert len(pages) == 3


async def test_a_folder_lists_its_clusters(session: aiohttp.ClientSession) -> None:
    """The list and the single cluster show the same object."""
    fleet = Fleet.generate(clusters=18, backups=1, seed=5, now_ns=NOW_NS)
    first = next(iter(fleet.clusters.values()))
    async with Emulator(fleet) as emulator:
        url = f"{emulator.url}{ROOT}/clusters"
        pages = await read_pages(session, url, folderId=first.folder_id, pageSize=10)
        single = await get(session, f"{url}/{first.id}")

    assert ids(pages, "clusters") == list(fleet.clusters)[:16]
    assert pages[0]["clusters"][0] == single
    assert (single["name"], single["labels"], single["status"]) == (first.name, first.labels, "RUNNING")


@pytest.mark.parametrize(
    "accepted,encoding", [("gzip", "gzip"), ("gzip, br", "gzip"), ("identity", None)], ids=["gzip", "both", "identity"]
)
async def test_bodies_are_compressed_for_who_accepts_it(
    session: aiohttp.ClientSession, accepted: str, encoding: str | None
) -> None:
    """Compression changes the wire and not the page."""
    async with Emulator(Fleet.of({"c9q1": numbered(99)}), compress=True) as emulator:
        url = f"{emulator.url}{ROOT}/clusters/c9q1/backups"
        async with session.get(url, headers={"Accept-Encoding": accepted}) as response:
            page = await response.json()

    assert response.headers.get("Content-Encoding") == encoding
    assert len(page["backups"]) == 99


async def test_requests_are_recorded_without_the_token(session: aiohttp.ClientSession) -> None:
    """A test can ask what came, by whom and how often; the secret is in none of it."""
    async with Emulator(Fleet.of({"c9q1": []})) as emulator:
        headers = {"x-request-id": "r-1", "x-client-trace-id": "t-1", "User-Agent": "probe/1"}
        url = f"{emulator.url}{ROOT}/clusters/c9q1/backups?pageSize=7"
        async with session.get(url, headers=headers) as response:
            answered_id = response.headers["x-request-id"]
        recorded = emulator.requests[0]

    assert (recorded.method, recorded.path, recorded.query, recorded.scope) == (
        "GET",
        f"{ROOT}/clusters/c9q1/backups",
        {"pageSize": "7"},
        "c9q1",
    )
    assert {name: recorded.headers[name] for name in ("x-request-id", "x-client-trace-id", "user-agent")} == {
        "x-request-id": "r-1",
        "x-client-trace-id": "t-1",
        "user-agent": "probe/1",
    }
    assert answered_id == "r-1"
    assert emulator.requests_by_scope == {"c9q1": 1}
    assert "t1.emulator" not in f"{emulator.requests} {emulator!r}"


async def test_recording_can_be_switched_off(session: aiohttp.ClientSession) -> None:
    """The counters count on."""
    async with Emulator(Fleet.of({"c9q1": []}), record=False) as emulator:
        await get(session, f"{emulator.url}{ROOT}/clusters/c9q1/backups")

        assert (emulator.requests, emulator.requests_total, emulator.in_flight) == ([], 1, 0)


async def test_the_server_makes_ids_where_the_client_sent_none(session: aiohttp.ClientSession) -> None:
    """Two requests have two ids, and no software version is told."""
    seen = []
    async with Emulator(Fleet.of({"c9q1": []})) as emulator:
        for _ in range(2):
            async with session.get(f"{emulator.url}{ROOT}/clusters/c9q1/backups") as response:
                seen.append((response.headers["x-request-id"], response.headers["x-server-trace-id"]))
                assert response.headers["Server"] == "emulator"

    assert len({one for pair in seen for one in pair}) == 4
