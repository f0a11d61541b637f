"""
One small call beside the listings, to a token service or a list of endpoints: an answer of status 200, or an error.

It is tried again by the same schedule as a page, within a deadline of its own, so that nobody who waits for it hangs.
"""

from __future__ import annotations

import asyncio
import copy
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Self, TypeVar

import stamina

from collector.api.answer import Answer
from collector.api.retry import RetrySchedule
from collector.api.secret_body import SecretBody
from collector.api.status import error_from
from collector.api.transport import Transport
from collector.errors import CollectorError, ListingError, TimedOut
from collector.records import Traffic

if TYPE_CHECKING:
    from collector.config.api import ApiSettings

DEADLINE_S: Final = 30.0
"""How long one call may take, all its tries included."""
ANSWER_TIMEOUT_S: Final = 10.0
"""How long one try may take; a shorter `page_timeout` holds too."""
ANSWER_BYTES_MAX: Final = 1 << 20

ErrorT = TypeVar("ErrorT", bound=CollectorError)

# Nothing that a person says is so long; tokens, keys and signatures are.
_LONG_WORD: Final = re.compile(rb"[A-Za-z0-9_\-.=+/%]{40,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long, and how often, a call is tried."""

    connect_timeout_s: float
    answer_timeout_s: float
    schedule: RetrySchedule
    deadline_s: float = DEADLINE_S

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """Be as patient as the configuration is with pages, within the bounds of this module."""
        return cls(
            connect_timeout_s=min(settings.connect_timeout_s, ANSWER_TIMEOUT_S),
            answer_timeout_s=min(settings.page_timeout_s, ANSWER_TIMEOUT_S),
            schedule=RetrySchedule.of(settings),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    address: str
    headers: Mapping[str, str]
    body: SecretBody | None


async def call(
    service: str,
    address: str,
    *,
    patience: Patience,
    headers: Mapping[str, str] = MappingProxyType({}),
    body: SecretBody | None = None,
) -> Answer:
    """
    GET, or POST where there is a body; without any credential.

    Args:
        service: what is called, in words, for errors.
        address: the URL.
        patience: how long to try.
        headers: of a GET, beside the fixed ones.
        body: of a POST.

    Raises:
        ListingError: no answer, or another than 200. The type says what a retry would do.
    """
    outcome = await _within(patience, _Call(address=address, headers=headers, body=body))
    if isinstance(outcome, ListingError):
        raise reworded(outcome, f"{service} ({address}): {outcome}")
    return outcome


def reworded(error: ErrorT, message: str) -> ErrorT:
    """Tell an error in other words, without its frames and what it came from."""
    twin = copy.copy(error)
    twin.args = (message,)
    return twin.with_traceback(None)


async def _within(patience: Patience, request: _Call) -> Answer | ListingError:
    try:
        async with (
            asyncio.timeout(patience.deadline_s),
            Transport(
                request.address,
                connections=1,
                connect_timeout_s=patience.connect_timeout_s,
                page_timeout_s=patience.answer_timeout_s,
                body_bytes_max=ANSWER_BYTES_MAX,
            ) as transport,
        ):
            return await _with_retries(transport, request, patience)
    except ListingError as exc:
        return exc
    except TimeoutError:
        return TimedOut(f"no answer within {patience.deadline_s:g} s, all tries included")


async def _with_retries(transport: Transport, request: _Call, patience: Patience) -> Answer:
    ends_at = asyncio.get_running_loop().time() + patience.deadline_s
    rng = random.Random()
    tries = 0

    def pause_s(exc: Exception) -> bool | float:
        remaining_s = ends_at - asyncio.get_running_loop().time()
        wait_s = patience.schedule.wait_s(exc, attempt=tries, remaining_s=remaining_s, rng=rng)
        return False if wait_s is None else wait_s

    async for attempt in stamina.retry_context(on=pause_s, attempts=patience.schedule.attempts, timeout=None):
        tries = attempt.num
        with attempt:
            return await _try(transport, request)
    raise AssertionError("a retry ends with an answer or an error")


async def _try(transport: Transport, request: _Call) -> Answer:
    if request.body is None:
        answer = await transport.get(request.address, credential=None, headers=request.headers, traffic=Traffic())
    else:
        answer = await transport.post(request.address, request.body, traffic=Traffic())
    if answer.status == 200:
        return answer
    # What is quoted from here on may hold a piece of what we sent, which the transport does not know by heart.
    readable = Answer(answer.status, answer.headers, _LONG_WORD.sub(b"[...]", answer.body))
    raise error_from(readable, page_token=None)
