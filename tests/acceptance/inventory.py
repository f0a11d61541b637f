"""
What the inventory must hold, told from what the emulator served, and what it holds, read by SQL alone.

Of the product nothing is used but its public views: what judges must not have been written by who is judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import asyncpg

from collector.emulator import EmulatedBackup, Fleet, render_timestamp

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

NOW_NS: Final = 1_750_000_000_123_456_789
HOUR_NS: Final = 3_600_000_000_000

Row: TypeAlias = Mapping[str, object]
Rows: TypeAlias = dict[str, dict[str, Row]]
"""By cluster, by backup."""

NUMBERS: Final = (
    "size_bytes",
    "indices_total",
    "incremental_size_bytes",
    "total_size_bytes",
    "free_space_required_bytes",
)

# Plain SQL on the columns, so that the view's own texts and helpers are among what is judged.
_ROWS: Final = """
SELECT
    cluster_id,
    backup_id,
    folder_id,
    source_cluster_id,
    extract(EPOCH FROM started_at - timestamptz '1970-01-01 00:00:00+00') * 1000000000 + started_at_ns AS started_ns,
    extract(EPOCH FROM created_at - timestamptz '1970-01-01 00:00:00+00') * 1000000000 + created_at_ns AS created_ns,
    inventory.epoch_ns(created_at, created_at_ns) AS created_epoch_ns,
    started_at_text,
    inventory.rfc3339(created_at, created_at_ns) AS created_at_text,
    extract(EPOCH FROM duration) * 1000000 AS duration_us,
    opensearch_version,
    indices,
    indices_truncated,
    size_bytes,
    indices_total,
    incremental_size_bytes,
    total_size_bytes,
    free_space_required_bytes,
    extra::text AS extra
FROM inventory.backups
WHERE state = $1
"""


def made(cluster_id: str, numbers: Iterable[int], **fields: Any) -> list[EmulatedBackup]:
    """Make plain hourly backups `b0`, `b1` … of a cluster."""
    return [
        EmulatedBackup(
            id=f"b{number}",
            folder_id="b1gfolder",
            source_cluster_id=cluster_id,
            created_at_ns=NOW_NS + number * HOUR_NS,
            started_at_ns=NOW_NS + number * HOUR_NS - 300_000_000_001,
            **{"indices": ("logs", f"index-{number % 3}"), "size_bytes": number + 1, **fields},
        )
        for number in numbers
    ]


def served(
    fleet: Fleet, *, defaults: Literal["left_out", "printed"] = "left_out", extra: Mapping[str, str] | None = None
) -> Rows:
    """Tell the rows that a fleet's lists must come to; `extra` by backup is what the API said beyond its fields."""
    return {
        cluster_id: {
            backup.id: _row(backup, defaults=defaults, extra=(extra or {}).get(backup.id)) for backup in cluster.backups
        }
        for cluster_id, cluster in fleet.clusters.items()
    }


async def count_sweeps(url: str) -> int:
    """Count the sweeps that were begun in a database."""
    connection = await asyncpg.connect(url)
    try:
        number: int = await connection.fetchval("SELECT count(*) FROM collector.sweep")
        return number
    finally:
        await connection.close()


async def stored(db: Connection, state: str = "live") -> Rows:
    """Read all backups in a state, by cluster and id."""
    rows: Rows = {}
    for record in await db.fetch(_ROWS, state):
        row = dict(record)
        for name in ("started_ns", "created_ns", "created_epoch_ns", "duration_us"):
            row[name] = None if row[name] is None else int(row[name])
        row["extra"] = _exactly(row["extra"])
        rows.setdefault(row.pop("cluster_id"), {})[row.pop("backup_id")] = row
    return rows


def nine_digits(instant_ns: int | None) -> str | None:
    """Write an instant with nine fraction digits."""
    if instant_ns is None:
        return None
    whole, _, fraction = render_timestamp(instant_ns).removesuffix("Z").partition(".")
    return f"{whole}.{fraction.ljust(9, '0')}Z"


def _row(backup: EmulatedBackup, *, defaults: Literal["left_out", "printed"], extra: str | None) -> Row:
    started, created = backup.started_at_ns, backup.created_at_ns
    is_whole = started is not None and created is not None
    unset: object = "" if defaults == "printed" else None
    zero: object = 0 if defaults == "printed" else None
    total = backup.indices_total or zero
    return {
        "folder_id": backup.folder_id or unset,
        "source_cluster_id": backup.source_cluster_id or unset,
        "started_ns": started,
        "created_ns": created,
        "created_epoch_ns": created,
        "started_at_text": nine_digits(started),
        "created_at_text": nine_digits(created),
        "duration_us": (created or 0) // 1000 - (started or 0) // 1000 if is_whole else None,
        "opensearch_version": backup.opensearch_version or unset,
        "indices": list(backup.indices),
        "indices_truncated": None if total is None else backup.indices_total > len(backup.indices),
        **{name: getattr(backup, name) or zero for name in NUMBERS},
        "extra": _exactly(extra),
    }


def _exactly(text: str | None) -> object:
    """Read JSON without rounding a number."""
    return None if text is None else json.loads(text, parse_float=Decimal, parse_int=Decimal)
