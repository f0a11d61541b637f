"""Quoting foreign text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.answer import Answer, excerpt


@given(st.text(max_size=1000) | st.binary(max_size=1000))
def test_an_excerpt_is_one_short_printable_line(text: str | bytes) -> None:
    """Nothing in it moves a cursor, breaks a log line or fills a screen."""
    quoted = excerpt(text)

    assert quoted.isprintable()
    assert len(quoted) <= 200


@pytest.mark.parametrize(
    "text, quoted",
    [
        ("plain, ünïcode", "plain, ünïcode"),
        ("  around  ", "around"),
        ("a\nb\x1b[2J", "a\\nb\\x1b[2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        (b"\xffx", "\\xffx"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
    ],
    ids=["plain", "spaces", "control", "right-to-left", "no-utf-8", "at-the-limit", "past-the-limit"],
)
def test_an_excerpt_keeps_what_is_readable(text: str | bytes, quoted: str) -> None:
    """What cannot be shown is escaped, not dropped."""
    assert excerpt(text) == quoted


def test_a_request_id_is_quoted_too() -> None:
    """It is as foreign as the rest."""
    assert Answer(200, {"x-request-id": "r\x1b"}, b"").request_id == "r\\x1b"
    assert Answer(200, {}, b"").request_id is None
