"""
A backup as every service describes it, decoded but not yet converted.

A service's own record extends this one; its annotations are the table of fields that
both readings, the fast and the exact one, go by.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from collector.parse.kinds import Identifier, Instant, Text
from collector.timestamps import parse_timestamps


# A field that is not in the table must not pass unseen: its record is read member by member instead.
class Record(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True, frozen=True, gc=False):
    """The fields of every service's backup. None is a field that the API left out."""

    id: Identifier
    folder_id: Text = None
    source_cluster_id: Text = None
    started_at: Instant = None
    created_at: Instant = None


def to_instants(texts: Sequence[str | None]) -> tuple[Sequence[int | None], Sequence[int | None]]:
    """Convert a column of what `Instant` let through into its two columns; empty is None. Raises UnreadableValue."""
    present = [text for text in texts if text]
    us, ns = parse_timestamps(present)
    if len(present) == len(texts):
        return us, ns
    rest = iter(zip(us, ns, strict=True))
    spread = [next(rest) if text else (None, None) for text in texts]
    return [pair[0] for pair in spread], [pair[1] for pair in spread]
