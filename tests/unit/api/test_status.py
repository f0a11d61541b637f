"""What an answer means that is no page."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.answer import Answer
from collector.api.status import error_from, parse_rpc_status
from collector.errors import (
    ClusterNotFound,
    ListingError,
    ListingMoved,
    PermissionDenied,
    Redirected,
    RequestRefused,
    ServerFailed,
    Throttled,
    TransientError,
    Unauthenticated,
)


def rpc(code: int, message: str = "why", details: object = None) -> bytes:
    """A google.rpc.Status in JSON."""
    return json.dumps({"code": code, "message": message, **({"details": details} if details else {})}).encode()


def error(status: int, body: bytes = b"", *, page_token: str | None = None, **headers: str) -> ListingError:
    """What an answer means; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return error_from(Answer(status, named, body), page_token=page_token)


@pytest.mark.parametrize(
    "status, kind",
    [
        (204, RequestRefused),
        (206, RequestRefused),
        (302, Redirected),
        (304, Redirected),
        (400, RequestRefused),
        (401, Unauthenticated),
        (403, PermissionDenied),
        (404, ClusterNotFound),
        (409, RequestRefused),
        (410, RequestRefused),
        (418, RequestRefused),
        (422, RequestRefused),
        (429, Throttled),
        (499, ServerFailed),
        (500, ServerFailed),
        (501, RequestRefused),
        (502, ServerFailed),
        (503, ServerFailed),
        (504, ServerFailed),
        (599, ServerFailed),
        (101, RequestRefused),
    ],
)
def test_a_status_alone_has_a_meaning(status: int, kind: type[ListingError]) -> None:
    """Proxies answer without a body of the API's; only 200 is success (D15, D16, D17, D20)."""
    found = error(status)

    assert type(found) is kind
    assert found.status == status


@pytest.mark.parametrize(
    "status, code, kind",
    [
        (499, 1, ServerFailed),
        (500, 2, ServerFailed),
        (400, 3, RequestRefused),
        (504, 4, ServerFailed),
        (404, 5, ClusterNotFound),
        (409, 6, RequestRefused),
        (403, 7, PermissionDenied),
        (429, 8, Throttled),
        (400, 9, RequestRefused),
        (409, 10, ServerFailed),
        (400, 11, RequestRefused),
        (501, 12, RequestRefused),
        (500, 13, ServerFailed),
        (503, 14, ServerFailed),
        (500, 15, ServerFailed),
        (401, 16, Unauthenticated),
    ],
)
def test_a_code_says_the_same_with_its_status_and_with_200(status: int, code: int, kind: type[ListingError]) -> None:
    """An error in the body of a 200 is the error that it says (D4)."""
    kinds = {type(error(status, rpc(code))), type(error(200, rpc(code)))}

    assert kinds == {kind}


@pytest.mark.parametrize("status", [400, 403, 500, 503])
def test_an_exhausted_resource_is_throttling_with_any_status(status: int) -> None:
    """The code alone says "slow down"."""
    assert type(error(status, rpc(8))) is Throttled


def test_a_code_that_contradicts_its_status_is_not_believed() -> None:
    """A proxy's 502 around somebody's NOT_FOUND must not look like a missing cluster."""
    assert type(error(502, rpc(5))) is ServerFailed
    assert type(error(403, rpc(16))) is PermissionDenied


@pytest.mark.parametrize("status", [400, 410, 422])
def test_a_refusal_of_a_request_with_a_token_means_the_list_moved(status: int) -> None:
    """Without a token the same refusal is final (A5, D17)."""
    assert type(error(status, page_token="t")) is ListingMoved
    assert type(error(status)) is RequestRefused


def test_an_invalid_argument_in_a_200_moves_a_listing_too() -> None:
    """The wrapping does not change what is said."""
    assert type(error(200, rpc(3), page_token="t")) is ListingMoved


@pytest.mark.parametrize("status, code", [(403, 7), (404, 5), (429, 8), (400, 8), (503, 14)])
def test_other_errors_mean_the_same_with_a_token(status: int, code: int) -> None:
    """Only a refused argument can be the token's fault."""
    assert type(error(status, rpc(code), page_token="t")) is type(error(status, rpc(code)))


@pytest.mark.parametrize("length, told", [(100, False), (101, True)])
def test_a_token_past_the_documented_length_is_named_as_the_likely_reason(length: int, told: bool) -> None:
    """Who reads the failure need not count (A3); the token itself is not shown."""
    message = str(error(400, page_token="x" * length))

    assert ("documents at most 100" in message) is told
    assert f"{length} characters" in message
    assert "xxxx" not in message


def test_a_message_names_status_code_and_words() -> None:
    """One line tells what the server said."""
    assert str(error(403, rpc(7, "no right to list"))) == "HTTP 403 PERMISSION_DENIED: no right to list"


@given(st.text(max_size=2000))
def test_foreign_words_are_short_and_harmless(words: str) -> None:
    """At most 200 characters, and none a terminal would obey."""
    message = str(error(403, rpc(7, words)))

    assert message.isprintable()
    assert len(message) <= len("HTTP 403 PERMISSION_DENIED: ") + 200


@given(st.integers(100, 599), st.binary(max_size=300), st.text(max_size=50))
def test_no_answer_is_without_a_meaning(status: int, body: bytes, value: str) -> None:
    """Whatever comes, an error comes out, and its message is one printable line."""
    found = error(status, body, location=value, retry_after=value, date=value, x_request_id=value)

    assert isinstance(found, ListingError)
    assert str(found).isprintable()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"code":"5"}',
        b'{"code":0}',
        b'{"code":17}',
        b'{"code":5.5}',
        b'{"code":true}',
        b"[" * 99999,
    ],
    ids=["empty", "html", "array", "object", "string", "ok", "unknown", "fraction", "bool", "deep"],
)
def test_what_is_no_status_is_none(body: bytes) -> None:
    """Only a known code makes a google.rpc.Status."""
    assert parse_rpc_status(body) is None


def test_the_request_id_in_the_details_comes_before_the_header() -> None:
    """The API's own sample of a 401 carries it in RequestInfo."""
    info = [{"@type": "type.googleapis.com/google.rpc.RequestInfo", "requestId": "e38e"}]

    assert error(401, rpc(16, details=info), x_request_id="proxy").request_id == "e38e"
    assert error(401, rpc(16), x_request_id="proxy").request_id == "proxy"
    assert error(401, rpc(16)).request_id is None


@pytest.mark.parametrize(
    "details",
    [5, "x", {"a": 1}, [5], [{"requestId": 5, "retryDelay": ["1s"]}]],
    ids=["int", "str", "object", "ints", "types"],
)
def test_odd_details_do_not_hide_the_error(details: object) -> None:
    """They are an addition; the code and the words stand."""
    assert str(error(404, rpc(5, "gone", details))) == "HTTP 404 NOT_FOUND: gone"


@pytest.mark.parametrize(
    "delay, seconds", [("3s", 3.0), ("0.5s", 0.5), ("-3s", None), ("3", None), ("infs", None), ("9" * 400 + "s", None)]
)
def test_a_delay_in_the_details_is_a_wish_too(delay: str, seconds: float | None) -> None:
    """RetryInfo is how gRPC says Retry-After."""
    found = error(429, rpc(8, details=[{"retryDelay": delay}]))

    assert isinstance(found, Throttled)
    assert found.retry_after_s == seconds


def test_the_header_comes_before_the_details() -> None:
    """The nearest hop knows best when it will answer."""
    found = error(503, rpc(14, details=[{"retryDelay": "3s"}]), retry_after="7")

    assert isinstance(found, Throttled)
    assert found.retry_after_s == 7.0


@pytest.mark.parametrize(
    "location, shown",
    [
        ("https://user:secret@other.example/path?token=secret#secret", "https://other.example/path"),
        ("/login?next=secret", "/login"),
        ("", "nowhere"),
        ("http://[secret", "an unreadable location"),
    ],
    ids=["absolute", "relative", "absent", "broken"],
)
def test_a_redirect_is_named_without_what_may_be_secret_in_it(location: str, shown: str) -> None:
    """Where it leads helps; user, query and fragment do not (D12)."""
    message = str(error(302, b"<a href=secret>", location=location))

    assert message == f"HTTP 302: not followed, to {shown}"


def test_an_aborted_request_is_transient() -> None:
    """409 has two meanings, and this one passes."""
    assert isinstance(error(409, rpc(10)), TransientError)
    assert not isinstance(error(409, rpc(6)), TransientError)
