"""One listing through the real client, against a scripted server: what came, what it cost, how it ended."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from collector.api import Api, Credential
from collector.config.api import ApiSettings
from collector.errors import ListingError
from collector.records import Cluster, ClusterId, Page, Traffic
from tests.scripted import ScriptedServer

CANARY = "t1.canary-9euelZqVmZ2XlZOWi8iWkZeJmu3rnpWazJKSmJ7JkpOVk5eTlo2KnY3l8_dNZ0Jl"
CLUSTER = Cluster(id=ClusterId("c9qcluster"))


class Canary:
    """A credential whose token must be seen at the server and nowhere else."""

    version = 0

    async def token(self) -> str:
        """Give the canary."""
        return CANARY

    async def renew(self, version: int) -> bool:
        """Have no other."""
        return version != self.version


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A listing that has ended, one way or the other."""

    pages: list[Page]
    error: ListingError | None
    """None: the listing ended properly."""
    traffic: Traffic
    requests: int
    retries: int

    @property
    def records(self) -> list[bytes]:
        """The records of all pages."""
        return [record for page in self.pages for record in page.records]


def settings_for(server: ScriptedServer, **changes: Any) -> ApiSettings:
    """Settings that wait for nothing: tiny back-offs, no rate; two seconds for all that should not need them."""
    quick: dict[str, Any] = {
        "mdb_url": server.url,
        "attempts": 3,
        "requests_per_second": None,
        "backoff_initial_s": 0.001,
        "backoff_max_s": 0.002,
        "connect_timeout_s": 2,
        "page_timeout_s": 2,
        "listing_timeout_s": 5,
    }
    return ApiSettings(**{**quick, **changes})


async def list_cluster(
    server: ScriptedServer, *, cluster: Cluster = CLUSTER, credential: Credential | None = None, **changes: Any
) -> Listed:
    """List one cluster, first page to last or to the error."""
    pages: list[Page] = []
    error: ListingError | None = None
    traffic = Traffic()
    settings = settings_for(server, **changes)
    async with Api(settings, credential or Canary(), trace_id="a-sweep", rng=random.Random(1)) as api:
        try:
            async for page in api.list_backups(cluster, traffic):
                pages.append(page)  # noqa: PERF401 - what came before an error is kept
        except ListingError as exc:
            error = exc
    return Listed(pages=pages, error=error, traffic=traffic, requests=api.requests, retries=api.retries)
