"""Answers made to fill memory, and names that never resolve: what the process then takes, and when it ends."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import time
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from tests.acceptance.memory import run_watched
from tests.acceptance.preludes import HANGING_RESOLVER, WRONG_CLOCK, prelude
from tests.acceptance.program import Program
from tests.builders import record
from tests.scripted import Peer, Request, ScriptedServer, Step, answer, endless, head, page, refusal

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

MIB: Final = 1 << 20
HOUR: Final = dt.timedelta(hours=1)
PEAK_KIB_MAX: Final = 200 * 1024
"""The program itself takes some 60 MiB; a page of 16 MiB is held as body, as records and on the spool."""

JSON: Final = {"Content-Type": "application/json"}
GZIP: Final = {**JSON, "Content-Encoding": "gzip"}


def bomb() -> bytes:
    """Compress 400 MiB of nothing to 400 KiB."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = deflate.compress(bytes(MIB)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return gzip.compress(b"")[:10] + block * 400


def a_page(*parts: bytes) -> Step:
    """Answer a page of these records, as they stand."""
    return answer(b'{"backups":[' + b",".join(parts) + b"]}")


def own(backup_id: str, **fields: Any) -> bytes:
    """Write a record of the cluster that is lied about."""
    return record(backup_id, sourceClusterId="hostile", **fields)


def many_heads() -> Step:
    """Write headers without an end."""

    async def step(peer: Peer) -> None:
        await peer.send(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            await peer.send(b"X-%d: x\r\n" % number)

    return step


BODIES: dict[str, tuple[Callable[[], Step], str]] = {
    "D6-gzip-bomb": (lambda: answer(bomb(), headers=GZIP), "too_large"),
    "D6-bomb-in-a-bomb": (lambda: answer(gzip.compress(bomb()), headers=GZIP), "bad_answer"),
    "D6-nested-encodings": (
        lambda: answer(gzip.compress(bomb()), headers={**JSON, "Content-Encoding": "gzip, gzip"}),
        "bad_answer",
    ),
    "D6-endless": (lambda: endless(head(200, JSON) + b'{"backups":["', b"x" * 65_536), "too_large"),
    "D6-endless-spaces": (lambda: endless(head(200, JSON), b" " * 65_536), "too_large"),
    "D6-endless-empty-members": (lambda: endless(head(200, GZIP), gzip.compress(b"") * 200), "too_large"),
    "D7-endless-head": (many_heads, "network"),
    "D6-millions-of-records": (lambda: a_page(b"1", *[b"{}"] * 5_000_000), "too_large"),
    "D6-millions-of-names": (
        lambda: a_page(b'{"id":"x","indices":[' + b",".join([b'"a"'] * 3_500_000) + b"]}"),
        "too_large",
    ),
    "B7-half-a-character-among-millions": (
        lambda: a_page(rb'{"id":"\ud800"}', rb'"' + rb"\n" * 7_000_000 + b'"'),
        "bad_answer",
    ),
    "B9-depth": (lambda: a_page(b"[" * 5_000_000 + b"]" * 5_000_000), "bad_answer"),
    "B9-depth-of-objects": (lambda: a_page(b'{"a":' * 100_000 + b"1" + b"}" * 100_000), "bad_answer"),
    "B9-digits": (lambda: a_page(b'{"id":"x","sizeBytes":' + b"9" * 10_000_000 + b"}"), "partial"),
    "B9-digits-in-extra": (lambda: a_page(b'{"id":"x","later":' + b"9" * 10_000_000 + b"}"), "partial"),
    "B10-id": (lambda: a_page(own("x" * 10 * MIB)), "partial"),
    "B10-name": (lambda: a_page(own("x", indices=["n" * 10 * MIB])), "partial"),
    "B10-instant": (lambda: a_page(own("x", createdAt="2026-03-01T04:05:06." + "0" * 10 * MIB)), "partial"),
}


@pytest.mark.parametrize("make, error", BODIES.values(), ids=BODIES.keys())
async def test_no_answer_fills_the_memory_or_touches_another_cluster(
    program: Program, migrated_url: str, db: Connection, *, make: Callable[[], Step], error: str
) -> None:
    """B7, B9, B10, D6, D7: refused or put aside within a bound, in seconds; the other cluster is complete; exit 1."""
    hostile = make()

    def step(request: Request) -> Step:
        return hostile if "/hostile/" in request.target else page(json.loads(record("b", sourceClusterId="fine")))

    async with ScriptedServer(step) as server:
        program.write_config(["hostile", "fine"], url=migrated_url, api=server.url)
        began = time.monotonic()
        ended, peak_kib = await run_watched(program, "run", "--output", "json")
        took_s = time.monotonic() - began

    assert ended.code == 1
    assert {each["cluster_id"]: each["error"] for each in ended.json()["failures"]} == {"hostile": error}
    assert ended.json()["requests"] == len(server.requests) == 2
    assert await db.fetchval("SELECT array_agg(DISTINCT cluster_id) FROM inventory.backups") == ["fine"]
    assert max(map(len, ended.stderr.splitlines())) < 2_000
    assert 0 < peak_kib < PEAK_KIB_MAX
    assert took_s < 20


async def test_a_lookup_that_hangs_does_not_keep_the_process(program: Program, migrated_url: str) -> None:
    """D9: the listing fails at the connect deadline, and the process ends though its thread still waits; exit 1."""
    program.env.update(prelude(program, HANGING_RESOLVER))
    (program.home / "hang").touch()
    limits = {"connect_timeout": "0.2s"}
    program.write_config(["one", "two"], url=migrated_url, api="https://hanging.example", limits=limits)

    began = time.monotonic()
    ended = await program.run("run", "--output", "json")
    took_s = time.monotonic() - began

    assert ended.code == 1
    assert {each["error"] for each in ended.json()["failures"]} == {"timeout"}
    assert took_s < 20


YEAR_S: Final = 365 * 86_400
SEEN: Final = """
SELECT l.started_at, c.observed_at, b.first_seen_at, s.started_at AS began_at, s.finished_at
FROM collector.listing AS l
JOIN collector.cluster AS c USING (cluster_id)
JOIN collector.backup AS b USING (cluster_id)
CROSS JOIN collector.sweep AS s
"""


@pytest.mark.parametrize("ahead_s", [YEAR_S, -YEAR_S], ids=["ahead", "behind"])
async def test_no_stored_instant_is_of_a_clock_that_is_wrong(
    program: Program, migrated_url: str, db: Connection, ahead_s: int
) -> None:
    """C10: the collector's clock is a year off, as its log shows; what it stores is by the database's."""
    program.env.update(prelude(program, WRONG_CLOCK.format(ahead_s=ahead_s)))
    now = await db.fetchval("SELECT now()")

    async with ScriptedServer([page(json.loads(own("b")))]) as server:
        program.write_config(["hostile"], url=migrated_url, api=server.url)
        ended = await program.run("run")

    lines = [json.loads(line) for line in ended.stderr.splitlines()]
    said = [dt.datetime.fromisoformat(line["timestamp"]) for line in lines]
    (stored,) = await db.fetch(SEEN)
    assert ended.code == 0
    assert {round((instant - now).total_seconds() / ahead_s, 2) for instant in said} == {1.0}
    assert [name for name, instant in stored.items() if not abs(instant - now) < HOUR] == []


STEERING: Final = "\x1b]0;owned\x07\x1b[2J\u202egpj.exe\r\n{}%s<script>"


async def test_no_text_of_the_api_steers_a_terminal(program: Program, migrated_url: str, db: Connection) -> None:
    """B7, B12: in a report, a verdict or a log line, and the database has it unescaped."""

    def step(request: Request) -> Step:
        if "/refused/" in request.target:
            return refusal(403, 7, STEERING, headers={"x-request-id": "r\x1b[2J"})
        if "/odd/" in request.target:
            return page({"id": STEERING, "sizeBytes": STEERING})
        return page({"id": STEERING, "createdAt": "2026-11-20T01:00:00Z"})

    async with ScriptedServer(step) as server:
        program.write_config(["refused", "odd", "fine"], url=migrated_url, api=server.url)
        ended = [await program.run("run"), await program.run("run", "--output", "json")]
    ended += [await program.run("status"), await program.run("status", "--output", "json")]

    written = "".join(each.stdout + each.stderr for each in ended)
    assert [each.code for each in ended] == [1, 1, 1, 1]
    assert "owned" in ended[0].stdout + ended[0].stderr
    assert [char for char in written if not char.isprintable() and char != "\n"] == []
    assert await db.fetchval("SELECT backup_id FROM inventory.backups") == STEERING
