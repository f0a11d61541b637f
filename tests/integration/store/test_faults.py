"""What breaks between the store and PostgreSQL: every wait ends, and what is stored is one listing or the other."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
import stamina

from collector.embedded import EmbeddedServer
from collector.errors import DatabaseUnavailable
from collector.records import Counts
from collector.store.merge import COPY_MIN
from collector.store.migrations import migrate
from tests.builders import (
    OTHER,
    numbered,
    open_store,
    outcomes,
    records,
    states,
    store_of,
)
from tests.postgres import chosen_binaries
from tests.proxy import Proxy
from tests.sessions import sessions_of, until_waiting

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_hurried")


@pytest.fixture(scope="module")
def own_server() -> Iterator[EmbeddedServer]:
    """Yield a server that tests may break: crash-safe, and not the one that others use."""
    directory = Path(mkdtemp(prefix="collector-test-pg-"))
    try:
        with EmbeddedServer.start(directory, binaries=chosen_binaries(), durable="yes") as server:
            yield server
    finally:
        shutil.rmtree(directory)


async def test_a_frozen_server_holds_nobody_for_long(proxy: Proxy, db: Connection) -> None:
    """A merge and a ledger row each end by their own limit; after the thaw the same store works."""
    async with store_of(proxy.url, command_timeout_s=0.2, connect_timeout_s=0.2) as rig:
        await rig.merge(records("a"))
        listing = await rig.begin()
        proxy.freeze()

        async with asyncio.timeout(4):
            with pytest.raises(DatabaseUnavailable):
                await rig.end(listing, records("b"))
        async with asyncio.timeout(2):
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

            async with asyncio.timeout(4):
                with pytest.raises(DatabaseUnavailable):
                    await rig.begin()


async def test_a_cancelled_merge_leaves_at_once_and_nothing_behind(proxy: Proxy, db: Connection) -> None:
    """A stop does not wait for a server that does not answer, and the transaction is gone."""
    async with store_of(proxy.url) as rig:
        await rig.merge(records("a"))
        await db.execute("BEGIN; LOCK collector.backup IN ACCESS EXCLUSIVE MODE")
        merging = asyncio.create_task(rig.merge(numbered(COPY_MIN)))
        await until_waiting(db)

        merging.cancel()
        async with asyncio.timeout(2):
            with pytest.raises(asyncio.CancelledError):
                await merging
        await db.execute("ROLLBACK")
        result = await rig.merge(records("a"))

    assert result.counts == Counts(unchanged=1)
    assert await states(db) == {"a": "live"}


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
    """The listing fails after the lock's time-out, other clusters go on meanwhile, and afterwards all is well."""
    async with store_of(migrated_url, lock_timeout_s=0.3) as rig:
        await rig.merge(records("a"))
        async with db.transaction():
            await db.execute(lock)

            async with asyncio.timeout(8):
                with pytest.raises(DatabaseUnavailable, match="55P03"):
                    await rig.merge(numbered(count))
            if "collector.cluster" in lock:
                other = await rig.merge(records("a", cluster=OTHER), cluster=OTHER)
                assert other.outcome == "complete"
        result = await rig.merge(records("a"))

    assert result.counts == Counts(unchanged=1)
    assert await states(db) == {"a": "live"}


async def test_a_server_that_dies_in_the_middle_of_a_merge_keeps_the_old_listing(own_server: EmbeddedServer) -> None:
    """An immediate shutdown under a merge that waits for a lock: the old rows stand, and it is merged again."""
    url = own_server.create_database("dies")
    await migrate(url)
    async with Proxy(url) as proxy, store_of(proxy.url, connect_timeout_s=30.0, lock_timeout_s=30.0) as rig:
        await rig.merge(records("a"))
        holder = await asyncpg.connect(url)
        await holder.execute("BEGIN; LOCK collector.backup_change IN ACCESS EXCLUSIVE MODE")
        merging = asyncio.create_task(rig.merge(numbered(COPY_MIN)))
        await until_waiting(holder)

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
    """A demoted primary answers on; only a new connection can find the new one."""
    url = own_server.create_database("demoted")
    await migrate(url)
    admin = await asyncpg.connect(own_server.url)
    async with store_of(url, connect_timeout_s=1.0) as rig:
        await rig.merge(records("a"))
        before = await sessions_of(admin, "demoted")

        await _set_read_only(admin, "on")
        async with asyncio.timeout(8):
            with pytest.raises(DatabaseUnavailable):
                await rig.merge(records("a", "b"))
        with pytest.raises(DatabaseUnavailable):
            await open_store(url, connect_timeout_s=1.0).open()
        await _set_read_only(admin, "off")
        result = await rig.merge(records("a", "b"))
        after = await sessions_of(admin, "demoted")

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
    async with asyncio.timeout(5):
        while await _effective(admin) != value:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0)


async def _effective(admin: Connection) -> Any:
    await admin.execute("RESET default_transaction_read_only")
    value = await admin.fetchval("SHOW default_transaction_read_only")
    await admin.execute("SET default_transaction_read_only = off")
    return value
