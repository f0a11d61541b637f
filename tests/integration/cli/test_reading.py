"""The read side, as a role that may do nothing else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import asyncpg
import pytest

from collector.config import DatabaseSettings
from collector.errors import DatabaseRefused, DatabaseUnavailable, SchemaError
from collector.store.reading import read_example, read_freshness, read_server

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

AT_ONCE = DatabaseSettings(wait_s=0.0)
COLUMNS = "cluster_id, service, source, managed, max_age, observation_max_age"


async def add_cluster(db: Connection, cluster_id: str) -> None:
    """Register a cluster that was never seen."""
    await db.execute(
        f"INSERT INTO collector.cluster ({COLUMNS}) VALUES ($1, 'opensearch', 'config', true, '26 h', '2 h')",  # noqa: S608
        cluster_id,
    )


async def test_a_standby_or_a_read_only_database_can_be_read(db: Connection, migrated_url: str) -> None:
    """Writing is not asked for; a check says that it would not be possible."""
    await add_cluster(db, "c9qone")
    url = f"{migrated_url}?default_transaction_read_only=on"

    rows = await read_freshness(url, AT_ONCE)
    server = await read_server(url, AT_ONCE)

    assert [(row.cluster_id, row.verdict, row.observed_at) for row in rows] == [("c9qone", "unknown", None)]
    assert (server.takes_writes, server.may_write) == (False, True)


async def test_no_inventory_is_a_schema_error(database_url: str) -> None:
    """The message says what to run; the server itself can be asked all the same."""
    with pytest.raises(SchemaError, match="run `collector migrate`"):
        await read_freshness(database_url, AT_ONCE)

    assert (await read_server(database_url, AT_ONCE)).may_write is None


@pytest.mark.parametrize(
    "old, new, error",
    [
        (r"$", "_absent", DatabaseRefused),
        (r"//collector:", "//collector:not", DatabaseRefused),
        (r"@[^/]+", "@127.0.0.1:1", DatabaseUnavailable),
    ],
    ids=["absent", "password", "nobody"],
)
async def test_a_server_that_does_not_let_us_in_is_told_apart_from_none(
    migrated_url: str, old: str, new: str, error: type[Exception]
) -> None:
    """A person must act, or time will help."""
    url = re.sub(old, new, migrated_url)

    with pytest.raises(error):
        await read_freshness(url, AT_ONCE)


@pytest.mark.parametrize("name", ["example_not_seen", "example_gone", "example_index"])
async def test_the_example_queries_run_on_the_public_views(migrated_url: str, name: str) -> None:
    """Each has a question for people and touches schema `inventory` only."""
    example = await read_example(migrated_url, AT_ONCE, name)  # type: ignore[arg-type]

    assert example.question.endswith("?")
    assert example.sql.startswith("SELECT")
    assert "collector." not in example.sql
    assert example.rows == []
