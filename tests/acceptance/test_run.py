"""`collector run`: its report in both forms, and its exit codes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg

from collector.emulator import Code, Emulator, Fleet
from tests.acceptance.inventory import count_sweeps
from tests.acceptance.program import Program, events_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

SUMMARY_KEYS = [
    "sweep_id",
    "outcome",
    "started_at",
    "finished_at",
    "clusters",
    "backups",
    "requests",
    "retries",
    "failures",
]


async def test_a_sweep_prints_one_json_object_with_the_documented_keys(
    program: Program, emulator: Emulator, database_url: str
) -> None:
    """An empty database is migrated, every cluster is complete, and the log is JSON lines."""
    program.write_config(emulator.fleet.clusters, url=database_url, api=emulator)

    ended = await program.run("run", "--output", "json")

    summary = ended.json()
    assert ended.code == 0
    assert list(summary) == SUMMARY_KEYS
    assert summary["outcome"] == "complete"
    assert summary["clusters"] == {"complete": 3, "partial": 0, "held": 0, "failed": 0, "superseded": 0}
    assert list(summary["backups"].items()) == [
        ("inserted", 24),
        ("updated", 0),
        ("unchanged", 0),
        ("missing", 0),
        ("vanished", 0),
        ("returned", 0),
        ("quarantined", 0),
    ]
    assert (summary["requests"], summary["retries"], summary["failures"]) == (3, 0, [])
    assert summary["started_at"] < summary["finished_at"]
    assert [len(summary[key]) for key in ("started_at", "finished_at")] == [27, 27]
    assert events_of(ended) == ["schema.migrated", *["listing.merged"] * 3, "sweep.finished"]


async def test_a_second_sweep_finds_all_unchanged(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """What the report counts is what the database was told."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    first = await program.run("run", "--output", "json")

    second = await program.run("run", "--output", "json")

    assert (first.code, second.code) == (0, 0)
    assert second.json()["backups"]["unchanged"] == 24
    assert second.json()["sweep_id"] > first.json()["sweep_id"]
    assert await count_sweeps(migrated_url) == 2


async def test_a_cluster_that_fails_is_exit_1_and_named(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The others are complete; the failure has the kind of error and the server's words."""
    poor = list(emulator.fleet.clusters)[1]
    emulator.faults.fail(poor, status=403, code=Code.PERMISSION_DENIED)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--output", "json")

    summary = ended.json()
    assert (ended.code, summary["outcome"], summary["clusters"]["complete"]) == (1, "partial", 2)
    assert [(each["cluster_id"], each["error"]) for each in summary["failures"]] == [(poor, "permission_denied")]
    assert "403" in summary["failures"][0]["message"]


async def test_a_credential_that_every_cluster_refuses_is_exit_2(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """To try again is pointless, and the token that was refused is not told."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--output", "json", env={"YC_IAM_TOKEN": "t1.canary-of-the-command"})

    assert ended.code == 2
    assert {each["error"] for each in ended.json()["failures"]} == {"unauthenticated"}
    assert "canary" not in ended.stdout + ended.stderr


async def test_text_names_what_is_not_complete_and_ends_with_one_sentence(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """A person sees the failures first, then the sum."""
    poor = list(emulator.fleet.clusters)[1]
    emulator.faults.fail(poor, status=404, code=Code.NOT_FOUND)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run")

    lines = ended.stdout.splitlines()
    assert ended.code == 1
    assert lines[0].split() == ["cluster", "name", "error", "message"]
    assert lines[1].startswith(poor)
    assert "partial: 2 of 3 clusters are complete; backups: 16 inserted; 3 requests, 0 of them retries" in lines[2]
    assert len(lines) == 3


async def test_a_dry_run_says_what_would_change_and_keeps_nothing(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """The counts are those of a real run; no row of any table is written."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", "--dry-run", "--output", "json")

    summary = ended.json()
    assert ended.code == 0
    assert list(summary) == [*SUMMARY_KEYS, "dry_run"]
    assert (summary["dry_run"], summary["sweep_id"], summary["backups"]["inserted"]) == (True, None, 24)
    for table in ("sweep", "listing", "cluster", "backup"):
        assert await db.fetchval(f"SELECT count(*) FROM collector.{table}") == 0  # noqa: S608 - of our own names


async def test_a_held_cluster_says_how_it_is_released(
    program: Program, emulator: Emulator, migrated_url: str, fleet: Fleet
) -> None:
    """Nothing is believed until a person says so, with the option that the report names."""
    odd = next(iter(fleet.clusters))
    program.write_config(fleet.clusters, url=migrated_url, api=emulator)
    await program.run("run")
    fleet.clear_backups(odd)

    held = await program.run("run", "--output", "json")
    allowed = await program.run("run", "--output", "json", "--allow-mass-vanish", odd)

    (failure,) = held.json()["failures"]
    assert (held.code, failure["cluster_id"], failure["error"]) == (1, odd, "held")
    assert f"--allow-mass-vanish {odd}" in failure["message"]
    assert (allowed.code, allowed.json()["backups"]["missing"]) == (0, 8)


async def test_clusters_and_shards_cut_the_selection_down(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The two halves of a job together ask for every cluster once; the option overrules the job's variables."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    only = list(emulator.fleet.clusters)[2]

    one = await program.run("run", "--cluster", only, "--output", "json")
    first = await program.run("run", "--shard", "0/2", env={"JOB_COMPLETION_INDEX": "9", "JOB_COMPLETIONS": "10"})
    second = await program.run("run", env={"JOB_COMPLETION_INDEX": "1", "JOB_COMPLETIONS": "2"})

    assert [one.code, first.code, second.code] == [0, 0, 0]
    assert one.json()["clusters"]["complete"] == 1
    assert emulator.requests_by_scope == {each: 2 if each == only else 1 for each in emulator.fleet.clusters}
