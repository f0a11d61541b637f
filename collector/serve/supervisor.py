"""Tasks that live as long as the service. One that ends by itself ends the service, and never silently."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

import structlog

from collector.errors import CollectorError

log = structlog.get_logger()

CANCEL_S: Final = 3.0
"""How long tasks may take to end once they are cancelled; one that does not is left behind."""


class TaskEnded(RuntimeError):
    """A task that should live as long as the service has ended without a reason."""


Tasks = Mapping[str, Coroutine[Any, Any, None]]


async def supervise(tasks: Tasks, *, closing: Tasks, stopping: asyncio.Event, patience_s: float) -> None:
    """
    Run the tasks until `stopping`; then they are cancelled, and awaited.

    Args:
        tasks: what knows no end.
        closing: what ends by itself once `stopping` is set; it is given `patience_s` for that, beside the others.
        stopping: when set, the service is to end.
        patience_s: seconds.

    Raises:
        TaskEnded: one of them returned before `stopping`.
        Exception: what one of them died of, before or after; of several the first.
    """
    ending = [asyncio.create_task(work, name=name) for name, work in closing.items()]
    running = ending + [asyncio.create_task(work, name=name) for name, work in tasks.items()]
    stop = asyncio.create_task(stopping.wait())
    ended: Sequence[asyncio.Task[None]] = ()
    try:
        await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            ended = [task for task in running if task.done()]
        elif ending:
            await asyncio.wait(ending, timeout=patience_s)
    finally:
        for each in (*running, stop):
            each.cancel()
        await asyncio.wait([*running, stop], timeout=CANCEL_S)
    _tell_deaths(ended, [task for task in running if task not in ended])


def _tell_deaths(first: Sequence[asyncio.Task[None]], then: Sequence[asyncio.Task[None]]) -> None:
    """Log what tasks died of, and raise what the first did. A `CollectorError` is a reason that the command tells."""
    deaths = [(task, _death_of(task) or TaskEnded(f"the task {task.get_name()} has ended")) for task in first]
    deaths += [(task, error) for task in then if (error := _death_of(task)) is not None]
    for task, error in deaths:
        if not isinstance(error, CollectorError):
            log.error("task.died", task=task.get_name(), exc_info=error)
    if deaths:
        raise deaths[0][1]


def _death_of(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None
