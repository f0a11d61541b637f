"""How much memory the program took, told by the kernel."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from tests.acceptance.program import Ended, Program


def watch_memory(process: subprocess.Popen[bytes]) -> int:
    """
    Watch a process to its end and tell its peak memory in KiB.

    The kernel's account of an ended process will not do: it begins with the memory of the one that started it.
    """
    peak_kib = 0
    while process.poll() is None:
        with suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
            peak_kib = max(peak_kib, int(found[1]) if found else 0)
        time.sleep(0.002)
    return peak_kib


async def run_watched(program: Program, *arguments: str) -> tuple[Ended, int]:
    """Run the program; tell how it ended, and its peak memory in KiB."""
    out, err = program.home / "stdout", program.home / "stderr"
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(  # noqa: ASYNC220 - watched by a thread
            [sys.executable, "-m", "collector", *arguments],
            cwd=program.home,
            env=program.environment({}),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
        ) as process,
    ):
        peak_kib = await asyncio.to_thread(watch_memory, process)
    assert process.returncode is not None
    return Ended(code=process.returncode, stdout=out.read_text(), stderr=err.read_text()), peak_kib
