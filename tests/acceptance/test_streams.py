"""What becomes of a run whose output nobody takes, and of one that writes to a terminal."""

from __future__ import annotations

import asyncio
import os
import pty

import pytest

from collector.emulator import Emulator
from tests.acceptance.inventory import count_sweeps
from tests.acceptance.program import Program, end_of


def read_to_end(descriptor: int) -> str:
    """Read what is written to a terminal until nobody can write to it any more."""
    parts = []
    try:
        while part := os.read(descriptor, 4096):
            parts.append(part)
    except OSError:  # Linux says end of file so
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


@pytest.mark.parametrize("output", ["text", "json"])
async def test_a_reader_that_is_gone_does_not_change_the_exit_code(
    program: Program, emulator: Emulator, migrated_url: str, output: str
) -> None:
    """Stdout and stderr are pipes that were closed at the other end; the sweep is whole."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    process = await program.start("run", "--output", output)
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream._transport.close()  # type: ignore[attr-defined]  # there is no other way to close a reading end

    code = await process.wait()

    assert code == 0
    assert await count_sweeps(migrated_url) == 1


async def test_closed_streams_do_not_change_the_exit_code(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Started with no stdin, stdout and stderr at all, as some schedulers do."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    code = await program.run_closed("run")

    assert code == 0
    assert await count_sweeps(migrated_url) == 1


async def test_a_full_disk_under_stderr_does_not_stop_a_sweep(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Lines of the log are lost, nothing else."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 - a device
        ended = await end_of(await program.start("run", "--output", "json", stderr=full))

    assert (ended.code, ended.json()["outcome"]) == (0, "complete")


async def test_a_report_that_cannot_be_written_is_an_error_and_the_sweep_stands(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A full disk under stdout: whoever reads the report must not take its absence for success."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    with open("/dev/full", "wb") as full:  # noqa: ASYNC230, PTH123 - a device
        ended = await end_of(await program.start("run", "--output", "json", stdout=full))

    assert ended.code == 1
    assert ended.stderr.splitlines()[-1] == "Error: stdout cannot be written: No space left on device"
    assert await count_sweeps(migrated_url) == 1


async def test_on_a_terminal_logs_are_text_and_a_bar_shows_the_progress(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Stderr is a terminal: no JSON there, and stdout has the report alone."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    ours, theirs = pty.openpty()
    process = await program.start("run", stderr=theirs, env={"TERM": "xterm", "COLUMNS": "100"})
    os.close(theirs)

    shown = await asyncio.to_thread(read_to_end, ours)
    ended = await end_of(process)

    assert ended.code == 0
    assert ended.stdout.startswith("sweep ")
    assert "3/3" in shown
    assert "listing.merged" in shown
    assert '"event"' not in shown
