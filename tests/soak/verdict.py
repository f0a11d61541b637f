"""
Whether what was sampled is flat. No I/O: samples go in, figures and complaints come out.

The trend is the median of all slopes between two samples (Theil and Sen), which single peaks do not move; what is
judged is how far it leads over the time that was watched.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Final

POINTS_MAX: Final = 200
"""Slopes are taken between so many samples, evenly chosen: their number grows with the square."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen of the service between two sweeps."""

    at_s: float
    """Since the beginning."""
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What became of one value after the warm-up."""

    name: str
    first: float
    """Its median over the first quarter of the time."""
    last: float
    """Its median over the last quarter."""
    least: float
    most: float
    drift: float
    """Where its trend leads over the time that was watched."""
    bound: float

    @property
    def is_flat(self) -> bool:
        """Whether it grows by no more than it may."""
        return self.drift <= self.bound


BOUNDS: Final[Mapping[str, float]] = MappingProxyType(
    {"rss_mib": 3.0, "descriptors": 2.0, "threads": 1.0, "tasks": 2.0, "backends": 1.0}
)
"""How much each value may grow while it is watched."""


def judge(samples: Sequence[Sample], *, warm_up_s: float, bounds: Mapping[str, float] = BOUNDS) -> list[Drift]:
    """Measure the drift of each value that has a bound, after the warm-up."""
    watched = [sample for sample in samples if sample.at_s >= warm_up_s]
    assert len(watched) >= 8, f"{len(watched)} samples after the warm-up prove nothing"
    return [_drift(name, watched, bound) for name, bound in bounds.items()]


def _drift(name: str, samples: Sequence[Sample], bound: float) -> Drift:
    values = [sample.values[name] for sample in samples]
    chosen = samples[:: -(-len(samples) // POINTS_MAX)]
    slopes = [(b.values[name] - a.values[name]) / (b.at_s - a.at_s) for a, b in combinations(chosen, 2)]
    quarter = len(values) // 4
    return Drift(
        name=name,
        first=statistics.median(values[:quarter]),
        last=statistics.median(values[-quarter:]),
        least=min(values),
        most=max(values),
        drift=statistics.median(slopes) * (samples[-1].at_s - samples[0].at_s),
        bound=bound,
    )
