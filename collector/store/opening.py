"""Before the first statement: wait for a database that is not there yet, and bring its schema up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from collector.errors import SchemaError
from collector.store.installation import require_installation
from collector.store.migrations import Plan, migrate, read_plan
from collector.store.patience import patient

if TYPE_CHECKING:
    from collector.config import DatabaseSettings

log = structlog.get_logger()


async def prepare_schema(url: str, settings: DatabaseSettings, *, otherwise: str = "set database.auto_migrate") -> Plan:
    """
    Make the schema what this program writes, if the configuration allows.

    Args:
        otherwise: what else than migrating by hand helps where it does not allow it.

    Returns:
        The plan: `pending` was applied.

    Raises:
        DatabaseUnavailable: nobody answered during the configured wait.
        DatabaseRefused: no such database, wrong password, or no right to change the schema.
        SchemaError: migrations are pending and must be applied by hand; or the schema is newer, or the database is
            another installation than the configuration names.
    """
    found = await patient(settings.wait_s)(read_plan, url)
    require_installation(found.installation, settings.installation)
    if not found.pending:
        return found
    if not settings.auto_migrate:
        message = (
            f"the schema is at version {found.applied} and {len(found.pending)} migrations are pending: "
            f"run `collector migrate`, or {otherwise}"
        )
        raise SchemaError(message)
    direct = settings.migrate_url.get_secret_value() if settings.migrate_url else url
    plan = await migrate(direct, installation=settings.installation)
    if plan.pending:  # else another was faster
        log.info("schema.migrated", from_version=plan.applied, to_version=plan.pending[-1].version)
    return plan
