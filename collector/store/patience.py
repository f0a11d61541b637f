"""How long a database that is not there is waited for."""

from __future__ import annotations

import stamina

from collector.errors import DatabaseUnavailable


def patient(wait_s: float) -> stamina.BoundAsyncRetryingCaller:
    """Make a caller that repeats what raises DatabaseUnavailable, for so many seconds; 0: once only."""
    attempts, timeout = (None, wait_s) if wait_s > 0 else (1, None)
    caller = stamina.AsyncRetryingCaller(
        attempts=attempts, timeout=timeout, wait_initial=0.1, wait_max=2, wait_jitter=0.1
    )
    return caller.on(DatabaseUnavailable)
