"""
The answers of the page: an address is read, the inventory asked, a template filled in.

What cannot be answered is said as such: 400 for an address that is not understood, 404 for what is not there, 503
where the database is away or too slow. Nothing that was known before is shown in its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from aiohttp import web

from collector.errors import CollectorError, DatabaseUnavailable, SchemaError, UsageError
from collector.serve.page.asking import is_cluster_id, is_id, read_before, read_moment, read_sweep_id, read_wanted
from collector.serve.page.scenes import write_cluster, write_overview
from collector.serve.page.writing import write_page
from collector.store.showing import (
    INT64_MAX,
    NEWEST,
    read_backup,
    read_backups,
    read_dossier,
    read_overview,
    read_sweep,
    read_sweeps,
)

if TYPE_CHECKING:
    from collector.store.pool import Pool

log = structlog.get_logger()

ANSWER_S: Final = 8.0
"""How long a reader waits at most; a single statement is broken off sooner."""
READERS_MAX: Final = 1
"""Pages that ask the database at once. The pool's other connection is for /metrics."""
RETRY_S: Final = 10

Handler: TypeAlias = Callable[["Answers", web.Request], Awaitable[web.Response]]


def _answered(handler: Handler) -> Handler:
    """Let a handler's failures be pages too."""

    async def answer(self: Answers, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(ANSWER_S), self.readers:
                return await handler(self, request)
        except UsageError as exc:
            return await _page("refused.html", status=400, reason=str(exc))
        except (CollectorError, TimeoutError) as exc:
            kind = exc.kind if isinstance(exc, CollectorError) else "timeout"
            log.warning("page.failed", error=kind, message=str(exc) or f"no answer within {ANSWER_S:g} s")
            return await _page("away.html", status=503, kind=kind, reason=_reason(exc))

    return answer


class Answers:
    """The handlers of the page's addresses."""

    def __init__(self, inventory: Pool) -> None:
        """Keep whom to ask."""
        self._inventory = inventory
        self.readers = asyncio.Semaphore(READERS_MAX)

    @_answered
    async def show_overview(self, request: web.Request) -> web.Response:
        """Show the fleet, or what was asked for of it."""
        wanted = read_wanted(request.query)
        overview = await read_overview(self._inventory, wanted)
        return await _answer(write_overview, overview, wanted)

    @_answered
    async def show_cluster(self, request: web.Request) -> web.Response:
        """Show one cluster."""
        cluster_id = request.match_info["cluster"]
        dossier = await read_dossier(self._inventory, cluster_id) if is_cluster_id(cluster_id) else None
        return await _answer(write_cluster, dossier) if dossier else await _nothing("cluster")

    @_answered
    async def show_backups(self, request: web.Request) -> web.Response:
        """Show a page of one cluster's backups."""
        cluster_id = request.match_info["cluster"]
        before = read_moment(request.query)
        if not is_cluster_id(cluster_id):
            return await _nothing("cluster")
        cluster, rows, following = await read_backups(self._inventory, cluster_id, before)
        if cluster is None:
            return await _nothing("cluster")
        return await _page("backups.html", cluster=cluster, rows=rows, next=following, is_first=before == NEWEST)

    @_answered
    async def show_backup(self, request: web.Request) -> web.Response:
        """Show one backup."""
        cluster_id, backup_id = request.match_info["cluster"], request.match_info["backup"]
        is_possible = is_cluster_id(cluster_id) and is_id(backup_id)
        found = await read_backup(self._inventory, cluster_id, backup_id) if is_possible else None
        if found is None:
            return await _nothing("backup")
        return await _page("backup.html", backup=found[0], history=found[1])

    @_answered
    async def show_sweeps(self, request: web.Request) -> web.Response:
        """Show a page of sweeps."""
        before = read_before(request.query)
        rows, following = await read_sweeps(self._inventory, before)
        return await _page("sweeps.html", rows=rows, next=following, is_first=before == INT64_MAX)

    @_answered
    async def show_sweep(self, request: web.Request) -> web.Response:
        """Show one sweep."""
        number = read_sweep_id(request.match_info["sweep"])
        found = await read_sweep(self._inventory, number) if number is not None else None
        if found is None:
            return await _nothing("sweep")
        return await _page("sweep.html", sweep=found[0], rows=found[1])

    async def show_nothing(self, _request: web.Request) -> web.Response:
        """Say that there is no such address."""
        return await _nothing("page")


async def _nothing(what: str) -> web.Response:
    return await _page("nothing.html", status=404, what=what)


async def _page(template: str, *, status: int = 200, **values: object) -> web.Response:
    return await _answer(write_page, template, status=status, **values)


async def _answer(write: Callable[..., str], *what: object, status: int = 200, **values: object) -> web.Response:
    """Write a page in a thread: meanwhile the probes are answered."""
    text = await asyncio.to_thread(write, *what, **values)
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else None
    return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=headers)


def _reason(error: BaseException) -> str:
    match error:
        case SchemaError():
            return "There is no inventory in it, or one that is older than this program."
        case DatabaseUnavailable() | TimeoutError():
            return "It does not answer, or not in time."
        case _:
            return "It refuses the question."
