"""The verdict on a cluster as a sentence: what it says, and why. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from collector.serve.page.words import minute, span

if TYPE_CHECKING:
    from collector.store.showing import Row

OUTCOMES: Final[Mapping[str, str]] = {
    "complete": "read to its end, every record of it",
    "partial": "read to its end, but some records could not be read exactly: nothing is concluded from what was absent",
    "held": "read to its end, but too much was gone at once to be believed",
    "failed": "not read to its end: nothing is concluded from it",
    "superseded": "overtaken by a reading that began later",
}
REASONS: Final[Mapping[str, str]] = {
    "expired": "it had reached its retention",
    "cluster_deleted": "its cluster was deleted before it had reached its retention",
    "deleted_early": "it was deleted before it had reached its retention",
    "unknown": "why cannot be inferred",
}


class Sentence(NamedTuple):
    """A verdict in a word, and why."""

    verdict: str
    word: str
    reason: str


def judge(cluster: Row) -> Sentence:
    """Say what is known of a cluster."""
    verdict = cluster["verdict"]
    if verdict is None:
        return Sentence("none", "Not watched", f"It was taken out of the configuration. {_last_seen(cluster)}")
    reasons = {"fresh": _why_fresh, "stale": _why_stale, "unknown": _why_unknown}
    return Sentence(verdict, verdict.capitalize(), reasons[verdict](cluster))


def _why_fresh(cluster: Row) -> str:
    if cluster["expected"] is False:
        return f"It is stopped, and its newest backup was young enough when it was: {_age(cluster)}."
    return (
        f"Its newest backup was completed {span(cluster['backup_age'])} ago, and may be {span(cluster['max_age'])} old."
    )


def _why_stale(cluster: Row) -> str:
    if cluster["newest_backup_id"] is None:
        return f"It has no finished backup. {_last_seen(cluster)}"
    if cluster["expected"] is False:
        return f"It is stopped, and its newest backup was too old already when it was: {_age(cluster)}."
    over = cluster["backup_age"] - cluster["max_age"]
    return f"Its newest backup is {span(over)} older than it may be: {_age(cluster)}."


def _why_unknown(cluster: Row) -> str:
    observed, limit = cluster["observation_age"], cluster["observation_max_age"]
    if observed is None:
        return "No reading of its backups has ever been complete, so nobody knows what it has."
    if observed > limit:
        return (
            f"The newest complete reading of its backups is {span(observed)} old; beyond {span(limit)} nothing is "
            f"claimed. What is shown here is what was there at {minute(cluster['observed_at'])} UTC."
        )
    return (
        "It is or was stopped, and since when is not known: whether its newest backup should be younger, nobody can "
        f"say. It is {_age(cluster)}."
    )


def _age(cluster: Row) -> str:
    return f"{span(cluster['backup_age'])} old, where {span(cluster['max_age'])} is allowed"


def _last_seen(cluster: Row) -> str:
    if cluster["observed_at"] is None:
        return "Its backups were never read completely."
    return f"Its backups were last read completely at {minute(cluster['observed_at'])} UTC."
