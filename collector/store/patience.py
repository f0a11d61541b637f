"""How long a database that is not there is waited for, and how often a transaction is tried again."""

from __future__ import annotations

from typing import Final

import stamina

from collector.errors import DatabaseUnavailable, TransactionConflict

ATTEMPTS: Final = 5


def patient(wait_s: float) -> stamina.BoundAsyncRetryingCaller:
    """Make a caller that repeats what raises DatabaseUnavailable, for so many seconds; 0: once only."""
    attempts, timeout = (None, wait_s) if wait_s > 0 else (1, None)
    caller = stamina.AsyncRetryingCaller(
        attempts=attempts, timeout=timeout, wait_initial=0.1, wait_max=2, wait_jitter=0.1
    )
    return caller.on(DatabaseUnavailable)


def again() -> stamina.BoundAsyncRetryingCaller:
    """Make a caller that tries a whole transaction again where that may help."""
    caller = stamina.AsyncRetryingCaller(
        attempts=ATTEMPTS, timeout=None, wait_initial=0.05, wait_max=2, wait_jitter=0.1
    )
    return caller.on((TransactionConflict, DatabaseUnavailable))
