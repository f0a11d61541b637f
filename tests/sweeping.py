"""Whole sweeps in a test: the emulated API on a socket, the real client, the real database."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from collector.api import Api
from collector.clusters import configured_clusters
from collector.config.api import ApiSettings
from collector.config.clusters import ClusterSettings
from collector.config.discovery import DiscoverySettings
from collector.config.model import Config
from collector.emulator import EmulatedBackup, Emulator, Fleet
from collector.records import ClusterId, Guard, ListingResult, Summary
from collector.store import Rehearsal, Store
from collector.sweep import Sweep, run_sweep
from tests.builders import patient_settings

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

TOKEN: Final = "t1.emulator"
NOW_NS: Final = 1_795_000_000_000_000_000

QUICK: Final[Mapping[str, Any]] = {
    "requests_per_second": None,
    "backoff_initial_s": 0.001,
    "backoff_max_s": 0.002,
    "page_size": 10,
    "concurrency": 4,
    "attempts": 3,
    "page_timeout_s": 5.0,
    "listing_timeout_s": 10.0,
    "sweep_timeout_s": 30.0,
}


class Token:
    """The credential that the emulator takes."""

    version = 0

    async def token(self) -> str:
        """Give it."""
        return TOKEN

    async def renew(self, version: int) -> bool:
        """Have no other."""
        return version != self.version


def backups(cluster_id: str, numbers: Iterable[int], **fields: Any) -> list[EmulatedBackup]:
    """Make backups `b0`, `b1` … of a cluster."""
    return [
        EmulatedBackup(
            id=f"b{number}",
            source_cluster_id=cluster_id,
            created_at_ns=NOW_NS + number * 3_600_000_000_000 + number,
            started_at_ns=NOW_NS + number,
            indices=("logs", f"i{number % 3}"),
            size_bytes=number + 1,
            **fields,
        )
        for number in numbers
    ]


def fleet_of(**counts: int) -> Fleet:
    """Make a fleet of clusters with so many backups each."""
    return Fleet.of({cluster_id: backups(cluster_id, range(count)) for cluster_id, count in counts.items()})


@dataclass(kw_only=True)
class World:
    """An emulator, a database, and who sweeps from one into the other."""

    emulator: Emulator
    url: str
    clusters: tuple[str, ...]
    folders: Mapping[str, str] = field(default_factory=dict)
    """The folder of each cluster whose folder is configured."""
    guard: Guard = field(default_factory=Guard)
    api: dict[str, Any] = field(default_factory=dict)
    database: dict[str, Any] = field(default_factory=dict)
    discovery: tuple[dict[str, Any], ...] = ()
    """Entries of the section, as in a file."""
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the configuration says of a cluster beside its id."""

    def config(self) -> Config:
        """Compose the configuration."""
        return Config(
            api=ApiSettings(
                **{**QUICK, "mdb_url": self.emulator.url, "resource_manager_url": self.emulator.url, **self.api}
            ),
            clusters=tuple(
                ClusterSettings(
                    **{"id": ClusterId(each), "folder": self.folders.get(each), **self.entries.get(each, {})}
                )
                for each in self.clusters
            ),
            discovery=tuple(map(DiscoverySettings.model_validate, self.discovery)),
        )

    async def sweep(
        self,
        *only: str,
        stopping: asyncio.Event | None = None,
        allow: Iterable[str] = (),
        kind: type[Store] = Store,
        trace_id: str = "a-sweep",
        on_result: Callable[[ListingResult], None] = lambda _: None,
    ) -> Summary:
        """Run one sweep over all clusters, or those named. A `Rehearsal` rehearses."""
        config = self.config()
        configured = configured_clusters(config)
        sweep = Sweep(
            configured=configured,
            trace_id=trace_id,
            only=frozenset(only),
            allow_mass_vanish=frozenset(allow),
            writes="rehearsed" if issubclass(kind, Rehearsal) else "kept",
        )
        api = Api(config.api, Token(), trace_id=trace_id, rng=random.Random(1))
        store = kind(self.url, patient_settings(**self.database), guard=self.guard)
        async with api, store:
            return await run_sweep(
                config, sweep, api=api, store=store, stopping=stopping or asyncio.Event(), on_result=on_result
            )


def outcomes_of(summary: Summary) -> dict[str, str]:
    """Tell the outcome of each cluster; of a failed one its error."""
    return {result.cluster.id: result.error or result.outcome for result in summary.results}


async def states_by_cluster(db: Connection) -> dict[str, dict[str, int]]:
    """Count the backups of each cluster by state, as readers see them."""
    rows = await db.fetch("SELECT cluster_id, state, count(*) FROM inventory.backups GROUP BY 1, 2")
    found: dict[str, dict[str, int]] = {}
    for cluster_id, state, count in rows:
        found.setdefault(cluster_id, {})[state] = count
    return found
