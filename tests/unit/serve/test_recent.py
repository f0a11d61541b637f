"""However many ask, the question is put seldom; the clock is an argument."""

from __future__ import annotations

import asyncio

from collector.serve.recent import Recent


async def test_those_who_ask_at_once_share_one_answer_until_it_is_old() -> None:
    """A crowd of scrapers costs the database one reading a second."""
    now = [0.0]
    asked = []

    async def ask() -> int:
        asked.append(now[0])
        await asyncio.sleep(0)
        return len(asked)

    recent = Recent(ask, age_s=1.0, clock=lambda: now[0])

    first = await asyncio.gather(*(recent.get() for _ in range(50)))
    now[0] = 0.9
    second = await recent.get()
    now[0] = 1.0
    third = await recent.get()

    assert (set(first), second, third) == ({1}, 1, 2)
    assert asked == [0.0, 1.0]
