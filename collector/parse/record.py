"""
What the decoder makes of a record, and the way from many of them to backups: not yet converted, then converted.

Column by column: calls are what a record costs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Protocol

from msgspec import Raw

from collector.parse.kinds import to_int64s
from collector.parse.names import NameLists
from collector.records import Backup
from collector.services import Field
from collector.timestamps import parse_timestamps


class Record(Protocol):
    """A decoded record. It has one attribute for each field, by the name of its column; of these we speak."""

    @property
    def backup_id(self) -> str:
        """Its id."""

    @property
    def source_cluster_id(self) -> str | None:
        """Whose backup it is."""


def to_backups(
    fields: Sequence[Field], columns: Sequence[Sequence[Any]], *, names: NameLists, extras: Iterable[str | None]
) -> Iterator[Backup]:
    """
    Convert records, of which `columns` holds the decoded values field by field, into backups.

    Raises:
        UnreadableValue, ValueError: one of them cannot be stored; which, and why, is for a closer reading to say.
    """
    numbers = _to_numbers([column for field, column in zip(fields, columns, strict=True) if field.kind == "int64"])
    converted: list[Sequence[object]] = []
    for field, column in zip(fields, columns, strict=True):
        match field.kind:
            case "identifier" | "text":
                converted.append(column)
            case "instant":
                converted.extend(to_instants(column))
            case "int64":
                converted.append(next(numbers))
            case "index_names":
                converted.append([names.intern(raw) for raw in column])
            case "names":
                converted.append([names.intern_names(raw) for raw in column])
    return zip(*converted, extras, strict=True)


def to_instants(texts: Sequence[str | None]) -> tuple[Sequence[int | None], Sequence[int | None]]:
    """Convert a column of what `Instant` let through into its two columns; empty is None. Raises UnreadableValue."""
    present = [text for text in texts if text]
    us, ns = parse_timestamps(present)
    if len(present) == len(texts):
        return us, ns
    rest = iter(zip(us, ns, strict=True))
    spread = [next(rest) if text else (None, None) for text in texts]
    return [pair[0] for pair in spread], [pair[1] for pair in spread]


def _to_numbers(columns: Sequence[Sequence[Raw]]) -> Iterator[list[int | None]]:
    """Convert all columns of integers in one call of the decoder."""
    numbers = to_int64s(list(chain.from_iterable(columns)))
    size = len(columns[0]) if columns else 0
    return (numbers[at * size : (at + 1) * size] for at in range(len(columns)))
