"""The service's addresses: two probes that are open and mute, the metrics, and the place of the page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from aiohttp import web

from collector.errors import CollectorError
from collector.serve.exposition import CONTENT_TYPE, render
from collector.serve.guard import guarded_by, plain
from collector.serve.page import add_routes
from collector.serve.readiness import READY
from collector.serve.recent import Recent
from collector.store.vitals import read_vitals

if TYPE_CHECKING:
    from collector.config import HttpSettings
    from collector.serve.readiness import Readiness
    from collector.serve.tally import Tally
    from collector.store.pool import Pool
    from collector.store.vitals import Vitals

READY_AGE_S: Final = 1.0
METRICS_AGE_S: Final = 1.0
READ_S: Final = 8.0


def build_app(
    settings: HttpSettings, env: Mapping[str, str], *, readiness: Readiness, tally: Tally, inventory: Pool
) -> web.Application:
    """
    Put the service's addresses together.

    Args:
        settings: who may read.
        env: where a token may lie.
        readiness: what /readyz asks.
        tally: what this process counts.
        inventory: reads for /metrics and the page; the session cannot write, and no statement lasts long.

    Raises:
        CredentialError: the token cannot be read.
    """
    clock = asyncio.get_running_loop().time
    ready = Recent(readiness.ask, age_s=READY_AGE_S, clock=clock)

    async def write_metrics() -> bytes:
        tally.note_tasks(len(asyncio.all_tasks()))
        return await asyncio.to_thread(render, tally.registry, await _read(inventory))

    metrics = Recent(write_metrics, age_s=METRICS_AGE_S, clock=clock)

    async def readyz(_request: web.Request) -> web.Response:
        word = await ready.get()
        return plain(200 if word == READY else 503, word)

    async def show_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=await metrics.get(), headers={"Content-Type": CONTENT_TYPE})

    app = web.Application(middlewares=guarded_by(settings, env))
    app.router.add_get("/healthz", _healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", show_metrics)
    add_routes(app, inventory)
    return app


async def _healthz(_request: web.Request) -> web.Response:
    return plain(200, READY)


async def _read(inventory: Pool) -> Vitals | None:
    try:
        async with asyncio.timeout(READ_S):
            return await read_vitals(inventory)
    except (CollectorError, TimeoutError):
        return None  # `backup_inventory_up` says it, and /readyz why
