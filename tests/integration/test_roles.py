"""The four roles: that they are made, that each has its rights and no other, and that no migration fails over them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.store.migrations import find_migrations, migrate
from tests.logins import as_login, login
from tests.postgres import scratch_database, scratch_server

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CHECK: Final = (Path(__file__).parents[2] / "docs" / "howto" / "check_roles.sql").read_text(encoding="utf-8")
ROLES: Final = ("collector_migrator", "collector_owner", "collector_reader", "collector_writer")
OWNERS: Final = """
SELECT DISTINCT relowner::regrole::text FROM pg_class
WHERE relnamespace IN ('collector'::regnamespace, 'inventory'::regnamespace)
UNION
SELECT proowner::regrole::text FROM pg_proc
WHERE pronamespace IN ('collector'::regnamespace, 'inventory'::regnamespace)
UNION
SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname IN ('collector', 'inventory')
"""


@pytest.fixture
async def own(fresh_url: str) -> AsyncIterator[Connection]:
    """Yield a connection to a migrated database of the test's own."""
    connection = await asyncpg.connect(fresh_url)
    await connection.execute("SELECT collector.grant_rights()")  # a copied database has not the rights of its template
    yield connection
    await connection.close()


async def test_every_role_is_refused_what_it_must_not_do(own: Connection) -> None:
    """The script of the how-to tries it all, and finds nothing."""
    heard: list[str] = []
    own.add_log_listener(lambda _, message: heard.append(str(message)))

    await own.execute(CHECK)

    assert [line for line in heard if "were refused" in line]


@pytest.mark.parametrize(
    "too_much, complaint",
    [
        ("GRANT DELETE ON collector.backup TO collector_writer", "collector_writer may: DELETE FROM collector.backup"),
        ("GRANT TEMPORARY ON DATABASE {} TO PUBLIC", "collector_reader may: CREATE TEMPORARY TABLE"),
        (
            "GRANT USAGE ON SCHEMA collector TO collector_reader; GRANT SELECT ON collector.backup TO collector_reader",
            "collector_reader may: SELECT FROM collector.backup",
        ),
        ("GRANT UPDATE ON collector.migration TO PUBLIC", "collector_writer may: UPDATE collector.migration"),
    ],
    ids=["delete", "temporary", "tables", "migration"],
)
async def test_a_right_too_many_is_named_by_the_script(own: Connection, too_much: str, complaint: str) -> None:
    """It can fail, and says why."""
    await own.execute(too_much.format(await own.fetchval("SELECT current_database()")))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match=complaint):
        await own.execute(CHECK)


async def test_the_owner_owns_all_and_nobody_logs_in_as_a_role(own: Connection) -> None:
    """What a superuser migrated is no superuser's: views and functions act with the owner's rights."""
    owners = await own.fetch(OWNERS)
    roles = await own.fetch(
        "SELECT rolname, rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls FROM pg_roles "
        "WHERE rolname LIKE 'collector!_%' ESCAPE '!' AND rolname = ANY($1) ORDER BY rolname",
        ROLES,
    )

    assert [row[0] for row in owners] == ["collector_owner"]
    assert [tuple(row) for row in roles] == [(role, False) for role in ROLES]


async def test_many_databases_of_one_server_migrate_at_once(postgres: EmbeddedServer) -> None:
    """Roles are the server's; whoever is faster makes them, and nobody fails."""
    names = [f"roles_{number}" for number in range(3)]
    urls = [postgres.create_database(name) for name in names]

    plans = await asyncio.gather(*(migrate(url) for url in urls))

    administrator = await asyncpg.connect(postgres.url)
    for name in names:
        await administrator.execute(f"DROP DATABASE {name}")
    await administrator.close()
    assert {len(plan.pending) for plan in plans} == {len(find_migrations())}


async def test_what_a_later_migration_makes_is_covered(own: Connection, fresh_url: str) -> None:
    """Its tables and views belong to the owner, and each role has its rights on them, once it was migrated."""
    await own.execute(
        "CREATE TABLE collector.later (x integer); CREATE VIEW inventory.later AS TABLE collector.later; "
        "CREATE FUNCTION collector.later() RETURNS integer LANGUAGE sql RETURN 1"
    )

    await migrate(fresh_url)

    rights = await own.fetchrow(
        "SELECT has_table_privilege('collector_writer', 'collector.later', 'INSERT'), "
        "has_table_privilege('collector_writer', 'collector.later', 'DELETE'), "
        "has_table_privilege('collector_reader', 'inventory.later', 'SELECT'), "
        "has_table_privilege('collector_reader', 'collector.later', 'SELECT'), "
        "has_function_privilege('collector_writer', 'collector.later()', 'EXECUTE')"
    )
    assert rights is not None
    assert tuple(rights) == (True, False, True, False, False)
    assert [row[0] for row in await own.fetch(OWNERS)] == ["collector_owner"]


async def test_a_role_that_may_make_roles_need_be_no_superuser() -> None:
    """On a server that has none it makes them, gives the owner all, and can go on working with it."""
    with scratch_server() as server:
        administrator = await asyncpg.connect(url := server.create_database("fresh"))
        await administrator.execute(
            "CREATE ROLE maker LOGIN PASSWORD 'login' CREATEROLE; ALTER DATABASE fresh OWNER TO maker"
        )
        maker = as_login(url, "maker")

        await migrate(maker, to=2)
        await migrate(maker)
        again = await migrate(maker)

        owners = await administrator.fetch(OWNERS)
        await administrator.execute(CHECK)
        await administrator.close()
    assert [row[0] for row in owners] == ["collector_owner"]
    assert again.pending == ()


@pytest.mark.usefixtures("own")
async def test_a_role_that_may_make_no_roles_migrates_all_the_same(postgres: EmbeddedServer) -> None:
    """It keeps what it made, and the roles that exist get their rights on it."""
    async with (
        scratch_database(postgres) as url,
        login(postgres, url, "") as plain,
    ):
        administrator = await asyncpg.connect(url)
        name = plain.split("//")[1].split(":")[0]
        await administrator.execute(f"GRANT CREATE ON DATABASE {url.rpartition('/')[2]} TO {name}")

        await migrate(plain)

        owners = await administrator.fetch(OWNERS)
        reads = await administrator.fetchval(
            "SELECT has_table_privilege('collector_reader', 'inventory.backups', 'SELECT')"
        )
        await administrator.close()
    assert [row[0] for row in owners] == [name]
    assert reads


@pytest.mark.usefixtures("own")
async def test_a_member_of_the_migrator_migrates_from_nothing_and_again(postgres: EmbeddedServer) -> None:
    """It needs the right to create schemas once; then the owner has it, and owns what it made."""
    async with (
        scratch_database(postgres) as url,
        login(postgres, url, "IN ROLE collector_migrator") as migrator,
    ):
        administrator = await asyncpg.connect(url)
        await administrator.execute(f"GRANT CREATE ON DATABASE {url.rpartition('/')[2]} TO collector_owner")

        first = await migrate(migrator, to=3)
        rest = await migrate(migrator)
        again = await migrate(migrator)

        owners = await administrator.fetch(OWNERS)
        await administrator.close()
    assert (len(first.pending), rest.applied, again.pending) == (3, 3, ())
    assert [row[0] for row in owners] == ["collector_owner"]


async def test_roles_that_come_later_get_their_rights_from_the_next_migrate(own: Connection, fresh_url: str) -> None:
    """As where a provider makes them: nothing is pending, and the rights are given all the same."""
    await own.execute(
        "REVOKE ALL ON ALL TABLES IN SCHEMA inventory FROM collector_reader; "
        "REVOKE USAGE ON SCHEMA inventory FROM collector_reader"
    )

    plan = await migrate(fresh_url)

    assert plan.pending == ()
    assert await own.fetchval(
        "SELECT has_schema_privilege('collector_reader', 'inventory', 'USAGE') "
        "AND has_table_privilege('collector_reader', 'inventory.backups', 'SELECT')"
    )
