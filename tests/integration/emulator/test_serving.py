"""The emulator as a process of its own: it listens, tells where, ages, and ends when cancelled."""

from __future__ import annotations

import asyncio
import re

import aiohttp
import pytest

from collector.emulator import serve_emulator

NOW_NS = 1_795_500_000 * 10**9


async def newest(session: aiohttp.ClientSession, url: str, cluster_id: str) -> str:
    """Name a cluster's newest backup."""
    async with session.get(f"{url}/managed-opensearch/v1/clusters/{cluster_id}/backups?pageSize=1") as response:
        page = await response.json()
        return str(page["backups"][0]["id"])


@pytest.mark.parametrize("clusters,count", [(3, 3), (None, 24)], ids=["generated", "demo"])
async def test_it_serves_until_cancelled(session: aiohttp.ClientSession, clusters: int | None, count: int) -> None:
    """One line tells the address and a cluster; hours pass; after the end nobody listens."""
    told: asyncio.Queue[str] = asyncio.Queue()
    server = asyncio.create_task(
        serve_emulator(
            host="127.0.0.1",
            port=0,
            clusters=clusters,
            backups=5,
            seed=1,
            latency_s=0.0,
            token="t1.emulator",
            announce=told.put_nowait,
            hour_every_s=0.001,
            now_ns=NOW_NS,
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
