"""`./dev bench`: measure everything some times over, print medians and ratios."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from collections import defaultdict
from datetime import UTC, datetime

from benchmarks.bench import open_stage
from benchmarks.cases import FLEETS, GROWTH, Figures, FleetSize, run_fleet, run_growth
from benchmarks.report import Measured, growth_table, table

REPEATS = 5


def main() -> int:
    """Measure what the arguments choose."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="measurements of each figure (default 5)")
    parser.add_argument("--only", default="", help="run the fleets whose name contains this; 'growth' for the growth")
    parser.add_argument("--peers", action="store_true", help="run the obvious script and dlt beside it")
    arguments = parser.parse_args()
    say(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, medians of {arguments.repeats}")
    peers = frozenset({"obvious", "dlt"}) if arguments.peers else frozenset[str]()
    measured: dict[str, Measured] = {}
    for size in FLEETS:
        if arguments.only in size.name:
            measured[size.name] = measure_fleet(size, arguments.repeats, peers)
            say(table(size, measured[size.name]))
    if arguments.only in "growth":
        for size in GROWTH:
            measured[size.name] = measured.get(size.name) or measure_growth(size, arguments.repeats)
        say(growth_table([(size, measured[size.name]) for size in GROWTH]))
    return 0


def measure_fleet(size: FleetSize, repeats: int, peers: frozenset[str]) -> Measured:
    """Measure one fleet so many times over."""
    samples: dict[str, list[Figures]] = defaultdict(list)
    with open_stage() as stage:
        for number in range(repeats):
            progress(f"{size.name}: {number + 1} of {repeats}")
            run_fleet(stage, size, lambda name, figures: samples[name].append(figures), peers=peers)
    return medians(samples)


def measure_growth(size: FleetSize, repeats: int) -> Measured:
    """Measure one step of the growth so many times over."""
    samples: dict[str, list[Figures]] = defaultdict(list)
    with open_stage() as stage:
        for number in range(repeats):
            progress(f"growth {size.name}: {number + 1} of {repeats}")
            run_growth(stage, size, lambda name, figures: samples[name].append(figures))
    return medians(samples)


def medians(samples: dict[str, list[Figures]]) -> Measured:
    """Take the median of each figure; of memory the largest."""
    return {
        name: {
            key: (max if key == "rss_mib" else statistics.median)(figures[key] for figures in several)
            for key in ("wall_s", "cpu_s", "rss_mib", "wal_mb")
        }
        for name, several in samples.items()
    }


def say(text: str) -> None:
    """Print a result."""
    print(text + "\n", flush=True)


def progress(text: str) -> None:
    """Tell a person what is going on."""
    print(f"… {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
