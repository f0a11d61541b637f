"""
The simulation sees what it is there to see: rules taken out of the program, one at a time, are each missed by the oracle.

A mutant that survives means that a rule could be lost without a test noticing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

import collector.store.judge as judging
from collector import sweep as sweeping
from collector.api import Api
from collector.errors import ListingError
from collector.store import listings, merge
from collector.store import store as storing
from collector.store.statements import statement
from tests.simulation.oracle import Violation
from tests.simulation.run import play

if TYPE_CHECKING:
    import asyncpg

    from collector.records import Cluster, Page, Traffic

    Connection = asyncpg.Connection[asyncpg.Record]

SEEDS: Final = range(1, 25)
Mutate = Callable[[pytest.MonkeyPatch], None]


def sql(name: str, old: str, new: str) -> Mutate:
    """Change a statement."""
    mutant = statement(name).replace(old, new)
    assert mutant != statement(name), old

    def read(asked: str) -> str:
        return mutant if asked == name else statement(asked)

    def mutate(patch: pytest.MonkeyPatch) -> None:
        for module in (merge, listings, storing):
            patch.setattr(module, "statement", read)

    return mutate


def judged(change: Callable[[judging.Verdict], dict[str, Any]], **arguments: Any) -> Mutate:
    """Change a verdict, or what it is made from."""
    judge = judging.judge

    def mutant(known: judging.Known, listed_ids: set[str], **rest: Any) -> judging.Verdict:
        verdict = judge(known, listed_ids, **{**rest, **arguments})
        return judging.Verdict(**{**{name: getattr(verdict, name) for name in verdict.__slots__}, **change(verdict)})

    def mutate(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(merge, "judge", mutant)

    return mutate


def _believe_half_listings(patch: pytest.MonkeyPatch) -> None:
    """Take a listing that broke off for one that ended."""
    list_backups = Api.list_backups

    async def mutant(self: Api, cluster: Cluster, traffic: Traffic, **rest: Any) -> AsyncIterator[Page]:
        seen = 0
        try:
            async for page in list_backups(self, cluster, traffic, **rest):
                seen += 1
                yield page
        except ListingError:
            if not seen:
                raise

    patch.setattr(Api, "list_backups", mutant)


def _let_older_listings_win(patch: pytest.MonkeyPatch) -> None:
    """Take out the fence in both places."""
    sql("merge_listing", "c.last_listing_id = $3 AND c.last_listing_id < $2::bigint", "$3 < $2 + 1000000")(patch)
    read_known = storing.read_known

    async def mutant(*arguments: Any) -> Any:
        known = await read_known(*arguments)
        return judging.Known(**{**{name: getattr(known, name) for name in known.__slots__}, "version": 0})

    patch.setattr(storing, "read_known", mutant)
    sql_lock = statement("lock_cluster")
    read = merge.statement
    patch.setattr(
        merge,
        "statement",
        lambda name: sql_lock.replace("last_listing_id = $2", "$2 >= 0") if name == "lock_cluster" else read(name),
    )


def _lose_the_end_of_a_chunk(patch: pytest.MonkeyPatch) -> None:
    chunks = merge.chunks
    patch.setattr(merge, "chunks", lambda positions, size: (each[:-1] or each for each in chunks(positions, size)))


def _recognise_missing_as_live(patch: pytest.MonkeyPatch) -> None:
    recognise = merge.recognise

    def mutant(known: judging.Known, fingerprints: Any) -> judging.Recognised:
        found = recognise(known, fingerprints)
        return judging.Recognised(
            live_ids=found.listed_ids(), returned_ids=[], unknown=found.unknown, duplicates=found.duplicates
        )

    patch.setattr(merge, "recognise", mutant)


def _call_any_success_complete(patch: pytest.MonkeyPatch) -> None:
    outcome = sweeping._with_outcome

    def mutant(*arguments: Any) -> Any:
        summary = outcome(*arguments)
        return sweeping.replace(summary, outcome="complete") if hasattr(sweeping, "replace") else _complete(summary)

    patch.setattr(sweeping, "_with_outcome", mutant)


def _complete(summary: sweeping.Summary) -> sweeping.Summary:
    return sweeping.Summary(outcome="complete", results=summary.results, overtaken=summary.overtaken)


MUTANTS: Final[dict[str, Mutate]] = {
    "half-a-listing-is-believed": _believe_half_listings,
    "no-fence": _let_older_listings_win,
    "no-guard": judged(lambda _: {}, absence="allowed"),
    "unreadable-records-do-not-matter": judged(lambda _: {}, quarantined=0),
    "missing-never-vanishes": judged(lambda _: {"vanished": []}),
    "always-settled": judged(lambda _: {"settled": True}),
    "held-marks-all-the-same": judged(lambda v: {"outcome": "complete"} if v.outcome == "held" else {}),
    "missing-is-taken-for-live": _recognise_missing_as_live,
    "a-chunk-loses-its-last": _lose_the_end_of_a_chunk,
    "any-listing-is-complete": sql("merge_listing", "$5 AND $6 = 'complete' THEN $2", "$5 THEN $2"),
    "changes-are-not-written": sql("merge_listing", "size_bytes = excluded.size_bytes", "size_bytes = 1"),
    "a-changed-one-stays-missing": sql("merge_listing", "        missing_since = NULL,\n        missing_listing_id = NULL,\n        vanished_at = NULL,\n        vanished_listing_id = NULL,\n        vanish_reason = NULL\n", "        extra = excluded.extra\n").__call__
    if False
    else sql(
        "merge_listing",
        "        vanished_at = NULL,\n        vanished_listing_id = NULL,\n        vanish_reason = NULL\n",
        "        vanished_at = backup.vanished_at\n",
    ),
    "a-digest-outlives-its-listing": sql(
        "merge_listing", "CASE WHEN $5 THEN $7::bytea END", "coalesce($7::bytea, c.listing_digest)"
    ),
    "a-confirmation-needs-no-digest": sql("confirm_unchanged", " AND c.listing_digest = t.digest", ""),
    "a-confirmation-does-not-move-the-fence": sql(
        "confirm_unchanged", "SET last_listing_id = t.listing_id, complete", "SET complete"
    ),
    "every-row-is-written-again": sql(
        "merge_listing", "b.backup_id = ANY($26::text [])", "b.missing_listing_id IS NULL"
    ),
    "duplicates-are-not-counted": sql("merge_listing", "$48::bigint", "0 * $48::bigint"),
    "any-success-is-complete": _call_any_success_complete,
}


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_lost_rule_is_noticed(
    migrated_url: str, db: Connection, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    """Some history breaks an invariant without it."""
    MUTANTS[mutant](monkeypatch)

    with pytest.raises(Violation):
        for seed in SEEDS:
            await play(seed, steps=8, url=migrated_url, db=db)
