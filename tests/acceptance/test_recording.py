"""From the API into a recording, and from a recording into the same inventory."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from collector.emulator import Code, EmulatedBackup, EmulatedCluster, Emulator, Fleet, render_backup
from tests.acceptance.inventory import Rows, made, stored
from tests.acceptance.program import TOKEN, Program, end_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

CANARY: Final = "t1.canary-9euelZqVmZ2XlZOWi8iWkZeJmu3rnpWazJKSmJ7JkpOVk5eTlo2KnY3l8_dNZ0Jl"
PAGES: Final = {"page_size": 3}
ODD: Final[dict[str, object]] = {
    "createdAt": "2026-01-09T13:38:31.685000001+03:00",
    "type": "MANUAL",
    "sizeBytes": 9223372036854775807,
}


def odd_record(backup: EmulatedBackup) -> str:
    """Write a backup as no document describes it: a field too many, a time with an offset, a number as such."""
    return json.dumps(json.loads(render_backup(backup)) | ODD)


@pytest.fixture
def fleet() -> Fleet:
    """Return two clusters, one of several pages."""
    return Fleet.of({"c9qa": made("c9qa", range(7)), "c9qb": made("c9qb", range(2))})


@asynccontextmanager
async def replayed(
    program: Program, directory: str, *, about: str = "2 clusters", lines: int = 5
) -> AsyncIterator[Path]:
    """Serve a recording; yields a file with the configuration that is printed for it, in so many lines."""
    process = await program.start("emulate", "--from", directory, "--port", "0")
    assert process.stdout is not None
    announced = (await process.stdout.readline()).decode()
    assert f"recorded answers about {about} again" in announced, announced
    printed = [(await process.stdout.readline()).decode() for _ in range(lines)]
    file = program.home / "replay.yaml"
    file.write_text("".join(printed[1:]) + "database: {url: '${REPLAY_URL}', wait: 0.1s}\n")
    try:
        yield file
    finally:
        process.send_signal(signal.SIGTERM)
        assert (await end_of(process)).code == 0


async def rows_in(url: str) -> Rows:
    """Read the live backups."""
    connection = await asyncpg.connect(url)
    try:
        return await stored(connection)
    finally:
        await connection.close()


async def coverage_in(url: str) -> dict[str, str]:
    """Read who is watched because of what."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT cluster_id, coverage FROM inventory.coverage")
    finally:
        await connection.close()
    return {row["cluster_id"]: row["coverage"] for row in rows}


def files_of(directory: Path) -> list[Path]:
    """List all files of a recording."""
    return sorted(path for path in directory.rglob("*") if path.is_file())


async def test_a_recording_gives_the_same_inventory_again(
    program: Program, emulator: Emulator, migrated_url: str, database_url: str
) -> None:
    """Every row, also of what no document describes; without the API, and without its token."""
    emulator.faults.raw_record("c9qa", 4, odd_record(emulator.fleet.clusters["c9qa"].backups[4]))
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits=PAGES)
    recorded = await program.run("check", "--record", "kept")
    swept = await program.run("run")
    await emulator.stop()

    async with replayed(program, "kept") as file:
        again = await program.run("-c", str(file), "run", env={"REPLAY_URL": database_url, "YC_IAM_TOKEN": "t1.other"})

    rows = await rows_in(migrated_url)
    assert (recorded.code, swept.code, again.code) == (0, 0, 0), recorded.stdout + again.stderr
    assert {cluster: len(backups) for cluster, backups in rows.items()} == {"c9qa": 7, "c9qb": 2}
    assert [row["extra"] for row in rows["c9qa"].values() if row["extra"]] == [{"type": "MANUAL"}]
    assert "2026-01-09T10:38:31.685000001Z" in {row["created_at_text"] for row in rows["c9qa"].values()}
    assert await rows_in(database_url) == rows


async def test_what_was_discovered_is_recorded_and_found_again(
    program: Program, emulator: Emulator, migrated_url: str, database_url: str
) -> None:
    """The folders of a cloud and their clusters are served again, with the entries that led there; no token is."""
    for cluster in emulator.fleet.clusters.values():
        cluster.folder_id = "b1gfolder"
    emulator.fleet.edit_cluster("c9qb", name="scratch", config={"snapshotManagement": {"snapshotMaxAgeDays": "7"}})
    emulator.fleet.edit_cluster("c9qa", name="search-prod", labels={"echo": TOKEN})
    emulator.fleet.set_folders("b1gcloud", "b1gfolder", "b1gempty")
    emulator.fleet.add_cluster(EmulatedCluster(id="c9qc", folder_id="b1gfolder", service="redis"))
    discovery = 'discovery: [{cloud: b1gcloud, name: "search-*"}]\n'
    limits = {**PAGES, "resource_manager_url": emulator.url}
    program.write_config([], url=migrated_url, api=emulator, limits=limits, more=discovery)
    recorded = await program.run("check", "--record", "kept")
    swept = await program.run("run")
    await emulator.stop()

    async with replayed(program, "kept", about="1 clusters and 3 places", lines=6) as file:
        again = await program.run("-c", str(file), "run", env={"REPLAY_URL": database_url, "YC_IAM_TOKEN": "t1.other"})
    (program.home / "replay.yaml").unlink()

    kept = program.home / "kept"
    questions = {each["key"]: each for each in json.loads((kept / "report.json").read_bytes())["questions"]}
    rows = await rows_in(migrated_url)
    assert (recorded.code, swept.code, again.code) == (0, 0, 0), recorded.stdout + again.stderr
    assert {cluster: len(backups) for cluster, backups in rows.items()} == {"c9qa": 7}
    assert await rows_in(database_url) == rows
    assert await coverage_in(migrated_url) == {"c9qa": "unlisted", "c9qb": "excluded"}
    assert await coverage_in(database_url) == {"c9qa": "covered", "c9qb": "excluded"}  # what it prints lists it
    assert sorted({path.parent.name for path in files_of(kept)} - {"kept"}) == [
        "c9qa",
        "cloud.b1gcloud",
        "folder.b1gempty",
        "folder.b1gfolder",
    ]
    assert questions["cluster_promises"]["answer"].startswith("opensearch: nothing: 1")
    assert "opensearch: `snapshotManagement`: 1 (folder.b1gfolder/0001)" in questions["cluster_promises"]["answer"]
    assert TOKEN.encode() not in b"".join(path.read_bytes() for path in files_of(kept))


async def test_a_recording_of_another_service_is_configured_as_one(program: Program) -> None:
    """The path that was asked for says which it was; any token opens a recording."""
    folder = program.home / "kept/c9qa"
    folder.mkdir(parents=True)
    target = "/managed-postgresql/v1/clusters/c9qa/backups?pageSize=3"
    (folder / "0001.json").write_text(json.dumps({"format": 1, "target": target, "status": 200, "headers": []}))
    (folder / "0001.body").write_bytes(b"{}")
    process = await program.start("emulate", "--from", "kept", "--port", "0")
    assert process.stdout is not None
    lines = [(await process.stdout.readline()).decode().rstrip() for _ in range(5)]
    process.send_signal(signal.SIGTERM)
    ended = await end_of(process)

    assert lines[1] == "# A configuration for it (any token goes into the variable YC_IAM_TOKEN):"
    assert lines[4:] + ended.stdout.splitlines() == ["  - id: c9qa", "    service: postgresql"]
    assert ended.code == 0


async def test_a_recording_holds_every_page_and_a_report(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Bodies as they were served; heads with all headers; open questions settled or called so."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits=PAGES)

    ended = await program.run("check", "--record", "kept")

    kept = program.home / "kept"
    names = [path.relative_to(kept).as_posix() for path in files_of(kept)]
    assert ended.code == 0
    assert ended.stdout.splitlines()[-1].startswith("ok      recording      kept: 4 answers")
    assert names == sorted(
        [f"c9qa/000{number}.{kind}" for number in (1, 2, 3) for kind in ("body", "json")]
        + ["c9qb/0001.body", "c9qb/0001.json", "report.json", "report.md"]
    )
    head = json.loads((kept / "c9qa/0001.json").read_bytes())
    assert head["target"] == "/managed-opensearch/v1/clusters/c9qa/backups?pageSize=3"
    assert "x-request-id" in {name.lower() for name, _ in head["headers"]}
    assert {path.stat().st_mode & 0o777 for path in files_of(kept)} == {0o600}
    assert kept.stat().st_mode & 0o777 == 0o700
    questions = {each["key"]: each for each in json.loads((kept / "report.json").read_bytes())["questions"]}
    assert questions["full_pages"]["answer"] == "as many as asked for: 2 (c9qa/0001, c9qa/0002)"
    assert (questions["refusal_403"]["seen"], questions["refusal_403"]["answer"]) == (False, "not seen")
    assert "## Not seen" in (kept / "report.md").read_text()


async def test_a_refusal_is_recorded_and_met_again(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """What a 403 looks like is among what nobody could know."""
    emulator.faults.fail("c9qb", status=403, code=Code.PERMISSION_DENIED, message="Only so.")
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    first = await program.run("check", "--record", "kept")
    await emulator.stop()

    async with replayed(program, "kept") as file:
        again = await program.run("-c", str(file), "check", "--output", "json", env={"REPLAY_URL": migrated_url})

    assert (first.code, again.code) == (1, 1)
    assert "code 7, “Only so.”" in (program.home / "kept/report.md").read_text()
    (refused,) = [each for each in again.json()["findings"] if each["status"] == "failed"]
    assert (refused["cluster_id"], refused["error"]) == ("c9qb", "permission_denied")
    assert "Only so." in refused["text"]


async def test_no_byte_of_the_token_is_recorded(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """Not from a body, a header or a cookie of a server that says back what it was sent."""
    emulator.token = CANARY
    echo: dict[str, str] = {"X-Echo": f"Bearer {CANARY}", "Set-Cookie": f"session={CANARY}", "Retry-After": "0"}
    body = json.dumps({"backups": [{"id": "b", "echo": f"Bearer {CANARY}"}]}).encode()
    emulator.faults.body("c9qa", body, headers=echo)
    emulator.faults.fail("c9qb", status=401, code=Code.UNAUTHENTICATED, message=f"not {CANARY}", headers=echo)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("check", "--record", "kept", env={"YC_IAM_TOKEN": CANARY})

    files = files_of(program.home / "kept")
    everything = b"".join(path.read_bytes() for path in files)
    assert ended.code == 2
    assert len(files) == 6
    assert b"Bearer [token]" in everything
    assert b"session" not in everything
    assert CANARY.encode() not in everything
    assert CANARY not in ended.stdout + ended.stderr


async def test_a_directory_that_holds_something_is_refused(program: Program, emulator: Emulator) -> None:
    """Before anything is asked: a recording is never mixed with another."""
    (program.home / "kept").mkdir()
    (program.home / "kept/notes").write_text("mine")
    program.write_config(emulator.fleet.clusters, api=emulator)

    ended = [await program.run("check", "--record", name) for name in ("kept", "kept/notes", "config.yaml/x")]

    assert [(each.code, each.stdout) for each in ended] == [(2, "")] * 3
    assert "--record kept: not empty" in ended[0].stderr
    assert emulator.requests_total == 0
    assert [path.name for path in files_of(program.home / "kept")] == ["notes"]


@pytest.mark.parametrize(
    "arguments, complaint",
    [
        (["check", "--offline", "--record", "kept"], "--offline and --record exclude each other"),
        (["emulate", "--from", "kept", "--clusters", "3"], "--from and --clusters exclude each other"),
        (["emulate", "--from", "kept", "--latency", "0"], "--from and --latency exclude each other"),
        (["emulate", "--from", "kept"], "no recording"),
    ],
    ids=["offline", "clusters", "latency", "absent"],
)
async def test_what_contradicts_itself_is_refused(program: Program, arguments: list[str], complaint: str) -> None:
    """Nothing is begun, and nothing is left."""
    program.write_config(["c9qa"])

    ended = await program.run(*arguments)

    assert (ended.code, ended.stdout) == (2, "")
    assert complaint in ended.stderr
    assert not (program.home / "kept").exists()


async def test_check_as_json_is_one_object(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """With the same findings as the lines, and what to do in a key of its own."""
    emulator.faults.fail("c9qb", status=403, code=Code.PERMISSION_DENIED)
    path = program.write_config(["c9qa"], url=migrated_url, api=emulator)
    path.write_text(path.read_text() + "  - {id: c9qb, folder: b1gtheirs}\n")

    ended = await program.run("check", "--output", "json")
    offline = await program.run("check", "--offline", "--output", "json")

    document: dict[str, Any] = ended.json()
    assert (ended.code, document["exit_code"]) == (1, 1)
    assert [(each["item"], each["status"], each["cluster_id"]) for each in document["findings"]] == [
        ("configuration", "ok", None),
        ("database", "ok", None),
        ("credential", "ok", None),
        ("cluster", "ok", "c9qa"),
        ("cluster", "failed", "c9qb"),
    ]
    assert re.search(r"managed-opensearch\.viewer .* folder b1gtheirs", document["findings"][-1]["advice"])
    assert [each["item"] for each in offline.json()["findings"]] == ["configuration"]


async def test_an_interrupted_recording_leaves_nothing_but_its_directory(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Half of it would look like a whole; the same command works again."""
    gate = emulator.faults.pause("c9qb")
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    process = await program.start("check", "--record", "kept")
    await gate.reached()
    process.send_signal(signal.SIGTERM)
    stopped = await end_of(process)
    gate.release()
    emulator.faults.clear()

    ended = await program.run("check", "--record", "kept")

    assert (stopped.code, ended.code) == (143, 0)
    assert len(files_of(program.home / "kept")) == 6
