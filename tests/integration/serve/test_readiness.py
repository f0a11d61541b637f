"""/readyz: it writes to find out, says in a word what is the matter, and never takes long over it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.serve.readiness import ANSWER_S
from tests.proxy import Proxy
from tests.serving import serving

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


async def test_a_database_that_takes_writes_is_ready(fresh_url: str) -> None:
    """And it is written to."""
    connection = await asyncpg.connect(fresh_url)
    before = await connection.fetchval("SELECT probed_at FROM collector.probe")

    async with serving(fresh_url) as service:
        answer = await service.ask("/readyz")

    assert (answer.status, answer.text) == (200, "ok\n")
    assert await connection.fetchval("SELECT probed_at FROM collector.probe") > before
    await connection.close()


async def test_a_database_that_only_reads_is_not_ready(fresh_url: str) -> None:
    """A demoted server reads as well as ever; health has nothing to do with it, and metrics are served."""
    connection = await asyncpg.connect(fresh_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only TO on")
    await connection.close()

    async with serving(fresh_url) as service:
        ready, health = await service.ask("/readyz"), await service.ask("/healthz")
        up = (await service.series())["up", ""]

    assert (ready.status, ready.text) == (503, "database_unavailable\n")
    assert (health.status, up) == (200, 1.0)


async def test_an_empty_database_is_not_ready(database_url: str) -> None:
    """Nobody has made the schema."""
    async with serving(database_url) as service:
        ready = await service.ask("/readyz")
        up = (await service.series())["up", ""]

    assert (ready.status, ready.text, up) == (503, "schema\n", 0.0)


async def test_a_frozen_database_costs_an_answer_not_the_service(fresh_url: str) -> None:
    """Connections stay, bytes stop: a word within seconds, and all is well again afterwards."""
    async with Proxy(fresh_url) as proxy, serving(proxy.url) as service:
        assert (await service.ask("/readyz")).status == 200
        proxy.freeze()
        async with asyncio.timeout(ANSWER_S + 3):
            while (ready := await service.ask("/readyz")).status == 200:
                pass  # an answer is kept for a second
        health = await service.ask("/healthz")
        proxy.thaw()
        async with asyncio.timeout(10):
            while (await service.ask("/readyz")).status != 200:
                pass

    assert (ready.status, ready.text) == (503, "database_unavailable\n")
    assert health.status == 200


@pytest.mark.parametrize("job, status", [("only_serves", 200), ("sweeps", 503)])
async def test_a_reader_s_role_is_enough_to_serve_and_not_to_sweep(fresh_url: str, job: str, status: int) -> None:
    """An exporter may have less rights than who sweeps, and is not called broken for it."""
    url = await _reader_of(fresh_url)

    async with serving(url, job="only_serves" if job == "only_serves" else "sweeps") as service:
        ready = await service.ask("/readyz")
        up = (await service.series())["up", ""]

    assert (ready.status, up) == (status, 1.0)


async def _reader_of(url: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(
        "DO $$ BEGIN CREATE ROLE serve_test_reader LOGIN PASSWORD 'reader'; "
        "EXCEPTION WHEN duplicate_object THEN NULL; END $$; "
        "GRANT USAGE ON SCHEMA inventory TO serve_test_reader; "
        "GRANT SELECT ON ALL TABLES IN SCHEMA inventory TO serve_test_reader"
    )
    await connection.close()
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"serve_test_reader:reader@{parts.netloc.rpartition('@')[2]}"))


async def test_before_the_database_is_opened_it_is_not_ready(fresh_url: str) -> None:
    """Nothing is asked for that."""
    async with serving(fresh_url) as service:
        service.readiness.stage = "starting"
        ready = await service.ask("/readyz")

    assert (ready.status, ready.text) == (503, "starting\n")


async def test_from_the_signal_on_it_is_not_ready(fresh_url: str) -> None:
    """While a sweep is being ended too, so that nobody is sent here any more."""
    async with serving(fresh_url) as service:
        service.stopping.set()
        ready, health = await service.ask("/readyz"), await service.ask("/healthz")

    assert (ready.status, ready.text, health.status) == (503, "stopping\n", 200)
