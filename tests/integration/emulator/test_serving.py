"""The emulator as a process of its own: it listens, tells where, ages, and ends when cancelled."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from collector.emulator import Fleet, demo_fleet, serve_emulator

NOW_NS = 1_795_500_000 * 10**9


async def newest(session: aiohttp.ClientSession, url: str, cluster_id: str) -> str:
    """Name a cluster's newest backup."""
    async with session.get(f"{url}/managed-opensearch/v1/clusters/{cluster_id}/backups?pageSize=1") as response:
        page = await response.json()
        return str(page["backups"][0]["id"])


@pytest.mark.parametrize("kind, count", [("generated", 3), ("demo", 24)])
async def test_it_serves_until_cancelled(session: aiohttp.ClientSession, kind: str, count: int) -> None:
    """One line tells the address and a cluster; hours pass; after the end nobody listens."""
    fleet = Fleet.generate(clusters=3, backups=5, seed=1, now_ns=NOW_NS) if kind == "generated" else demo_fleet(NOW_NS)
    told: asyncio.Queue[str] = asyncio.Queue()
    server = asyncio.create_task(
        serve_emulator(
            fleet,
            host="127.0.0.1",
            port=0,
            latency_s=0.0,
            token="t1.emulator",
            announce=told.put_nowait,
            hour_every_s=0.001,
        )
    )

    async with asyncio.timeout(20):
        line = await told.get()
        url, cluster_id = re.findall(r"http://\S+|c9q\w+", line)
        first = await newest(session, url, cluster_id)
        while await newest(session, url, cluster_id) == first:
            pass
        server.cancel()
        await asyncio.wait([server])

    assert f"{count} clusters" in line
    with pytest.raises(aiohttp.ClientConnectorError):
        await newest(session, url, cluster_id)
