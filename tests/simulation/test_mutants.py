"""
The simulation sees what it is there to see: each rule taken out of the program is missed by the oracle.

A mutant that survives means that a rule could be lost without a test noticing.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Final

import pytest

import collector.store.judge as judging
from collector import sweep as sweeping
from collector.api import Api
from collector.errors import ListingError
from collector.parse import Owners
from collector.records import Folder
from collector.store import listings, merge, parts
from collector.store import store as storing
from collector.store.merge import read_known
from collector.store.statements import statement
from tests.simulation.oracle import Violation
from tests.simulation.run import play

if TYPE_CHECKING:
    import asyncpg

    from collector.records import Cluster, Page, Summary, Traffic

    Connection = asyncpg.Connection[asyncpg.Record]

FENCE: Final = " AND c.last_listing_id = $3 AND c.last_listing_id < $2::bigint"
SEEDS: Final = range(1, 25)
Mutate = Callable[[pytest.MonkeyPatch], None]


def sql(name: str, pattern: str, new: str) -> Mutate:
    """Change a statement where the pattern is first found."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        mutant, found = re.subn(pattern, new, statement(name), count=1)
        assert found, pattern

        def read(asked: str) -> str:
            return mutant if asked == name else statement(asked)

        for module in (merge, parts, listings, storing):
            if hasattr(module, "statement"):
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


def _take_an_unread_folder_for_an_empty_one(patch: pytest.MonkeyPatch) -> None:
    """Treat an error of a folder's list as a list without backups."""
    list_backups = Api.list_backups

    async def mutant(self: Api, source: Cluster | Folder, traffic: Traffic, **rest: Any) -> AsyncIterator[Page]:
        try:
            async for page in list_backups(self, source, traffic, **rest):
                yield page
        except ListingError:
            if not isinstance(source, Folder):
                raise

    patch.setattr(Api, "list_backups", mutant)


def _let_older_listings_win(patch: pytest.MonkeyPatch) -> None:
    """Take out the fence in all its places."""

    async def mutant(*arguments: Any) -> Any:
        return dataclasses.replace(await read_known(*arguments), version=0)

    patch.setattr(storing, "read_known", mutant)
    unfenced = {
        "merge_listing": statement("merge_listing").replace(FENCE, " AND $3::bigint < $2::bigint"),
        "lock_cluster": statement("lock_cluster").replace("last_listing_id = $2", "$2::bigint >= 0"),
    }
    assert all(sql != statement(name) for name, sql in unfenced.items())
    for module in (merge, parts):
        patch.setattr(module, "statement", lambda name: unfenced.get(name) or statement(name))


def _pass_over_nobodys_records(patch: pytest.MonkeyPatch) -> None:
    read = Owners.read
    patch.setattr(Owners, "read", lambda self, raw: read(self, raw) or "nobody")


def _lose_the_end_of_a_copy(patch: pytest.MonkeyPatch) -> None:
    copy = merge._Writer._copy

    async def mutant(self: merge._Writer, connection: Any, rows: list[Any]) -> None:
        await copy(self, connection, rows[:-1])

    patch.setattr(merge._Writer, "_copy", mutant)


def _recognise_missing_as_live(patch: pytest.MonkeyPatch) -> None:
    def mutant(known: judging.Known, fingerprints: Any) -> judging.Recognised:
        found = judging.recognise(known, fingerprints)
        return judging.Recognised(
            live_ids=found.listed_ids(), returned_ids=[], unknown=found.unknown, duplicates=found.duplicates
        )

    patch.setattr(merge, "recognise", mutant)


def _call_any_success_complete(patch: pytest.MonkeyPatch) -> None:
    conclude = sweeping._conclude

    async def mutant(*arguments: Any, **named: Any) -> Summary:
        return dataclasses.replace(await conclude(*arguments, **named), outcome="complete")

    patch.setattr(sweeping, "_conclude", mutant)


MUTANTS: Final[dict[str, Mutate]] = {
    "half-a-listing-is-believed": _believe_half_listings,
    "an-unread-folder-is-empty": _take_an_unread_folder_for_an_empty_one,
    "nobodys-records-do-not-matter": _pass_over_nobodys_records,
    "no-fence": _let_older_listings_win,
    "no-guard": judged(lambda _: {}, absence="allowed"),
    "unreadable-records-do-not-matter": judged(lambda _: {}, quarantined=0),
    "missing-never-vanishes": judged(lambda _: {"vanished": []}),
    "always-settled": judged(lambda _: {"settled": True}),
    "held-counts-as-complete": judged(lambda v: {"outcome": "complete"} if v.outcome == "held" else {}),
    "missing-is-taken-for-live": _recognise_missing_as_live,
    "a-copy-loses-its-last": _lose_the_end_of_a_copy,
    "any-listing-is-complete": sql("merge_listing", r"\$5 AND \$6 = 'complete' THEN \$2", "$5 THEN $2"),
    "changes-are-not-written": sql("merge_listing", r"size_bytes = excluded\.size_bytes", "size_bytes = 1"),
    "a-changed-one-stays-missing": sql(
        "merge_listing", r"(?<=\n)        missing_since = NULL,\n.*\n(?=        vanished_at)", ""
    ),
    "a-digest-outlives-its-listing": sql(
        "merge_listing", r"CASE WHEN \$5 THEN (\$\d+)::bytea END", r"coalesce(\1::bytea, c.listing_digest)"
    ),
    "a-confirmation-does-not-move-the-fence": sql(
        "confirm_unchanged", r"SET\n +last_listing_id = t\.listing_id,", "SET"
    ),
    "live-rows-are-written-again": sql(
        "merge_listing",
        r"(?<=returned AS \(\n)((.*\n)*?.*)b\.backup_id = ANY\(\$\d+::text \[\]\)",
        r"\1b.missing_listing_id IS NULL",
    ),
    "any-success-is-complete": _call_any_success_complete,
}

TELLING: Final[dict[str, int]] = {
    "half-a-listing-is-believed": 5,
    "an-unread-folder-is-empty": 5,
    "nobodys-records-do-not-matter": 12,
    "no-fence": 5,
    "no-guard": 6,
    "held-counts-as-complete": 6,
    "a-copy-loses-its-last": 5,
    "a-digest-outlives-its-listing": 24,
}
"""The first history that noticed, where it is a late one: played before the others, it saves their time."""


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("mutant", MUTANTS)
async def test_a_lost_rule_is_noticed(
    migrated_url: str, db: Connection, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    """Some history breaks an invariant without it."""
    MUTANTS[mutant](monkeypatch)

    with pytest.raises(Violation):
        await _play_all(migrated_url, db, first=TELLING.get(mutant, 1))


async def _play_all(url: str, db: Connection, *, first: int) -> None:
    for seed in (first, *SEEDS):
        await play(seed, steps=8, url=url, db=db)
