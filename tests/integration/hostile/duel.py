"""Two clusters on one scripted server: one of them is lied about, the other is as it ever was."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import asyncpg

from collector.emulator import Emulator, Fleet
from collector.records import Cluster, ClusterId, Summary
from tests.builders import record
from tests.scripted import Request, ScriptedServer, Step, page
from tests.sweeping import World, outcomes_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

LIED: Final = Cluster(id=ClusterId("c9qlied"))
FINE: Final = Cluster(id=ClusterId("c9qfine"))
BACKUPS: Final = 12

Lie = Callable[[Request], Step]


def backup(backup_id: str, *, cluster: Cluster = LIED, **fields: object) -> dict[str, Any]:
    """Make one record as the API means it."""
    made: dict[str, Any] = json.loads(record(backup_id, cluster=cluster, **fields))
    return made


def backups(count: int = BACKUPS, *, cluster: Cluster = LIED) -> list[dict[str, Any]]:
    """Make the records `b0`, `b1` … of a cluster."""
    return [backup(f"b{number}", cluster=cluster, sizeBytes=str(number)) for number in range(count)]


@dataclass(kw_only=True)
class Duel:
    """What the API says of either cluster, and sweeps over both."""

    url: str
    """Of the database."""
    lie: Lie = lambda _: page(*backups())
    """How requests about the one cluster are answered."""
    fine: list[dict[str, Any]] = field(default_factory=lambda: backups(cluster=FINE))
    """What is listed of the other."""
    asked: list[Request] = field(default_factory=list)
    """The requests about the one, of the newest sweep."""

    async def sweep(self, **api: Any) -> Summary:
        """Run one sweep; `api` are settings of section `api`."""
        self.asked.clear()
        async with Emulator(Fleet()) as idle, ScriptedServer(self._answer) as server:
            clusters = (LIED.id, FINE.id)
            settings = {"mdb_url": server.url, "page_size": 1000, **api}
            return await World(emulator=idle, url=self.url, clusters=clusters, api=settings).sweep()

    async def outcome(self, **api: Any) -> str:
        """Run one sweep, see that the other cluster is complete, and tell the outcome, or the error, of the one."""
        outcomes = outcomes_of(await self.sweep(**api))
        assert outcomes[FINE.id] == "complete"
        return outcomes[LIED.id]

    def _answer(self, request: Request) -> Step:
        if f"/{FINE.id}/" in request.target:
            return page(*self.fine)
        self.asked.append(request)
        return self.lie(request)


def always(step: Step) -> Lie:
    """Answer every request alike."""
    return lambda _: step
