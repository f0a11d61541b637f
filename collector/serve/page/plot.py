"""
How a cluster's backups grow, as one line. No I/O.

It is drawn in a plane of fixed size that a stylesheet may stretch; what it says in words stands beside it, not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from collector.report.writing import write_instant

WIDTH: Final = 720
HEIGHT: Final = 120
POINTS_MAX: Final = 360
GAP_SHARE: Final = 0.05
"""Where neighbours are further apart than this share of the whole time, the line is broken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The line, and what is written around it."""

    line: str
    area: str
    start_us: int
    end_us: int
    least: int
    most: int
    newest: int
    top: int
    """What the upper edge stands for; the lower edge is 0."""
    summary_day: str


def draw_plot(points: Sequence[tuple[int, int]]) -> Plot | None:
    """
    Draw sizes over time.

    Args:
        points: instants in microseconds and sizes, in any order.

    Returns:
        None: fewer than two instants, of which no line can be drawn.
    """
    ordered = _thin(sorted(points))
    if len(ordered) < 2 or ordered[0][0] == ordered[-1][0]:
        return None
    start, end = ordered[0][0], ordered[-1][0]
    sizes = [size for _, size in ordered]
    top = max(1, *sizes) * 1.08
    runs = _runs([(at, x, y) for (at, _), (x, y) in zip(ordered, _scaled(ordered, top), strict=True)], end - start)
    return Plot(
        line="".join(map(_line, runs)),
        area="".join(map(_area, runs)),
        start_us=start,
        end_us=end,
        least=min(sizes),
        most=max(sizes),
        newest=sizes[-1],
        top=round(top),
        summary_day=(write_instant(end) or "")[:10],
    )


def _thin(points: Sequence[tuple[int, int]]) -> Sequence[tuple[int, int]]:
    """Of each group of neighbours keep the largest: what is thinned out must not hide a peak."""
    each = -(-len(points) // POINTS_MAX)
    if each <= 1:
        return points
    groups = (points[at : at + each] for at in range(0, len(points) - 1, each))
    return [*(max(group, key=lambda point: point[1]) for group in groups), points[-1]]


def _scaled(points: Sequence[tuple[int, int]], top: float) -> list[tuple[float, float]]:
    start, end = points[0][0], points[-1][0]
    return [
        (round((at - start) / (end - start) * WIDTH, 1), round(HEIGHT - size / top * HEIGHT, 1)) for at, size in points
    ]


def _runs(points: Sequence[tuple[int, float, float]], whole: int) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = []
    previous: int | None = None
    for at, x, y in points:
        if previous is None or at - previous > max(whole * GAP_SHARE, 3 * whole / len(points)):
            runs.append([])
        runs[-1].append((x, y))
        previous = at
    return runs


def _line(run: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = run
    return f"M{x:g} {y:g}" + ("".join(f"L{right:g} {down:g}" for right, down in rest) or "h.1")


def _area(run: Sequence[tuple[float, float]]) -> str:
    return f"{_line(run)}L{run[-1][0]:g} {HEIGHT}L{run[0][0]:g} {HEIGHT}Z"
