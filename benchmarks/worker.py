"""
One measured action in a process of its own: its wall clock, its processor time, its peak memory.

The clock starts after the imports and the configuration are done, and stops when the work is committed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any, TypeAlias

import aiohttp
import structlog

from benchmarks import obvious
from benchmarks.copying import copy_floor
from collector.api import Api, open_access
from collector.clusters import Shard, configured_clusters
from collector.config import Config, load_config
from collector.records import Guard
from collector.store import Store
from collector.sweep import Sweep, run_sweep

Facts: TypeAlias = dict[str, Any]


async def sweep(config: Config) -> Facts:
    """Run the product's sweep."""
    clusters = configured_clusters(config)
    url = os.environ["DATABASE_URL"]
    async with (
        open_access(config, os.environ) as access,
        Api(config.api, access.credential, trace_id="benchmark", rng=random.Random(0)) as api,
        Store(url, config.database, guard=Guard()) as store,
    ):
        summary = await run_sweep(
            config,
            Sweep(configured=clusters, trace_id="benchmark", shard=Shard.from_environment(os.environ)),
            api=api,
            store=store,
            stopping=asyncio.Event(),
        )
    counts = reduce(add, (result.counts for result in summary.results))
    return {"outcome": summary.outcome, **{name: getattr(counts, name) for name in counts.__slots__}}


async def fetch(config: Config) -> Facts:
    """Fetch every page of every cluster and look at nothing but the token: the floor of any collector."""
    headers = {"Authorization": f"Bearer {os.environ['YC_IAM_TOKEN']}"}
    gate = asyncio.Semaphore(config.api.concurrency)
    total = 0
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:

        async def read(cluster_id: str) -> None:
            nonlocal total
            url = f"{config.api.mdb_url}/managed-opensearch/v1/clusters/{cluster_id}/backups"
            token = ""
            async with gate:
                while True:
                    query = {"pageSize": str(config.api.page_size), **({"pageToken": token} if token else {})}
                    async with session.get(url, params=query) as response:
                        body = await response.read()
                    total += len(body)
                    at = body.rfind(b'"nextPageToken"')
                    if at < 0:
                        return
                    token = body[at:].split(b'"')[3].decode()

        await asyncio.gather(*(read(cluster.id) for cluster in config.clusters))
    return {"bytes": total}


ACTIONS: dict[str, Callable[[Config], Awaitable[Facts]]] = {
    "sweep": sweep,
    "fetch": fetch,
    "copy": lambda _: copy_floor(os.environ["DATABASE_URL"], Path(os.environ["COPY_DIRECTORY"])),
    "obvious": lambda config: obvious.collect(config, os.environ["DATABASE_URL"], os.environ["YC_IAM_TOKEN"]),
}


async def measure(action: Callable[[Config], Awaitable[Facts]], config: Config) -> Facts:
    """Time one action."""
    cpu, wall = time.process_time(), time.perf_counter()
    facts = await action(config)
    return {
        "wall_s": time.perf_counter() - wall,
        "cpu_s": time.process_time() - cpu,
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        **facts,
    }


def main() -> None:
    """Do the named action and print its figures as one line of JSON."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    name, config_file = sys.argv[1:]
    config = load_config(Path(config_file), os.environ)
    print(json.dumps(asyncio.run(measure(ACTIONS[name], config))))


if __name__ == "__main__":
    main()
