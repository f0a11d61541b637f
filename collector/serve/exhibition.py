"""The page and the metrics of a database that somebody else writes, for as long as somebody looks. It never sweeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from collector.config import Config, HttpSettings, parse_address
from collector.errors import UsageError
from collector.serve.door import Door
from collector.serve.readiness import Readiness
from collector.serve.service import KEEPING_S, STATEMENT_S, bounded_pool
from collector.serve.tally import Tally
from collector.serve.web import build_app
from collector.store.pool import ASKING, READING

if TYPE_CHECKING:
    from aiohttp import web

ANY_PORT: Final = 0


@asynccontextmanager
async def exhibit(url: str, config: Config, *, stopping: asyncio.Event) -> AsyncIterator[str]:
    """
    Serve on loopback, without a token: at the usual port, or at any other where that is taken.

    Args:
        url: the database, migrated. It may hold a password.
        config: how it is asked.
        stopping: set when the end is near; the probes then say so.

    Yields:
        The address of the page.
    """
    async with AsyncExitStack() as stack:
        inventory = bounded_pool(url, config, use=READING, statement_s=STATEMENT_S)
        asking = bounded_pool(url, config, use=ASKING, statement_s=KEEPING_S)
        for pool in (inventory, asking):
            stack.push_async_callback(pool.close)
            await pool.open()
        readiness = Readiness(asking, "only_serves", stopping=stopping)
        readiness.stage = None
        app = build_app(HttpSettings(), {}, readiness=readiness, tally=Tally(), inventory=inventory)
        door = await stack.enter_async_context(_open_door(app))
        yield door.url


@asynccontextmanager
async def _open_door(app: web.Application) -> AsyncIterator[Door]:
    usual = parse_address(HttpSettings().listen)
    async with AsyncExitStack() as stack:
        try:
            door = await stack.enter_async_context(Door(app, usual))
        except UsageError:
            door = await stack.enter_async_context(Door(app, usual._replace(port=ANY_PORT)))
        yield door
