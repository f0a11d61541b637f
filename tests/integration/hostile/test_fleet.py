"""Many clusters at once against one server: what the server sees of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.scripted import Peer, Request, ScriptedServer, Step, page, refusal
from tests.sweeping import World, outcomes_of

if TYPE_CHECKING:
    from collector.records import Summary

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")

CLUSTERS: Final = tuple(f"c{number:04}" for number in range(1_000))
AT_ONCE: Final = 8


def cluster_of(request: Request) -> str:
    """Read which cluster a request is about."""
    return request.target.split("/")[4]


async def sweep(server: ScriptedServer, url: str, clusters: tuple[str, ...], **api: object) -> Summary:
    """Sweep clusters from a scripted server."""
    async with Emulator(Fleet()) as idle:
        settings = {"mdb_url": server.url, "concurrency": AT_ONCE, **api}
        return await World(emulator=idle, url=url, clusters=clusters, api=settings).sweep()


async def test_a_thousand_clusters_take_turns(migrated_url: str, db: Connection) -> None:
    """D24: no more connections than configured, each cluster asked once, about in the order of the configuration."""
    async with ScriptedServer(lambda _: page({"id": "b"})) as server:
        summary = await sweep(server, migrated_url, CLUSTERS)

    asked = [cluster_of(request) for request in server.requests]
    assert summary.outcome == "complete"
    assert sorted(asked) == list(CLUSTERS)
    assert server.connections <= AT_ONCE
    assert max(abs(CLUSTERS.index(cluster) - place) for place, cluster in enumerate(asked)) < 8 * AT_ONCE
    assert await db.fetchval("SELECT count(*) FROM inventory.backups") == len(CLUSTERS)


async def test_a_storm_of_errors_is_met_with_one_budget(migrated_url: str) -> None:
    """D19: of all requests to a server that is down a tenth are retries; without the budget four in five would be."""
    async with ScriptedServer(lambda _: refusal(503, 14, "down")) as server:
        summary = await sweep(server, migrated_url, CLUSTERS[:200], attempts=5)

    tries = Counter(map(cluster_of, server.requests))
    assert set(outcomes_of(summary).values()) == {"server_failed"}
    assert 200 + 10 <= len(server.requests) <= 200 / 0.9
    assert max(tries.values()) <= 5


async def test_a_fleet_of_which_every_other_cluster_hangs_is_done_by_half_in_time(migrated_url: str) -> None:
    """D25: the slow ones each have their own deadline, the quick ones are complete."""

    def slow_or_quick(request: Request) -> Step:
        return hang if int(cluster_of(request)[1:]) % 2 else page({"id": "b"})

    async def hang(peer: Peer) -> None:
        await peer.gone()

    async with ScriptedServer(slow_or_quick) as server, asyncio.timeout(20):
        summary = await sweep(server, migrated_url, CLUSTERS[:16], page_timeout_s=1.0, attempts=1)

    assert list(outcomes_of(summary).values()) == ["complete", "timeout"] * 8
