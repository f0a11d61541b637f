"""How findings are written, and what a check exits with."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from collector.cli.findings import Finding, findings_json, worst_code
from collector.cli.inspection import clock_finding


@pytest.mark.parametrize(
    "finding, line",
    [
        (Finding(item="database", text="PostgreSQL 18"), "ok      database       PostgreSQL 18"),
        (Finding(item="clock", text="behind", advice="set it"), "warn    clock          behind – set it"),
        (Finding(item="cluster", text="no\x1b[2J", exit_code=1), "FAILED  cluster        no\\x1b[2J"),
    ],
    ids=["ok", "warning", "failed"],
)
def test_a_finding_is_one_line(finding: Finding, line: str) -> None:
    """Its status first, what to do last, and nothing that a terminal obeys."""
    assert str(finding) == line


@pytest.mark.parametrize(
    "codes, worst", [([], 0), ([0, 1], 1), ([1, 3, 0], 3), ([3, 2, 1], 2)], ids=["none", "1", "3", "2"]
)
def test_the_worst_finding_decides(codes: Sequence[int], worst: int) -> None:
    """What no repetition mends is worse than what may mend itself."""
    assert worst_code(Finding(item="x", text="", exit_code=code) for code in codes) == worst


def test_json_holds_every_finding_and_the_exit_code() -> None:
    """A machine needs not read the sentences."""
    finding = Finding(item="cluster", text="c9q: 403", exit_code=1, advice="grant", cluster_id="c9q", error="denied")

    document = json.loads(findings_json([finding]))

    assert document == {
        "exit_code": 1,
        "findings": [
            {
                "item": "cluster",
                "status": "failed",
                "cluster_id": "c9q",
                "error": "denied",
                "text": "c9q: 403",
                "advice": "grant",
            }
        ],
    }


@pytest.mark.parametrize(
    "ahead_s, words",
    [(60.0, None), (61.0, "61 s ahead of ours"), (-3600.0, "3600 s behind ours")],
    ids=["within", "ahead", "behind"],
)
def test_a_clock_may_be_a_minute_off(ahead_s: float, words: str | None) -> None:
    """Past that it is a warning, which fails nothing."""
    finding = clock_finding(ahead_s, "the API's clock", "signed requests")

    assert (finding is None) == (words is None)
    if finding is not None:
        assert words is not None
        assert words in finding.text
        assert (finding.status, finding.exit_code) == ("warning", 0)
