"""The sweep's own rows: the clusters it is about, its beginning and its end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, get_args

import msgspec

from collector import __version__
from collector.records import Listing, Outcome, SweepOutcome
from collector.sources import Source
from collector.store.statements import statement

if TYPE_CHECKING:
    from collector.records import Cluster
    from collector.store.pool import Connection


MESSAGE_MAX: Final = 1000

_NO_COLUMNS: Final[Sequence[Sequence[object]]] = ((),) * 13
"""Of listings that were given up, where there are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepStart:
    """A sweep that has begun. `started_at`: microseconds since 2000-01-01, on the database's clock."""

    sweep_id: int
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepRequest:
    """What a sweep says of itself when it begins."""

    trace_id: str
    deadline_s: float
    shard: str | None
    selected: int


class GivenUp(NamedTuple):
    """A listing that began and did not end: the sweep was stopped, its time was up, or there was a bug."""

    listing: Listing
    error: str
    message: str


async def register_clusters(
    connection: Connection, clusters: Sequence[Cluster], *, observation_max_age_s: float
) -> None:
    """Make the rows of these clusters agree with the configuration, and what was discovered."""
    await connection.execute(
        statement("register_clusters"),
        [cluster.id for cluster in clusters],
        [cluster.service for cluster in clusters],
        [cluster.name for cluster in clusters],
        [cluster.folder_id for cluster in clusters],
        [msgspec.json.encode(dict(cluster.labels)).decode() for cluster in clusters],
        [cluster.source for cluster in clusters],
        [cluster.max_age_s for cluster in clusters],
        [cluster.max_age_source for cluster in clusters],
        [cluster.retention_s for cluster in clusters],
        [cluster.retention_source for cluster in clusters],
        observation_max_age_s,
    )


async def retire_clusters(connection: Connection, clusters: Sequence[Cluster], unread: Iterable[Source]) -> None:
    """Mark as unmanaged all clusters but these, and but those that an unread source may hold; their backups stay."""
    spared = list(unread)
    await connection.execute(
        statement("retire_clusters"),
        [cluster.id for cluster in clusters],
        [source.folder_id for source in spared],
        [source.service for source in spared],
    )


async def begin_sweep(connection: Connection, request: SweepRequest) -> SweepStart:
    """Close the sweeps that were killed, and open one."""
    await connection.execute(statement("abort_dead_sweeps"))
    row = await connection.fetchrow(
        statement("begin_sweep"),
        request.deadline_s,
        request.trace_id,
        __version__,
        request.shard,
        request.selected,
    )
    assert row is not None  # noqa: S101 - INSERT … RETURNING returns its row
    return SweepStart(sweep_id=row["sweep_id"], started_at=row["started_at"])


async def finish_sweep(
    connection: Connection,
    sweep_id: int,
    outcome: SweepOutcome,
    *,
    by_outcome: Mapping[Outcome, int],
    given_up: Sequence[GivenUp] = (),
) -> int | None:
    """
    Close a sweep with its outcome and how many clusters ended how, and write the ledger rows that are still due.

    Args:
        connection: to the database.
        sweep_id: which.
        outcome: of the whole.
        by_outcome: how many clusters ended how.
        given_up: the listings that began, and whose failure nobody wrote down.

    Returns:
        When, in microseconds since 2000-01-01 on the database's clock; None if it was closed already.
    """
    finished_at: int | None = await connection.fetchval(
        statement("finish_sweep"),
        sweep_id,
        outcome,
        *(by_outcome.get(key, 0) for key in get_args(Outcome)),
        *(zip(*map(_to_row, given_up), strict=True) if given_up else _NO_COLUMNS),
    )
    return finished_at


def _to_row(each: GivenUp) -> tuple[object, ...]:
    listing, error, message = each
    traffic = listing.traffic
    return (
        listing.id,
        listing.cluster.id,
        listing.via,
        listing.started_at,
        traffic.pages,
        traffic.requests,
        traffic.retries,
        traffic.throttles,
        listing.restarts,
        traffic.bytes,
        error,
        message[:MESSAGE_MAX],
        traffic.server_request_id,
    )
