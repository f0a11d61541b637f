"""`collector demo`: what the program does, shown in a minute, without any account."""

from __future__ import annotations

import os
import uuid
from contextlib import AsyncExitStack, suppress
from itertools import count
from typing import TYPE_CHECKING, Final, Literal

import click

from collector.cli.ending import BUG, DONE, carry_out
from collector.errors import UsageError

if TYPE_CHECKING:
    from collector.demo import Keeping, Stage
    from collector.interrupt import Interrupt
    from collector.store.reading import Example, ExampleName
    from collector.sweeping import Swept

Task = Literal["show", "serve", "stop"]

_SWEEP_EVERY_S: Final = 600.0
_PAUSES_AN_HOUR: Final = 6
_EXAMPLES: Final[tuple[ExampleName, ...]] = ("example_not_seen", "example_coverage", "example_gone", "example_index")


@click.command()
@click.option(
    "--keep", "keeping", flag_value="database", default="nothing", help="Leave PostgreSQL running at the end."
)
@click.option("--serve", "task", flag_value="serve", help="Then show the page in a browser, until Ctrl-C.")
@click.option("--stop", "task", flag_value="stop", default="show", help="End what --keep left running, and delete it.")
def demo(*, keeping: Keeping, task: Task) -> None:
    """
    Sweep an emulated cloud of 24 clusters into an embedded PostgreSQL, and show what is there then.

    Two hours pass between three sweeps, so that backups appear and disappear. One cluster is in no configuration and is
    found in its folder. Some are deliberately stale or unreachable: the exit code is 0 all the same. Nothing is left
    behind without `--keep`. With `--serve` the page of `collector serve` shows it, and sweeps go on every ten minutes.
    """
    from collector.demo import stop_kept
    from collector.logs import configure_logs

    configure_logs(level="error")
    if task != "stop":
        carry_out(lambda interrupt: _show(keeping, interrupt, task=task))
        return
    if keeping == "database":
        raise UsageError("--keep and --stop exclude each other")
    click.echo(f"stopped, and deleted {stop_kept(os.environ)}")


async def _show(keeping: Keeping, interrupt: Interrupt, *, task: Task) -> int:
    from collector.demo import stage

    async with AsyncExitStack() as stack:
        scene = await interrupt.unless_stopped(stack.enter_async_context(stage(os.environ, keeping=keeping)))
        code = await _play(scene, interrupt)
        if interrupt.exit_code is not None:
            return interrupt.exit_code
        await interrupt.unless_stopped(_print_findings(scene))
        if task == "serve":
            await _exhibit(scene, interrupt)
    _print_way_back(scene, keeping)
    return code


async def _play(scene: Stage, interrupt: Interrupt) -> int:
    from collector.demo import HOURS
    from collector.report import summary_sentence

    for hour in range(HOURS + 1):
        if hour:
            scene.fleet.advance(hours=1)
        swept = await _sweep(scene, interrupt)
        if interrupt.exit_code is not None:
            break
        if any(result.error == "bug" for result in swept.summary.results):
            return BUG
        click.echo(summary_sentence(swept.summary, requests=swept.requests, retries=swept.retries))
    return DONE


async def _sweep(scene: Stage, interrupt: Interrupt) -> Swept:
    from collector.api import open_access
    from collector.clusters import configured_clusters
    from collector.demo import ENVIRONMENT
    from collector.sweep import Sweep
    from collector.sweeping import prepare_database, sweep_once

    # Of a demo that was kept for weeks, all backups may be gone.
    everything = scene.watched
    clusters = configured_clusters(scene.config)
    sweep = Sweep(configured=clusters, trace_id=str(uuid.uuid4()), allow_mass_vanish=everything)
    await interrupt.unless_stopped(prepare_database(scene.config, sweep, scene.url))
    async with open_access(scene.config, ENVIRONMENT) as access:
        return await sweep_once(scene.config, sweep, url=scene.url, access=access, stop=interrupt)


async def _exhibit(scene: Stage, interrupt: Interrupt) -> None:
    """Serve the page, and let time pass on stage as it does outside, until a signal comes: the normal end."""
    import asyncio

    from collector.interrupt import Interrupted
    from collector.serve import exhibit

    async with exhibit(scene.url, scene.config, stopping=interrupt.stopping) as address:
        click.echo(f"\nThe page is at {address} (Ctrl-C ends it).")
        with suppress(Interrupted):
            for pause in count(1):
                await interrupt.unless_stopped(asyncio.sleep(_SWEEP_EVERY_S))
                if pause % _PAUSES_AN_HOUR == 0:
                    scene.fleet.advance(hours=1)
                await _sweep(scene, interrupt)


async def _print_findings(scene: Stage) -> None:
    from collector.cli.output import print_table
    from collector.report import freshness_sentence, freshness_table
    from collector.store.reading import read_example, read_freshness

    rows = await read_freshness(scene.url, scene.config.database)
    click.echo("\nFreshness (`collector status`, or SELECT * FROM inventory.freshness):\n")
    print_table(freshness_table(rows))
    click.echo(f"\n{freshness_sentence(rows)}")
    for name in _EXAMPLES:
        _print_example(await read_example(scene.url, scene.config.database, name))


def _print_example(example: Example) -> None:
    from collector.cli.output import print_table
    from collector.report.writing import plain_table

    click.echo(f"\n{example.question}\n")
    click.echo("\n".join(f"    {line}" for line in example.sql.split("\n")) + "\n")
    print_table(plain_table(example.columns, example.rows))


def _print_way_back(scene: Stage, keeping: Keeping) -> None:
    if keeping == "nothing":
        click.echo("\nAll of it is gone again. `collector demo --keep` leaves the database running to look around in.")
        return
    click.echo(
        f"\nPostgreSQL runs on. Connect with\n\n    psql '{scene.url}'\n\nand end it with `collector demo --stop`."
    )
