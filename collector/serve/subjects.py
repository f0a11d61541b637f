"""
What has series of its own, a cluster or a place where clusters are looked for: its numbers, and how many have them.

What is beyond the limit is added up as `other`, so that the worst of it still shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, NamedTuple, Protocol, TypeVar, get_args

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from collector.serve.tally import PREFIX
from collector.sources import SettledOutcome
from collector.store.reading import Verdict

if TYPE_CHECKING:
    from collector.store.vitals import ClusterVitals, SourceVitals

T = TypeVar("T")

OTHER: Final = "other"


class Together(Protocol):
    """How the values of several make one."""

    def __call__(self, values: Iterable[float], /) -> float:
        """Make one of at least one."""
        ...


class Number(NamedTuple, Generic[T]):
    """A number: how it is called and read, and how those of many make one."""

    name: str
    text: str
    read: Callable[[T], float | None]
    together: Together


class Choice(NamedTuple, Generic[T]):
    """A word out of few, as a series for each of them."""

    name: str
    text: str
    label: str
    words: tuple[str, ...]
    read: Callable[[T], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Generic[T]):
    """A kind of thing that has series of its own."""

    labels: tuple[str, ...]
    most: int
    """How many of them have series of their own."""
    numbers: Sequence[Number[T]]
    choice: Choice[T]

    def families(self, things: Sequence[T]) -> Iterator[Metric]:
        """Make the families, all of them each time: one without series still has its HELP and TYPE."""
        yield from (self._number(number, things) for number in self.numbers)
        yield self._choice(self.choice, things)

    def _number(self, number: Number[T], things: Sequence[T]) -> Metric:
        family = GaugeMetricFamily(f"{PREFIX}_{number.name}", number.text, labels=self.labels)
        for thing in things[: self.most]:
            if (value := number.read(thing)) is not None:
                family.add_metric(self._values(thing), value)
        rest = [value for thing in things[self.most :] if (value := number.read(thing)) is not None]
        if rest:
            family.add_metric(self._others(), number.together(rest))
        return family

    def _choice(self, choice: Choice[T], things: Sequence[T]) -> Metric:
        family = GaugeMetricFamily(f"{PREFIX}_{choice.name}", choice.text, labels=(*self.labels, choice.label))
        for thing in things[: self.most]:
            read = choice.read(thing)
            for word in choice.words:
                family.add_metric((*self._values(thing), word), int(read == word))
        if rest := [choice.read(thing) for thing in things[self.most :]]:
            for word in choice.words:
                family.add_metric((*self._others(), word), rest.count(word))
        return family

    def _values(self, thing: T) -> tuple[str, ...]:
        return tuple(getattr(thing, label) for label in self.labels)

    def _others(self) -> tuple[str, ...]:
        return (OTHER,) * len(self.labels)


CLUSTERS: Final[Subject[ClusterVitals]] = Subject(
    labels=("service", "cluster_id", "name"),
    most=1000,
    numbers=(
        Number(
            "cluster_newest_backup_timestamp_seconds",
            "When the newest live backup was completed; of `other` the oldest of these. Absent: there is none.",
            lambda cluster: cluster.newest_backup_at,
            min,
        ),
        Number(
            "cluster_backup_age_seconds",
            "The age of the newest live backup; of `other` the greatest. Absent: there is none.",
            lambda cluster: cluster.backup_age_s,
            max,
        ),
        Number(
            "cluster_backup_age_limit_seconds",
            "How old the newest backup may be; of `other` the least.",
            lambda cluster: cluster.max_age_s,
            min,
        ),
        Number(
            "cluster_observation_age_seconds",
            "How long ago the newest complete listing began; of `other` the longest. Absent: there is none.",
            lambda cluster: cluster.observation_age_s,
            max,
        ),
        Number(
            "cluster_observation_age_limit_seconds",
            "How old the newest complete listing may be; of `other` the least.",
            lambda cluster: cluster.observation_max_age_s,
            min,
        ),
        Number(
            "cluster_live_backups", "Live backups; of `other` their sum.", lambda cluster: cluster.live_backups, sum
        ),
        Number(
            "cluster_storage_bytes",
            "What live backups take up, increments where the API tells them; of `other` their sum.",
            lambda cluster: cluster.live_bytes,
            sum,
        ),
        Number(
            "cluster_listing_held",
            "1 if the newest listing that ended was held, since too much was gone at once; of `other` how many were.",
            lambda cluster: cluster.held,
            sum,
        ),
        Number(
            "cluster_quarantined_records",
            "Records of the newest listing that ended that could not be read exactly; of `other` their sum.",
            lambda cluster: cluster.quarantined,
            sum,
        ),
        Number(
            "cluster_schedule_weakened_timestamp_seconds",
            "When its schedule was found to promise less; of `other` the newest. Absent: never, or changed since.",
            lambda cluster: cluster.schedule_weakened_at,
            max,
        ),
    ),
    choice=Choice(
        "cluster_verdict",
        "1 for the verdict that holds, 0 for the others; of `other` how many clusters have it.",
        "verdict",
        get_args(Verdict),
        lambda cluster: cluster.verdict,
    ),
)

SOURCES: Final[Subject[SourceVitals]] = Subject(
    labels=("kind", "source_id", "service"),
    most=200,
    numbers=(
        Number(
            "discovery_observation_age_seconds",
            "How long ago the newest complete reading of this folder or cloud began; of `other` the longest. "
            "Absent: there is none.",
            lambda source: source.observation_age_s,
            max,
        ),
        Number(
            "discovery_clusters",
            "Clusters that the folder is known to hold, wanted or not; of `other` their sum. Absent: not known.",
            lambda source: source.clusters,
            sum,
        ),
        Number(
            "discovery_throttles",
            "Answers of the newest reading that asked us to slow down; of `other` their sum.",
            lambda source: source.last_throttles,
            sum,
        ),
    ),
    choice=Choice(
        "discovery_outcome",
        "1 for the outcome of the newest reading, 0 for the others; of `other` how many readings had it.",
        "outcome",
        get_args(SettledOutcome),
        lambda source: source.last_outcome,
    ),
)
