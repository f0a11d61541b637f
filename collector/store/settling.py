"""
One discovery on its way into the tables, inside its transaction.

A reading that began earlier never overwrites one that began later, and only a complete one finds a cluster gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from collector.descriptions import ClusterDescription, Known, Reading, Schedule
from collector.expectations import find_changes
from collector.records import ClusterId
from collector.sources import Discovered, SettledOutcome
from collector.store.statements import statement

if TYPE_CHECKING:
    from asyncpg import Record

    from collector.expectations import Change
    from collector.records import Guard
    from collector.store.pool import Connection

MESSAGE_MAX: Final = 1000
HELD: Final = "too much is gone at once, so nothing was taken for gone"


class DiscoveryStart(NamedTuple):
    """A discovery that has begun. `started_at`: microseconds since 2000-01-01, on the database's clock."""

    discovery_id: int
    """The fence: a higher id began later."""
    started_at: int
    folders: Mapping[str, frozenset[str]]
    """The folders that each cloud is known to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """All readings of one discovery."""

    start: DiscoveryStart
    readings: Sequence[Reading]
    trace_id: str
    allow_mass_vanish: frozenset[str] = field(default_factory=frozenset)
    """Folders whose reading is believed, however much is gone."""


class Settling:
    """One discovery on its way into the tables, inside its transaction."""

    def __init__(self, connection: Connection, discovery: Discovery, guard: Guard) -> None:
        """Begin with nothing written; `weakened` is filled as readings are settled."""
        self.weakened: list[tuple[ClusterId, Change]] = []
        self._connection = connection
        self._discovery = discovery
        self._guard = guard
        self._fences: dict[str, int] = {}

    async def register(self) -> None:
        """Write down the sources, and lock them: who comes at the same time waits."""
        sources = [reading.source for reading in self._discovery.readings]
        await self._connection.execute(
            statement("register_sources"),
            [source.key for source in sources],
            [source.folder_id for source in sources],
            [source.service for source in sources],
            [source.cloud_id for source in sources],
        )
        rows = await self._connection.fetch(statement("lock_sources"))
        self._fences = {row["source"]: row["last_discovery_id"] for row in rows}

    async def retire(self, discovered: Sequence[Discovered]) -> None:
        """Ask no longer for sources that were not read this time, but for the folders of a cloud that is held."""
        asked = [each.source.key for each in discovered]
        held = [each.source.cloud_id for each in discovered if each.source.folder_id is None and each.outcome == "held"]
        await self._connection.execute(statement("retire_sources"), asked, self._discovery.start.discovery_id, held)

    async def settle(self, reading: Reading) -> Discovered:
        """Write one reading, and its row in the ledger."""
        outcome: SettledOutcome = reading.outcome
        gone: Sequence[str] = ()
        if self._fences[reading.source.key] > self._discovery.start.discovery_id:
            outcome = "superseded"
        elif outcome == "failed":
            await self._connection.execute(
                statement("note_failed_source"), reading.source.key, self._discovery.start.discovery_id
            )
        else:
            outcome, gone = await self._write(reading)
        discovered = Discovered(
            source=reading.source,
            outcome=outcome,
            listed=reading.listed,
            matched=sum(each.matched for each in reading.clusters),
            skipped=reading.skipped,
            gone=len(gone),
            error=reading.error if outcome == "failed" else None,
            message=HELD if outcome == "held" else reading.message,
        )
        await self._record(discovered, reading)
        return discovered

    async def _write(self, reading: Reading) -> tuple[SettledOutcome, Sequence[str]]:
        start = self._discovery.start
        stored = await self._read_stored(reading)
        outcome, gone = await self._judge(reading, stored)
        await self._write_clusters(reading, stored, outcome)
        if gone:
            await self._connection.execute(statement("mark_gone"), list(gone), start.started_at)
            await self._record_changes([(each, "gone", None, None) for each in gone])
        complete = outcome == "complete"
        await self._connection.execute(
            statement("advance_source"), reading.source.key, start.discovery_id, start.started_at, complete
        )
        return outcome, gone

    async def _read_stored(self, reading: Reading) -> dict[str, Record]:
        ids = [each.description.cluster_id for each in reading.clusters]
        rows = await self._connection.fetch(statement("read_discovered"), reading.source.key, ids)
        return {row["cluster_id"]: row for row in rows}

    async def _write_clusters(self, reading: Reading, stored: Mapping[str, Record], outcome: SettledOutcome) -> None:
        written: Sequence[Known] = reading.clusters
        if outcome == "complete":  # then the source says of what is as it was that it still is
            written = [each for each in written if not _is_stored(each, reading.source.key, stored)]
        if not written:
            return
        columns = zip(*map(_to_row, written), strict=True)
        await self._connection.execute(
            statement("write_discovered"), reading.source.key, self._discovery.start.started_at, *map(list, columns)
        )
        changes: list[tuple[str, str, Any, Any]] = []
        for each in written:
            changes += self._compare(each.description, stored)
        await self._record_changes(changes)

    def _compare(
        self, description: ClusterDescription, stored: Mapping[str, Record]
    ) -> list[tuple[str, str, Any, Any]]:
        row = stored.get(description.cluster_id)
        if row is None:
            return []
        found = list(find_changes(to_description(row), description))
        self.weakened += [(description.cluster_id, change) for change in found if change.kind == "schedule_weakened"]
        returned = [(description.cluster_id, "returned", None, None)] if row["gone"] else []
        return returned + [(description.cluster_id, *change) for change in found]

    async def _judge(self, reading: Reading, stored: Mapping[str, Record]) -> tuple[SettledOutcome, Sequence[str]]:
        """Decide what it means that clusters of this source are not named any more."""
        if reading.outcome != "complete":
            return reading.outcome, ()
        source = reading.source
        if source.folder_id is None:
            here, gone = await self._read_orphans(reading)
        else:
            named = {each.description.cluster_id for each in reading.clusters}
            known = [key for key, row in stored.items() if row["source"] == source.key and not row["gone"]]
            here, gone = len(known), [each for each in known if each not in named]
        believed = (source.folder_id or source.cloud_id) in self._discovery.allow_mass_vanish
        if not believed and len(gone) > max(self._guard.rows, self._guard.share * here):
            return "held", ()
        return "complete", gone

    async def _read_orphans(self, reading: Reading) -> tuple[int, Sequence[str]]:
        """Count the clusters of a cloud, and name those whose folder it has no longer."""
        asked = [each.source.key for each in self._discovery.readings]
        rows = await self._connection.fetch(
            statement("read_orphans"), reading.source.cloud_id, asked, list(reading.folder_ids)
        )
        return len(rows), [row["cluster_id"] for row in rows if row["is_orphan"]]

    async def _record_changes(self, changes: Sequence[tuple[str, str, Any, Any]]) -> None:
        if not changes:
            return
        start = self._discovery.start
        ids, kinds, before, after = zip(*changes, strict=True)
        await self._connection.execute(
            statement("record_cluster_changes"),
            start.discovery_id,
            start.started_at,
            list(ids),
            list(kinds),
            list(map(_to_json, before)),
            list(map(_to_json, after)),
        )

    async def _record(self, discovered: Discovered, reading: Reading) -> None:
        start, traffic = self._discovery.start, reading.traffic
        await self._connection.execute(
            statement("record_discovery"),
            start.discovery_id,
            discovered.source.key,
            self._discovery.trace_id,
            discovered.outcome,
            start.started_at,
            traffic.pages,
            traffic.requests,
            traffic.retries,
            traffic.throttles,
            traffic.bytes,
            discovered.listed,
            discovered.matched,
            discovered.skipped,
            discovered.gone,
            discovered.error,
            None if discovered.message is None else discovered.message[:MESSAGE_MAX],
            traffic.server_request_id,
        )


def _is_stored(each: Known, source: str, stored: Mapping[str, Record]) -> bool:
    row = stored.get(each.description.cluster_id)
    if row is None or row["gone"] or row["source"] != source or row["matched"] != each.matched:
        return False
    return to_description(row) == each.description


def to_description(row: Record) -> ClusterDescription:
    """Read a stored row as what the API said."""
    return ClusterDescription(
        cluster_id=row["cluster_id"],
        service=row["service"],
        folder_id=row["folder_id"],
        name=row["name"],
        labels=msgspec.json.decode(row["labels"]),
        environment=row["environment"],
        status=row["status"],
        health=row["health"],
        schedule=Schedule(row["period_s"], row["retention_days"]),
    )


def _to_row(each: Known) -> tuple[object, ...]:
    description = each.description
    return (
        *description[:4],
        _to_json(dict(description.labels)),
        *description[5:8],
        *description.schedule,
        each.matched,
    )


def _to_json(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
