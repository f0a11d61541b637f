"""
The emulated fleet as a process of its own, steered by lines of JSON on its standard input.

Pages are rendered before they are asked for: the server must not be what is measured.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
from typing import Any

from collector.emulator import Emulator, Fleet

NOW_NS = 1_790_000_000_000_000_000
"""The fleet's first instant, fixed: the same seed gives the same bytes."""
TOKEN = "t1." + "benchmark" * 20
PAGE_SIZE = 1000


class FleetServer:
    """One fleet at a time, and what can be done to it."""

    def __init__(self) -> None:
        """Start with an empty fleet."""
        self._emulator = Emulator(Fleet(), token=TOKEN, record=False)

    async def serve(self) -> None:
        """Answer commands until the input ends."""
        async with self._emulator:
            say({"url": self._emulator.url})
            while line := await asyncio.to_thread(sys.stdin.readline):
                command = json.loads(line)
                action = getattr(self, f"do_{command.pop('do')}")
                say(action(**command))

    def do_generate(self, *, clusters: int, backups: int, seed: int) -> dict[str, Any]:
        """Make another fleet."""
        fleet = Fleet.generate(clusters=clusters, backups=backups, seed=seed, now_ns=NOW_NS)
        self._emulator.fleet = fleet
        return self._rendered(cluster_ids=list(fleet.clusters))

    def do_latency(self, *, seconds: float) -> dict[str, Any]:
        """Let every answer take so long."""
        self._emulator.latency_s = seconds
        return {}

    def do_change(self, *, share: float) -> dict[str, Any]:
        """Change the size of that share of all backups, evenly spread over the clusters."""
        fleet = self._emulator.fleet
        every, seen, changed = round(1 / share), 0, 0
        for cluster in list(fleet.clusters.values()):
            backups = cluster.backups
            for position in range(-seen % every, len(backups), every):
                backup = backups[position]
                fleet.replace_backup(cluster.id, dataclasses.replace(backup, size_bytes=backup.size_bytes + 1))
                changed += 1
            seen += len(backups)
        return self._rendered(changed=changed)

    def do_slide(self) -> dict[str, Any]:
        """Let an hour pass: each cluster gains a backup and loses its oldest."""
        self._emulator.fleet.advance(1)
        return self._rendered()

    def _rendered(self, **answer: Any) -> dict[str, Any]:
        return {"bytes": self._emulator.fleet.prerender(PAGE_SIZE), **answer}


def say(answer: dict[str, Any]) -> None:
    """Write one line of JSON."""
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(FleetServer().serve())
