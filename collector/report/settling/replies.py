"""A recorded answer as the questions see it: its JSON without a judgement, for oddities are what is looked for."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collector.api import Exchange

NOT_SEEN: Final = "not seen"

EXAMPLES_MAX: Final = 3
TEXT_CHARS_MAX: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One question about the API, and what the answers say to it."""

    key: str
    question: str
    seen: bool
    """False: these answers do not settle it."""
    answer: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    place: str
    """Where it lies in the recording: `c9q…/0001`."""
    cluster_id: str
    """Whom it is about; a place such as `folder.b1g…` where it lists clusters or folders."""
    exchange: Exchange
    value: object
    """Its body, decoded; None where it is not JSON."""

    @classmethod
    def read(cls, place: str, cluster_id: str, exchange: Exchange) -> Self:
        """Decode the body, if it can be."""
        try:
            value: object = json.loads(exchange.body)
        except (ValueError, RecursionError):
            value = None
        return cls(place, cluster_id, exchange, value)

    @property
    def members(self) -> Mapping[str, object]:
        """The members of the body; none where it is no JSON object."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def is_page(self) -> bool:
        """Whether it is a page: 200, and a JSON object that is no google.rpc.Status."""
        return self.exchange.status == 200 and isinstance(self.value, dict) and "code" not in self.value

    @property
    def key(self) -> str:
        """What its list is called: `backups`, `clusters` or `folders`."""
        last = self.exchange.target.partition("?")[0].rpartition("/")[2]
        return last if last in {"clusters", "folders"} else "backups"

    @property
    def listed(self) -> Sequence[Mapping[str, object]]:
        """What a page lists, as far as it is JSON objects."""
        listed = self.members.get(self.key)
        if not self.is_page or not isinstance(listed, list):
            return []
        return [record for record in listed if isinstance(record, dict)]

    @property
    def records(self) -> Sequence[Mapping[str, object]]:
        """The backups of a page."""
        return self.listed if self.key == "backups" else []

    @property
    def is_last(self) -> bool:
        """Whether it is the last page of its listing."""
        return self.is_page and not self.members.get("nextPageToken")


def records_of(replies: Iterable[Reply]) -> list[tuple[Reply, Mapping[str, object]]]:
    """List all backups, each beside the page that holds it."""
    return [(reply, record) for reply in replies for record in reply.records]


def listings_of(replies: Iterable[Reply]) -> dict[str, list[Mapping[str, object]]]:
    """Put the backups of each cluster together, in the order of its pages."""
    listings: dict[str, list[Mapping[str, object]]] = {}
    for reply, record in records_of(replies):
        listings.setdefault(reply.cluster_id, []).append(record)
    return listings


def counted(found: Iterable[tuple[str, str]]) -> str | None:
    """
    Say how often each form was found, the commonest first, and where; None where there was none.

    Args:
        found: a form, and the place where it was.
    """
    places: dict[str, list[str]] = {}
    counts: Counter[str] = Counter()
    for form, place in found:
        counts[form] += 1
        known = places.setdefault(form, [])
        if place not in known and len(known) < EXAMPLES_MAX:
            known.append(place)
    told = [f"{form}: {number} ({', '.join(places[form])})" for form, number in counts.most_common()]
    return "; ".join(told) or None


def short(text: str) -> str:
    """Quote foreign text in one line that says no more than it must."""
    line = text if text.isprintable() else text.encode("unicode_escape").decode()
    return line if len(line) <= TEXT_CHARS_MAX else f"{line[: TEXT_CHARS_MAX - 1]}…"
