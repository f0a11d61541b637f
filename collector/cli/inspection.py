"""What a run would find wrong with the database. Looks only: no migration, no row."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Final

from collector.cli.ending import DONE, REFUSED, UNAVAILABLE, code_of
from collector.cli.findings import Finding
from collector.errors import CollectorError, DatabaseError, SchemaError
from collector.store.installation import require_installation
from collector.store.migrations import read_plan
from collector.store.reading import read_folders, read_server

if TYPE_CHECKING:
    from collector.config import Config
    from collector.store.migrations import Plan
    from collector.store.reading import Server

CLOCK_TOLERANCE_S: Final = 60.0
"""How far two clocks may be apart without a word."""

_POOLED: Final = (
    "migrations hold a lock that a pooler in transaction mode loses: set database.migrate_url to a direct connection"
)


async def inspect_database(config: Config, url: str) -> AsyncIterator[Finding]:
    """Look at the server, its schema, our rights and its clock. The first finding is on item `database`."""
    try:
        server = await read_server(url, config.database)
        if (refusal := _refusal(server)) is not None:
            yield refusal
            return
        plan = await read_plan(url)
        require_installation(plan.installation, config.database.installation)
        yield await _judge_schema(config, server, plan)
    except CollectorError as exc:
        yield Finding(item="database", exit_code=code_of(exc), text=str(exc), error=exc.kind)
        return
    if not plan.pending and _is_pooled_blindly(config):
        text = "transaction_pooler and auto_migrate are set, migrate_url is not"
        yield Finding(item="database", text=text, advice=_POOLED)
    why = "the ages of backups and of what we know are counted by the database's clock"
    skewed = clock_finding(server.clock_s - time.time(), "the database's clock", why)
    if skewed is not None:
        yield skewed


async def remembered_folders(config: Config, url: str) -> Mapping[str, str]:
    """Tell in which folder each cluster lies, as far as the inventory knows; nothing where it cannot be read."""
    try:
        return await read_folders(url, config.database)
    except (DatabaseError, SchemaError):
        return {}  # What is wrong with the database is a finding already.


def clock_finding(ahead_s: float, whose: str, why: str) -> Finding | None:
    """Warn of a clock that differs from ours by more than a minute."""
    if abs(ahead_s) <= CLOCK_TOLERANCE_S:
        return None
    direction = "ahead of" if ahead_s > 0 else "behind"
    text = f"{whose} is {abs(ahead_s):.0f} s {direction} ours"
    return Finding(item="clock", text=text, advice=f"set the clocks by NTP: {why}")


def _refusal(server: Server) -> Finding | None:
    about = f"PostgreSQL {server.version}"
    if not server.takes_writes:
        return Finding(item="database", exit_code=UNAVAILABLE, text=f"{about} takes no writes: a standby, or read only")
    if server.may_write is False:
        lacking = ", ".join(server.lacking)
        return Finding(
            item="database",
            exit_code=REFUSED,
            text=f"{about}: the role may not write schema collector: it lacks {lacking}",
            advice="GRANT collector_writer TO the role of database.url, or these rights",
        )
    return None


async def _judge_schema(config: Config, server: Server, plan: Plan) -> Finding:
    state = f"PostgreSQL {server.version}, UTF8, schema version {plan.applied}"
    if plan.installation is not None:
        state += f", installation {plan.installation}"
    if not plan.pending:
        return Finding(item="database", exit_code=DONE, text=state)
    settings = config.database
    pending = f"{state}, {len(plan.pending)} migrations pending"
    if not settings.auto_migrate:
        return Finding(item="database", exit_code=REFUSED, text=f"{pending}: run `collector migrate`")
    if _is_pooled_blindly(config):
        return Finding(item="database", exit_code=REFUSED, text=pending, advice=_POOLED)
    if settings.migrate_url is not None:
        server = await read_server(settings.migrate_url.get_secret_value(), settings)
    if not server.may_create:
        return Finding(
            item="database",
            exit_code=REFUSED,
            text=f"{pending}, and the role that would apply them may not create schemas",
            advice="GRANT CREATE ON DATABASE to it, or name one that may in database.migrate_url",
        )
    return Finding(item="database", exit_code=DONE, text=f"{pending}: the next run applies them")


def _is_pooled_blindly(config: Config) -> bool:
    settings = config.database
    return settings.transaction_pooler and settings.auto_migrate and settings.migrate_url is None
