"""`collector serve`: sweeps on a schedule, and answers over HTTP."""

from __future__ import annotations

import os
import signal
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import click

from collector.cli.ending import DONE, carry_out
from collector.cli.settings import config_file, config_option, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from collector.config import Config
    from collector.interrupt import Interrupt
    from collector.serve.reload import Mark


@click.command()
@config_option
def serve() -> None:
    """
    Sweep on a schedule, and serve a page, probes and metrics over HTTP, until SIGTERM; then the exit code is 0.

    When and where is said in the sections `schedule` and `http` of the configuration. Any number of replicas may be
    started: all serve, one sweeps. SIGUSR1 sweeps now. SIGHUP, or a change of the file, reads the configuration anew.
    """
    # Their default would end us before the service takes them. A change of the file is seen by its mark all the same,
    # and the first sweep comes at once.
    for number in (signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    from collector.serve.reload import mark_of
    from collector.telemetry import traced

    path = config_file()
    mark = mark_of(path)
    config = load_settings()
    with traced(os.environ):
        carry_out(lambda interrupt: _serve(path, config, interrupt, mark=mark))


async def _serve(path: Path, config: Config, interrupt: Interrupt, *, mark: Mark) -> int:
    from collector.api import check_credential
    from collector.cli.database import database_url
    from collector.interrupt import Interrupted
    from collector.serve import ConfigFile
    from collector.serve import serve as serve_until_stopped

    if config.schedule is not None:
        check_credential(config.auth, os.environ)  # one that cannot be read is told now, not by the first sweep
    file = ConfigFile(path, os.environ, config, mark=mark)
    async with AsyncExitStack() as stack:
        try:
            url = await interrupt.unless_stopped(stack.enter_async_context(database_url(config, os.environ)))
        except Interrupted:
            return DONE
        await serve_until_stopped(file, url=url, env=os.environ, interrupt=interrupt)
    return DONE
