"""
What is written to stderr: one JSON object a line, or readable text on a terminal.

A log never holds up the program: lines wait for a thread of their own, and where nobody reads
they are dropped and counted. Nor does it carry what an exception's frames hold: no locals.
"""

from __future__ import annotations

import atexit
import io
import logging
import queue
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, cast

import stamina.instrumentation
import structlog

from collector.errors import ListingError

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

LINES_MAX: Final = 10_000
"""Lines that may wait for a slow reader."""

VALUE_CHARS_MAX: Final = 2_000
FLUSH_S: Final = 1.0

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["auto", "json", "text"]

_TRACES: Final = frozenset({"exception", "stack"})
_FIRST: Final = ("timestamp", "level", "event")

log = structlog.get_logger()


class Outlet(io.TextIOBase):
    """A stream whose writers never wait: a thread passes on what they wrote."""

    def __init__(self, deliver: Callable[[str], object], *, lines_max: int = LINES_MAX) -> None:
        """Start the thread; `deliver` writes one line and may block or raise OSError."""
        super().__init__()
        self.dropped = 0
        """Lines that were given up so far."""
        self._deliver = deliver
        self._lines: queue.Queue[str] = queue.Queue(lines_max)
        threading.Thread(target=self._work, name="log-outlet", daemon=True).start()

    def write(self, line: str) -> int:
        """Take a line, or count it as dropped."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self.dropped += 1
        return len(line)

    def drain(self, timeout_s: float = FLUSH_S) -> None:
        """Wait until all is passed on, but not longer than that."""
        # A signal handler may have interrupted the very thread that holds the lock.
        if not self._lines.mutex.acquire(timeout=timeout_s):
            return
        try:
            self._lines.all_tasks_done.wait_for(lambda: not self._lines.unfinished_tasks, timeout_s)
        finally:
            self._lines.mutex.release()

    def _work(self) -> None:
        while True:
            line = self._lines.get()
            try:
                self._deliver(line)
            except (OSError, ValueError):  # a full disk, a reader that is gone, a closed stream
                self.dropped += 1
            finally:
                self._lines.task_done()


_outlets: Final[list[Outlet]] = []


def configure_logs(
    *, level: Level = "info", style: Format = "auto", deliver: Callable[[str], object] | None = None
) -> None:
    """
    Set up logging for the process; again is allowed.

    Args:
        level: the least important level that is written.
        style: `auto` is `text` on a terminal, else `json`.
        deliver: writes one line; None: to stderr.
    """
    flush_logs()
    outlet = Outlet(deliver or _to_stderr)
    _outlets[:] = [outlet]
    is_terminal = sys.stderr.isatty()
    as_text = style == "text" or (style == "auto" and is_terminal)
    structlog.configure(
        processors=_chain(outlet, _text(colors=is_terminal) if as_text else _json()),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        # A `write` for each line, where `print` would make two.
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", outlet)),
        cache_logger_on_first_use=False,
    )
    _bring_in_libraries()
    # The hooks that stamina brings log the arguments of what it repeats: a connection URL, with its password.
    stamina.instrumentation.set_on_retry_hooks([_tell_retry])


def flush_logs(timeout_s: float = FLUSH_S) -> None:
    """Give what was logged this long to get out."""
    for outlet in _outlets:
        outlet.drain(timeout_s)


atexit.register(flush_logs)


def escape_controls(text: str) -> str:
    """Write what could steer a terminal, or turn text around, as an escape like those of Python's strings."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shorten(text: str) -> str:
    """Cut a long value, saying how long it was."""
    return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}… ({len(text)} characters)"


def _to_stderr(line: str) -> None:
    stream = sys.stderr  # looked up each time: a progress bar takes its place meanwhile
    if not stream.write(line):
        raise OSError("nothing was written")
    stream.flush()


def _chain(outlet: Outlet, ending: list[Processor]) -> list[Processor]:
    def tell_dropped(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if outlet.dropped:
            event["lines_dropped"] = outlet.dropped
        return event

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        tell_dropped,
        _shorten_values,
        *ending,
    ]


def _json() -> list[Processor]:
    return [_order_keys, structlog.processors.JSONRenderer()]


def _text(*, colors: bool) -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)
    return [_escape_values, renderer]


def _shorten_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if key not in _TRACES and not isinstance(value, (int, float, type(None))):
            event[key] = _shortened(value)
    return event


def _shortened(value: Any) -> Any:
    text = value if isinstance(value, str) else repr(value)
    return value if len(text) <= VALUE_CHARS_MAX else shorten(text)


def _escape_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            lines = value.split("\n") if key in _TRACES else [value]
            event[key] = "\n".join(map(escape_controls, lines))
    return event


def _order_keys(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {**{key: event[key] for key in _FIRST if key in event}, **event}


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    if isinstance(details.caused_by, ListingError):
        return  # Whoever asks the API tells of its own retries.
    log.info(
        "call.retried",
        call=details.name,
        attempt=details.retry_num,
        wait_s=round(details.wait_for, 3),
        reason=str(details.caused_by),
    )


def _bring_in_libraries() -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _Bridge) for handler in root.handlers):
        root.addHandler(_Bridge(logging.WARNING))
    logging.captureWarnings(capture=True)


class _Bridge(logging.Handler):
    """Brings the warnings of libraries, which use Python's own logging, into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        log.warning("library.warned", library=record.name, message=record.getMessage())
