"""
Faults by repeatable chance, for long runs.

What happens to a cluster's n-th request depends on the seed, the cluster and n alone, so neither the
order in which clusters are read nor the clock changes what goes wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from collector.emulator.actions import Action, Cut, Delay, Drop, Fail
from collector.emulator.answers import MESSAGES, Code
from collector.emulator.chance import draw
from collector.emulator.faults import Faults

Mishap = Literal["unavailable", "internal", "throttled", "expired", "cut", "drop", "slow"]

MISHAPS: Final[Mapping[Mishap, Action]] = MappingProxyType(
    {
        "unavailable": Fail(503, Code.UNAVAILABLE, MESSAGES[Code.UNAVAILABLE]),
        "internal": Fail(500, Code.INTERNAL, MESSAGES[Code.INTERNAL]),
        "throttled": Fail(429, Code.RESOURCE_EXHAUSTED, MESSAGES[Code.RESOURCE_EXHAUSTED], (("Retry-After", "0"),)),
        "expired": Fail(400, Code.INVALID_ARGUMENT, "page_token has expired"),
        "cut": Cut(after=40),
        "drop": Drop(),
        "slow": Delay(0.01),
    }
)
"""What may happen. `expired` also meets first pages, as a refusal that no retry mends."""

_SCALE: Final = 1 << 64


def random_faults(
    seed: int, rate: float, *, mishaps: tuple[Mishap, ...] = ("unavailable", "internal", "throttled", "cut", "drop")
) -> Faults:
    """Let this share of all requests (0 to 1) go wrong, each kind of mishap as often as the others."""

    def choose(scope: str, number: int) -> Action | None:
        bits = draw(f"mishap/{seed}/{scope}/{number}").bits
        if (bits % _SCALE) / _SCALE >= rate:
            return None
        return MISHAPS[mishaps[(bits >> 64) % len(mishaps)]]

    return Faults(choose)
