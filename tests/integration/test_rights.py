"""What the role of a writer must be allowed, and no more: `collector check` names exactly that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.config import DatabaseSettings
from collector.store.reading import read_server
from tests.deleting import FOLDER
from tests.sweeping import World

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

ROLE = "rights_test_writer"
AT_ONCE = DatabaseSettings(wait_s=0.0)


@pytest.fixture
async def writer_url(db: Connection, migrated_url: str) -> AsyncIterator[str]:
    """Yield the URL of a role that may look into schema collector, and nothing else."""
    await db.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'writer'; GRANT USAGE ON SCHEMA collector TO {ROLE}")
    parts = urlsplit(migrated_url)
    place = parts.netloc.rpartition("@")[2]
    yield urlunsplit(parts._replace(netloc=f"{ROLE}:writer@{place}"))
    await db.execute(f"DROP OWNED BY {ROLE}; DROP ROLE {ROLE}")


async def test_the_rights_that_are_named_are_enough_for_a_sweep_with_a_discovery(
    world: World, db: Connection, writer_url: str
) -> None:
    """Of a role without any, all are lacking; when just these are granted, none is, and it can sweep."""
    world.discovery, world.url = ({"folder": FOLDER},), writer_url
    lacking = (await read_server(writer_url, AT_ONCE)).lacking
    for right in lacking:
        await db.execute(f"GRANT {right.replace(' ON ', ' ON SEQUENCE ') if '_seq' in right else right} TO {ROLE}")

    server = await read_server(writer_url, AT_ONCE)
    summaries = [await world.sweep() for _ in range(2)]

    assert (server.may_write, server.lacking) == (True, ())
    assert [summary.outcome for summary in summaries] == ["complete", "complete"]


@pytest.mark.parametrize(
    "right",
    [
        "UPDATE ON collector.discovery_source",
        "INSERT ON collector.discovery",
        "UPDATE ON collector.discovered_cluster",
        "INSERT ON collector.cluster_change",
        "USAGE ON collector.discovery_id_seq",
        "INSERT ON collector.lease",
        "UPDATE ON collector.probe",
    ],
)
async def test_a_right_that_a_writer_lacks_is_named(db: Connection, writer_url: str, right: str) -> None:
    """Also those that only a discovery or the service needs."""
    await db.execute(
        f"GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA collector TO {ROLE};"
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA collector TO {ROLE};"
        f"REVOKE {right.replace(' ON ', ' ON SEQUENCE ') if '_seq' in right else right} FROM {ROLE}"
    )

    assert (await read_server(writer_url, AT_ONCE)).lacking == (right,)
