"""
Results of queries as the documents show them: `python -m tests.documents.results` writes those of the views anew.

In the cookbook whatever differs from one run to the next is masked: instants, durations, numbers, ids of backups. The
examples of the views have fixed histories and are shown as they are.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final

import asyncpg

from tests.documents.pages import Page, page
from tests.histories import ask_records

COOKBOOK: Final = "docs/howto/queries.md"
VIEWS: Final = "docs/reference/views.md"
ROWS_SHOWN: Final = 3

_SIZE: Final = re.compile(r"\d+ (bytes|kB|MB|GB|TB)")
_NUMBER: Final = re.compile(r"\d+")
_WHOLE: Final = {"backup_id": "<backup>", "created_at_text": "<time>", "for_support": "<id>"}
_NUMBERED: Final = {"index_name", "before", "after"}


def masked(name: str, value: object) -> str:
    """Write a value of the demo, without what differs from run to run."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime() | date():
            return "<time>"
        case timedelta():
            return "<duration>"
        case int() | float() | Decimal():
            return "<n>"
        case _:
            return _masked_text(name, str(value))


def exact(_name: str, value: object) -> str:
    """Write a value of a fixed history."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def render(rows: Sequence[asyncpg.Record], write: Callable[[str, object], str]) -> list[str]:
    """Lay out rows as psql does: a head, a line, and the cells."""
    names = list(rows[0].keys())
    return _aligned([names, *[[write(name, row[name]) for name in names] for row in rows]])


def cells(line: str) -> list[str]:
    """Take a line of a result apart."""
    return [cell.strip() for cell in line.split("|")]


def queries_with_results(document: Page) -> Iterator[tuple[str, str, str]]:
    """Find every query that a result follows: the story before it (if any), the query, the result."""
    story = ""
    for block, following in pairwise(document.blocks()):
        if block.mark == "story":
            story = block.text
        if block.language == "sql" and following.mark == "result":
            yield story, block.text, following.text


def _masked_text(name: str, text: str) -> str:
    if name in _WHOLE:
        return _WHOLE[name]
    return _NUMBER.sub("<n>", text) if name in _NUMBERED else _SIZE.sub("<size>", text)


def _aligned(table: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(cell) for cell in column) for column in zip(*table, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return [lines[0], "-+-".join("-" * width for width in widths), *lines[1:]]


def _duration(value: timedelta) -> str:
    hours, rest = divmod(int(value.total_seconds()), 3600)
    return f"{hours} h" + (f" {rest // 60} min" if rest else "")


async def _rewrite_views(url: str) -> None:
    connection = await asyncpg.connect(url)
    document = page(VIEWS)
    text = document.text
    for story, query, shown in queries_with_results(document):
        result = "\n".join(render(await ask_records(connection, story, query), exact)) + "\n"
        text = text.replace(f"{query}```\n\n```text result\n{shown}```", f"{query}```\n\n```text result\n{result}```")
    document.path.write_text(text, encoding="utf-8")
    await connection.close()


async def _rewrite() -> None:
    from collector.store.migrations import migrate
    from tests.postgres import scratch_server

    with scratch_server() as server:
        url = server.create_database("views_page")
        await migrate(url)
        await _rewrite_views(url)


if __name__ == "__main__":
    asyncio.run(_rewrite())
