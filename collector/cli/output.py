"""Where a command's answer goes: stdout, which may be a file, a pipe that ended early, or no longer there."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_IN_FILES: Final = 240


class Lasting:
    """A text stream that outlives its reader: once nobody reads, what is written goes nowhere."""

    def __init__(self, stream: TextIO) -> None:
        """Stand in for `stream`."""
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        """Be the stream in all else."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, as long as somebody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._give_up()
        return len(text)

    def flush(self) -> None:
        """Flush, as long as somebody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._give_up()

    def _give_up(self) -> None:
        # What is still buffered must go somewhere, or the interpreter complains about it when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def outlast_readers() -> None:
    """
    Make the process's own streams fit to be written to, whatever became of their readers.

    A stream that was closed before we began is opened on nothing: else the next socket would take its number, and get
    what is meant for stderr.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional only
    os.close(descriptor)
    sys.stdout = _lasting(sys.stdout, 1)
    sys.stderr = _lasting(sys.stderr, 2)


def _lasting(stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:
        stream = open(descriptor, "w", encoding="utf-8", closefd=False)  # noqa: SIM115, PTH123 - as long as the process
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    return cast("TextIO", Lasting(stream))


def print_table(table: Table) -> None:
    """Print a table: fitted to the terminal, or unfolded where it goes into a file."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if is_terminal else _WIDTH_IN_FILES, highlight=False, emoji=False)
    console.print(table)
