"""The read-only page for people. Its addresses are added here; the guard around them is the service's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aiohttp import web

    from collector.store.pool import Pool


def add_routes(app: web.Application, inventory: Pool) -> None:
    """
    Add the page's addresses; until it has any, `/` is not found.

    Args:
        app: the service's application. Its middlewares set the headers, refuse what does not read, and ask for the
            token, so a handler need not.
        inventory: reads only, from a standby too, and no statement of more than a few seconds.
    """
