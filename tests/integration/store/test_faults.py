"""What breaks between the store and PostgreSQL: every wait ends, and what is stored is one listing or the other."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import stamina

from collector.embedded import EmbeddedServer
from collector.errors import DatabaseRefused, DatabaseUnavailable, SchemaError
from collector.records import Counts
from collector.store.merge import COPY_MIN
from collector.store.migrations import migrate
from collector.store.pool import APPLICATION_NAME
from tests.builders import (
    CLUSTER,
    OTHER,
    Rig,
    digest_of,
    history,
    numbered,
    open_store,
    outcomes,
    record,
    records,
    states,
    store_of,
)
from tests.postgres import chosen_binaries
from tests.proxy import Moment, Proxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")


@pytest.fixture
async def proxy(migrated_url: str) -> AsyncIterator[Proxy]:
    """Yield a proxy in front of the database."""
    async with Proxy(migrated_url) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """Yield a server that tests may break: crash-safe, and not the one that others use."""
    directory = Path(mkdtemp(prefix="collector-test-pg-"))
    try:
        with EmbeddedServer.start(directory, binaries=chosen_binaries(), durable="yes") as server:
            yield server
    finally:
        shutil.rmtree(directory)


@asynccontextmanager
async def ends_within(limit_s: float) -> AsyncIterator[None]:
    """Fail when what is inside takes longer."""
    async with asyncio.timeout(limit_s):
        yield


MARK = "b-marked"

PATHS = pytest.mark.parametrize(
    "listed, pattern",
    [([record("a", sizeBytes="7"), record(MARK)], MARK.encode()), (numbered(COPY_MIN), b"COMMIT")],
    ids=["statement", "copy"],
)


@PATHS
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_lost_connection_around_the_commit_ends_with_exactly_one_merge(
    proxy: Proxy, db: Connection, *, listed: list[bytes], pattern: bytes, moment: Moment
) -> None:
    """Whether the server committed or not: the result is the same, and so is the history (E3)."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        proxy.cut(moment, pattern)

        merging = asyncio.create_task(rig.merge(listed))
        await proxy.was_cut()
        committed = await outcomes(db)
        proxy.thaw()
        result = await merging

    assert committed == ["complete"] * (2 if moment == "after" else 1)
    assert await outcomes(db) == ["complete"] * 2
    assert result.outcome == "complete"
    assert result.counts == (
        Counts(inserted=1, updated=1) if pattern == MARK.encode() else Counts(inserted=COPY_MIN, missing=1)
    )
    assert await history(db) == [("a", "changed" if pattern == MARK.encode() else "missing")]


async def test_a_commit_whose_answer_was_lost_is_found_behind_a_newer_listing(
    proxy: Proxy, migrated_url: str, db: Connection
) -> None:
    """What the ledger calls complete is complete, also where another listing came before the second look."""
    async with store_of(migrated_url) as other, store_of(proxy.url) as rig:
        proxy.cut("after", MARK.encode())

        merging = asyncio.create_task(rig.merge(records("a", MARK)))
        await proxy.was_cut()
        await other.merge(records("a"))
        proxy.thaw()
        result = await merging

    assert await outcomes(db) == ["complete"] * 2
    assert (result.outcome, result.counts) == ("complete", Counts(inserted=2))


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_confirmation_whose_answer_was_lost_is_made_exactly_once(
    proxy: Proxy, db: Connection, moment: Moment
) -> None:
    """The short cut tries again like a merge, and finds what was committed (E3)."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        proxy.cut(moment, digest_of(records("a")))

        confirming = asyncio.create_task(rig.confirm(records("a")))
        await proxy.was_cut()
        proxy.thaw()
        result = await confirming

    assert result is not None
    assert (result.outcome, result.counts) == ("complete", Counts(unchanged=1))
    assert await outcomes(db) == ["complete"] * 2


@pytest.mark.parametrize("count", [1, COPY_MIN], ids=["statement", "copy"])
async def test_a_merge_outlives_the_end_of_its_session(rig: Rig, db: Connection, count: int) -> None:
    """An administrator, or a shutdown, ends all sessions: the merge is done again on a new one (57P01)."""
    await rig.merge(records("a"))
    await _end_sessions(db)

    result = await rig.merge([*records("a"), *numbered(count)])

    assert result.counts == Counts(inserted=count, unchanged=1)


async def test_a_short_cut_outlives_the_end_of_its_session(rig: Rig, db: Connection) -> None:
    """A broken connection does not fail every cluster whose confirmation it carried."""
    await rig.merge(records("a"))
    await rig.merge(records("a", cluster=OTHER), cluster=OTHER)
    listings = [await rig.begin(), await rig.begin(OTHER)]
    await _end_sessions(db)

    results = await asyncio.gather(
        rig.end_confirmed(listings[0], records("a")),
        rig.end_confirmed(listings[1], records("a", cluster=OTHER)),
    )

    assert [result and result.outcome for result in results] == ["complete"] * 2


async def test_a_fence_is_drawn_on_a_new_session_when_the_old_one_ended(rig: Rig, db: Connection) -> None:
    """Drawing waits for a database that comes back."""
    await rig.begin()
    await _end_sessions(db)

    listing = await rig.begin()

    assert listing.id > 0


async def _end_sessions(db: Connection) -> None:
    await db.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_a_frozen_server_holds_nobody_for_long(proxy: Proxy, db: Connection) -> None:
    """A merge and a ledger row each end by their own limit; after the thaw the same store works (E5)."""
    async with store_of(proxy.url, command_timeout_s=0.2, connect_timeout_s=0.2) as rig:
        await rig.merge(records("a"))
        listing = await rig.begin()
        proxy.freeze()

        async with ends_within(4):
            with pytest.raises(DatabaseUnavailable):
                await rig.end(listing, records("b"))
        async with ends_within(2):
            failed = await rig.store.record_failure(listing, DatabaseUnavailable("no answer"))
        proxy.thaw()
        result = await rig.merge(records("a"))

    assert (failed.outcome, failed.error) == ("failed", "database_unavailable")
    assert result.outcome == "complete"
    assert await states(db) == {"a": "live"}


async def test_a_fence_is_waited_for_as_long_as_configured(proxy: Proxy) -> None:
    """Then the sweep is told that there is no database."""
    with stamina.set_testing(testing=False):
        async with store_of(proxy.url, command_timeout_s=0.2, connect_timeout_s=0.2, wait_s=0.3) as rig:
            proxy.freeze()

            async with ends_within(4):
                with pytest.raises(DatabaseUnavailable):
                    await rig.begin()


async def test_a_store_closes_within_seconds_of_a_freeze(proxy: Proxy) -> None:
    """Kubernetes' patience is not ours to spend."""
    store = await open_store(proxy.url).open()
    proxy.freeze()

    async with ends_within(4):
        await store.__aexit__(None, None, None)


async def test_a_cancelled_merge_leaves_at_once_and_nothing_behind(proxy: Proxy, db: Connection) -> None:
    """A stop does not wait for a server that does not answer, and the transaction is gone."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        await db.execute("BEGIN; LOCK collector.backup IN ACCESS EXCLUSIVE MODE")
        merging = asyncio.create_task(rig.merge(numbered(COPY_MIN)))
        await _until_waiting(db)

        merging.cancel()
        async with ends_within(2):
            with pytest.raises(asyncio.CancelledError):
                await merging
        await db.execute("ROLLBACK")
        result = await rig.merge(records("a"))

    assert result.counts == Counts(unchanged=1)
    assert await states(db) == {"a": "live"}


async def _until_waiting(db: Connection) -> None:
    """Wait until a session of the store waits for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'"
    async with ends_within(5):
        while not await db.fetchval(query, APPLICATION_NAME):
            await db.execute("SELECT pg_stat_clear_snapshot()")
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "lock",
    [
        "SELECT FROM collector.cluster WHERE cluster_id = 'c9qcluster' FOR UPDATE",
        "LOCK collector.backup_change IN ACCESS EXCLUSIVE MODE",
    ],
    ids=["row", "table"],
)
@pytest.mark.parametrize("count", [1, COPY_MIN], ids=["statement", "copy"])
async def test_a_lock_that_another_holds_is_waited_for_in_bounds(
    migrated_url: str, db: Connection, *, lock: str, count: int
) -> None:
    """The listing fails after the lock's time-out, other clusters go on meanwhile, and afterwards all is well (E7)."""
    async with store_of(migrated_url, lock_timeout_s=0.3) as rig:
        await rig.merge(records("a"))
        async with db.transaction():
            await db.execute(lock)

            async with ends_within(8):
                with pytest.raises(DatabaseUnavailable, match="55P03"):
                    await rig.merge(numbered(count))
            if "collector.cluster" in lock:
                other = await rig.merge(records("a", cluster=OTHER), cluster=OTHER)
                assert other.outcome == "complete"
        result = await rig.merge(records("a"))

    assert result.counts == Counts(unchanged=1)
    assert await states(db) == {"a": "live"}


async def test_a_server_that_dies_in_the_middle_of_a_merge_keeps_the_old_listing(own_server: EmbeddedServer) -> None:
    """An immediate shutdown under a merge that waits for a lock: the old rows stand, and it is merged again (E2)."""
    url = own_server.create_database("dies")
    await migrate(url)
    async with Proxy(url) as proxy, store_of(proxy.url, connect_timeout_s=30.0, lock_timeout_s=30.0) as rig:
        await rig.merge(records("a"))
        holder = await asyncpg.connect(url)
        await holder.execute("BEGIN; LOCK collector.backup_change IN ACCESS EXCLUSIVE MODE")
        merging = asyncio.create_task(rig.merge(numbered(COPY_MIN)))
        await _until_waiting(holder)

        with restarted(own_server, proxy):
            holder.terminate()
        watcher = await asyncpg.connect(url)
        survived = await states(watcher)
        proxy.thaw()
        result = await merging

        assert survived == {"a": "live"}
        assert result.counts == Counts(inserted=COPY_MIN, missing=1)
        assert await outcomes(watcher) == ["complete"] * 2
        await watcher.close()


class restarted:  # noqa: N801 - reads as a verb
    """Kill a server as a crash would, and start it again on its port; who connects meanwhile waits in the proxy."""

    def __init__(self, server: EmbeddedServer, proxy: Proxy) -> None:
        """Take the server, and the proxy in front of it."""
        self._server = server
        self._proxy = proxy

    def __enter__(self) -> None:
        self._proxy.freeze()
        os.kill(self._server.pid, signal.SIGQUIT)

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        again = EmbeddedServer.start(
            self._server.data_dir,
            binaries=chosen_binaries(),
            settings={"port": str(self._server.port)},
            durable="yes",
        )
        assert again.port == self._server.port
        self._server.pid = again.pid
        self._server._process = again._process


async def test_a_server_that_turns_read_only_is_left_for_a_new_connection(own_server: EmbeddedServer) -> None:
    """A demoted primary answers on; only a new connection can find the new one (E4)."""
    url = own_server.create_database("demoted")
    await migrate(url)
    admin = await asyncpg.connect(own_server.url)
    async with store_of(url, connect_timeout_s=1.0) as rig:
        await rig.merge(records("a"))
        before = await _sessions(admin, "demoted")

        await _set_read_only(admin, "on")
        async with ends_within(8):
            with pytest.raises(DatabaseUnavailable):
                await rig.merge(records("a", "b"))
        with pytest.raises(DatabaseUnavailable):
            await open_store(url, connect_timeout_s=1.0).open()
        await _set_read_only(admin, "off")
        result = await rig.merge(records("a", "b"))
        after = await _sessions(admin, "demoted")

    await admin.close()
    assert result.counts == Counts(inserted=1, unchanged=1)
    assert before
    assert not before & after


async def _set_read_only(admin: Connection, value: str) -> None:
    await admin.execute("SET default_transaction_read_only = off")
    await admin.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
    await admin.execute("SELECT pg_reload_conf()")
    probe = await admin.fetchval("SELECT current_setting('config_file')")
    assert probe
    async with ends_within(5):
        while await _effective(admin) != value:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)


async def _effective(admin: Connection) -> Any:
    await admin.execute("RESET default_transaction_read_only")
    value = await admin.fetchval("SHOW default_transaction_read_only")
    await admin.execute("SET default_transaction_read_only = off")
    return value


async def _sessions(admin: Connection, database: str) -> set[int]:
    query = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND application_name = $2"
    return {row[0] for row in await admin.fetch(query, database, APPLICATION_NAME)}


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
    """A wrong password is refused at once; a server that is not there is merely not there. No secret is told (E10)."""
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
    """The wrong encoding and the wrong schema are a person's to mend; no connection stays behind (E20, E13)."""
    admin = await asyncpg.connect(postgres.url)
    name = f"left_{fault.replace('-', '_')}"
    options = "ENCODING 'SQL_ASCII' LOCALE 'C'" if fault == "encoding" else ""
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")

    with pytest.raises(SchemaError, match="encoding is SQL_ASCII" if fault == "encoding" else "pending"):
        await open_store(_with(database_url, database=name)).open()
    left = await _gone(admin, name)

    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()
    assert left == set()


async def _gone(admin: Connection, name: str) -> set[int]:
    """Read who is still connected; a session that was closed needs a moment to end."""
    for _ in range(200):
        left = await _sessions(admin, name)
        if not left:
            return left
        await asyncio.sleep(0.005)
    return await _sessions(admin, name)


async def test_a_closed_store_leaves_no_session_and_no_lock(migrated_url: str, db: Connection) -> None:
    """Nothing of ours stays on the server (I18)."""
    async with store_of(migrated_url) as rig:
        await asyncio.gather(rig.merge(numbered(COPY_MIN)), rig.merge(records("a", cluster=OTHER), cluster=OTHER))
    database = await db.fetchval("SELECT current_database()")

    left = await _gone(db, database)

    assert left == set()
    assert await db.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0


async def test_a_change_of_the_schema_under_a_running_store_loses_no_listing(fresh_url: str) -> None:
    """A cached plan that no longer fits is made anew (E15)."""
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
    """However much is asked at once (E8)."""
    async with store_of(migrated_url, pool_size=2) as rig:
        await asyncio.gather(
            *(rig.merge(numbered(70, start=number), absence="allowed") for number in range(4)),
            return_exceptions=True,
        )
        database = await db.fetchval("SELECT current_database()")
        sessions = await _sessions(db, database)

    assert len(sessions) == 2
