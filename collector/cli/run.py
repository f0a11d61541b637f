"""`collector run`: one sweep over the configured clusters."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import carry_out, code_of_sweep
from collector.cli.settings import config_option, load_settings

if TYPE_CHECKING:
    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.sweep import Sweep
    from collector.sweeping import Swept

Output = Literal["text", "json"]


@click.command()
@config_option
@click.option("--cluster", "only", metavar="ID", multiple=True, help="Only this cluster; may be repeated.")
@click.option(
    "--shard",
    metavar="I/N",
    help="Only part I of N, counted from 0; else $JOB_COMPLETION_INDEX of $JOB_COMPLETIONS, where set.",
)
@click.option(
    "--dry-run", "writes", flag_value="rehearsed", default="kept", help="Say what would change; keep nothing."
)
@click.option(
    "--allow-mass-vanish",
    metavar="ID",
    multiple=True,
    help="Believe the listing of this cluster, or discovered folder or cloud, this once, however much is gone from it; "
    "may be repeated.",
)
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def run(
    *,
    only: Sequence[str],
    shard: str | None,
    writes: Literal["kept", "rehearsed"],
    allow_mass_vanish: Sequence[str],
    output: Output,
) -> None:
    """
    List every cluster's backups once and store them.

    Folders and clouds of `discovery` are read first; `--cluster` and `--shard` choose among all that is known then. A
    folder that cannot be read keeps its known clusters, and makes the exit code 1.

    With `--output json` exactly one JSON object goes to stdout, when the sweep has ended. Where none began, stdout
    stays empty and the reason is on stderr.
    """
    from collector.telemetry import traced

    config = load_settings()
    sweep = _choose(config, only=only, shard=shard, writes=writes, allow_mass_vanish=allow_mass_vanish)
    with traced(os.environ):
        carry_out(lambda interrupt: _sweep(config, sweep, output=output, interrupt=interrupt))


def _choose(
    config: Config,
    *,
    only: Sequence[str],
    shard: str | None,
    writes: Literal["kept", "rehearsed"],
    allow_mass_vanish: Sequence[str],
) -> Sweep:
    from collector.clusters import Shard, configured_clusters, select_clusters
    from collector.sweep import Sweep

    sweep = Sweep(
        configured=configured_clusters(config),
        trace_id=str(uuid.uuid4()),
        only=frozenset(only),
        shard=Shard.parse(shard) if shard is not None else Shard.from_environment(os.environ),
        allow_mass_vanish=frozenset(allow_mass_vanish),
        writes=writes,
    )
    if not config.discovery:  # else it is not known yet which clusters there are
        select_clusters(sweep.configured, only={*only, *allow_mass_vanish})  # refuses what is not configured
    return sweep


async def _sweep(config: Config, sweep: Sweep, *, output: Output, interrupt: Interrupt) -> int:
    from collector.api import open_access
    from collector.cli.database import database_url
    from collector.cli.progress import progress
    from collector.sweeping import prepare_database, sweep_once

    async with AsyncExitStack() as stack:
        access = await interrupt.unless_stopped(stack.enter_async_context(open_access(config, os.environ)))
        url = await interrupt.unless_stopped(stack.enter_async_context(database_url(config, os.environ)))
        await interrupt.unless_stopped(prepare_database(config, sweep, url))
        with progress(None if config.discovery else len(sweep.select())) as on_result:
            swept = await sweep_once(config, sweep, url=url, access=access, stop=interrupt, on_result=on_result)
        _report(swept, output)
    if config.metrics.pushgateway and sweep.writes == "kept" and interrupt.exit_code is None:
        from collector.serve.push import push_sweep

        await push_sweep(config.metrics.pushgateway, swept)
    return code_of_sweep(swept.summary, interrupted=interrupt.exit_code)


def _report(swept: Swept, output: Output) -> None:
    from collector.report import summary_object, summary_sentence, summary_table

    if output == "json":
        import json

        click.echo(json.dumps(summary_object(swept.summary, requests=swept.requests, retries=swept.retries)))
        return
    from collector.cli.output import print_table

    if (table := summary_table(swept.summary)) is not None:
        print_table(table)
    click.echo(summary_sentence(swept.summary, requests=swept.requests, retries=swept.retries))
    sys.stdout.flush()
