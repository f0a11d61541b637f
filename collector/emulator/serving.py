"""
The emulator as a process of its own: makes a fleet, serves it, lets it age, until it is cancelled.

It prints nothing by itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from collector.emulator.demo import demo_fleet
from collector.emulator.fleet import Fleet
from collector.emulator.server import Emulator


async def serve_emulator(  # noqa: PLR0913
    *,
    host: str,
    port: int,
    clusters: int | None,
    backups: int,
    seed: int,
    latency_s: float,
    token: str | None,
    announce: Callable[[str], None],
    hour_every_s: float | None = None,
    now_ns: int | None = None,
) -> None:
    """
    Serve an emulated API until cancelled.

    Args:
        clusters: how many; None is the fleet of the demo.
        backups: how many of its newest hourly backups each cluster keeps.
        announce: is told, once it listens, where, in one line of text.
        hour_every_s: lets an hour pass for the fleet each time so many seconds have passed; None holds its clock.
        now_ns: the fleet's first instant in nanoseconds since 1970; None is the present.
    """
    start_ns = time.time_ns() if now_ns is None else now_ns
    fleet = (
        demo_fleet(start_ns)
        if clusters is None
        else Fleet.generate(clusters=clusters, backups=backups, seed=seed, now_ns=start_ns)
    )
    emulator = Emulator(fleet, token=token, latency_s=latency_s, record=False)
    await emulator.start(host, port)
    try:
        announce(
            f"{emulator.url} serves {len(fleet.clusters)} clusters, for example {next(iter(fleet.clusters), 'none')}"
        )
        await _age(fleet, hour_every_s)
    finally:
        await emulator.stop()


async def _age(fleet: Fleet, hour_every_s: float | None) -> None:
    if hour_every_s is None:
        await asyncio.get_running_loop().create_future()
        return
    while True:
        await asyncio.sleep(hour_every_s)
        fleet.advance(hours=1)
