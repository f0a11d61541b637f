"""The service's answers in a test: the application on a socket, its pools on a real database, and a client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from prometheus_client.parser import text_string_to_metric_families as parse

from collector.config import HttpSettings
from collector.config.serve import Address
from collector.serve.door import Door
from collector.serve.readiness import Job, Readiness
from collector.serve.service import CONNECTIONS
from collector.serve.tally import Tally
from collector.serve.web import build_app
from collector.store.pool import ASKING, KEEPING, READING, Pool
from tests.builders import patient_settings

LOOPBACK: Final = Address("127.0.0.1", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer of the service."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A service that answers; it does not sweep."""

    url: str
    client: aiohttp.ClientSession
    tally: Tally
    readiness: Readiness
    stopping: asyncio.Event

    async def ask(self, path: str, *, method: str = "GET", **options: Any) -> Answer:
        """Ask for a path."""
        async with self.client.request(method, self.url + path, **options) as response:
            return Answer(status=response.status, headers=response.headers, text=await response.text())

    async def series(self) -> dict[tuple[str, str], float]:
        """Scrape: the value of each series, by its name without prefix and the values of its labels."""
        answer = await self.ask("/metrics")
        assert answer.status == 200
        return series_in(answer.text)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a bare connection."""
        parts = urlsplit(self.url)
        return await asyncio.open_connection(parts.hostname, parts.port)


def series_in(text: str) -> dict[tuple[str, str], float]:
    """Read an exposition: the value of each series, by its name without prefix and the values of its labels."""
    return {
        (sample.name.removeprefix("backup_inventory_"), " ".join(sample.labels.values())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


@asynccontextmanager
async def serving(
    url: str,
    settings: HttpSettings | None = None,
    *,
    env: Mapping[str, str] = MappingProxyType({}),
    job: Job = "sweeps",
    statement_s: float = 5.0,
) -> AsyncIterator[Serving]:
    """Serve what is in the database at `url`, as if it had been opened."""
    async with AsyncExitStack() as stack:
        keeping = Pool(url, patient_settings(), use=KEEPING if job == "sweeps" else ASKING)
        inventory = Pool(url, patient_settings(command_timeout_s=statement_s, pool_size=CONNECTIONS), use=READING)
        for pool in (keeping, inventory):
            await pool.open()
            stack.push_async_callback(pool.close)
        stopping = asyncio.Event()
        tally, readiness = Tally(), Readiness(keeping, job, stopping=stopping)
        readiness.stage = None
        app = build_app(settings or HttpSettings(), env, readiness=readiness, tally=tally, inventory=inventory)
        door = await stack.enter_async_context(Door(app, LOOPBACK))
        client = await stack.enter_async_context(aiohttp.ClientSession())
        yield Serving(url=door.url, client=client, tally=tally, readiness=readiness, stopping=stopping)
