"""Behind pgbouncer in transaction mode, where a session may change between two statements."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from collector.records import Counts
from collector.store.merge import COPY_MIN
from tests.builders import CLUSTER, OTHER, history, numbered, record, records, states, store_of
from tests.tools import need

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.usefixtures("_listening", "_hurried")

SETTINGS = """
[databases]
{database} = host={host} port={server_port} dbname={database} user={user} password={password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
ignore_startup_parameters = extra_float_digits
"""


@pytest.fixture
def pooled_url(migrated_url: str) -> Iterator[str]:
    """Yield the database's URL through a pooler that has two sessions for all."""
    pgbouncer = need("pgbouncer")
    parts = urlsplit(migrated_url)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    directory = Path(mkdtemp(prefix="collector-test-pooler-"))
    directory.chmod(0o755)
    settings = directory / "pgbouncer.ini"
    settings.write_text(
        SETTINGS.format(
            database=parts.path[1:],
            host=parts.hostname,
            server_port=parts.port,
            user=parts.username,
            password=parts.password,
            port=port,
        )
    )
    # It refuses to serve as root.
    as_somebody = ["-u", "nobody"] if os.geteuid() == 0 else []
    pooler = subprocess.Popen([pgbouncer, *as_somebody, str(settings)], stderr=subprocess.DEVNULL)
    try:
        yield f"postgresql://{parts.username}@127.0.0.1:{port}{parts.path}"
    finally:
        pooler.kill()
        pooler.wait()
        shutil.rmtree(directory)


@pytest.fixture
async def _listening(pooled_url: str) -> None:
    """Wait until the pooler takes connections."""
    port = urlsplit(pooled_url).port
    async with asyncio.timeout(10):
        while not await _answers(port):  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.02)


async def _answers(port: int | None) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def test_listings_are_merged_through_a_transaction_pooler(pooled_url: str, db: Connection) -> None:
    """First loads, changes, confirmations and absences, from two collectors that share two sessions."""
    async with (
        store_of(pooled_url, transaction_pooler=True, pool_size=4) as one,
        store_of(pooled_url, transaction_pooler=True, pool_size=4) as two,
    ):
        loads = await asyncio.gather(
            one.merge(numbered(COPY_MIN)), two.merge(records("a", "b", cluster=OTHER), cluster=OTHER)
        )
        confirmed = await asyncio.gather(
            one.confirm(numbered(COPY_MIN)), two.confirm(records("a", "b", cluster=OTHER), cluster=OTHER)
        )
        for _ in range(4):
            await asyncio.gather(
                one.merge([record("b00000", sizeBytes="7"), *numbered(COPY_MIN - 1, start=1)]),
                two.merge(records("a", cluster=OTHER), cluster=OTHER),
            )

    assert [result.counts for result in loads] == [Counts(inserted=COPY_MIN), Counts(inserted=2)]
    assert [result and result.counts for result in confirmed] == [Counts(unchanged=COPY_MIN), Counts(unchanged=2)]
    assert await states(db, OTHER) == {"a": "live", "b": "vanished"}
    assert await history(db, CLUSTER) == [("b00000", "changed")]


async def test_the_limits_of_the_driver_hold_behind_a_pooler(pooled_url: str, db: Connection) -> None:
    """The pooler takes no limits for a session; a lock is given up all the same."""
    async with store_of(pooled_url, transaction_pooler=True, command_timeout_s=0.3) as rig:
        await rig.merge(records("a"))
        async with db.transaction():
            await db.execute("SELECT FROM collector.cluster FOR UPDATE")

            async with asyncio.timeout(12):
                with pytest.raises(Exception, match="no answer in time"):
                    await rig.merge(records("b"))
        result = await rig.merge(records("a"))

    assert result.counts == Counts(unchanged=1)
