"""`collector prune`: remove the history that is past its age. The only command that removes anything."""

from __future__ import annotations

import os
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Literal

import click

from collector.cli.ending import DONE, carry_out
from collector.cli.settings import config_option, load_settings

if TYPE_CHECKING:
    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.store.pruning import Pruned

Output = Literal["text", "json"]
Task = Literal["remove", "forecast"]


@click.command()
@config_option
@click.option("--dry-run", "task", flag_value="forecast", default="remove", help="Count what would go; remove nothing.")
@click.option("--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def prune(*, task: Task, output: Output) -> None:
    """
    Remove what `retention` says is too old: the ledger, and vanished backups with their changes.

    Live and missing backups stay, and what proves that one is gone. What the views say of the time that stays does not
    change; the time before it is unknown to them. Sweeps may run meanwhile, and so may another of these. A signal ends
    it after the batch in hand. However it ends, what went is gone, and the next one goes on from there.
    """
    config = load_settings()
    carry_out(lambda interrupt: _prune(config, task, output=output, interrupt=interrupt))


async def _prune(config: Config, task: Task, *, output: Output, interrupt: Interrupt) -> int:
    from collector.cli.database import database_url
    from collector.store import prepare_schema
    from collector.store.pruning import Pruned, Pruning

    settings = config.database
    if task == "forecast":
        settings = settings.model_copy(update={"auto_migrate": False})
    total = Pruned()

    def add(batch: Pruned) -> None:
        nonlocal total
        total += batch

    async with AsyncExitStack() as stack:
        url = await interrupt.unless_stopped(stack.enter_async_context(database_url(config, os.environ)))
        await interrupt.unless_stopped(prepare_schema(url, settings))
        opening = stack.enter_async_context(Pruning(url, settings, config.retention))
        pruning = await interrupt.unless_stopped(opening)
        if task == "forecast":
            add(await interrupt.unless_stopped(pruning.forecast()))
            ended = "done"
        else:
            try:
                ended = await pruning.prune(is_stopping=interrupt.stopping.is_set, on_batch=add)
            except BaseException:
                _report(total, "failed", task=task, output=output)  # what went is gone
                raise
    _report(total, ended, task=task, output=output)
    return DONE if ended == "done" else interrupt.exit_code or DONE


def _report(total: Pruned, outcome: str, *, task: Task, output: Output) -> None:
    from dataclasses import asdict

    counts = asdict(total)
    if output == "json":
        import json

        click.echo(json.dumps({"outcome": outcome, "dry_run": task == "forecast", "removed": counts}))
        return
    said = ", ".join(f"{number} {name}" for name, number in counts.items() if number) or "nothing"
    verb = "would remove" if task == "forecast" else "removed"
    click.echo(f"{verb} {said}" + ("" if outcome == "done" else f"; {outcome}: the next run goes on from there"))
