"""A driver's errors, told apart by what helps."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl

import asyncpg
import pytest

from collector.errors import (
    DatabaseError,
    DatabaseRefused,
    DatabaseRejected,
    DatabaseUnavailable,
    SchemaError,
    TransactionConflict,
)
from collector.store.translate import translate, translated

EXPECTED = {
    "40001": TransactionConflict,
    "40P01": TransactionConflict,
    "23505": TransactionConflict,
    "0A000": DatabaseRejected,
    "08006": DatabaseUnavailable,
    "53100": DatabaseUnavailable,
    "53200": DatabaseUnavailable,
    "53300": DatabaseUnavailable,
    "55P03": DatabaseUnavailable,
    "57014": DatabaseUnavailable,
    "57P01": DatabaseUnavailable,
    "57P02": DatabaseUnavailable,
    "57P03": DatabaseUnavailable,
    "58030": DatabaseUnavailable,
    "25006": DatabaseUnavailable,
    "XX000": DatabaseUnavailable,
    "28P01": DatabaseRefused,
    "28000": DatabaseRefused,
    "3D000": DatabaseRefused,
    "42501": DatabaseRefused,
    "42P01": DatabaseRejected,
    "42601": DatabaseRejected,
    "22P02": DatabaseRejected,
    "23503": DatabaseRejected,
    "23514": DatabaseRejected,
}


def server_error(sqlstate: str) -> asyncpg.PostgresError:
    """Make the driver's error of a state."""
    error: asyncpg.PostgresError = asyncpg.PostgresError.new({"C": sqlstate, "M": "what the server said\nand more"})
    return error


@pytest.mark.parametrize("sqlstate, expected", EXPECTED.items())
def test_a_state_means_retry_person_or_bug(sqlstate: str, expected: type[DatabaseError]) -> None:
    """The type answers whether a retry helps; the text has the state and the first line."""
    error = translate(server_error(sqlstate))

    assert type(error) is expected
    assert str(error) == f"{sqlstate}: what the server said"


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        ConnectionRefusedError(111, "refused"),
        ConnectionResetError(),
        OSError(),
        ssl.SSLError("x"),
        asyncpg.InterfaceError("connection is closed"),
        asyncpg.InternalClientError("got result for unknown protocol state 3"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_may_heal(error: Exception) -> None:
    """Whatever it was that broke it."""
    assert type(translate(error)) is DatabaseUnavailable


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError(111, "refused"), OSError()], ids=repr)
def test_a_broken_connection_is_said_to_be_the_databases(error: OSError) -> None:
    """A refused connection alone would leave open whether it was the API's."""
    assert "the database" in str(translate(error))


@pytest.mark.parametrize("link", ["__context__", "__cause__"])
@pytest.mark.parametrize("sqlstate, expected", [("53100", DatabaseUnavailable), ("28P01", DatabaseRefused)])
def test_the_cause_is_found_behind_what_hides_it(link: str, sqlstate: str, expected: type[DatabaseError]) -> None:
    """A full disk reaches us as an error about leaving a transaction."""
    hiding = asyncpg.InterfaceError("cannot call Transaction.__aexit__(): the underlying connection is closed")
    middle = RuntimeError("between")
    setattr(middle, link, server_error(sqlstate))
    setattr(hiding, link, middle)

    error = translate(hiding)

    assert type(error) is expected
    assert sqlstate in str(error)


def test_a_chain_that_bites_its_tail_ends() -> None:
    """Contexts can form a ring."""
    first, second = asyncpg.InterfaceError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first

    assert type(translate(first)) is DatabaseUnavailable


def test_a_conflict_is_not_hidden_by_the_rollback_that_failed_after_it() -> None:
    """The server's word counts, not the driver's about the connection."""
    hiding = asyncpg.InterfaceError("connection is closed")
    hiding.__context__ = server_error("40P01")

    assert type(translate(hiding)) is TransactionConflict


@pytest.mark.parametrize(
    "error", [SchemaError("x"), asyncio.CancelledError(), KeyError("a bug"), TransactionConflict("x")], ids=type
)
def test_what_is_not_the_drivers_passes_as_it_is(error: BaseException) -> None:
    """Our own errors, cancellation, and bugs."""
    with pytest.raises(type(error)) as caught, translated():
        raise error

    assert caught.value is error


def test_a_translated_error_carries_no_cause() -> None:
    """The driver's error may hold the parameters of a statement."""
    with pytest.raises(DatabaseUnavailable) as caught, translated():
        raise server_error("57P01")

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("name", ["DataError", "ClientConfigurationError"])
def test_what_the_driver_itself_refuses_is_not_tried_again(name: str) -> None:
    """A value that no column takes, or an address that cannot be read: a repetition ends the same way."""
    from asyncpg.exceptions import _base

    error = translate(getattr(_base, name)("invalid"))

    assert not isinstance(error, (DatabaseUnavailable, TransactionConflict))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENOMEM], ids=errno.errorcode.get)
def test_what_the_process_lacks_is_not_the_databases_fault(number: int) -> None:
    """Said without the path of whatever was to be opened (F11)."""
    error = translate(OSError(number, os.strerror(number), "/somewhere/read_known.sql"))

    assert type(error) is DatabaseUnavailable
    assert str(error).endswith(f"this process lacks what it needs: {os.strerror(number)}")
