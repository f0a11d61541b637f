"""`collector serve` as a process: it sweeps, answers, takes up what is new, takes over, and ends in time."""

from __future__ import annotations

import signal
import socket
import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from collector.emulator import Emulator
from tests.acceptance.program import Program
from tests.acceptance.running import HTTP, running
from tests.acceptance.test_signals import frozen
from tests.acceptance.watching import left
from tests.postgres import scratch_server
from tests.proxy import Proxy

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

EXIT_S: Final = 20.0
YEARLY: Final = HTTP + "schedule: {cron: '@yearly'}\n"
"""A schedule that does not come in the way of a test."""


async def test_it_sweeps_at_once_and_answers(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """No schedule is waited for; SIGTERM is its normal end, and nothing is left behind."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        finished = await service.event("sweep.finished")

        health, ready, page = [(await service.ask(path))[0] for path in ("/healthz", "/readyz", "/")]
        series = await service.series()
        code = await service.end()

    assert (finished["outcome"], health, ready, page) == ("complete", 200, 200, 200)
    assert series["up", ""] == series["lease_held", ""] == series["sweeps_total", "complete"] == 1.0
    assert len([name for name, _ in series if name == "cluster_live_backups"]) == 3
    assert series["next_run_timestamp_seconds", ""] > time.time()
    assert code == 0
    assert service.events[-2:] == ["lease.released", "service.stopped"]
    assert await db.fetchval("SELECT count(*) FROM inventory.sweeps WHERE outcome = 'complete'") == 1
    await left(db)


async def test_it_makes_the_schema_of_an_empty_database(
    program: Program, emulator: Emulator, database_url: str
) -> None:
    """As a run does."""
    program.write_config(emulator.fleet.clusters, url=database_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        await service.event("schema.migrated")

        assert (await service.event("sweep.finished"))["outcome"] == "complete"


async def test_the_next_sweep_is_planned_on_the_schedule(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """At the full minute after the first sweep; that it then begins, the tests of the sweeper show."""
    more = HTTP + "schedule: {cron: '* * * * *', jitter: 0s}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)
    async with running(program) as service:
        await service.event("sweep.finished")
        planned = (await service.series())["next_run_timestamp_seconds", ""]

    assert planned % 60 == 0
    assert 0 <= planned - time.time() + 5 <= 65


async def test_sigusr1_sweeps_now(program: Program, emulator: Emulator, migrated_url: str, db: Connection) -> None:
    """Whatever the schedule says."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        await service.event("sweep.finished")

        service.process.send_signal(signal.SIGUSR1)

        assert (await service.event("sweep.finished"))["outcome"] == "complete"
    assert await db.fetchval("SELECT count(*) FROM inventory.sweeps") == 2


async def test_a_new_configuration_is_taken_up_and_a_bad_one_is_not(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """SIGHUP asks for it; the next sweep is about the clusters of the newest one that was good."""
    first, *others = emulator.fleet.clusters
    program.write_config([first], url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        await service.event("sweep.finished")
        program.write_config([first, *others], url=migrated_url, api=emulator, more=YEARLY)
        service.process.send_signal(signal.SIGHUP)
        assert (await service.event("config.reloaded"))["clusters"] == 3

        program.write_config([first, first], url=migrated_url, api=emulator, more=YEARLY)
        service.process.send_signal(signal.SIGHUP)
        refused = await service.event("config.refused")
        series = await service.series()
        service.process.send_signal(signal.SIGUSR1)
        await service.event("sweep.finished")

    assert "stands twice" in refused["problems"][0]
    assert series["config_last_reload_successful", ""] == 0.0
    assert (series["config_reloads_total", "ok"], series["config_reloads_total", "refused"]) == (1.0, 1.0)
    assert await db.fetchval("SELECT count(*) FROM inventory.clusters WHERE managed") == 3


async def test_a_changed_address_is_put_off_until_a_restart(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """It is said, and the old address goes on answering."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        more = YEARLY.replace("127.0.0.1:0", "127.0.0.1:1")
        program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)
        service.process.send_signal(signal.SIGHUP)

        assert (await service.event("config.deferred"))["sections"] == ["http"]
        assert (await service.ask("/healthz"))[0] == 200


async def test_of_two_one_sweeps_and_the_other_takes_over_when_it_is_killed(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """Both answer. The lease runs out by the database's clock, which a test can put forward."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as one, running(program) as two:
        await one.event("sweep.finished")
        await two.event("service.opened")
        before = await two.series()
        requests = emulator.requests_total

        one.process.kill()
        await one.process.wait()
        await db.execute("UPDATE collector.lease SET expires_at = now() - INTERVAL '1 second'")

        await two.event("lease.taken")
        assert (await two.event("sweep.finished"))["outcome"] == "complete"

    assert (before["lease_held", ""], before["up", ""], requests) == (0.0, 1.0, 3)
    assert await db.fetchval("SELECT epoch FROM collector.lease") == 2


async def test_one_that_ends_hands_over_at_once(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """A rolling update leaves no gap of a whole lease."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as one, running(program) as two:
        await one.event("sweep.finished")
        assert await one.end() == 0

        assert await db.fetchval("SELECT holder IS NULL OR epoch = 2 FROM collector.lease")
        assert (await two.event("sweep.finished"))["outcome"] == "complete"


async def test_a_signal_in_the_middle_of_a_sweep_ends_it_properly(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """No new page, the row closed, the books whole, exit code 0."""
    gate = emulator.faults.pause(None)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=YEARLY)
    async with running(program) as service:
        await gate.reached(3)
        began = time.monotonic()

        code = await service.end()

    assert code == 0
    assert time.monotonic() - began < EXIT_S
    assert await db.fetchval("SELECT outcome FROM inventory.sweeps") == "interrupted"
    await left(db)


async def test_a_frozen_postgresql_cannot_keep_the_service(program: Program, emulator: Emulator) -> None:
    """It stands still in the middle of a sweep: SIGTERM ends the process within 20 seconds all the same."""
    gate = emulator.faults.pause(None)
    with scratch_server() as server:
        program.write_config(emulator.fleet.clusters, url=server.create_database("frozen"), api=emulator, more=YEARLY)
        async with running(program) as service:
            await gate.reached(3)
            with frozen(server):
                gate.release()
                began = time.monotonic()
                code = await service.end()

    assert code == 0
    assert time.monotonic() - began < EXIT_S


async def test_without_a_schedule_it_only_serves(
    program: Program, emulator: Emulator, migrated_url: str, db: Connection
) -> None:
    """What a run has stored is shown; the API is asked nothing, no credential is needed, no lease taken."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    assert (await program.run("run")).code == 0
    asked = emulator.requests_total
    more = HTTP + "schedule: null\nauth: {iam_token: {env: NOT_THERE}}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)

    async with running(program) as service:
        await service.event("service.opened")
        service.process.send_signal(signal.SIGUSR1)
        series = await service.series()
        ready, _ = await service.ask("/readyz")
        code = await service.end()

    assert len([name for name, _ in series if name == "cluster_verdict"]) == 9
    assert (ready, code, emulator.requests_total) == (200, 0, asked)
    assert await db.fetchval("SELECT holder FROM collector.lease") is None


async def test_a_database_that_comes_later_is_waited_for(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Until then: alive, not ready, metrics without clusters, and not one request to the API."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    parts = urlsplit(migrated_url)
    url = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition('@')[0]}@127.0.0.1:{port}"))
    program.write_config(emulator.fleet.clusters, url=url, api=emulator, more=YEARLY)
    async with running(program) as service:
        await service.event("start.delayed")
        alive, ready = await service.ask("/healthz"), await service.ask("/readyz")
        up = (await service.series())["up", ""]
        asked = emulator.requests_total
        async with Proxy(migrated_url, port=port):
            finished = await service.event("sweep.finished")
            code = await service.end()

    assert (alive[0], ready, up, asked) == (200, (503, "starting\n"), 0.0, 0)
    assert (finished["outcome"], code) == ("complete", 0)


async def test_a_sweep_that_fails_ends_nothing(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """The credential is gone for a while: it is told, counted, and tried again."""
    token = program.home / "token"
    token.write_text("t1.emulator")
    token.chmod(0o600)
    more = YEARLY + f"auth: {{iam_token: {{file: '{token}'}}}}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)
    async with running(program) as service:
        await service.event("sweep.finished")
        token.unlink()
        service.process.send_signal(signal.SIGUSR1)
        failed = await service.event("sweep.failed")
        series = await service.series()
        token.write_text("t1.emulator")
        service.process.send_signal(signal.SIGUSR1)
        await service.event("sweep.finished")

    assert failed["error"] == "credential"
    assert series["sweeps_total", "not_begun"] == 1.0


@pytest.mark.parametrize(
    "more, database, message",
    [
        ("http: {listen: '0.0.0.0:0'}\n", "", "needs a token, trusted proxies, or unauthenticated: true"),
        ("http: {token: {env: NOT_THERE}}\n", "", "NOT_THERE is not set"),
        ("schedule: {cron: '* * * * * *'}\n", "", "five fields"),
        ("auth: {iam_token: {env: NOT_THERE}}\n", "", "NOT_THERE is not set"),
        (HTTP, "auto_migrate: false", "migrations are pending"),
    ],
    ids=["wide-open", "no-token", "cron", "no-credential", "old-schema"],
)
async def test_what_no_waiting_mends_is_exit_2(
    program: Program, database_url: str, more: str, database: str, message: str
) -> None:
    """Said once, in words, instead of a service that never works."""
    program.write_config(["c9q"], url=database_url, more=more, database=database)

    ended = await program.run("serve")

    assert ended.code == 2
    assert message in ended.stderr


async def test_an_address_that_is_taken_is_exit_2(program: Program, database_url: str) -> None:
    """Another one would not be found by whoever looks for it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        program.write_config(["c9q"], url=database_url, more=f"http: {{listen: '127.0.0.1:{port}'}}\n")

        ended = await program.run("serve")

    assert ended.code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr


async def test_a_run_tells_a_gateway_and_does_not_mind_that_there_is_none(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """The exit code is the run's own."""
    more = "metrics: {pushgateway: 'http://127.0.0.1:9'}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)

    ended = await program.run("run")

    assert ended.code == 0
    assert "push.failed" in ended.stderr
