"""From the API's JSON to the view's columns, through the whole program: nothing rounded, stripped, added or lost."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Literal

import asyncpg
import pytest

from collector.emulator import INSTANT_NS_MAX, INSTANT_NS_MIN, EmulatedBackup, Emulator, Fleet, Order, render_backup
from tests.acceptance.inventory import NOW_NS, NUMBERS, made, nine_digits, served, stored
from tests.acceptance.program import TOKEN, Program
from tests.builders import row_versions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

INT64_MAX: Final = 2**63 - 1
YEAR_2262_NS: Final = 2**63
"""Where a count of nanoseconds in 64 bits has ended."""

INSTANTS: Final = (
    INSTANT_NS_MIN,
    INSTANT_NS_MIN + 1,
    INSTANT_NS_MIN + 999_999_999,
    -1,
    0,
    1,
    999,
    1_000,
    946_684_800_000_000_000 - 1,
    NOW_NS // 10**9 * 10**9,
    NOW_NS // 10**9 * 10**9 + 120_000_000,
    NOW_NS // 10**9 * 10**9 + 123_456_000,
    NOW_NS // 10**9 * 10**9 + 999_999_999,
    YEAR_2262_NS - 1,
    YEAR_2262_NS,
    INSTANT_NS_MAX - 999_999,
    INSTANT_NS_MAX - 1,
    INSTANT_NS_MAX,
)
NAMES: Final = (
    "",
    " ",
    ".kibana_1",
    '"quoted", {braced} and \\slashed\\',
    "o'clock; DROP TABLE backup; --",
    "NULL",
    "null",
    "$1 %s \\x00 \\N",
    "line\nfeed\ttab\x01\x7f",
    "журнал-二〇二六-🗄",
    "e\u0301 is not \u00e9",
    "\u202eright to left",
    "\ufeff\uffff\U0010ffff",
    "a" * 255,
)
UNKNOWN: Final = '{"a":[1,2.50,1e400,"é\\n"],"":null,"12345678901234567890123":12345678901234567890.125}'


def odd_backups(cluster_id: str) -> list[EmulatedBackup]:
    """Make a backup for each odd instant, name and number."""
    rng = random.Random(7)
    by_instant = [
        EmulatedBackup(id=f"t{number:02}", created_at_ns=instant, started_at_ns=rng.choice(INSTANTS))
        for number, instant in enumerate(INSTANTS)
    ]
    numbers: list[dict[str, Any]] = [
        {name: number} for name in NUMBERS for number in (1, 2**53 + 1, INT64_MAX, -INT64_MAX - 1)
    ]
    by_number = [
        EmulatedBackup(id=f"n{number:02}", source_cluster_id=cluster_id, **fields)
        for number, fields in enumerate(numbers)
    ]
    return [
        *by_instant,
        *by_number,
        EmulatedBackup(id="bare"),
        EmulatedBackup(id="ИД-'\"\\ 🗝", folder_id="'", opensearch_version='2.12 "beta"'),
        EmulatedBackup(id="names", indices=NAMES, indices_total=len(NAMES)),
        EmulatedBackup(id="reversed-names", indices=NAMES[::-1], indices_total=len(NAMES)),
        EmulatedBackup(id="names-twice", indices=("a", "a"), indices_total=2),
        EmulatedBackup(id="some-names", indices=tuple(f"index-{n:05}" for n in range(100)), indices_total=40_000),
    ]


def odd_fleet(order: Order) -> Fleet:
    """Make two clusters, one of them odd, that are listed in this order."""
    return Fleet.of({"c9qodd": odd_backups("c9qodd"), "c9qplain": made("c9qplain", range(25))}, order=order)


def say_more(emulator: Emulator, cluster_id: str, backup_id: str) -> None:
    """Let the API print a field that nobody knows yet, in one record of the listing."""
    listed: Sequence[EmulatedBackup] = emulator.fleet.cluster(cluster_id).backups
    position = [backup.id for backup in listed].index(backup_id)
    text = render_backup(listed[position])
    emulator.faults.raw_record(cluster_id, position, f'{text[:-1]},"novelty":{UNKNOWN}}}')


@pytest.mark.parametrize("defaults", ["left_out", "printed"])
async def test_the_view_holds_field_by_field_what_the_api_served(
    program: Program, migrated_url: str, db: Connection, defaults: Literal["left_out", "printed"]
) -> None:
    """Absent is NULL and zero is 0; all else is as it was sent, on every page."""
    fleet = odd_fleet("newest_first")
    extra = {"names": f'{{"novelty":{UNKNOWN}}}'} if defaults == "left_out" else {}
    async with Emulator(fleet, token=TOKEN, print_defaults=defaults == "printed") as emulator:
        if extra:
            say_more(emulator, "c9qodd", "names")
        program.write_config(fleet.clusters, url=migrated_url, api=emulator, limits={"page_size": 10})

        ended = await program.run("run", "--output", "json")

    total = len(odd_backups("")) + 25
    assert ended.code == 0, ended.stderr
    assert await stored(db) == served(fleet, defaults=defaults, extra=extra)
    assert ended.json()["backups"]["inserted"] == total
    assert ended.json()["requests"] == emulator.requests_total == -(-(total - 25) // 10) + 3


async def test_the_same_answer_in_another_order_writes_no_backup(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """Not a row of backups or lists of names is touched, and the report says so."""
    async with Emulator(odd_fleet("newest_first"), token=TOKEN) as emulator:
        program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits={"page_size": 10})
        first = await program.run("run", "--output", "json")
    before = [await row_versions(db, table) for table in ("backup", "index_set")]

    async with Emulator(odd_fleet("by_id"), token=TOKEN) as emulator:
        program.write_config(emulator.fleet.clusters, url=migrated_url, api=emulator, limits={"page_size": 7})
        second = await program.run("run", "--output", "json")

    counts: dict[str, Any] = second.json()["backups"]
    assert (first.code, second.code) == (0, 0)
    assert [await row_versions(db, table) for table in ("backup", "index_set")] == before
    assert counts.pop("unchanged") == first.json()["backups"]["inserted"] == len(before[0])
    assert set(counts.values()) == {0}
    assert await db.fetchval("SELECT count(*) FROM collector.backup_change") == 0


async def test_the_two_columns_sort_like_the_instants_they_hold(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """From the year 1 to 9999, to the nanosecond."""
    async with Emulator(Fleet.of({"c9qodd": odd_backups("c9qodd")}), token=TOKEN) as emulator:
        program.write_config(["c9qodd"], url=migrated_url, api=emulator)
        await program.run("run")

    rows = await db.fetch(
        "SELECT created_at_text FROM inventory.backups WHERE created_at IS NOT NULL ORDER BY created_at, created_at_ns"
    )

    assert [row["created_at_text"] for row in rows] == [nine_digits(instant) for instant in sorted(INSTANTS)]
