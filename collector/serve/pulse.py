"""
How late the event loop is, and a thread that says so when it stands still.

The thread ends nothing: /healthz is answered by the loop, so whoever probes it sees the same and restarts us.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Final, Self

import structlog

log = structlog.get_logger()

BEAT_S: Final = 1.0
STALL_S: Final = 30.0


class Pulse:
    """A beat of the loop, and the thread that listens for it. A context manager."""

    def __init__(self, *, beat_s: float = BEAT_S, stall_s: float = STALL_S) -> None:
        """Call it a stall after `stall_s` without a beat."""
        self._beat_s = beat_s
        self._stall_s = stall_s
        self._beaten_at = time.monotonic()
        self._over = threading.Event()
        self._loop_thread = threading.get_ident()

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, name="pulse", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    async def beat(self, on_lag: Callable[[float], None]) -> None:
        """Beat for ever; `on_lag` is told by how many seconds each beat came late."""
        loop = asyncio.get_running_loop()
        while True:
            due_at = loop.time() + self._beat_s
            await asyncio.sleep(self._beat_s)
            self._beaten_at = time.monotonic()
            on_lag(max(0.0, loop.time() - due_at))

    def _listen(self) -> None:
        told = False
        while not self._over.wait(self._beat_s):
            silent_s = time.monotonic() - self._beaten_at
            if silent_s > self._stall_s and not told:
                log.error("loop.stalled", silent_s=round(silent_s, 1), stack=self._stack())
            told = silent_s > self._stall_s

    def _stack(self) -> str:
        """Say where the loop's thread is: files and lines, no values."""
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - how one sees another thread
        return "".join(traceback.format_stack(frame)) if frame else ""
