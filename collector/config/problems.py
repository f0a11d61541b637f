"""What is wrong with a configuration file, and where. Values only: no file, no model."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple

Loc = tuple[str | int, ...]
"""The way to a node from the top: keys of mappings and indexes of lists, `("clusters", 0, "id")`."""

_KEY_LENGTH_MAX = 32


class Position(NamedTuple):
    """A place in a file, counted from 1 as editors do, columns in characters."""

    line: int
    column: int


class Problem(NamedTuple):
    """One thing that is wrong: where it stands, which key it is about, and what."""

    position: Position
    loc: Loc
    message: str
    subject: Literal["key", "value"] = "value"
    """What is wrong, the key or the value; of problems with a value only what reading found is told."""


def render_problems(problems: Iterable[Problem], path: Path) -> list[str]:
    """Write each problem once, as `file:line:column: key: what is wrong`, in the order of the file."""
    return list(dict.fromkeys(f"{path}:{_render_problem(problem)}" for problem in _ordered(problems)))


def render_loc(loc: Loc) -> str:
    """Write a way as `clusters.0.id`, the top as `file`. What looks like no key may be a secret: it is not shown."""
    return ".".join(_render_part(part) for part in loc) or "file"


def _ordered(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.position, render_loc(problem.loc), problem.message))


def _render_problem(problem: Problem) -> str:
    line, column = problem.position
    return f"{line}:{column}: {render_loc(problem.loc)}: {problem.message}"


def _render_part(part: str | int) -> str:
    text = str(part)
    plain = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if plain and len(text) <= _KEY_LENGTH_MAX else "…"
