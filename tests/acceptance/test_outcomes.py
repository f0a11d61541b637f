"""Every outcome of a listing: how the process ends, what it reports, what the ledger says and what stays stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.inventory import Rows, made, served, stored
from tests.acceptance.program import TOKEN, Ended, Program, end_of
from tests.builders import every_row

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SCRIPTED = ("fine", "partial", "held", "forbidden", "absent", "broken", "silent", "cut", "html")


def fleet_of(*cluster_ids: str) -> Fleet:
    """Make clusters of twelve backups each."""
    return Fleet.of({cluster_id: made(cluster_id, range(12)) for cluster_id in cluster_ids})


def script(emulator: Emulator) -> None:
    """Let every cluster but the first go wrong in its own way, and all lists change."""
    for cluster_id in SCRIPTED:
        emulator.fleet.add_backup(cluster_id, made(cluster_id, [90])[0])
        emulator.fleet.remove_backup(cluster_id, "b0")
    emulator.fleet.clear_backups("held")
    faults = emulator.faults
    faults.raw_record("partial", 2, '{"id":"b10","sourceClusterId":"partial","createdAt":"yesterday"}')
    faults.fail("forbidden", status=403, code=Code.PERMISSION_DENIED)
    faults.fail("absent", status=404, code=Code.NOT_FOUND)
    faults.fail("broken", status=500, code=Code.INTERNAL)
    faults.hang("silent", page=2)
    faults.cut_body("cut", after=100, page=2)
    faults.body("html", b"<html>maintenance</html>", content_type="text/html")


async def ledger(db: Connection, ended: Ended) -> dict[str, tuple[str, str | None]]:
    """Read what a run wrote about each cluster."""
    query = "SELECT cluster_id, outcome, error FROM inventory.listings WHERE sweep_id = $1"
    rows = await db.fetch(query, ended.json()["sweep_id"])
    assert len({row["cluster_id"] for row in rows}) == len(rows)
    return {row["cluster_id"]: (row["outcome"], row["error"]) for row in rows}


def errors_of(ended: Ended) -> Mapping[str, str]:
    """Take from a report which cluster is not complete, and why."""
    return {failure["cluster_id"]: failure["error"] for failure in ended.json()["failures"]}


def only(rows: Rows, cluster_ids: Sequence[str]) -> Rows:
    """Take some clusters' rows."""
    return {cluster_id: rows[cluster_id] for cluster_id in cluster_ids}


async def test_each_cluster_ends_by_itself_and_exit_1_sums_them_up(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """One is complete, each other one is named with its reason, and what is stored of those is what was."""
    fleet = fleet_of(*SCRIPTED)
    async with Emulator(fleet, token=TOKEN) as emulator:
        limits = {"page_size": 5, "page_timeout": "1s"}
        program.write_config(SCRIPTED, url=migrated_url, api=emulator, limits=limits)
        first = await program.run("run", "--output", "json")
        before = served(fleet)
        script(emulator)

        ended = await program.run("run", "--output", "json")
        after = await stored(db)
        held_message = next(each["message"] for each in ended.json()["failures"] if each["cluster_id"] == "held")
        emulator.faults.clear()
        allowed = await program.run("run", "--output", "json", "--allow-mass-vanish", "held")

    failed = {
        "forbidden": "permission_denied",
        "absent": "not_found",
        "broken": "server_failed",
        "silent": "timeout",
        "cut": "truncated",
        "html": "bad_answer",
    }
    assert (first.code, ended.code, allowed.code) == (0, 1, 0)
    assert ended.json()["outcome"] == "partial"
    assert ended.json()["clusters"] == {"complete": 1, "partial": 1, "held": 1, "failed": 6, "superseded": 0}
    assert errors_of(ended) == {"partial": "partial", "held": "held", **failed}
    assert "--allow-mass-vanish held" in held_message
    assert await ledger(db, ended) == {
        "fine": ("complete", None),
        "partial": ("partial", None),
        "held": ("held", None),
        **{cluster_id: ("failed", error) for cluster_id, error in failed.items()},
    }
    assert only(after, list(failed)) == only(before, list(failed))
    assert after["held"] == before["held"]
    assert set(after["partial"]) == {*before["partial"], "b90"}
    assert set(after["fine"]) == {*before["fine"], "b90"} - {"b0"}
    assert await stored(db) == {key: rows for key, rows in served(fleet).items() if rows}
    assert set((await stored(db, "missing"))["held"]) == {f"b{number}" for number in range(12)}


async def test_a_credential_that_all_refuse_is_exit_2_and_one_that_some_refuse_is_exit_1(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Where only some refuse it, the others' answers are worth another try."""
    async with Emulator(fleet_of("one", "two"), token=TOKEN) as emulator:
        program.write_config(["one", "two"], url=migrated_url, api=emulator)
        emulator.faults.fail("two", status=403, code=Code.PERMISSION_DENIED)
        emulator.faults.fail("one", status=401, code=Code.UNAUTHENTICATED)
        some = await program.run("run", "--output", "json")

        emulator.faults.clear()
        everyone = await program.run("run", "--output", "json", env={"YC_IAM_TOKEN": "t1.expired"})

    assert (some.code, errors_of(some)) == (1, {"one": "unauthenticated", "two": "permission_denied"})
    assert (everyone.code, everyone.json()["outcome"]) == (2, "failed")
    assert await ledger(db, everyone) == dict.fromkeys(("one", "two"), ("failed", "unauthenticated"))
    assert await stored(db) == {}


async def test_a_run_that_was_overtaken_reports_it_and_ends_like_the_newer_one(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Two began in order and ended in reverse: exit 0 where the newer listing is complete, else 1."""
    fleet = fleet_of("good", "poor")
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(["good", "poor"], url=migrated_url, api=emulator, limits={"page_size": 5})
        gate = emulator.faults.pause(None, page=2)
        runs = [await program.start("run", "--output", "json", "--cluster", each) for each in ("good", "poor")]
        await gate.reached(2)
        emulator.faults.clear()
        for cluster_id in ("good", "poor"):
            fleet.remove_backup(cluster_id, "b11")
        emulator.faults.raw_record("poor", 0, '{"id":"b10","sizeBytes":"1.5"}', times=1)
        newer = await program.run("run", "--output", "json")
        between = await stored(db)

        gate.release()
        good, poor = [await end_of(process) for process in runs]

    assert (newer.code, errors_of(newer)) == (1, {"poor": "partial"})
    assert (good.code, good.json()["outcome"], errors_of(good)) == (0, "complete", {})
    assert (poor.code, poor.json()["outcome"], errors_of(poor)) == (1, "partial", {"poor": "superseded"})
    assert good.json()["clusters"]["superseded"] == poor.json()["clusters"]["superseded"] == 1
    assert await ledger(db, good) == {"good": ("superseded", None)}
    assert await stored(db) == between
    assert between["good"] == served(fleet)["good"]


async def test_shards_cover_the_fleet_once_and_a_named_cluster_alone_is_asked_for(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Whoever is not selected is neither read nor marked; all stay managed."""
    fleet = fleet_of(*(f"c9q{number:02}" for number in range(12)))
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(fleet.clusters, url=migrated_url, api=emulator)

        shards = [await program.run("run", "--output", "json", "--shard", f"{index}/2") for index in range(2)]
        halves = [set(await ledger(db, shard)) for shard in shards]
        in_shards = dict(emulator.requests_by_scope)
        one = await program.run("run", "--output", "json", "--cluster", "c9q03")

    assert [ended.code for ended in (*shards, one)] == [0, 0, 0]
    assert in_shards == dict.fromkeys(fleet.clusters, 1)
    assert all(halves)
    assert halves[0] | halves[1] == set(fleet.clusters)
    assert not halves[0] & halves[1]
    assert await ledger(db, one) == {"c9q03": ("complete", None)}
    assert await stored(db) == served(fleet)
    assert await db.fetchval("SELECT bool_and(managed) FROM inventory.clusters")
    shards_kept = await db.fetch("SELECT shard FROM inventory.sweeps ORDER BY sweep_id")
    assert [row["shard"] for row in shards_kept] == ["0/2", "1/2", None]


async def test_a_dry_run_foretells_the_run_and_changes_no_row(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """New, changed, missing and vanished backups are counted as the run after it counts them."""
    fleet = fleet_of("one", "two")
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(["one", "two"], url=migrated_url, api=emulator)
        await program.run("run")
        fleet.remove_backup("one", "b1")
        await program.run("run")
        fleet.remove_backup("two", "b2")
        fleet.replace_backup("two", made("two", [3], size_bytes=7_000)[0])
        fleet.add_backup("one", made("one", [50])[0])
        before = await every_row(db)

        dry = await program.run("run", "--dry-run", "--output", "json")
        unchanged = await every_row(db)
        real = await program.run("run", "--output", "json")

    counts: dict[str, Any] = dry.json()["backups"]
    assert (dry.code, real.code) == (0, 0)
    assert unchanged == before
    assert counts == real.json()["backups"]
    assert {name: number for name, number in counts.items() if number} == {
        "inserted": 1,
        "updated": 1,
        "unchanged": 21,
        "missing": 1,
        "vanished": 1,
    }
    assert dry.json()["failures"] == real.json()["failures"] == []


async def test_a_cluster_that_left_the_configuration_keeps_its_rows_and_has_no_verdict(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """It is unmanaged; put back, it is managed again, and nothing had happened to it."""
    fleet = fleet_of("one", "two")
    async with Emulator(fleet, token=TOKEN) as emulator:
        program.write_config(["one", "two"], url=migrated_url, api=emulator)
        await program.run("run")
        program.write_config(["one"], url=migrated_url, api=emulator)
        without = await program.run("run", "--output", "json")
        managed = {row[0]: row[1] for row in await db.fetch("SELECT cluster_id, managed FROM inventory.clusters")}
        verdicts = await db.fetch("SELECT cluster_id FROM inventory.freshness")
        rows = await stored(db)
        program.write_config(["one", "two"], url=migrated_url, api=emulator)
        back = await program.run("run", "--output", "json")

    assert (without.code, back.code) == (0, 0)
    assert managed == {"one": True, "two": False}
    assert [row["cluster_id"] for row in verdicts] == ["one"]
    assert rows == await stored(db) == served(fleet)
    assert back.json()["backups"]["unchanged"] == 24
