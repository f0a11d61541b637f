"""What an owner is told to do to make a copied inventory an installation of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.documents.pages import page

if TYPE_CHECKING:
    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]


async def test_a_copy_gets_an_id_of_its_own(db: Connection) -> None:
    """One row before and after, under another id."""
    (block,) = (each for each in page("docs/howto/managed-postgresql.md").blocks("sql") if each.mark == "owner")
    before = await db.fetchval("SELECT installation_id FROM collector.installation")

    await db.execute(block.text)

    (after,) = await db.fetch("SELECT installation_id FROM collector.installation")
    assert after["installation_id"] != before
