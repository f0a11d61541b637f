"""A database behind TLS: who proves to be it is written to, and nobody else learns a word."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from typing import Final

import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.program import Program, events_of
from tests.authority import DAY, Authority
from tests.tls_front import TlsFront


@pytest.fixture
def authority(program: Program) -> Authority:
    """Return the authority whose certificate the program is given."""
    return Authority(folder=program.home)


def stranger(authority: Authority) -> ssl.SSLContext:
    """Let an authority of the same name, but another key, sign."""
    return Authority(folder=authority.folder).server()


BAD: Final[dict[str, tuple[Callable[[Authority], ssl.SSLContext | None], str]]] = {
    "another-authority": (stranger, "certificate is refused: "),
    "another-name": (lambda authority: authority.server("db.example"), "certificate is not valid for 'localhost'"),
    "expired": (lambda authority: authority.server(since=-2 * DAY, until=-DAY), "certificate has expired"),
    "stripped": (lambda _: None, "sslmode demands it"),
}


async def test_a_run_writes_through_a_proven_way(
    program: Program, authority: Authority, emulator: Emulator, fleet: Fleet, database_url: str
) -> None:
    """Migrations and listings; the certificate is the host's, and its authority the one of `sslrootcert`."""
    async with TlsFront(database_url, authority.server()) as front:
        url = front.url(sslmode="verify-full", sslrootcert=authority.file)
        program.write_config(fleet.clusters, url=url, api=emulator)

        ended = await program.run("run", "--output", "json")

    assert ended.code == 0, ended.stderr
    assert ended.json()["clusters"]["complete"] == len(fleet.clusters)
    assert (front.asked >= 2, front.in_the_clear) == (True, b"")
    assert "server.unverified" not in events_of(ended)


@pytest.mark.parametrize("make, reason", BAD.values(), ids=BAD.keys())
async def test_a_server_that_does_not_prove_to_be_the_database_learns_nothing(
    program: Program,
    authority: Authority,
    database_url: str,
    make: Callable[[Authority], ssl.SSLContext | None],
    reason: str,
) -> None:
    """E11: one connection, exit code 2 with the reason, no second try, and no byte of ours in the clear."""
    async with TlsFront(database_url, make(authority)) as front:
        url = front.url(sslmode="verify-full", sslrootcert=authority.file)
        program.write_config(["c9qone"], url=url)

        ended = await program.run("run")

    assert ended.code == 2
    assert "Error: TLS: the database" in ended.stderr
    assert reason in ended.stderr
    assert (front.asked, front.in_the_clear) == (1, b"")


async def test_authorities_that_are_not_there_are_no_outage(program: Program, database_url: str) -> None:
    """The file is named at once; nobody waits for a database that would answer."""
    program.write_config(["c9qone"], url=f"{database_url}?sslmode=verify-full&sslrootcert=/nowhere/ca.pem")

    ended = await program.run("run")

    assert (ended.code, "the file /nowhere/ca.pem cannot be read" in ended.stderr) == (2, True)


async def test_a_remote_database_without_proof_is_a_warning(program: Program) -> None:
    """It is said in the log of a run, by the name of the host alone."""
    program.write_config(["c9qone"], url="postgresql://u:canary@db.invalid/d")

    ended = await program.run("run")

    assert ended.code == 3
    (line,) = [line for line in ended.stderr.splitlines() if "server.unverified" in line]
    assert "db.invalid" in line
    assert "canary" not in ended.stderr


async def test_a_check_names_a_remote_database_without_proof(program: Program) -> None:
    """It is a finding, with what to do about it, and stands once."""
    program.write_config(["c9qone"], url="postgresql://u:canary@db.invalid/d")

    ended = await program.run("check", "--output", "json")

    texts = [finding["advice"] for finding in ended.json()["findings"] if "db.invalid: sslmode" in finding["text"]]
    assert texts == ["add sslmode=verify-full and sslrootcert to the database's URL"]
    assert "server.unverified" not in ended.stderr
