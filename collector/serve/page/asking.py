"""
What a reader asked for: the query of an address goes in, a question with bounds comes out. No I/O.

Refused with a UsageError: what is too long, what no database could hold, and what is not of the form that our own
links have.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Protocol
from urllib.parse import urlencode

from collector.errors import UsageError
from collector.store.showing import INT64_MAX, NEWEST, START, Moment, Place, Wanted

TEXT_CHARS_MAX: Final = 200
LABELS_MAX: Final = 10
ID_CHARS_MAX: Final = 1024
VERDICTS: Final = ("fresh", "stale", "unknown")

_CLUSTER_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", re.ASCII)
_PLACE: Final = re.compile(r"([1-3])\.(-?[0-9]{1,19})\.([A-Za-z0-9][A-Za-z0-9_-]{0,49})", re.ASCII)
_MOMENT: Final = re.compile(r"(-?[0-9]{1,19})\.([0-9]{1,3})\.(.+)", re.ASCII | re.DOTALL)
_SWEEP: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Query(Protocol):
    """The parameters of an address: some may stand there several times."""

    def get(self, key: str, default: str, /) -> str:
        """Give the first value of a parameter."""
        ...

    def getall(self, key: str, default: Sequence[str], /) -> Sequence[str]:
        """Give all values of a parameter."""
        ...


def read_wanted(query: Query) -> Wanted:
    """Read which clusters are asked for. Raises UsageError."""
    labels = query.getall("label", ())
    if len(labels) > LABELS_MAX:
        raise UsageError(f"label: at most {LABELS_MAX} at once")
    verdict = query.get("verdict", "")
    if verdict and verdict not in VERDICTS:
        raise UsageError(f"verdict: one of {', '.join(VERDICTS)}")
    return Wanted(
        text=_text("q", query.get("q", "").strip()),
        labels=dict(_label(each) for each in labels if each.strip()),
        verdict=verdict,
        after=_place(query.get("after", "")),
    )


def read_moment(query: Query) -> Moment:
    """Read where in a cluster's backups a page begins. Raises UsageError."""
    text = query.get("before", "")
    if not text:
        return NEWEST
    found = _MOMENT.fullmatch(text)
    if found is None or not is_id(found[3]) or abs(int(found[1])) > INT64_MAX:
        raise UsageError("before: not a place in a list of backups")
    return Moment(int(found[1]), int(found[2]), found[3])


def read_before(query: Query) -> int:
    """Read below which sweep a page begins. Raises UsageError."""
    text = query.get("before", "")
    if not text:
        return INT64_MAX
    if (number := read_sweep_id(text)) is None:
        raise UsageError("before: not the number of a sweep")
    return number


def read_sweep_id(text: str) -> int | None:
    """Read the number of a sweep; None: it is none."""
    return int(text) if _SWEEP.fullmatch(text) else None


def is_cluster_id(text: str) -> bool:
    """Tell whether a cluster may have this id."""
    return _CLUSTER_ID.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Tell whether a backup may have this id."""
    return 0 < len(text) <= ID_CHARS_MAX and _is_storable(text)


def link(wanted: Wanted, *, after: Place | None = None, **changes: object) -> str:
    """
    Write the address of the fleet's page for a question.

    Args:
        wanted: the question so far; where its page began is dropped.
        after: where the page is to begin.
        changes: fields of the question to be replaced.
    """
    text, verdict = changes.get("text", wanted.text), changes.get("verdict", wanted.verdict)
    labels = changes.get("labels", wanted.labels)
    assert isinstance(labels, Mapping)  # noqa: S101 - ours
    pairs = [("q", text), *(("label", f"{key}={value}") for key, value in labels.items()), ("verdict", verdict)]
    pairs.append(("after", ".".join(map(str, after)) if after else ""))
    query = urlencode([(key, str(value)) for key, value in pairs if value])
    return f"/?{query}" if query else "/"


def _text(name: str, text: str) -> str:
    if len(text) > TEXT_CHARS_MAX:
        raise UsageError(f"{name}: at most {TEXT_CHARS_MAX} characters")
    if not _is_storable(text):
        raise UsageError(f"{name}: a character that no text may hold")
    return text


def _label(text: str) -> tuple[str, str]:
    key, found, value = _text("label", text).partition("=")
    if not found or not key.strip():
        raise UsageError("label: write it as name=value")
    return key.strip(), value.strip()


def _place(text: str) -> Place:
    if not text:
        return START
    found = _PLACE.fullmatch(text)
    if found is None or abs(int(found[2])) > INT64_MAX:
        raise UsageError("after: not a place in the list of clusters")
    return Place(int(found[1]), int(found[2]), found[3])


def _is_storable(text: str) -> bool:
    """PostgreSQL's text holds neither NUL nor what is not Unicode."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)
