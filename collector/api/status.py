"""
From an answer that is no page to the error it means. No I/O.

The API answers errors with a google.rpc.Status whose `code` says more than the
HTTP status: 409 may be ALREADY_EXISTS, which no repetition mends, or ABORTED,
which one does. The code is believed where it and the HTTP status agree by the
documented table; where they differ somebody between us and the API has spoken,
and the HTTP status counts. (Documented in "Error handling" of the API design guide.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from collector.api.answer import Answer, excerpt
from collector.api.paging import TOKEN_CHARS_DOCUMENTED
from collector.api.retry import parse_retry_after
from collector.errors import (
    ClusterNotFound,
    ListingError,
    ListingMoved,
    PermissionDenied,
    Redirected,
    RequestRefused,
    ServerFailed,
    Throttled,
    Unauthenticated,
)

RESOURCE_EXHAUSTED: Final = 8

CODES: Final[Mapping[int, tuple[str, int, type[ListingError]]]] = {
    1: ("CANCELLED", 499, ServerFailed),
    2: ("UNKNOWN", 500, ServerFailed),
    3: ("INVALID_ARGUMENT", 400, RequestRefused),
    4: ("DEADLINE_EXCEEDED", 504, ServerFailed),
    5: ("NOT_FOUND", 404, ClusterNotFound),
    6: ("ALREADY_EXISTS", 409, RequestRefused),
    7: ("PERMISSION_DENIED", 403, PermissionDenied),
    RESOURCE_EXHAUSTED: ("RESOURCE_EXHAUSTED", 429, Throttled),
    9: ("FAILED_PRECONDITION", 400, RequestRefused),
    10: ("ABORTED", 409, ServerFailed),
    11: ("OUT_OF_RANGE", 400, RequestRefused),
    12: ("UNIMPLEMENTED", 501, RequestRefused),
    13: ("INTERNAL", 500, ServerFailed),
    14: ("UNAVAILABLE", 503, ServerFailed),
    15: ("DATA_LOSS", 500, ServerFailed),
    16: ("UNAUTHENTICATED", 401, Unauthenticated),
}
"""gRPC code: its name, the HTTP status it is documented to arrive with, and what it means to us."""

STATUSES: Final[Mapping[int, type[ListingError]]] = {
    401: Unauthenticated,
    403: PermissionDenied,
    404: ClusterNotFound,
    429: Throttled,
    499: ServerFailed,
    501: RequestRefused,
}

TOKEN_REFUSED: Final = frozenset({400, 410, 422})
"""What a page token that has expired may be answered with."""

DURATION_PATTERN: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)s")


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcStatus:
    """The part of a google.rpc.Status that we read."""

    code: int
    message: str
    request_id: str | None = None
    retry_delay_s: float | None = None

    @property
    def name(self) -> str:
        """The code's name, `NOT_FOUND`."""
        return CODES[self.code][0]


class _Detail(msgspec.Struct):
    """Any of the messages in `details`: RequestInfo and RetryInfo have a field we want."""

    request_id: Any = msgspec.field(default=None, name="requestId")
    retry_delay: Any = msgspec.field(default=None, name="retryDelay")


class _Body(msgspec.Struct):
    code: int
    message: str = ""
    details: msgspec.Raw = msgspec.Raw(b"[]")


def parse_rpc_status(body: bytes) -> RpcStatus | None:
    """Read a google.rpc.Status; None where the body is none. OK (0) is no error, so no status to us."""
    try:
        status = msgspec.json.decode(body, type=_Body)
    except (ValueError, RecursionError):
        return None
    if status.code not in CODES:
        return None
    details = _details(bytes(status.details))
    request_ids = [detail.request_id for detail in details if isinstance(detail.request_id, str)]
    delays = [delay for detail in details if (delay := _duration_s(detail.retry_delay)) is not None]
    return RpcStatus(
        code=status.code,
        message=status.message,
        request_id=excerpt(request_ids[0]) if request_ids else None,
        retry_delay_s=max(delays, default=None),
    )


def error_from(answer: Answer, *, page_token: str | None) -> ListingError:
    """
    Say what an answer means that is no page.

    Args:
        answer: any status but 200, or 200 with a google.rpc.Status for a body.
        page_token: what the request carried. A refusal may then mean the token alone, and starting over may help.
    """
    status = parse_rpc_status(answer.body)
    meant = _meant_status(answer.status, status)
    message = _message(answer, status)
    request_id = (status and status.request_id) or answer.request_id
    kind = _kind(meant, status)
    if page_token is not None and kind is RequestRefused and meant in TOKEN_REFUSED:
        refused = f"{message} (to a page token of {len(page_token)} characters{_too_long(page_token)})"
        return ListingMoved(refused, status=answer.status, request_id=request_id)
    if issubclass(kind, Throttled):
        retry_after_s = _retry_after_s(answer, status)
        return kind(message, status=answer.status, request_id=request_id, retry_after_s=retry_after_s)
    return kind(message, status=answer.status, request_id=request_id)


def _meant_status(http_status: int, status: RpcStatus | None) -> int:
    """The HTTP status that counts. 200 with a Status in the body is the error in the body."""
    if status is not None and http_status == HTTPStatus.OK:
        return CODES[status.code][1]
    return http_status


def _kind(meant: int, status: RpcStatus | None) -> type[ListingError]:
    if status is not None and (CODES[status.code][1] == meant or status.code == RESOURCE_EXHAUSTED):
        return CODES[status.code][2]
    if meant in STATUSES:
        return STATUSES[meant]
    if 300 <= meant < 400:
        return Redirected
    return ServerFailed if meant >= 500 else RequestRefused


def _message(answer: Answer, status: RpcStatus | None) -> str:
    head = f"HTTP {answer.status}"
    if status is not None:
        return f"{head} {status.name}: {excerpt(status.message)}"
    if 300 <= answer.status < 400:
        return f"{head}: not followed, to {_location(answer.headers.get('location', ''))}"
    return f"{head}: {excerpt(answer.body)}" if answer.body else head


def _location(location: str) -> str:
    """Where a redirect leads, without what may be secret in it: user, query, fragment."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "an unreadable location"
    host = parts.netloc.rpartition("@")[2]
    return excerpt(f"{parts.scheme}://{host}{parts.path}" if host else parts.path) or "nowhere"


def _too_long(page_token: str) -> str:
    excess = len(page_token) > TOKEN_CHARS_DOCUMENTED
    return f", where the API documents at most {TOKEN_CHARS_DOCUMENTED}" if excess else ""


def _retry_after_s(answer: Answer, status: RpcStatus | None) -> float | None:
    asked = parse_retry_after(answer.headers.get("retry-after"), date=answer.headers.get("date"))
    if asked is not None or status is None:
        return asked
    return status.retry_delay_s


def _details(raw: bytes) -> list[_Detail]:
    """The error stands without them, so details that cannot be read are none."""
    try:
        return msgspec.json.decode(raw, type=list[_Detail])
    except (ValueError, RecursionError):
        return []


def _duration_s(text: object) -> float | None:
    """A protobuf Duration in JSON: `3.5s`."""
    match = DURATION_PATTERN.fullmatch(text) if isinstance(text, str) else None
    return float(match[1]) if match else None
