"""The cases: which fleet, what has happened to it, and what each measurement is divided by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from benchmarks.bench import Stage

Figures: TypeAlias = dict[str, Any]
Note: TypeAlias = Callable[[str, Figures], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSize:
    """How large a fleet is, and how it is fetched."""

    name: str
    clusters: int
    backups: int
    concurrency: int = 16
    latency_s: float = 0.0
    edits: bool = False
    """Also measure 0.1 % changed and the window slid by one."""
    peers: bool = False
    """The obvious script is run beside it on request."""


FLEETS = (
    FleetSize(name="1,000 × 336, 0 ms", clusters=1000, backups=336, edits=True, peers=True),
    FleetSize(name="1,000 × 336, 50 ms", clusters=1000, backups=336, concurrency=64, latency_s=0.05),
    FleetSize(name="10,000 × 20, 0 ms", clusters=10_000, backups=20),
    FleetSize(name="1 × 200,000, 0 ms", clusters=1, backups=200_000),
)

GROWTH = (
    FleetSize(name="100 × 20", clusters=100, backups=20),
    FleetSize(name="1,000 × 20", clusters=1000, backups=20),
    FleetSize(name="10,000 × 20, 0 ms", clusters=10_000, backups=20),
)
"""The last is one of the fleets above, and not measured again where it was."""


def run_fleet(stage: Stage, size: FleetSize, note: Note, *, peers: frozenset[str]) -> None:
    """Measure one fleet once: floors, then every case in its order, each in a process of its own."""
    stage.generate(clusters=size.clusters, backups=size.backups, concurrency=size.concurrency, latency_s=size.latency_s)
    note("fetch floor", stage.measure("fetch"))
    stage.fresh_database()
    stage.settle()
    note("first load", _checked(stage.measure("sweep"), inserted=size.clusters * size.backups))
    note("nothing changed", _checked(stage.measure("sweep"), inserted=0, missing=0, updated=0))
    if size.edits:
        changed = stage.tell("change", share=0.001)["changed"]
        note("0.1 % changed", _checked(stage.measure("sweep"), updated=changed, inserted=0))
        stage.tell("slide")
        note("window slid by one", _checked(stage.measure("sweep"), inserted=size.clusters, missing=size.clusters))
    stage.keep_rows()
    note("COPY floor", stage.measure("copy"))
    if "obvious" in peers and size.peers:
        note("obvious script: first load", stage.measure("obvious"))
        note("obvious script: nothing changed", stage.measure("obvious"))
    if "dlt" in peers and size.peers:
        note("dlt: first load", stage.measure_dlt())
        note("dlt: nothing changed", stage.measure_dlt())


def run_growth(stage: Stage, size: FleetSize, note: Note) -> None:
    """Measure one step of the growth: first load and nothing changed."""
    stage.generate(clusters=size.clusters, backups=size.backups, concurrency=size.concurrency)
    stage.fresh_database()
    note("first load", stage.measure("sweep"))
    note("nothing changed", stage.measure("sweep"))


def _checked(figures: Figures, **expected: int) -> Figures:
    """Refuse a figure whose work was not done."""
    wrong = {name: figures[name] for name, value in expected.items() if figures[name] != value}
    if wrong or figures["outcome"] != "complete":
        raise AssertionError(f"expected {expected}, got {wrong} with outcome {figures['outcome']}")
    return figures
