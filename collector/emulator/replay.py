"""
A recording served again on a real socket: same status, same body, byte for byte, whoever asks.

Where a request was answered several times, the answers come in their order, and the last one for ever. What
was not recorded is not found.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from collector.emulator.answers import Code, render_status
from collector.emulator.tape import Question, RecordedAnswer, Recording

_SHUTDOWN_S: Final = 0.01


class Replay:
    """An API server over a recording. Use as an async context manager, or `start` and `stop` it."""

    def __init__(self, recording: Recording) -> None:
        """Take the recording; nobody listens yet."""
        self._recorded: dict[Question, deque[RecordedAnswer]] = {}
        for answers in recording.answers.values():
            for answer in answers:
                self._recorded.setdefault(answer.question, deque()).append(answer)
        self._runner: web.ServerRunner | None = None
        self.url = ""
        """Where it listens, `http://127.0.0.1:12345`."""
        self.unknown: list[str] = []
        """Targets of the requests that were not recorded."""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=_SHUTDOWN_S)
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{runner.addresses[0][1]}"
        self._runner = runner

    async def stop(self) -> None:
        """Close all connections and the socket."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        answer = self._find(request)
        headers = {"Server": "replay", **answer.headers}
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _find(self, request: web.BaseRequest) -> RecordedAnswer:
        question = Question.of(request.rel_url.raw_path_qs)
        answers = self._recorded.get(question)
        if request.method != "GET" or not answers:
            self.unknown.append(request.rel_url.raw_path_qs)
            return _not_recorded(question)
        return answers.popleft() if len(answers) > 1 else answers[0]


async def serve_recording(recording: Recording, *, host: str, port: int, announce: Callable[[str], None]) -> None:
    """
    Serve a recording until cancelled.

    Args:
        recording: what is served.
        host: where to listen.
        port: 0 takes a free one.
        announce: is told, once it listens, where, in one line of text.
    """
    replay = Replay(recording)
    await replay.start(host, port)
    try:
        total = sum(map(len, recording.answers.values()))
        announce(f"{replay.url} serves {total} recorded answers about {len(recording.answers)} clusters again")
        await asyncio.get_running_loop().create_future()
    finally:
        await replay.stop()


def _not_recorded(question: Question) -> RecordedAnswer:
    body = render_status(
        Code.NOT_FOUND, "This request was not recorded.", request_id="00000000-0000-4000-8000-000000000000"
    )
    return RecordedAnswer(question=question, status=404, headers={"Content-Type": "application/json"}, body=body)
