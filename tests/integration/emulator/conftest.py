"""Fixtures of the emulator's own tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client that sends the default token and follows nothing."""
    async with aiohttp.ClientSession(headers={"Authorization": "Bearer t1.emulator"}) as client:
        yield client
