"""From the bytes of a file to text that all YAML readers agree on; what editors hide is refused."""

from __future__ import annotations

import re

from collector.config.problems import Position, Problem

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
# YAML's printable characters, without the byte order mark and without the three characters
# that YAML 1.1 takes for line breaks and YAML 1.2 (and every editor) does not.
_UNWANTED = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def decode_text(raw: bytes) -> tuple[str, list[Problem]]:
    """Decode UTF-8; find the first tab in an indentation, and the first byte order mark or control character."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        before = raw[: exc.start].decode("utf-8")
        return "", [_problem(before, "not UTF-8")]
    problems: list[Problem] = []
    if unwanted := _UNWANTED.search(text):
        problems.append(_problem(text[: unwanted.start()], _describe(unwanted[0])))
    if tab := _TAB_INDENT.search(text):
        problems.append(_problem(text[: tab.end() - 1], "a tab in the indentation: use spaces"))
    return text, problems


def _describe(character: str) -> str:
    if character == "\ufeff":
        return "a byte order mark: save the file as UTF-8 without it"
    return f"the character U+{ord(character):04X} is not allowed"


def _problem(before: str, message: str) -> Problem:
    lines = _LINE_BREAK.split(before)
    return Problem(Position(len(lines), len(lines[-1]) + 1), (), message)
