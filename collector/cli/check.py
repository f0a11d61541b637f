"""`collector check`: everything that would keep a run from succeeding, found before one is tried."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import DONE, INCOMPLETE, REFUSED, UNAVAILABLE, carry_out, code_of
from collector.cli.settings import config_file, config_option, load_settings
from collector.errors import CollectorError

if TYPE_CHECKING:
    from collector.api import Credential
    from collector.cli.probes import Finding
    from collector.config import Config
    from collector.interrupt import Interrupt

Reach = Literal["all", "file"]

_WORST_FIRST = (REFUSED, UNAVAILABLE, INCOMPLETE, DONE)


@click.command()
@config_option
@click.option("--offline", "reach", flag_value="file", default="all", help="Only the configuration file.")
def check(*, reach: Reach) -> None:
    """
    Say what is missing: in the configuration, the database, the credential, and the rights on each cluster.

    Asks for one page of each cluster's backups and writes nothing. One line for each item, `ok` or `FAILED`; the exit
    code is that of the worst.
    """
    config = load_settings()
    carry_out(lambda interrupt: _check(config, reach, interrupt))


async def _check(config: Config, reach: Reach, interrupt: Interrupt) -> int:
    click.echo(f"ok      configuration  {config_file()}: {len(config.clusters)} clusters")
    if reach == "file":
        return DONE
    return await interrupt.unless_stopped(_check_all(config))


async def _check_all(config: Config) -> int:
    codes = {DONE}
    async for finding in _findings(config):
        click.echo(str(finding))
        codes.add(finding.exit_code)
    return next(code for code in _WORST_FIRST if code in codes)


async def _findings(config: Config) -> AsyncIterator[Finding]:
    from collector.cli.probes import probe_clusters

    yield await _database(config)
    credential, finding = _credential(config)
    yield finding
    if credential is not None:
        async for finding in probe_clusters(config, credential):
            yield finding


async def _database(config: Config) -> Finding:
    from collector.cli.database import database_url
    from collector.cli.probes import Finding, probe_database

    try:
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(database_url(config, os.environ))
            return await probe_database(config, url)
    except CollectorError as exc:
        return Finding(item="database", exit_code=code_of(exc), text=str(exc))


def _credential(config: Config) -> tuple[Credential | None, Finding]:
    from collector.api import credential_from
    from collector.cli.probes import Finding

    try:
        credential = credential_from(config.auth, os.environ)
    except CollectorError as exc:
        return None, Finding(item="credential", exit_code=code_of(exc), text=f"{exc}; clusters were not asked for")
    return credential, Finding(item="credential", exit_code=DONE, text="found")
