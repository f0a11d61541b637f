"""Section `retention`: what may be removed at all, and in which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from collector.config import Config, RetentionSettings

Load = Callable[..., Config]
Problems = Callable[..., list[str]]

ONE = "clusters: [{id: c9q}]\n"


def test_vanished_backups_stay_for_ever_unless_somebody_says_otherwise(load: Load) -> None:
    """The ledger is kept for longer than the year that `inventory.attainment` looks back."""
    retention = load(ONE).retention

    assert retention == RetentionSettings(ledger_s=400 * 86_400.0, vanished_s=None)


def test_null_keeps_for_ever(load: Load) -> None:
    """Whoever wants everything can have it."""
    assert load(ONE + "retention: {ledger: null}\n").retention.ledger_s is None


@pytest.mark.parametrize(
    "section",
    [
        "{ledger: 23h}",
        "{ledger: 0s}",
        "{ledger: null, vanished: 400d}",
        "{ledger: 400d, vanished: 399d}",
        "{vanished: 30d}",
        "{listings: 400d}",
    ],
    ids=["short", "zero", "without-ledger", "before-the-ledger", "before-its-default", "unknown-key"],
)
def test_ages_that_would_touch_what_is_known_are_refused(problems: Problems, section: str) -> None:
    """A vanished backup may go only where the listings that saw it may."""
    (problem,) = problems(ONE + f"retention: {section}\n")

    assert problem.startswith("config.yaml:2:")
