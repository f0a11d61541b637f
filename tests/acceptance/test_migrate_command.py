"""`collector migrate`: what is listed, what is applied, and where."""

from __future__ import annotations

from tests.acceptance.program import Program
from tests.ports import free_port


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
