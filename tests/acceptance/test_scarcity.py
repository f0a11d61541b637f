"""What becomes of the program where the machine gives it too few descriptors: it says so, and marks nothing."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg

from collector.emulator import Emulator
from tests.acceptance.inventory import stored
from tests.acceptance.preludes import SCARCITY, prelude
from tests.acceptance.program import Program
from tests.acceptance.running import HTTP, running

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

FOR_NOTHING: Final = 7
FOR_ONE_LISTING: Final = 9
SERVES: Final = 48
"""Descriptors that are enough for a service and some clients."""
IDLE: Final = 90
"""Clients that are too many for it, and fewer than it would take where descriptors abound."""
EXHAUSTED_S: Final = 2.0


async def test_a_run_without_descriptors_says_so_and_marks_nothing(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """Too few to connect at all, or to list and connect at once: 3 or 1, and an unread cluster keeps all it has."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    assert (await program.run("run")).code == 0
    before = await stored(db)
    for cluster_id, rows in before.items():
        emulator.fleet.remove_backup(cluster_id, min(rows))

    for descriptors in FOR_NOTHING, FOR_ONE_LISTING:
        env = prelude(program, SCARCITY.format(most=descriptors), name=f"only-{descriptors}")
        ended = await program.run("run", "--output", "json", env=env)

        failed = {each["cluster_id"] for each in ended.json()["failures"]} if ended.stdout else set(before)
        after, missing = await stored(db), await stored(db, "missing")
        assert ended.code in {1, 3}
        assert "this process lacks what it needs: Too many open files" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert failed
        assert {each: after[each] for each in failed} == {each: before[each] for each in failed}
        assert not failed & missing.keys()
        assert not await stored(db, "vanished")


async def test_a_service_that_idle_clients_leave_without_descriptors_goes_on(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """It says so about once a second, accepts again once they are gone, and its next sweep is whole."""
    program.write_config(
        emulator.fleet.clusters, url=migrated_url, api=emulator, more=HTTP + "schedule: {cron: '@yearly'}\n"
    )
    async with running(program, env=prelude(program, SCARCITY.format(most=SERVES))) as service:
        await service.event("sweep.finished")
        address = urlsplit(service.url)
        clients = [await asyncio.open_connection(address.hostname, address.port) for _ in range(IDLE)]
        await service.event("library.warned")
        await asyncio.sleep(EXHAUSTED_S)  # what is counted is what it says in this time
        for _, writer in clients:
            writer.transport.abort()
        assert (await service.ask("/healthz"))[0] == 200
        service.process.send_signal(signal.SIGUSR1)
        finished = await service.event("sweep.finished")
        ready, _ = await service.ask("/readyz")
        code = await service.end()

    assert finished["outcome"] == "complete"
    assert ready == 200
    assert code == 0
    assert service.events.count("library.warned") < 5 * EXHAUSTED_S
