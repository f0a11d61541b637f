"""
SIGINT and SIGTERM: the first asks the work to end, the second ends the process, and so does the clock.

The clock is a thread's, because what hangs may be the event loop itself, a name lookup in a thread that
Python would wait for, or a server that was frozen in the middle of an answer.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, Final, Self, TypeVar

from collector.errors import CollectorError
from collector.logs import flush_logs

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
PATIENCE_S: Final = 25.0
"""How long the work may take to end itself after the first signal."""
LEAVE_S: Final = 2.0
"""How long threads may take to end when all work is done."""

_ECHO_S: Final = 0.05
"""timeout(1) signals a process and then its group, so that one signal can come twice."""

T = TypeVar("T")


class Interrupted(CollectorError):
    """A signal came before anything could be concluded."""

    kind = "interrupted"

    def __init__(self, exit_code: int) -> None:
        """Keep what the process exits with."""
        super().__init__(f"interrupted by {signal.Signals(exit_code - 128).name}")
        self.exit_code = exit_code


class Stop:
    """A wish that work may end early: an event, and the giving up of what it need not wait for."""

    def __init__(self) -> None:
        """Wish nothing yet."""
        self.stopping = asyncio.Event()
        self.exit_code: int | None = None
        """128 and the number of the first signal; None: there was none."""

    async def unless_stopped(self, work: Coroutine[Any, Any, T]) -> T:
        """Await the work, or cancel it as soon as it is to stop and raise Interrupted."""
        async with work_or_event(work, self.stopping) as task:
            if task.done():
                return task.result()
        raise Interrupted(self.exit_code or 128 + signal.SIGINT)


class Interrupt(Stop, AbstractContextManager["Interrupt"]):
    """The signals while one command works. Entered in the main thread, outside the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, patience_s: float = PATIENCE_S) -> None:
        """Watch for `loop`, whose work is given `patience_s` after the first signal."""
        super().__init__()
        self._loop = loop
        self._patience_s = patience_s
        self._came_at = 0.0
        self._timers: list[threading.Timer] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        """Take over the signals."""
        self._before = {number: signal.signal(number, self._take) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back, and call off the clock."""
        for timer in self._timers:
            timer.cancel()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def leave_within(self, seconds: float, exit_code: int) -> None:
        """End the process then, whatever still runs: in no time that is worth a person's waiting."""
        timer = threading.Timer(seconds, _leave, args=(exit_code,))
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.exit_code is None:
            self._came_at = now
            self.exit_code = 128 + number
            self.leave_within(self._patience_s, self.exit_code)
            with suppress(RuntimeError):  # the loop is closed: its work is done
                self._loop.call_soon_threadsafe(self.stopping.set)
        elif now - self._came_at > _ECHO_S:
            _leave(128 + number)


@asynccontextmanager
async def work_or_event(work: Coroutine[Any, Any, T], *events: asyncio.Event) -> AsyncIterator[asyncio.Task[T]]:
    """Enter once the work is done or an event is set. What is not done when the block ends is cancelled and awaited."""
    task = asyncio.create_task(work)
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait([task, *waits], return_when=asyncio.FIRST_COMPLETED)
        yield task
    finally:
        for each in (task, *waits):
            each.cancel()
        await asyncio.gather(task, *waits, return_exceptions=True)


def run_interruptible(work: Callable[[Interrupt], Coroutine[Any, Any, int]]) -> int:
    """
    Run a command's work in an event loop of its own, and return its exit code.

    Threads that are still busy when the work is done are given two seconds; then the process ends with that code.
    """
    with asyncio.Runner() as runner, Interrupt(runner.get_loop()) as interrupt:
        code = runner.run(work(interrupt))
        # Closing the loop waits for every thread that it lent.
        interrupt.leave_within(LEAVE_S, code)
        runner.close()
    return code


def _leave(exit_code: int) -> None:
    flush_logs(0.5)
    os._exit(exit_code)
