"""
Whether the `collector serve` of this container is alive: exit code 0 or 1. Needs nothing but Python.

Any other command has nothing to ask: that it runs is all there is to know, and the answer is 0. The port is that of
`http.listen`; where it is not 8080, COLLECTOR_HEALTH_PORT says so.
"""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException
from pathlib import Path

FIRST_PROCESS = Path("/proc/1/cmdline")
TIMEOUT_S = 3.0


def serves(cmdline: Path = FIRST_PROCESS) -> bool:
    """Tell whether the container's first process is `collector serve`, whatever starts it."""
    return b"serve" in cmdline.read_bytes().split(b"\0")


def is_alive(port: int) -> bool:
    """Ask `/healthz`, which never waits for PostgreSQL."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(serves() and not is_alive(int(os.environ.get("COLLECTOR_HEALTH_PORT") or "8080")))
