"""What the process counts of itself."""

from __future__ import annotations

from prometheus_client import generate_latest

from collector.serve.tally import BEATS, Tally
from tests.serving import series_in


def test_the_lag_is_the_worst_of_the_last_minute() -> None:
    """A stall between two scrapes is seen by the next, and forgotten in time."""
    tally = Tally()
    lags = []

    for lag_s in (0.0, 7.5, *[0.25] * BEATS):
        tally.note_lag(lag_s)
        lags.append(series_in(generate_latest(tally.registry).decode())["event_loop_lag_seconds", ""])

    assert lags == [0.0, *[7.5] * BEATS, 0.25]
