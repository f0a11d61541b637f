"""The one way the embedded server fails: there is none, and a person must act."""

from __future__ import annotations

from collector.errors import CollectorError


class EmbeddedError(CollectorError):
    """No embedded PostgreSQL: no binaries, no usable data directory or account, or a server that did not start."""

    kind = "embedded"
