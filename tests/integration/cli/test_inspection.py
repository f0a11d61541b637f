"""What a check finds wrong with a real database."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from pydantic import SecretStr

from collector.cli.findings import Finding
from collector.cli.inspection import inspect_database, remembered_folders
from collector.config.clusters import ClusterSettings
from collector.config.model import Config
from collector.records import ClusterId
from tests.builders import patient_settings, record, store_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ROLE = "collector_test_inspected"
LOGIN = f"{ROLE}:secret"


def config_with(**database: Any) -> Config:
    """Compose a configuration with these database settings."""
    return Config(database=patient_settings(**database), clusters=(ClusterSettings(id=ClusterId("c9qone")),))


async def inspected(url: str, **database: Any) -> list[Finding]:
    """Inspect a database."""
    return [finding async for finding in inspect_database(config_with(**database), url)]


def as_role(url: str) -> str:
    """Write the URL for the lesser role."""
    return re.sub(r"//[^@]+@", f"//{LOGIN}@", url)


@pytest.fixture
async def lesser_url(fresh_url: str) -> str:
    """Return the URL of a migrated database for a role that may only connect."""
    connection = await asyncpg.connect(fresh_url)
    try:
        await connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
        await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'secret'")
        await connection.execute(f"GRANT USAGE ON SCHEMA collector TO {ROLE}")
        await connection.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA collector TO {ROLE}")
        await connection.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA collector TO {ROLE}")
    finally:
        await connection.close()
    return as_role(fresh_url)


async def drop_role(url: str) -> None:
    """Take the lesser role away again."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")
    finally:
        await connection.close()


async def test_a_sound_database_is_one_finding(migrated_url: str) -> None:
    """Version, encoding and the schema's version, and nothing to do."""
    (finding,) = await inspected(migrated_url)

    assert finding.status == "ok"
    assert re.fullmatch(r"PostgreSQL \d+\.\d+.*, UTF8, schema version \d+, installation [0-9a-f-]{36}", finding.text)


async def test_missing_rights_are_named_one_by_one(lesser_url: str, fresh_url: str) -> None:
    """So that they can be granted; reading and inserting are not enough to write an inventory."""
    (finding,) = await inspected(lesser_url)
    await drop_role(fresh_url)

    assert finding.exit_code == 2
    assert "lacks UPDATE ON collector.sweep, UPDATE ON collector.cluster" in finding.text
    assert "INSERT" not in finding.text
    assert "GRANT" in (finding.advice or "")


async def test_an_empty_database_is_migrated_by_the_next_run(database_url: str) -> None:
    """Nothing is amiss where the role may do it."""
    (finding,) = await inspected(database_url)

    assert finding.status == "ok"
    assert "the next run applies them" in finding.text


async def test_pending_migrations_that_nobody_may_apply_are_exit_2(fresh_url: str, database_url: str) -> None:
    """A role without the right to create schemas would fail at its first run."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"DROP ROLE IF EXISTS {ROLE}")
    await connection.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'secret'")
    await connection.close()

    lesser = await inspected(as_role(database_url))
    greater = await inspected(as_role(database_url), migrate_url=SecretStr(database_url))
    by_hand = await inspected(database_url, auto_migrate=False)
    await drop_role(fresh_url)

    assert [finding.exit_code for finding in (*lesser, *greater, *by_hand)] == [2, 0, 2]
    assert "may not create schemas" in lesser[0].text
    assert "run `collector migrate`" in by_hand[0].text


async def test_migrations_through_a_transaction_pooler_are_refused_where_they_are_pending(
    migrated_url: str, database_url: str
) -> None:
    """Their lock would be lost; where nothing is pending it is a warning for the next upgrade."""
    (pending,) = await inspected(database_url, transaction_pooler=True)
    fine, doubt = await inspected(migrated_url, transaction_pooler=True)
    (direct,) = await inspected(migrated_url, transaction_pooler=True, migrate_url=SecretStr(migrated_url))

    assert [finding.status for finding in (pending, fine, doubt, direct)] == ["failed", "ok", "warning", "ok"]
    assert "database.migrate_url" in (pending.advice or "")
    assert "database.migrate_url" in (doubt.advice or "")


async def test_a_read_only_database_is_unavailable(migrated_url: str) -> None:
    """A standby may become the primary: trying again is not pointless."""
    (finding,) = await inspected(f"{migrated_url}?default_transaction_read_only=on")

    assert (finding.exit_code, "takes no writes" in finding.text) == (3, True)


async def test_a_server_that_is_not_there_is_a_finding() -> None:
    """Not an exception: the credential and the clusters are looked at all the same."""
    (finding,) = await inspected("postgresql://x@127.0.0.1:9/none", wait_s=0.0)

    assert (finding.item, finding.exit_code, finding.error) == ("database", 3, "database_unavailable")


async def test_the_inventory_remembers_folders(migrated_url: str, database_url: str) -> None:
    """From the backups, where the configuration says nothing; an empty database remembers none."""
    async with store_of(migrated_url) as rig:
        await rig.merge([record("old", folderId="b1gold", createdAt="2026-01-01T00:00:00Z"), record("new")])

    assert await remembered_folders(config_with(), migrated_url) == {"c9qcluster": "b1gfolder"}
    assert await remembered_folders(config_with(), database_url) == {}
