"""Fixtures of the simulation."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina


@pytest.fixture
def _hurried() -> Iterator[None]:
    """Retry as often as the program does, without its pauses."""
    with stamina.set_testing(testing=True, attempts=20, cap=True):
        yield
