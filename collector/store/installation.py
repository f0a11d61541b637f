"""Which installation a database is. A configuration that names another one must not write there."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from collector.errors import SchemaError

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def read_installation(connection: Connection[Record]) -> UUID | None:
    """Read the database's id; None: it has none yet, for the migration that makes it is pending."""
    if not await connection.fetchval("SELECT to_regclass('collector.installation') IS NOT NULL"):
        return None
    found: UUID | None = await connection.fetchval("SELECT installation_id FROM collector.installation")
    return found


def require_installation(found: UUID | None, named: UUID | None) -> None:
    """
    Compare a database's id with the one that the configuration names, if it names one.

    Raises:
        SchemaError: they differ, or the database has none.
    """
    if named is None or found == named:
        return
    is_found = f"is installation {found}" if found is not None else "is no installation yet"
    message = f"the database {is_found}, the configuration names {named}: correct database.url or database.installation"
    raise SchemaError(message)
