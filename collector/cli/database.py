"""Which PostgreSQL a command works with: the configured one, or our own for as long as the command runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collector.config import Config

DATABASE: Final = "collector"
"""The database inside the embedded server."""


@asynccontextmanager
async def database_url(config: Config, env: Mapping[str, str]) -> AsyncIterator[str]:
    """
    Yield the URL to work with. It may hold a password.

    Raises:
        EmbeddedError: none is configured, and there is no embedded server either.
    """
    if config.database.url is not None:
        yield config.database.url.get_secret_value()
        return
    from collector.embedded import EmbeddedServer, default_data_dir

    server = await asyncio.to_thread(EmbeddedServer.start, default_data_dir(env))
    try:
        yield await asyncio.to_thread(server.create_database, DATABASE)
    finally:
        await asyncio.to_thread(server.stop)
