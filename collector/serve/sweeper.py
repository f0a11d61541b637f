"""
The sweeps of the service, one after the other: at once when this process begins to lead, then on schedule or on demand.

A sweep that fails, whatever for, is told and counted; the next one is due all the same.
"""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import structlog

from collector.api import StandingAccess
from collector.clusters import configured_clusters
from collector.errors import CollectorError
from collector.interrupt import Interrupted, Stop, work_or_event
from collector.serve.timetable import Timetable
from collector.serve.waiting import first_of
from collector.sweep import Sweep
from collector.sweeping import sweep_once

if TYPE_CHECKING:
    from collector.serve.leadership import Leadership
    from collector.serve.reload import ConfigFile
    from collector.serve.tally import Tally
    from collector.sweeping import Swept

log = structlog.get_logger()

LOOK_S: Final = 30.0
"""How often the wall clock is looked at: it may be set while we wait."""


class Sweeper:
    """Sweeps with the configuration in force, as long as this process leads."""

    def __init__(
        self,
        file: ConfigFile,
        leadership: Leadership,
        tally: Tally,
        *,
        url: str,
        env: Mapping[str, str],
        stopping: asyncio.Event,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        """Sweep into the database at `url`; `now` tells the wall clock's time, `rng` spreads the runs."""
        self._file = file
        self._leadership = leadership
        self._tally = tally
        self._url = url
        self._access = StandingAccess(env)
        self._stopping = stopping
        self._now = now
        self._rng = rng or random.Random()
        self._asked = asyncio.Event()
        self._changed = asyncio.Event()
        tally.lease_held.set_function(leadership.held.is_set)

    def ask(self) -> None:
        """Sweep now, or right after the sweep that is running; if another process leads, nothing happens."""
        self._asked.set()

    def reconsider(self) -> None:
        """Look at the configuration anew."""
        self._changed.set()

    async def work(self) -> None:
        """Sweep until the service stops, and return then."""
        async with self._access:
            await self._work()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            await first_of(self._leadership.held, self._stopping)
            self._asked.clear()
            if self._leadership.held.is_set():
                await self._lead()
            self._tally.next_run.set(0)

    async def _lead(self) -> None:
        """Sweep at once and then when it is time, until the lease is lost or the service stops."""
        table = self._plan()
        is_due = True
        while not self._is_over():
            if is_due:
                if not await self._sweep():
                    return  # the lease may be held anew by now, and a lease begins with a sweep
                self._count_skipped(table.end(self._now()))
            table = self._plan(table)
            is_due = await self._is_due(table)

    def _plan(self, table: Timetable | None = None) -> Timetable:
        """Keep the timetable while its schedule is in force, or make a new one."""
        settings = self._file.config.schedule
        assert settings is not None  # noqa: S101 - who has none never leads, and that takes a restart to change
        if table is not None and table.settings == settings:
            return table
        return Timetable(settings, self._now(), rng=self._rng)

    async def _is_due(self, table: Timetable) -> bool:
        """Wait a while; tell whether a run is to begin now."""
        self._changed.clear()
        wait_s = table.wait_s(self._now())
        self._tally.next_run.set(table.due_at.timestamp())  # after the clock was looked at: that may plan anew
        if wait_s > 0:
            over = (self._stopping, self._leadership.lost)
            await first_of(self._asked, self._changed, *over, timeout_s=min(wait_s, LOOK_S))
        is_asked = self._asked.is_set()
        if not is_asked and (self._changed.is_set() or table.wait_s(self._now()) > 0):
            return False
        self._asked.clear()
        table.begin(self._now())
        return True

    def _is_over(self) -> bool:
        return self._stopping.is_set() or self._leadership.lost.is_set()

    def _count_skipped(self, runs: int) -> None:
        if runs:
            self._tally.note_skipped(runs)
            log.warning("run.skipped", runs=runs)

    async def _sweep(self) -> bool:
        """Sweep once. Losing the lease or the end of the service ends it early, properly, and is False."""
        stop = Stop()
        self._tally.sweeping.set(1)
        # In a task of its own: what it binds to the log's lines is gone with it.
        try:
            async with work_or_event(self._sweep_until(stop), self._stopping, self._leadership.lost) as sweep:
                ended_by_itself = sweep.done()
                stop.stopping.set()
                if (swept := await sweep) is not None:
                    self._tally.note_sweep(swept)
        finally:
            self._tally.sweeping.set(0)
        return ended_by_itself

    async def _sweep_until(self, stop: Stop) -> Swept | None:
        config = self._file.config
        try:
            clusters = configured_clusters(config)
            sweep = Sweep(configured=clusters, trace_id=str(uuid.uuid4()))
            access = await stop.unless_stopped(self._access.of(config))
            return await sweep_once(config, sweep, url=self._url, access=access, stop=stop)
        except Interrupted:
            self._tally.note_failure("interrupted")
        except CollectorError as exc:
            log.error("sweep.failed", error=exc.kind, message=str(exc))  # noqa: TRY400 - it tells all without a traceback
            self._tally.note_failure("not_begun")
        except Exception:
            # One scheduled run is where a bug is contained: the next one may have more luck, and the metric says it.
            log.exception("sweep.crashed")
            self._tally.note_failure("crashed")
        return None
