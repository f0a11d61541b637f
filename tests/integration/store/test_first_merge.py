"""The first merge of a cluster: nothing is looked up, and nothing is taken for empty that is not any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from collector.store import store as storing
from collector.store.merge import COPY_MIN
from tests.builders import CLUSTER, Rig, numbered, records, states, store_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_two_first_loads_at_once_end_with_the_newer(migrated_url: str, db: Connection) -> None:
    """Neither waits for ever, and rows are those of the listing that began later."""
    async with store_of(migrated_url) as one, store_of(migrated_url) as two:
        earlier, later = await one.begin(), await two.begin()

        results = await asyncio.gather(one.end(earlier, numbered(200)), two.end(later, numbered(150, start=100)))

    assert results[1].outcome == "complete"
    assert results[0].outcome in ("complete", "superseded")
    live = sorted(key for key, state in (await states(db)).items() if state == "live")
    assert live == [f"b{number:05}" for number in range(100, 250)]


@pytest.mark.usefixtures("_hurried")
@pytest.mark.parametrize("count", [1, COPY_MIN + 1], ids=["few", "many"])
@pytest.mark.parametrize("which", ["older", "newer"])
async def test_a_cluster_that_was_empty_when_a_sweep_began_is_read_once_another_has_written_it(
    rig: Rig, migrated_url: str, db: Connection, count: int, which: str
) -> None:
    """That nothing needs to be looked up in an empty cluster is known from the sweep's beginning, and checked."""
    assert await rig.store.read_digests([CLUSTER.id]) == {}
    earlier, later = await rig.begin(), await rig.begin()
    async with store_of(migrated_url) as other:
        await other.end(earlier if which == "newer" else later, records("a"))

    result = await rig.end(later if which == "newer" else earlier, numbered(count))

    found = await states(db)
    assert result.outcome == ("complete" if which == "newer" else "superseded")
    assert found["a"] == ("missing" if which == "newer" else "live")
    assert len(found) == (1 + count if which == "newer" else 1)


async def test_a_first_merge_looks_nothing_up(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round trip less for each new cluster; the second merge of the same sweep reads again."""
    reads = _count_reads(monkeypatch)
    await rig.store.read_digests([CLUSTER.id])

    first, second = await rig.merge(records("a")), await rig.merge(records("a"))

    assert (first.counts.inserted, second.counts.unchanged, len(reads)) == (1, 1, 1)


def _count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    module: Any = storing
    read_known = module.read_known
    reads: list[str] = []

    async def read(connection: Any, cluster_id: str) -> Any:
        reads.append(cluster_id)
        return await read_known(connection, cluster_id)

    monkeypatch.setattr(module, "read_known", read)
    return reads
