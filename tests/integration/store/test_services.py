"""Backups of every service in `inventory.backups`: each value in its column, by either way of writing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.records import Counts
from collector.services import SERVICES as TABLE
from collector.store.merge import COPY_MIN
from tests import vendor
from tests.builders import cluster_of, register, row_versions, store_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

SAMPLES: Final = Path(__file__).parents[2] / "samples" / "backups"
WAYS = pytest.mark.parametrize("others", [0, COPY_MIN], ids=["statement", "copy"])
SERVICES = pytest.mark.parametrize("service", vendor.SERVICES)

EDITS: Final = {
    "bigint": "1",
    "smallint": "7",
    "text": "'edited'",
    "text[]": "'{edited}'",
    "timestamp with time zone": "now()",
    "uuid": "gen_random_uuid()",
}
"""A value of each type that the samples do not have."""

RETAIN: Final = ("retain_until", "retain_until_ns", "retain_until_text")
OWN: Final = (
    *("opensearch_version", "elasticsearch_version", "size_bytes", "indices_total", "incremental_size_bytes"),
    *("total_size_bytes", "free_space_required_bytes", "type", "method", "status", "journal_size_bytes"),
    *("shared_size_bytes", "source_shard_names", "databases", "retention_policy_id", "retention_policy_name"),
)
"""The columns of the view that not every service has."""


def sample(service: str, **changes: object) -> bytes:
    """Read a service's sample, with some of its members changed; one changed to None is left out."""
    members = {**json.loads((SAMPLES / f"{service}.json").read_bytes()), **changes}
    return json.dumps({name: value for name, value in members.items() if value is not None}).encode()


def bare(count: int) -> list[bytes]:
    """Write backups that are nothing but an id."""
    return [b'{"id":"b%d"}' % number for number in range(count)]


def number_or_text(column: str, value: Any) -> object:
    """Turn an int64 that is still text into a number."""
    return int(value) if column.endswith(("bytes", "total")) and value is not None else value


async def view_of(db: Connection, backup_id: str) -> dict[str, Any]:
    """Read a backup as readers see it."""
    row = await db.fetchrow("SELECT * FROM inventory.backups WHERE backup_id = $1", backup_id)
    assert row is not None
    return dict(row)


@WAYS
@SERVICES
async def test_the_sample_of_a_service_is_read_back(
    migrated_url: str, db: Connection, *, service: str, others: int
) -> None:
    """Each value in the column that its field goes to; the columns of other services' fields are NULL."""
    async with store_of(migrated_url, cluster_of(service)) as rig:
        await rig.merge([sample(service), *bare(others)], cluster=cluster_of(service))
    members = json.loads(sample(service))

    row = await view_of(db, members["id"])

    fields = {vendor.column_of(field.name): field.json_name for field in vendor.fields_of(service)}
    expected = {column: number_or_text(column, members[fields[column]]) if column in fields else None for column in OWN}
    assert {column: number_or_text(column, row[column]) for column in OWN} == expected
    assert (row["service"], row["extra"], row["indices"]) == (service, None, members.get("indices", []))
    assert (row["retain_until_text"], row["retain_until_ns"]) == (
        members.get("retainUntil"),
        789 if "retainUntil" in members else None,
    )
    assert (row["started_at_text"], row["created_at_text"]) == (
        "2026-03-01T04:05:06.789000000Z",
        "2026-03-01T04:05:09.123456789Z",
    )


@WAYS
@SERVICES
async def test_what_the_api_leaves_out_is_null(migrated_url: str, db: Connection, *, service: str, others: int) -> None:
    """But a list of names is empty, if the service has such a list at all."""
    async with store_of(migrated_url, cluster_of(service)) as rig:
        await rig.merge([b'{"id":"a"}', *bare(others)], cluster=cluster_of(service))

    row = await view_of(db, "a")

    lists = {vendor.column_of(field.name) for field in vendor.fields_of(service) if field.is_repeated} - {"indices"}
    columns = (*OWN, *RETAIN)
    assert {column: row[column] for column in columns} == {**dict.fromkeys(columns), **{column: [] for column in lists}}
    assert row["indices"] == []


@WAYS
@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00.000000000Z",
        "0001-01-01T00:00:00.000000999Z",
        "1969-12-31T23:59:59.999999999Z",
        "1999-12-31T23:59:59.999999500Z",
        "2026-02-28T23:59:59.999999999Z",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59.999999000Z",
        "9999-12-31T23:59:59.999999999Z",
    ],
)
async def test_retain_until_is_exact_to_the_nanosecond(
    migrated_url: str, db: Connection, *, text: str, others: int
) -> None:
    """From the first instant to the last, floored to the microsecond, and never infinite."""
    cluster = cluster_of("postgresql")
    async with store_of(migrated_url, cluster) as rig:
        raw = json.dumps({"id": "a", "createdAt": text, "retainUntil": text}).encode()
        await rig.merge([raw, *bare(others)], cluster=cluster)

    row = await view_of(db, "a")

    assert (row["retain_until_text"], row["retain_until_ns"]) == (text, int(text[26:29]))
    same = "SELECT retain_until = created_at AND isfinite(retain_until) FROM inventory.backups WHERE backup_id = 'a'"
    assert await db.fetchval(same)


@WAYS
@pytest.mark.parametrize("value", [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
async def test_sizes_are_exact(migrated_url: str, db: Connection, *, value: int, others: int) -> None:
    """All of int64, each in its own column."""
    cluster = cluster_of("greenplum")
    names = {"size": "size_bytes", "journalSize": "journal_size_bytes", "sharedSize": "shared_size_bytes"}
    given_values = {name: value - at if value > 0 else value + at for at, name in enumerate(names)}
    async with store_of(migrated_url, cluster) as rig:
        await rig.merge([json.dumps({"id": "a", **given_values}).encode(), *bare(others)], cluster=cluster)

    row = await view_of(db, "a")

    assert {name: row[column] for name, column in names.items()} == given_values
    assert row["extra"] is None


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@SERVICES
async def test_whatever_the_vendors_message_holds_is_read_back(
    migrated_url: str, db: Connection, service: str, data: st.DataObject
) -> None:
    """Any texts, names, numbers and instants: new by COPY, then changed by the statement."""
    cluster = cluster_of(service)
    first, second = (data.draw(vendor.messages(service, cluster_id=cluster.id, backup_id="a")) for _ in range(2))
    await db.execute("TRUNCATE collector.backup; UPDATE collector.cluster SET listing_digest = NULL")

    async with store_of(migrated_url, cluster) as rig:
        for message, others in ((first, COPY_MIN), (second, 0)):
            await rig.merge([vendor.json_of(message), *bare(others)], cluster=cluster, absence="allowed")

            row = await view_of(db, "a")
            for field in vendor.fields_of(service):
                assert await shown(db, row, field) == vendor.value_of(message, field), field.name


async def shown(db: Connection, row: dict[str, Any], field: Any) -> object:
    """Take a field's value out of a row, as `vendor.value_of` tells it."""
    column = vendor.column_of(field.name)
    if not vendor.is_instant(field):
        return row[column]
    query = f"SELECT inventory.epoch_ns({column}, {column}_ns)::text FROM inventory.backups WHERE backup_id = 'a'"  # noqa: S608 - our names
    text = await db.fetchval(query)
    return None if text is None else int(text)


@SERVICES
async def test_a_change_of_a_value_is_written_down(migrated_url: str, db: Connection, service: str) -> None:
    """Of the columns that differ the old and the new value; the same answer again writes nothing."""
    cluster = cluster_of(service)
    field = next(field for field in reversed(vendor.fields_of(service)) if not vendor.is_instant(field))
    column = vendor.column_of(field.name)
    value: object = ["another"] if field.is_repeated else "77"
    async with store_of(migrated_url, cluster) as rig:
        await rig.merge([sample(service)], cluster=cluster)

        changed = await rig.merge([sample(service, **{field.json_name: value})], cluster=cluster)
        before = await row_versions(db)
        again = await rig.merge([sample(service, **{field.json_name: value}), *bare(1)], cluster=cluster)

    row = await db.fetchrow("SELECT kind, before, after FROM collector.backup_change")
    assert row is not None
    old = json.loads(sample(service))[field.json_name]
    assert (changed.counts, again.counts) == (Counts(updated=1), Counts(unchanged=1, inserted=1))
    assert (row["kind"], json.loads(row["before"]), json.loads(row["after"])) == (
        "changed",
        {column: number_or_text(column, old)},
        {column: number_or_text(column, value)},
    )
    assert before.items() <= (await row_versions(db)).items()


async def test_the_past_holds_what_the_columns_held(migrated_url: str, db: Connection) -> None:
    """Every column of every service, as the view showed it then."""
    cluster = cluster_of("postgresql")
    async with store_of(migrated_url, cluster) as rig:
        await rig.merge([sample("postgresql")], cluster=cluster)
        then = await db.fetchval("SELECT clock_timestamp()")
        before = await view_of(db, "c9qsamplecluster:20260301T0405")
        await rig.merge([b'{"id":"c9qsamplecluster:20260301T0405"}'], cluster=cluster)

    past = await db.fetchrow("SELECT * FROM inventory.backups_at($1)", then)
    assert past is not None
    assert dict(past) == before
    assert (await view_of(db, "c9qsamplecluster:20260301T0405"))["retain_until"] is None


async def test_a_cluster_whose_service_was_corrected_keeps_nothing_of_the_wrong_one(
    migrated_url: str, db: Connection
) -> None:
    """The columns that only the other service has are emptied, and the history says what they held."""
    right, wrong = cluster_of("redis"), cluster_of("postgresql")
    raw = sample("postgresql")
    async with store_of(migrated_url, wrong) as rig:
        await rig.merge([raw], cluster=wrong)
        await register(rig.store, right)

        await rig.merge([sample("postgresql", type="MANUAL")], cluster=right)

    row = await view_of(db, json.loads(raw)["id"])
    assert (row["service"], row["type"], row["source_shard_names"]) == ("redis", "MANUAL", [])
    assert (row["status"], row["size_bytes"], row["retain_until"]) == (None, None, None)
    assert json.loads(row["extra"])["size"] == "9223372036854775807"
    before = json.loads(await db.fetchval("SELECT before FROM collector.backup_change"))
    assert (before["status"], before["size_bytes"], before["source_shard_names"]) == ("DONE", 2**63 - 1, None)


@pytest.mark.parametrize("column", sorted({column for each in TABLE.values() for column in each.own_columns}))
async def test_an_edit_by_hand_is_undone(migrated_url: str, db: Connection, column: str) -> None:
    """No column of any service is a place to hide: the next sweep reads the record anew."""
    query = "SELECT format_type(atttypid, -1) FROM pg_attribute WHERE attrelid = $1::text::regclass AND attname = $2"
    kind = await db.fetchval(query, "collector.backup", column)
    cluster = cluster_of("postgresql")
    async with store_of(migrated_url, cluster) as rig:
        await rig.merge([sample("postgresql")], cluster=cluster)
        before = await view_of(db, "c9qsamplecluster:20260301T0405")
        await db.execute(f"UPDATE collector.backup SET {column} = {EDITS[kind]}")  # noqa: S608 - our names

        await rig.merge([sample("postgresql")], cluster=cluster)

    after = await view_of(db, "c9qsamplecluster:20260301T0405")
    assert after == {**before, "last_seen_at": after["last_seen_at"]}
