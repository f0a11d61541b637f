"""
Every way this program can fail, in one tree. The type answers: would a retry help?

A message names the thing and the value seen, never a secret. Libraries' errors
are translated into these at the border; nothing here imports a library.
"""

from __future__ import annotations

from typing import ClassVar


class CollectorError(Exception):
    """The root. `kind` is a stable word for ledgers, metrics and logs."""

    kind: ClassVar[str] = "error"


class UsageError(CollectorError):
    """The caller asked for what cannot be: an option, a cluster that is not configured (exit 2)."""

    kind = "usage"


class DiscoveryIncomplete(CollectorError):
    """A cluster that was asked for is not configured, and where it may be found could not be read (exit 1)."""

    kind = "discovery_incomplete"


class ConfigError(CollectorError):
    """
    The configuration cannot be used (exit 2). `problems` holds every one of them.

    Each problem is a line `file:line:column: key: what is wrong`.
    """

    kind = "config"

    def __init__(self, problems: list[str]) -> None:
        """Keep all problems; the message is one line for each."""
        super().__init__("\n".join(problems))
        self.problems = problems


class OutputError(CollectorError):
    """The work is done, and what the command had to say of it could not be written to stdout."""

    kind = "output"


class CredentialError(CollectorError):
    """No usable credential: absent, empty, unreadable, or refused by the token service (exit 2)."""

    kind = "credential"


class SchemaError(CollectorError):
    """The database's schema is missing, older, newer, or was changed by hand (exit 2)."""

    kind = "schema"


class UnreadableValue(CollectorError):
    """A value in a record that cannot be stored exactly. The record goes to quarantine, the listing on."""

    kind = "unreadable_value"

    def __init__(self, reason: str, *, field: str | None = None, backup_id: str | None = None) -> None:
        """Say why; `field` is the API's name of the field, `backup_id` the record's id where it could be read."""
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason = reason
        self.field = field
        self.backup_id = backup_id


class ListingError(CollectorError):
    """A listing did not end properly, so nothing may be concluded from it. Base of all faults on the way to the API."""

    kind = "listing"

    def __init__(self, message: str, *, status: int | None = None, request_id: str | None = None) -> None:
        """Keep the HTTP status and the server's request id, where an answer came."""
        super().__init__(message)
        self.status = status
        self.request_id = request_id


class TransientError(ListingError):
    """The same request may succeed later: retried with back-off inside the listing's deadline."""

    kind = "transient"


class Throttled(TransientError):
    """429, or RESOURCE_EXHAUSTED. `retry_after_s` is the server's wish in seconds, None where it had none."""

    kind = "throttled"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep the server's wish beside the usual facts."""
        super().__init__(message, status=status, request_id=request_id)
        self.retry_after_s = retry_after_s


class ServerFailed(Throttled):
    """5xx, or 499. May carry a Retry-After like 429."""

    kind = "server_failed"


class NetworkFailed(TransientError):
    """No whole answer: refused, reset, cut, DNS."""

    kind = "network"


class TimedOut(TransientError):
    """A request passed its deadline."""

    kind = "timeout"


class PermanentError(ListingError):
    """The same request will fail again: not retried in this sweep."""

    kind = "permanent"


class Unauthenticated(PermanentError):
    """401, or UNAUTHENTICATED."""

    kind = "unauthenticated"


class PermissionDenied(PermanentError):
    """403, or PERMISSION_DENIED."""

    kind = "permission_denied"


class ClusterNotFound(PermanentError):
    """404, or NOT_FOUND, and its folder's list tells no more. Says nothing about its backups: they outlive it."""

    kind = "not_found"


class RequestRefused(PermanentError):
    """400, 405, 409, 422, 501 and other answers that no repetition mends."""

    kind = "request_refused"


class TlsFailed(PermanentError):
    """The server's certificate was not accepted."""

    kind = "tls"


class Redirected(PermanentError):
    """3xx. Never followed: a redirect would carry our headers elsewhere."""

    kind = "redirected"


class BadAnswer(PermanentError):
    """Status 200 with what is not a page: HTML, broken JSON, wrong types, another cluster's backups."""

    kind = "bad_answer"


class TruncatedAnswer(TransientError):
    """A body that ended early, or JSON that did."""

    kind = "truncated"


class AnswerTooLarge(PermanentError):
    """A body, the values in it, a page count or an item count past its cap."""

    kind = "too_large"


class PagingLoop(PermanentError):
    """A page token that was seen before in this listing."""

    kind = "paging_loop"


class DeadlineExceeded(PermanentError):
    """The listing's, or the sweep's, time is up, or the retry budget is spent."""

    kind = "deadline"


class ListingMoved(ListingError):
    """The list changed under us (a token expired, one id twice with other content). Starting over may help, once."""

    kind = "listing_moved"


class SpoolError(CollectorError):
    """A listing found no room while it was being read: the temporary directory is full or not writable."""

    kind = "spool"


class DatabaseError(CollectorError):
    """PostgreSQL refused or was not there. Base of the four below."""

    kind = "database"


class DatabaseUnavailable(DatabaseError):
    """No connection, a broken one, a frozen or a read-only server. A retry may help (exit 3 at the start)."""

    kind = "database_unavailable"


class DatabaseRefused(DatabaseError):
    """Wrong password, missing database, missing grant: only a person can mend it (exit 2)."""

    kind = "database_refused"


class TransactionConflict(DatabaseError):
    """Serialization failure, deadlock, or a server that ended us: the whole transaction may be tried again."""

    kind = "transaction_conflict"


class DatabaseRejected(DatabaseError):
    """The server refused a statement for what it says: a bug here, or a hand that changed the schema."""

    kind = "database_rejected"
