"""A place to write configuration files, and what came out of reading them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from collector.config import Config, load_config
from collector.errors import ConfigError

Load = Callable[..., Config]
Problems = Callable[..., list[str]]


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Load:
    """Load a text or bytes as a configuration file."""
    path = tmp_path_factory.mktemp("config") / "config.yaml"

    def load_text(content: str | bytes, env: Mapping[str, str] | None = None) -> Config:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config(path, env or {})

    return load_text


@pytest.fixture(scope="session")
def problems(load: Load) -> Problems:
    """Load what must be refused; each problem without its folder, `config.yaml:1:1: …`."""

    def problems_of(content: str | bytes, env: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(content, env)
        assert str(caught.value) == "\n".join(caught.value.problems)
        return [problem[problem.index("config.yaml:") :] for problem in caught.value.problems]

    return problems_of


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a file with a mode."""

    def write_file(content: bytes, mode: int = 0o600) -> Path:
        path = tmp_path / "secret"
        path.write_bytes(content)
        path.chmod(mode)
        return path

    return write_file
