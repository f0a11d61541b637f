"""A loop that stands still is noticed from outside of it."""

from __future__ import annotations

import asyncio
import queue
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
import structlog

from collector.serve.pulse import Pulse

if TYPE_CHECKING:
    from structlog.typing import EventDict


@pytest.fixture
def lines() -> Iterator[queue.Queue[EventDict]]:
    """Yield what is logged, from whatever thread."""
    found: queue.Queue[EventDict] = queue.Queue()

    def keep(_logger: object, _method: str, event: EventDict) -> EventDict:
        found.put(event)
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep])
    yield found
    structlog.configure(**before)


def test_a_loop_that_stands_still_is_told_with_the_place_where_it_stands(lines: queue.Queue[EventDict]) -> None:
    """The log has files and lines, so that one sees what holds it up; it is told once."""

    async def stand_still(pulse: Pulse) -> EventDict:
        beating = asyncio.create_task(pulse.beat(lambda _: None))
        await asyncio.sleep(0)
        line = lines.get(timeout=5)  # holds up the loop: nothing else runs meanwhile
        beating.cancel()
        return line

    with Pulse(beat_s=0.01, stall_s=0.05) as pulse:
        line = asyncio.run(stand_still(pulse))

    assert line["event"] == "loop.stalled"
    assert "stand_still" in line["stack"]
    assert lines.empty()


async def test_a_beat_tells_how_late_it_came() -> None:
    """Nearly 0 as a rule, and never below."""
    heard: asyncio.Queue[float] = asyncio.Queue()
    beating = asyncio.create_task(Pulse(beat_s=0.001).beat(heard.put_nowait))

    lag_s = await asyncio.wait_for(heard.get(), 5)
    beating.cancel()

    assert 0 <= lag_s < 5
