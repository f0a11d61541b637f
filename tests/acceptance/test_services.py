"""One sweep over two folders with a cluster of every service each, held against what protobuf prints of them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import product
from typing import TYPE_CHECKING, Any, Final, Literal

import asyncpg
import pytest
from google.protobuf import json_format  # type: ignore[import-untyped]

from collector.emulator import INSTANT_NS_MAX, INSTANT_NS_MIN, EmulatedBackup, EmulatedCluster, Emulator, Fleet
from tests import vendor
from tests.acceptance.inventory import NOW_NS, nine_digits
from tests.acceptance.program import TOKEN, Program
from tests.builders import row_versions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

pytestmark = pytest.mark.any_python

INT64S: Final = (0, 1, -1, 2**53 + 1, 2**63 - 1, -(2**63))
INSTANTS: Final = (None, INSTANT_NS_MIN, -1, 0, 999, NOW_NS, 2**63, INSTANT_NS_MAX)
TEXTS: Final = ("", "plain", '"quoted", {braced} \\slashed\\', "журнал 🗄", "o'clock; --", "NULL", "line\nfeed")
LISTS: Final = ((), ("a",), ("b", "a", "b"), TEXTS)
ENUMS: Final = {"type": ("", "AUTOMATED", "MANUAL"), "method": ("", "BASE"), "status": ("", "DONE", "CREATING")}

# Enough for COPY in four of five clusters, and not in the fifth.
COUNTS: Final = (80, 70, 90, 130, 12)
FOLDERS: Final = ("b1gone", "b1gtwo")


def drawn(cluster_id: str, service: str, number: int, *, rng: random.Random) -> EmulatedBackup:
    """Draw a backup; its service's answer shows those of its values that the message has."""
    fields: dict[str, Any] = {}
    for field in vendor.fields_of(service):
        name = vendor.column_of(field.name)
        if vendor.is_instant(field):
            fields[f"{name}_ns"] = rng.choice(INSTANTS)
        elif field.is_repeated:
            fields[name] = rng.choice(LISTS)
        elif name in ENUMS:
            fields[name] = rng.choice(ENUMS[name])
        elif name not in {"backup_id", "source_cluster_id"}:
            fields[name] = rng.choice(INT64S if name.endswith(("bytes", "total")) else TEXTS)
    return EmulatedBackup(id=f"{cluster_id}:{number}", source_cluster_id=rng.choice(["", cluster_id]), **fields)


def fleet_of_all() -> Fleet:
    """Make a cluster of each service in each folder; some are listed by COPY, some by the statement for few."""
    fleet = Fleet()
    rng = random.Random(11)
    for at, (folder_id, service) in enumerate(product(FOLDERS, vendor.SERVICES)):
        cluster = EmulatedCluster(id=f"c9q{folder_id}-{service}", folder_id=folder_id, service=service)
        backups = [drawn(cluster.id, service, number, rng=rng) for number in range(COUNTS[at % len(COUNTS)])]
        fleet.add_cluster(cluster, backups=backups)
    return fleet


def configure(program: Program, emulator: Emulator, url: str) -> None:
    """Write a configuration of all clusters, each with its service."""
    entries = "".join(f"  - {{id: {each.id}, service: {each.service}}}\n" for each in emulator.fleet.clusters.values())
    program.write_config([], url=url, api=emulator, more=entries, limits={"page_size": 50})


def discover(program: Program, emulator: Emulator, url: str) -> None:
    """Write a configuration of both folders, without any cluster."""
    services = ", ".join(vendor.SERVICES)
    entries = "".join(f"  - {{folder: {folder_id}, services: [{services}]}}\n" for folder_id in FOLDERS)
    program.write_config([], url=url, api=emulator, more=f"discovery:\n{entries}", limits={"page_size": 50})


def expected(fleet: Fleet, *, defaults: Literal["left_out", "printed"]) -> dict[str, dict[str, object]]:
    """Tell what the view must hold of each backup, out of the message as protobuf prints it."""
    rows: dict[str, dict[str, object]] = {}
    for cluster in fleet.clusters.values():
        for backup in cluster.backups:
            members: Mapping[str, Any] = json_format.MessageToDict(
                vendor.message_of(backup, cluster.service),
                always_print_fields_with_no_presence=defaults == "printed",
            )
            rows[backup.id] = {
                "service": cluster.service,
                **dict(_column(field, members.get(field.json_name)) for field in vendor.fields_of(cluster.service)),
            }
    return rows


def _column(field: Any, value: Any) -> tuple[str, object]:
    column = vendor.column_of(field.name)
    if vendor.is_instant(field):
        whole, _, fraction = (value or "").removesuffix("Z").partition(".")
        return f"{column}_text", f"{whole}.{fraction.ljust(9, '0')}Z" if value else None
    if field.is_repeated:
        return column, value or []
    is_number = column.endswith(("bytes", "total"))
    return column, int(value) if is_number and value is not None else value


async def held(db: Connection, like: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, object]]:
    """Read the same columns of the same backups; every other column of another service's field must be NULL."""
    rows = {row["backup_id"]: dict(row) for row in await db.fetch("SELECT * FROM inventory.backups")}
    for backup_id, row in rows.items():
        foreign = ({column for each in like.values() for column in each} - like[backup_id].keys()) - {"indices"}
        assert {column for column in foreign if row[column] is not None} == set()
        assert row["extra"] is None
    return {backup_id: {column: row[column] for column in like[backup_id]} for backup_id, row in rows.items()}


@pytest.mark.parametrize("defaults", ["left_out", "printed"])
async def test_the_view_holds_what_protobuf_says_was_served(
    program: Program, migrated_url: str, db: Connection, defaults: Literal["left_out", "printed"]
) -> None:
    """Every field of every service in two folders, over several pages; of what is left out, only lists are not NULL."""
    fleet = fleet_of_all()
    like = expected(fleet, defaults=defaults)
    async with Emulator(fleet, token=TOKEN, print_defaults=defaults == "printed") as emulator:
        discover(program, emulator, migrated_url)

        rehearsed = await program.run("run", "--dry-run", "--output", "json")
        nothing = await db.fetchval("SELECT count(*) FROM collector.backup")
        ended = await program.run("run", "--output", "json")

    assert (rehearsed.code, ended.code) == (0, 0), ended.stderr
    assert nothing == 0
    assert rehearsed.json()["backups"] == ended.json()["backups"]
    assert ended.json()["backups"]["inserted"] == len(like)
    assert ended.json()["clusters"]["complete"] == len(fleet.clusters) == 20
    assert await held(db, like) == like


async def test_the_same_answers_again_write_no_backup(program: Program, migrated_url: str, db: Connection) -> None:
    """Of no service."""
    async with Emulator(fleet_of_all(), token=TOKEN) as emulator:
        configure(program, emulator, migrated_url)
        first = await program.run("run", "--output", "json")
        before = await row_versions(db)

        second = await program.run("run", "--output", "json")

    assert (first.code, second.code) == (0, 0)
    assert await row_versions(db) == before
    assert second.json()["backups"]["unchanged"] == first.json()["backups"]["inserted"] == len(before)


async def test_a_backup_that_changes_or_goes_is_noticed_in_every_service(
    program: Program, migrated_url: str, db: Connection
) -> None:
    """One of each cluster gets another value, one is taken away; twice absent, it has vanished."""
    fleet = fleet_of_all()
    async with Emulator(fleet, token=TOKEN) as emulator:
        configure(program, emulator, migrated_url)
        await program.run("run")
        for cluster in fleet.clusters.values():
            gone, other = cluster.backups[:2]
            fleet.remove_backup(cluster.id, gone.id)
            fleet.replace_backup(cluster.id, EmulatedBackup(id=other.id, created_at_ns=NOW_NS, folder_id="another"))
        second = await program.run("run", "--output", "json")
        third = await program.run("run", "--output", "json")

    clusters = len(fleet.clusters)
    assert (second.json()["backups"]["updated"], second.json()["backups"]["missing"]) == (clusters, clusters)
    assert third.json()["backups"]["vanished"] == clusters
    rows = await db.fetch("SELECT created_at_text FROM inventory.backups WHERE folder_id = 'another'")
    assert [row["created_at_text"] for row in rows] == [nine_digits(NOW_NS)] * clusters
