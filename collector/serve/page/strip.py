"""
A cluster's past as a drawing: when it had backups, when it should have had one, when nobody looked. No I/O.

The three never look alike, colours or not: a backup is an upright block, a lack of backups a line across the empty
space between two of them, and a time of which nothing is known is hatched. Below runs a second lane, drawn through
where we looked. Of a time of which nothing is known no lack is claimed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from collector.report.writing import write_age, write_instant
from collector.store.showing import INT64_MAX, Past

US_PER_S: Final = 1_000_000
US_PER_DAY: Final = 86_400 * US_PER_S
MARK: Final = 1.25
"""How wide a backup is drawn, in hours: of those that follow each other hourly the blocks touch."""
SEAM: Final = 0.12
"""Blocks that are as close as this are drawn as one."""


class Stretch(NamedTuple):
    """A part of the drawing, in hours from its left edge, and what is to be said of it."""

    x: float
    width: float
    title: str = ""
    sure: bool = True
    """Of a lack of backups: whether it is proven."""

    @property
    def end(self) -> float:
        """Its right edge."""
        return round(self.x + self.width, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The drawing. Lengths are hours."""

    width: float
    there: Sequence[Stretch]
    """Backups that are still listed."""
    gone: Sequence[Stretch]
    """Backups that have vanished since."""
    gaps: Sequence[Stretch]
    blind: Sequence[Stretch]
    unlooked: Sequence[Stretch]
    looked: Sequence[Stretch]
    days: Sequence[float]
    """Where a day begins, in UTC."""
    start_us: int
    end_us: int
    summary: str
    """What it shows, for whoever does not see it."""


class _Span(NamedTuple):
    start: int
    end: int


def draw_strip(past: Past, *, now_us: int, span: timedelta, max_age: timedelta) -> Strip:
    """
    Draw the time from `span` ago until now.

    Args:
        past: what was read for that span, and for `max_age` before it.
        now_us: the database's clock, in microseconds since 2000-01-01.
        span: how much is drawn.
        max_age: how far apart backups may be.
    """
    whole = _Span(now_us - _us(span), now_us)
    times = sorted((*past.times, *past.gone_times))
    if past.cut and times:
        whole = _Span(max(whole.start, times[0]), now_us)
    holes = [(start if start is not None else -INT64_MAX, min(end, now_us), seen) for start, end, seen in past.holes]
    unlooked = _clip((_Span(start, end) for start, end, _ in holes), whole)
    unknown = [_Span(start, min(seen, end)) for start, end, seen in holes if min(seen, end) > start]
    blind = _clip(unknown, whole)
    gaps = list(_gaps(times, unknown, whole=whole, max_age_us=_us(max_age)))
    scale = _Scale(whole)
    return Strip(
        width=scale.length(whole),
        there=scale.marks(past.times),
        gone=scale.marks(past.gone_times),
        gaps=gaps_of(gaps, scale),
        blind=[scale.stretch(each, f"Nothing is known of {_words(each)}") for each in blind],
        unlooked=[scale.stretch(each, f"Nobody looked: {_words(each)}") for each in unlooked],
        looked=[scale.stretch(each) for each in _without(whole, unlooked)],
        days=scale.days(),
        start_us=whole.start,
        end_us=whole.end,
        summary=_summary(past, whole, gaps=[gap for gap, _, sure in gaps if sure], unlooked=unlooked),
    )


def gaps_of(gaps: Iterable[tuple[_Span, Sequence[_Span], bool]], scale: _Scale) -> list[Stretch]:
    """Draw lacks of backups, each in the pieces of which something is known."""
    return [
        scale.stretch(piece, f"{'No backup' if sure else 'Perhaps no backup'}: {_words(gap)}", sure=sure)
        for gap, pieces, sure in gaps
        for piece in pieces
    ]


def _gaps(
    times: Sequence[int], blind: Sequence[_Span], *, whole: _Span, max_age_us: int
) -> Iterator[tuple[_Span, Sequence[_Span], bool]]:
    """Find the spans between backups that are too long, what is known of each, and whether that alone proves it."""
    for before, after in pairwise((whole.start - max_age_us, *times, whole.end)):
        gap = _Span(max(before, whole.start), min(after, whole.end))
        if after - before <= max_age_us or gap.end <= gap.start:
            continue
        # What lies before the drawing counts too: no backup in it would have been young enough inside.
        pieces = list(_without(_Span(before, gap.end), blind))
        sure = any(piece.end - piece.start > max_age_us for piece in pieces)
        yield gap, _clip(pieces, whole), sure


class _Scale:
    """Instants as hours from the left edge."""

    def __init__(self, whole: _Span) -> None:
        self._whole = whole

    def length(self, span: _Span) -> float:
        return round((span.end - span.start) / (3600 * US_PER_S), 2)

    def stretch(self, span: _Span, title: str = "", *, sure: bool = True) -> Stretch:
        return Stretch(self.length(_Span(self._whole.start, span.start)), self.length(span), title, sure)

    def marks(self, times: Iterable[int]) -> list[Stretch]:
        """Draw a block for each, and one for those that touch."""
        blocks: list[Stretch] = []
        width = self.length(self._whole)
        for at in times:
            if not self._whole.start <= at <= self._whole.end:
                continue
            x = min(self.length(_Span(self._whole.start, at)), round(width - MARK, 2))
            if blocks and x <= blocks[-1].end + SEAM:
                blocks[-1] = Stretch(blocks[-1].x, round(x + MARK - blocks[-1].x, 2))
            else:
                blocks.append(Stretch(x, MARK))
        return blocks

    def days(self) -> list[float]:
        first = -(-self._whole.start // US_PER_DAY) * US_PER_DAY
        return [self.length(_Span(self._whole.start, at)) for at in range(first, self._whole.end, US_PER_DAY)]


def _clip(spans: Iterable[_Span], whole: _Span) -> list[_Span]:
    clipped = (_Span(max(span.start, whole.start), min(span.end, whole.end)) for span in spans)
    return [span for span in clipped if span.end > span.start]


def _without(span: _Span, others: Iterable[_Span]) -> Iterator[_Span]:
    """Cut other spans out of one."""
    at = span.start
    for other in sorted(others):
        if other.start > at:
            yield _Span(at, min(other.start, span.end))
        at = max(at, other.end)
        if at >= span.end:
            return
    yield _Span(at, span.end)


def _us(span: timedelta) -> int:
    return span // timedelta(microseconds=1)


def _words(span: _Span) -> str:
    start, end = ((write_instant(at) or "")[:16].replace("T", " ") for at in span)
    return f"{start} to {end} UTC, {write_age((span.end - span.start) / US_PER_S)}"


def _summary(past: Past, whole: _Span, *, gaps: Sequence[_Span], unlooked: Sequence[_Span]) -> str:
    count = sum(whole.start <= at <= whole.end for at in (*past.times, *past.gone_times))
    days = round((whole.end - whole.start) / US_PER_DAY)
    parts = [f"{days} days until now: {count} {'backup' if count == 1 else 'backups'}"]
    for spans, words in ((gaps, "without a backup that is young enough"), (unlooked, "in which nobody looked")):
        if spans:
            longest = max(span.end - span.start for span in spans) / US_PER_S
            times = "a time" if len(spans) == 1 else f"{len(spans)} times"
            parts.append(f"{times} {words}, {'of' if len(spans) == 1 else 'the longest of'} {write_age(longest)}")
    return "; ".join(parts)
