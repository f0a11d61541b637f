"""One sweep from the configuration to its summary: what `run`, the service and the demo have in common."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from collector.api import Api
from collector.records import Guard, Summary
from collector.store import Rehearsal, Store, prepare_schema
from collector.sweep import Sweep, run_sweep
from collector.traces import span

if TYPE_CHECKING:
    from collector.api import Access
    from collector.config import Config
    from collector.interrupt import Stop
    from collector.records import ListingResult

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """What came of a sweep, and what it cost."""

    summary: Summary
    requests: int
    retries: int
    duration_s: float
    shard: str | None = None
    """Which part of the clusters it was about, as `0/4`; None: all of them."""


async def prepare_database(config: Config, sweep: Sweep, url: str) -> None:
    """
    Wait for the database and bring its schema up to date. A dry run changes nothing there either.

    Raises:
        DatabaseError, SchemaError: it cannot be used.
    """
    settings = config.database
    if sweep.writes == "rehearsed" and settings.auto_migrate:
        settings = settings.model_copy(update={"auto_migrate": False})
        await prepare_schema(url, settings, otherwise="run without --dry-run")
    else:
        await prepare_schema(url, settings)


async def sweep_once(
    config: Config,
    sweep: Sweep,
    *,
    url: str,
    access: Access,
    stop: Stop,
    on_result: Callable[[ListingResult], None] = lambda _: None,
) -> Swept:
    """
    Sweep, in a database whose schema is ready.

    Raises:
        DatabaseError, SchemaError: nothing was begun.
        Interrupted: it was stopped before anything was begun.
    """
    guard = Guard(rows=config.guard.mass_vanish_rows, share=config.guard.mass_vanish_share)
    kind = Rehearsal if sweep.writes == "rehearsed" else Store
    structlog.contextvars.bind_contextvars(trace_id=sweep.trace_id)
    began = time.monotonic()
    shard = str(sweep.shard) if sweep.shard else None
    async with AsyncExitStack() as stack:
        traced = stack.enter_context(span("sweep", trace_id=sweep.trace_id, shard=shard))
        store = await stop.unless_stopped(stack.enter_async_context(kind(url, config.database, guard=guard)))
        api = await stack.enter_async_context(
            Api(config.api, access.credential, trace_id=sweep.trace_id, endpoints=access.endpoints)
        )
        summary = await run_sweep(config, sweep, api=api, store=store, stopping=stop.stopping, on_result=on_result)
        traced.set(
            sweep_id=summary.sweep_id, outcome=summary.outcome, clusters=len(summary.results), requests=api.requests
        )
        log.info("sweep.finished", sweep_id=summary.sweep_id, outcome=summary.outcome, requests=api.requests)
        return Swept(
            summary=summary,
            requests=api.requests,
            retries=api.retries,
            duration_s=time.monotonic() - began,
            shard=shard,
        )
