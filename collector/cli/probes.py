"""The probes behind `collector check`: what is looked at, and what to do where it fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from collector.api import Api
from collector.cli.ending import DONE, INCOMPLETE, REFUSED, UNAVAILABLE
from collector.clusters import configured_clusters
from collector.errors import CollectorError
from collector.logs import escape_controls
from collector.records import Traffic
from collector.store.migrations import read_plan
from collector.store.reading import read_server

if TYPE_CHECKING:
    from collector.api import Credential
    from collector.config import Config
    from collector.records import Cluster

PROBE_S: Final = 20.0
"""How long one cluster's page may take: a person waits for it."""
TRACE_ID: Final = "check"

_ADVICE: Final = {
    "unauthenticated": "the API refuses the credential: is the token expired, or of another cloud?",
    "permission_denied": (
        "the service account lacks a role such as managed-opensearch.viewer or mdb.viewer on the folder"
    ),
    "not_found": (
        "no such cluster: check its id, its service and that the credential belongs to its cloud; "
        "if it was deleted, a run reads its backups from its folder's list"
    ),
    "tls": "check the system's certificate authorities, and whether something between us and the API opens TLS",
    "network": "check the network and the name lookup; proxies from the environment are not used",
    "timeout": "check the network: something swallows what we send",
    "redirected": "check api.mdb_url: redirects are never followed",
    "bad_answer": "check api.mdb_url: what answers there is not the API",
}
_CREDENTIAL: Final = frozenset({"unauthenticated", "credential"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What came of one probe."""

    item: str
    exit_code: int
    text: str

    def __str__(self) -> str:
        """Write it as a line."""
        return f"{'FAILED' if self.exit_code else 'ok':<6}  {self.item:<13}  {escape_controls(self.text)}"


async def probe_database(config: Config, url: str) -> Finding:
    """
    Look at the server, its schema and our rights; change nothing.

    Raises:
        DatabaseError, SchemaError: what is wrong with it.
    """
    server = await read_server(url, config.database)
    about = f"PostgreSQL {server.version}"
    if not server.takes_writes:
        return Finding(item="database", exit_code=UNAVAILABLE, text=f"{about} takes no writes: a standby, or read only")
    if server.may_write is False:
        return Finding(item="database", exit_code=REFUSED, text=f"{about}: the role may not write schema collector")
    plan = await read_plan(url)
    state = f"{about}, schema version {plan.applied}"
    if not plan.pending:
        return Finding(item="database", exit_code=DONE, text=state)
    pending = f"{state}, {len(plan.pending)} migrations pending"
    if config.database.auto_migrate:
        return Finding(item="database", exit_code=DONE, text=f"{pending}: the next run applies them")
    return Finding(item="database", exit_code=REFUSED, text=f"{pending}: run `collector migrate`")


async def probe_clusters(config: Config, credential: Credential) -> AsyncIterator[Finding]:
    """Ask for one page of each cluster, some at a time, once; yields in the configuration's order."""
    settings = config.api.model_copy(
        update={"attempts": 1, "listing_timeout_s": PROBE_S, "page_timeout_s": min(PROBE_S, config.api.page_timeout_s)}
    )
    turns = asyncio.Semaphore(settings.concurrency)
    async with Api(settings, credential, trace_id=TRACE_ID) as api:
        probes = [asyncio.create_task(_probe_cluster(api, cluster, turns)) for cluster in configured_clusters(config)]
        try:
            for probe in probes:
                yield await probe
        finally:
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)


async def _probe_cluster(api: Api, cluster: Cluster, turns: asyncio.Semaphore) -> Finding:
    name = f"{cluster.id} ({cluster.name})" if cluster.name else cluster.id
    try:
        async with turns, aclosing(api.list_backups(cluster, Traffic())) as pages:
            page = await anext(pages)
    except CollectorError as exc:
        advice = _ADVICE.get(exc.kind)
        text = f"{name}: {exc.kind}: {exc}" + (f" – {advice}" if advice else "")
        return Finding(item="cluster", exit_code=REFUSED if exc.kind in _CREDENTIAL else INCOMPLETE, text=text)
    more = "more than " if page.next_token else ""
    return Finding(item="cluster", exit_code=DONE, text=f"{name}: {more}{len(page.records)} backups")
