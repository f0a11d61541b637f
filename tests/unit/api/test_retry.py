"""Whether and when to try again."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.retry import RETRIES_FLOOR, RetryBudget, RetrySchedule, parse_retry_after
from collector.errors import NetworkFailed, PermanentError, ServerFailed, Throttled, TimedOut, TruncatedAnswer

SCHEDULE = RetrySchedule(attempts=5, backoff_initial_s=0.5, backoff_max_s=30.0)
DATE = "Wed, 21 Oct 2015 07:28:00 GMT"


class Highest(random.Random):
    """Chance that always takes the most."""

    def uniform(self, a: float, b: float) -> float:
        """The upper end."""
        return max(a, b)


@pytest.mark.parametrize(
    "error",
    [NetworkFailed("x"), TimedOut("x"), TruncatedAnswer("x"), Throttled("x"), ServerFailed("x")],
    ids=lambda error: error.kind,
)
def test_a_transient_error_is_tried_again(error: Exception) -> None:
    """The type of an error answers whether a retry helps."""
    assert SCHEDULE.wait_s(error, attempt=1, remaining_s=100, rng=random.Random(1)) is not None


@pytest.mark.parametrize("error", [PermanentError("x"), ValueError("x")], ids=["permanent", "a-bug"])
def test_nothing_else_is_tried_again(error: Exception) -> None:
    """A repetition would end the same way."""
    assert SCHEDULE.wait_s(error, attempt=1, remaining_s=100, rng=random.Random(1)) is None


def test_the_last_attempt_is_not_followed_by_another() -> None:
    """`attempts` counts the first one too."""
    waits = [
        SCHEDULE.wait_s(NetworkFailed("x"), attempt=number, remaining_s=100, rng=Highest()) for number in range(1, 7)
    ]

    assert waits == [0.5, 1.0, 2.0, 4.0, None, None]


@given(st.integers(1, 10**6), st.integers())
def test_a_pause_lies_between_nothing_and_its_limit(attempt: int, seed: int) -> None:
    """Full jitter, doubling, never past the longest back-off, however many attempts there were (D19)."""
    schedule = RetrySchedule(attempts=10**7, backoff_initial_s=0.5, backoff_max_s=30.0)

    wait_s = schedule.wait_s(NetworkFailed("x"), attempt=attempt, remaining_s=100, rng=random.Random(seed))

    assert wait_s is not None
    assert 0 <= wait_s <= min(30.0, 0.5 * 2 ** min(attempt - 1, 10))


def test_pauses_differ_between_listings() -> None:
    """Listings that failed together do not come back together."""
    waits = {SCHEDULE.wait_s(NetworkFailed("x"), attempt=4, remaining_s=100, rng=random.Random(n)) for n in range(20)}

    assert len(waits) == 20


@given(st.floats(0.001, 50), st.integers())
def test_a_server_is_never_asked_earlier_than_it_wishes(asked_s: float, seed: int) -> None:
    """Retry-After is a lower bound, and jitter only adds to it (D18)."""
    error = Throttled("x", retry_after_s=asked_s)

    wait_s = SCHEDULE.wait_s(error, attempt=1, remaining_s=100, rng=random.Random(seed))

    assert wait_s is not None
    assert asked_s <= wait_s <= asked_s + 0.5


@pytest.mark.parametrize("asked_s", [100.0, 9_999_999_999.0, float("inf")])
def test_a_wish_past_the_deadline_is_given_up_at_once(asked_s: float) -> None:
    """Waiting for what cannot come would only hold the listing (D18)."""
    assert SCHEDULE.wait_s(Throttled("x", retry_after_s=asked_s), attempt=1, remaining_s=100, rng=Highest()) is None


@pytest.mark.parametrize("remaining_s, wait_s", [(3.9, None), (4.0, None), (4.1, 4.0)])
def test_an_own_pause_that_leaves_no_time_is_given_up_at_once(remaining_s: float, wait_s: float | None) -> None:
    """The error that is known says more than a deadline would."""
    assert SCHEDULE.wait_s(NetworkFailed("x"), attempt=4, remaining_s=remaining_s, rng=Highest()) == wait_s


@given(st.integers(0, 500), st.floats(0, 1))
def test_retries_stay_within_their_share(requests: int, share: float) -> None:
    """Of a sweep's requests a share may be retries, and ten always may (D19)."""
    budget = RetryBudget(share)
    for _ in range(requests):
        budget.count_request()

    granted = sum(budget.spend() for _ in range(600))

    assert granted == budget.retries == int(max(RETRIES_FLOOR, share * requests))


def test_new_requests_earn_new_retries() -> None:
    """The budget grows with the sweep, so one bad minute does not spend it for the hour."""
    budget = RetryBudget(0.5)
    for _ in range(20):
        budget.count_request()

    first = [budget.spend() for _ in range(11)]
    budget.count_request()
    budget.count_request()

    assert first == [True] * 10 + [False]
    assert budget.spend()


@pytest.mark.parametrize(
    "value, date, seconds",
    [
        pytest.param("120", None, 120.0, id="seconds"),
        pytest.param(" 7 ", DATE, 7.0, id="seconds-in-spaces"),
        pytest.param("Wed, 21 Oct 2015 07:28:30 GMT", DATE, 30.0, id="date"),
        pytest.param("Wednesday, 21-Oct-15 07:28:30 GMT", DATE, 30.0, id="date-of-rfc-850"),
        pytest.param("9999999999", None, 9999999999.0, id="huge"),
        pytest.param("9" * 5000, None, float("inf"), id="longer-than-an-int-may-be"),
        pytest.param(None, DATE, None, id="absent"),
        pytest.param("", DATE, None, id="empty"),
        pytest.param("0", DATE, None, id="zero"),
        pytest.param("-1", DATE, None, id="negative"),
        pytest.param("1.5", DATE, None, id="fraction"),
        pytest.param("٣", DATE, None, id="digits-of-another-script"),
        pytest.param("soon", DATE, None, id="garbage"),
        pytest.param("5, 10", DATE, None, id="two-headers"),
        pytest.param("Wed, 21 Oct 2015 07:27:00 GMT", DATE, None, id="past"),
        pytest.param(DATE, DATE, None, id="now"),
        pytest.param("Wed, 21 Oct 2015 07:28:30 GMT", None, None, id="date-without-a-date-to-compare"),
        pytest.param("Wed, 21 Oct 2015 07:28:30 GMT", "garbage", None, id="date-against-garbage"),
        pytest.param("Wed, 99 Oct 2015 07:28:30 GMT", DATE, None, id="no-such-day"),
    ],
)
def test_retry_after_is_read_in_both_forms_or_not_at_all(
    value: str | None, date: str | None, seconds: float | None
) -> None:
    """A wish that makes no sense is none, and our own clock has no say (D18)."""
    assert parse_retry_after(value, date=date) == seconds


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_makes_it_fail(value: str, date: str) -> None:
    """Headers are foreign text."""
    seconds = parse_retry_after(value, date=date)

    assert seconds is None or seconds > 0


def test_pauses_grow_monotonically_at_their_limit() -> None:
    """The limit doubles until the longest back-off, and stays there."""
    schedule = RetrySchedule(attempts=100, backoff_initial_s=0.5, backoff_max_s=30.0)
    limits = [
        schedule.wait_s(NetworkFailed("x"), attempt=n, remaining_s=100, rng=Highest()) or 0.0 for n in range(1, 50)
    ]

    assert all(earlier <= later for earlier, later in pairwise(limits))
    assert limits[-1] == 30.0
