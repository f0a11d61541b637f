"""Lists whose pages do not fit together, through the whole program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import structlog.testing

from tests.builders import history, states
from tests.integration.hostile.duel import BACKUPS, LIED, Duel, Lie, always, backup, backups
from tests.scripted import page, refusal

if TYPE_CHECKING:
    from tests.scripted import Request, Step

    Connection = asyncpg.Connection[asyncpg.Record]

LIVE: Final = {f"b{number}": "live" for number in range(BACKUPS)}
STRANGE: Final = [
    "a&pageToken=b",
    "a b+c/d%2F#e",
    "ключ",
    "a\r\nX-Injected: yes",
    "../../../iam/v1/tokens",
    "y" * 5_000,
]


def in_pages(listed: Sequence[object], *, sizes: Sequence[int], tokens: Sequence[str]) -> Lie:
    """Cut a list into pages of these sizes, each but the first behind its token."""
    ends = [sum(sizes[:number]) for number in range(len(sizes) + 1)]
    pages = [listed[begin:end] for begin, end in pairwise(ends)]
    steps = [page(*each, token=token) for each, token in zip(pages, [*tokens, None], strict=True)]
    numbers = iter(range(len(steps)))
    return lambda _: steps[next(numbers)]


async def test_pages_of_any_size_and_any_token_make_one_list(duel: Duel, db: Connection) -> None:
    """A4, A6, A7: longer than asked for, short, empty; behind tokens that mean something elsewhere."""
    listed = [*backups(), backup("new")]
    duel.lie = in_pages(listed, sizes=[7, 0, 1, 0, 2, 0, 3], tokens=STRANGE)

    outcome = await duel.outcome(page_size=5)

    assert outcome == "complete"
    assert await states(db, LIED) == {**LIVE, "new": "live"}
    assert all(request.header("x-injected") is None for request in duel.asked)
    assert {request.target.partition("?")[0] for request in duel.asked} == {
        f"/managed-opensearch/v1/clusters/{LIED.id}/backups"
    }


async def test_a_token_is_in_no_line_of_the_log(duel: Duel) -> None:
    """A4: it is opaque and may be secret."""
    token = "secret-" + "x" * 300
    duel.lie = always(page(*backups(3), token=token))

    with structlog.testing.capture_logs() as lines:
        outcome = await duel.outcome()

    assert outcome == "paging_loop"
    assert [line["cluster_id"] for line in lines if line["event"] == "listing.failed"] == [LIED.id]
    assert "secret-" not in str(lines)


async def test_a_backup_that_slipped_between_two_pages_is_missing_and_comes_back(duel: Duel, db: Connection) -> None:
    """A11: another was deleted while the list was read, and all behind it moved up: `b5` stood in between."""
    listed = backups()

    def slipping(request: Request) -> Step:
        offset = int(request.target.partition("pageToken=")[2] or 0)
        served = page(*listed[offset : offset + 5], token=str(offset + 5) if offset + 5 < len(listed) else None)
        if offset == 0:
            del listed[0]
        return served

    duel.lie = slipping
    moved = await duel.outcome()
    between = await states(db, LIED)
    duel.lie = lambda _: page(*listed)
    again = await duel.outcome()

    assert (moved, again) == ("complete", "complete")
    assert between == {**LIVE, "b5": "missing"}
    assert await states(db, LIED) == {**LIVE, "b0": "missing"}
    assert await history(db, LIED) == [("b5", "missing"), ("b0", "missing"), ("b5", "returned")]


async def test_no_backup_is_asked_for_by_itself(duel: Duel, db: Connection) -> None:
    """A13: absence is proven by two listings; what the API answers for a deleted backup is not documented."""
    duel.lie = always(page(*backups()[1:]))

    seen: list[dict[str, str]] = []
    targets: list[str] = []
    for _ in range(2):
        assert await duel.outcome() == "complete"
        seen.append(await states(db, LIED))
        targets += [request.target for request in duel.asked]

    assert seen == [{**LIVE, "b0": "missing"}, {**LIVE, "b0": "vanished"}]
    assert targets == [f"/managed-opensearch/v1/clusters/{LIED.id}/backups?pageSize=1000"] * 2


async def test_an_expired_token_costs_one_restart_and_no_backup(duel: Duel, db: Connection) -> None:
    """A5: what came before it is forgotten, the second reading is whole."""
    steps = iter([page(backup("ghost"), token="a"), refusal(400, 3, "expired"), page(*backups())])
    duel.lie = lambda _: next(steps)

    outcome = await duel.outcome()

    assert outcome == "complete"
    assert await states(db, LIED) == LIVE
    assert len(duel.asked) == 3


async def test_a_few_foreign_backups_are_put_aside_and_many_refuse_the_list(duel: Duel, db: Connection) -> None:
    """A16: one in thirteen is a stray; two in fourteen are another cluster's answer."""
    stray: list[dict[str, Any]] = [backup(f"stray{number}", sourceClusterId="c9qother") for number in range(2)]

    duel.lie = always(page(*backups(), stray[0]))
    few = await duel.outcome()
    duel.lie = always(page(*backups(), *stray))
    many = await duel.outcome()

    assert (few, many) == ("partial", "bad_answer")
    assert await states(db, LIED) == LIVE
    raws = await db.fetch("SELECT raw FROM inventory.quarantine")
    assert [json.loads(row["raw"])["id"] for row in raws] == ["stray0"]
