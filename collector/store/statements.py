"""The statements of the store, each in a file of its own under `sql/`. Python knows their names only."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def statement(name: str) -> str:
    """Read the statement of that name, once."""
    return resources.files(__package__).joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
