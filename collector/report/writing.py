"""How instants, spans of time and tables are written in reports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from collector.timestamps import Timestamp, format_timestamp

if TYPE_CHECKING:
    from rich.table import Table

_UNITS: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))


def write_instant(us: int | None) -> str | None:
    """Write microseconds since 2000-01-01 as RFC 3339 in UTC, six fraction digits."""
    return None if us is None else f"{format_timestamp(Timestamp(us, 0))[:-4]}Z"


def write_exact(us: int | None, ns: int | None) -> str | None:
    """Write an instant of the API as RFC 3339 in UTC, nine fraction digits."""
    return None if us is None else format_timestamp(Timestamp(us, ns or 0))


def write_age(seconds: float | None) -> str:
    """Write a span of time in its two largest units, as `3d 4h`; a dash for none."""
    if seconds is None:
        return "–"
    rest = abs(int(seconds))
    parts: list[str] = []
    for unit, size in _UNITS:
        number, rest = divmod(rest, size)
        if parts or number or unit == "s":
            parts.append(f"{number}{unit}")
    text = " ".join(part for part in parts[:2] if part[0] != "0" or part == parts[0])
    return f"-{text}" if seconds <= -1 else text


def plain_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Make a table without lines around it. What stands in it is text, never markup."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
