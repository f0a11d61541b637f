"""`collector migrate`: bring the database's schema up to date, or say how far it is."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import DONE, carry_out
from collector.cli.settings import config_option, load_settings

if TYPE_CHECKING:
    from uuid import UUID

    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.store.migrations import Migration, Plan


@click.command()
@config_option
@click.option(
    "--status", "task", flag_value="status", default="apply", help="List applied and pending, change nothing."
)
@click.option("--to", "version", type=click.IntRange(min=1), metavar="VERSION", help="Stop at this version.")
def migrate(*, task: Literal["apply", "status"], version: int | None) -> None:
    """
    Apply the migrations that are pending.

    Works through `database.migrate_url` where that is set. Any number may be started at once. With `--status` the exit
    code is 0 whether or not something is pending.
    """
    config = load_settings()
    carry_out(lambda interrupt: _migrate(config, task, version=version, interrupt=interrupt))


async def _migrate(
    config: Config, task: Literal["apply", "status"], *, version: int | None, interrupt: Interrupt
) -> int:
    from collector.cli.database import database_url

    async with AsyncExitStack() as stack:
        url = await interrupt.unless_stopped(stack.enter_async_context(database_url(config, os.environ)))
        direct = config.database.migrate_url.get_secret_value() if config.database.migrate_url else url
        found = await interrupt.unless_stopped(_find(direct, wait_s=config.database.wait_s))
        if task == "status":
            _print_status(found)
            return DONE
        installation = config.database.installation
        _print_applied(await interrupt.unless_stopped(_apply(direct, version, installation=installation)))
    return DONE


async def _find(url: str, *, wait_s: float) -> Plan:
    from collector.store.migrations import read_plan
    from collector.store.patience import patient

    return await patient(wait_s)(read_plan, url)


async def _apply(url: str, version: int | None, *, installation: UUID | None) -> Plan:
    from collector.store.migrations import migrate as apply

    return await apply(url, to=version, installation=installation)


def _print_status(found: Plan) -> None:
    from collector.store.migrations import find_migrations

    pending = {migration.version for migration in found.pending}
    for migration in find_migrations():
        click.echo(_line("pending" if migration.version in pending else "applied", migration))


def _print_applied(plan: Plan) -> None:
    for migration in plan.pending:
        click.echo(_line("applied", migration))
    if not plan.pending:
        click.echo(f"nothing to apply: the schema is at version {plan.applied}")


def _line(state: str, migration: Migration) -> str:
    return f"{state}  {migration.version:04d} {migration.name}"
