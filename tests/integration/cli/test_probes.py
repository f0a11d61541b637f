"""What a check says of each cluster, from real answers on real sockets."""

from __future__ import annotations

import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from collector.cli.probes import Depth, Lens, probe_clusters
from collector.cli.tape import Tape
from collector.config.api import ApiSettings
from collector.config.clusters import ClusterSettings
from collector.config.model import Config
from collector.records import ClusterId
from tests.authority import self_signed, tls_of
from tests.scripted import ScriptedServer, answer, page, refusal
from tests.sweeping import QUICK, Token

if TYPE_CHECKING:
    from collector.cli.findings import Finding
    from tests.scripted import Request, Step

CLUSTER = "c9qone"


def backup(backup_id: str, **fields: object) -> dict[str, object]:
    """Make a record."""
    return {
        "id": backup_id,
        "folderId": "b1greal",
        "sourceClusterId": CLUSTER,
        "createdAt": "2026-11-20T01:05:00Z",
        **fields,
    }


def lens(depth: Depth = "page", **known: Any) -> Lens:
    """Look at one page; `known` is what else is known."""
    return Lens(depth=depth, tape=Tape("all"), **known)


async def probe(url: str, through: Lens, *, api: dict[str, Any] | None = None, **cluster: Any) -> list[Finding]:
    """Probe one cluster."""
    config = Config(
        api=ApiSettings(**{**QUICK, "mdb_url": url, **(api or {})}),
        clusters=(ClusterSettings(id=ClusterId(CLUSTER), **cluster),),
    )
    return [finding async for finding in probe_clusters(config, Token(), through)]


async def test_a_cluster_in_another_folder_than_configured_fails() -> None:
    """Once it is deleted its backups would be looked for in the wrong place."""
    async with ScriptedServer(lambda _: page(backup("a"), backup("b"))) as server:
        (wrong,) = await probe(server.url, lens(), folder="b1gwrong")
        (right,) = await probe(server.url, lens(), folder="b1greal")

    assert (wrong.exit_code, right.exit_code) == (1, 0)
    assert "configured in folder b1gwrong, but its backups are in b1greal" in wrong.text


async def test_a_cluster_that_was_moved_is_in_its_folder() -> None:
    """Old backups stay where they were made."""
    async with ScriptedServer([page(backup("a", folderId="b1gold"), backup("b"))]) as server:
        (finding,) = await probe(server.url, lens(), folder="b1greal")

    assert finding.status == "ok"


async def test_records_that_cannot_be_read_are_told_before_a_run() -> None:
    """How many, and why the first."""
    async with ScriptedServer([page(backup("a"), backup("b", sizeBytes=1.5))]) as server:
        (finding,) = await probe(server.url, lens())

    assert finding.exit_code == 1
    assert "1 of 2 backups cannot be read exactly: sizeBytes" in finding.text


@pytest.mark.parametrize(
    "status, code, words",
    [
        (403, 7, "mdb.viewer on folder b1gstored"),
        (404, 5, "knows it from folder b1gstored"),
        (429, 8, "requests_per_second"),
    ],
    ids=["403", "404", "429"],
)
async def test_a_refusal_says_what_to_do_with_what_the_inventory_remembers(status: int, code: int, words: str) -> None:
    """The folder that was stored is named."""
    async with ScriptedServer([refusal(status, code, "no")]) as server:
        (finding,) = await probe(server.url, lens(folders={CLUSTER: "b1gstored"}))

    assert finding.exit_code == 1
    assert words in (finding.advice or "")


async def test_a_web_page_in_the_apis_place_is_called_so() -> None:
    """A captive proxy answers 200."""
    html = answer(b"<html>Log in</html>", headers={"Content-Type": "text/html; charset=utf-8"})
    async with ScriptedServer([html]) as server:
        (finding,) = await probe(server.url, lens(proxies=("https_proxy",)))

    assert "a web page came" in (finding.advice or "")
    assert "https_proxy is set, but proxies are not used" in (finding.advice or "")


async def test_nobody_listening_is_told_with_the_way_out() -> None:
    """Also that a proxy which is set is not used."""
    async with ScriptedServer([]) as server:
        url = server.url

    (finding,) = await probe(url, lens(proxies=("HTTPS_PROXY",)))

    assert finding.error == "network"
    assert "nothing listens there" in (finding.advice or "")
    assert "HTTPS_PROXY" in (finding.advice or "")


async def test_a_name_that_does_not_exist_is_told() -> None:
    """The top-level domain `invalid` never exists (RFC 6761)."""
    (finding,) = await probe("https://mdb.invalid", lens())

    assert finding.error == "network"
    assert "no such name" in (finding.advice or "")


async def test_a_certificate_of_an_unknown_authority_is_told(tmp_path: Path) -> None:
    """With what it may mean."""
    async with ScriptedServer([page()], tls=tls_of(self_signed(tmp_path))) as server:
        (finding,) = await probe(server.url, lens())

    assert finding.error == "tls"
    assert "its authority is unknown here" in (finding.advice or "")
    assert server.requests == []


@pytest.mark.parametrize("ahead_s, warns", [(0, False), (3600, True), (-3600, True)], ids=["same", "ahead", "behind"])
async def test_a_clock_that_is_off_is_a_warning(ahead_s: int, *, warns: bool) -> None:
    """The server's `Date` is held against ours; nothing fails by it."""

    def script(_: Request) -> Step:
        return page(backup("a"), headers={"Date": formatdate(time.time() + ahead_s, usegmt=True)})

    async with ScriptedServer(script) as server:
        findings = await probe(server.url, lens())

    assert [finding.item for finding in findings] == (["cluster", "clock"] if warns else ["cluster"])
    assert {finding.exit_code for finding in findings} == {0}


async def test_one_page_is_asked_for_and_all_to_be_recorded() -> None:
    """A check costs one request a cluster."""

    def script(request: Request) -> Step:
        return page(backup("b")) if "pageToken" in request.target else page(backup("a"), token="t")

    async with ScriptedServer(script) as server:
        (first,) = await probe(server.url, lens())
        asked = len(server.requests)
        recording = lens("listing")
        (whole,) = await probe(server.url, recording)

    assert (asked, len(server.requests)) == (1, 3)
    assert (first.text, whole.text) == (f"{CLUSTER}: more than 1 backups", f"{CLUSTER}: 2 backups")
    assert [each.target for each in recording.tape.answers_about(CLUSTER)] == server.targets[1:]


async def test_a_listing_without_an_end_is_recorded_up_to_its_bound() -> None:
    """What is recorded until then shows why."""
    pages = iter(range(10**6))
    recording = lens("listing")

    async with ScriptedServer(lambda _: page(backup("a"), token=str(next(pages)))) as server:
        (finding,) = await probe(server.url, recording, api={"pages_max": 1000})

    assert finding.text == f"{CLUSTER}: more than 100 backups"
    assert len(recording.tape.answers_about(CLUSTER)) == 100


async def test_retried_answers_are_recorded_too() -> None:
    """What a 429 looks like is among the questions."""
    recording = lens("listing")
    async with ScriptedServer([refusal(429, 8, "slow", headers={"Retry-After": "0"}), page(backup("a"))]) as server:
        (finding,) = await probe(server.url, recording)

    assert finding.status == "ok"
    assert [each.status for each in recording.tape.answers_about(CLUSTER)] == [429, 200]
