"""Tasks that live as long as the service. One that ends by itself ends the service, and never silently."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, NoReturn

import structlog

from collector.errors import CollectorError

log = structlog.get_logger()


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
        TaskEnded: one of them returned.
        Exception: what one of them died of.
    """
    ending = [asyncio.create_task(work, name=name) for name, work in closing.items()]
    running = ending + [asyncio.create_task(work, name=name) for name, work in tasks.items()]
    stop = asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait([*running, stop], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.is_set():
            _tell_end(next(task for task in running if task.done()))
        if ending:
            await asyncio.wait(ending, timeout=patience_s)
    finally:
        for each in (*running, stop):
            each.cancel()
        await asyncio.gather(*running, stop, return_exceptions=True)


def _tell_end(task: asyncio.Task[None]) -> NoReturn:
    error = task.exception()
    if isinstance(error, CollectorError):
        raise error  # a reason that the command tells in its own words
    log.error("task.died", task=task.get_name(), exc_info=error)
    raise error or TaskEnded(f"the task {task.get_name()} has ended")
