"""The command line's reference page, made from the commands; `python -m collector.cli.reference` prints it."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Final

import click

from collector.cli import cli

_HEAD: Final = """\
# Command line

Made from the commands by `python -m collector.cli.reference`; edit their docstrings and options in `collector/cli/`.

`collector` and `python -m collector` are the same. `-c/--config FILE` may stand before the command or after it; else
`$COLLECTOR_CONFIG`, else `./config.yaml`. No option takes a secret: secrets come from the environment or from files.

Answers go to stdout, everything else to stderr: logs (JSON lines, or readable text on a terminal: `log.format`), a
progress bar on a terminal, and the one message with which a command fails. A reader that is gone changes no exit code.

| exit code | means |
|---|---|
| 0 | done; for `run`: every selected cluster has a complete listing from this run or a newer one |
| 1 | some cluster is not complete (`run`, `check`), or not fresh (`status`) |
| 2 | usage, configuration, credential or schema; also a credential that every listing refuses: pointless to retry |
| 3 | the database is unavailable and nothing was written: try again later |
| 70 | a bug: the log has the traceback |
| 130, 143 | interrupted by SIGINT, SIGTERM; for `serve` and `emulate` that is the normal end: 0 |

The first SIGINT or SIGTERM ends a sweep early: no new page is asked for, the merge in hand is rolled back, the report
is written; `serve` ends the sweep under way like that, and exits within 20 s. A second one ends the process at once,
and 25 s after the first it ends in any case. Every cluster's rows are then those of the old listing or of the new one.
"""


def reference_page() -> str:
    """Write the page: a section and a table of options for each command."""
    return "\n".join([_HEAD, *(_section(name, command) for name, command in sorted(cli.commands.items()))])


def _section(name: str, command: click.Command) -> str:
    lines = [f"## `collector {name}`", "", inspect.cleandoc(command.help or ""), ""]
    rows = list(_rows(command))
    if rows:
        lines += ["| option | value | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _rows(command: click.Command) -> Iterator[str]:
    for option in command.params:
        if isinstance(option, click.Option) and option.name != "config":
            names = ", ".join(f"`{name}`" for name in option.opts)
            yield f"| {names} | {_value(option)} | {_default(option)} | {option.help or ''} |"


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " or ".join(f"`{choice}`" for choice in option.type.choices)
    return f"`{option.metavar}`" if option.metavar else option.type.name.replace(" range", "")


def _default(option: click.Option) -> str:
    return f"`{option.default}`" if option.show_default else ""


if __name__ == "__main__":
    sys.stdout.write(reference_page())
