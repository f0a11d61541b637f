"""
Seeded histories of fleets, faults and collectors, each checked after every step by an oracle of its own.

`SIMULATION_SEED` is the first seed, `SIMULATION_SEEDS` how many follow, `SIMULATION_STEPS` the length of each.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import pytest

from tests.simulation.run import play

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

FIRST: Final = int(os.environ.get("SIMULATION_SEED", "1"))
COUNT: Final = int(os.environ.get("SIMULATION_SEEDS", "1" if "SIMULATION_SEED" in os.environ else "10"))
STEPS: Final = int(os.environ.get("SIMULATION_STEPS", "8"))


@pytest.mark.usefixtures("_hurried")
async def test_histories_never_break_an_invariant(migrated_url: str, db: Connection) -> None:
    """Whatever fails and overlaps, what is stored is what the API answered, and absence is proven."""
    followed = [await play(seed, steps=STEPS, url=migrated_url, db=db) for seed in range(FIRST, FIRST + COUNT)]

    seen = {row[0] for row in await db.fetch("SELECT DISTINCT outcome FROM collector.listing")}
    lists = {row[0] for row in await db.fetch("SELECT DISTINCT via FROM collector.listing WHERE outcome = 'complete'")}
    assert min(followed) > 0
    assert COUNT < 10 or lists == {"cluster", "folder"}
    assert COUNT < 10 or seen == {"complete", "partial", "held", "failed", "superseded"}
