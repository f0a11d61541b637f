"""
A service that sweeps every second, for minutes: a fleet whose lists change, an API with faults, scrapes and page loads.

Each sweep is asked for by a signal, a second after the one before or when that has ended, and what the process holds is
sampled then. At the end, once the faults are over, the inventory must be what the API serves: a process that is flat
because it does nothing would show.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.embedded import EmbeddedServer
from collector.emulator import Emulator, Faults, Fleet
from collector.emulator.actions import Action, Cut, Delay, Drop, Fail
from tests.acceptance.inventory import NOW_NS, served, stored
from tests.acceptance.program import TOKEN, Program
from tests.acceptance.running import HTTP, Running, running
from tests.postgres import SETTINGS, chosen_binaries
from tests.soak.sampling import read_service
from tests.soak.verdict import Sample

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CLUSTERS: Final = 200
BACKUPS: Final = 50
FAULTY_SHARE: Final = 0.02
EVERY_S: Final = 1.0
HOUR_EVERY: Final = 10
"""Sweeps until an hour passes in the fleet: every cluster then has a new backup, and has lost its oldest."""

MORE: Final = HTTP + "schedule: {cron: '@yearly'}\n"
LIMITS: Final = {
    "attempts": 3,
    "backoff_initial": "0.01s",
    "backoff_max": "0.05s",
    "concurrency": 16,
    "page_size": 1000,
}
POSTGRES: Final = {**SETTINGS, "autovacuum": "on", "autovacuum_naptime": "5s"}

GOOD: Final = frozenset(
    {"request.retried", "listing.merged", "listing.failed", "listing.restarted", "listing.incomplete"}
    | {"sweep.finished", "schema.migrated", "service.started", "service.opened", "lease.taken", "lease.released"}
    | {"service.stopped"}
)
"""All that it may log: faults of the API, and what it does about them."""


@dataclass(kw_only=True)
class Soaked:
    """What came of it."""

    seed: int
    samples: list[Sample] = field(default_factory=list)
    sweeps: Counter[str] = field(default_factory=Counter)
    """By outcome."""
    faults: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    odd_events: Counter[str] = field(default_factory=Counter)
    is_exact: bool = False
    """Whether the inventory was what the API served, at the end."""
    exit_code: int | None = None


def drawn_faults(rng: random.Random) -> Faults:
    """Let some requests go wrong, by chance."""
    kinds: list[Action] = [Fail(503, 14, "Soaked."), Drop(), Cut(200, "length"), Delay(0.2), Fail(429, 8, "Too many.")]

    def choose(_scope: str, _number: int) -> Action | None:
        return rng.choice(kinds) if rng.random() < FAULTY_SHARE else None

    return Faults(choose)


async def soak(*, duration_s: float, seed: int) -> Soaked:
    """Soak a service of its own for so long."""
    fleet = Fleet.generate(clusters=CLUSTERS, backups=BACKUPS, seed=seed, now_ns=NOW_NS)
    emulator = Emulator(fleet, token=TOKEN, faults=drawn_faults(random.Random(seed)), record=False)
    soaked = Soaked(seed=seed)
    with home() as folder, database(folder / "pg") as url:
        program = Program(home=folder, env={"PYTHONWARNINGS": "default::ResourceWarning"})
        async with emulator:
            program.write_config(fleet.clusters, url=url, api=emulator, more=MORE, limits=LIMITS)
            async with running(program) as service, connected(url) as db:
                await service.event("sweep.finished")
                await _sweep_and_sample(service, db, emulator, soaked, duration_s=duration_s)
                soaked.is_exact = await _check(service, db, emulator)
                soaked.exit_code = await service.end()
    soaked.faults, soaked.requests = emulator.faults.chosen, emulator.requests_total
    soaked.odd_events += Counter(name for name in service.events if name not in GOOD)
    return soaked


async def _sweep_and_sample(
    service: Running, db: Connection, emulator: Emulator, soaked: Soaked, *, duration_s: float
) -> None:
    began = due = time.monotonic()
    while due < began + duration_s:
        if sum(soaked.sweeps.values()) % HOUR_EVERY == 0:
            emulator.fleet.advance()
        soaked.sweeps[await _sweep(service)] += 1
        values = await read_service(service, db)
        soaked.samples.append(Sample(at_s=time.monotonic() - began, values=values))
        soaked.odd_events += Counter(name for name in service.events if name not in GOOD)
        service.seen.clear()
        due = max(due + EVERY_S, time.monotonic())
        await asyncio.sleep(due - time.monotonic())


async def _sweep(service: Running) -> str:
    service.process.send_signal(signal.SIGUSR1)
    outcome: str = (await service.event("sweep.finished"))["outcome"]
    return outcome


async def _check(service: Running, db: Connection, emulator: Emulator) -> bool:
    """Sweep once without faults, and compare every value of every live backup."""
    emulator.faults.clear()
    return await _sweep(service) == "complete" and await stored(db) == served(emulator.fleet)


@contextmanager
def home() -> Iterator[Path]:
    """Make a directory that everybody can pass through."""
    folder = Path(mkdtemp(prefix="collector-soak-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def database(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL that clears up after itself, as the real ones do."""
    with EmbeddedServer.start(folder, binaries=chosen_binaries(), settings=POSTGRES, durable="no") as server:
        yield server.create_database("soak")


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[Connection]:
    """Connect as the one who looks on."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
