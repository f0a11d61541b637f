"""The list of log events is the program's own."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEVELS = {"debug": "debug", "info": "info", "warning": "warning", "error": "error", "exception": "error"}


def logged_in(source: str) -> Iterator[tuple[str, str]]:
    """Find the events that a module logs, with their levels."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr=method), args=[ast.Constant(value=str(event)), *_]) if (
                method in LEVELS
            ):
                yield event, LEVELS[method]


def test_every_event_is_documented_with_its_level_and_none_is_made_up() -> None:
    """What people filter and alert on stands in the reference, exactly."""
    logged = {pair for path in (ROOT / "collector").rglob("*.py") for pair in logged_in(path.read_text())}
    page = (ROOT / "docs/reference/events.md").read_text()

    documented = re.findall(r"^\| `([a-z]+\.[a-z]+)` \| `([a-z]+)` \|", page, re.MULTILINE)

    assert sorted(documented) == sorted(logged)
