"""A duel whose two clusters were swept once, honestly."""

from __future__ import annotations

import pytest

from tests.integration.hostile.duel import Duel


@pytest.fixture
async def duel(migrated_url: str) -> Duel:
    """Return two clusters of twelve stored backups each."""
    duel = Duel(url=migrated_url)
    assert await duel.outcome() == "complete"
    return duel
