"""The demo's fleet in a database, collected by the program itself: what the queries of the documents are tried on."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.emulator import EmulatedCluster, Emulator, demo_fleet
from tests.acceptance.program import TOKEN, Ended, Program
from tests.postgres import scratch_database

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

HOURS: Final = 2
HOUR_NS: Final = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A database that has seen three sweeps of the demo's fleet an hour apart, one with new faults, and discoveries."""

    url: str
    sentences: Sequence[str]
    """What `collector run` said at the end of the first three sweeps."""
    status: Ended
    """What `collector status` printed after them."""


@pytest.fixture(scope="session")
def home() -> Iterator[Path]:
    """Yield a home directory for the program."""
    directory = Path(mkdtemp(prefix="collector-test-documents-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture(scope="session")
async def inventory(postgres: EmbeddedServer, migrated_template: str, home: Path) -> AsyncIterator[Inventory]:
    """Yield the demo's inventory, made once."""
    fleet = demo_fleet(time.time_ns() - HOURS * HOUR_NS)
    program = Program(home=home)
    async with (
        scratch_database(postgres, template=migrated_template) as url,
        Emulator(fleet, token=TOKEN, record=False) as emulator,
    ):
        program.env["DATABASE_URL"] = url
        (home / "config.yaml").write_text(_config(emulator.url, list(fleet.clusters.values())), encoding="utf-8")
        sentences = []
        for hour in range(HOURS + 1):
            if hour:
                fleet.advance(hours=1)
            sentences.append((await program.run("run")).stdout.splitlines()[-1])
        status = await program.run("status")
        _add_discovery(emulator, home / "config.yaml")
        await _spoil(emulator, program)
        await _weaken(emulator, program)
        yield Inventory(url=url, sentences=sentences, status=status)


@pytest.fixture
async def reader(inventory: Inventory) -> AsyncIterator[Connection]:
    """Yield a connection to the demo's inventory that cannot change it."""
    connection = await asyncpg.connect(inventory.url, server_settings={"default_transaction_read_only": "on"})
    try:
        yield connection
    finally:
        await connection.close()


def _config(api_url: str, clusters: Sequence[EmulatedCluster]) -> str:
    """Write a configuration as JSON, which is YAML too."""
    entries = [
        {"id": each.id, "service": each.service, "name": each.name, "labels": dict(each.labels)} for each in clusters
    ]
    api = {"mdb_url": api_url, "requests_per_second": None, "attempts": 2, "backoff_initial": "0.1s"}
    return json.dumps({"database": {"url": "${DATABASE_URL}"}, "api": api, "clusters": entries})


def _discovered(emulator: Emulator) -> EmulatedCluster:
    """Find a cluster that no document shows."""
    return next(each for each in emulator.fleet.clusters.values() if each.labels["team"] == "security")


def _add_discovery(emulator: Emulator, path: Path) -> None:
    """Discover the folder of one of the clusters, which says when it makes backups."""
    cluster = _discovered(emulator)
    emulator.fleet.edit_cluster(cluster.id, config={"snapshotManagement": {"snapshotSchedule": {"hourly": {}}}})
    config = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**config, "discovery": [{"folder": cluster.folder_id}]}), encoding="utf-8")


async def _weaken(emulator: Emulator, program: Program) -> None:
    """Rename that cluster, and let it make backups more rarely."""
    cluster = _discovered(emulator)
    config = {"snapshotManagement": {"snapshotSchedule": {"weekly": {"day": "MON"}}}}
    emulator.fleet.edit_cluster(cluster.id, name="renamed", config=config)
    await program.run("run", "--output", "json", "--cluster", cluster.id)


async def _spoil(emulator: Emulator, program: Program) -> None:
    """
    Sweep once more, after four accidents.

    One cluster has a record that cannot be read, one is suddenly empty, one backup has changed, one cluster is deleted.
    """
    unreadable, emptied, changed, deleted, *_ = [
        each for each in emulator.fleet.clusters.values() if each.refusal is None
    ]
    emulator.faults.raw_record(unreadable.id, 0, '{"id": "c9q1", "sizeBytes": "much"}')
    backup = replace(next(iter(changed.backups)), size_bytes=1)
    emulator.fleet.replace_backup(changed.id, backup)
    emulator.fleet.clear_backups(emptied.id)
    emulator.fleet.remove_cluster(deleted.id)
    await program.run("run", "--output", "json")
