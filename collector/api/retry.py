"""
Whether a failed request is tried again, and when. No I/O, no clock, no dice of its own.

Four bounds hold at once: tries of a page, the listing's deadline, the longest
back-off, and a budget that all listings of a sweep share, so that a sick server
is not beaten by the whole fleet at once.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from collector.api.dates import parse_http_date
from collector.errors import ListingError, Throttled, TransientError

if TYPE_CHECKING:
    from collector.config.api import ApiSettings

RETRIES_FLOOR: Final = 10
"""Retries a sweep may always make, however few requests it has."""

DELAY_SECONDS_PATTERN: Final = re.compile(r"[0-9]+")


class RetryBudget:
    """The retries of one sweep: a share of its requests, and never fewer than `RETRIES_FLOOR`."""

    def __init__(self, share: float) -> None:
        """Start with nothing spent. `share` is of requests, 0.1: one retry to ten."""
        self._share = share
        self.requests = 0
        self.retries = 0

    def count_request(self) -> None:
        """Note one request, first or repeated."""
        self.requests += 1

    def spend(self) -> bool:
        """Take one retry out of the budget; False, and nothing taken, when it is spent."""
        if self.retries + 1 > max(RETRIES_FLOOR, self._share * self.requests):
            return False
        self.retries += 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrySchedule:
    """How often, and with which pauses, one page is asked for."""

    attempts: int
    """All tries of a page, the first included."""
    backoff_initial_s: float
    backoff_max_s: float

    @classmethod
    def of(cls, settings: ApiSettings) -> Self:
        """Take it as it is configured."""
        return cls(
            attempts=settings.attempts,
            backoff_initial_s=settings.backoff_initial_s,
            backoff_max_s=settings.backoff_max_s,
        )

    def wait_s(self, error: Exception, *, attempt: int, remaining_s: float, rng: random.Random) -> float | None:
        """
        Say how long to wait before the next try, or None: give up.

        The pause is a "full jitter": anything from 0 to a limit that doubles. What the server
        asks for is never cut short, and spread by a little so that listings do not come back in step.

        Args:
            error: what the try ended with.
            attempt: which try that was; the first is 1.
            remaining_s: until the listing's deadline. A pause that would pass it is not begun.
            rng: the chance.
        """
        if not isinstance(error, TransientError) or attempt >= self.attempts:
            return None
        asked_s = retry_after_of(error)
        if asked_s is None:
            wait_s = rng.uniform(0.0, self._limit_s(attempt))
        else:
            wait_s = asked_s + rng.uniform(0.0, self.backoff_initial_s)
        return wait_s if wait_s < remaining_s else None

    def _limit_s(self, attempt: int) -> float:
        # 2 ** 32 half seconds are past every limit; a float overflows where an int would not.
        return min(self.backoff_max_s, self.backoff_initial_s * 2.0 ** min(attempt - 1, 32))


def retry_after_of(error: ListingError) -> float | None:
    """Read the server's wish off an error, where it had one."""
    return error.retry_after_s if isinstance(error, Throttled) else None


def parse_retry_after(value: str | None, *, date: str | None) -> float | None:
    """
    Read a `Retry-After` header (RFC 9110, section 10.2.3).

    Args:
        value: a count of seconds or an HTTP date.
        date: the answer's `Date`. A date is measured against it, never against our clock, which may be wrong.

    Returns:
        Seconds, more than 0; None where the header asks for nothing: absent, past, zero, unreadable.
    """
    if value is None:
        return None
    text = value.strip()
    if DELAY_SECONDS_PATTERN.fullmatch(text):
        # As a float: the longest count is infinity, never an error.
        return float(text) or None
    until, now = parse_http_date(text), parse_http_date(date or "")
    if until is None or now is None:
        return None
    seconds = (until - now).total_seconds()
    return seconds if seconds > 0 else None
