"""From a file, and the environment that is passed in, to a `Config`, or to every reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from collector.config.characters import decode_text
from collector.config.faults import find_problems
from collector.config.files import read_file
from collector.config.model import Config
from collector.config.nodes import read_document
from collector.config.problems import Position, Problem, render_problems
from collector.config.values import FROM_FILE
from collector.errors import ConfigError

FILE_BYTES_MAX: Final = 2**20


def load_config(path: Path, env: Mapping[str, str]) -> Config:
    """
    Read the configuration file, with `${NAME}` and `${NAME:-default}` in its values replaced from `env`.

    Raises:
        ConfigError: with every problem of the file, each as `file:line:column: key: what is wrong`.
    """
    result = _read(path, env)
    if isinstance(result, Config):
        return result
    raise ConfigError(render_problems(result, path))


def _read(path: Path, env: Mapping[str, str]) -> Config | list[Problem]:
    try:
        raw = read_file(path, bytes_max=FILE_BYTES_MAX).raw
    except OSError as exc:
        return [Problem(Position(1, 1), (), f"cannot be read: {exc.strerror}")]
    text, problems = decode_text(raw)
    return problems or _validate(text, env)


def _validate(text: str, env: Mapping[str, str]) -> Config | list[Problem]:
    document = read_document(text, env)
    if not document.whole:
        return find_problems(document, None)
    if document.root is None and not document.problems:
        return [Problem(Position(1, 1), (), "is empty: it needs at least `clusters`")]
    try:
        # In files a setting goes by its key only: `page_timeout_s` is the attribute's name.
        config = Config.model_validate(document.root, context=FROM_FILE, by_alias=True, by_name=False)
    except ValidationError as refusal:
        return find_problems(document, refusal)
    return find_problems(document, None) or config
