"""An answer that is worked out at most once in a while, however many ask: the rest get the last one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Asks at most once every `age_s` seconds, and never twice at once."""

    def __init__(self, ask: Callable[[], Awaitable[T]], *, age_s: float, clock: Callable[[], float]) -> None:
        """Keep whom to ask; `clock` tells monotonic seconds."""
        self._ask = ask
        self._age_s = age_s
        self._clock = clock
        self._lock = asyncio.Lock()
        self._known: tuple[float, T] | None = None

    async def get(self) -> T:
        """Give an answer that is not older than that."""
        async with self._lock:
            if self._known is None or self._clock() - self._known[0] >= self._age_s:
                answer = await self._ask()
                self._known = self._clock(), answer
            return self._known[1]
