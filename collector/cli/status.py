"""`collector status`: which clusters have a fresh backup, which do not, and which nobody could look at."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import DONE, INCOMPLETE, carry_out
from collector.cli.settings import config_option, load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.store.reading import Freshness

Output = Literal["text", "json", "csv"]


@click.command()
@config_option
@click.option("--output", type=click.Choice(["text", "json", "csv"]), default="text", show_default=True)
def status(*, output: Output) -> None:
    """
    Print the verdict on every configured cluster, the worst first.

    The exit code is 1 if any of them is not fresh, or there is none. Reads `inventory.freshness` only: a
    reader's role and a standby are enough. Migrates nothing.
    """
    config = load_settings()
    carry_out(lambda interrupt: _status(config, output, interrupt))


async def _status(config: Config, output: Output, interrupt: Interrupt) -> int:
    from collector.cli.database import database_url
    from collector.store.reading import read_freshness

    async with AsyncExitStack() as stack:
        url = await interrupt.unless_stopped(stack.enter_async_context(database_url(config, os.environ)))
        rows = await interrupt.unless_stopped(read_freshness(url, config.database))
    _print(rows, output)
    is_fresh = bool(rows) and all(row.verdict == "fresh" for row in rows)
    return DONE if is_fresh else INCOMPLETE


def _print(rows: Sequence[Freshness], output: Output) -> None:
    from collector.cli.output import print_table
    from collector.report import freshness_csv, freshness_json, freshness_sentence, freshness_table

    match output:
        case "json":
            click.echo(freshness_json(rows))
        case "csv":
            click.echo(freshness_csv(rows), nl=False)
        case "text":
            print_table(freshness_table(rows))
            click.echo(freshness_sentence(rows))
