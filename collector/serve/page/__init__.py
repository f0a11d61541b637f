"""The read-only page for people. Its addresses are added here; the guard around them is the service's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from collector.serve.page.answers import Answers
from collector.serve.page.writing import read_asset

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from collector.store.pool import Pool

ASSETS: Final = {"page.css": "text/css", "icon.svg": "image/svg+xml"}


def add_routes(app: web.Application, inventory: Pool) -> None:
    """
    Add the page's addresses, and a page for every address that there is not.

    Args:
        app: the service's application. Its middlewares set the headers, refuse what does not read, and ask for the
            token, so a handler need not.
        inventory: reads only, from a standby too, and no statement of more than a few seconds.
    """
    # The library's own pattern for a part of an address refuses braces, which an id may hold.
    answers = Answers(inventory)
    app.router.add_get("/", answers.show_overview)
    app.router.add_get("/clusters/{cluster:[^/]+}", answers.show_cluster)
    app.router.add_get("/clusters/{cluster:[^/]+}/backups", answers.show_backups)
    app.router.add_get("/clusters/{cluster:[^/]+}/backups/{backup:[^/]+}", answers.show_backup)
    app.router.add_get("/sweeps", answers.show_sweeps)
    app.router.add_get("/sweeps/{sweep:[^/]+}", answers.show_sweep)
    for name, content_type in ASSETS.items():
        app.router.add_get(f"/{name}", _asset(read_asset(name), content_type))
    app.router.add_get("/{elsewhere:(?s:.*)}", answers.show_nothing)


def _asset(body: bytes, content_type: str) -> Handler:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type=content_type, charset="utf-8")

    return answer
