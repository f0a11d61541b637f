"""Token services for the tests of credentials."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collector.emulator import Emulator, Fleet, Issuer
from tests.integration.api.exchanging import KEY, OAUTH, SUBJECT, Place
from tests.keys import ACCOUNT


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    """Yield the place."""
    issuer = KEY.known_to(Issuer(oauth_tokens={OAUTH}, subject_tokens={SUBJECT: ACCOUNT}))
    async with Emulator(Fleet.of({"c9q": []}), token=None, issuer=issuer) as emulator:
        yield Place(home=tmp_path, emulator=emulator, issuer=issuer)
