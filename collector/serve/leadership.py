"""
Of several replicas one sweeps: who holds the lease in the database. The others serve, and take over when it lapses.

The lease spares the API. That an old holder that wakes up late does no harm is the work of the fence of each cluster.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from collector.errors import DatabaseError, DatabaseUnavailable, TransactionConflict
from collector.serve.tenure import LEASE_S, RENEWAL_S, Tenure
from collector.store.keeping import give_up_lease, take_lease

if TYPE_CHECKING:
    from collector.store.pool import Pool

log = structlog.get_logger()

GIVE_UP_S: Final = 2.0


class Leadership:
    """Whether this process is the one that sweeps."""

    def __init__(self, pool: Pool, holder: UUID) -> None:
        """Hold nothing yet."""
        self.held = asyncio.Event()
        self.lost = asyncio.Event()
        """The opposite of `held`."""
        self.lost.set()
        self._pool = pool
        self._holder = holder
        self._trouble: str | None = None

    async def keep(self) -> None:
        """Take the lease as soon as it is free, and keep it; for ever."""
        tenure = Tenure()
        now = asyncio.get_running_loop().time
        while True:
            tenure = await self._ask(tenure)
            self._tell(held=tenure.holds(now()))
            await asyncio.sleep(min(RENEWAL_S, tenure.patience_s(now())))

    async def give_up(self) -> None:
        """Let another replica begin at once, if the database answers soon."""
        if not self.held.is_set():
            return
        self.held.clear()
        self.lost.set()
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await give_up_lease(self._pool, self._holder)
        except (DatabaseError, TimeoutError):
            return  # then it runs out
        log.info("lease.released", holder=str(self._holder))

    async def _ask(self, tenure: Tenure) -> Tenure:
        now = asyncio.get_running_loop().time
        asked_at = now()
        try:
            async with asyncio.timeout(tenure.patience_s(asked_at)):
                epoch = await take_lease(self._pool, self._holder, seconds=LEASE_S)
        except (DatabaseUnavailable, TransactionConflict, TimeoutError):
            return tenure.unanswered(now())  # /readyz and the sweeps say what is the matter
        except DatabaseError as exc:
            self._tell_trouble(exc)
            return tenure.unanswered(now())
        self._trouble = None
        return tenure.answered(asked_at=asked_at, epoch=epoch)

    def _tell_trouble(self, error: DatabaseError) -> None:
        """Say what no waiting mends, once: the probes need not notice it, and nobody sweeps."""
        if str(error) != self._trouble:
            log.error("lease.unobtainable", error=error.kind, message=str(error))
        self._trouble = str(error)

    def _tell(self, *, held: bool) -> None:
        if held and not self.held.is_set():
            self.lost.clear()
            self.held.set()
            log.info("lease.taken", holder=str(self._holder))
        elif not held and self.held.is_set():
            self.held.clear()
            self.lost.set()
            log.warning("lease.lost", holder=str(self._holder))
