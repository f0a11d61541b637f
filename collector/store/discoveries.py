"""The part of the store that discoveries read and write: where they begin, and what is known when they have ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from collector.descriptions import Known
from collector.errors import DatabaseUnavailable, TransactionConflict
from collector.records import ClusterId
from collector.sources import Discovered
from collector.store.patience import again
from collector.store.settling import Discovery, DiscoveryStart, Settling, to_description
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.expectations import Change
    from collector.records import Guard
    from collector.store.pool import Connection, Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the readings came to."""

    known: Sequence[Known]
    """Every cluster that the sources hold, by the newest reading of each: this one, or an earlier or later."""
    discovered: Sequence[Discovered]
    weakened: Sequence[tuple[ClusterId, Change]] = ()


class Discoveries:
    """The part of the store that discoveries write to."""

    def __init__(self, pool: Pool, guard: Guard, *, writes: Literal["kept", "rehearsed"] = "kept") -> None:
        """Take a pool that is open. What is rehearsed is rolled back."""
        self._pool = pool
        self._guard = guard
        self._writes = writes

    async def begin(self, cloud_ids: Iterable[str]) -> DiscoveryStart:
        """Draw the fence. To be called right before the first request. Raises DatabaseError."""
        async with self._pool.acquire() as connection:
            drawn = await connection.fetchrow(statement("draw_discovery"))
            rows = await connection.fetch(statement("read_cloud_folders"), list(cloud_ids))
        assert drawn is not None  # noqa: S101 - a SELECT of one row
        folders: dict[str, set[str]] = {}
        for row in rows:
            folders.setdefault(row["cloud_id"], set()).add(row["folder_id"])
        return DiscoveryStart(
            drawn["discovery_id"], drawn["started_at"], {key: frozenset(value) for key, value in folders.items()}
        )

    async def settle(self, discovery: Discovery) -> Settled:
        """
        Write all readings in one transaction, and read what is known then.

        Raises:
            DatabaseError: nothing is written.
        """
        try:
            return await self._settle_once(discovery)
        except (TransactionConflict, DatabaseUnavailable):
            return await again()(self._settle_once, discovery)

    async def _settle_once(self, discovery: Discovery) -> Settled:
        async with self._transaction() as connection:
            settling = Settling(connection, discovery, self._guard)
            await settling.register()
            discovered = [await settling.settle(reading) for reading in discovery.readings]
            await settling.retire(discovered)
            rows = await connection.fetch(statement("read_present"))
        known = [Known(to_description(row), row["matched"]) for row in rows]
        return Settled(known=known, discovered=discovered, weakened=settling.weakened)

    def _transaction(self) -> AbstractAsyncContextManager[Connection]:
        return self._pool.rehearsal() if self._writes == "rehearsed" else self._pool.transaction()
