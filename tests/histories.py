"""
Stored histories at chosen times, told in a few lines: what a year of sweeps leaves behind, without the year.

The store's clock is the database's, so rows are written here directly, by the rules of absence: missing once, vanished
twice, and only complete listings count. Refuses what a listing could not have left behind.

    cluster c1 max_age=26h observation_max_age=2h
    backup a 2026-11-01T10:00 size=100
    listing 2026-11-01T10:05 complete a
    listing -2h failed

An instant is UTC, or counted back from the database's now(). Fields of a backup go by the columns' short names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid5

import asyncpg

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

_UNITS: Final = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_NAMES: Final = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_SIZES: Final = {"size": "size_bytes", "incremental": "incremental_size_bytes", "total": "total_size_bytes"}

_CLUSTER: Final = """
INSERT INTO collector.cluster (
    cluster_id, service, name, labels, source, managed, max_age, observation_max_age, retention,
    last_listing_id, complete_listing_id, observed_at
) VALUES ($1, 'opensearch', $1, '{"team": "search"}', 'config', $2, $3, $4, $5, $6, $7, $8)
"""
_LISTING: Final = """
INSERT INTO collector.listing (
    listing_id, cluster_id, outcome, started_at, pages, requests, retries, throttles, restarts, bytes, listed,
    unchanged, error
) VALUES ($1, $2, $3, $4, 1, 1, 0, 0, 0, 0, $5, $5, CASE WHEN $3 = 'failed' THEN 'network' END)
"""
_BACKUP: Final = """
INSERT INTO collector.backup (
    cluster_id, backup_id, created_at, created_at_ns, opensearch_version, size_bytes, incremental_size_bytes,
    total_size_bytes, indices_total, index_set_id, first_seen_at, last_seen_at, missing_since, missing_listing_id,
    vanished_at, vanished_listing_id, vanish_reason, fingerprint
) VALUES (
    $1, $2, $3, CASE WHEN $3::timestamptz IS NOT NULL THEN 0 END, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    CASE WHEN $15::bigint IS NOT NULL THEN 'unknown' END, uuid_send(gen_random_uuid())
)
"""
_CHANGE: Final = """
INSERT INTO collector.backup_change (cluster_id, backup_id, listing_id, changed_at, kind, before)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_NAMED: Final = "INSERT INTO collector.index_set (index_set_id, names) VALUES ($1, $2) ON CONFLICT DO NOTHING"

Mark = tuple[datetime, int]
"""When a listing began, and its number."""


@dataclass(slots=True)
class Stored:
    """One backup as the rules leave it."""

    fields: dict[str, Any]
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    missing: Mark | None = None
    vanished: Mark | None = None


@dataclass(slots=True)
class Told:
    """One cluster and what its listings left behind."""

    id: str
    settings: dict[str, str]
    backups: dict[str, Stored] = field(default_factory=dict)
    listings: list[tuple[int, str, datetime, int]] = field(default_factory=list)
    changes: list[tuple[str, int, datetime, str, str | None]] = field(default_factory=list)
    complete: Mark | None = None

    def hear(self, at: datetime, number: int, outcome: str, listed: list[str]) -> None:
        """Apply one listing."""
        self.listings.append((number, outcome, at, len(listed)))
        if outcome == "failed":
            return
        for backup_id in listed:
            self._see(self.backups[backup_id], backup_id, (at, number))
        if outcome == "complete":
            for backup_id, backup in self.backups.items():
                if backup_id not in listed and backup.first_seen_at:
                    self._miss(backup, backup_id, (at, number))
            self.complete = (at, number)

    def _see(self, backup: Stored, backup_id: str, mark: Mark) -> None:
        backup.first_seen_at = backup.first_seen_at or mark[0]
        if backup.missing:
            state = "vanished" if backup.vanished else "missing"
            self.changes.append((backup_id, mark[1], mark[0], "returned", f'{{"state": "{state}"}}'))
        backup.missing = backup.vanished = backup.last_seen_at = None

    def _miss(self, backup: Stored, backup_id: str, mark: Mark) -> None:
        if backup.vanished:
            return
        if backup.missing:
            backup.vanished = mark
        else:
            assert backup.first_seen_at
            backup.missing = mark
            backup.last_seen_at = max(backup.first_seen_at, self.complete[0]) if self.complete else backup.first_seen_at
        kind = "vanished" if backup.vanished else "missing"
        self.changes.append((backup_id, mark[1], mark[0], kind, None))


async def tell(db: Connection, story: str) -> None:
    """Write a story's rows. Instants that count back need the transaction that reads them, for the same now()."""
    now = await db.fetchval("SELECT now()")
    told: list[Told] = []
    for number, line in enumerate(story.strip().splitlines(), start=1):
        what, *words = line.split()
        match what:
            case "cluster":
                told.append(Told(words[0], _pairs(words[1:])))
            case "backup":
                told[-1].backups[words[0]] = Stored({"created": instant(words[1], now), **_pairs(words[2:])})
            case "listing":
                told[-1].hear(instant(words[0], now), number, words[1], words[2:])
            case _:
                raise ValueError(f"line {number}: {line}")
    for cluster in told:
        await _write(db, cluster)


async def ask(db: Connection, story: str, query: str) -> list[tuple[Any, ...]]:
    """Answer a query on a story with plain rows."""
    return [tuple(row) for row in await ask_records(db, story, query)]


async def ask_records(db: Connection, story: str, query: str) -> list[asyncpg.Record]:
    """Answer a query on a story, in UTC and in a transaction that leaves nothing."""
    transaction = db.transaction()
    await transaction.start()
    try:
        await db.execute("SET LOCAL TimeZone = 'UTC'")
        await tell(db, story)
        return await db.fetch(query)
    finally:
        await transaction.rollback()


def looked(start_h: int, end_h: int, *backup_ids: str, step_h: int = 1) -> str:
    """Tell of complete listings that held these, one each `step_h` hours, from so many hours ago to so many."""
    held = " ".join(backup_ids)
    return "\n".join(f"listing -{hour}h complete {held}" for hour in range(start_h, end_h - 1, -step_h))


def hours(count: int) -> timedelta:
    """Say so many hours."""
    return timedelta(hours=count)


def instant(text: str, now: datetime) -> datetime:
    """Read an instant in UTC, or one that is counted from now."""
    if text == "now":
        return now
    if text[0] in "+-":
        return now + span(text[1:]) if text[0] == "+" else now - span(text[1:])
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def span(text: str) -> timedelta:
    """Read a duration such as 1d12h."""
    return timedelta(**{_UNITS[unit]: int(count) for count, unit in re.findall(r"(\d+)([dhms])", text)})


def _pairs(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words)


async def _write(db: Connection, cluster: Told) -> None:
    await db.execute(_CLUSTER, *_cluster_row(cluster))
    await db.executemany(_LISTING, [(number, cluster.id, *rest) for number, *rest in cluster.listings])
    seen = {backup_id: backup for backup_id, backup in cluster.backups.items() if backup.first_seen_at}
    names = [_index_set(backup) for backup in seen.values() if "indices" in backup.fields]
    await db.executemany(_NAMED, names)
    await db.executemany(_BACKUP, [(cluster.id, backup_id, *_values(backup)) for backup_id, backup in seen.items()])
    await db.executemany(_CHANGE, [(cluster.id, *change) for change in cluster.changes])


def _cluster_row(cluster: Told) -> list[Any]:
    settings = cluster.settings
    newest = cluster.complete or (None, None)
    return [
        cluster.id,
        settings.get("managed") != "no",
        span(settings.get("max_age", "26h")),
        span(settings.get("observation_max_age", "2h")),
        span(settings["retention"]) if "retention" in settings else None,
        max((number for number, *_ in cluster.listings), default=0),
        newest[1],
        newest[0],
    ]


def _values(backup: Stored) -> list[Any]:
    fields = backup.fields
    return [
        fields["created"],
        fields.get("version", "2.12"),
        *(int(fields[name]) if name in fields else None for name in _SIZES),
        int(fields["indices_total"]) if "indices_total" in fields else None,
        _index_set(backup)[0] if "indices" in fields else None,
        backup.first_seen_at,
        backup.last_seen_at,
        *(backup.missing or (None, None)),
        *(backup.vanished or (None, None)),
    ]


def _index_set(backup: Stored) -> tuple[UUID, list[str]]:
    names = backup.fields["indices"].split(",")
    return uuid5(_NAMES, "\0".join(names)), names
