"""
Recordings with something odd in them, each a directory of `tests/samples` beside what must come of it.

A recording of `collector check --record` goes there as it is, cut down to what is odd; `expected.json` says the exit
code of a run over it, and of each backup the columns that matter.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from collector.emulator import Replay, read_recording
from tests.acceptance.program import ROOT, Program

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

SAMPLES: Final = sorted(path.parent for path in ROOT.glob("tests/samples/*/expected.json"))


def test_there_are_samples() -> None:
    """An empty directory would prove nothing."""
    assert SAMPLES


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
async def test_a_sample_comes_to_what_is_expected_of_it(
    sample: Path, program: Program, migrated_url: str, db: Connection
) -> None:
    """Whatever the API once said, it is read alike for ever."""
    expected: dict[str, Any] = json.loads((sample / "expected.json").read_bytes())
    recording = read_recording(sample)
    async with Replay(recording) as replay:
        limits = {"page_size": recording.page_size or 1000}
        program.write_config(recording.answers, url=migrated_url, api=replay.url, limits=limits)

        ended = await program.run("run")

    rows = await db.fetch("SELECT backup_id, to_jsonb(b)::text AS columns FROM inventory.backups AS b")
    found = {row["backup_id"]: json.loads(row["columns"]) for row in rows}
    assert (ended.code, replay.unknown) == (expected["exit_code"], []), ended.stderr
    assert {
        backup_id: {name: found[backup_id][name] for name in columns}
        for backup_id, columns in expected["backups"].items()
    } == expected["backups"]
    assert found.keys() == expected["backups"].keys()
