"""Until when the lease may be believed in; time is an argument."""

from __future__ import annotations

from collector.serve.tenure import LEASE_S, RENEWAL_S, Tenure


def test_it_begins_when_it_was_asked_for_not_when_the_answer_came() -> None:
    """The database counts from a moment in between, so we let go before it does."""
    tenure = Tenure().answered(asked_at=100.0, epoch=3)

    assert tenure.holds(100.0 + LEASE_S - 0.001)
    assert not tenure.holds(100.0 + LEASE_S)


def test_another_holder_ends_it_at_once() -> None:
    """Whatever we believed."""
    tenure = Tenure().answered(asked_at=100.0, epoch=3).answered(asked_at=105.0, epoch=None)

    assert not tenure.holds(105.0)


def test_no_answer_leaves_it_until_it_ends() -> None:
    """A database that hiccups does not stop a sweep; one that stays away does."""
    tenure = Tenure().answered(asked_at=100.0, epoch=3)

    assert tenure.unanswered(110.0).holds(110.0)
    assert not tenure.unanswered(100.0 + LEASE_S).holds(100.0 + LEASE_S)
    assert tenure.unanswered(100.0 + LEASE_S) == Tenure()


def test_an_answer_is_waited_for_no_longer_than_we_hold() -> None:
    """Else we would sweep without knowing."""
    tenure = Tenure().answered(asked_at=100.0, epoch=3)

    assert tenure.patience_s(115.0) == LEASE_S - 15.0
    assert tenure.patience_s(1000.0) == 0.0
    assert Tenure().patience_s(0.0) == LEASE_S


def test_several_renewals_fit_into_a_lease() -> None:
    """One that is lost costs nothing."""
    assert LEASE_S >= 3 * RENEWAL_S
