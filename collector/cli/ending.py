"""How a command ends: errors become one message on stderr and an exit code that a machine can act on."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Final

import click

from collector.errors import CollectorError, ConfigError, ListingError

if TYPE_CHECKING:
    from collector.interrupt import Interrupt
    from collector.records import Summary

DONE: Final = 0
INCOMPLETE: Final = 1
REFUSED: Final = 2
UNAVAILABLE: Final = 3
BUG: Final = 70

EXIT_CODES: Final = (
    "0 done, and every selected cluster is complete; 1 some cluster is not complete, or not fresh, or a discovery is "
    "not complete; "
    "2 usage, configuration, credential or schema: pointless to retry; 3 the database is unavailable and nothing was "
    "written; 70 a bug; 130 and 143 interrupted."
)

_CODES: Final = {
    "usage": REFUSED,
    "config": REFUSED,
    "credential": REFUSED,
    "schema": REFUSED,
    "embedded": REFUSED,
    "database_refused": REFUSED,
    "database_unavailable": UNAVAILABLE,
    "transaction_conflict": UNAVAILABLE,
    "discovery_incomplete": INCOMPLETE,
    "output": INCOMPLETE,
}
CREDENTIAL: Final = frozenset({"unauthenticated", "credential"})
"""The kinds of fault that are the credential's, whatever was asked for."""


def carry_out(work: Callable[[Interrupt], Coroutine[Any, Any, int]]) -> None:
    """Run a command's work to its end and leave the command with its exit code."""
    from collector.interrupt import run_interruptible

    async def concluded(interrupt: Interrupt) -> int:
        try:
            return await work(interrupt)
        except CollectorError as exc:
            return conclude(exc)
        except Exception as exc:  # noqa: BLE001 - here, so that nothing that hangs can keep its exit code from the caller
            return crash(exc)

    click.get_current_context().exit(run_interruptible(concluded))


def conclude(error: CollectorError) -> int:
    """Say on stderr why the command ends, and return its exit code."""
    from collector.logs import escape_controls, flush_logs

    flush_logs()
    if isinstance(error, ConfigError):
        lines = error.problems
    else:
        lines = [f"Error: {line}" if number == 0 else line for number, line in enumerate(str(error).split("\n"))]
    for line in lines:
        click.echo(escape_controls(line), err=True)
    return code_of(error)


def crash(error: Exception) -> int:
    """Log what nobody expected, with its traceback but without the values in it, and return the exit code of a bug."""
    import structlog

    from collector.logs import configure_logs, flush_logs

    if not structlog.is_configured():
        configure_logs()
    structlog.get_logger().error("command.crashed", error=type(error).__name__, exc_info=error)
    flush_logs()
    return BUG


def code_of(error: CollectorError) -> int:
    """Say what a command exits with that was ended by this error."""
    own: int | None = getattr(error, "exit_code", None)
    if own is not None:
        return own
    # Such a fault before any listing: a service that is asked for the way, or for a token, was not there.
    return INCOMPLETE if isinstance(error, ListingError) else _CODES.get(error.kind, BUG)


def code_of_sweep(summary: Summary, *, interrupted: int | None) -> int:
    """
    Say what a sweep exits with.

    Args:
        summary: what came of it.
        interrupted: 128 and the signal's number, where there was one.
    """
    errors = {result.error for result in summary.results} | {each.error for each in summary.discovered}
    if "bug" in errors:
        return BUG
    if summary.is_whole():
        return DONE
    if interrupted is not None:
        return interrupted
    if errors <= CREDENTIAL:
        return REFUSED
    refusals = {_CODES.get(error or "", INCOMPLETE) for error in errors}
    return refusals.pop() if len(refusals) == 1 else INCOMPLETE
