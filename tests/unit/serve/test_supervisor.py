"""Tasks that live as long as the service, and what becomes of it when one does not."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import structlog

from collector.errors import SchemaError
from collector.serve.supervisor import TaskEnded, supervise


async def forever() -> None:
    """Do nothing."""
    await asyncio.Event().wait()


async def fail(error: Exception) -> None:
    """Die."""
    raise error


async def test_a_task_that_dies_ends_the_service_and_is_named() -> None:
    """The others are cancelled; what it died of goes on to the command, which exits with 70."""
    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        await supervise(
            {"lease": forever(), "pulse": fail(ZeroDivisionError())},
            closing={"sweeps": forever()},
            stopping=asyncio.Event(),
            patience_s=0,
        )

    assert [(line["event"], line["task"]) for line in lines] == [("task.died", "pulse")]


async def test_a_task_that_returns_ends_the_service_too() -> None:
    """None of them is meant to."""
    with structlog.testing.capture_logs() as lines, pytest.raises(TaskEnded, match="lease"):
        await supervise({"lease": asyncio.sleep(0)}, closing={}, stopping=asyncio.Event(), patience_s=0)

    assert lines[0]["task"] == "lease"


async def test_a_reason_of_our_own_is_told_by_the_command() -> None:
    """It has an exit code and needs no traceback."""
    with structlog.testing.capture_logs() as lines, pytest.raises(SchemaError):
        await supervise({"lease": fail(SchemaError("older"))}, closing={}, stopping=asyncio.Event(), patience_s=0)

    assert lines == []


async def test_at_the_end_the_sweep_is_waited_for_and_the_others_go_on_meanwhile() -> None:
    """The lease is kept until the sweep has ended."""
    stopping = asyncio.Event()
    order = []

    async def sweep() -> None:
        await stopping.wait()
        await asyncio.sleep(0)
        order.append("swept")

    async def keep() -> None:
        try:
            await forever()
        finally:
            order.append("lease let go")

    asyncio.get_running_loop().call_soon(stopping.set)
    await supervise({"lease": keep()}, closing={"sweeps": sweep()}, stopping=stopping, patience_s=5)

    assert order == ["swept", "lease let go"]


async def test_a_sweep_that_does_not_end_is_not_waited_for() -> None:
    """There is a limit to patience."""
    stopping = asyncio.Event()
    stopping.set()

    async with asyncio.timeout(5):
        await supervise({}, closing={"sweeps": forever()}, stopping=stopping, patience_s=0.01)


async def test_a_sweep_that_dies_at_the_end_is_named_and_no_good_end() -> None:
    """A bug is a bug after SIGTERM too."""
    stopping = asyncio.Event()

    async def sweep() -> None:
        await stopping.wait()
        raise ZeroDivisionError

    asyncio.get_running_loop().call_soon(stopping.set)
    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        await supervise({"lease": forever()}, closing={"sweeps": sweep()}, stopping=stopping, patience_s=5)

    assert [(line["event"], line["task"]) for line in lines] == [("task.died", "sweeps")]


async def test_of_two_deaths_both_are_told_and_the_first_counts() -> None:
    """The second came of the first, or did not."""

    async def die_late() -> None:
        try:
            await forever()
        finally:
            raise KeyError

    with structlog.testing.capture_logs() as lines, pytest.raises(ZeroDivisionError):
        await supervise(
            {"lease": die_late(), "pulse": fail(ZeroDivisionError())},
            closing={},
            stopping=asyncio.Event(),
            patience_s=0,
        )

    assert [line["task"] for line in lines] == ["pulse", "lease"]


async def test_a_task_that_does_not_let_itself_be_cancelled_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot keep the reason from the command."""
    monkeypatch.setattr("collector.serve.supervisor.CANCEL_S", 0.01)
    over = asyncio.Event()

    async def hang() -> None:
        with suppress(asyncio.CancelledError):
            await forever()
        await over.wait()

    async with asyncio.timeout(5):
        with pytest.raises(ZeroDivisionError):
            await supervise(
                {"lease": hang(), "pulse": fail(ZeroDivisionError())},
                closing={},
                stopping=asyncio.Event(),
                patience_s=0,
            )
    over.set()
