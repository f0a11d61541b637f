"""Records as the API sends them, for the tests of the parser."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Final

from collector.errors import UnreadableValue
from collector.parse import BackupParser
from collector.records import Backup
from collector.services import SERVICES
from tests.builders import cluster_of

CLUSTER: Final = cluster_of("opensearch")


def record(**members: object) -> bytes:
    """Write a record with an id, and with the members named."""
    return json.dumps({"id": "b1", **members}).encode()


def record_with(name: str, value: str) -> bytes:
    """Write a record with an id and one member, whose value is JSON text as it stands."""
    return f'{{"id":"b1",{json.dumps(name)}:{value}}}'.encode()


def named(backup: Backup, service: str = "opensearch") -> SimpleNamespace:
    """Give a backup's values their columns' names; an index set is not yet its id."""
    names = [name.replace("index_set_id", "index_set") for name in SERVICES[service].columns]
    return SimpleNamespace(**dict(zip(names, backup, strict=True)))


def parse(raw: bytes, service: str = "opensearch") -> SimpleNamespace:
    """Parse one record of the sample cluster; each value has its column's name."""
    return named(BackupParser(cluster_of(service)).parse(raw), service)


def backup_or_fault(raw: bytes, service: str = "opensearch") -> SimpleNamespace | UnreadableValue:
    """Parse one record of the sample cluster, and return either answer. Any other exception is the test's."""
    try:
        return parse(raw, service)
    except UnreadableValue as exc:
        return exc


def refusal(raw: bytes, service: str = "opensearch") -> UnreadableValue:
    """Parse what must be refused, and return the refusal."""
    answer = backup_or_fault(raw, service)
    assert isinstance(answer, UnreadableValue), f"was read as {answer!r:.200}"
    return answer
