"""Canaries: secrets that would be recognised anywhere. Nothing that the program leaves may hold them."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.credentials import ISSUED, KEY_CANARY, OAUTH, SUBJECT, WAYS, install, token_services
from tests.acceptance.program import Ended, Program, end_of
from tests.builders import every_row
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

TOKEN_CANARY: Final = "t1.9euelCANARYq4x7"
PASSWORD_CANARY: Final = "pwCANARYz81k"
CLAIM: Final = "eyJ0eXAiOi"
"""How every signed claim begins."""
ROLE: Final = "canary"
DEBUG: Final = "log: {level: debug}\n"

NEVER: Final = tuple(
    form
    for canary in (TOKEN_CANARY, PASSWORD_CANARY, OAUTH, SUBJECT, ISSUED, KEY_CANARY, CLAIM)
    for form in (canary, canary[::-1], base64.b64encode(canary.encode()).decode().rstrip("="), canary.encode().hex())
)


@pytest.fixture
async def guarded_url(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """Yield the URL of an empty database, for a role whose password is the canary and is asked for."""
    administrator = await asyncpg.connect(postgres.url)
    owner = await administrator.fetchval("SELECT current_user")
    await administrator.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD_CANARY}' IN ROLE {owner}")
    try:
        async with scratch_database(postgres) as url:
            yield with_login(url, PASSWORD_CANARY)
    finally:
        await administrator.execute(f"DROP ROLE {ROLE}")
        await administrator.close()


@pytest.fixture
async def emulator(fleet: Fleet) -> AsyncIterator[Emulator]:
    """Yield an API that takes the canary for its token."""
    async with Emulator(fleet, token=TOKEN_CANARY) as serving:
        yield serving


def with_login(url: str, password: str) -> str:
    """Put the role and a password into a URL."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{ROLE}:{password}@{parts.hostname}:{parts.port}"))


def found(*texts: str) -> list[str]:
    """Find what must not be there."""
    return [form for form in NEVER for text in texts if form in text]


def streams(ended: Ended) -> str:
    """Put together all that a process wrote."""
    return ended.stdout + ended.stderr


def command_line_of(pid: int) -> str:
    """Read what every user of the machine can read about a process."""
    return Path(f"/proc/{pid}/cmdline").read_text()


async def rows_of(url: str) -> str:
    """Read everything a database holds about the inventory, and what the server shows of its sessions."""
    connection = await asyncpg.connect(url)
    try:
        tables = await every_row(connection)
        sessions = await connection.fetch(
            "SELECT a::text FROM pg_stat_activity AS a WHERE datname = current_database()"
        )
    finally:
        await connection.close()
    return "\n".join([*(row for rows in tables.values() for row in rows), *(row[0] for row in sessions)])


@pytest.mark.parametrize("source", ["usual-variable", "named-variable", "file"])
async def test_a_credential_stays_where_it_came_from(
    program: Program, emulator: Emulator, guarded_url: str, source: str
) -> None:
    """Not in the arguments that every user of the machine can read, not in a line, not in a row."""
    (program.home / "token").write_text(f"{TOKEN_CANARY}\n")
    auth, env = {
        "usual-variable": ("", {"YC_IAM_TOKEN": TOKEN_CANARY}),
        "named-variable": ("auth: {iam_token: {env: OTHER}}\n", {"YC_IAM_TOKEN": "", "OTHER": TOKEN_CANARY}),
        "file": ("auth: {iam_token: {file: token}}\n", {"YC_IAM_TOKEN": ""}),
    }[source]
    program.write_config(emulator.fleet.clusters, url=guarded_url, api=emulator, more=auth + DEBUG)
    gate = emulator.faults.pause(None)
    process = await program.start("run", "--output", "json", env=env)
    await gate.reached()

    command_line = command_line_of(process.pid)
    sessions = await rows_of(guarded_url)

    gate.release()
    ended = await end_of(process)
    checked = await program.run("check", env=env)
    assert (ended.code, checked.code) == (0, 0)
    assert "collector" in command_line
    assert "backup-inventory-collector" in sessions
    assert found(command_line, sessions, streams(ended), streams(checked), await rows_of(guarded_url)) == []


@pytest.fixture
async def issuing(fleet: Fleet) -> AsyncIterator[Emulator]:
    """Yield an API that takes what its token services issue, and those take every canary."""
    async with Emulator(fleet, token=None, issuer=token_services()) as serving:
        yield serving


@pytest.mark.parametrize("name", WAYS)
async def test_a_credential_that_is_exchanged_stays_where_it_came_from(
    program: Program, issuing: Emulator, guarded_url: str, name: str
) -> None:
    """Neither it nor what it is exchanged for is in the arguments, a line or a row, whoever is asked."""
    way = WAYS[name](issuing)
    install(program, issuing, way, url=guarded_url, more=DEBUG)
    gate = issuing.faults.pause(None)
    process = await program.start("run", "--output", "json")
    await gate.reached()

    command_line = command_line_of(process.pid)
    sessions = await rows_of(guarded_url)

    gate.release()
    ended = [await end_of(process), await program.run("check"), await program.run("run", "--dry-run")]
    assert [each.code for each in ended] == [0, 0, 0]
    assert "collector" in command_line
    assert found(command_line, sessions, *map(streams, ended), await rows_of(guarded_url)) == []


@pytest.mark.parametrize("name", ["key-file", "usual-oauth", "nothing-said", "workload"])
async def test_no_failure_of_an_exchange_tells_a_secret(
    program: Program, issuing: Emulator, guarded_url: str, name: str
) -> None:
    """Refused with an echo, answered with nonsense that holds it all, away; and refused by the API itself."""
    way = WAYS[name](issuing)
    install(program, issuing, way, url=guarded_url, more=DEBUG)
    await program.run("migrate")
    assert issuing.issuer is not None
    service, faults = way.service, issuing.issuer.faults
    echo = OAUTH if "oauth" in name else SUBJECT if name == "workload" else KEY_CANARY
    breaks: tuple[Callable[[], object], ...] = (
        lambda: faults.fail(service, status=401, code=Code.UNAUTHENTICATED, message=f"bad {echo}, go away"),
        lambda: faults.body(service, f"<p>{echo} {ISSUED}".encode(), content_type="text/html"),
        lambda: faults.body(service, f'{{"access_token":"{ISSUED}","iamToken":"{ISSUED}"}}'.encode()),
        lambda: faults.drop(service),
    )
    ended = []
    for break_it in breaks:
        break_it()
        ended += [await program.run("run", "--output", "json")]
        faults.clear()
    issuing.faults.fail(None, status=401, code=Code.UNAUTHENTICATED)
    ended += [await program.run("run")]

    # Where nobody said that there is a machine, one that does not answer is no credential.
    away = 2 if name == "nothing-said" else 1
    assert [each.code for each in ended] == [2, *[away] * 3, 2]
    assert found(*map(streams, ended), await rows_of(guarded_url)) == []


async def test_no_command_tells_a_secret_when_all_is_well(
    program: Program, emulator: Emulator, guarded_url: str
) -> None:
    """At the most talkative level."""
    program.env["YC_IAM_TOKEN"] = TOKEN_CANARY
    more = f"{DEBUG}freshness: {{max_age: 3650d}}\n"
    program.write_config(emulator.fleet.clusters, url=guarded_url, api=emulator, more=more)
    commands = ["migrate --status", "migrate", "run --dry-run", "run", "status", "status --output csv", "config-schema"]

    ended = [await program.run(*command.split()) for command in commands]

    assert [each.code for each in ended] == [0] * len(commands)
    assert found(*map(streams, ended), await rows_of(guarded_url)) == []


def fail_everywhere(emulator: Emulator) -> None:
    """Answer every cluster with another fault; one server says back what it was sent."""
    refused, echoed, redirected = emulator.fleet.clusters
    emulator.faults.fail(refused, status=401, code=Code.UNAUTHENTICATED)
    emulator.faults.fail(echoed, status=403, code=Code.PERMISSION_DENIED, message=f"no role for Bearer {TOKEN_CANARY}")
    emulator.faults.redirect(redirected, "http://127.0.0.1:9/elsewhere")


async def test_no_failure_tells_a_secret(program: Program, emulator: Emulator, guarded_url: str) -> None:
    """Refused, denied and sent elsewhere by the API; no, the wrong and a broken database; an unusable configuration."""
    program.env["YC_IAM_TOKEN"] = TOKEN_CANARY
    clusters = list(emulator.fleet.clusters)
    program.write_config(clusters, url=guarded_url, api=emulator, more=DEBUG)
    await program.run("migrate")
    fail_everywhere(emulator)
    ended = [await program.run("run"), await program.run("check")]
    emulator.token = "t1.another"
    ended += [await program.run("run", "--output", "json")]
    for url in (
        f"postgresql://{ROLE}:{PASSWORD_CANARY}@127.0.0.1:9/none",
        f"{guarded_url}_absent",
        with_login(guarded_url, f"{PASSWORD_CANARY}x"),
        f"postgresql://{ROLE}:{PASSWORD_CANARY}@[bad/none",
        f"mysql://{ROLE}:{PASSWORD_CANARY}@127.0.0.1/none",
    ):
        program.write_config(clusters, url=url, api=emulator, more=DEBUG)
        ended += [await program.run("run")]
    program.write_config(clusters, url=guarded_url, api=emulator, more=f"auth: {{iam_token: {TOKEN_CANARY}}}\n")
    ended += [await program.run("run")]

    assert all(map(streams, ended))
    assert [each.code for each in ended] == [1, 2, 2, 3, 2, 2, 2, 2, 2]
    assert found(*map(streams, ended), await rows_of(guarded_url)) == []


async def test_a_crash_tells_no_secret(program: Program, emulator: Emulator, guarded_url: str) -> None:
    """A traceback is written, and its frames hold both secrets."""
    program.env["YC_IAM_TOKEN"] = TOKEN_CANARY
    program.write_config(emulator.fleet.clusters, url=guarded_url, api=emulator, more=DEBUG)
    await program.run("migrate")
    connection = await asyncpg.connect(guarded_url)
    await connection.execute("ALTER TABLE collector.sweep DROP COLUMN trace_id CASCADE")
    await connection.close()

    ended = await program.run("run")

    assert ended.code == 70
    assert found(streams(ended)) == []
