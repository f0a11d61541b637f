"""Signals that the service takes, and what becomes of them when it ends."""

from __future__ import annotations

import asyncio
import os
import signal

from collector.serve.service import _signals


async def test_a_signal_that_comes_too_late_ends_nothing() -> None:
    """Its default would end the process before its work is put away."""
    heard = asyncio.Event()
    before = signal.getsignal(signal.SIGHUP)
    try:
        with _signals({signal.SIGHUP: heard.set}):
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.wait_for(heard.wait(), 5)

        ignored = signal.getsignal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)

    assert ignored is signal.SIG_IGN
