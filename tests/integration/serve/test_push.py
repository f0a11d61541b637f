"""A run tells a gateway how it went; a gateway that does not listen is no fault of the run."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import replace

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from collector.records import Summary
from collector.serve.push import push_sweep
from collector.sweeping import Swept
from tests.serving import series_in

SWEPT = Swept(summary=Summary(outcome="partial", results=[]), requests=7, retries=2, duration_s=1.5)


SHARD_PATH = f"/metrics/job/collector/shard@base64/{base64.urlsafe_b64encode(b'1/4').decode()}"


@pytest.mark.parametrize("shard, wanted", [(None, "/metrics/job/collector"), ("1/4", SHARD_PATH)], ids=["all", "shard"])
async def test_a_gateway_is_told_how_it_went(shard: str | None, wanted: str) -> None:
    """Under one name for all pods: what a run was is what the newest run was. Shards do not overwrite each other."""
    told: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await told.put((request.method, request.raw_path, await request.text()))
        return web.Response()

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with TestServer(app) as gateway:
        await push_sweep(str(gateway.make_url("/")).rstrip("/"), replace(SWEPT, shard=shard))
    method, path, text = await told.get()

    series = series_in(text)
    assert (method, path) == ("PUT", wanted)
    assert (series["api_requests_total", ""], series["sweeps_total", "partial"]) == (7.0, 1.0)
    assert not [name for name, _ in series if name.startswith(("lease", "config"))]


async def test_a_gateway_that_is_not_there_is_a_warning() -> None:
    """The run has its own exit code."""
    with structlog.testing.capture_logs() as lines:
        await push_sweep("http://127.0.0.1:9", SWEPT)

    assert [(line["event"], line["log_level"]) for line in lines] == [("push.failed", "warning")]


async def test_a_gateway_that_refuses_is_a_warning() -> None:
    """As one is that is not what it should be."""
    async with TestServer(web.Application()) as gateway:
        with structlog.testing.capture_logs() as lines:
            await push_sweep(str(gateway.make_url("/")).rstrip("/"), SWEPT)

    assert ["404" in line["reason"] for line in lines] == [True]


async def test_a_gateway_that_does_not_speak_http_is_a_warning() -> None:
    """The run was good, whatever listens there."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.test ESMTP\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as gateway:
        port = gateway.sockets[0].getsockname()[1]
        with structlog.testing.capture_logs() as lines:
            await push_sweep(f"http://127.0.0.1:{port}", SWEPT)

    assert [(line["event"], line["log_level"]) for line in lines] == [("push.failed", "warning")]


async def test_an_address_that_is_none_is_a_warning() -> None:
    """Nothing is even sent."""
    with structlog.testing.capture_logs() as lines:
        await push_sweep("http://127.0.0.1:9/a b", SWEPT)

    assert [line["event"] for line in lines] == ["push.failed"]
