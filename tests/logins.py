"""Login roles for a test: made on its server, gone with it. What such a role may do, it may by whose member it is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import asyncpg

from collector.embedded import EmbeddedServer


@asynccontextmanager
async def login(server: EmbeddedServer, url: str, options: str) -> AsyncIterator[str]:
    """Yield the URL of a database for a new login role with these options, as `IN ROLE collector_writer`."""
    name = f"login_{uuid4().hex}"
    administrator = await asyncpg.connect(server.url)
    try:
        await administrator.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'login' {options}")
        yield as_login(url, name)
        own = await asyncpg.connect(url)
        await own.execute(f"DROP OWNED BY {name} CASCADE")
        await own.close()
        await administrator.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    finally:
        await administrator.close()


def as_login(url: str, name: str) -> str:
    """Write a URL for another role, whose password is `login`."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:login@{parts.netloc.rpartition('@')[2]}"))
