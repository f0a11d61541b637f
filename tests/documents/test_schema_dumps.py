"""The dumps of the schema are those that the migrations make today."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Final

import asyncpg
import pytest

from collector.embedded import EmbeddedServer
from collector.store.migrations import find_migrations
from tests.postgres import scratch_database
from tests.schema_dumps import DUMPING_MAJOR, FOLDER, RELEASED, dump_file, dump_head, dumps_of

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

AGAIN: Final = "out of date: `python -m tests.schema_dumps` writes it"


@pytest.fixture(scope="module")
async def migrated(postgres: EmbeddedServer) -> AsyncIterator[tuple[str, dict[int, str]]]:
    """Yield a database that went through all migrations with rows in it, and its dump after each."""
    async with scratch_database(postgres) as url:
        yield url, {version: text async for version, text in dumps_of(url)}


@pytest.fixture(autouse=True)
async def _same_dumper(db: Connection) -> None:
    if (major := db.get_server_version().major) != DUMPING_MAJOR:
        pytest.skip(f"PostgreSQL {major} words a dump otherwise")


async def test_the_head_is_the_sum_of_the_migrations(migrated: tuple[str, dict[int, str]]) -> None:
    """Whoever edits a migration sees in this file what became of the schema."""
    url, _ = migrated

    assert dump_head(url) == (FOLDER / "head.sql").read_text(encoding="utf-8"), AGAIN


async def test_the_dump_after_each_migration_is_current(migrated: tuple[str, dict[int, str]]) -> None:
    """Until it is released; from then on it is history, and must not be written again."""
    _, dumps = migrated

    stale = [
        version
        for version, text in dumps.items()
        if version > RELEASED and text != dump_file(version).read_text(encoding="utf-8")
    ]

    assert stale == [], AGAIN


def test_there_is_a_dump_for_every_migration_and_no_other() -> None:
    """None was forgotten, none is left from a file that was renumbered."""
    kept = {path.name for path in FOLDER.glob("[0-9]*.sql")}

    assert kept == {dump_file(migration.version).name for migration in find_migrations()}
