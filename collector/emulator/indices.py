"""
Which indices a cluster holds at a rollover: system indices that stay, and the newest of its rolling streams. Pure.

Every tenth hour one stream rolls over, so nine backups in ten repeat the list before them.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from collector.emulator.chance import draw

HOURS_PER_ROLLOVER: Final = 10

INDICES_MAX: Final = 100
"""The API names at most so many indices of a backup; its counter counts all."""

_EPOCH_ORDINAL: Final = dt.date(1970, 1, 1).toordinal()
_CROWDED_ONE_IN: Final = 40
_SYSTEM: Final = (
    ".mdb-sli",
    ".opendistro_security",
    ".kibana_1",
    ".opendistro-job-scheduler-lock",
    ".opensearch-observability",
    ".opendistro-ism-config",
)
_STREAMS: Final = (
    "logs-app",
    "logs-nginx",
    "metrics-host",
    "traces-checkout",
    "events-orders",
    "audit",
    "products",
    "sessions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """How one cluster's indices roll over."""

    system: tuple[str, ...]
    streams: tuple[str, ...]
    rolling: int
    """How many rolled-over indices are kept."""
    phase_h: int
    """Hours by which this cluster's rollovers are shifted."""

    @property
    def total(self) -> int:
        """How many indices the cluster holds at any time."""
        return len(self.system) + self.rolling

    def rollover_at(self, hour: int) -> int:
        """Number the newest rollover at an hour since 1970."""
        return (hour + self.phase_h) // HOURS_PER_ROLLOVER

    def names_after(self, rollover: int) -> tuple[str, ...]:
        """Name the indices that exist after a rollover, at most 100 of them."""
        rolled = (self._name(number) for number in range(rollover - self.rolling + 1, rollover + 1))
        return (*self.system, *rolled)[:INDICES_MAX]

    def _name(self, rollover: int) -> str:
        generation, stream = divmod(rollover, len(self.streams))
        day = (rollover * HOURS_PER_ROLLOVER - self.phase_h) // 24
        return f"{self.streams[stream]}-{_render_day(day)}-{generation:06d}"


def draw_index_plan(seed: int, cluster_id: str) -> IndexPlan:
    """Draw a cluster's plan: 5 to 30 indices, and more than the API names in one cluster of forty."""
    bits = draw(f"indices/{seed}/{cluster_id}").bits
    crowded = bits % _CROWDED_ONE_IN == 0
    first = (bits >> 16) % len(_STREAMS)
    # The lesser of two draws: most clusters hold few indices.
    few = min((bits >> 40) % 23, (bits >> 72) % 23)
    return IndexPlan(
        system=_SYSTEM[: 3 + (bits >> 24) % 4],
        streams=(_STREAMS * 2)[first : first + 2 + (bits >> 32) % 4],
        rolling=100 + (bits >> 40) % 80 if crowded else 2 + few,
        phase_h=(bits >> 56) % HOURS_PER_ROLLOVER,
    )


@lru_cache(maxsize=4096)
def _render_day(day: int) -> str:
    return dt.date.fromordinal(_EPOCH_ORDINAL + day).strftime("%Y.%m.%d")
