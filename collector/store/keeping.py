"""
What a service writes beside its sweeps: the lease that says who sweeps, and a mark that proves that writing works.

No session lock is held: they are lost behind a transaction-mode pooler, and kept by a frozen process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from collector.errors import DatabaseRefused
from collector.store.reading import inventory_expected
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.store.pool import Pool


async def take_lease(pool: Pool, holder: UUID, *, seconds: float) -> int | None:
    """
    Take the lease for so many seconds from now, or keep it.

    Returns:
        Its epoch; None: another holds it.

    Raises:
        DatabaseError: nobody knows who holds it.
    """
    async with pool.acquire() as connection:
        epoch: int | None = await connection.fetchval(statement("take_lease"), holder, seconds)
    return epoch


async def give_up_lease(pool: Pool, holder: UUID) -> None:
    """Let another take the lease at once. Raises DatabaseError."""
    async with pool.acquire() as connection:
        await connection.execute(statement("give_up_lease"), holder)


async def probe_writing(pool: Pool) -> None:
    """
    Write the mark.

    Raises:
        DatabaseUnavailable: nobody answers, or the server takes no writes.
        DatabaseRefused: this role may not write.
        SchemaError: there is no inventory, or it is too old.
    """
    async with pool.acquire() as connection:
        with inventory_expected():
            marks = await connection.fetch(statement("probe_writing"))
    if not marks:
        raise DatabaseRefused("the row of collector.probe is gone")


async def probe_reading(pool: Pool) -> None:
    """Read a row of the inventory. Raises what `probe_writing` does."""
    async with pool.acquire() as connection:
        with inventory_expected():
            await connection.fetch(statement("probe_reading"))


def is_forbidden(error: DatabaseRefused) -> bool:
    """Tell whether a role lacks a right, as a reader's does, where all else is well."""
    return str(error).startswith(f"{asyncpg.InsufficientPrivilegeError.sqlstate}:")
