"""A stored history with old ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tests.aging import STORY
from tests.histories import tell

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]


@pytest.fixture
async def told(db: Connection) -> Connection:
    """Return a database that holds the story."""
    async with db.transaction():
        await db.execute("SET LOCAL TimeZone = 'UTC'")
        await tell(db, STORY)
    return db
