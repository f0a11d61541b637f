"""
The long-running service put together: what is started, in which order, and how it ends.

It listens first, so that probes are answered while the database is awaited; it asks the API for nothing before the
database is known to be good; and it leaves within seconds, whatever stands still.
"""

from __future__ import annotations

import asyncio
import os
import signal
import uuid
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog

from collector.config import parse_address
from collector.serve.door import Door
from collector.serve.leadership import Leadership
from collector.serve.opening import open_database
from collector.serve.pulse import Pulse
from collector.serve.readiness import Job, Readiness
from collector.serve.supervisor import supervise
from collector.serve.sweeper import Sweeper
from collector.serve.tally import Tally
from collector.serve.web import build_app
from collector.store.pool import ASKING, KEEPING, READING, Pool, Use

if TYPE_CHECKING:
    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.serve.reload import ConfigFile, Reading

log = structlog.get_logger()

SWEEP_END_S: Final = 10.0
"""How long a sweep may take to end itself; what follows has limits of its own, and 20 s are promised for all."""
STATEMENT_S: Final = 5.0
KEEPING_S: Final = 3.0
CONNECTIONS: Final = 2

Work = Coroutine[Any, Any, None]


async def serve(file: ConfigFile, *, url: str, env: Mapping[str, str], interrupt: Interrupt) -> None:
    """
    Serve until a signal comes.

    Args:
        file: the configuration.
        url: the database. It may hold a password.
        env: where secrets may lie.
        interrupt: the signals.

    Raises:
        UsageError: the address to listen on is taken.
        DatabaseRefused, SchemaError, CredentialError: it cannot begin.
    """
    async with AsyncExitStack() as stack:
        service = await _Service.open(stack, file, url=url, env=env, stopping=interrupt.stopping)
        await service.run()
    log.info("service.stopped")


class _Service:
    """The parts, and how they hear of each other."""

    def __init__(self, file: ConfigFile, *, url: str, env: Mapping[str, str], stopping: asyncio.Event) -> None:
        config = file.config
        self.job: Job = "sweeps" if config.schedule is not None else "only_serves"
        self.file = file
        self.url = url
        self.stopping = stopping
        keeping = KEEPING if self.job == "sweeps" else ASKING
        read_url = config.database.read_url
        shown = read_url.get_secret_value() if read_url else url
        self.inventory = bounded_pool(shown, config, use=READING, statement_s=STATEMENT_S)
        self.keeping = bounded_pool(url, config, use=keeping, statement_s=KEEPING_S)
        self.tally = Tally()
        self.readiness = Readiness(self.keeping, self.job, stopping=stopping)
        self.leadership = Leadership(self.keeping, uuid.uuid4())
        self.sweeper = Sweeper(file, self.leadership, self.tally, url=url, env=env, stopping=stopping)
        self.pulse = Pulse()

    @classmethod
    async def open(
        cls,
        stack: AsyncExitStack,
        file: ConfigFile,
        *,
        url: str,
        env: Mapping[str, str],
        stopping: asyncio.Event,
    ) -> _Service:
        """Begin to answer; `stack` ends it."""
        service = cls(file, url=url, env=env, stopping=stopping)
        stack.enter_context(_signals({signal.SIGHUP: file.ask, signal.SIGUSR1: service.sweeper.ask}))
        stack.push_async_callback(service.close_pools)
        for pool in (service.inventory, service.keeping):
            await pool.open()  # they connect when they are asked
        app = build_app(
            file.config.http,
            env,
            readiness=service.readiness,
            tally=service.tally,
            inventory=service.inventory,
        )
        door = await stack.enter_async_context(Door(app, parse_address(file.config.http.listen)))
        stack.enter_context(service.pulse)
        log.info("service.started", url=door.url, pid=os.getpid(), schedule=service.schedule)
        return service

    async def close_pools(self) -> None:
        """Close both at once: each may have to wait for a frozen server."""
        await asyncio.gather(self.inventory.close(), self.keeping.close())

    @property
    def schedule(self) -> str | None:
        """The cron expression; None: it never sweeps."""
        settings = self.file.config.schedule
        return settings.cron if settings else None

    async def run(self) -> None:
        """Do everything until the service is to stop."""
        tasks: dict[str, Work] = {
            "lease": self._lead(),
            "config": self.file.watch(self._note_reload),
            "pulse": self.pulse.beat(self.tally.note_lag),
        }
        closing: dict[str, Work] = {"sweeps": self.sweeper.work()}
        try:
            await supervise(tasks, closing=closing, stopping=self.stopping, patience_s=SWEEP_END_S)
        finally:
            await self.leadership.give_up()

    async def _lead(self) -> None:
        """Once the database is good: keep the lease, or do nothing more."""
        await open_database(self.url, self.file.config.database, job=self.job, inventory=self.inventory)
        self.readiness.stage = None
        log.info("service.opened")
        if self.job == "sweeps":
            await self.leadership.keep()
        await self.stopping.wait()

    def _note_reload(self, reading: Reading) -> None:
        self.tally.note_reload(reading)
        self.sweeper.reconsider()


def bounded_pool(url: str, config: Config, *, use: Use, statement_s: float) -> Pool:
    """Make a small pool that waits for nothing longer than a statement may take."""
    settings = config.database
    changes = {
        "pool_size": CONNECTIONS,
        "command_timeout_s": min(statement_s, settings.command_timeout_s),
        "connect_timeout_s": min(statement_s, settings.connect_timeout_s),
        "lock_timeout_s": min(statement_s, settings.lock_timeout_s),
    }
    return Pool(url, settings.model_copy(update=changes), use=use)


@contextmanager
def _signals(handlers: Mapping[signal.Signals, Callable[[], None]]) -> Iterator[None]:
    """Take these signals; afterwards they are ignored, since their default would end us in the middle of our end."""
    loop = asyncio.get_running_loop()
    for number, handler in handlers.items():
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in handlers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
