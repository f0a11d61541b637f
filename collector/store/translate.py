"""
A driver's error → ours. The cause is searched along `__context__`, since asyncpg hides it.

PostgreSQL's out-of-disk PANIC, for one, reaches the caller as `InterfaceError` about a transaction's exit;
only the context says that the connection was lost.
"""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from collector.errors import (
    CollectorError,
    DatabaseError,
    DatabaseRefused,
    DatabaseRejected,
    DatabaseUnavailable,
    TransactionConflict,
)

_CONFLICTS = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.UniqueViolationError,  # two first loads of one cluster: the second reads again and sees
    asyncpg.InvalidCachedStatementError,  # DDL under a running collector
)
_REFUSED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
)
_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.TargetServerAttributeNotMatched,
    asyncpg.PostgresSystemError,
    asyncpg.InternalServerError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,  # TimeoutError is one
)
_SCARCE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})
"""Descriptors or memory: of this process or machine, not the database's."""
_NO_TLS = "rejected SSL upgrade"
"""asyncpg's word for a server, or somebody between us, that will not speak TLS; it is a plain ConnectionError."""


@contextmanager
def translated() -> Iterator[None]:
    """Turn whatever the driver raises inside into a `DatabaseError`. Our own errors and cancellation pass."""
    try:
        yield
    except CollectorError:
        raise
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as exc:
        raise translate(exc) from None


def translate(error: BaseException) -> DatabaseError:
    """
    Say what a driver's error means for us.

    The text holds the server's message and SQLSTATE, never the connection's parameters.
    """
    chain = list(_causes(error))
    if (distrust := next(filter(None, map(_distrust, chain)), None)) is not None:
        return DatabaseRefused(distrust)
    for family, ours in (
        (_REFUSED, DatabaseRefused),
        (_CONFLICTS, TransactionConflict),
        (_UNAVAILABLE, DatabaseUnavailable),
    ):
        for cause in chain:
            if isinstance(cause, family) and not isinstance(cause, asyncpg.InterfaceError):
                return ours(_describe(cause))
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        # The driver's own refusals, of an address or of a value: trying again would end the same way.
        configured = isinstance(error, asyncpg.ClientConfigurationError)
        return DatabaseRefused(_describe(error)) if configured else DatabaseRejected(_describe(error))
    if isinstance(error, (asyncpg.InterfaceError, asyncpg.InternalClientError)):
        return DatabaseUnavailable(_describe(error))
    return DatabaseRejected(_describe(error))


def _distrust(error: BaseException) -> str | None:
    """Say why the server is not believed to be the one it should be; None where that is not the fault."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"TLS: the database's certificate is refused: {error.verify_message.rstrip('.')}"
    if isinstance(error, ConnectionError) and _NO_TLS in str(error):
        return "TLS: the database does not speak it, or somebody between it and us strips it, and sslmode demands it"
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _describe(error: BaseException) -> str:
    if isinstance(error, asyncpg.PostgresError):
        return f"{error.sqlstate}: {_first_line(error, type(error).__name__)}"
    if isinstance(error, TimeoutError):
        return "the database: no answer in time"
    if isinstance(error, OSError) and error.errno in _SCARCE:
        return f"no connection to the database, for this process lacks what it needs: {error.strerror}"
    if isinstance(error, OSError):  # its text names an address at best, and the API is on the network as well
        return f"no connection to the database: {type(error).__name__}: {_first_line(error)}"
    return f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error: BaseException, instead: str = "no message") -> str:
    return str(error).splitlines()[0] if str(error) else instead
