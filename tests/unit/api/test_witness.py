"""What a witness of the API's answers is told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from collector.api.answer import Answer
from collector.api.witness import Exchange, witnessed

TOKEN = "t1.canary=="
"""Has characters that are escaped where it stands in a URL."""


@pytest.fixture
def _in_tokyo() -> Iterator[None]:
    """Have the process nine hours ahead of UTC."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


def exchange(*headers: tuple[str, str], body: bytes = b"{}") -> Exchange:
    """Witness an answer."""
    return witnessed(Answer(200, {}, body), headers, target="/x", token=TOKEN, received_at=1.0)


def test_a_witness_is_told_all_headers_in_their_order_but_cookies() -> None:
    """Also those that the program drops, and repeated ones."""
    seen = exchange(("X-A", "1"), ("Set-Cookie", "session=1"), ("x-a", "2"), ("Server", "envoy"))

    assert seen.headers == (("X-A", "1"), ("x-a", "2"), ("Server", "envoy"))
    assert (seen.header("X-a"), seen.header("x-b")) == ("1, 2", None)


@pytest.mark.parametrize("form", [TOKEN, "t1.canary%3D%3D"], ids=["plain", "escaped"])
def test_our_token_is_taken_out_wherever_it_is_echoed(form: str) -> None:
    """In a header's name and value, and in the body, as it was sent or as URLs escape it."""
    seen = exchange((f"X-{form}", f"Bearer {form}"), body=f'{{"a":"{form}"}}'.encode())

    assert seen.headers == (("X-[token]", "Bearer [token]"),)
    assert seen.body == b'{"a":"[token]"}'


@pytest.mark.parametrize(
    "date, dated_at",
    [
        ("Thu, 01 Jan 1970 00:02:03 GMT", 123.0),
        ("Thu, 01 Jan 1970 00:02:03 -0000", 123.0),
        ("Thu, 01 Jan 1970 00:02:03", 123.0),
        ("yesterday", None),
        ("", None),
    ],
    ids=["date", "zone-unknown", "no-zone", "words", "empty"],
)
@pytest.mark.usefixtures("_in_tokyo")
def test_the_servers_clock_is_read_off_its_date(date: str, dated_at: float | None) -> None:
    """What cannot be read says nothing, and where we are does not matter."""
    assert exchange(("Date", date)).dated_at == dated_at


def test_without_a_date_the_servers_clock_is_unknown() -> None:
    """The header is not demanded."""
    assert exchange().dated_at is None
