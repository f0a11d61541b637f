"""A listing that is larger than the memory it may take: on disk in between, exact at the end."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import asyncpg

from collector.emulator import Emulator, Fleet
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.memory import watch_memory
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
    """Five pages of a thousand: a nameless temporary file grows, the memory does not, and nothing is left."""
    spool = program.home / "spool"
    spool.mkdir()
    fleet = Fleet.of({"c9qlarge": made("c9qlarge", range(BACKUPS), indices=tuple(f"index-{n}" for n in range(20)))})
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(["c9qlarge"], url=migrated_url, api=emulator, limits={"spool_bytes": SPOOL_BYTES})
        gate = emulator.faults.pause("c9qlarge", page=5)
        with subprocess.Popen(  # noqa: ASYNC220 - watched by a thread
            [sys.executable, "-m", "collector", "run", "--output", "json"],
            cwd=program.home,
            env=program.environment({"TMPDIR": str(spool)}),
            stdout=subprocess.PIPE,
        ) as process:
            await gate.reached()
            sizes = deleted_files(process.pid, spool)

            gate.release()
            peak_kib = await asyncio.to_thread(watch_memory, process)
            assert process.stdout is not None
            summary = json.loads(process.stdout.read())

    assert process.returncode == 0
    assert (summary["requests"], summary["backups"]["inserted"]) == (5, BACKUPS)
    assert len(sizes) == 1
    assert sizes[0] > 4 * SPOOL_BYTES
    assert list(spool.iterdir()) == []
    assert 0 < peak_kib < RSS_KIB_MAX
    assert await stored(db) == served(fleet)
