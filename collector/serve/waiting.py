"""To wait for whichever of several events comes first, or for so long. The events stay as they are."""

from __future__ import annotations

import asyncio
import math

from collector.interrupt import work_or_event


async def first_of(*events: asyncio.Event, timeout_s: float = math.inf) -> None:
    """Return as soon as one of the events is set, or the time is up."""
    async with work_or_event(asyncio.sleep(timeout_s), *events):
        return
