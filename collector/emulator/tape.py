"""
A recording of the API, read from its directory: which answer belongs to which request.

Of each answer there is a head (`0001.json`: target, status, headers) and a body (`0001.body`), in a folder for
each cluster, and for each place where clusters were discovered (`folder.b1g…`). Refuses what is not of that form: half
a recording would prove nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from collector.errors import UsageError

FORMAT: Final = 1

_HEADERS: Final = frozenset({"content-type", "date", "location", "retry-after", "www-authenticate"})
"""What is served again. Those that name the request or its trace are, too; lengths and encodings are made anew."""


class Question(NamedTuple):
    """A request as far as an answer belongs to it: not its host, nor the order of its parameters."""

    path: str
    query: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, target: str) -> Question:
        """Read a request's target."""
        parts = urlsplit(target)
        return cls(parts.path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True))))


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAnswer:
    """One answer as it is served again."""

    question: Question
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """All answers, in their order."""

    answers: Mapping[str, Sequence[RecordedAnswer]]
    """By what they are about: a cluster, or a place, whose name has a dot."""
    discovery: Sequence[Mapping[str, object]] = ()
    """The entries of the configuration that led to the places, where the report has them."""

    @property
    def clusters(self) -> Mapping[str, Sequence[RecordedAnswer]]:
        """Those about clusters."""
        return {name: answers for name, answers in self.answers.items() if "." not in name}

    @property
    def page_size(self) -> int | None:
        """What was asked for; only a client that asks for the same is answered."""
        for answers in self.answers.values():
            for answer in answers:
                size = dict(answer.question.query).get("pageSize", "")
                if size.isascii() and size.isdecimal():
                    return int(size)
        return None


def read_recording(directory: Path) -> Recording:
    """
    Read a whole recording.

    Raises:
        UsageError: there is none, or a file of it is missing, unreadable or of another form.
    """
    answers: dict[str, list[RecordedAnswer]] = {}
    try:
        for head in sorted(directory.glob("*/*.json")):
            answers.setdefault(head.parent.name, []).append(_read_answer(head))
    except OSError as exc:
        raise UsageError(f"--from {directory}: {exc.filename}: {exc.strerror}") from None
    if not answers:
        raise UsageError(f"--from {directory}: no recording: wants what `collector check --record` wrote")
    return Recording(answers=answers, discovery=_read_discovery(directory / "report.json"))


def _read_discovery(path: Path) -> Sequence[Mapping[str, object]]:
    """Read the entries that the report names; none where there is no report: it is not needed to serve."""
    try:
        report: Any = json.loads(path.read_bytes())
        return [dict(entry) for entry in report.get("discovery", [])]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, AttributeError) as exc:
        raise UsageError(f"--from: {path} is no report on a recording: {type(exc).__name__}") from None


def _read_answer(path: Path) -> RecordedAnswer:
    try:
        head: Any = json.loads(path.read_bytes())
        if head["format"] != FORMAT:
            raise UsageError(f"--from: {path} has format {head['format']!r}, this program reads {FORMAT}")
        return RecordedAnswer(
            question=Question.of(head["target"]),
            status=int(head["status"]),
            headers={name: value for name, value in head["headers"] if _is_served(name, value)},
            body=path.with_suffix(".body").read_bytes(),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise UsageError(f"--from: {path} is no head of a recorded answer: {type(exc).__name__}") from None


def _is_served(name: str, value: str) -> bool:
    lowered = name.lower()
    names_request = "request-id" in lowered or "trace-id" in lowered
    return (lowered in _HEADERS or names_request) and value.isprintable() and value.isascii()
