"""What the process counts of itself."""

from __future__ import annotations

from prometheus_client import generate_latest

from collector.serve.tally import BEATS, SweepTally, Tally
from tests.serving import series_in


def test_the_lag_is_the_worst_of_the_last_minute() -> None:
    """A stall between two scrapes is seen by the next, and forgotten in time."""
    tally = Tally()
    lags = []

    for lag_s in (0.0, 7.5, *[0.25] * BEATS):
        tally.note_lag(lag_s)
        lags.append(series_in(generate_latest(tally.registry).decode())["event_loop_lag_seconds", ""])

    assert lags == [0.0, *[7.5] * BEATS, 0.25]


def test_what_the_kernel_counts_of_the_process_is_told_and_no_version() -> None:
    """Memory, descriptors and time, by the names that alerts and dashboards of all programs use."""
    told = generate_latest(Tally().registry).decode()
    pushed = generate_latest(SweepTally().registry).decode()

    assert "\nprocess_resident_memory_bytes " in told
    assert "\nprocess_open_fds " in told
    assert "\nprocess_start_time_seconds " in told
    assert "python" not in told.lower()
    assert "process_" not in pushed
