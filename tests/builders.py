"""What the tests of the store are made of: clusters, records as the API sends them, listings, and looks into tables."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from collector.config.database import DatabaseSettings
from collector.errors import ListingMoved
from collector.fingerprints import fingerprint
from collector.parse import BackupParser
from collector.records import Cluster, ClusterId, Guard, Listing, ListingResult, Page, Traffic, Via
from collector.spool import Spool
from collector.store import Absence, Store, SweepRequest
from collector.store.vitals import ClusterVitals, SourceVitals

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

CLUSTER: Final = Cluster(id=ClusterId("c9qcluster"))
OTHER: Final = Cluster(id=ClusterId("c9qother"))
MEMORY_BYTES: Final = 1 << 20

TABLES: Final = (
    "sweep",
    "cluster",
    "listing",
    "index_set",
    "backup",
    "backup_change",
    "quarantine",
    "migration",
    "discovery",
    "discovery_source",
    "discovered_cluster",
    "cluster_change",
)


def cluster_of(service: str) -> Cluster:
    """Make the cluster of the samples one of this service."""
    return Cluster(id=ClusterId("c9qsamplecluster"), service=service)


def record(backup_id: str, *, cluster: Cluster = CLUSTER, **fields: object) -> bytes:
    """Write one backup as the API sends it. A field of None is left out; `fields` go by the API's names."""
    members: dict[str, object] = {
        "id": backup_id,
        "folderId": "b1gfolder",
        "sourceClusterId": cluster.id,
        "startedAt": "2026-11-20T01:00:00.000000001Z",
        "createdAt": "2026-11-20T01:05:00.123456789Z",
        "indices": [".kibana_1", "logs"],
        "opensearchVersion": "2.12",
        "sizeBytes": "1024",
        "indicesTotal": "2",
        **fields,
    }
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def records(*backup_ids: str, cluster: Cluster = CLUSTER) -> list[bytes]:
    """Write one plain backup for each id."""
    return [record(backup_id, cluster=cluster) for backup_id in backup_ids]


def numbered(count: int, *, start: int = 0) -> list[bytes]:
    """Write `count` backups `b00000`, `b00001` …; every third shares its list of indices with the next ones."""
    return [
        record(f"b{number:05}", sizeBytes=str(number), indices=[f"logs-{number // 3}"])
        for number in range(start, start + count)
    ]


def cluster_vitals(**changes: Any) -> ClusterVitals:
    """Make the numbers of a cluster whose newest backup is fresh."""
    fresh: dict[str, Any] = {
        "service": "opensearch",
        "cluster_id": "c9q",
        "name": "search-prod",
        "verdict": "fresh",
        "newest_backup_at": 1_795_000_000.5,
        "backup_age_s": 60.0,
        "max_age_s": 93600.0,
        "observation_age_s": 5.0,
        "live_backups": 3,
        "live_bytes": 1024.0,
        "observation_max_age_s": 7200.0,
        "held": False,
        "quarantined": 0,
        "schedule_weakened_at": None,
    }
    return ClusterVitals(**{**fresh, **changes})


def source_vitals(**changes: Any) -> SourceVitals:
    """Make the numbers of a folder that was just read completely."""
    read: dict[str, Any] = {
        "kind": "folder",
        "source_id": "b1gfolder",
        "service": "opensearch",
        "last_outcome": "complete",
        "observation_age_s": 5.0,
        "last_throttles": 0,
        "clusters": 12,
    }
    return SourceVitals(**{**read, **changes})


def patient_settings(**changes: Any) -> DatabaseSettings:
    """Settings that give up within a second or so instead of ten."""
    quick: dict[str, Any] = {
        "connect_timeout_s": 2.0,
        "command_timeout_s": 5.0,
        "lock_timeout_s": 2.0,
        "wait_s": 2.0,
        "pool_size": 3,
    }
    return DatabaseSettings(**{**quick, **changes})


def open_store(url: str, *, guard: Guard | None = None, **changes: Any) -> Store:
    """Make a store that gives up soon; `changes` are database settings."""
    return Store(url, patient_settings(**changes), guard=guard or Guard())


async def register(store: Store, *clusters: Cluster) -> int:
    """Begin a sweep over these clusters and tell its id."""
    request = SweepRequest(trace_id="a-sweep", deadline_s=60, shard=None, selected=len(clusters))
    return (await store.begin_sweep(clusters, request, observation_max_age_s=7200)).sweep_id


@asynccontextmanager
async def store_of(url: str, *clusters: Cluster, guard: Guard | None = None, **changes: Any) -> AsyncIterator[Rig]:
    """Open a store, register the clusters (none: CLUSTER and OTHER), and lend it with its sweep."""
    async with open_store(url, guard=guard, **changes) as store:
        yield Rig(store, await register(store, *(clusters or (CLUSTER, OTHER))))


class Rig:
    """A store and a sweep: what a test of merges works with."""

    def __init__(self, store: Store, sweep_id: int) -> None:
        """Keep both."""
        self.store = store
        self.sweep_id = sweep_id

    async def begin(self, cluster: Cluster = CLUSTER, *, via: Via = "cluster") -> Listing:
        """Draw a fence."""
        traffic = Traffic(pages=1, requests=1)
        return await self.store.begin_listing(cluster, self.sweep_id, restarts=0, traffic=traffic, via=via)

    async def end(self, listing: Listing, listed: Iterable[bytes], *, absence: Absence = "guarded") -> ListingResult:
        """Merge a listing that has ended with these records."""
        with spool_of(listed) as spool:
            parse = BackupParser(listing.cluster).parse_all
            return await self.store.merge_listing(listing, spool, parse, absence=absence)

    async def merge(
        self,
        listed: Iterable[bytes],
        *,
        cluster: Cluster = CLUSTER,
        absence: Absence = "guarded",
        via: Via = "cluster",
    ) -> ListingResult:
        """Draw a fence and merge at once."""
        return await self.end(await self.begin(cluster, via=via), listed, absence=absence)

    async def confirm(self, listed: Iterable[bytes], *, cluster: Cluster = CLUSTER) -> ListingResult | None:
        """Draw a fence and confirm by the digest alone; None where that proves nothing."""
        return await self.end_confirmed(await self.begin(cluster), listed)

    async def end_confirmed(self, listing: Listing, listed: Iterable[bytes]) -> ListingResult | None:
        """Confirm a listing that has ended by its digest alone; None where that proves nothing."""
        try:
            return await self.store.confirm_unchanged(listing, digest_of(listed))
        except ListingMoved:
            return None


def page_of(listed: Iterable[bytes], *, next_token: str | None = None) -> Page:
    """Make a page of records, with its digest."""
    taken = list(listed)
    return Page(taken, next_token, fingerprint(b"".join(taken)))


def spool_of(listed: Iterable[bytes]) -> Spool:
    """Put records on a spool, as one page."""
    spool = Spool(MEMORY_BYTES)
    spool.add(page_of(listed))
    return spool


def digest_of(listed: Iterable[bytes]) -> bytes:
    """Tell the digest of a listing of one page."""
    return page_of(listed).digest


async def states(db: Connection, cluster: Cluster = CLUSTER) -> dict[str, str]:
    """Read the state of every backup of a cluster, as readers see it."""
    query = "SELECT backup_id, state FROM inventory.backups WHERE cluster_id = $1 ORDER BY backup_id"
    return {row["backup_id"]: row["state"] for row in await db.fetch(query, cluster.id)}


async def history(db: Connection, cluster: Cluster = CLUSTER) -> list[tuple[str, str]]:
    """Read what happened to the backups of a cluster, oldest first."""
    query = "SELECT backup_id, kind FROM collector.backup_change WHERE cluster_id = $1 ORDER BY change_id"
    return [(row["backup_id"], row["kind"]) for row in await db.fetch(query, cluster.id)]


async def outcomes(db: Connection, cluster: Cluster = CLUSTER) -> list[str]:
    """Read the outcomes of a cluster's listings, oldest first."""
    query = "SELECT outcome FROM collector.listing WHERE cluster_id = $1 ORDER BY listing_id"
    return [row["outcome"] for row in await db.fetch(query, cluster.id)]


async def row_versions(db: Connection, table: str = "backup") -> dict[str, str]:
    """Read which transaction wrote each row and where it lies: equal before and after means that nothing wrote it."""
    rows = await db.fetch(f"SELECT ctid::text, xmin::text, xmax::text FROM collector.{table}")  # noqa: S608 - our names
    return {row["ctid"]: f"{row['xmin']}/{row['xmax']}" for row in rows}


async def every_row(db: Connection, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
    """Read all rows of all tables with their versions, as text."""
    query = "SELECT ctid::text || xmin::text || t::text FROM collector.{} AS t ORDER BY ctid"
    return {table: [row[0] for row in await db.fetch(query.format(table))] for table in tables}


async def content(db: Connection) -> dict[str, list[str]]:
    """Read what the tables say about backups, without versions, clocks and drawn numbers: equal for equal histories."""
    backup = (
        "SELECT to_jsonb(b) - ARRAY['first_seen_at', 'last_seen_at', 'missing_since', 'vanished_at', "
        "'missing_listing_id', 'vanished_listing_id'] FROM collector.backup AS b ORDER BY cluster_id, backup_id"
    )
    change = (
        "SELECT to_jsonb(h) - ARRAY['change_id', 'changed_at', 'listing_id'] "
        "FROM collector.backup_change AS h ORDER BY cluster_id, listing_id, backup_id, kind"
    )
    names = "SELECT to_jsonb(s) FROM collector.index_set AS s ORDER BY index_set_id"
    queries = {"backup": backup, "backup_change": change, "index_set": names}
    return {name: [row[0] for row in await db.fetch(query)] for name, query in queries.items()}
