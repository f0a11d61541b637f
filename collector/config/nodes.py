"""
From YAML text to plain data, with the place of every key and value.

Only the part of YAML that cannot surprise is read. Refused: tags, anchors, aliases, merge
keys, a second document, a key that stands twice, deep nesting, and plain scalars that YAML
readers understand differently. Everything found is reported, not only the first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import yaml

from collector.config.problems import Loc, Position, Problem
from collector.config.scalars import Plain, find_surprise, interpolate, read_plain

DEPTH_MAX: Final = 20

DEFAULT_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it: ten times faster. Only its events are used, never what it constructs."""

Node = Plain | list["Node"] | dict[str, "Node"]


@dataclass(slots=True)
class Document:
    """One file as plain data. Ways that stand twice keep their first place and value."""

    root: Node = None
    values: dict[Loc, Position] = field(default_factory=dict)
    keys: dict[Loc, Position] = field(default_factory=dict)
    sources: dict[Loc, str] = field(default_factory=dict)
    """Scalars as they stand in the file, before `${…}` was replaced."""
    literals: dict[Loc, str] = field(default_factory=dict)
    """Scalars without what came from the environment."""
    problems: list[Problem] = field(default_factory=list)
    whole: bool = True
    """False where reading stopped early, so that what is missing may stand in the file."""

    def place(self, loc: Loc) -> Position:
        """Find the deepest node on the way that exists."""
        while loc and loc not in self.values:
            loc = loc[:-1]
        return self.values.get(loc, Position(1, 1))


class _Unreadable(Exception):
    """The rest of the file cannot be read; the reason is among the problems."""


def read_document(text: str, env: Mapping[str, str], *, loader: Any = DEFAULT_LOADER) -> Document:
    """Read one YAML document; `${NAME}` in scalar values (never in keys) is replaced from `env`."""
    document = Document()
    walk = _Walk(yaml.parse(text, Loader=loader), env=env, document=document)
    try:
        document.root = walk.read_root()
    except _Unreadable:
        document.whole = False
    except yaml.YAMLError as exc:
        document.whole = False
        document.problems.append(_syntax_problem(exc, text))
    except (ValueError, OverflowError):
        # PyYAML's own scanner lets these out for an escape past U+10FFFF.
        document.whole = False
        document.problems.append(Problem(Position(1, 1), (), "not YAML: an escape sequence stands for no character"))
    return document


class _Walk:
    """One pass over the events of a document."""

    def __init__(self, events: Iterator[yaml.Event], *, env: Mapping[str, str], document: Document) -> None:
        self._events = events
        self._env = env
        self._document = document

    def read_root(self) -> Node:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        root = self._read_value(next(self._events), (), 1)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            self._report(after, (), "a second document: one file holds one configuration")
        return root

    def _read_value(self, event: yaml.Event, loc: Loc, depth: int) -> Node:
        self._document.values.setdefault(loc, _position(event))
        if isinstance(event, yaml.AliasEvent):
            self._report(event, loc, "aliases (*name) are not allowed: write the value out")
            return None
        self._refuse_decoration(event, loc)
        if isinstance(event, yaml.ScalarEvent):
            return self._read_scalar(event, loc)
        if depth > DEPTH_MAX:
            self._report(event, loc, f"nested deeper than {DEPTH_MAX} levels")
            raise _Unreadable
        if isinstance(event, yaml.SequenceStartEvent):
            return self._read_list(loc, depth)
        return self._read_mapping(loc, depth)

    def _read_list(self, loc: Loc, depth: int) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._read_value(event, (*loc, len(items)), depth + 1))
        return items

    def _read_mapping(self, loc: Loc, depth: int) -> dict[str, Node]:
        mapping: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._read_key(event, loc, depth)
            value = self._read_value(next(self._events), (*loc, key or "…"), depth + 1)
            if key is not None:
                mapping.setdefault(key, value)
        return mapping

    def _read_key(self, event: yaml.Event, loc: Loc, depth: int) -> str | None:
        """Return the key, or None where it is none of ours and its value is to be dropped."""
        if not isinstance(event, yaml.ScalarEvent):
            self._report(event, loc, "a key should be text, not a list or a mapping", subject="key")
            self._read_value(event, (*loc, "…"), depth + 1)
            return None
        key = str(event.value)
        if key == "<<" and event.implicit[0]:
            self._report(event, loc, "merge keys (<<) are not allowed: write the values out", subject="key")
            return None
        self._refuse_decoration(event, (*loc, key), subject="key")
        if (*loc, key) in self._document.keys:
            first = self._document.keys[*loc, key]
            self._report(event, (*loc, key), f"stands twice: it is already on line {first.line}", subject="key")
            return None
        self._document.keys[*loc, key] = _position(event)
        if event.implicit[0] and (not isinstance(read_plain(key), str) or find_surprise(key)):
            self._report(event, (*loc, key), "some YAML readers do not take this key for text: quote it", subject="key")
        return key

    def _read_scalar(self, event: yaml.ScalarEvent, loc: Loc) -> Plain:
        source = str(event.value)
        expanded = interpolate(source, self._env)
        self._document.sources.setdefault(loc, source)
        self._document.literals.setdefault(loc, expanded.literal)
        for message in expanded.problems:
            self._report(event, loc, message)
        if not expanded.text.isprintable():
            self._report(event, loc, "holds a line break or another control character")
        plain = event.implicit[0] and not expanded.changed
        if plain and (surprise := find_surprise(source)):
            self._report(event, loc, surprise)
        return read_plain(source) if plain else expanded.text

    def _refuse_decoration(self, event: yaml.Event, loc: Loc, *, subject: Literal["key", "value"] = "value") -> None:
        if getattr(event, "anchor", None) is not None:
            self._report(event, loc, "anchors (&name) are not allowed", subject=subject)
        if getattr(event, "tag", None) is not None:
            self._report(event, loc, "tags (!name) are not allowed", subject=subject)

    def _report(self, event: yaml.Event, loc: Loc, message: str, *, subject: Literal["key", "value"] = "value") -> None:
        self._document.problems.append(Problem(_position(event), loc, message, subject))


def _position(event: yaml.Event) -> Position:
    mark: Any = event.start_mark
    return Position(mark.line + 1, mark.column + 1)


def _syntax_problem(exc: yaml.YAMLError, text: str) -> Problem:
    mark = getattr(exc, "problem_mark", None)
    if mark is None:
        return Problem(Position(1, 1), (), "not YAML")
    lines = text.splitlines()
    # In a flow collection a bare ${ opens a mapping, which is what most of these turn out to be.
    hint = "; quote ${…} inside {…} or […]" if mark.line < len(lines) and "${" in lines[mark.line] else ""
    return Problem(Position(mark.line + 1, mark.column + 1), (), f"not YAML: {getattr(exc, 'problem', None)}{hint}")
