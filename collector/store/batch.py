"""
Calls that wait at the same moment share one statement.

While a statement is under way, those who come are gathered for the next: no timer,
no delay for who comes alone, and the batch grows by itself with the load.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batch(Generic[Item, Answer]):
    """`ask` gives one item and waits for its answer; `run` is called with many and returns as many, in order."""

    def __init__(self, run: Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]], *, size_max: int) -> None:
        """Gather at most `size_max` items for one call of `run`."""
        self._run = run
        self._size_max = size_max
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._turn = asyncio.Lock()

    async def ask(self, item: Item) -> Answer:
        """Return the answer to `item`. Raises what `run` raised for the batch that held it."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        try:
            async with self._turn:
                await asyncio.sleep(0)  # whoever is ready at this moment comes along
                while not future.done():
                    await self._flush()
            return await future
        finally:
            future.cancel()  # says to the next turn that whoever was cancelled is not to be asked for

    async def _flush(self) -> None:
        """Answer those who wait now. Who was cancelled meanwhile is asked for nothing."""
        batch, self._waiting = self._waiting[: self._size_max], self._waiting[self._size_max :]
        batch = [(item, future) for item, future in batch if not future.done()]
        if not batch:
            return
        try:
            answers = list(zip(batch, await self._run([item for item, _ in batch]), strict=True))
        except Exception as exc:  # noqa: BLE001 - not swallowed: each asker gets it
            for _, future in batch:
                if not future.done():
                    future.set_exception(exc)
                    future.exception()  # looked at here: its asker may be gone before it wakes
            return
        except BaseException:
            # Only the one whose turn it was is cancelled: the others run their batch themselves.
            self._waiting = batch + self._waiting
            raise
        for (_, future), answer in answers:
            if not future.done():
                future.set_result(answer)
