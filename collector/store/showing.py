"""
What the page shows: rows of the public views, each question bounded. A reader's role and a standby are enough.

Rows are handed on as they are: instants are microseconds since 2000-01-01, spans are `timedelta`, NULL is None, JSON
is text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import asyncpg

from collector.store.reading import inventory_expected
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.store.pool import Connection, Pool

Row: TypeAlias = asyncpg.Record

CLUSTERS_A_PAGE: Final = 50
BACKUPS_A_PAGE: Final = 100
SWEEPS_A_PAGE: Final = 50
NEWEST_BACKUPS: Final = 10
STRIP: Final = timedelta(days=14)
TIMELINE: Final = timedelta(days=30)
SIZES: Final = timedelta(days=90)
MARKS_MAX: Final = 5000
"""Backups that are drawn of one cluster: one every four minutes for a fortnight."""
INT64_MAX: Final = 2**63 - 1


class Place(NamedTuple):
    """Where in the fleet a page ends: behind the cluster with these."""

    rank: int
    due_us: int
    cluster_id: str


class Moment(NamedTuple):
    """Where in a cluster's backups a page ends: behind the backup with these."""

    us: int
    ns: int
    backup_id: str


START: Final = Place(0, -INT64_MAX, "")
"""Before the worst cluster."""
NEWEST: Final = Moment(INT64_MAX, 0, "")
"""Before the newest backup: the instant is PostgreSQL's infinity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which clusters a reader wants to see. Empty: all of them."""

    text: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    verdict: str = ""
    after: Place = START


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is drawn of one cluster: when its backups were completed, oldest first, and when nobody looked."""

    times: Sequence[int]
    """Of those that are still listed."""
    gone_times: Sequence[int]
    """Of those that have vanished."""
    holes: Sequence[tuple[int | None, int, int]]
    """From (None: ever), until (INT64_MAX: now), and until when within it something could be made and go unseen."""
    cut: bool = False
    """Whether there are more than are drawn: the oldest are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The fleet: how many clusters have which verdict, and one page of them."""

    totals: Row
    rows: Sequence[Row]
    pasts: Mapping[str, Past]
    next: Place | None
    """None: this is the last page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """All that the page shows of one cluster."""

    cluster: Row
    past: Past
    newest: Row | None
    """The newest backup, with its indices."""
    parts: Mapping[str, Sequence[Row]]
    """The rows of `PARTS`."""


PARTS: Final = ("attainment", "gaps", "undated", "cluster_listings", "changes", "quarantine", "dropped")


async def read_overview(pool: Pool, wanted: Wanted) -> Overview:
    """Read the numbers and one page of the fleet. Raises DatabaseError, SchemaError, as all here."""
    labels = json.dumps(wanted.labels)
    async with pool.acquire() as connection:
        rows = await _ask(
            connection,
            "page_overview",
            *(labels, wanted.text, wanted.verdict, *wanted.after, CLUSTERS_A_PAGE + 1),
        )
        shown = [row for row in rows if row["cluster_id"] is not None][:CLUSTERS_A_PAGE]
        pasts = await _read_pasts(connection, [row["cluster_id"] for row in shown], STRIP)
    following = (
        Place(*(shown[-1][key] for key in ("place", "due_us", "cluster_id"))) if len(rows) > len(shown) > 0 else None
    )
    return Overview(totals=rows[0], rows=shown, pasts=pasts, next=following)


async def read_dossier(pool: Pool, cluster_id: str) -> Dossier | None:
    """Read all that is shown of one cluster; None: there is none of this id."""
    async with pool.acquire() as connection:
        found = await _ask(connection, "page_cluster", cluster_id)
        if not found:
            return None
        cluster = found[0]
        pasts = await _read_pasts(connection, [cluster_id], TIMELINE)
        parts = {name: await _ask(connection, f"page_{name}", cluster_id) for name in PARTS}
        parts["sizes"] = await _ask(connection, "page_sizes", cluster_id, SIZES, MARKS_MAX)
        parts["backups"] = await _ask(connection, "page_backups", cluster_id, *NEWEST, NEWEST_BACKUPS)
        newest = await _ask(connection, "page_backup", cluster_id, cluster["newest_backup_id"] or "")
    return Dossier(cluster=cluster, past=pasts[cluster_id], newest=newest[0] if newest else None, parts=parts)


async def read_backups(pool: Pool, cluster_id: str, before: Moment) -> tuple[Row | None, Sequence[Row], Moment | None]:
    """Read a cluster, one page of its backups, and where the next page begins; None: no such cluster, no such page."""
    async with pool.acquire() as connection:
        found = await _ask(connection, "page_cluster", cluster_id)
        rows = await _ask(connection, "page_backups", cluster_id, *before, BACKUPS_A_PAGE + 1)
    shown = rows[:BACKUPS_A_PAGE]
    following = (
        Moment(*(shown[-1][key] for key in ("created_at", "created_at_ns", "backup_id")))
        if len(rows) > len(shown)
        else None
    )
    return found[0] if found else None, shown, following


async def read_backup(pool: Pool, cluster_id: str, backup_id: str) -> tuple[Row, Sequence[Row]] | None:
    """Read one backup and what happened to it; None: there is no such backup."""
    async with pool.acquire() as connection:
        found = await _ask(connection, "page_backup", cluster_id, backup_id)
        if not found:
            return None
        return found[0], await _ask(connection, "page_history", cluster_id, backup_id)


async def read_sweeps(pool: Pool, before: int = INT64_MAX) -> tuple[Sequence[Row], int | None]:
    """Read one page of sweeps, and the id that the next page begins below; None: this is the last."""
    async with pool.acquire() as connection:
        rows = await _ask(connection, "page_sweeps", before, SWEEPS_A_PAGE + 1)
    shown = rows[:SWEEPS_A_PAGE]
    return shown, shown[-1]["sweep_id"] if len(rows) > len(shown) else None


async def read_sweep(pool: Pool, sweep_id: int) -> tuple[Row, Sequence[Row]] | None:
    """Read one sweep and its listings, the worst first; None: there is no such sweep."""
    async with pool.acquire() as connection:
        found = await _ask(connection, "page_sweeps", sweep_id + 1, 1)
        if not found or found[0]["sweep_id"] != sweep_id:
            return None
        return found[0], await _ask(connection, "page_sweep_listings", sweep_id)


async def _ask(connection: Connection, name: str, *values: object) -> list[Row]:
    with inventory_expected():
        return await connection.fetch(statement(name), *values)


async def _read_pasts(connection: Connection, cluster_ids: Sequence[str], span: timedelta) -> dict[str, Past]:
    rows = await _ask(connection, "page_strips", cluster_ids, span, MARKS_MAX) if cluster_ids else []
    return {
        row["cluster_id"]: Past(
            times=sorted(row["times"]),
            gone_times=sorted(row["gone_times"]),
            holes=list(zip(row["unlooked_from"], row["unlooked_until"], row["blind_until"], strict=True)),
            cut=len(row["times"]) + len(row["gone_times"]) >= MARKS_MAX,
        )
        for row in rows
    }
