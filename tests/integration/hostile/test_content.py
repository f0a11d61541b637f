"""Records whose content is strange, wrong or hostile, through the whole program and back out of the database."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest

from tests.builders import record, states
from tests.integration.hostile.duel import BACKUPS, FINE, LIED, Duel, always, backup, backups
from tests.scripted import answer, page

if TYPE_CHECKING:
    from tests.scripted import Step

    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

LIVE: Final = {f"b{number}": "live" for number in range(BACKUPS)}


def with_record(raw: bytes) -> Step:
    """Answer the twelve honest backups, and this record among them."""
    listed = [json.dumps(each).encode() for each in backups()]
    return answer(b'{"backups":[' + b",".join([*listed[:5], raw, *listed[5:]]) + b"]}")


HOSTILE_RECORDS: dict[str, bytes] = {
    "B3-no-id": record("x", cluster=LIED, id=None),
    "B3-id-of-null": b'{"id":null}',
    "B3-id-of-another-type": b'{"id":5}',
    "B3-no-object": b"[1]",
    "B3-indices-of-another-type": record("x", cluster=LIED, indices="logs"),
    "B5-fraction": record("x", cluster=LIED, sizeBytes=1.0),
    "B5-true": record("x", cluster=LIED, sizeBytes=True),
    "B5-plus": record("x", cluster=LIED, sizeBytes="+1"),
    "B5-2^63": record("x", cluster=LIED, sizeBytes=2**63),
    "B5-2^64-text": record("x", cluster=LIED, sizeBytes=str(2**64)),
    "B6-nul-in-a-name": record("x", cluster=LIED, indices=["a\0b"]),
    "B6-nul-in-an-id": record("x\0", cluster=LIED),
    "B6-nul-in-a-key": record("x", cluster=LIED, **{"k\0": 1}),
    "B7-half-a-character": record("x\ud800", cluster=LIED),
    "B7-no-utf-8": b'{"id":"x\xff"}',
    "B9-huge-exponent": b'{"id":"x","sizeBytes":1e400}',
    "B9-5000-digits": b'{"id":"x","sizeBytes":' + b"9" * 5000 + b"}",
    "B10-long-name": record("x", cluster=LIED, indices=["n" * 100_000]),
    "B10-long-id": record("x" * 100_000, cluster=LIED),
    "C2-ten-digits": record("x", cluster=LIED, createdAt="2026-03-01T04:05:06.1234567891Z"),
    "C3-offset-of-a-day": record("x", cluster=LIED, createdAt="2026-03-01T04:05:06+24:00"),
    "C4-leap-second": record("x", cluster=LIED, createdAt="2016-12-31T23:59:60Z"),
    "C5-past-the-end": record("x", cluster=LIED, createdAt="9999-12-31T23:59:59-00:01"),
    "C6-year-0": record("x", cluster=LIED, createdAt="0000-01-01T00:00:00Z"),
    "C6-date-only": record("x", cluster=LIED, createdAt="2026-03-01"),
    "C8-milliseconds": record("x", cluster=LIED, createdAt=1_772_337_906_000),
}


@pytest.mark.parametrize("raw", HOSTILE_RECORDS.values(), ids=HOSTILE_RECORDS.keys())
async def test_a_record_that_cannot_be_stored_exactly_costs_itself_alone(
    duel: Duel, db: Connection, raw: bytes
) -> None:
    """B3, B5, B6, B7, B9, B10, C2, C3, C4, C5, C6, C8: put aside byte for byte, twice the same; its neighbours stay."""
    duel.lie = always(with_record(raw))

    outcomes = [await duel.outcome() for _ in range(2)]

    assert outcomes == ["partial", "partial"]
    assert await states(db, LIED) == LIVE
    assert [row["raw"] for row in await db.fetch("SELECT raw FROM inventory.quarantine")] == [raw]
    assert len(duel.asked) == 1


STRANGE_TEXTS: dict[str, str] = {
    "B7-direction": "\u202egnp.exe\u2066",
    "B7-noncharacter": "a\ufffe\U0010ffffb",
    "B7-terminal": "\x1b]0;owned\x07\x1b[2J\r\n",
    "B11-drop": "'; DROP SCHEMA collector CASCADE; --",
    "B11-dollar": "$1 $$x$$ :name ?",
    "B11-format": "%s %(x)s {0} {x!r} \\copy \\N",
    "B11-array": '{"a",NULL,\\",}',
    "B11-quotes": "\"'`´\\'\\\"",
    "B12-script": "<script>alert(1)</script>",
    "B12-attribute": "\"><img src=x onerror='alert(1)'>&lt;{{7*7}}",
}


@pytest.mark.parametrize("text", STRANGE_TEXTS.values(), ids=STRANGE_TEXTS.keys())
async def test_a_strange_text_is_stored_as_the_text_that_it_is(duel: Duel, db: Connection, text: str) -> None:
    """B1, B7, B11, B12: in every column that holds text, in names, keys and values; and every table is still there."""
    listed = backup(text, folderId=text, opensearchVersion=text, indices=[text], unknown={text: [text]})
    duel.lie = always(page(*backups(), listed))

    outcomes = [await duel.outcome() for _ in range(2)]

    assert outcomes == ["complete", "complete"]
    row = await db.fetchrow(
        "SELECT folder_id, opensearch_version, indices, extra FROM inventory.backups WHERE backup_id = $1", text
    )
    assert row is not None
    assert (row["folder_id"], row["opensearch_version"], row["indices"]) == (text, text, [text])
    assert json.loads(row["extra"]) == {"unknown": {text: [text]}}
    assert await states(db, FINE) == LIVE


async def test_a_word_nobody_knows_is_a_value_like_any_other(duel: Duel, db: Connection) -> None:
    """B1, B4: new fields and new words of the API fail nothing and are kept."""
    duel.lie = always(page(*backups(), backup("new", status="STATUS_NEW", type={"kind": "HYBRID"})))

    outcome = await duel.outcome()

    extra = await db.fetchval("SELECT extra FROM inventory.backups WHERE backup_id = 'new'")
    assert (outcome, json.loads(extra)) == ("complete", {"status": "STATUS_NEW", "type": {"kind": "HYBRID"}})


async def test_of_two_equal_keys_the_last_counts(duel: Duel, db: Connection) -> None:
    """B8: in a record and in a page; documented, and the same every time."""
    raw = b'{"id":"first","id":"second","sizeBytes":"1","sizeBytes":"2"}'
    honest = json.dumps(backups())[1:-1].encode()
    duel.lie = always(answer(b'{"backups":[],"backups":[' + honest + b"," + raw + b"]}"))

    outcomes = [await duel.outcome() for _ in range(2)]

    assert outcomes == ["complete", "complete"]
    assert await states(db, LIED) == {**LIVE, "second": "live"}
    assert await db.fetchval("SELECT size_bytes FROM inventory.backups WHERE backup_id = 'second'") == 2


async def test_values_that_change_are_updated_and_kept(duel: Duel, db: Connection) -> None:
    """B13: the row says what is, the history what was."""
    duel.lie = always(page(backup("b0", sizeBytes="777"), *backups()[1:]))

    outcome = await duel.outcome()

    assert outcome == "complete"
    assert (
        await db.fetchval(
            "SELECT size_bytes FROM inventory.backups WHERE backup_id = 'b0' AND cluster_id = $1", LIED.id
        )
        == 777
    )
    change: dict[str, Any] = dict(await db.fetchrow("SELECT * FROM collector.backup_change") or {})
    assert (change["backup_id"], change["kind"]) == ("b0", "changed")


async def test_a_backup_of_the_far_future_is_stored_and_proves_no_freshness(duel: Duel, db: Connection) -> None:
    """C9: it is stored as the API said, completed before it started; the newest backup is another one."""
    odd = backup("odd", startedAt="9999-12-31T23:59:59.999999999Z", createdAt="9998-01-01T00:00:00Z")
    honest = [backup(f"b{number}", createdAt=f"2025-01-{number + 1:02}T00:00:00Z") for number in range(BACKUPS)]
    duel.lie = always(page(*honest, odd))

    outcome = await duel.outcome()

    assert outcome == "complete"
    row = await db.fetchrow("SELECT started_at_text, created_at_text FROM inventory.backups WHERE backup_id = 'odd'")
    assert row is not None
    assert tuple(row) == ("9999-12-31T23:59:59.999999999Z", "9998-01-01T00:00:00.000000000Z")
    assert await db.fetchval("SELECT newest_backup_id FROM inventory.freshness WHERE cluster_id = $1", LIED.id) == "b11"
