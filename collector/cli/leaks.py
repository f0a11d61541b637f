"""Two ways in which a secret would leave the process behind its back, closed before anything else is done."""

from __future__ import annotations

import os
import resource


def close_leaks() -> None:
    """Keep the memory of a process that crashed, and the session keys of TLS, off the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Whoever set it could read the token off the wire. Libraries look at it as they are imported.
    os.environ.pop("SSLKEYLOGFILE", None)
