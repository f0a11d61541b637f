"""A bar on stderr while a sweep runs, for a person who watches. A file or a pipe gets none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.records import ListingResult


@contextmanager
def progress(total: int | None) -> Iterator[Callable[[ListingResult], None]]:
    """Show how many of `total` clusters (None: not known yet) are done; yields what is to be called for each."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("clusters"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # It leaves stdout alone: the report is written when the bar is gone.
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False) as bar:
        task = bar.add_task("clusters", total=total)
        yield lambda _: bar.advance(task)
