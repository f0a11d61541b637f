"""The script of faults: which rule fires on which request, and how often."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.emulator import Faults, Rule, random_faults
from collector.emulator.actions import Action, Delay, Fail
from collector.emulator.faults import Visit


def visit(scope: str = "a", *, page: int = 1, limit: int = 10) -> Visit:
    """Make a request for a page."""
    return Visit(scope, page, (page - 1) * limit, limit)


@given(times=st.integers(0, 5), visits=st.integers(0, 10))
def test_a_rule_fires_as_often_as_scripted(times: int, visits: int) -> None:
    """A rule fires on its first requests, then never again, and counts."""
    faults = Faults()
    rule = faults.fail("a", times=times)

    fired = [bool(faults.take(visit())) for _ in range(visits)]

    assert fired == [number < times for number in range(visits)]
    assert rule.fired == min(times, visits)


@pytest.mark.parametrize(
    "script,fires",
    [
        pytest.param(lambda faults: faults.fail("a"), {("a", 1), ("a", 2), ("a", 3)}, id="one cluster"),
        pytest.param(lambda faults: faults.fail(None, page=2), {("a", 2), ("b", 2)}, id="one page of all"),
        pytest.param(lambda faults: faults.expire_token("b", after_pages=1), {("b", 2)}, id="once behind a page"),
        pytest.param(lambda faults: faults.raw_record("a", 25, "{}"), {("a", 3)}, id="the page of a record"),
        pytest.param(lambda faults: faults.empty_page("b", page=3), {("b", 3)}, id="an empty page"),
    ],
)
def test_a_rule_fires_where_it_was_scripted(script: Callable[[Faults], Rule], fires: set[tuple[str, int]]) -> None:
    """Scope, page, and record narrow a rule down."""
    faults = Faults()
    script(faults)

    fired = {(scope, page) for scope in "ab" for page in (1, 2, 3) if faults.take(visit(scope, page=page))}

    assert fired == fires


def test_waits_add_up_before_the_first_verdict() -> None:
    """What comes after the rule that answers does not fire, and is not counted."""
    faults = Faults()
    faults.delay("a", 1.0)
    faults.fail("a", status=500, times=1)
    late = faults.fail("a", status=404)

    first, second = faults.take(visit()), faults.take(visit())

    assert [type(action) for action in first] == [Delay, Fail]
    assert late.fired == 1
    assert isinstance(second[1], Fail)
    assert second[1].status == 404


def test_cleared_faults_are_over() -> None:
    """After the script is cleared every request is served, also those that chance would have spoiled."""
    faults = random_faults(seed=1, rate=1.0)
    faults.fail(None)

    faults.clear()

    assert faults.take(visit()) == []


@given(seed=st.integers(), order=st.permutations(["a", "b", "c"] * 5))
def test_random_faults_do_not_depend_on_the_order_of_clusters(seed: int, order: list[str]) -> None:
    """What happens to a cluster's n-th request is the same however the clusters take turns."""

    def outcomes(scopes: list[str]) -> dict[str, list[list[Action]]]:
        faults = random_faults(seed, rate=0.5)
        taken: dict[str, list[list[Action]]] = {}
        for scope in scopes:
            taken.setdefault(scope, []).append(faults.take(visit(scope)))
        return taken

    assert outcomes(order) == outcomes(sorted(order))


@pytest.mark.parametrize("rate,expected", [(0.0, (0, 0)), (0.1, (70, 130)), (1.0, (1000, 1000))], ids=str)
def test_random_faults_keep_their_rate(rate: float, expected: tuple[int, int]) -> None:
    """Of a thousand requests the share that was asked for goes wrong, and each is counted."""
    faults = random_faults(seed=3, rate=rate)

    spoiled = sum(bool(faults.take(visit())) for _ in range(1000))

    assert expected[0] <= spoiled <= expected[1]
    assert faults.chosen.total() == spoiled
