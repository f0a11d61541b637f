"""The answers of a check as they come, by what they are about. Bounded; keeps bodies only where they are recorded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal

from collector.api import Exchange

RECORDED_BYTES_MAX: Final = 256 * 2**20
"""Of all bodies together; what comes after is not kept."""

_CLUSTER: Final = re.compile(r"/clusters/([^/?]+)/")
_PLACE: Final = re.compile(r"[?&](folder|cloud)Id=([A-Za-z0-9_-]+)")


class Tape:
    """Takes up what a witness is told. `is_full` says that something was not kept."""

    def __init__(self, keeps: Literal["heads", "all"], *, bytes_max: int = RECORDED_BYTES_MAX) -> None:
        """Start empty."""
        self._keeps = keeps
        self._bytes_left = bytes_max
        self._exchanges: dict[str, list[Exchange]] = {}
        self.is_full = False

    @property
    def names(self) -> Sequence[str]:
        """What was answered about: ids of clusters, and places such as `folder.b1g…` and `cloud.b1g…`."""
        return list(self._exchanges)

    def take(self, exchange: Exchange) -> None:
        """Keep an answer, under the cluster, folder or cloud that its request names."""
        if self._keeps == "heads":
            exchange = replace(exchange, body=b"")
        self._bytes_left -= len(exchange.body)
        if self._bytes_left < 0:
            self.is_full = True
            return
        self._exchanges.setdefault(_name(exchange.target), []).append(exchange)

    def answers_about(self, name: str) -> list[Exchange]:
        """List the answers about one cluster or place, in their order."""
        return self._exchanges.get(name, [])

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


def _name(target: str) -> str:
    """Name what a request is about. No id of a cluster holds a dot, so no place is taken for one."""
    if cluster := _CLUSTER.search(target):
        return cluster[1]
    place = _PLACE.search(target)
    return f"{place[1]}.{place[2]}" if place else "others"
