"""
Whose the records of a folder's list are, by the exact text of their `sourceClusterId`.

In a cluster's own list a record that names no cluster is that cluster's. In a folder's it may be anyone's, so here
it is nobody's, and refused: what cannot be attributed proves nothing about anybody's absence.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.json import Decoder

from collector.errors import UnreadableValue
from collector.parse.backup import BackupParser, ForeignRecord
from collector.records import BACKUP_ID, SOURCE_CLUSTER_ID, Backup, Cluster, ClusterId, RawRecords


class _Owned(Struct, rename="camel"):
    source_cluster_id: str | None = None


_OWNED: Final = Decoder(_Owned)


class Owners:
    """Tells the owner of each record of one folder's list."""

    def __init__(self, service: str) -> None:
        """Choose the record by the service. Raises UsageError where there is none."""
        self._exact = BackupParser(Cluster(id=ClusterId(""), service=service))

    def read(self, raw: bytes) -> str | None:
        """Read whose a record is: the bytes of a JSON object. None where it names no cluster, or that is unreadable."""
        try:
            return _OWNED.decode(raw).source_cluster_id or None
        except (ValueError, RecursionError):
            pass  # Something in it is at fault: not, perhaps, what is looked for here.
        try:
            self._exact.parse(raw)
        except ForeignRecord as exc:
            return exc.source_cluster_id
        except UnreadableValue:
            pass
        return None


class NamedParser:
    """Reads the records of a folder's list that are one cluster's, or may be: what names no cluster is refused."""

    def __init__(self, cluster: Cluster) -> None:
        """Read as the cluster's own list is read. Raises UsageError where there is no such service."""
        self._parser = BackupParser(cluster)

    def parse_all(self, records: RawRecords) -> list[Backup | UnreadableValue]:
        """Read many records; beside each that cannot be stored, or not be attributed, stands why."""
        return [_require_named(result) for result in self._parser.parse_all(records)]


def _require_named(result: Backup | UnreadableValue) -> Backup | UnreadableValue:
    if isinstance(result, UnreadableValue) or result[SOURCE_CLUSTER_ID]:
        return result
    reason = "names no cluster, in a folder's list: it may be this one's"
    return UnreadableValue(reason, field="sourceClusterId", backup_id=str(result[BACKUP_ID]))
