"""
What the API says when it refuses: a google.rpc.Status as JSON, with the HTTP status that belongs to its code. Pure.

https://yandex.cloud/en/docs/api-design-guide/concepts/errors
"""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


class Code(enum.IntEnum):
    """The codes of google.rpc."""

    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


HTTP_STATUS: Final[Mapping[int, int]] = MappingProxyType(
    {
        Code.CANCELLED: 499,
        Code.UNKNOWN: 500,
        Code.INVALID_ARGUMENT: 400,
        Code.DEADLINE_EXCEEDED: 504,
        Code.NOT_FOUND: 404,
        Code.ALREADY_EXISTS: 409,
        Code.PERMISSION_DENIED: 403,
        Code.RESOURCE_EXHAUSTED: 429,
        Code.FAILED_PRECONDITION: 400,
        Code.ABORTED: 409,
        Code.OUT_OF_RANGE: 400,
        Code.UNIMPLEMENTED: 501,
        Code.INTERNAL: 500,
        Code.UNAVAILABLE: 503,
        Code.DATA_LOSS: 500,
        Code.UNAUTHENTICATED: 401,
    }
)

MESSAGES: Final[Mapping[int, str]] = MappingProxyType(
    {
        Code.INVALID_ARGUMENT: "Request argument is invalid.",
        Code.NOT_FOUND: "Resource not found.",
        Code.PERMISSION_DENIED: "Permission denied",
        Code.RESOURCE_EXHAUSTED: "The request limit exceeded.",
        Code.UNIMPLEMENTED: "Method is not implemented.",
        Code.INTERNAL: "Internal error.",
        Code.UNAVAILABLE: "Service is unavailable. Try again in a few seconds.",
        Code.UNAUTHENTICATED: "Token is invalid or has expired.",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer before it is sent."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


class RefusedCall(Exception):
    """A call that the API refuses by its own rules."""

    def __init__(self, code: Code, message: str, *, field: str | None = None, http_status: int | None = None) -> None:
        """Name the code; `field` is the request's field at fault, `http_status` one that is not the code's usual."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field
        self.http_status = HTTP_STATUS[code] if http_status is None else http_status


def render_status(code: int, message: str, *, request_id: str, field: str | None = None) -> bytes:
    """Write a google.rpc.Status with the request's id and, where one is named, the field at fault among its details."""
    details: list[dict[str, object]] = []
    if field is not None:
        violation = {"field": field, "description": message}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
    details.append({"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": request_id})
    status = {"code": int(code), "message": message, "details": details}
    return json.dumps(status, ensure_ascii=False, separators=(",", ":")).encode()


def refuse(refused: RefusedCall, *, request_id: str) -> Answer:
    """Answer a refused call."""
    body = render_status(refused.code, refused.message, request_id=request_id, field=refused.field)
    return Answer(status=refused.http_status, body=body)
