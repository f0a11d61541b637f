"""Medians → Markdown tables with ratios. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from benchmarks.cases import FleetSize

Measured: TypeAlias = dict[str, dict[str, float]]


def table(size: FleetSize, measured: Measured) -> str:
    """Write the table of one fleet: every figure, and its ratio to the floor it is measured by."""
    lines = [
        f"### {size.name} latency, {size.concurrency} in flight",
        "",
        "| case | wall s | ratio to floor | client CPU s | WAL MB | peak RSS MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in measured.items():
        lines.append(
            f"| {name} | {figures['wall_s']:.2f} | {ratio(name, measured)} | {figures['cpu_s']:.2f} "
            f"| {figures['wal_mb']:.1f} | {figures['rss_mib']:.0f} |"
        )
    return "\n".join(lines)


def ratio(name: str, measured: Measured) -> str:
    """Divide by the floor: fetching, and for a first load fetching and copying; a rival by us."""
    wall_s = measured[name]["wall_s"]
    fetch_s, copy_s = measured["fetch floor"]["wall_s"], measured["COPY floor"]["wall_s"]
    if name.endswith("floor"):
        return "–"
    if ": " in name:
        return f"{wall_s / measured[name.split(': ')[1]]['wall_s']:.1f} × ours"
    if name == "first load":
        return f"{wall_s / (fetch_s + copy_s):.2f} × (fetch + COPY)"
    return f"{wall_s / fetch_s:.2f} × fetch"


def growth_table(steps: Sequence[tuple[FleetSize, Measured]]) -> str:
    """Write the time for each cluster as the fleet grows."""
    lines = [
        "### Growth",
        "",
        "| fleet | first load s | ms a cluster | nothing changed s | ms a cluster | peak RSS MiB |",
        "|---|---|---|---|---|---|",
    ]
    for size, measured in steps:
        first, again = measured["first load"], measured["nothing changed"]
        lines.append(
            f"| {size.name} | {first['wall_s']:.2f} | {first['wall_s'] / size.clusters * 1000:.2f} "
            f"| {again['wall_s']:.2f} | {again['wall_s'] / size.clusters * 1000:.2f} "
            f"| {max(first['rss_mib'], again['rss_mib']):.0f} |"
        )
    return "\n".join(lines)
