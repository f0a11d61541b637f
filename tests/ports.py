"""Ports for tests that must name one before anybody listens there, or name one where nobody does."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Find a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
