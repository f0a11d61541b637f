"""The service in a thread of its own: a test that waits for the browser does not run the loop that answers it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Final

from tests.serving import serving

START_S: Final = 30.0


@contextmanager
def answering(database_url: str) -> Iterator[str]:
    """Serve what is in the database; yields the address of the page."""
    started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Future()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(database_url, started)), daemon=True)
    thread.start()
    url, loop, over = started.result(START_S)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(START_S)


async def _serve(database_url: str, started: Future[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]]) -> None:
    over = asyncio.Event()
    async with serving(database_url) as service:
        started.set_result((service.url, asyncio.get_running_loop(), over))
        await over.wait()
