"""
What removes history: batch by batch, each a short transaction of its own, so it may be ended between any two.

What may go is decided by functions of the database (`migrations`), which need no right to delete. Nothing is kept in
mind here: whoever begins anew goes on where another ended.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, Literal, Self

from collector.store.pool import Pool
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.config import DatabaseSettings, RetentionSettings

BATCH_MAX: Final = 1000
"""Rows of each kind in one transaction: a merge of the same cluster waits no longer than for that."""
FORECAST_S: Final = 600.0
"""How long counting all that would go may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many rows went, or would."""

    backups: int = 0
    """Vanished ones."""
    changes: int = 0
    """Of those backups."""
    listings: int = 0
    quarantined: int = 0
    sweeps: int = 0
    discoveries: int = 0

    def __add__(self, other: Pruned) -> Pruned:
        """Sum up, kind by kind."""
        return Pruned(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(Pruned)})

    def filled(self, batch: int) -> bool:
        """Tell whether any kind may have more than this batch took."""
        return batch in (self.backups, self.listings, self.quarantined, self.sweeps, self.discoveries)


class Pruning:
    """History that is past its age, on a pool of one connection."""

    def __init__(
        self, url: str, settings: DatabaseSettings, retention: RetentionSettings, *, batch: int = BATCH_MAX
    ) -> None:
        """Keep the address and the ages; entering connects."""
        self._pool = Pool(url, settings.model_copy(update={"pool_size": 1}))
        self._ages = (retention.ledger_s, retention.vanished_s)
        self._batch = batch

    async def __aenter__(self) -> Self:
        """Connect. Raises DatabaseError."""
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close within seconds."""
        await self._pool.close()

    async def forecast(self) -> Pruned:
        """
        Count what would go, and remove nothing.

        Raises:
            DatabaseError: as `prune`.
        """
        async with self._pool.transaction() as connection:
            await connection.execute("SELECT set_config('statement_timeout', $1, true)", f"{FORECAST_S:.0f}s")
            row = await connection.fetchrow(statement("forecast_pruning"), *self._ages, timeout=FORECAST_S)
        return Pruned(**dict(row or {}))

    async def prune(
        self, *, is_stopping: Callable[[], bool], on_batch: Callable[[Pruned], None]
    ) -> Literal["done", "interrupted"]:
        """
        Remove what is past its age. Every batch is committed before `on_batch` is told of it.

        Raises:
            DatabaseRefused: the role may not call the functions.
            DatabaseUnavailable: also where a merge held a cluster for too long; what went before stays gone.
        """
        async with self._pool.acquire() as connection:
            rows = await connection.fetch(statement("read_cluster_ids"))
        # Sweeps last: they can go once no listing belongs to them.
        steps = [("prune_cluster", (row["cluster_id"], *self._ages)) for row in rows]
        for name, arguments in [*steps, ("prune_sweeps", self._ages[:1])]:
            filled = True
            while filled:
                if is_stopping():
                    return "interrupted"
                batch = await self._run(name, *arguments, self._batch)
                on_batch(batch)
                filled = batch.filled(self._batch)
        return "done"

    async def _run(self, name: str, *arguments: object) -> Pruned:
        async with self._pool.transaction() as connection:
            row = await connection.fetchrow(statement(name), *arguments)
        return Pruned(**dict(row or {}))
