"""The command line as a whole: light to start, without secrets, and documented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import structlog
from click.testing import CliRunner

from collector.cli import cli
from collector.cli.program import Program
from collector.cli.reference import reference_page

ROOT = Path(__file__).resolve().parents[3]
HEAVY = ["aiohttp", "asyncpg", "asyncio", "pydantic", "rich", "stamina", "structlog"]


def test_starting_costs_no_heavy_import() -> None:
    """`collector --help` is answered before anything but click is loaded."""
    script = f"import sys, collector.cli; print(sorted(set({HEAVY}) & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_the_reference_page_is_made_from_the_commands() -> None:
    """An option that changes without its documentation is noticed here."""
    assert (ROOT / "docs/reference/cli.md").read_text() == reference_page()


def test_no_option_takes_a_secret() -> None:
    """What stands on a command line is read by every user of the machine."""
    options = {name for command in cli.commands.values() for option in command.params for name in option.opts}

    assert {name for name in options if re.search("token|password|secret|key|url", name)} == set()


@pytest.mark.parametrize(
    "error, code", [(KeyboardInterrupt(), 130), (ZeroDivisionError("unexpected"), 70)], ids=["ctrl-c", "bug"]
)
def test_an_error_outside_of_all_plans_has_its_exit_code(error: BaseException, code: int) -> None:
    """A bug is told with its name on stderr, and stdout stays empty, also before logging is set up."""
    structlog.reset_defaults()

    @click.command()
    def fall() -> None:
        raise error

    ended = CliRunner().invoke(Program(commands={"fall": fall}), ["fall"])

    assert (ended.exit_code, ended.stdout) == (code, "")
