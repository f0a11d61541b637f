"""
A backup as every service describes it, decoded but not yet converted.

A service's own record extends this one; its annotations are the table of fields that
both readings, the fast and the exact one, go by.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from collector.parse.kinds import Identifier, Instant, Text
from collector.timestamps import Timestamp, parse_timestamp

_NO_INSTANT: Final = (None, None)


# A field that is not in the table must not pass unseen: its record is read member by member instead.
class Record(Struct, rename="camel", forbid_unknown_fields=True, kw_only=True, frozen=True, gc=False):
    """The fields of every service's backup. None is a field that the API left out."""

    id: Identifier
    folder_id: Text = None
    source_cluster_id: Text = None
    started_at: Instant = None
    created_at: Instant = None


def instant(text: str | None) -> Timestamp | tuple[None, None]:
    """Convert what `Instant` let through into its two columns. Raises UnreadableValue."""
    return parse_timestamp(text) if text else _NO_INSTANT
