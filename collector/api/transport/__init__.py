"""The only client that speaks HTTP: requests on the wire, and what becomes of them."""

from __future__ import annotations

from collector.api.transport.wire import Transport

__all__ = ["Transport"]
