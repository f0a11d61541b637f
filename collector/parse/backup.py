"""
The parser of one listing: a record's bytes in, a backup out.

Three readings that agree, the quickest first. The plain one has the decoder check
many records at once and suits nearly every one; the extended one keeps fields that
are unknown; the exact one goes through the members one by one and says which value
is at fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Final

from msgspec import Raw

from collector.errors import UnreadableValue
from collector.parse.extra import keep_unknown
from collector.parse.literals import at_field, shown
from collector.parse.members import split_members
from collector.parse.names import NameLists
from collector.parse.record import Record
from collector.parse.shapes import shape_of
from collector.records import Backup, Cluster, RawRecords

_NULL: Final = Raw(b"null")


class ForeignRecord(UnreadableValue):
    """
    A record whose `sourceClusterId` names another cluster than the one that was asked.

    A type of its own, so that it can be counted: many of them mean a mixed-up answer.
    """

    kind = "foreign_record"

    def __init__(self, source_cluster_id: str, *, backup_id: str | None = None) -> None:
        """Keep whose record it is."""
        reason = f"belongs to another cluster: {shown(source_cluster_id)}"
        super().__init__(reason, field="sourceClusterId", backup_id=backup_id)
        self.source_cluster_id = source_cluster_id


class BackupParser:
    """Reads the records of one cluster's listing. It remembers lists of names: one listing, one parser."""

    def __init__(self, cluster: Cluster) -> None:
        """Choose the record by the cluster's service. Raises UsageError where there is none."""
        self._shape = shape_of(cluster.service)
        self._cluster_id: str = cluster.id
        self._names = NameLists()

    def parse_all(self, records: RawRecords) -> list[Backup | UnreadableValue]:
        """
        Read many records, each the bytes of a JSON object; beside each that cannot be stored stands why.

        Where all of them are plain they are read together, in a quarter of the time.
        """
        try:
            return list(self._parse_plain(records.joined, len(records)))
        except (UnreadableValue, ValueError, RecursionError):
            return [self._parse_or_say_why(raw) for raw in records]

    def _parse_or_say_why(self, raw: bytes) -> Backup | UnreadableValue:
        try:
            return self.parse(raw)
        except UnreadableValue as exc:
            return exc.with_traceback(None)

    def parse(self, raw: bytes) -> Backup:
        """
        Read one record: the bytes of a JSON object. Of a repeated key the last one counts.

        Raises:
            ForeignRecord: of another cluster, whatever else may be wrong with it.
            UnreadableValue: cannot be stored exactly. Has the record's id where that could be read.
        """
        if not _may_hold_nul(raw):
            for reading in (self._parse_one, self._parse_extended):
                try:
                    return reading(raw)
                except ForeignRecord:
                    raise
                except (UnreadableValue, ValueError, RecursionError):
                    continue  # The exact reading says what it was.
        return self._parse_exactly(raw)

    def _parse_one(self, raw: bytes) -> Backup:
        return self._parse_plain(raw, 1)[0]

    def _parse_plain(self, joined: bytes, number: int) -> list[Backup]:
        if not number:
            return []
        if _may_hold_nul(joined):
            raise UnreadableValue("perhaps a NUL")
        records = self._shape.decode_all(b"".join((b"[", joined, b"]")))
        if len(records) != number:
            raise UnreadableValue("not one JSON value each")
        for record in records:
            if record.source_cluster_id != self._cluster_id:
                self._require_own(record.source_cluster_id, record.backup_id)
        return list(self._shape.to_backups(records, self._names, repeat(None, len(records))))

    def _parse_extended(self, raw: bytes) -> Backup:
        record = self._shape.decode_tolerantly(raw)
        self._require_own(record.source_cluster_id, record.backup_id)
        unknown = {name: value for name, value in split_members(raw).items() if name not in self._shape.readers}
        return self._to_backup(record, keep_unknown(unknown))

    def _parse_exactly(self, raw: bytes) -> Backup:
        members = split_members(raw)
        backup_id = self._glance(members, "id")
        self._require_own(self._glance(members, "sourceClusterId"), backup_id)
        known = {name: members.pop(name) for name in self._shape.readers if name in members}
        try:
            record = self._shape.record(**self._read_known(known))
            return self._to_backup(record, keep_unknown(members))
        except UnreadableValue as exc:
            raise UnreadableValue(exc.reason, field=exc.field, backup_id=backup_id) from None

    def _to_backup(self, record: Record, extra: str | None) -> Backup:
        return next(self._shape.to_backups([record], self._names, [extra]))

    def _read_known(self, members: Mapping[str, Raw]) -> dict[str, object]:
        values: dict[str, object] = {}
        for name, raw in {"id": _NULL, **members}.items():
            attribute, reader = self._shape.readers[name]
            with at_field(name):
                values[attribute] = reader(raw)
        return values

    def _glance(self, members: Mapping[str, Raw], name: str) -> str | None:
        """Read a string ahead of its turn; None where it is missing or at fault, which its turn will tell."""
        try:
            value = self._shape.readers[name][1](members.get(name, _NULL))
        except UnreadableValue:
            return None
        return value if isinstance(value, str) else None

    def _require_own(self, source_cluster_id: str | None, backup_id: str | None) -> None:
        # An empty string is protobuf's default: it names no cluster.
        if source_cluster_id and source_cluster_id != self._cluster_id:
            raise ForeignRecord(source_cluster_id, backup_id=backup_id)


def _may_hold_nul(raw: bytes) -> bool:
    """Look for the one fault that the decoder lets pass. The first test is quick, and nearly always enough."""
    return b"\\" in raw and b"\\u0000" in raw
