"""
Whether the service is fit for its work, in one word. It writes to find out: a demoted server reads as well as ever.

A service without a schedule is asked the same, and a standby is not ready for it either; but where its role lacks the
right to write, as a reader's does, reading is enough.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Literal

from collector.errors import CollectorError, DatabaseRefused
from collector.store.keeping import is_forbidden, probe_reading, probe_writing

if TYPE_CHECKING:
    from collector.store.pool import Pool

READY: Final = "ok"
ANSWER_S: Final = 3.0

Job = Literal["sweeps", "only_serves"]


class Readiness:
    """What /readyz says. Set `stage` to a word for as long as nothing need be asked."""

    def __init__(self, pool: Pool, job: Job, *, stopping: asyncio.Event) -> None:
        """Ask through `pool`. From `stopping` on nobody is to send us anything more."""
        self.stage: str | None = "starting"
        self._pool = pool
        self._job = job
        self._stopping = stopping

    async def ask(self) -> str:
        """Give `ok`, or the kind of what is the matter."""
        if self._stopping.is_set():
            return "stopping"
        if self.stage is not None:
            return self.stage
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._probe()
        except TimeoutError:
            return "database_unavailable"
        except CollectorError as exc:
            return exc.kind
        return READY

    async def _probe(self) -> None:
        try:
            await probe_writing(self._pool)
        except DatabaseRefused as exc:
            if self._job == "sweeps" or not is_forbidden(exc):
                raise
            await probe_reading(self._pool)
