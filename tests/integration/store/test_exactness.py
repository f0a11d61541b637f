"""Every value comes out of `inventory.backups` exactly as the API gave it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.store.merge import COPY_MIN
from tests.builders import CLUSTER, Rig, numbered, record, register, store_of

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]

WAYS = pytest.mark.parametrize("others", [0, COPY_MIN], ids=["statement", "copy"])

INSTANTS = {
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000000000Z",
    "0001-01-01T00:00:00.000000001Z": "0001-01-01T00:00:00.000000001Z",
    "0001-01-01T00:00:00.000001Z": "0001-01-01T00:00:00.000001000Z",
    "1969-12-31T23:59:59.999999999Z": "1969-12-31T23:59:59.999999999Z",
    "1970-01-01T00:00:00Z": "1970-01-01T00:00:00.000000000Z",
    "1999-12-31T23:59:59.999999999Z": "1999-12-31T23:59:59.999999999Z",
    "2000-01-01T00:00:00Z": "2000-01-01T00:00:00.000000000Z",
    "2026-10-25T01:30:00.9995Z": "2026-10-25T01:30:00.999500000Z",
    "2026-11-20T03:00:00.123456789+03:00": "2026-11-20T00:00:00.123456789Z",
    "2262-04-11T23:47:16.854775808Z": "2262-04-11T23:47:16.854775808Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999000Z",
    "9999-12-31T23:59:59.999999999Z": "9999-12-31T23:59:59.999999999Z",
}


async def _stored(db: Connection, backup_id: str) -> dict[str, Any]:
    row = await db.fetchrow("SELECT * FROM inventory.backups WHERE backup_id = $1", backup_id)
    assert row is not None
    return dict(row)


@WAYS
@pytest.mark.parametrize("given_text, stored_text", INSTANTS.items(), ids=INSTANTS)
async def test_an_instant_is_exact_to_the_nanosecond(
    rig: Rig, db: Connection, *, others: int, given_text: str, stored_text: str
) -> None:
    """From the first to the last that the API can name, as text, as numbers, and for both fields (C1, C5)."""
    await rig.merge([record("a", createdAt=given_text, startedAt=given_text), *numbered(others)])

    row = await db.fetchrow(
        "SELECT created_at_text, started_at_text, created_at_ns, isfinite(created_at) AS finite, "
        "inventory.epoch_ns(created_at, created_at_ns) = inventory.epoch_ns(started_at, started_at_ns) AS same, "
        "inventory.epoch_ns(created_at, created_at_ns) AS epoch_ns "
        "FROM inventory.backups WHERE backup_id = 'a'"
    )
    assert row is not None
    assert (row["created_at_text"], row["started_at_text"]) == (stored_text, stored_text)
    assert (row["created_at_ns"], row["finite"], row["same"]) == (int(stored_text[26:29]), True, True)
    assert row["epoch_ns"] == _epoch_ns(stored_text)


def _epoch_ns(text: str) -> Decimal:
    import whenever

    return Decimal(whenever.Instant.parse_iso(text).timestamp(unit="nanosecond"))


async def test_instants_sort_exactly(rig: Rig, db: Connection) -> None:
    """By the two columns, a nanosecond decides."""
    texts = sorted(set(INSTANTS.values()))
    await rig.merge([record(f"b{number}", createdAt=text) for number, text in enumerate(reversed(texts))])

    rows = await db.fetch("SELECT created_at_text FROM inventory.backups ORDER BY created_at, created_at_ns")

    assert [row[0] for row in rows] == texts


NUMBERS = {
    "sizeBytes": "size_bytes",
    "indicesTotal": "indices_total",
    "incrementalSizeBytes": "incremental_size_bytes",
    "totalSizeBytes": "total_size_bytes",
    "freeSpaceRequiredBytes": "free_space_required_bytes",
}


@WAYS
@pytest.mark.parametrize("value", [0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63)])
@pytest.mark.parametrize("spelling", [str, int], ids=["text", "number"])
async def test_numbers_are_exact(
    rig: Rig, db: Connection, *, others: int, value: int, spelling: type[str | int]
) -> None:
    """All of int64, in every column of numbers, each in its own (B5)."""
    given_values: dict[str, int] = {
        name: value - number if value > 0 else value + number for number, name in enumerate(NUMBERS)
    }
    fields: dict[str, Any] = {name: spelling(each) for name, each in given_values.items()}
    await rig.merge([record("a", **fields), *numbered(others)])

    row = await _stored(db, "a")

    assert {name: row[column] for name, column in NUMBERS.items()} == given_values


@WAYS
async def test_what_the_api_leaves_out_is_null(rig: Rig, db: Connection, others: int) -> None:
    """Not zero, not an empty text; only a list of indices that is left out is empty (B2, C7)."""
    bare = json.dumps({"id": "a"}).encode()
    await rig.merge([bare, *numbered(others)])

    row = await _stored(db, "a")

    unset = {name for name, value in row.items() if value is None}
    assert unset >= {
        "folder_id", "source_cluster_id", "started_at", "started_at_ns", "created_at", "created_at_ns",
        "started_at_text", "created_at_text", "duration", "opensearch_version", "extra", *NUMBERS.values(),
    }  # fmt: skip
    assert (row["indices"], row["indices_truncated"], row["state"]) == ([], None, "live")


@pytest.mark.parametrize(
    "count, truncated",
    [("3", True), ("2", False), ("1", False), ("0", False), (None, None)],
    ids=["more", "as-many", "fewer", "zero", "left-out"],
)
async def test_whether_names_are_left_out_is_said_only_where_the_api_counts(
    rig: Rig, db: Connection, count: str | None, truncated: bool | None
) -> None:
    """Without a count nobody can tell, now and in the past, and neither answer is made up."""
    await rig.merge([record("a", indices=["x", "y"], indicesTotal=count)])

    told = await db.fetch(
        "SELECT indices_truncated FROM inventory.backups "
        "UNION ALL SELECT indices_truncated FROM inventory.backups_at(now())"
    )

    assert [row[0] for row in told] == [truncated, truncated]


@WAYS
async def test_texts_are_kept_as_given(rig: Rig, db: Connection, others: int) -> None:
    """Quotes, commas, the empty text, and characters beyond the first plane (B7, B11)."""
    odd = "a\"b\\c,d{e}'f%s\t\n яндекс 𝄞"
    await rig.merge([record(odd, folderId=odd, opensearchVersion="", sourceClusterId=""), *numbered(others)])

    row = await _stored(db, odd)

    assert (row["folder_id"], row["opensearch_version"], row["source_cluster_id"]) == (odd, "", "")


@WAYS
async def test_unknown_fields_are_kept_as_json(rig: Rig, db: Connection, others: int) -> None:
    """With all digits of their numbers (B1, B9)."""
    unknown = (
        '{"type": "AUTOMATED", "n": 12345678901234567890.12345678901234567890, "l": [null, {"k": "\\u00e9\\"\\\\"}]}'
    )
    raw = b'{"id": "a", "unknown": ' + unknown.encode() + b"}"
    await rig.merge([raw, *numbered(others)])

    row = await _stored(db, "a")

    kept = json.loads(row["extra"], parse_float=Decimal)
    assert kept == {"unknown": json.loads(unknown, parse_float=Decimal)}


async def test_labels_and_names_of_clusters_are_kept_as_given(migrated_url: str, db: Connection) -> None:
    """They come from the configuration and are quoted by nobody on the way."""
    from dataclasses import replace

    odd = {'k"\\': "v,{}'𝄞", "": ""}
    async with store_of(migrated_url) as rig:
        await register(rig.store, replace(CLUSTER, name="n'\"\\", labels=odd, max_age_s=93600.5))

    row = await db.fetchrow("SELECT name, labels, extract(EPOCH FROM max_age) FROM inventory.clusters WHERE managed")
    assert row is not None
    assert (row[0], json.loads(row[1]), float(row[2])) == ("n'\"\\", odd, 93600.5)


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.dictionaries(
        TEXT.filter(bool), st.tuples(TEXT, st.integers(-(2**63), 2**63 - 1), st.lists(TEXT, max_size=4)), max_size=90
    )
)
async def test_whatever_is_listed_is_read_back(
    rig: Rig, db: Connection, drawn: dict[str, tuple[str, int, list[str]]]
) -> None:
    """Any ids, texts, numbers and names, by whichever way their number chooses (B5, B7)."""
    await db.execute("TRUNCATE collector.backup; UPDATE collector.cluster SET listing_digest = NULL")

    await rig.merge(
        [record(key, folderId=text, sizeBytes=number, indices=names) for key, (text, number, names) in drawn.items()]
    )

    rows = await db.fetch("SELECT backup_id, folder_id, size_bytes, indices FROM inventory.backups")
    assert {row[0]: (row[1], row[2], list(row[3])) for row in rows} == drawn
