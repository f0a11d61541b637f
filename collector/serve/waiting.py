"""To wait for whichever of several events comes first, or for so long. The events stay as they are."""

from __future__ import annotations

import asyncio


async def first_of(*events: asyncio.Event, timeout_s: float | None = None) -> None:
    """Return as soon as one of the events is set, or the time is up (None: never)."""
    if any(event.is_set() for event in events):
        return
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
