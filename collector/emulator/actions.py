"""
What a scripted fault does to one request: values, the gate at which a request waits, and how they are carried out.

When it happens is the rules' business.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from collector.emulator.answers import Answer, render_status


class Gate:
    """Holds requests until a test lets them go, so that no test has to sleep."""

    def __init__(self) -> None:
        """Start closed."""
        self.arrivals = 0
        """How many requests have come to the gate."""
        self._arrived = asyncio.Event()
        self._open = asyncio.Event()

    async def reached(self, count: int = 1) -> None:
        """Wait until so many requests have come, counted from the start."""
        while self.arrivals < count:
            self._arrived.clear()
            await self._arrived.wait()

    def release(self) -> None:
        """Let go all that wait and all that come."""
        self._open.set()

    async def hold(self) -> None:
        """Come to the gate and wait. For the server."""
        self.arrivals += 1
        self._arrived.set()
        await self._open.wait()


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait before the answer."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Answer with a google.rpc.Status."""

    status: int
    code: int
    message: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Say:
    """Answer with exactly this."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Drop:
    """Close the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Close the connection within the body."""

    after: int
    """Bytes of the body that are still sent."""
    framing: Literal["length", "chunked"] = "length"


@dataclass(frozen=True, slots=True)
class EmptyPage:
    """Answer no records and a fresh token of the same place."""


@dataclass(frozen=True, slots=True)
class RepeatToken:
    """Hand out the token of a page that was read before."""

    to_page: int


@dataclass(frozen=True, slots=True)
class Endless:
    """Hand out a fresh token at the end, and start over behind it."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """Put this text into the page as a record."""

    index: int
    """The place in the whole listing, counted from 0."""
    json_text: str
    how: Literal["replace", "insert"]


Wait = Delay | Hang | Gate
Verdict = Fail | Say | Drop
"""What answers in the API's place."""
Edit = EmptyPage | RepeatToken | Endless | RawRecord
"""What changes the page that the API would have answered."""
Action = Wait | Verdict | Edit | Cut


async def wait_out(wait: Wait) -> None:
    """Hold a request for as long as it is to wait."""
    match wait:
        case Delay(seconds):
            await asyncio.sleep(seconds)
        case Hang():
            # Ends when the client goes away or the server stops: both cancel it.
            await asyncio.get_running_loop().create_future()
        case Gate():
            await wait.hold()


def answer_of(verdict: Fail | Say, request_id: str) -> Answer:
    """Write what is answered in the API's place."""
    match verdict:
        case Say(answer):
            return answer
        case Fail(status, code, message, headers):
            body = render_status(code, message, request_id=request_id)
            return Answer(status=status, body=body, headers=dict(headers))
