"""Calls that share a statement: everybody gets the own answer, and nobody another's fault."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.store.batch import Batch


class Statement:
    """Doubles its numbers, when the test lets it."""

    def __init__(self) -> None:
        """Start open."""
        self.calls: list[list[int]] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fails_on: int | None = None

    async def run(self, items: Sequence[int]) -> list[int]:
        """Answer each item, or raise for the whole batch."""
        self.calls.append(list(items))
        await self.open.wait()
        await asyncio.sleep(0)
        if self.fails_on in items:
            message = f"{self.fails_on} was in it"
            raise ValueError(message)
        return [item * 2 for item in items]


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def _ask_in_turn(batch: Batch[int, int], count: int) -> list[asyncio.Task[int]]:
    """Let the first begin its statement, and the others wait for theirs."""
    asking = [asyncio.create_task(batch.ask(0))]
    await _settle()
    asking += [asyncio.create_task(batch.ask(number)) for number in range(1, count)]
    await _settle()
    return asking


async def test_who_comes_alone_is_asked_at_once() -> None:
    """No timer, no waiting for company."""
    statement = Statement()

    answer = await Batch(statement.run, size_max=10).ask(4)

    assert (answer, statement.calls) == (8, [[4]])


async def test_who_comes_while_one_is_under_way_shares_the_next() -> None:
    """The batch grows with the load, up to its size."""
    statement = Statement()
    batch = Batch(statement.run, size_max=3)
    statement.open.clear()
    first = asyncio.create_task(batch.ask(0))
    await _settle()

    others = [asyncio.create_task(batch.ask(number)) for number in range(1, 8)]
    await _settle()
    statement.open.set()
    answers = await asyncio.gather(first, *others)

    assert answers == [number * 2 for number in range(8)]
    assert statement.calls == [[0], [1, 2, 3], [4, 5, 6], [7]]


async def test_a_fault_reaches_all_of_its_batch_and_none_of_the_next() -> None:
    """An exception is an answer too."""
    statement = Statement()
    statement.fails_on = 2
    batch = Batch(statement.run, size_max=3)

    answers = await asyncio.gather(*(batch.ask(number) for number in range(7)), return_exceptions=True)
    again = await batch.ask(9)

    failed = {number for call in statement.calls if 2 in call for number in call}
    assert {number for number, answer in enumerate(answers) if isinstance(answer, ValueError)} == failed
    assert all(answer == number * 2 for number, answer in enumerate(answers) if number not in failed)
    assert again == 18


async def test_a_batch_that_answers_too_few_is_a_fault_and_hangs_nobody() -> None:
    """A broken statement is noticed at once."""

    async def run(items: Sequence[int]) -> list[int]:
        await asyncio.sleep(0)
        return [0] * (len(items) - 1)

    batch = Batch(run, size_max=10)

    async with asyncio.timeout(2):
        answers = await asyncio.gather(*(batch.ask(number) for number in range(3)), return_exceptions=True)

    assert any(isinstance(answer, Exception) for answer in answers)


@pytest.mark.parametrize("cancelled", [0, 1, 2, 3], ids=["the-one-who-runs", "second", "third", "last"])
async def test_who_is_cancelled_takes_nobody_along(cancelled: int) -> None:
    """Whether it ran the batch or waited in it, the others are answered."""
    statement = Statement()
    statement.open.clear()
    batch = Batch(statement.run, size_max=2)
    asking = await _ask_in_turn(batch, 4)

    asking[cancelled].cancel()
    await _settle()
    statement.open.set()
    async with asyncio.timeout(2):
        answers = await asyncio.gather(*asking, return_exceptions=True)

    assert isinstance(answers[cancelled], asyncio.CancelledError)
    assert [answer for number, answer in enumerate(answers) if number != cancelled] == [
        number * 2 for number in range(4) if number != cancelled
    ]


async def test_who_left_before_its_turn_is_asked_for_nothing() -> None:
    """Its item is not run: a stopped sweep confirms nothing behind its own back."""
    statement = Statement()
    statement.open.clear()
    batch = Batch(statement.run, size_max=10)
    asking = await _ask_in_turn(batch, 4)

    asking[2].cancel()
    await _settle()
    statement.open.set()
    await asyncio.gather(*asking, return_exceptions=True)

    assert statement.calls == [[0], [1, 3]]


async def test_a_fault_that_nobody_waits_for_any_more_is_not_reported_as_forgotten() -> None:
    """Asyncio complains of exceptions that were never looked at; there must be none."""
    complaints: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    statement = Statement()
    statement.fails_on = 1
    statement.open.clear()
    batch = Batch(statement.run, size_max=10)
    asking = await _ask_in_turn(batch, 4)

    asking[2].cancel()
    await _settle()
    statement.open.set()
    await asyncio.gather(*asking, return_exceptions=True)
    del asking
    gc.collect()
    await _settle()
    loop.set_exception_handler(None)

    assert complaints == []


async def test_a_statement_is_never_run_for_nobody() -> None:
    """If all that waited are gone, there is nothing to ask."""
    statement = Statement()
    statement.open.clear()
    batch = Batch(statement.run, size_max=2)
    asking = await _ask_in_turn(batch, 6)

    for task in asking[1:5]:
        task.cancel()
    await _settle()
    statement.open.set()
    await asyncio.gather(*asking, return_exceptions=True)

    assert [] not in statement.calls


STEPS = st.lists(st.sampled_from(["ask", "turn", "cancel", "open", "close"]), max_size=60)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, size_max=st.integers(1, 5))
def test_in_any_order_of_events_each_asker_gets_its_own_answer(steps: list[str], size_max: int) -> None:
    """Asks, cancellations and slow statements in any order: own answers, bounded batches, nobody forgotten."""
    asyncio.run(_play(steps, size_max))


async def _play(steps: list[str], size_max: int) -> None:
    statement = Statement()
    batch = Batch(statement.run, size_max=size_max)
    asking: list[asyncio.Task[int]] = []
    cancelled: set[int] = set()
    for step in steps:
        match step:
            case "ask":
                asking.append(asyncio.create_task(batch.ask(len(asking))))
            case "cancel" if asking:
                number = len(cancelled) % len(asking)
                if not asking[number].done():
                    asking[number].cancel()
                    cancelled.add(number)
            case "open":
                statement.open.set()
            case "close":
                statement.open.clear()
            case _:
                await asyncio.sleep(0)
    statement.open.set()
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*asking, return_exceptions=True)
    assert all(len(call) <= size_max for call in statement.calls)
    for number, answer in enumerate(answers):
        expected = isinstance(answer, asyncio.CancelledError) if number in cancelled else answer == number * 2
        assert expected or answer == number * 2
