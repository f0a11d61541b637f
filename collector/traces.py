"""
The seam of tracing: spans are named here, by the words of the domain, and recorded by whoever is installed.

Nobody is by default, and then a span is one shared object that does nothing. No library is imported here, and no secret
is handed over: neither tokens, nor query strings, nor values of records.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Final, Literal, Protocol, TypeAlias

Name: TypeAlias = Literal["sweep", "listing", "page", "confirm", "merge"]
Fact: TypeAlias = str | int | None


class Span(Protocol):
    """A piece of work that is being recorded."""

    def set(self, **facts: Fact) -> None:
        """Add what has become known."""

    def fail(self, kind: str | None) -> None:
        """Say of which kind of fault it failed, where no exception leaves it; None: it did not."""


class Recorder(Protocol):
    """Who records spans."""

    def start(self, name: Name, facts: dict[str, Fact]) -> AbstractContextManager[Span]:
        """Begin a span, a child of the one that this task, or the one that started it, is in."""


class _Unrecorded:
    """What a span is when nobody records."""

    __slots__ = ()

    def __enter__(self) -> Span:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def set(self, **facts: Fact) -> None:
        pass

    def fail(self, kind: str | None) -> None:
        pass


_UNRECORDED: Final = _Unrecorded()
_recorders: Final[list[Recorder]] = []


def record_with(recorder: Recorder | None) -> None:
    """Have all spans of the process recorded from now on; None: no more."""
    _recorders[:] = [] if recorder is None else [recorder]


def span(name: Name, **facts: Fact) -> AbstractContextManager[Span]:
    """Enter a piece of work. What leaves it as an exception is its failure."""
    return _recorders[0].start(name, facts) if _recorders else _UNRECORDED
