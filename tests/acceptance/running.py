"""A program that goes on running: what it logs, event by event, and what it answers."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Self

import aiohttp

from tests.acceptance.program import PATIENCE_S, Program
from tests.serving import series_in

HTTP: Final = "http: {listen: '127.0.0.1:0'}\n"
"""What is to stand in its configuration."""


class Running:
    """A service that was started. `url` is where it answers."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        """Read what it logs."""
        self.process = process
        self.seen: list[Mapping[str, Any]] = []
        self.url = ""

    @classmethod
    async def start(cls, program: Program, *, env: Mapping[str, str] | None = None) -> Self:
        """Start `collector serve` and wait until it listens."""
        running = cls(await program.start("serve", env=env))
        running.url = (await running.event("service.started"))["url"]
        return running

    async def event(self, *names: str) -> Mapping[str, Any]:
        """Read its log up to the next of these events; one that never comes fails the test."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stderr.readline():
                self.seen.append(json.loads(line))
                if self.seen[-1]["event"] in names:
                    return self.seen[-1]
        raise AssertionError(f"it ended without {names}: {self.seen}")

    async def ask(self, path: str) -> tuple[int, str]:
        """Ask for a path: status and text."""
        async with aiohttp.ClientSession() as client, client.get(self.url + path) as response:
            return response.status, await response.text()

    async def series(self) -> dict[tuple[str, str], float]:
        """Scrape its metrics."""
        return series_in((await self.ask("/metrics"))[1])

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Signal it, read the rest of its log, and return its exit code."""
        self.process.send_signal(number)
        return await self.ended()

    async def ended(self) -> int:
        """Read the rest of its log, and return its exit code."""
        assert self.process.stderr is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := await self.process.stderr.readline():
                self.seen.append(json.loads(line))
            return await self.process.wait()

    @property
    def events(self) -> list[str]:
        """All events until now."""
        return [line["event"] for line in self.seen]


@asynccontextmanager
async def running(program: Program, *, env: Mapping[str, str] | None = None) -> AsyncIterator[Running]:
    """Start the service, and leave none behind."""
    service = await Running.start(program, env=env)
    try:
        yield service
    finally:
        if service.process.returncode is None:
            service.process.kill()
            await service.process.communicate()
