"""Commands, exit codes and what they print: the contract that scripts and schedulers hold on to."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import pty
import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from collector import __version__
from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.program import TOKEN, Program, end_of, events_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

COMMANDS = ["demo", "run", "migrate", "prune", "check", "status", "emulate", "config-schema"]
SUMMARY_KEYS = [
    "sweep_id",
    "outcome",
    "started_at",
    "finished_at",
    "clusters",
    "backups",
    "requests",
    "retries",
    "failures",
]
FRESHNESS_COLUMNS = [
    "service",
    "cluster_id",
    "cluster_name",
    "labels",
    "verdict",
    "newest_backup_id",
    "newest_created_at",
    "newest_created_at_ns",
    "backup_age",
    "max_age",
    "observed_at",
    "observation_age",
    "live_backups",
]


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def read_to_end(descriptor: int) -> str:
    """Read what is written to a terminal until nobody can write to it any more."""
    parts = []
    try:
        while part := os.read(descriptor, 4096):
            parts.append(part)
    except OSError:  # Linux says end of file so
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


async def count_sweeps(url: str) -> int:
    """Count the sweeps that were begun in a database."""
    connection = await asyncpg.connect(url)
    try:
        number: int = await connection.fetchval("SELECT count(*) FROM collector.sweep")
        return number
    finally:
        await connection.close()


# --- Usage ---


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


# --- What stops a run before it begins ---


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


@pytest.mark.parametrize("command", ["run", "migrate", "status", "check"])
async def test_a_database_that_is_not_there_is_exit_3(program: Program, command: str, emulator: Emulator) -> None:
    """The password in its URL is not told."""
    url = f"postgresql://user:pass-canary@127.0.0.1:{free_port()}/none"
    program.write_config(emulator.fleet.clusters, url=url, api=emulator)

    ended = await program.run(command)

    assert ended.code == 3
    assert "ConnectionRefusedError" in ended.stdout + ended.stderr
    assert "pass-canary" not in ended.stdout + ended.stderr


async def test_the_api_is_not_asked_before_the_database_is_known_good(program: Program, emulator: Emulator) -> None:
    """A run that cannot write its result makes no request."""
    program.write_config(emulator.fleet.clusters, url=f"postgresql://user@127.0.0.1:{free_port()}/none", api=emulator)

    ended = await program.run("run")

    assert ended.code == 3
    assert emulator.requests_total == 0


async def test_a_missing_database_is_exit_2(program: Program, migrated_url: str) -> None:
    """Only a person can mend it, so no scheduler should try again."""
    program.write_config(["c9qone"], url=f"{migrated_url}_absent")

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: 3D000")


async def test_pending_migrations_are_exit_2_where_they_may_not_be_applied(program: Program, database_url: str) -> None:
    """The message says what to run."""
    program.write_config(["c9qone"], url=database_url, database="auto_migrate: false")

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert "run `collector migrate`" in ended.stderr


async def test_a_dry_run_applies_no_migration(program: Program, database_url: str) -> None:
    """It keeps its word on an empty database too: exit 2, and the database is as empty as before."""
    program.write_config(["c9qone"], url=database_url)

    dry = await program.run("run", "--dry-run")
    after = await program.run("migrate", "--status")

    assert dry.code == 2
    assert after.stdout.startswith("pending  0001 create_tables\n")


async def test_status_without_an_inventory_is_exit_2(program: Program, database_url: str) -> None:
    """Reading migrates nothing."""
    program.write_config(["c9qone"], url=database_url)

    ended = await program.run("status")

    assert (ended.code, ended.stdout) == (2, "")
    assert "run `collector migrate`" in ended.stderr


# --- A sweep ---


async def test_a_sweep_prints_one_json_object_with_the_documented_keys(
    program: Program, emulator: Emulator, database_url: str
) -> None:
    """An empty database is migrated, every cluster is complete, and the log is JSON lines."""
    program.write_config(emulator.fleet.clusters, url=database_url, api=emulator)

    ended = await program.run("run", "--output", "json")

    summary = ended.json()
    assert ended.code == 0
    assert list(summary) == SUMMARY_KEYS
    assert summary["outcome"] == "complete"
    assert summary["clusters"] == {"complete": 3, "partial": 0, "held": 0, "failed": 0, "superseded": 0}
    assert list(summary["backups"].items()) == [
        ("inserted", 24),
        ("updated", 0),
        ("unchanged", 0),
        ("missing", 0),
        ("vanished", 0),
        ("returned", 0),
        ("quarantined", 0),
    ]
    assert (summary["requests"], summary["retries"], summary["failures"]) == (3, 0, [])
    assert summary["started_at"] < summary["finished_at"]
    assert [len(summary[key]) for key in ("started_at", "finished_at")] == [27, 27]
    assert events_of(ended) == ["schema.migrated", *["listing.merged"] * 3, "sweep.finished"]


async def test_a_second_sweep_finds_all_unchanged(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """What the report counts is what the database was told."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    first = await program.run("run", "--output", "json")

    second = await program.run("run", "--output", "json")

    assert (first.code, second.code) == (0, 0)
    assert second.json()["backups"]["unchanged"] == 24
    assert second.json()["sweep_id"] > first.json()["sweep_id"]
    assert await count_sweeps(migrated_url) == 2


async def test_a_cluster_that_fails_is_exit_1_and_named(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The others are complete; the failure has the kind of error and the server's words."""
    poor = list(emulator.fleet.clusters)[1]
    emulator.faults.fail(poor, status=403, code=Code.PERMISSION_DENIED)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--output", "json")

    summary = ended.json()
    assert (ended.code, summary["outcome"], summary["clusters"]["complete"]) == (1, "partial", 2)
    assert [(each["cluster_id"], each["error"]) for each in summary["failures"]] == [(poor, "permission_denied")]
    assert "403" in summary["failures"][0]["message"]


async def test_a_credential_that_every_cluster_refuses_is_exit_2(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """To try again is pointless, and the token that was refused is not told."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--output", "json", env={"YC_IAM_TOKEN": "t1.canary-of-the-command"})

    assert ended.code == 2
    assert {each["error"] for each in ended.json()["failures"]} == {"unauthenticated"}
    assert "canary" not in ended.stdout + ended.stderr


async def test_text_names_what_is_not_complete_and_ends_with_one_sentence(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A person sees the failures first, then the sum."""
    poor = list(emulator.fleet.clusters)[1]
    emulator.faults.fail(poor, status=404, code=Code.NOT_FOUND)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run")

    lines = ended.stdout.splitlines()
    assert ended.code == 1
    assert lines[0].split() == ["cluster", "name", "error", "message"]
    assert lines[1].startswith(poor)
    assert "partial: 2 of 3 clusters are complete; backups: 16 inserted; 3 requests, 0 of them retries" in lines[2]
    assert len(lines) == 3


async def test_a_dry_run_says_what_would_change_and_keeps_nothing(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """The counts are those of a real run; no row of any table is written."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--dry-run", "--output", "json")

    summary = ended.json()
    assert ended.code == 0
    assert list(summary) == [*SUMMARY_KEYS, "dry_run"]
    assert (summary["dry_run"], summary["sweep_id"], summary["backups"]["inserted"]) == (True, None, 24)
    for table in ("sweep", "listing", "cluster", "backup"):
        assert await db.fetchval(f"SELECT count(*) FROM collector.{table}") == 0  # noqa: S608 - of our own names


async def test_a_held_cluster_says_how_it_is_released(
    program: Program, emulator: Emulator, migrated_url: str, fleet: Fleet
) -> None:
    """Nothing is believed until a person says so, with the option that the report names."""
    odd = next(iter(fleet.clusters))
    program.write_config(fleet.clusters, url=migrated_url, api=emulator)
    await program.run("run")
    fleet.clear_backups(odd)

    held = await program.run("run", "--output", "json")
    allowed = await program.run("run", "--output", "json", "--allow-mass-vanish", odd)

    (failure,) = held.json()["failures"]
    assert (held.code, failure["cluster_id"], failure["error"]) == (1, odd, "held")
    assert f"--allow-mass-vanish {odd}" in failure["message"]
    assert (allowed.code, allowed.json()["backups"]["missing"]) == (0, 8)


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


async def test_clusters_and_shards_cut_the_selection_down(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The two halves of a job together ask for every cluster once; the option overrules the job's variables."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    only = list(emulator.fleet.clusters)[2]

    one = await program.run("run", "--cluster", only, "--output", "json")
    first = await program.run("run", "--shard", "0/2", env={"JOB_COMPLETION_INDEX": "9", "JOB_COMPLETIONS": "10"})
    second = await program.run("run", env={"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "2"})

    assert [one.code, first.code, second.code] == [0, 0, 0]
    assert one.json()["clusters"]["complete"] == 1
    assert emulator.requests_by_scope == {each: 2 if each == only else 1 for each in emulator.fleet.clusters}


async def test_without_a_database_url_an_embedded_postgresql_keeps_the_inventory(
    program: Program, emulator: Emulator
) -> None:
    """It lies in the home directory, outlives the command, and `status` reads it."""
    program.write_config(emulator.fleet.clusters, api=emulator, more="freshness: {max_age: 3650d}\n")

    swept = await program.run("run", "--output", "json")
    status = await program.run("status", "--output", "json")

    assert (swept.code, swept.json()["backups"]["inserted"]) == (0, 24)
    assert (status.code, [row["live_backups"] for row in status.json()]) == (0, [8, 8, 8])


async def test_no_place_for_an_embedded_postgresql_is_exit_2(program: Program) -> None:
    """The message says what to set."""
    program.write_config(["c9qone"])

    ended = await program.run("run", env={"HOME": ""})

    assert (ended.code, ended.stdout) == (2, "")
    assert "set HOME or XDG_DATA_HOME, or database.url" in ended.stderr


# --- Streams that nobody reads ---


@pytest.mark.parametrize("output", ["text", "json"])
async def test_a_reader_that_is_gone_does_not_change_the_exit_code(
    program: Program, emulator: Emulator, migrated_url: str, output: str
) -> None:
    """Stdout and stderr are pipes that were closed at the other end; the sweep is whole."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    process = await program.start("run", "--output", output)
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream._transport.close()  # type: ignore[attr-defined]  # there is no other way to close a reading end

    code = await process.wait()

    assert code == 0
    assert await count_sweeps(migrated_url) == 1


async def test_closed_streams_do_not_change_the_exit_code(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Started with no stdin, stdout and stderr at all, as some schedulers do."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    code = await program.run_closed("run")

    assert code == 0
    assert await count_sweeps(migrated_url) == 1


async def test_a_full_disk_under_stderr_does_not_stop_a_sweep(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Lines of the log are lost, nothing else."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 - a device
        ended = await end_of(await program.start("run", "--output", "json", stderr=full))

    assert (ended.code, ended.json()["outcome"]) == (0, "complete")


async def test_a_report_that_cannot_be_written_is_an_error_and_the_sweep_stands(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A full disk under stdout: whoever reads the report must not take its absence for success."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 - a device
        ended = await end_of(await program.start("run", "--output", "json", stdout=full))

    assert ended.code == 70
    assert "No space left on device" in ended.stderr
    assert await count_sweeps(migrated_url) == 1


async def test_on_a_terminal_logs_are_text_and_a_bar_shows_the_progress(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Stderr is a terminal: no JSON there, and stdout has the report alone."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    ours, theirs = pty.openpty()
    process = await program.start("run", stderr=theirs, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)

    shown = await asyncio.to_thread(read_to_end, ours)
    ended = await end_of(process)

    assert ended.code == 0
    assert ended.stdout.startswith("sweep ")
    assert "3/3" in shown
    assert "listing.merged" in shown
    assert '"event"' not in shown


# --- migrate, status, check, config-schema ---


async def test_migrations_are_listed_applied_up_to_a_version_and_to_the_end(
    program: Program, database_url: str
) -> None:
    """`--status` changes nothing; applying twice is harmless."""
    program.write_config(["c9qone"], url=database_url)

    before = await program.run("migrate", "--status")
    some = await program.run("migrate", "--to", "1")
    between = await program.run("migrate", "--status")
    rest = await program.run("migrate")
    again = await program.run("migrate")

    assert {line.split()[0] for line in before.stdout.splitlines()} == {"pending"}
    assert some.stdout == "applied  0001 create_tables\n"
    assert [line.split()[0] for line in between.stdout.splitlines()][:2] == ["applied", "pending"]
    assert rest.stdout.startswith("applied  0002 ")
    assert again.stdout.startswith("nothing to apply: the schema is at version ")
    assert [each.code for each in (before, some, between, rest, again)] == [0] * 5


async def test_an_unknown_version_is_exit_2(program: Program, database_url: str) -> None:
    """It is not taken for the newest."""
    program.write_config(["c9qone"], url=database_url)

    ended = await program.run("migrate", "--to", "999")

    assert ended.code == 2
    assert "there is no migration 999" in ended.stderr


async def test_migrations_take_their_own_url(program: Program, database_url: str) -> None:
    """Where `url` leads through a pooler or to a lesser role, `migrate_url` does the work."""
    elsewhere = f"postgresql://user@127.0.0.1:{free_port()}/none"
    program.write_config(["c9qone"], url=elsewhere, database="migrate_url: '${MIGRATE_URL}'")

    ended = await program.run("migrate", env={"MIGRATE_URL": database_url})

    assert (ended.code, ended.stdout.splitlines()[0]) == (0, "applied  0001 create_tables")


async def test_status_puts_the_worst_first_and_is_exit_1_unless_all_is_fresh(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Never seen is unknown, too old is stale, and both stand before fresh."""
    old, unseen, new = emulator.fleet.clusters
    emulator.faults.fail(unseen, status=403, code=Code.PERMISSION_DENIED)
    path = program.write_config([], url=migrated_url, api=emulator, more="freshness: {max_age: 3650d}\n")
    path.write_text(
        path.read_text().replace(
            "clusters:\n", f"clusters:\n  - {{id: {old}, max_age: 1s}}\n  - id: {unseen}\n  - id: {new}\n"
        )
    )
    await program.run("run")

    ended = await program.run("status", "--output", "json")
    text = await program.run("status")

    rows = ended.json()
    assert (ended.code, text.code) == (1, 1)
    assert [(row["cluster_id"], row["verdict"]) for row in rows] == [
        (unseen, "unknown"),
        (old, "stale"),
        (new, "fresh"),
    ]
    assert text.stdout.splitlines()[-1] == "3 clusters: 1 fresh, 1 stale, 1 unknown"
    assert list(rows[2]) == FRESHNESS_COLUMNS
    assert (len(rows[2]["newest_created_at"]), rows[2]["max_age"], rows[2]["labels"]) == (30, 3650 * 86400.0, {})


async def test_no_clusters_at_all_are_not_fresh(program: Program, migrated_url: str) -> None:
    """An empty inventory must not look like a good one."""
    program.write_config(["c9qone"], url=migrated_url)

    ended = await program.run("status")

    assert ended.code == 1
    assert "nothing was ever collected" in ended.stdout


async def test_csv_has_the_views_columns_and_runs_no_formula(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A cluster's name is somebody else's text: a spreadsheet must not run it."""
    path = program.write_config([], url=migrated_url, api=emulator)
    cluster = next(iter(emulator.fleet.clusters))
    path.write_text(path.read_text().replace("clusters:\n", f"clusters:\n  - {{id: {cluster}, name: '=1+1'}}\n"))
    await program.run("run")

    ended = await program.run("status", "--output", "csv")

    (row,) = csv.DictReader(io.StringIO(ended.stdout, newline=""))
    assert list(row) == FRESHNESS_COLUMNS
    assert row["cluster_name"] == "'=1+1"
    assert ended.stdout.count("\r\n") == 2


async def test_check_names_every_shortcoming_and_writes_nothing(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """A missing role is called by its name; one page of each cluster is asked for."""
    poor, absent, fine = emulator.fleet.clusters
    emulator.faults.fail(poor, status=403, code=Code.PERMISSION_DENIED)
    emulator.faults.fail(absent, status=404, code=Code.NOT_FOUND)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("check")

    lines = ended.stdout.splitlines()
    assert ended.code == 1
    assert [line.split()[:2] for line in lines] == [
        ["ok", "configuration"],
        ["ok", "database"],
        ["ok", "credential"],
        ["FAILED", "cluster"],
        ["FAILED", "cluster"],
        ["ok", "cluster"],
    ]
    assert "managed-opensearch.viewer" in lines[3]
    assert "check its id" in lines[4]
    assert f"{fine}: 8 backups" in lines[5]
    assert emulator.requests_total == 3
    assert await db.fetchval("SELECT count(*) FROM collector.listing") == 0


async def test_check_reports_the_database_and_the_credential_together(program: Program) -> None:
    """All that is wrong is told at once; the exit code is that of the worst."""
    program.write_config(
        ["c9qone"], url=f"postgresql://user@127.0.0.1:{free_port()}/none", more="auth: {iam_token: {env: ABSENT}}\n"
    )

    ended = await program.run("check")

    assert ended.code == 2
    assert [line.split()[:2] for line in ended.stdout.splitlines()] == [
        ["ok", "configuration"],
        ["FAILED", "database"],
        ["FAILED", "credential"],
    ]


async def test_check_offline_reads_the_file_only(program: Program) -> None:
    """Neither database nor credential nor network is needed."""
    program.write_config(["c9qone"], url=f"postgresql://user@127.0.0.1:{free_port()}/none")

    ended = await program.run("check", "--offline", env={"YC_IAM_TOKEN": ""})

    assert (ended.code, ended.stdout) == (0, "ok      configuration  config.yaml: 1 clusters\n")


async def test_the_configurations_schema_is_json_for_editors(program: Program) -> None:
    """Stdout holds the schema and nothing else."""
    ended = await program.run("config-schema")

    schema: dict[str, Any] = json.loads(ended.stdout)
    assert (ended.code, ended.stderr) == (0, "")
    assert schema["anyOf"] == [{"required": ["clusters"]}, {"required": ["discovery"]}]
    assert TOKEN not in ended.stdout
