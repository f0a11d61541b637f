"""The verdicts on clusters as a table, JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from collector.logs import escape_controls
from collector.report.writing import plain_table, write_age, write_exact, write_instant

if TYPE_CHECKING:
    from rich.table import Table

    from collector.store.reading import Freshness

_COLUMNS: Final = ("verdict", "cluster", "name", "newest backup", "age", "max age", "seen", "backups")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet takes a cell for a formula (OWASP, CSV Injection)."""


def freshness_table(rows: Sequence[Freshness]) -> Table:
    """Make a table for people, in the order of the rows."""
    return plain_table(_COLUMNS, [_cells(row) for row in rows])


def freshness_sentence(rows: Sequence[Freshness]) -> str:
    """Say in one line how many clusters are in which state."""
    if not rows:
        return "no clusters: nothing was ever collected here"
    verdicts = Counter(row.verdict for row in rows)
    return f"{len(rows)} clusters: " + ", ".join(f"{verdicts[word]} {word}" for word in ("fresh", "stale", "unknown"))


def freshness_json(rows: Sequence[Freshness]) -> str:
    """
    Write the rows as a JSON array of objects with the view's columns.

    Instants are RFC 3339, the API's own with nine fraction digits; spans of time are seconds.
    """
    return json.dumps([_values(row) | {"labels": json.loads(row.labels)} for row in rows], indent=2)


def freshness_csv(rows: Sequence[Freshness]) -> str:
    """Write the rows as CSV (RFC 4180), in the same terms. Text that a spreadsheet would run gets a `'` before it."""
    from collector.store.reading import Freshness

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([field.name for field in fields(Freshness)])
    for row in rows:
        writer.writerow(map(_guard, _values(row).values()))
    return text.getvalue()


def _cells(row: Freshness) -> tuple[str, ...]:
    return (
        row.verdict,
        row.cluster_id,
        escape_controls(row.cluster_name or ""),
        (write_instant(row.newest_created_at) or "–")[:19].replace("T", " "),
        write_age(_seconds(row.backup_age)),
        write_age(_seconds(row.max_age)),
        write_age(_seconds(row.observation_age)),
        str(row.live_backups),
    )


def _values(row: Freshness) -> dict[str, object]:
    values = {field.name: _value(getattr(row, field.name)) for field in fields(row)}
    return values | {
        "newest_created_at": write_exact(row.newest_created_at, row.newest_created_at_ns),
        "observed_at": write_instant(row.observed_at),
    }


def _value(value: object) -> object:
    return value.total_seconds() if isinstance(value, timedelta) else value


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()


def _guard(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
