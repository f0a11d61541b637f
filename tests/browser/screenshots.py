"""Take the pictures of the documents: `python -m tests.browser.screenshots` writes them into `docs/images`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final, NamedTuple

from collector.store.migrations import migrate
from tests.browser.answering import answering
from tests.browser.window import Scheme, Window, open_window
from tests.postgres import scratch_server
from tests.showcase import sweep_showcase

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
CLUSTER: Final = "orders-audit-stage"


class Picture(NamedTuple):
    """What is taken, and how."""

    name: str
    path: str
    width: int
    height: int
    scheme: Scheme = "light"


def main() -> int:
    """Take them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with scratch_server() as server:
        url = server.create_database("screenshots")
        asyncio.run(migrate(url))
        asyncio.run(sweep_showcase(url))
        with answering(url) as page, open_window() as window:
            for picture in _pictures(window, page):
                window.shape(picture.width, picture.height, scheme=picture.scheme)
                window.open(page + picture.path)
                window.photograph(FOLDER / f"{picture.name}.png")
    return 0


def _pictures(window: Window, page: str) -> list[Picture]:
    window.open(f"{page}/?q={CLUSTER}")
    cluster = (window.one(".c-cluster .name > a").get_attribute("href") or "").removeprefix(page)
    return [
        Picture("overview", "/", 1280, 1100),
        Picture("overview-dark", "/", 1280, 1100, "dark"),
        Picture("overview-phone", "/", 375, 900),
        Picture("cluster", cluster, 1280, 1180),
    ]


if __name__ == "__main__":
    sys.exit(main())
