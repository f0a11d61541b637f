"""
A recording served again on a real socket: same status, same body, byte for byte, whoever asks.

Where a request was answered several times, the answers come in their order, and the last one for ever. What
was not recorded is not found.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

from collector.emulator.answers import Code, render_status
from collector.emulator.listener import Listener
from collector.emulator.tape import Question, RecordedAnswer, Recording


class Replay(Listener):
    """An API server over a recording. Use as an async context manager, or `start` and `stop` it."""

    def __init__(self, recording: Recording) -> None:
        """Take the recording; nobody listens yet."""
        super().__init__()
        self._recorded: dict[Question, deque[RecordedAnswer]] = {}
        for answers in recording.answers.values():
            for answer in answers:
                self._recorded.setdefault(answer.question, deque()).append(answer)
        self.unknown: list[str] = []
        """Targets of the requests that were not recorded."""

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
        places = len(recording.answers) - len(recording.clusters)
        about = f"{len(recording.clusters)} clusters" + (f" and {places} places" if places else "")
        announce(f"{replay.url} serves {total} recorded answers about {about} again")
        await asyncio.get_running_loop().create_future()
    finally:
        await replay.stop()


def _not_recorded(question: Question) -> RecordedAnswer:
    body = render_status(
        Code.NOT_FOUND, "This request was not recorded.", request_id="00000000-0000-4000-8000-000000000000"
    )
    return RecordedAnswer(question=question, status=404, headers={"Content-Type": "application/json"}, body=body)
