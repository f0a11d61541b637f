"""Fixtures of the store's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.builders import Rig, store_of


@pytest.fixture
async def rig(migrated_url: str) -> AsyncIterator[Rig]:
    """Yield a store on a fresh database, with two registered clusters."""
    async with store_of(migrated_url) as rig:
        yield rig
