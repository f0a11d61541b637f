"""One browser, and one service for each fleet, for all tests here: starting them takes longer than using them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from collector.embedded import EmbeddedServer
from tests.browser.answering import answering
from tests.browser.window import Window, open_window
from tests.postgres import scratch_database
from tests.showcase import sweep_attacks, sweep_showcase


@pytest.fixture(scope="session")
def window() -> Iterator[Window]:
    """Yield a headless browser."""
    with open_window() as window:
        yield window


@pytest.fixture(autouse=True)
def _as_new(window: Window) -> None:
    """Begin each test with a window of one size and nothing in its log."""
    window.shape(1280)
    window.let_scripts_run("yes")
    window.complaints()


@pytest.fixture(scope="session")
async def showcase_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield a database that holds the demo's fleet."""
    async with scratch_database(postgres, template=migrated_template) as url:
        await sweep_showcase(url)
        yield url


@pytest.fixture(scope="session")
def fleet(showcase_url: str) -> Iterator[str]:
    """Yield the address of the page that shows it."""
    with answering(showcase_url) as url:
        yield url


@pytest.fixture(scope="session")
async def attacked_url(postgres: EmbeddedServer, migrated_template: str) -> AsyncIterator[str]:
    """Yield a database that holds what attackers sent."""
    async with scratch_database(postgres, template=migrated_template) as url:
        await sweep_attacks(url)
        yield url


@pytest.fixture(scope="session")
def attacked(attacked_url: str) -> Iterator[str]:
    """Yield the address of the page that shows it."""
    with answering(attacked_url) as url:
        yield url
