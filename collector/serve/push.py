"""
How a run went, told to a Pushgateway: for a CronJob that is gone before anybody could scrape it.

What it could not tell is a warning. It never changes how the run ended, and never holds it up for long.
"""

from __future__ import annotations

import asyncio
from http.client import HTTPException
from typing import TYPE_CHECKING, Final

import structlog
from prometheus_client import push_to_gateway

from collector.serve.tally import SweepTally

if TYPE_CHECKING:
    from collector.sweeping import Swept

log = structlog.get_logger()

JOB: Final = "collector"
PUSH_S: Final = 5.0


async def push_sweep(gateway: str, swept: Swept) -> None:
    """Tell the gateway at this address of a sweep. Each shard has its own group, or they would overwrite each other."""
    tally = SweepTally()
    tally.note_sweep(swept)
    group = {"shard": swept.shard} if swept.shard is not None else {}
    try:
        async with asyncio.timeout(PUSH_S):
            await asyncio.to_thread(
                push_to_gateway, gateway, job=JOB, registry=tally.registry, grouping_key=group, timeout=PUSH_S
            )
    except (OSError, ValueError, HTTPException) as exc:  # no answer, a refusal, no address, what is not HTTP
        log.warning("push.failed", reason=str(exc) or type(exc).__name__)
