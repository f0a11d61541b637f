"""The service's sweeps against a real database and the emulated API; the wall clock is an argument."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg
from prometheus_client import generate_latest

from collector.config import ScheduleSettings
from collector.serve.leadership import Leadership
from collector.serve.reload import ConfigFile
from collector.serve.sweeper import Sweeper
from collector.serve.tally import Tally
from collector.store.pool import KEEPING, Pool
from tests.acceptance.watching import until
from tests.builders import patient_settings
from tests.serving import series_in
from tests.sweeping import TOKEN, World

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NOON: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ENV: Final = {"YC_IAM_TOKEN": TOKEN}


class Rig:
    """A sweeper at work, with its clock and its lease in the test's hand."""

    def __init__(self, world: World) -> None:
        """Hold no lease yet; it is noon."""
        schedule = ScheduleSettings(cron="*/15 * * * *", jitter_s=0.0)
        config = world.config().model_copy(update={"schedule": schedule})
        self.now = NOON
        self.tally = Tally()
        self.stopping = asyncio.Event()
        self.leadership = Leadership(Pool(world.url, patient_settings(), use=KEEPING), UUID(int=1))
        self.sweeper = Sweeper(
            ConfigFile(Path("/nowhere/config.yaml"), ENV, config, mark=None),
            self.leadership,
            self.tally,
            url=world.url,
            env=ENV,
            stopping=self.stopping,
            now=lambda: self.now,
        )

    def series(self) -> dict[tuple[str, str], float]:
        """Read what is counted."""
        return series_in(generate_latest(self.tally.registry).decode())

    async def until(self, name: str, labels: str, value: float) -> None:
        """Wait until a series has this value."""

        async def has() -> bool:
            return self.series()[name, labels] == value

        await until(has)


@asynccontextmanager
async def at_work(world: World) -> AsyncIterator[Rig]:
    """Let a sweeper work, and see that it ends when it is told to."""
    rig = Rig(world)
    working = asyncio.create_task(rig.sweeper.work())
    try:
        yield rig
    finally:
        rig.stopping.set()
        async with asyncio.timeout(10):
            await working


async def test_who_does_not_lead_does_not_sweep(world: World) -> None:
    """Not even on demand, while another sweeps from its beginning to its end."""
    async with at_work(world) as rig, at_work(world) as leader:
        rig.sweeper.ask()
        rig.sweeper.reconsider()
        leader.leadership._tell(held=True)
        await leader.until("sweeps_total", "complete", 1)

    assert [outcome for (name, outcome), swept in rig.series().items() if name == "sweeps_total" and swept] == []
    assert world.emulator.requests_total == leader.series()["api_requests_total", ""] > 0


async def test_the_schedule_is_kept(world: World) -> None:
    """At once, and then at each tick of the wall clock."""
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await rig.until("sweeps_total", "complete", 1)
        await rig.until("next_run_timestamp_seconds", "", (NOON + timedelta(minutes=15)).timestamp())
        rig.now = NOON + timedelta(minutes=15)
        rig.sweeper.reconsider()
        await rig.until("sweeps_total", "complete", 2)
        planned = rig.series()["next_run_timestamp_seconds", ""]

    assert rig.series()["runs_skipped_total", ""] == 0
    assert planned <= (NOON + timedelta(minutes=30)).timestamp()


async def test_what_falls_into_a_long_sweep_is_skipped_and_counted(world: World) -> None:
    """Nothing is queued: after fifty minutes there is one sweep, not four."""
    gate = world.emulator.faults.pause(None)
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await gate.reached(3)
        rig.now = NOON + timedelta(minutes=50)
        gate.release()
        await rig.until("runs_skipped_total", "", 3)

    assert rig.series()["sweeps_total", "complete"] == 1


async def test_losing_the_lease_ends_the_sweep_under_way(world: World, db: Connection) -> None:
    """Properly: its row is closed, no page more is asked for, and the next lease begins with a sweep."""
    gate = world.emulator.faults.pause(None)
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await gate.reached(3)
        rig.leadership._tell(held=False)
        held = rig.series()["lease_held", ""]
        await rig.until("sweeps_total", "interrupted", 1)
        gate.release()
        rig.leadership._tell(held=True)
        await rig.until("sweeps_total", "complete", 1)

    rows = await db.fetch("SELECT outcome FROM inventory.sweeps ORDER BY sweep_id")
    assert [row["outcome"] for row in rows] == ["interrupted", "complete"]
    assert held == 0


async def test_a_lease_that_is_back_at_once_begins_with_a_sweep_too(world: World) -> None:
    """It is another lease: what the loss of the first one ended is not left until the next scheduled run."""
    gate = world.emulator.faults.pause(None)
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await gate.reached(3)
        rig.leadership._tell(held=False)
        rig.leadership._tell(held=True)
        gate.release()
        await rig.until("sweeps_total", "interrupted", 1)
        await rig.until("sweeps_total", "complete", 1)


async def test_a_database_that_goes_away_fails_a_sweep_and_not_the_service(world: World) -> None:
    """The next one is due all the same."""
    good = world.url
    world.url = "postgresql://user@127.0.0.1:1/none"
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await rig.until("sweeps_total", "not_begun", 1)
        rig.sweeper._url = good
        rig.sweeper.ask()
        await rig.until("sweeps_total", "complete", 1)


async def test_a_clock_that_is_set_back_plans_anew_and_says_so(world: World) -> None:
    """What is shown is when it really sweeps next."""
    async with at_work(world) as rig:
        rig.leadership._tell(held=True)
        await rig.until("next_run_timestamp_seconds", "", (NOON + timedelta(minutes=15)).timestamp())

        rig.now = NOON - timedelta(hours=5)
        rig.sweeper.reconsider()

        await rig.until("next_run_timestamp_seconds", "", (rig.now + timedelta(minutes=15)).timestamp())
