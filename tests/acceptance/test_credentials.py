"""Who the program is: each credential, two at once, none, refused, away, and rotated while it works."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.credentials import WAYS, install, only_endpoints_from, token_services
from tests.acceptance.program import Program, end_of, events_of
from tests.keys import made_key

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python


@pytest.fixture
async def emulator(fleet: Fleet) -> AsyncIterator[Emulator]:
    """Yield an API that takes nothing but what its token services issued."""
    async with Emulator(fleet, token=None, issuer=token_services()) as serving:
        yield serving


def exchanges(emulator: Emulator) -> Mapping[str, int]:
    """Count the tokens that were given out, by service."""
    assert emulator.issuer is not None
    return dict(emulator.issuer.exchanges)


@pytest.mark.parametrize("name", WAYS)
async def test_every_credential_does_a_sweep_with_one_exchange(
    program: Program, emulator: Emulator, migrated_url: str, name: str
) -> None:
    """Whether it is configured or stands in the environment, and where nothing is said."""
    way = WAYS[name](emulator)
    install(program, emulator, way, url=migrated_url)

    ended = await program.run("run", "--output", "json")

    assert ended.code == 0
    assert ended.json()["clusters"]["complete"] == 3
    assert exchanges(emulator) == {way.service: 1}
    assert ("credential.ending" in events_of(ended)) is ("oauth" in name)


async def test_two_configured_credentials_are_refused_with_their_line(program: Program) -> None:
    """Which one is meant is not ours to guess."""
    program.write_config(["c9qone"], more="auth:\n  metadata: {}\n  iam_token: {env: A}\n")

    ended = await program.run("run")

    assert (ended.code, ended.stdout) == (2, "")
    assert "config.yaml:6:3: auth: should have exactly one credential, has iam_token and metadata" in ended.stderr


async def test_two_variables_are_refused_by_their_names(program: Program) -> None:
    """And neither value is told."""
    program.write_config(["c9qone"])

    ended = await program.run("run", env={"YC_IAM_TOKEN": "t1.one", "YC_TOKEN": "t1.two"})

    assert (ended.code, ended.stdout) == (2, "")
    assert "Error: YC_IAM_TOKEN and YC_TOKEN are set: exactly one credential may be" in ended.stderr
    assert "t1." not in ended.stderr


async def test_no_credential_at_all_names_the_ways_to_give_one(program: Program) -> None:
    """The metadata service was the last hope, and is not there."""
    program.write_config(["c9qone"])

    ended = await program.run("run", env={"YC_IAM_TOKEN": ""})

    assert (ended.code, ended.stdout) == (2, "")
    assert "no credential is configured" in ended.stderr
    assert "auth.service_account_key" in ended.stderr
    assert "YC_SERVICE_ACCOUNT_KEY_FILE" in ended.stderr


async def test_a_refused_key_is_exit_2_and_nothing_is_begun(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """A retry would be refused again."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    assert emulator.issuer is not None
    emulator.issuer.keys.clear()

    ended = await program.run("run", "--output", "json")

    assert (ended.code, ended.stdout) == (2, "")
    assert "the service account key was refused" in ended.stderr
    assert await db.fetchval("SELECT count(*) FROM collector.sweep") == 0


@pytest.mark.parametrize("fault", ["drop", "html"])
async def test_a_token_service_that_is_away_is_exit_1_and_stands_in_the_ledger(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection, fault: str
) -> None:
    """A retry may help, and readers see what was lacking (D14)."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    assert emulator.issuer is not None
    if fault == "drop":
        emulator.issuer.faults.drop("iam")
    else:
        emulator.issuer.faults.body("iam", b"<html>", content_type="text/html")

    ended = await program.run("run", "--output", "json")

    error = {"drop": "network", "html": "bad_answer"}[fault]
    assert ended.code == 1
    assert [failure["error"] for failure in ended.json()["failures"]] == [error] * 3
    assert await db.fetchval("SELECT count(*) FROM collector.listing WHERE error = $1", error) == 3
    assert emulator.requests_by_scope["iam"] == 1


async def test_a_key_that_is_rotated_in_the_middle_of_a_run_is_taken_up(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The old key and its token end while the API is asked; the run does not notice."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    gate = emulator.faults.pause(None, times=3)
    emulator.faults.fail(None, status=401, code=Code.UNAUTHENTICATED, times=3)
    process = await program.start("run", "--output", "json")
    await gate.reached(3)
    assert emulator.issuer is not None
    emulator.issuer.revoke()
    emulator.issuer.keys.clear()
    newer = made_key("ajenewer0000000000000")
    newer.known_to(emulator.issuer)
    rotate(program.home / "key.json", newer.as_written_by_yc())

    gate.release()
    ended = await end_of(process)

    assert ended.code == 0
    assert exchanges(emulator) == {"iam": 2}


async def test_a_token_that_ends_in_the_middle_of_a_run_of_two_hundred_clusters_is_renewed_once(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """All of them have asked for their first page of two when it ends; none fails (D13)."""
    emulator.fleet = Fleet.generate(clusters=200, backups=15, seed=1, now_ns=1_790_000_000_000_000_000)
    limits = {"concurrency": 200, "page_size": 10, "page_timeout": "60s"}
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url, limits=limits)
    gate = emulator.faults.pause(None, page=1)
    process = await program.start("run", "--output", "json")
    await gate.reached(200)
    assert emulator.issuer is not None
    emulator.issuer.revoke()

    gate.release()
    ended = await end_of(process)

    assert ended.json()["clusters"]["complete"] == 200
    assert emulator.answers_by_status[401] >= 1
    assert exchanges(emulator) == {"iam": 2}


def rotate(path: Path, text: str) -> None:
    """Replace a secret as Kubernetes does: at once, never half."""
    newer = path.with_suffix(".new")
    newer.write_text(text)
    newer.chmod(0o600)
    newer.rename(path)


async def test_a_token_service_that_goes_away_harms_no_run_whose_token_is_good(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """One exchange is enough for twelve hours."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    gate = emulator.faults.pause(None)
    process = await program.start("run")
    await gate.reached(3)
    assert emulator.issuer is not None
    emulator.issuer.faults.drop("iam")

    gate.release()

    assert (await end_of(process)).code == 0


async def test_all_addresses_may_come_from_a_list(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """As for another region: one root is configured, and no URL beside it."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    only_endpoints_from(program, emulator)

    ended = await program.run("run")

    assert ended.code == 0
    assert emulator.requests_by_scope["endpoints"] == 1


async def test_a_list_of_addresses_that_is_away_is_worth_a_retry(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Nothing was begun, and nothing is wrong with the configuration."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    only_endpoints_from(program, emulator)
    assert emulator.issuer is not None
    emulator.issuer.faults.drop("endpoints")

    ended = await program.run("run", "--output", "json")

    assert (ended.code, ended.stdout) == (1, "")
    assert "Error: the list of endpoints" in ended.stderr


@pytest.mark.parametrize(
    "fault, code, line",
    [
        ("none", 0, "ok      credential     found: service_account_key"),
        ("drop", 1, "FAILED  credential     the token service ("),
        ("unknown", 2, "FAILED  credential     the service account key was refused by"),
    ],
)
async def test_check_names_the_credential_and_what_is_wrong_with_it(
    program: Program, emulator: Emulator, migrated_url: str, fault: str, code: int, line: str
) -> None:
    """Its kind, never its value."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    assert emulator.issuer is not None
    if fault == "drop":
        emulator.issuer.faults.drop("iam")
    if fault == "unknown":
        emulator.issuer.keys.clear()

    ended = await program.run("check")

    assert ended.code == code
    assert ended.stdout.splitlines()[2].startswith(line)


async def test_session_keys_of_tls_are_not_written(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """Not even the file: libraries look for the variable as they are imported."""
    install(program, emulator, WAYS["key-file"](emulator), url=migrated_url)
    keys = program.home / "session-keys"

    ended = await program.run("run", env={"SSLKEYLOGFILE": str(keys)})

    assert ended.code == 0
    assert not keys.exists()
