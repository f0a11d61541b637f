"""
One record of a listing, as received, into one `Backup`: exactly, or not at all.

A record that cannot be stored to the last digit raises `UnreadableValue`; nothing
is rounded, stripped or guessed.

To give a field a column: a line in the service's record (`opensearch.py`: the
annotation says what may stand there), a line in its `to_backup`, a field in
`records.Backup`, a migration, and `fingerprints.PARSER_VERSION` raised, so that stored
backups are read once more. A service is one record class, one `to_backup`, and one entry
in `shapes.py`.
"""

from __future__ import annotations

from collector.parse.backup import BackupParser, ForeignRecord
from collector.parse.cluster import parse_cluster, parse_folder
from collector.parse.owners import NamedParser, Owners

__all__ = ["BackupParser", "ForeignRecord", "NamedParser", "Owners", "parse_cluster", "parse_folder"]
