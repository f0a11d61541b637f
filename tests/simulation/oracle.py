"""
What must be in the database, worked out anew from what the API answered, by code that shares nothing with the product.

It reads the ledger to learn which listings were merged and in which order; everything else it knows itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

Listing = list[dict[str, Any]]
MERGED = ("complete", "partial", "held")


class Violation(AssertionError):
    """An invariant does not hold."""


def demand(holds: object, invariant: str, **facts: object) -> None:
    """Raise a Violation that names the invariant and the facts."""
    if not holds:
        shown = ", ".join(f"{name}={value!r}" for name, value in facts.items())
        message = f"{invariant}: {shown}"
        raise Violation(message)


@dataclass
class Belief:
    """What one cluster's rows must be."""

    state: dict[str, str] = field(default_factory=dict)
    values: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    fence: int = 0
    complete: int | None = None
    found: bool | None = None
    """Whether the newest listing that says so was the cluster's own; None: that is for the kernel to say."""

    def judge(self, listing: Listing, *, allowed: bool) -> str:
        """Say what a listing's outcome must be."""
        if any(not readable(record) for record in listing):
            return "partial"
        listed = {record["id"] for record in listing}
        live = [key for key, state in self.state.items() if state == "live"]
        gone = sum(key not in listed for key in live)
        return "held" if not allowed and gone > 5 and gone * 2 > len(live) else "complete"

    def take(self, listing: Listing, outcome: str) -> None:
        """Learn from a listing that was merged."""
        listed = {record["id"]: values_of(record) for record in listing if readable(record)}
        if outcome == "complete":
            for key in self.state.keys() - listed.keys():
                self.state[key] = "missing" if self.state[key] == "live" else "vanished"
        self.state |= dict.fromkeys(listed, "live")
        self.values |= listed


def readable(record: dict[str, Any]) -> bool:
    """Tell whether the records that the simulation breaks are broken."""
    return record.get("sizeBytes") != "x"


def values_of(record: dict[str, Any]) -> tuple[Any, ...]:
    """Read the values of a record that the simulation varies."""
    size = record.get("sizeBytes")
    created = record.get("createdAt")
    return (
        None if size is None else int(size),
        record.get("opensearchVersion"),
        tuple(record.get("indices", ())),
        None if created is None else normal_time(created),
    )


def normal_time(text: str) -> str:
    """Write an instant with nine digits."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<9}Z"


class Oracle:
    """Follows the ledger and compares."""

    def __init__(self, listing_of: Callable[[Any], Listing | None], allowed: Callable[[str, str], bool]) -> None:
        """Take where a ledger row's recorded listing is found, and for which trace and cluster the guard was lifted."""
        self._listing_of = listing_of
        self._allowed = allowed
        self._beliefs: dict[str, Belief] = {}
        self._seen: set[int] = set()
        self._proofs: dict[int, set[str]] = {}
        self._versions: dict[tuple[str, str], str] = {}
        self.checked = 0

    async def check(self, db: Connection, prefix: str) -> None:
        """Check everything about the clusters whose ids begin so. Raises Violation."""
        quiet = await self._follow(db, prefix)
        rows = await db.fetch(
            "SELECT b.*, k.xmin::text AS version, k.missing_listing_id, k.vanished_listing_id "
            "FROM inventory.backups AS b JOIN collector.backup AS k USING (cluster_id, backup_id) "
            "WHERE starts_with(cluster_id, $1)",
            prefix,
        )
        self._compare(rows)
        self._check_proofs(rows)
        versions = {(row["cluster_id"], row["backup_id"]): row["version"] for row in rows}
        demand(self._versions.keys() <= versions.keys(), "I3 no row disappears")
        for key, version in self._versions.items():
            if key[0] in quiet:
                demand(versions[key] == version, "I4 the same again writes nothing", key=key)
        self._versions = versions

    async def _follow(self, db: Connection, prefix: str) -> set[str]:
        """Take in the listings that are new in the ledger; returns the clusters for which nothing was to be written."""
        ledger = await db.fetch(
            "SELECT l.*, s.trace_id FROM collector.listing AS l JOIN collector.sweep AS s USING (sweep_id) "
            "WHERE starts_with(cluster_id, $1) ORDER BY listing_id",
            prefix,
        )
        fences = {
            row["cluster_id"]: row
            for row in await db.fetch("SELECT * FROM collector.cluster WHERE starts_with(cluster_id, $1)", prefix)
        }
        quiet = set(fences)
        for row in ledger:
            if row["listing_id"] not in self._seen:
                self._seen.add(row["listing_id"])
                self._take(row, quiet)
        for cluster_id, fence in fences.items():
            belief = self._beliefs.get(cluster_id, Belief())
            demand(
                fence["last_listing_id"] == belief.fence, "I5 the fence is the newest merged listing", row=dict(fence)
            )
            demand(fence["complete_listing_id"] == belief.complete, "I9 the newest complete listing", row=dict(fence))
            if belief.found is not None:
                demand((fence["not_found_since"] is None) == belief.found, "found or not", row=dict(fence))
        return quiet

    def _take(self, row: Any, quiet: set[str]) -> None:
        cluster_id, listing_id, outcome = row["cluster_id"], row["listing_id"], row["outcome"]
        belief = self._beliefs.setdefault(cluster_id, Belief())
        if row["error"] == "not_found" and listing_id > belief.fence:
            belief.found = False if belief.found is False else None
        if outcome not in MERGED:
            return
        self.checked += 1
        listing = self._listing_of(row)
        demand(listing is not None, "I1 only a listing that ended is merged", row=dict(row))
        assert listing is not None
        demand(listing_id > belief.fence, "I5 the fence only rises", listing_id=listing_id)
        expected = belief.judge(listing, allowed=self._allowed(row["trace_id"], cluster_id))
        demand(outcome == expected, "the outcome", is_=outcome, expected=expected, listing_id=listing_id)
        before = dict(belief.state), dict(belief.values)
        belief.take(listing, outcome)
        if before != (belief.state, belief.values):
            quiet.discard(cluster_id)
        belief.fence = listing_id
        belief.found = row["via"] == "cluster"
        if outcome == "complete":
            belief.complete = listing_id
            self._proofs[listing_id] = {record["id"] for record in listing}
        self._account(row, listing)

    def _account(self, row: Any, listing: Listing) -> None:
        parts = ("inserted", "updated", "unchanged", "returned", "quarantined", "duplicates")
        demand(row["listed"] == len(listing), "I16 listed", listed=row["listed"], recorded=len(listing))
        demand(row["listed"] == sum(row[part] for part in parts), "I16 conservation", row=dict(row))

    def _compare(self, rows: list[Any]) -> None:
        found: dict[str, dict[str, str]] = {cluster_id: {} for cluster_id in self._beliefs}
        for row in rows:
            cluster_id, key = row["cluster_id"], row["backup_id"]
            found.setdefault(cluster_id, {})[key] = row["state"]
            belief = self._beliefs.get(cluster_id, Belief())
            values = (row["size_bytes"], row["opensearch_version"], tuple(row["indices"]), row["created_at_text"])
            demand(belief.values.get(key) == values, "I2 values", key=key, is_=values, expected=belief.values.get(key))
        expected = {cluster_id: belief.state for cluster_id, belief in self._beliefs.items()}
        for cluster_id, states in found.items():
            difference = dict(set(states.items()) ^ set(expected.get(cluster_id, {}).items()))
            demand(not difference, "I2 states", cluster_id=cluster_id, difference=difference)

    def _check_proofs(self, rows: list[Any]) -> None:
        for row in rows:
            for column in ("missing_listing_id", "vanished_listing_id"):
                proof = row[column]
                if proof is None:
                    continue
                demand(proof in self._proofs, "I1 the proof is a complete listing", proof=proof)
                demand(row["backup_id"] not in self._proofs[proof], "I1 the proof lacks the backup", proof=proof)
