"""kill -9 at any moment: what is stored is a whole listing, old or new, and the next run goes on from there."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Final, Literal

import asyncpg
import pytest

from collector.emulator import Emulator, Fleet
from tests.acceptance.history import History
from tests.acceptance.inventory import made, served, stored
from tests.acceptance.kills import Scene, lay_tripwire, lift_tripwire
from tests.acceptance.program import TOKEN, Program
from tests.acceptance.watching import blocked, left
from tests.builders import every_row

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

KILLS: Final = int(os.environ.get("COLLECTOR_KILLS", "12"))
"""How many random kills; a longer campaign is asked for by the environment."""

SEED: Final = int(os.environ.get("COLLECTOR_KILLS_SEED", "20261124"))
OPEN_SHARE_MIN: Final = 0.7

KEPT: Final = ("backup", "index_set", "backup_change", "listing", "quarantine")
"""What a run that was killed in its first listings has not touched."""

Blocker = Literal["backups", "cluster", "ledger"]


async def outcomes(db: Connection) -> list[str]:
    """Read what became of each sweep."""
    return [row["outcome"] for row in await db.fetch("SELECT outcome FROM inventory.sweeps ORDER BY sweep_id")]


async def pass_deadlines(db: Connection) -> None:
    """Let all sweeps' time be up."""
    await db.execute("UPDATE collector.sweep SET deadline_at = deadline_at - interval '1 day'")


async def test_a_kill_in_the_middle_of_listings_leaves_the_old_ones(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """No row of the killed run; its sweep counts as running until its time is up, then as aborted."""
    fleet = Fleet.of({cluster_id: made(cluster_id, range(12)) for cluster_id in ("one", "two", "three")})
    async with Emulator(fleet, token=TOKEN) as emulator:
        scene = Scene(program=program, emulator=emulator, db=db, rng=random.Random(1))
        program.write_config(fleet.clusters, url=migrated_url, api=emulator, limits={"page_size": 5})
        await program.run("run")
        before, old = await every_row(db, KEPT), served(fleet)
        for cluster_id in fleet.clusters:
            fleet.remove_backup(cluster_id, "b4")
        gate = emulator.faults.pause(None, page=2)
        process = await scene.start()
        await gate.reached(3)

        was_open = await scene.kill(process)

        gate.release()
        await left(db)
        after, live = await every_row(db, KEPT), await stored(db)
        recovered = await program.run("run", "--output", "json")
        early = await outcomes(db)
        await pass_deadlines(db)
        late = await program.run("run", "--output", "json")

    assert was_open
    assert after == before
    assert live == old
    assert (recovered.code, recovered.json()["backups"]["missing"]) == (0, 3)
    assert (late.code, late.json()["backups"]["vanished"]) == (0, 3)
    assert await stored(db) == served(fleet)
    assert early == ["complete", "running", "complete"]
    assert await outcomes(db) == ["complete", "aborted", "complete", "complete"]


@pytest.mark.parametrize("blocker", ["backups", "cluster", "ledger"])
async def test_a_kill_in_the_middle_of_a_merge_leaves_the_old_listing(
    program: Program, migrated_url: str, db: Connection, blocker: Blocker
) -> None:
    """Before its first row, at its fence, and after its last row but the ledger's: nothing of it is stored."""
    fleet = Fleet.of({"one": made("one", range(12))})
    async with Emulator(fleet, token=TOKEN) as emulator:
        scene = Scene(program=program, emulator=emulator, db=db, rng=random.Random(1))
        program.write_config(["one"], url=migrated_url, api=emulator)
        await program.run("run")
        before, old = await every_row(db, KEPT), served(fleet)
        fleet.cluster("one").add_backups(made("one", range(100, 200)))
        fleet.remove_backup("one", "b4")
        gate = emulator.faults.pause("one")
        process = await scene.start()
        await gate.reached()
        await _block(db, blocker)
        gate.release()
        await blocked(db)

        was_open = await scene.kill(process)

        await _unblock(db, blocker)
        await left(db)
        after, live = await every_row(db, KEPT), await stored(db)
        recovered = await program.run("run", "--output", "json")

    assert was_open
    assert after == before
    assert live == old
    assert recovered.code == 0
    assert (recovered.json()["backups"]["inserted"], recovered.json()["backups"]["missing"]) == (100, 1)
    assert await stored(db) == served(fleet)


async def test_random_kills_never_leave_half_a_listing(program: Program, migrated_url: str, db: Connection) -> None:
    """After each: one whole listing a cluster, never an older one, absence proven, nothing lost or left behind."""
    print(f"seed {SEED}, {KILLS} kills")  # noqa: T201 - shown where the test fails
    rng = random.Random(SEED)
    fleet = Fleet.of({f"c9q{number}": made(f"c9q{number}", range(25)) for number in range(6)})
    history = History(fleet=fleet)
    opened = 0
    async with Emulator(fleet, token=TOKEN) as emulator:
        scene = Scene(program=program, emulator=emulator, db=db, rng=rng)
        program.write_config(
            fleet.clusters,
            url=migrated_url,
            api=emulator,
            limits={"page_size": 10},
            more="guard: {mass_vanish_rows: 1000}\n",
        )
        first = await program.run("run")
        await history.check(db)
        for number in range(KILLS):
            history.edit(rng)
            opened += await scene.kill_in_turn(number)
            await left(db)
            await history.check(db)
        await pass_deadlines(db)

        last = await program.run("run", "--output", "json")

    await history.check(db)
    assert (first.code, last.code, last.json()["outcome"]) == (0, 0, "complete")
    assert await stored(db) == served(fleet)
    assert "running" not in await outcomes(db)
    assert opened >= OPEN_SHARE_MIN * KILLS


async def _block(db: Connection, blocker: Blocker) -> None:
    match blocker:
        case "backups":
            await db.execute("BEGIN; LOCK TABLE collector.backup IN SHARE MODE")
        case "cluster":
            await db.execute("BEGIN; SELECT FROM collector.cluster FOR UPDATE")
        case "ledger":
            await lay_tripwire(db, "listing", 1)


async def _unblock(db: Connection, blocker: Blocker) -> None:
    if blocker == "ledger":
        await lift_tripwire(db, "listing")
    else:
        await db.execute("ROLLBACK")
