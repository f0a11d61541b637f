"""What is told about a sweep."""

from __future__ import annotations

import json

import pytest
from rich.text import Text

from collector.records import Cluster, ClusterId, Counts, ListingResult, Outcome, Summary, Traffic
from collector.report import failures, summary_object, summary_sentence, summary_table
from collector.sources import Discovered, Source


def listed(cluster_id: str, outcome: Outcome, *, error: str | None = None, message: str | None = None) -> ListingResult:
    """Make the result of one listing."""
    return ListingResult(
        cluster=Cluster(id=ClusterId(cluster_id)),
        outcome=outcome,
        traffic=Traffic(),
        counts=Counts(inserted=2, quarantined=3 if outcome == "partial" else 0),
        error=error,
        message=message,
    )


def summary_of(*results: ListingResult, sweep_id: int | None = 7) -> Summary:
    """Make a summary of a sweep that took a second and a half."""
    return Summary(
        outcome="partial",
        results=results,
        sweep_id=sweep_id,
        started_at=0 if sweep_id else None,
        finished_at=1_500_001 if sweep_id else None,
    )


def test_the_object_sums_up_what_the_listings_did() -> None:
    """Counts are sums, instants are RFC 3339 with microseconds, and JSON takes all of it."""
    summary = summary_of(listed("a", "complete"), listed("b", "failed", error="timeout", message="too slow"))

    built = json.loads(json.dumps(summary_object(summary, requests=5, retries=1)))

    assert built == {
        "sweep_id": 7,
        "outcome": "partial",
        "started_at": "2000-01-01T00:00:00.000000Z",
        "finished_at": "2000-01-01T00:00:01.500001Z",
        "clusters": {"complete": 1, "partial": 0, "held": 0, "failed": 1, "superseded": 0},
        "backups": {
            "inserted": 4,
            "updated": 0,
            "unchanged": 0,
            "missing": 0,
            "vanished": 0,
            "returned": 0,
            "quarantined": 0,
        },
        "requests": 5,
        "retries": 1,
        "failures": [{"cluster_id": "b", "error": "timeout", "message": "too slow"}],
    }


@pytest.mark.parametrize(
    "outcome, advice",
    [
        ("partial", "3 records could not be read exactly: see inventory.quarantine"),
        ("held", "`collector run --allow-mass-vanish a`"),
        ("superseded", "run again"),
    ],
    ids=["partial", "held", "superseded"],
)
def test_what_is_not_complete_is_named_with_what_to_do(outcome: Outcome, advice: str) -> None:
    """Only a failed listing has an error of its own; the others are named by their outcome."""
    (failure,) = failures(summary_of(listed("a", outcome)))

    assert (failure.cluster_id, failure.error) == ("a", outcome)
    assert advice in failure.message


def test_a_superseded_cluster_with_a_newer_complete_listing_is_no_failure() -> None:
    """Somebody else did the work."""
    summary = Summary(outcome="complete", results=[listed("a", "superseded")], overtaken=frozenset({"a"}))

    assert failures(summary) == []


def test_a_dry_run_says_that_it_was_one() -> None:
    """It has no id and no instants of the database's."""
    summary = summary_of(listed("a", "complete"), sweep_id=None)

    built = summary_object(summary, requests=1, retries=0)

    assert (built["dry_run"], built["sweep_id"], built["started_at"]) == (True, None, None)
    assert summary_sentence(summary, requests=1, retries=0).startswith("dry run partial: 1 of 1 clusters would be")


def test_no_table_is_made_of_nothing() -> None:
    """A sweep without failures is one sentence."""
    assert summary_table(summary_of(listed("a", "complete"))) is None


def test_the_sentence_leaves_out_what_did_not_happen() -> None:
    """Only counts that are not zero are named."""
    summary = summary_of(listed("a", "complete"))

    sentence = summary_sentence(summary, requests=1, retries=0)

    assert sentence == (
        "sweep 7 partial: 1 of 1 clusters are complete; backups: 2 inserted; 1 requests, 0 of them retries"
    )


def test_sources_of_clusters_are_told_beside_the_clusters() -> None:
    """A key of their own in the object, a row for what was not read, and a clause in the sentence."""
    read = Discovered(source=Source("b1gf", "opensearch"), outcome="complete", listed=2, matched=1)
    unread = Discovered(
        source=Source(None, cloud_id="b1gc"), outcome="failed", error="timeout", message="no \x1b answer"
    )
    summary = Summary(outcome="partial", results=[], sweep_id=1, discovered=[read, unread])

    built = summary_object(summary, requests=1, retries=0)
    table = summary_table(summary)

    assert built["discovery"] == [
        {
            "folder_id": "b1gf",
            "service": "opensearch",
            "cloud_id": None,
            "outcome": "complete",
            "listed": 2,
            "matched": 1,
            "skipped": 0,
            "gone": 0,
            "error": None,
            "message": None,
        },
        {
            "folder_id": None,
            "service": None,
            "cloud_id": "b1gc",
            "outcome": "failed",
            "listed": 0,
            "matched": 0,
            "skipped": 0,
            "gone": 0,
            "error": "timeout",
            "message": "no \x1b answer",
        },
    ]
    assert table is not None
    assert [next(iter(column.cells)) for column in table.columns] == [
        Text("cloud:b1gc"),
        Text(""),
        Text("timeout"),
        Text("no \\x1b answer"),
    ]
    assert "discovery: 1 of 2 lists were read completely" in summary_sentence(summary, requests=1, retries=0)
