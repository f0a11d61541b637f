"""The two pages that are drawn as well as written: the fleet, and one cluster. Rows go in, a page comes out. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from collector.serve.page.asking import VERDICTS, link
from collector.serve.page.plot import draw_plot
from collector.serve.page.sentence import judge
from collector.serve.page.strip import Strip, draw_strip
from collector.serve.page.writing import write_page
from collector.store.showing import START, STRIP, TIMELINE, Dossier, Overview, Past, Row, Wanted

METER: Final = 96.0
LIMIT_AT: Final = 64.0
"""Where on a meter of that length the limit is marked."""
LABELS_OFFERED: Final = 100

_NO_PAST: Final = Past(times=(), gone_times=(), holes=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label, and the address that asks for clusters with it, or, of one that is asked for, for all others too."""

    key: str
    value: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cluster in the table of the fleet."""

    row: Row
    strip: Strip
    labels: Sequence[Label]
    meter: float | None
    """How far the age of the newest backup reaches; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A number that is read from across the room."""

    verdict: str
    count: int
    href: str
    chosen: bool


def write_overview(overview: Overview, wanted: Wanted) -> str:
    """Write the page of the fleet."""
    totals = overview.totals
    offered = json.loads(totals["common_labels"] or "[]")
    return write_page(
        "overview.html",
        wanted=wanted,
        totals=totals,
        tiles=[_tile(verdict, totals[verdict], wanted) for verdict in VERDICTS],
        lines=[
            _line(row, overview.pasts.get(row["cluster_id"], _NO_PAST), totals["read_at"], wanted)
            for row in overview.rows
        ],
        active=_active(wanted),
        offered=[f"{key}={value}" for key, value, _ in offered[:LABELS_OFFERED]],
        next=link(wanted, after=overview.next) if overview.next else None,
        is_first=wanted.after == START,
        meter=METER,
        limit_at=LIMIT_AT,
        strip_days=STRIP.days,
    )


def write_cluster(dossier: Dossier) -> str:
    """Write the page of one cluster."""
    cluster = dossier.cluster
    strip = draw_strip(dossier.past, now_us=cluster["read_at"], span=TIMELINE, max_age=cluster["max_age"])
    return write_page(
        "cluster.html",
        cluster=cluster,
        sentence=judge(cluster),
        labels=_labels(json.loads(cluster["labels"]), Wanted()),
        strip=strip,
        strip_days=TIMELINE.days,
        plot=draw_plot([(row["created_at"], row["size_bytes"]) for row in dossier.parts["sizes"]]),
        newest=dossier.newest,
        meter=_meter(cluster["backup_age"], cluster["max_age"]),
        meter_length=METER,
        limit_at=LIMIT_AT,
        **dossier.parts,
    )


def _tile(verdict: str, count: int, wanted: Wanted) -> Tile:
    chosen = wanted.verdict == verdict
    return Tile(verdict=verdict, count=count, href=link(wanted, verdict="" if chosen else verdict), chosen=chosen)


def _line(row: Row, past: Past, now_us: int, wanted: Wanted) -> Line:  # noqa: PLR0917
    return Line(
        row=row,
        strip=draw_strip(past, now_us=now_us, span=STRIP, max_age=row["max_age"]),
        labels=_labels(json.loads(row["labels"]), wanted),
        meter=_meter(row["backup_age"], row["max_age"]),
    )


def _labels(labels: Mapping[str, str], wanted: Wanted) -> list[Label]:
    return [
        Label(key=key, value=value, href=link(wanted, labels={**wanted.labels, key: value}))
        for key, value in sorted(labels.items())
    ]


def _active(wanted: Wanted) -> list[Label]:
    """List the labels that are asked for, each with the address that no longer does."""
    return [
        Label(
            key=key,
            value=value,
            href=link(wanted, labels={other: wanted.labels[other] for other in wanted.labels if other != key}),
        )
        for key, value in wanted.labels.items()
    ]


def _meter(age: timedelta | None, max_age: timedelta) -> float | None:
    if age is None:
        return None
    if max_age <= timedelta(0):
        return METER
    return round(min(max(age / max_age * LIMIT_AT, 1.0), METER), 1)
