"""Which configuration file a command reads. The option stands before the command or after it; after it wins."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collector.config import Config

    F = TypeVar("F", bound=Callable[..., Any])

FILE_VARIABLE = "COLLECTOR_CONFIG"
_KEY = "collector.config_file"


def _remember(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    if value is not None:
        context.meta[_KEY] = value


def config_option(command: F) -> F:
    """Give a command the option `-c/--config`; `load_settings` finds what it said."""
    option = click.option(
        "-c",
        "--config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        expose_value=False,
        callback=_remember,
        help=f"Configuration file; else ${FILE_VARIABLE}, else ./config.yaml.",
    )
    return option(command)


def config_file() -> Path:
    """Name the configuration file of the command that is running."""
    said: Path | None = click.get_current_context().meta.get(_KEY)
    return said or Path(os.environ.get(FILE_VARIABLE) or "config.yaml")


def load_settings() -> Config:
    """
    Read the configuration of the command that is running, and set up logging as it says.

    Raises:
        ConfigError: with every problem of the file.
    """
    from collector.config import load_config
    from collector.logs import configure_logs

    config = load_config(config_file(), os.environ)
    configure_logs(level=config.log.level, style=config.log.format)
    return config
