"""Which PostgreSQL a command works with: the configured one, or our own for as long as the command runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import structlog

if TYPE_CHECKING:
    from collector.config import Config

log = structlog.get_logger()

DATABASE: Final = "collector"
"""The database inside the embedded server."""
UNPROVEN: Final = "sslmode is not verify-full: whoever is between us and the database can read and answer in its place"


@asynccontextmanager
async def database_url(config: Config, env: Mapping[str, str]) -> AsyncIterator[str]:
    """
    Yield the URL to work with, and warn where others could answer in the database's place. It may hold a password.

    Raises:
        EmbeddedError: none is configured, and there is no embedded server either.
        DatabaseRefused: the authorities that its certificate is to be verified by cannot be read.
    """
    if hosts := unproven_hosts(config, env):
        log.warning("server.unverified", hosts=hosts, reason=UNPROVEN)
    async with checked_url(config, env) as url:
        yield url


def unproven_hosts(config: Config, env: Mapping[str, str]) -> Sequence[str]:
    """Name the configured hosts beyond this machine that are believed without full proof of who they are."""
    from collector.store.tls import unverified_hosts

    return sorted({host for url in _configured(config) for host in unverified_hosts(url, env)})


@asynccontextmanager
async def checked_url(config: Config, env: Mapping[str, str]) -> AsyncIterator[str]:
    """Yield the URL as `database_url` does, without a word about its hosts."""
    from collector.store.tls import check_authorities

    for url in _configured(config):
        check_authorities(url, env)
    if config.database.url is not None:
        yield config.database.url.get_secret_value()
        return
    from collector.embedded import EmbeddedServer, default_data_dir

    server = await asyncio.to_thread(EmbeddedServer.start, default_data_dir(env))
    try:
        yield await asyncio.to_thread(server.create_database, DATABASE)
    finally:
        await asyncio.to_thread(server.stop)


def _configured(config: Config) -> list[str]:
    urls = (config.database.url, config.database.migrate_url, config.database.read_url)
    return [url.get_secret_value() for url in urls if url is not None]
