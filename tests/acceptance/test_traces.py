"""Traces by OpenTelemetry: what a sweep sends, what it never sends, and that who does not take it holds up nothing."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.emulator import Emulator
from tests.acceptance.preludes import prelude
from tests.acceptance.program import TOKEN, Ended, Program, events_of
from tests.acceptance.running import HTTP, running
from tests.acceptance.test_shutdown import black_hole

LIMITS: Final = {"page_size": 5}
WITHOUT: Final = "import sys\nsys.modules['opentelemetry'] = None\n"


class Receiver:
    """A collector of traces, on a real socket."""

    def __init__(self, status: int = 200) -> None:
        """Answer all that comes with this status."""
        self.url = ""
        self.bodies: list[bytes] = []
        self._status = status

    async def take(self, request: web.Request) -> web.Response:
        """Take what a program sends."""
        assert request.path == "/v1/traces"
        assert request.content_type == "application/x-protobuf"
        self.bodies.append(await request.read())
        return web.Response(status=self._status, content_type="application/x-protobuf")

    @property
    def traces(self) -> list[dict[str, list[dict[str, Any]]]]:
        """All traces in the order in which they came: spans by name, with their attributes as plain values."""
        traces: dict[bytes, dict[str, list[dict[str, Any]]]] = {}
        for resource in self._requests():
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                found = {each.key: each.value.int_value or each.value.string_value for each in span.attributes}
                found |= {"id": span.span_id, "parent": span.parent_span_id, "trace": span.trace_id}
                found |= {"status": span.status.code, "events": len(span.events)}
                traces.setdefault(span.trace_id, {}).setdefault(span.name, []).append(found)
        return list(traces.values())

    @property
    def resource(self) -> dict[str, str]:
        """What they say of the program."""
        return {each.key: each.value.string_value for each in self._requests()[0].resource.attributes}

    def _requests(self) -> list[Any]:
        return [part for body in self.bodies for part in ExportTraceServiceRequest.FromString(body).resource_spans]


@asynccontextmanager
async def receiving(*, status: int = 200) -> AsyncIterator[Receiver]:
    """Run a receiver."""
    receiver = Receiver(status)
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        await runner.cleanup()


async def run(program: Program, endpoint: str, **more: str) -> Ended:
    """Run a sweep that is to be traced."""
    return await program.run("run", "--output", "json", env={"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, **more})


async def test_a_sweep_is_one_trace_of_listings_pages_and_merges(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """Its id is that of the log lines; each page belongs to its listing; what failed says how."""
    one, *others = emulator.fleet.clusters
    emulator.faults.fail(one, status=403, code=7, page=1)
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits=LIMITS)

    async with receiving() as receiver:
        ended = await run(program, receiver.url)
        await run(program, receiver.url)

    first, second = receiver.traces
    (sweep,) = first["sweep"]
    listings = {each["collector.cluster.id"]: each for each in first["listing"]}
    sent = b"".join(receiver.bodies)
    assert {name: len(found) for name, found in first.items()} == {"sweep": 1, "listing": 3, "page": 5, "merge": 2}
    assert {name: len(found) for name, found in second.items()} == {"sweep": 1, "listing": 3, "page": 5, "confirm": 2}
    assert f'"trace_id": "{uuid.UUID(bytes=sweep["trace"])}"' in ended.stderr
    assert sweep["collector.sweep.id"] == ended.json()["sweep_id"]
    assert (sweep["parent"], sweep["collector.outcome"], sweep["collector.sweep.requests"]) == (b"", "partial", 5)
    assert {each["parent"] for each in first["listing"]} == {sweep["id"]}
    assert {each["parent"] for each in first["page"]} == {each["id"] for each in first["listing"]}
    assert {each["parent"] for each in first["merge"]} == {listings[each]["id"] for each in others}
    assert (listings[one]["error.type"], listings[one]["status"]) == ("permission_denied", 2)
    assert {each["http.response.status_code"] for each in first["page"]} == {200, 403}
    assert {each["url.full"] for each in first["page"]} == {
        f"{emulator.url}/managed-opensearch/v1/clusters/{each}/backups" for each in emulator.fleet.clusters
    }
    assert {each["db.system.name"] for each in first["merge"]} == {"postgresql"}
    assert receiver.resource["service.name"] == "backup-inventory-collector"
    assert {each["events"] for found in first.values() for each in found} == {0}
    assert [
        word for word in (TOKEN.encode(), b"page_token", b"pageToken", b"pageSize", b"SELECT") if word in sent
    ] == []


async def test_the_service_sends_each_sweep_and_the_last_at_its_end(
    program: Program, emulator: Emulator, migrated_url: str
) -> None:
    """What is in the queue when it is told to stop goes out within seconds."""
    more = HTTP + "schedule: {cron: '@yearly'}\n"
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, more=more)
    async with receiving() as receiver:
        env = {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{receiver.url}/v1/traces", "OTEL_BSP_SCHEDULE_DELAY": "60000"}
        async with running(program, env=env) as service:
            await service.event("sweep.finished")
            before = len(receiver.bodies)
            code = await service.end()

    assert (before, code) == (0, 0)
    assert [len(trace["sweep"]) for trace in receiver.traces] == [1]


async def test_who_takes_no_traces_holds_up_no_sweep(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """Packets are swallowed: two seconds more at the end, for the last try, and nothing else."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    with black_hole() as port:
        ended = await run(program, f"http://127.0.0.1:{port}")
        left_at = datetime.now(UTC)

    summary = ended.json()
    assert (ended.code, summary["outcome"]) == (0, "complete")
    # A try of the library's takes ten seconds, and its own end thirty.
    assert left_at - datetime.fromisoformat(summary["finished_at"]) < timedelta(seconds=9)


async def test_lost_spans_are_told_once(program: Program, emulator: Emulator, migrated_url: str) -> None:
    """Not by each try, and not in the library's words."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)
    async with receiving(status=400) as receiver:
        ended = await run(program, receiver.url, OTEL_BSP_MAX_EXPORT_BATCH_SIZE="1")

    assert ended.code == 0
    assert len(receiver.bodies) > 3
    assert [event for event in events_of(ended) if event not in {"listing.merged", "sweep.finished"}] == ["traces.lost"]


@pytest.mark.parametrize(
    "env, code, message",
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}, 2, "install the extra `otel`"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_TRACES_EXPORTER": "none"}, 0, ""),
        ({}, 0, ""),
    ],
    ids=["asked", "switched-off", "unasked"],
)
async def test_without_the_extra_only_who_asks_for_traces_is_refused(
    program: Program, emulator: Emulator, migrated_url: str, env: dict[str, str], code: int, message: str
) -> None:
    """In a sentence, before anything is begun; who does not ask needs no library."""
    program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator)

    ended = await program.run("run", env={**prelude(program, WITHOUT), **env})

    assert ended.code == code
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
