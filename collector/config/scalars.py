"""
What one scalar of the file means: text, a number, a boolean or null. Text in, value out; no I/O.

A plain scalar that YAML readers of different age read differently (`on`, `012`, `12:30:00`,
`1_000`, a date) is never guessed at: it is refused with the advice to quote it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Plain = str | int | float | bool | None

_CONSTANTS: Final[Mapping[str, bool | None]] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")

# YAML 1.1 (https://yaml.org/type/) and the core schema of YAML 1.2 (10.3.2), taken together.
_SURPRISES: Final = (
    (
        re.compile(r"y|n|yes|no|on|off", re.IGNORECASE),
        "some YAML readers take this for true or false: quote it, or write true or false",
    ),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?"), "some YAML readers take this for a date: quote it"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "some YAML readers take this for a number in base 60: quote it",
    ),
    (
        re.compile(
            r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))"
            r"|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?"
        ),
        "YAML readers take this for different numbers: quote it, or write a plain decimal number",
    ),
    (re.compile(r"=|<<"), "this has a meaning of its own in some YAML readers: quote it"),
)

_REFERENCE = re.compile(r"\$\$\{|\$\{(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^}]*)?\})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """A scalar's text after `${…}` was replaced, and what was found on the way."""

    text: str
    literal: str
    """What stands in the file itself: variables left out, defaults put in."""
    names: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    changed: bool = False
    """Whether there was anything to replace: then the value is text, whatever it looks like."""


def read_plain(text: str) -> Plain:
    """Read an unquoted scalar on whose meaning all YAML readers agree; any other is text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    return text


def find_surprise(text: str) -> str | None:
    """Say why an unquoted scalar must be quoted; None where all YAML readers agree on it."""
    if not isinstance(read_plain(text), str):
        return None
    return next((advice for pattern, advice in _SURPRISES if pattern.fullmatch(text)), None)


def interpolate(text: str, env: Mapping[str, str]) -> Expanded:
    """
    Replace `${NAME}` and `${NAME:-default}` (used when NAME is unset or empty); `$${` stands for a literal `${`.

    What is put in is not looked at again.
    """
    names: list[str] = []
    problems: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        name, default = match["name"], match["default"]
        if match[0] == "$${":
            return "${"
        if name is None:
            problems.append("${ begins no variable: write ${NAME} or ${NAME:-default}, and $${ for a literal ${")
            return ""
        names.append(name)
        if default is not None:
            return env.get(name) or default.removeprefix(":-")
        if name not in env:
            problems.append(f"the environment variable {name} is not set and has no default")
        return env.get(name, "")

    expanded = _REFERENCE.sub(replacement, text)
    return Expanded(
        text=expanded,
        literal=_REFERENCE.sub(_literal, text),
        names=tuple(names),
        problems=tuple(problems),
        changed=bool(_REFERENCE.search(text)),
    )


def _literal(match: re.Match[str]) -> str:
    if match[0] == "$${":
        return "${"
    return (match["default"] or "").removeprefix(":-")
