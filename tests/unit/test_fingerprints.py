"""The digest by which a sweep knows a record again."""

from __future__ import annotations

from collector.fingerprints import fingerprint
from tests.unit.parse.messages import record


def test_the_same_bytes_have_the_same_fingerprint() -> None:
    """A record that comes again as it was is known without being read."""
    assert fingerprint(record(sizeBytes="1")) == fingerprint(record(sizeBytes="1"))


def test_a_changed_value_has_another_fingerprint() -> None:
    """B13: a value that changes without its id makes the record new."""
    assert fingerprint(record(sizeBytes="1")) != fingerprint(record(sizeBytes="2"))


def test_a_fingerprint_is_stable_from_release_to_release() -> None:
    """Stored fingerprints outlive the process: this one changes with the parser's version and with nothing else."""
    assert fingerprint(b"{}").hex() == "675c9a2d6537545ff2b96c62d2e628d0"
