"""A home for the program, a small fleet, and the API that serves it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.program import TOKEN, Program

NOW_NS = 1_790_000_000_000_000_000


@pytest.fixture
def program() -> Iterator[Program]:
    """Yield the program with an empty home, which everybody can pass through: PostgreSQL may run as another user."""
    home = Path(mkdtemp(prefix="collector-test-home-"))
    home.chmod(0o711)
    yield Program(home=home)
    shutil.rmtree(home)


@pytest.fixture
def fleet() -> Fleet:
    """Return three clusters with eight hourly backups each."""
    return Fleet.generate(clusters=3, backups=8, seed=5, now_ns=NOW_NS)


@pytest.fixture
async def emulator(fleet: Fleet) -> AsyncIterator[Emulator]:
    """Yield the fleet's API."""
    async with Emulator(fleet, token=TOKEN) as serving:
        yield serving
