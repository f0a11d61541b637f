"""Which exit code a command ends with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from collector.cli.ending import code_of, code_of_sweep
from collector.errors import (
    CollectorError,
    ConfigError,
    CredentialError,
    DatabaseRefused,
    DatabaseRejected,
    DatabaseUnavailable,
    SchemaError,
    TransactionConflict,
    UsageError,
)
from collector.interrupt import Interrupted
from collector.records import Cluster, ClusterId, ListingResult, Outcome, Summary, Traffic
from collector.sources import Discovered, SettledOutcome, Source


def listed(outcome: Outcome, error: str | None = None, *, cluster_id: str = "c9q") -> ListingResult:
    """Make the result of one listing."""
    return ListingResult(cluster=Cluster(id=ClusterId(cluster_id)), outcome=outcome, traffic=Traffic(), error=error)


COMPLETE = listed("complete")
OVERTAKEN = listed("superseded", cluster_id="c9qovertaken")
UNAUTHENTICATED = listed("failed", "unauthenticated")
CREDENTIAL = listed("failed", "credential")
GONE = listed("failed", "database_unavailable")
REFUSED = listed("failed", "database_refused")
BUG = listed("failed", "bug")


@pytest.mark.parametrize(
    "results, interrupted, code",
    [
        ([COMPLETE, COMPLETE], None, 0),
        ([COMPLETE, OVERTAKEN], None, 0),
        ([], None, 0),
        ([COMPLETE], 143, 0),
        ([COMPLETE, listed("partial")], None, 1),
        ([listed("held")], None, 1),
        ([listed("superseded")], None, 1),
        ([listed("failed", "permission_denied")], None, 1),
        ([COMPLETE, UNAUTHENTICATED], None, 1),
        ([UNAUTHENTICATED, listed("failed", "timeout")], None, 1),
        ([UNAUTHENTICATED, UNAUTHENTICATED], None, 2),
        ([UNAUTHENTICATED, CREDENTIAL], None, 2),
        ([REFUSED, REFUSED], None, 2),
        ([GONE, GONE], None, 3),
        ([COMPLETE, GONE], None, 1),
        ([GONE, listed("failed", "timeout")], None, 1),
        ([COMPLETE, listed("failed", "interrupted")], 143, 143),
        ([UNAUTHENTICATED], 130, 130),
        ([COMPLETE, BUG], None, 70),
        ([BUG], 143, 70),
    ],
    ids=[
        "all-complete",
        "overtaken-is-complete",
        "empty-shard",
        "signal-after-the-last",
        "partial",
        "held",
        "superseded",
        "denied",
        "one-unauthenticated",
        "unauthenticated-and-other",
        "all-unauthenticated",
        "credential-ran-out",
        "database-refused",
        "database-gone",
        "database-gone-midway",
        "database-gone-and-other",
        "interrupted",
        "interrupted-before-401-counts",
        "bug",
        "bug-before-signal",
    ],
)
def test_a_sweeps_results_make_its_exit_code(
    results: Sequence[ListingResult], interrupted: int | None, code: int
) -> None:
    """A bug comes before all, then completeness, then a signal, then what all failures have in common."""
    summary = Summary(outcome="partial", results=results, overtaken=frozenset({"c9qovertaken"}))

    assert code_of_sweep(summary, interrupted=interrupted) == code


@pytest.mark.parametrize(
    "error, code",
    [
        (UsageError("x"), 2),
        (ConfigError(["x"]), 2),
        (CredentialError("x"), 2),
        (SchemaError("x"), 2),
        (DatabaseRefused("x"), 2),
        (DatabaseUnavailable("x"), 3),
        (TransactionConflict("x"), 3),
        (DatabaseRejected("x"), 70),
        (CollectorError("x"), 70),
        (Interrupted(143), 143),
    ],
    ids=lambda value: value.kind if isinstance(value, CollectorError) else str(value),
)
def test_an_error_before_the_sweep_has_its_exit_code(error: CollectorError, code: int) -> None:
    """What only a person can mend is 2, what time may mend is 3, what nobody thought of is 70."""
    assert code_of(error) == code


@pytest.mark.parametrize(
    "outcome, error, code",
    [
        ("complete", None, 0),
        ("superseded", None, 0),
        ("partial", None, 1),
        ("held", None, 1),
        ("failed", "timeout", 1),
        ("failed", "unauthenticated", 2),
    ],
)
@pytest.mark.parametrize("results", [[], [COMPLETE]], ids=["no-cluster", "one-complete"])
def test_a_discovery_that_is_not_complete_is_never_success(
    results: Sequence[ListingResult], outcome: SettledOutcome, error: str | None, code: int
) -> None:
    """There may be clusters that nobody looked at. A credential that everything refuses is pointless to retry."""
    discovered = Discovered(source=Source("b1gf", "opensearch"), outcome=outcome, error=error)
    summary = Summary(outcome="partial", results=results, discovered=[discovered])

    assert code_of_sweep(summary, interrupted=None) == (min(code, 1) if results else code)
