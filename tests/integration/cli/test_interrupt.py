"""Real signals to this very process, and to one that has to die of them."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.interrupt import Interrupt, Interrupted, run_interruptible

ROOT = Path(__file__).resolve().parents[3]


def die(script: str) -> int:
    """Run a script that should end itself by our means, and return its exit code."""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=30, check=False)
    return done.returncode


def test_a_signal_sets_the_event_and_the_exit_code() -> None:
    """The work sees the event and ends itself; the exit code it returns is its own."""

    async def work(interrupt: Interrupt) -> int:
        os.kill(os.getpid(), signal.SIGTERM)
        await interrupt.stopping.wait()
        return interrupt.exit_code or 0

    assert run_interruptible(work) == 143


def test_the_handlers_are_given_back() -> None:
    """Afterwards Ctrl-C is Python's again."""

    async def work(_interrupt: Interrupt) -> int:
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
        return 0

    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run_interruptible(work)

    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_work_is_cancelled_when_a_signal_comes() -> None:
    """What waits for something else is not waited for."""

    async def work(interrupt: Interrupt) -> int:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(Interrupted) as caught:
            await interrupt.unless_stopped(asyncio.Event().wait())
        return caught.value.exit_code

    assert run_interruptible(work) == 130


def test_work_that_is_done_keeps_its_result_and_its_error() -> None:
    """No signal, no difference."""

    async def fail() -> None:
        raise LookupError("its own")

    async def work(interrupt: Interrupt) -> int:
        with pytest.raises(LookupError, match="its own"):
            await interrupt.unless_stopped(fail())
        return await interrupt.unless_stopped(asyncio.sleep(0, result=5))

    assert run_interruptible(work) == 5


def test_a_thread_that_hangs_does_not_keep_a_process_whose_work_is_done() -> None:
    """A name lookup cannot be cancelled, and Python would wait for its thread: the exit code counts all the same."""
    script = """
import asyncio, threading
from collector.interrupt import run_interruptible
async def work(interrupt):
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
    return 3
run_interruptible(work)
"""

    assert die(script) == 3


def test_a_loop_that_hangs_is_ended_by_the_clock() -> None:
    """The event loop itself stands still after the signal; the clock is a thread's."""
    script = """
import asyncio, os, signal, threading
from collector.interrupt import Interrupt
with asyncio.Runner() as runner, Interrupt(runner.get_loop(), patience_s=0.2):
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait()
"""

    assert die(script) == 143


def test_a_second_signal_ends_the_process_with_its_own_code() -> None:
    """Whoever sends it does not want to wait."""
    script = """
import asyncio, os, signal, time
from collector.interrupt import Interrupt
with asyncio.Runner() as runner, Interrupt(runner.get_loop()):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(0.1)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(20)
"""

    assert die(script) == 130


def test_the_echo_of_a_signal_is_no_second_one() -> None:
    """timeout(1) signals the process and then its group: that is one wish."""
    script = """
import asyncio, os, signal, sys
from collector.interrupt import Interrupt
with asyncio.Runner() as runner, Interrupt(runner.get_loop()) as interrupt:
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    sys.exit(7)
"""

    assert die(script) == 7
