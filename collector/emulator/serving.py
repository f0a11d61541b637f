"""
The emulator as a process of its own: serves a fleet, lets it age, until it is cancelled.

It prints nothing by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from collector.emulator.fleet import Fleet
from collector.emulator.server import Emulator


async def serve_emulator(
    fleet: Fleet,
    *,
    host: str,
    port: int,
    latency_s: float,
    token: str | None,
    announce: Callable[[str], None],
    hour_every_s: float | None = None,
) -> None:
    """
    Serve an emulated API until cancelled.

    Args:
        fleet: its clusters.
        announce: is told, once it listens, where, in one line of text.
        hour_every_s: lets an hour pass for the fleet each time so many seconds have passed; None holds its clock.
    """
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
