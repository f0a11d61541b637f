"""The answers of a check as they come, by cluster. Bounded; keeps bodies only where they are to be recorded."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Literal

from collector.api import Exchange

RECORDED_BYTES_MAX: Final = 256 * 2**20
"""Of all bodies together; what comes after is not kept."""

_CLUSTER: Final = re.compile(r"/clusters/([^/?]+)/")


class Tape:
    """Takes up what a witness is told. `is_full` says that something was not kept."""

    def __init__(self, keeps: Literal["heads", "all"], *, bytes_max: int = RECORDED_BYTES_MAX) -> None:
        """Start empty."""
        self._keeps = keeps
        self._bytes_left = bytes_max
        self._exchanges: dict[str, list[Exchange]] = {}
        self.is_full = False

    def take(self, exchange: Exchange) -> None:
        """Keep an answer, under the cluster that its request names."""
        found = _CLUSTER.search(exchange.target)
        if self._keeps == "heads":
            exchange = replace(exchange, body=b"")
        self._bytes_left -= len(exchange.body)
        if self._bytes_left < 0:
            self.is_full = True
            return
        self._exchanges.setdefault(found[1] if found else "", []).append(exchange)

    def of_cluster(self, cluster_id: str) -> list[Exchange]:
        """List the answers about one cluster, in their order."""
        return self._exchanges.get(cluster_id, [])

    def clock_ahead_s(self) -> float | None:
        """
        Tell by how many seconds the API's clock is ahead of ours; None: it never said.

        The answer that fits best counts: one from a cache would speak of its own age.
        """
        differences = [
            dated_at - exchange.received_at
            for exchanges in self._exchanges.values()
            for exchange in exchanges
            if (dated_at := exchange.dated_at) is not None
        ]
        return min(differences, key=abs, default=None)
