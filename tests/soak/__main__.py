"""`./dev soak [MINUTES]`: let the service sweep every second for minutes (10), and tell whether it stays as it was."""

from __future__ import annotations

import asyncio
import os
import platform
import sys
from collections.abc import Sequence

from tests.soak.soaking import BACKUPS, CLUSTERS, Soaked, soak
from tests.soak.verdict import Drift, judge

WARM_UP_SHARE = 0.2
FAULT_KINDS = 4
"""Refusals, late answers, broken connections, cut bodies."""
SEED = int(os.environ.get("COLLECTOR_SOAK_SEED", "20261124"))


def main(arguments: Sequence[str]) -> int:
    """Soak, print the figures and the verdict; 1 if something grows, or is not as it should be."""
    minutes = float(arguments[0]) if arguments else 10.0
    print(f"soak: {minutes:g} min, {CLUSTERS} clusters × {BACKUPS} backups, Python {platform.python_version()}")
    print(f"soak: seed {SEED}; COLLECTOR_SOAK_SEED={SEED} ./dev soak {minutes:g} repeats it", flush=True)
    soaked = asyncio.run(soak(duration_s=60 * minutes, seed=SEED))
    drifts = judge(soaked.samples, warm_up_s=60 * minutes * WARM_UP_SHARE)
    print("\n".join(figures(soaked, drifts)))
    complaints = complain(soaked, drifts)
    print(f"soak: {'; '.join(complaints) or 'flat'}")
    return 1 if complaints else 0


def figures(soaked: Soaked, drifts: Sequence[Drift]) -> list[str]:
    """Write the figures as the table that stands in docs/reference/performance.md."""
    lags = [sample.values["lag_s"] for sample in soaked.samples]
    return [
        f"{sum(soaked.sweeps.values())} sweeps {dict(soaked.sweeps)}, {soaked.requests} requests",
        f"faults {dict(soaked.faults)}, the event loop {max(lags) * 1000:.0f} ms late at most",
        "",
        "| | first quarter | last quarter | least | most | trend | bound |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {d.name} | {d.first:.4g} | {d.last:.4g} | {d.least:.4g} | {d.most:.4g} | {d.drift:+.2f} | {d.bound:g} |"
            for d in drifts
        ),
        "",
    ]


def complain(soaked: Soaked, drifts: Sequence[Drift]) -> list[str]:
    """Say all that is not as it should be."""
    complaints = [
        f"{each.name} grew by {each.drift:.2f}, more than {each.bound:g}" for each in drifts if not each.is_flat
    ]
    if soaked.odd_events:
        complaints.append(f"it logged {dict(soaked.odd_events)}")
    if not soaked.is_exact:
        complaints.append("the inventory is not what the API serves")
    if soaked.exit_code != 0:
        complaints.append(f"it exited with {soaked.exit_code}")
    if len(soaked.faults) < FAULT_KINDS:
        complaints.append(f"not every kind of fault came: {dict(soaked.faults)}")
    return complaints


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
