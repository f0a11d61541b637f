"""
`python -m benchmarks.pods`: how much more several pods of an Indexed Job do than one, on one machine and one server.

The slowest pod's clock counts. What is measured is the program and PostgreSQL together: the emulated API answers from
memory, without latency.
"""

from __future__ import annotations

import argparse
import os
import platform
from typing import Final

from benchmarks.bench import Stage, open_stage
from benchmarks.cases import FleetSize

FLEETS: Final = (
    FleetSize(name="1,000 × 20", clusters=1000, backups=20),
    FleetSize(name="1,000 × 336", clusters=1000, backups=336),
)


def main() -> None:
    """Measure each fleet with each number of pods, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pods", description=__doc__)
    parser.add_argument("--pods", type=int, nargs="+", default=[1, 2], help="numbers of pods (default 1 2)")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each figure (default 3)")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} before, best of", end=" ")
    print(f"{arguments.repeats}\n\n| fleet | pods | first load s | clusters/s | nothing changed s | clusters/s |")
    print("|---|---|---|---|---|---|")
    with open_stage() as stage:
        for size in FLEETS:
            stage.generate(clusters=size.clusters, backups=size.backups, concurrency=size.concurrency)
            for pods in arguments.pods:
                print(row(stage, size, pods=pods, repeats=arguments.repeats), flush=True)


def row(stage: Stage, size: FleetSize, *, pods: int, repeats: int) -> str:
    """Measure one number of pods: into an empty database, then again."""
    first, again = [], []
    for _ in range(repeats):
        stage.fresh_database()
        stage.settle()
        first.append(sweep(stage, size, pods=pods, inserted=size.clusters * size.backups))
        again.append(sweep(stage, size, pods=pods, inserted=0))
    cells = [text for wall_s in (min(first), min(again)) for text in (f"{wall_s:.2f}", f"{size.clusters / wall_s:.0f}")]
    return f"| {size.name} | {pods} | {' | '.join(cells)} |"


def sweep(stage: Stage, size: FleetSize, *, pods: int, inserted: int) -> float:
    """Let the pods sweep at once; refuse a figure whose work was not done; return the slowest one's seconds."""
    figures = stage.measure_pods(pods)
    done = sum(each["inserted"] for each in figures)
    if done != inserted or any(each["outcome"] != "complete" for each in figures):
        raise AssertionError(f"{size.name}, {pods} pods: {done} of {inserted} were stored")
    return float(max(each["wall_s"] for each in figures))


if __name__ == "__main__":
    main()
