"""Opening and closing a store: what it refuses to work on, and that it leaves nothing behind."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.errors import DatabaseRefused, DatabaseUnavailable, SchemaError
from collector.store.merge import COPY_MIN
from tests.builders import (
    CLUSTER,
    OTHER,
    numbered,
    open_store,
    record,
    records,
    store_of,
)
from tests.proxy import Proxy
from tests.sessions import gone, sessions_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


pytestmark = pytest.mark.usefixtures("_hurried")


async def test_a_store_closes_within_seconds_of_a_freeze(proxy: Proxy) -> None:
    """Kubernetes' patience is not ours to spend."""
    store = await open_store(proxy.url).open()
    proxy.freeze()

    async with asyncio.timeout(4):
        await store.__aexit__(None, None, None)


def _with(url: str, *, password: str | None = None, database: str | None = None, port: int | None = None) -> str:
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(url)
    netloc = f"{parts.username}:{password or parts.password}@{parts.hostname}:{port or parts.port}"
    return urlunsplit(parts._replace(netloc=netloc, path=f"/{database}" if database else parts.path))


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"password": "wrong"}, DatabaseRefused),
        ({"database": "nowhere"}, DatabaseRefused),
        ({"port": 1}, DatabaseUnavailable),
    ],
    ids=["password", "database", "port"],
)
async def test_what_only_a_person_can_mend_is_told_from_what_time_may(
    migrated_url: str, changes: dict[str, Any], error: type[Exception]
) -> None:
    """A wrong password is refused at once; a server that is not there is merely not there. No secret is told."""
    url = _with(migrated_url, **changes)

    with pytest.raises(error) as caught:
        await open_store(url).open()

    assert "wrong" not in str(caught.value)
    assert str(_password(migrated_url)) not in str(caught.value)


def _password(url: str) -> str | None:
    from urllib.parse import urlsplit

    return urlsplit(url).password


@pytest.mark.parametrize("fault", ["encoding", "no-schema"])
async def test_a_database_that_cannot_be_used_is_left_without_a_session(
    postgres: EmbeddedServer, database_url: str, fault: str
) -> None:
    """The wrong encoding and the wrong schema are a person's to mend; no connection stays behind."""
    admin = await asyncpg.connect(postgres.url)
    name = f"left_{fault.replace('-', '_')}"
    options = "ENCODING 'SQL_ASCII' LOCALE 'C'" if fault == "encoding" else ""
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")

    with pytest.raises(SchemaError, match="encoding is SQL_ASCII" if fault == "encoding" else "pending"):
        await open_store(_with(database_url, database=name)).open()
    left = await gone(admin, name)

    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
    assert left == set()


async def test_a_store_opens_only_on_the_installation_that_is_named(migrated_url: str, db: Connection) -> None:
    """The connections that write are asked too, for of several hosts they may have found another; none stays open."""
    here = await db.fetchval("SELECT installation_id FROM collector.installation")
    named = uuid4()

    async with open_store(migrated_url, installation=here):
        pass
    with pytest.raises(SchemaError, match=f"is installation {here}, the configuration names {named}"):
        await open_store(migrated_url, installation=named).open()

    assert await gone(db, await db.fetchval("SELECT current_database()")) == set()


async def test_a_closed_store_leaves_no_session_and_no_lock(migrated_url: str, db: Connection) -> None:
    """Nothing of ours stays on the server."""
    async with store_of(migrated_url) as rig:
        await asyncio.gather(rig.merge(numbered(COPY_MIN)), rig.merge(records("a", cluster=OTHER), cluster=OTHER))
    database = await db.fetchval("SELECT current_database()")

    left = await gone(db, database)

    assert left == set()
    assert await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_change_of_the_schema_under_a_running_store_loses_no_listing(fresh_url: str) -> None:
    """A cached plan that no longer fits is made anew."""
    admin = await asyncpg.connect(fresh_url)
    async with store_of(fresh_url, pool_size=1) as rig:
        for number in range(3):
            result = await rig.merge([record("a", sizeBytes=number), *numbered(COPY_MIN * (number % 2))])
            await admin.execute(f"ALTER TABLE collector.backup ADD COLUMN added_{number} text")
            assert result.outcome in ("complete", "held")
            assert (await rig.confirm(numbered(1), cluster=CLUSTER)) is None

        listed = await rig.merge([record("a", sizeBytes="9")], absence="allowed")

    await admin.close()
    assert listed.outcome == "complete"


async def test_the_pool_is_not_larger_than_configured(migrated_url: str, db: Connection) -> None:
    """However much is asked at once."""
    async with store_of(migrated_url, pool_size=2) as rig:
        await asyncio.gather(
            *(rig.merge(numbered(70, start=number), absence="allowed") for number in range(4)),
            return_exceptions=True,
        )
        database = await db.fetchval("SELECT current_database()")
        sessions = await sessions_of(db, database)

    assert len(sessions) == 2
