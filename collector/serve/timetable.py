"""
When the next sweep is due. No I/O, and the time is an argument.

A run that was missed or took too long is skipped and counted, never made up for: after a clock that jumped, a machine
that slept or a sweep that lasted hours there is one sweep, not a burst.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from cronsim import CronSim

if TYPE_CHECKING:
    from collector.config import ScheduleSettings

SKIPPED_MAX: Final = 1000
"""Skipped runs that are counted one by one: a clock that jumped by years does not keep us counting."""


class Timetable:
    """The runs that a schedule asks for, from one instant on."""

    def __init__(self, settings: ScheduleSettings, now: datetime, *, rng: random.Random) -> None:
        """Plan from `now` on; `rng` delays each run within the jitter."""
        self.settings = settings
        self._zone = ZoneInfo(settings.timezone)
        self._rng = rng
        self._seen_at: datetime
        self._done_at: datetime
        self._tick: datetime
        self._due_at: datetime
        self._plan(now)

    @property
    def due_at(self) -> datetime:
        """When the next run begins, in UTC."""
        return self._due_at

    def wait_s(self, now: datetime) -> float:
        """Tell how long the next run is away; 0: it is due. A clock that was set back plans anew."""
        if now < self._seen_at:
            self._plan(now)
        self._seen_at = now
        return max(0.0, (self._due_at - now).total_seconds())

    def begin(self, now: datetime) -> None:
        """Note that a run begins: the one whose tick has come, on demand too while chance still delays it."""
        if now >= self._tick:
            self._done_at = self._tick

    def end(self, now: datetime) -> int:
        """Note that a run has ended, and tell how many were skipped meanwhile."""
        skipped = sum(1 for _ in takewhile(lambda tick: tick <= now, islice(self._after(self._done_at), SKIPPED_MAX)))
        if skipped or self._done_at == self._tick:
            self._plan(now)
        return skipped

    def _plan(self, now: datetime) -> None:
        self._seen_at = self._done_at = now
        self._tick = next(self._after(now))
        self._due_at = self._tick + timedelta(seconds=self._rng.uniform(0, self.settings.jitter_s))

    def _after(self, instant: datetime) -> Iterator[datetime]:
        # In the zone the expression is read; compared are instants, which no change of the clocks makes ambiguous.
        ticks = CronSim(self.settings.cron, instant.astimezone(self._zone))
        return (tick.astimezone(UTC) for tick in ticks)
