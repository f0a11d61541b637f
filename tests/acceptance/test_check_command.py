"""`collector check` and `config-schema`: what is wrong, said before it hurts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import asyncpg

from collector.emulator import Code, Emulator
from tests.acceptance.program import TOKEN, Program
from tests.ports import free_port

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


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
