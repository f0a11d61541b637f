"""The command `collector` and its subcommands, and what becomes of an error that none of them expected."""

from __future__ import annotations

from typing import Any

import click

from collector import __version__
from collector.cli.check import check
from collector.cli.demo import demo
from collector.cli.emulate import emulate
from collector.cli.ending import EXIT_CODES, conclude, crash
from collector.cli.migrate import migrate
from collector.cli.prune import prune
from collector.cli.run import run
from collector.cli.schema import config_schema
from collector.cli.serve import serve
from collector.cli.settings import config_option
from collector.cli.status import status
from collector.errors import CollectorError


class Program(click.Group):
    """A group whose errors become one message and a documented exit code, however it is called."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the subcommand."""
        try:
            return super().invoke(ctx)
        except CollectorError as exc:
            ctx.exit(conclude(exc))
        except KeyboardInterrupt:
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as exc:  # noqa: BLE001 - where a bug ends: told with its traceback, never by a wrong exit code
            ctx.exit(crash(exc))


@click.group(
    cls=Program,
    epilog=f"Exit codes: {EXIT_CODES}",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@config_option
@click.version_option(__version__, prog_name="collector")
def cli() -> None:
    """
    Keep an exact inventory of managed-database backups in PostgreSQL.

    `collector demo` shows it without any account; `collector check` says what a configuration lacks; `collector run`
    does the work once, `collector serve` on a schedule.
    """


for _command in (demo, run, serve, migrate, prune, check, status, emulate, config_schema):
    cli.add_command(_command)
