"""What a log line looks like, and that nobody has to wait for it."""

from __future__ import annotations

import json
import logging
import threading
import warnings
from collections.abc import Iterator

import pytest
import stamina
import structlog
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import DatabaseUnavailable, ListingError, NetworkFailed
from collector.logs import Format, Level, Outlet, configure_logs, escape_controls, flush_logs, shorten
from tests.logs import logging_kept


class Log:
    """A configured log whose lines are kept."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.lines: list[str] = []

    def configure(self, *, level: Level = "info", style: Format = "json") -> None:
        """Set the process's log up to write here."""
        configure_logs(level=level, style=style, deliver=self.lines.append)

    def read(self) -> list[str]:
        """Wait for what is under way, and return all lines."""
        flush_logs()
        return self.lines


@pytest.fixture
def log() -> Iterator[Log]:
    """Yield a log, and leave the process's logging as it was."""
    with logging_kept():
        yield Log()


def test_a_line_is_a_json_object_that_begins_with_time_level_and_event(log: Log) -> None:
    """Facts follow as keys, those bound to the context included."""
    log.configure()
    structlog.contextvars.bind_contextvars(trace_id="t-1")

    structlog.get_logger().warning("listing.failed", cluster_id="c9q", bytes=7)

    (line,) = map(json.loads, log.read())
    assert list(line)[:3] == ["timestamp", "level", "event"]
    assert line["timestamp"].endswith("Z")
    assert {key: line[key] for key in line if key != "timestamp"} == {
        "level": "warning",
        "event": "listing.failed",
        "cluster_id": "c9q",
        "bytes": 7,
        "trace_id": "t-1",
    }


def test_what_is_below_the_level_is_not_written(log: Log) -> None:
    """`log.level` names the least important level."""
    log.configure(level="warning")

    structlog.get_logger().info("sweep.finished")
    structlog.get_logger().error("sweep.unrecorded")

    assert [json.loads(line)["event"] for line in log.read()] == ["sweep.unrecorded"]


def test_an_exceptions_frames_keep_their_values_to_themselves(log: Log) -> None:
    """A traceback names lines and the error, never what the variables held."""
    log.configure()
    secret = f"canary-{id(log)}"

    def fall() -> None:
        raise KeyError(len(secret))

    try:
        fall()
    except KeyError:
        structlog.get_logger().exception("listing.crashed")

    (line,) = log.read()
    assert f"KeyError: {len(secret)}" in json.loads(line)["exception"]
    assert secret not in line


def test_text_for_a_terminal_cannot_steer_it(log: Log) -> None:
    """Escape sequences and line breaks in a value are shown, not obeyed."""
    log.configure(style="text")

    structlog.get_logger().info("listing.failed", message="\x1b[2Jgone\nforged\u202e")

    (line,) = log.read()
    assert r"\x1b[2Jgone\nforged\u202e" in line
    assert line.count("\n") == 1


def test_long_values_are_cut_and_say_so(log: Log) -> None:
    """A server's ramblings do not fill the disk; a value that is no text is cut as its representation."""
    log.configure()

    structlog.get_logger().info("listing.failed", message="x" * 5_000, listed=["y" * 5_000])

    (line,) = map(json.loads, log.read())
    assert line["message"] == "x" * 2_000 + "… (5000 characters)"
    assert len(line["listed"]) < 2_100


def test_libraries_warn_in_the_same_lines(log: Log) -> None:
    """Python's own logging and warnings become events."""
    log.configure()

    logging.getLogger("asyncio").warning("slow: %s", "callback")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)

    first, second = map(json.loads, log.read())
    assert (first["event"], first["library"], first["message"]) == ("library.warned", "asyncio", "slow: callback")
    assert "DeprecationWarning: old" in second["message"]


@pytest.mark.usefixtures("log")
async def test_a_retry_is_told_without_what_was_called_with(log: Log) -> None:
    """A connection's URL, with its password, is such an argument. The API's retries are told where it is asked."""
    log.configure()
    faults: list[DatabaseUnavailable | ListingError] = [DatabaseUnavailable("it starts up"), NetworkFailed("reset")]

    async def connect(_url: str) -> None:
        if faults:
            raise faults.pop(0)

    caller = stamina.AsyncRetryingCaller(wait_initial=0, wait_max=0, wait_jitter=0)
    await caller((DatabaseUnavailable, ListingError), connect, "postgresql://me:secret@host/db")

    (line,) = map(json.loads, log.read())
    assert (line["event"], line["attempt"], line["reason"]) == ("call.retried", 1, "it starts up")
    assert "secret" not in str(line)


def test_a_reader_that_stands_still_holds_nobody_up() -> None:
    """Lines that find no room are dropped, and the next one that gets out counts them."""
    going = threading.Event()
    taken: list[str] = []

    def deliver(line: str) -> None:
        going.wait()
        taken.append(line)

    outlet = Outlet(deliver, lines_max=2)

    for number in range(10):
        outlet.write(f"{number}\n")
    going.set()
    outlet.drain()

    assert len(taken) + outlet.dropped == 10
    assert len(taken) in {2, 3}


@pytest.mark.usefixtures("log")
def test_lines_that_cannot_be_written_are_counted() -> None:
    """A full disk loses lines; the next that finds room says how many."""
    lines: list[str] = []
    failing = [OSError("no space"), ValueError("closed")]

    def deliver(line: str) -> None:
        if failing:
            raise failing.pop()
        lines.append(line)

    configure_logs(style="json", deliver=deliver)
    for event in ("a.lost", "b.lost", "c.kept"):
        structlog.get_logger().info(event)
        flush_logs()

    (line,) = map(json.loads, lines)
    assert (line["event"], line["lines_dropped"]) == ("c.kept", 2)


@given(st.text())
def test_what_is_escaped_is_printable_and_nothing_else_changes(text: str) -> None:
    """Printable text passes as it is; escaping twice is escaping once."""
    escaped = escape_controls(text)

    assert escaped.isprintable()
    assert escape_controls(escaped) == escaped
    assert (escaped == text) == text.isprintable()


@given(st.text(max_size=10) | st.text(min_size=2_001, max_size=2_010))
def test_only_long_text_is_shortened(text: str) -> None:
    """Up to the limit a value is whole."""
    assert (shorten(text) == text) == (len(text) <= 2_000)
