"""
Before anything is asked of the API: a database that is there, with a schema that fits.

Who sweeps needs one that takes writes. Who only serves is content with an inventory that can be read: another may
have made it, and a newer one reads as well.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from collector.errors import DatabaseError, DatabaseUnavailable, SchemaError, TransactionConflict
from collector.store import prepare_schema
from collector.store.keeping import probe_reading

if TYPE_CHECKING:
    from collector.config import DatabaseSettings
    from collector.serve.readiness import Job
    from collector.store.pool import Pool

log = structlog.get_logger()

PAUSE_S: Final = 1.0


async def open_database(url: str, settings: DatabaseSettings, *, job: Job, inventory: Pool) -> None:
    """
    Wait for the database as long as it takes, and bring its schema up to date where that is allowed.

    Raises:
        DatabaseRefused, SchemaError: waiting would not help.
    """
    while True:
        try:
            await prepare_schema(url, settings)
        except (DatabaseError, SchemaError) as exc:
            if job == "only_serves" and await _is_readable(inventory):
                return
            if not isinstance(exc, (DatabaseUnavailable, TransactionConflict)):
                raise
            log.warning("start.delayed", error=exc.kind, message=str(exc))
            await asyncio.sleep(PAUSE_S)
        else:
            return


async def _is_readable(inventory: Pool) -> bool:
    try:
        await probe_reading(inventory)
    except (DatabaseError, SchemaError):
        return False
    return True
