"""A place for servers that tests start, stop and break themselves."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

import pytest

from collector.embedded import EmbeddedServer
from tests.postgres import chosen_binaries


class Start(Protocol):
    """How a test starts a server: quickly, since no test here cuts the power."""

    def __call__(self, data_dir: Path, *, settings: dict[str, str] = ...) -> EmbeddedServer:
        """Start a server in a directory."""


@pytest.fixture
def place() -> Iterator[Path]:
    """Yield a directory that everybody can pass through: a server that runs as `nobody` cannot enter pytest's own."""
    path = Path(mkdtemp(prefix="collector-test-pg-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def start() -> Start:
    """Return `EmbeddedServer.start` for tests."""
    return functools.partial(EmbeddedServer.start, binaries=chosen_binaries(), durable="no")
