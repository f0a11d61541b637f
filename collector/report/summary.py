"""A sweep's summary as a JSON object, a table and a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final, assert_never, get_args

from collector.logs import escape_controls
from collector.records import Counts, Outcome
from collector.report.writing import plain_table, write_instant

if TYPE_CHECKING:
    from rich.table import Table

    from collector.records import ListingResult, Summary
    from collector.sources import Discovered

_COUNTED: Final = ("inserted", "updated", "unchanged", "missing", "vanished", "returned", "quarantined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A cluster that is not complete, and why."""

    cluster_id: str
    error: str
    """The kind of error of a failed listing; else the outcome."""
    message: str
    name: str | None = None


def failures(summary: Summary) -> Sequence[Failure]:
    """Collect the clusters of which no complete listing from this sweep or a newer one is stored."""
    return [_failure(result) for result in summary.results if not summary.is_complete(result)]


def summary_object(summary: Summary, *, requests: int, retries: int) -> dict[str, object]:
    """
    Build what `run --output json` prints: keys are stable, new ones may come.

    A dry run has no `sweep_id`, and no instants: they are the database's, which was not told. It has `dry_run` instead.
    """
    outcomes = Counter(result.outcome for result in summary.results)
    counts = _counts(summary)
    built: dict[str, object] = {
        "sweep_id": summary.sweep_id,
        "outcome": summary.outcome,
        "started_at": write_instant(summary.started_at),
        "finished_at": write_instant(summary.finished_at),
        "clusters": {outcome: outcomes[outcome] for outcome in get_args(Outcome)},
        "backups": {name: getattr(counts, name) for name in _COUNTED},
        "requests": requests,
        "retries": retries,
        "failures": [
            {"cluster_id": failure.cluster_id, "error": failure.error, "message": failure.message}
            for failure in failures(summary)
        ],
    }
    if summary.discovered:
        built["discovery"] = list(map(_discovered_object, summary.discovered))
    return built | {"dry_run": True} if summary.sweep_id is None else built


def summary_table(summary: Summary) -> Table | None:
    """Make a table of what is not complete; None where all is."""
    rows = [
        (each.source.key, "", each.error or each.outcome, escape_controls(each.message or ""))
        for each in summary.discovered
        if not each.is_complete
    ]
    rows += [
        (failure.cluster_id, failure.name or "", failure.error, escape_controls(failure.message))
        for failure in failures(summary)
    ]
    return plain_table(("cluster", "name", "error", "message"), rows) if rows else None


def summary_sentence(summary: Summary, *, requests: int, retries: int) -> str:
    """Say in one line what came of the sweep."""
    complete = sum(map(summary.is_complete, summary.results))
    counts = _counts(summary)
    changes = ", ".join(f"{number} {name}" for name in _COUNTED if (number := getattr(counts, name))) or "none"
    name = "dry run" if summary.sweep_id is None else f"sweep {summary.sweep_id}"
    verb = "would be" if summary.sweep_id is None else "are"
    return (
        f"{name} {summary.outcome}: {complete} of {len(summary.results)} clusters {verb} complete; "
        f"{_discovery_clause(summary)}backups: {changes}; {requests} requests, {retries} of them retries"
    )


def _discovery_clause(summary: Summary) -> str:
    """Say how many sources of clusters were read, where there are any."""
    if not summary.discovered:
        return ""
    complete = sum(each.is_complete for each in summary.discovered)
    return f"discovery: {complete} of {len(summary.discovered)} lists were read completely; "


def _discovered_object(discovered: Discovered) -> dict[str, object]:
    """Write one source of clusters: a folder's service, or a cloud's folders."""
    source = discovered.source
    facts = {name: getattr(discovered, name) for name in ("listed", "matched", "skipped", "gone", "error", "message")}
    where = {"folder_id": source.folder_id, "service": source.service, "cloud_id": source.cloud_id}
    return where | {"outcome": discovered.outcome} | facts


def _counts(summary: Summary) -> Counts:
    return reduce(add, (result.counts for result in summary.results), Counts())


def _failure(result: ListingResult) -> Failure:
    error = result.outcome if result.outcome != "failed" else result.error or "failed"
    return Failure(cluster_id=result.cluster.id, name=result.cluster.name, error=error, message=_advice(result))


def _advice(result: ListingResult) -> str:
    """Say what is wrong and, where we know it, what to do."""
    match result.outcome:
        case "failed":
            return result.message or "no reason is known"
        case "partial":
            return (
                f"{result.counts.quarantined} records could not be read exactly: see inventory.quarantine; "
                "nothing was marked as missing"
            )
        case "held":
            return (
                "too many backups are gone at once, so none was marked as missing; if that is right, run "
                f"`collector run --allow-mass-vanish {result.cluster.id}`"
            )
        case "superseded":
            return "a listing that began later was stored first, but it was not complete: run again"
        case "complete":
            return "complete"
        case _:
            assert_never(result.outcome)
