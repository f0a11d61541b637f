"""Records as the API sends them, for the tests of the parser."""

from __future__ import annotations

import json
from typing import Final

from collector.errors import UnreadableValue
from collector.parse import BackupParser
from collector.records import Backup, Cluster, ClusterId

CLUSTER: Final = Cluster(id=ClusterId("c9qsamplecluster"))


def record(**members: object) -> bytes:
    """Write a record with an id, and with the members named."""
    return json.dumps({"id": "b1", **members}).encode()


def record_with(name: str, value: str) -> bytes:
    """Write a record with an id and one member, whose value is JSON text as it stands."""
    return f'{{"id":"b1",{json.dumps(name)}:{value}}}'.encode()


def parse(raw: bytes) -> Backup:
    """Parse one record of the sample cluster."""
    return BackupParser(CLUSTER).parse(raw)


def backup_or_fault(raw: bytes) -> Backup | UnreadableValue:
    """Parse one record of the sample cluster, and return either answer. Any other exception is the test's."""
    try:
        return parse(raw)
    except UnreadableValue as exc:
        return exc


def refusal(raw: bytes) -> UnreadableValue:
    """Parse what must be refused, and return the refusal."""
    answer = backup_or_fault(raw)
    assert isinstance(answer, UnreadableValue), f"was read as {answer!r:.200}"
    return answer
