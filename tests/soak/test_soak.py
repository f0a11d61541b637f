"""A short soak, and that the verdict on a long one notices what grows."""

from __future__ import annotations

import math

import pytest

from tests.soak.__main__ import SEED, complain
from tests.soak.soaking import soak
from tests.soak.verdict import BOUNDS, Sample, judge

DURATION_S = 60.0
WARM_UP_S = 20.0


def sampled(name: str, *, each_s: float) -> list[Sample]:
    """Sample ten minutes in which one value grows, and all of them tremble."""
    return [
        Sample(
            at_s=float(second),
            values={other: 50 + 2 * math.sin(second) + (each_s * second if other == name else 0) for other in BOUNDS},
        )
        for second in range(600)
    ]


async def test_a_service_that_sweeps_every_second_stays_as_it_was() -> None:
    """
    A minute of it, in which a trend is less sure than in the ten of `./dev soak`.

    Memory has hardly settled by then, nor has the pool of threads, which fills up to six as it is used; and a busy
    machine has now more, now fewer requests under way. What each sweep or scrape leaves behind would add up to a score.
    """
    soaked = await soak(duration_s=DURATION_S, seed=SEED)

    drifts = judge(soaked.samples, warm_up_s=WARM_UP_S, bounds={**BOUNDS, "rss_mib": 8.0, "tasks": 8.0, "threads": 4.0})

    assert complain(soaked, drifts) == []


@pytest.mark.parametrize("name", BOUNDS)
def test_what_grows_slowly_is_noticed(name: str) -> None:
    """Half a unit in a minute, under a tremble of four."""
    drifts = judge(sampled(name, each_s=0.5 / 60), warm_up_s=120.0)

    assert [each.name for each in drifts if not each.is_flat] == [name]


def test_what_trembles_is_flat() -> None:
    """A trend is not made of single peaks."""
    assert all(each.is_flat for each in judge(sampled("none", each_s=0), warm_up_s=120.0))
