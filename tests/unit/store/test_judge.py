"""What absence means, and what is recognised: the rules by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.records import Guard
from collector.store.judge import Known, judge, recognise

IDS = st.sets(st.sampled_from("abcdefghijklmnopqrst"), max_size=20)
GUARDS = st.builds(Guard, rows=st.integers(0, 8), share=st.floats(0, 1))
ABSENCES = st.sampled_from(["guarded", "allowed"])


def known_of(live: set[str], missing: set[str]) -> Known:
    """Make what is stored; the fingerprint of a backup is its id."""
    return Known(
        version=1,
        live={key.encode(): key for key in sorted(live)},
        missing={key.encode(): key for key in sorted(missing)},
        has_rows=bool(live or missing),
        **_rest(),
    )


def _rest() -> dict[str, None]:
    return {"complete_listing_id": None} if "complete_listing_id" in Known.__slots__ else {}


@given(live=IDS, missing=IDS, listed=IDS, guard=GUARDS)
def test_any_unreadable_record_makes_a_listing_partial_and_mute(
    live: set[str], missing: set[str], listed: set[str], guard: Guard
) -> None:
    """One of them may be what seems absent, so nothing is absent."""
    verdict = judge(known_of(live, missing - live), listed, quarantined=1, guard=guard, absence="allowed")

    assert (verdict.outcome, verdict.missing, verdict.vanished, verdict.settled) == ("partial", [], [], False)


@given(live=IDS, missing=IDS, listed=IDS, guard=GUARDS)
def test_only_what_is_known_and_not_listed_is_absent(
    live: set[str], missing: set[str], listed: set[str], guard: Guard
) -> None:
    """Live goes missing, missing goes vanished, nothing else goes anywhere."""
    missing -= live

    verdict = judge(known_of(live, missing), listed, quarantined=0, guard=guard, absence="allowed")

    assert verdict.outcome == "complete"
    assert set(verdict.missing) == live - listed
    assert set(verdict.vanished) == missing - listed
    assert verdict.settled == (live <= listed)


@given(live=IDS, missing=IDS, listed=IDS, guard=GUARDS)
def test_a_held_listing_marks_nothing_and_a_guarded_one_never_more_than_allowed(
    live: set[str], missing: set[str], listed: set[str], guard: Guard
) -> None:
    """More than the larger of the two limits is held; up to it, all is marked as without a guard."""
    missing -= live
    gone = len(live - listed)

    verdict = judge(known_of(live, missing), listed, quarantined=0, guard=guard, absence="guarded")

    if gone > guard.rows and gone > guard.share * len(live):
        assert (verdict.outcome, verdict.missing, verdict.vanished, verdict.settled) == ("held", [], [], False)
    else:
        assert verdict == judge(known_of(live, missing), listed, quarantined=0, guard=guard, absence="allowed")


@pytest.mark.parametrize(
    "live, gone, outcome", [(10, 5, "complete"), (10, 6, "held"), (12, 6, "complete"), (12, 7, "held")]
)
def test_the_guard_lets_pass_what_lies_exactly_on_its_edge(live: int, gone: int, outcome: str) -> None:
    """Five always may, half may."""
    ids = {f"b{number}" for number in range(live)}

    verdict = judge(known_of(ids, set()), set(sorted(ids)[gone:]), quarantined=0, guard=Guard(), absence="guarded")

    assert verdict.outcome == outcome


@given(live=IDS, missing=IDS, listed=st.lists(st.sampled_from("abcdefghijklmnopqrstuvwxyz"), max_size=40))
def test_every_record_is_recognised_unknown_or_double(live: set[str], missing: set[str], listed: list[str]) -> None:
    """Each position falls into exactly one class, and the unknown are each content's first, in order."""
    missing -= live

    recognised = recognise(known_of(live, missing), [key.encode() for key in listed])

    distinct = set(listed)
    assert recognised.live_ids == distinct & live
    assert sorted(recognised.returned_ids) == sorted(distinct & missing)
    assert [listed[at] for at in recognised.unknown] == [
        key for key in dict.fromkeys(listed) if key not in live | missing
    ]
    assert all(listed.index(listed[at]) == at for at in recognised.unknown)
    assert recognised.duplicates == len(listed) - len(distinct)
    assert recognised.listed_ids() == distinct & (live | missing)


def test_the_listed_ids_may_be_added_to() -> None:
    """They are a set of their own: reading more does not change what was recognised."""
    recognised = recognise(known_of({"a"}, set()), [b"a"])

    recognised.listed_ids().add("b")

    assert recognised.live_ids == {"a"}
