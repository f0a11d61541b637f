"""
Until when a process may believe that it holds the lease. No I/O, and the time is an argument.

It ends by our own clock, counted from before the question was sent: earlier than the database gives the lease away,
so that two never believe it at once, as long as their clocks run equally fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

LEASE_S: Final = 20.0
"""How long a lease lasts. After a holder is killed, another takes it after at most this and a renewal."""
RENEWAL_S: Final = 5.0
"""How long after an answer the question is put again."""


@dataclass(frozen=True, slots=True)
class Tenure:
    """What is known of the lease. `ends_at`: by our monotonic clock; None: we do not hold it."""

    ends_at: float | None = None

    def answered(self, *, asked_at: float, epoch: int | None) -> Tenure:
        """Conclude from the database's answer: an epoch, or None where another holds it."""
        return Tenure(None if epoch is None else asked_at + LEASE_S)

    def unanswered(self, now: float) -> Tenure:
        """Conclude from no answer: what was held is held until it ends."""
        return self if self.holds(now) else Tenure()

    def holds(self, now: float) -> bool:
        """Tell whether we may sweep."""
        return self.ends_at is not None and now < self.ends_at

    def patience_s(self, now: float) -> float:
        """Tell how long an answer is worth waiting for."""
        return LEASE_S if self.ends_at is None else max(0.0, self.ends_at - now)
