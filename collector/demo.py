"""
The stage of the demo: an emulated API, a PostgreSQL of our own, and a configuration that joins them.

Nothing of it is left when the demo ends, unless it was asked to stay.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

from collector.config import (
    ApiSettings,
    AuthSettings,
    ClusterSettings,
    Config,
    DatabaseSettings,
    DiscoverySettings,
    SecretSource,
)
from collector.embedded import EmbeddedServer, default_data_dir
from collector.embedded.postmaster import is_running, read_postmaster
from collector.emulator import EmulatedCluster, Emulator, Fleet, demo_fleet
from collector.errors import UsageError

if TYPE_CHECKING:
    from collector.embedded.launch import Lifetime

Keeping = Literal["nothing", "database"]

HOURS: Final = 2
"""How many hours pass on stage. They end at the present."""

UNLISTED: Final = "recommendations-prod"
"""The cluster that the configuration does not list: the discovery of its folder finds it."""
EXCLUDED: Final = "load-test-dev"
"""The cluster of that folder that nobody wants watched."""

DATABASE: Final = "collector"
STOP_S: Final = 20.0
TOKEN_VARIABLE: Final = "COLLECTOR_DEMO_TOKEN"  # noqa: S105 - the variable's name
ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType({TOKEN_VARIABLE: "t1.demo"})

_HOUR_NS: Final = 3_600_000_000_000
_POLL_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """All that a sweep needs, and the fleet, which can be let age."""

    config: Config
    fleet: Fleet
    url: str
    """Of the database. It holds a password."""
    watched: frozenset[str]
    """The clusters that a sweep is about, listed or found."""


@asynccontextmanager
async def stage(env: Mapping[str, str], *, keeping: Keeping) -> AsyncIterator[Stage]:
    """
    Set up the stage, and clear it away.

    Args:
        env: says where a database that stays is kept.
        keeping: `database` leaves PostgreSQL running, with all that was collected.

    Raises:
        EmbeddedError: there is no PostgreSQL.
    """
    fleet = demo_fleet(time.time_ns() - HOURS * _HOUR_NS)
    watched = frozenset(fleet.clusters)
    found = next(each for each in fleet.clusters.values() if each.name == UNLISTED)
    listed = [each for each in fleet.clusters.values() if each is not found]
    fleet.add_cluster(_excluded(found))
    async with (
        Emulator(fleet, token=ENVIRONMENT[TOKEN_VARIABLE], record=False) as emulator,
        _server(env, keeping) as url,
    ):
        config = _config(listed, found, api_url=emulator.url, database_url=url)
        yield Stage(config=config, fleet=fleet, url=url, watched=watched)


def stop_kept(env: Mapping[str, str]) -> Path:
    """
    End the PostgreSQL that a demo left running, and delete what it kept.

    Returns:
        The directory that is gone.

    Raises:
        UsageError: there is none; or it does not end.
    """
    directory = kept_directory(env)
    if not directory.is_dir():
        raise UsageError(f"no demo was kept in {directory}")
    for pgdata in directory.glob("pg*/"):
        _end_server(pgdata)
    shutil.rmtree(directory)
    return directory


def kept_directory(env: Mapping[str, str]) -> Path:
    """Name the directory of a demo that stays. Raises EmbeddedError: there is no place for it."""
    return default_data_dir(env) / "demo"


@asynccontextmanager
async def _server(env: Mapping[str, str], keeping: Keeping) -> AsyncIterator[str]:
    if keeping == "database":
        server = await _start(kept_directory(env), "detached")
        yield await asyncio.to_thread(server.create_database, DATABASE)
        return
    directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="collector-demo-"))
    try:
        server = await _start(directory, "parent")
        try:
            yield await asyncio.to_thread(server.create_database, DATABASE)
        finally:
            await asyncio.to_thread(server.stop)
    finally:
        await asyncio.to_thread(shutil.rmtree, directory)


async def _start(directory: Path, lifetime: Lifetime) -> EmbeddedServer:
    durable: Literal["yes", "no"] = "no" if lifetime == "parent" else "yes"
    return await asyncio.to_thread(EmbeddedServer.start, directory, lifetime=lifetime, durable=durable)


def _end_server(pgdata: Path) -> None:
    deadline = time.monotonic() + STOP_S
    found = read_postmaster(pgdata)
    if found is None or not is_running(found, pgdata):
        return
    os.kill(found.pid, signal.SIGINT)  # PostgreSQL's fast shutdown
    while is_running(found, pgdata):
        if time.monotonic() > deadline:
            raise UsageError(f"the demo's PostgreSQL (pid {found.pid}) does not end within {STOP_S:g} s")
        time.sleep(_POLL_S)


def _excluded(found: EmulatedCluster) -> EmulatedCluster:
    return EmulatedCluster(
        id="c9qloadtest000000000",
        folder_id=found.folder_id,
        name=EXCLUDED,
        labels={**found.labels, "env": "dev"},
        created_at_ns=found.created_at_ns,
    )


def _config(listed: Iterable[EmulatedCluster], found: EmulatedCluster, *, api_url: str, database_url: str) -> Config:
    discovery = {"folder": found.folder_id, "labels": {"env": found.labels["env"]}}
    return Config(
        database=DatabaseSettings.model_validate({"url": database_url}),
        # Two clusters of the demo refuse to be read: patience would be for show.
        api=ApiSettings(mdb_url=api_url, concurrency=64, requests_per_second=None, attempts=2, backoff_initial_s=0.1),
        auth=AuthSettings(iam_token=SecretSource(env=TOKEN_VARIABLE)),
        clusters=tuple(map(_entry, listed)),
        discovery=(DiscoverySettings.model_validate(discovery),),
    )


def _entry(cluster: EmulatedCluster) -> ClusterSettings:
    entry = {"id": cluster.id, "service": cluster.service, "name": cluster.name, "labels": dict(cluster.labels)}
    if cluster.schedule is not None and cluster.schedule.kept:
        entry["retention"] = f"{cluster.schedule.kept}h"
    return ClusterSettings.model_validate(entry)
