"""Where a command's answer goes: stdout, which may be a file, a pipe that ended early, or no longer there."""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

import click

from collector.errors import OutputError

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH_IN_FILES: Final = 240


class Lasting:
    """A text stream that outlives its reader: once nobody reads, what is written goes nowhere."""

    def __init__(self, stream: TextIO, *, forgives: type[OSError] = BrokenPipeError) -> None:
        """Stand in for `stream`; what fails otherwise than by `forgives` is an OutputError, once."""
        self._stream = stream
        self._forgives = forgives

    def __getattr__(self, name: str) -> Any:
        """Be the stream in all else."""
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, as long as somebody reads; 0 tells that it went nowhere."""
        try:
            return self._stream.write(text)
        except OSError as exc:
            self._give_up(exc)
        return 0

    def flush(self) -> None:
        """Flush, as long as somebody reads."""
        try:
            self._stream.flush()
        except OSError as exc:
            self._give_up(exc)

    def _give_up(self, error: OSError) -> None:
        forgiven = isinstance(error, self._forgives)
        if forgiven and not isinstance(error, BrokenPipeError):
            return  # a full disk may have room for the next line
        # What is still buffered must go somewhere, or the interpreter complains about it when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)
        if not forgiven:
            raise OutputError(f"stdout cannot be written: {error.strerror}") from None


def outlast_readers() -> None:
    """
    Make the process's own streams fit to be written to, whatever became of their readers.

    A stream that was closed before we began is opened on nothing: else the next socket would take its number, and get
    what is meant for stderr.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - positional only
    os.close(descriptor)
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    # A terminal that lacks a letter is no reason to fail. Nothing is buffered for stderr, where a line that found no
    # room would be tried again for ever.
    stdout = open(1, "w", encoding=encoding, errors="backslashreplace", closefd=False)  # noqa: SIM115 - like the process
    stderr = io.TextIOWrapper(
        cast("io.BufferedWriter", io.FileIO(2, "w", closefd=False)),
        encoding=encoding,
        errors="backslashreplace",
        write_through=True,
    )
    sys.stdout = cast("TextIO", Lasting(stdout))
    sys.stderr = cast("TextIO", Lasting(stderr, forgives=OSError))


def print_table(table: Table) -> None:
    """Print a table: fitted to the terminal, or unfolded and without colours where it goes into a file."""
    from rich.console import Console

    if sys.stdout.isatty():
        Console(file=sys.stdout, highlight=False, emoji=False).print(table)
        return
    text = io.StringIO()
    Console(file=text, width=_WIDTH_IN_FILES, highlight=False, emoji=False, color_system=None).print(table)
    for line in text.getvalue().splitlines():
        click.echo(line.rstrip())
