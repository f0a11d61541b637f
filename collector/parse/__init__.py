"""
One record of a listing, as received, into one `Backup`: exactly, or not at all.

A record that cannot be stored to the last digit raises `UnreadableValue`; nothing
is rounded, stripped or guessed.

What a service's record holds is said by the table in `collector/services.py`: nothing
here knows a service. To give a field a column: a line there, a migration, and
`fingerprints.PARSER_VERSION` raised, so that stored backups are read once more.
"""

from __future__ import annotations

from collector.parse.backup import BackupParser, ForeignRecord
from collector.parse.cluster import parse_cluster, parse_folder
from collector.parse.owners import NamedParser, Owners

__all__ = ["BackupParser", "ForeignRecord", "NamedParser", "Owners", "parse_cluster", "parse_folder"]
