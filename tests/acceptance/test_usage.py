"""What is wrong before anything is asked of the database or the API: exit 2, and what it was."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from collector import __version__
from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.ports import free_port

COMMANDS = ["demo", "run", "migrate", "prune", "check", "status", "emulate", "config-schema"]


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=["collector", *COMMANDS])
async def test_every_command_explains_itself(program: Program, command: Sequence[str]) -> None:
    """`--help` goes to stdout and needs neither configuration nor database."""
    ended = await program.run(*command, "--help")

    assert ended.code == 0
    assert ended.stdout.startswith(f"Usage: {' '.join(['collector', *command])} [OPTIONS]")
    assert ended.stderr == ""


async def test_the_version_is_the_packages(program: Program) -> None:
    """`--version` names the program and its version."""
    ended = await program.run("--version")

    assert (ended.code, ended.stdout) == (0, f"collector, version {__version__}\n")


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["sweep"], "No such command 'sweep'"),
        (["run", "--clutser", "a"], "Did you mean '--cluster'?"),
        (["run", "--output", "yaml"], "'yaml' is not one of 'text', 'json'"),
        (["run", "--token", "t1.x"], "No such option '--token'"),
        (["migrate", "--to", "first"], "'first' is not a valid integer"),
        (["run", "extra"], "unexpected extra argument"),
        (["demo", "--keep", "--stop"], "--keep and --stop exclude each other"),
    ],
    ids=["command", "misspelt", "choice", "secret", "number", "extra", "contradiction"],
)
async def test_wrong_usage_is_exit_2_with_the_reason(
    program: Program, arguments: Sequence[str], complaint: str
) -> None:
    """What cannot be understood is refused before anything is done, and stdout stays empty."""
    ended = await program.run(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert complaint in ended.stderr


@pytest.mark.parametrize("command", ["run", "migrate", "prune", "check", "status"])
async def test_a_missing_configuration_is_exit_2_and_named(program: Program, command: str) -> None:
    """Without a configuration nothing is guessed."""
    ended = await program.run(command, "-c", "absent.yaml")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("absent.yaml:1:1: ")
    assert "No such file" in ended.stderr


async def test_all_problems_of_a_configuration_are_told_at_once(program: Program) -> None:
    """Each problem is a line that an editor can jump to."""
    (program.home / "config.yaml").write_text("clusters:\n  - id: 'a b'\n  - id: fine\nspeed: 9\n")

    ended = await program.run("run", "--output", "json")

    assert (ended.code, ended.stdout) == (2, "")
    assert [line.split(" ")[0] for line in ended.stderr.splitlines()] == ["config.yaml:2:9:", "config.yaml:4:1:"]


@pytest.mark.parametrize(
    "arguments, env, complaint",
    [
        (["--cluster", "c9qother"], {}, "not in the configuration: c9qother"),
        (["--allow-mass-vanish", "c9qother"], {}, "not in the configuration: c9qother"),
        (["--shard", "2/2"], {}, "shards count from 0"),
        (["--shard", "half"], {}, "wants I/N"),
        ([], {"JOB_COMPLETION_INDEX": "3"}, "JOB_COMPLETIONS is not"),
        ([], {"JOB_COMPLETION_INDEX": "3", "JOB_COMPLETIONS": "3"}, "shards count from 0"),
    ],
    ids=["cluster", "allowance", "range", "form", "half-set", "job"],
)
async def test_a_selection_that_cannot_be_is_exit_2(
    program: Program, arguments: Sequence[str], env: dict[str, str], complaint: str
) -> None:
    """A typing error in an id or a shard must not become a sweep over something else."""
    program.write_config(["c9qone"], url=f"postgresql://nobody@127.0.0.1:{free_port()}/none")

    ended = await program.run("run", *arguments, env=env)

    assert (ended.code, ended.stdout) == (2, "")
    assert complaint in ended.stderr


async def test_no_credential_is_exit_2_before_the_database_is_asked(program: Program) -> None:
    """A database that is not there would be exit 3: it was not reached."""
    program.write_config(
        ["c9qone"], url=f"postgresql://nobody@127.0.0.1:{free_port()}/none", more="auth: {iam_token: {env: ABSENT}}\n"
    )

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert "Error: the environment variable ABSENT is not set" in ended.stderr


@pytest.mark.parametrize(
    "arguments, env",
    [
        (["-c", "other.yaml", "run"], {}),
        (["run", "--config", "other.yaml"], {}),
        (["-c", "absent.yaml", "run", "-c", "other.yaml"], {}),
        (["run"], {"COLLECTOR_CONFIG": "other.yaml"}),
        (["run", "-c", "other.yaml"], {"COLLECTOR_CONFIG": "absent.yaml"}),
    ],
    ids=["before", "after", "after-wins", "variable", "option-wins"],
)
async def test_the_configuration_is_named_before_or_after_the_command_or_by_the_environment(
    program: Program, arguments: Sequence[str], env: dict[str, str], emulator: Emulator, migrated_url: str
) -> None:
    """The nearest word wins."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator).rename(program.home / "other.yaml")

    ended = await program.run(*arguments, env=env)

    assert (ended.code, ended.stderr.count("listing.merged")) == (0, 3)


async def test_no_place_for_an_embedded_postgresql_is_exit_2(program: Program) -> None:
    """The message says what to set."""
    program.write_config(["c9qone"])

    ended = await program.run("run", env={"HOME": ""})

    assert (ended.code, ended.stdout) == (2, "")
    assert "set HOME or XDG_DATA_HOME, or database.url" in ended.stderr
