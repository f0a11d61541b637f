"""What a check says of folders and clouds, from real answers on real sockets."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from collector.api import Access, Endpoints
from collector.cli.probes import Depth, Lens, probe_clusters
from collector.cli.sources import probe_sources
from collector.cli.tape import Tape
from collector.config import DiscoverySettings
from collector.config.api import ApiSettings
from collector.config.model import Config
from tests.scripted import ScriptedServer, answer, refusal
from tests.sweeping import QUICK, Token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.cli.findings import Finding
    from collector.descriptions import Known
    from tests.scripted import Request, Step

FOLDERS = [{"id": "b1gone", "cloudId": "b1gcloud"}, {"id": "b1gtwo", "cloudId": "b1gcloud"}]


def listed(key: str, *records: Mapping[str, object], ahead_s: float = 0.0) -> Step:
    """Make a page of a list that is no list of backups."""
    date = formatdate(time.time() + ahead_s, usegmt=True)
    return answer(json.dumps({key: list(records)}).encode(), headers={"Date": date})


def cluster(cluster_id: str, folder_id: str = "b1gone", **fields: object) -> dict[str, object]:
    """Make a record."""
    return {"id": cluster_id, "folderId": folder_id, "name": cluster_id, **fields}


async def probe(server: ScriptedServer, depth: Depth = "page") -> tuple[list[Finding], list[Known], Tape]:
    """Look at a cloud; only clusters whose name begins with `c9qa` are wanted."""
    api = ApiSettings(**{**QUICK, "mdb_url": server.url, "resource_manager_url": server.url})
    config = Config(api=api, discovery=(DiscoverySettings.model_validate({"cloud": "b1gcloud", "name": "c9qa*"}),))
    access = Access(endpoints=Endpoints.configured(api), credential=Token(), kind="iam_token")
    lens = Lens(depth=depth, tape=Tape("all"))
    found: list[Known] = []
    findings = [each async for each in probe_sources(config, access, lens, found=found)]
    findings += [each async for each in probe_clusters(config, Token(), lens)]
    return findings, found, lens.tape


def cloud(request: Request) -> Step:
    """Serve two folders, one with a cluster that is wanted and one that is not."""
    if "/folders" in request.target:
        return listed("folders", *FOLDERS)
    if "b1gtwo" in request.target:
        return refusal(403, 7, "no")
    return listed("clusters", cluster("c9qa1"), cluster("c9qb1"))


async def test_a_check_asks_a_cloud_for_its_folders_and_a_recording_for_their_clusters() -> None:
    """One request to a person who waits; all lists where they are recorded, with who refuses named."""
    async with ScriptedServer(cloud) as server:
        quick, _, _ = await probe(server)
        asked = len(server.requests)
        whole, found, tape = await probe(server, "listing")

    assert ([each.text for each in quick], asked) == (["b1gcloud: 2 folders"], 1)
    assert [each.text.partition(": HTTP")[0] for each in whole] == [
        "b1gcloud: 2 folders",
        "b1gone (opensearch): 2 clusters",
        "b1gtwo (opensearch): permission_denied",
    ]
    assert "mdb.viewer" in (whole[-1].advice or "")
    assert [(each.description.cluster_id, each.matched) for each in found] == [("c9qa1", True), ("c9qb1", False)]
    assert tape.names == ["cloud.b1gcloud", "folder.b1gone", "folder.b1gtwo"]


async def test_a_record_that_a_discovery_would_pass_over_fails_a_check() -> None:
    """The discovery would be partial with every sweep, and nobody be taken for gone."""

    def script(request: Request) -> Step:
        if "/folders" in request.target:
            return listed("folders", FOLDERS[0])
        return listed("clusters", cluster("c9qa1"), cluster("../up"))

    async with ScriptedServer(script) as server:
        findings, found, _ = await probe(server, "listing")

    assert [each.exit_code for each in findings] == [0, 1]
    assert "1 of 2 clusters cannot be read" in findings[1].text
    assert len(found) == 1


@pytest.mark.parametrize("ahead_s, warns", [(0, False), (3600, True)], ids=["same", "ahead"])
async def test_a_clock_that_is_off_is_told_also_where_no_cluster_is_listed(ahead_s: int, *, warns: bool) -> None:
    """The answers about folders have a `Date` too."""
    async with ScriptedServer(lambda _: listed("folders", ahead_s=ahead_s)) as server:
        findings, _, _ = await probe(server)

    assert [each.item for each in findings] == (["cloud", "clock"] if warns else ["cloud"])
