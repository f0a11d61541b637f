"""A listing that is larger than the memory it may take: on disk in between, exact at the end."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.program import TOKEN, Program

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

BACKUPS: Final = 5_000
RSS_KIB_MAX: Final = 200 * 1024
SPOOL_BYTES: Final = 64 * 1024


def deleted_files(pid: int, folder: Path) -> list[int]:
    """Measure the files of a folder that a process has open and that have no name any more."""
    opened = [link for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return [link.stat().st_size for link in opened if str(link.readlink()).startswith(str(folder))]


async def test_a_large_listing_waits_on_disk_and_is_stored_exactly(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Five pages of a thousand: a nameless temporary file grows, the memory does not, and nothing is left (B14)."""
    spool = program.home / "spool"
    spool.mkdir()
    fleet = Fleet.of({"c9qlarge": made("c9qlarge", range(BACKUPS), indices=tuple(f"index-{n}" for n in range(20)))})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(["c9qlarge"], url=migrated_url, api=emulator, limits={"spool_bytes": SPOOL_BYTES})
        gate = emulator.faults.pause("c9qlarge", page=5)
        with subprocess.Popen(  # noqa: ASYNC220 - asyncio's would take the usage that wait4 is to tell
            [sys.executable, "-m", "collector", "run", "--output", "json"],
            cwd=program.home,
            env=program.environment({"TMPDIR": str(spool)}),
            stdout=subprocess.PIPE,
        ) as process:
            await gate.reached()
            sizes = deleted_files(process.pid, spool)

            gate.release()
            _, status, usage = await asyncio.to_thread(os.wait4, process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            assert process.stdout is not None
            summary = json.loads(process.stdout.read())

    assert process.returncode == 0
    assert (summary["requests"], summary["backups"]["inserted"]) == (5, BACKUPS)
    assert len(sizes) == 1
    assert sizes[0] > 4 * SPOOL_BYTES
    assert list(spool.iterdir()) == []
    assert usage.ru_maxrss < RSS_KIB_MAX
    assert await stored(db) == served(fleet)
