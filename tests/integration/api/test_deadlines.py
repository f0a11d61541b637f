"""Servers that are slow, silent or not there: every wait ends, at the deadline that is meant for it."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from collector.errors import DeadlineExceeded, NetworkFailed, TimedOut
from tests.integration.api.listed import list_cluster
from tests.scripted import ScriptedServer, drip, head, raw, silence

if TYPE_CHECKING:
    from tests.scripted import Step

BODY = b'{"backups":[{"id":"1"},{"id":"2"}]}'
WITH_LENGTH = head(200, {"Content-Type": "application/json", "Content-Length": str(len(BODY))})


@pytest.mark.parametrize(
    "step",
    [
        silence(),
        silence(WITH_LENGTH[:10]),
        silence(WITH_LENGTH + BODY[:5]),
        drip(WITH_LENGTH + BODY, pause_s=0.02),
        raw(head(100) * 3),
    ],
    ids=["no-answer", "half-a-head", "half-a-body", "dripping", "only-interim"],
)
async def test_a_slow_page_is_dropped_at_its_deadline(step: Step) -> None:
    """The whole request has one deadline, so a byte now and then does not keep it alive (D5)."""
    async with ScriptedServer(lambda _: step) as server:
        listed = await list_cluster(server, page_timeout_s=0.05, attempts=2)

    assert isinstance(listed.error, TimedOut)
    assert len(server.requests) == 2


async def test_a_listing_that_takes_too_long_is_given_up_with_its_last_fault() -> None:
    """The deadline is over pages, retries and pauses together (A2, D25)."""
    async with ScriptedServer(lambda _: silence()) as server:
        listed = await list_cluster(server, page_timeout_s=0.04, listing_timeout_s=0.1, attempts=20)

    assert isinstance(listed.error, DeadlineExceeded)
    assert "the listing did not end within 0.1 s, 0 pages read; last fault: no whole answer" in str(listed.error)


async def test_the_sweep_s_deadline_ends_a_listing_too() -> None:
    """What is left of the sweep may be less than a listing may take."""
    async with ScriptedServer(lambda _: silence()) as server:
        listed = await list_cluster(server, sweep_timeout_s=0.05)

    assert isinstance(listed.error, DeadlineExceeded)
    assert "the sweep did not end" in str(listed.error)


async def test_a_refused_connection_is_retried_then_failed() -> None:
    """Nobody listens: bounded, and told apart from an answer (D9)."""
    async with ScriptedServer([]) as server:
        url = server.url
    async with ScriptedServer([]) as unused:
        listed = await list_cluster(unused, mdb_url=url)

    assert isinstance(listed.error, NetworkFailed)
    assert "no connection: 127.0.0.1:" in str(listed.error)
    assert (listed.traffic.requests, listed.traffic.retries) == (3, 2)


async def test_a_connection_nobody_accepts_is_bounded() -> None:
    """A full backlog swallows the handshake: the connect deadline, not the page's, ends it (D9)."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.settimeout(0)
            filler.connect_ex(full.getsockname())
        async with ScriptedServer([]) as unused:
            listed = await list_cluster(
                unused, mdb_url=f"http://127.0.0.1:{full.getsockname()[1]}", connect_timeout_s=0.05, attempts=2
            )

    assert isinstance(listed.error, TimedOut)
    assert "no connection within 0.05 s" in str(listed.error)
