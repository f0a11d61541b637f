"""Whether to ask for another page."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.paging import TOKEN_CHARS_MAX, Paging
from collector.errors import AnswerTooLarge, ListingError, PagingLoop

if TYPE_CHECKING:
    from collections.abc import Iterator


def walk(paging: Paging, tokens: Iterator[str | None], *, records: int = 1) -> list[str]:
    """Follow the tokens as the client does; give those that were sent."""
    sent: list[str] = []
    while (token := paging.next_token(next(tokens), records=records)) is not None:
        sent.append(token)
    return sent


def test_only_an_absent_token_ends_a_listing() -> None:
    """An empty page with a token goes on (A6), and so does a short one (A7)."""
    paging = Paging(pages_max=10, items_max=10)

    decisions = [
        paging.next_token("a", records=0),
        paging.next_token("b", records=1),
        paging.next_token(None, records=5),
    ]

    assert decisions == ["a", "b", None]


@pytest.mark.parametrize(
    "tokens", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]], ids=["at-once", "back-to-first", "into-the-middle"]
)
def test_a_token_seen_before_is_a_loop(tokens: list[str]) -> None:
    """The set of all tokens is compared, not only the last one (A1)."""
    paging = Paging(pages_max=10, items_max=10)

    for token in tokens[:-1]:
        paging.next_token(token, records=1)
    with pytest.raises(PagingLoop):
        paging.next_token(tokens[-1], records=1)


@given(pages_max=st.integers(1, 50))
def test_endless_fresh_tokens_cost_no_more_than_pages_max_requests(pages_max: int) -> None:
    """A listing that never ends is given up at its cap (A2): the cap is of requests, not one more."""
    paging = Paging(pages_max=pages_max, items_max=10**9)
    tokens: Iterator[str | None] = (str(number) for number in count())

    with pytest.raises(AnswerTooLarge, match="pages_max"):
        walk(paging, tokens)

    assert paging.pages == pages_max


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.integers(1, 20))
def test_no_token_is_sent_twice_and_no_cap_is_passed(tokens: list[str], pages_max: int) -> None:
    """Whatever a server hands out, each token travels once, and requests stay within the cap."""
    paging = Paging(pages_max=pages_max, items_max=10**9)
    sent: list[str] = []

    try:
        for token in [*tokens, None]:
            decision = paging.next_token(token, records=1)
            if decision is not None:
                sent.append(decision)
    except ListingError:
        pass

    assert len(set(sent)) == len(sent)
    assert 1 + len(sent) <= pages_max


def test_more_records_than_items_max_end_the_listing() -> None:
    """The cap counts over all pages, and the last page is no exception (A2)."""
    paging = Paging(pages_max=10, items_max=5)

    paging.next_token("a", records=5)
    with pytest.raises(AnswerTooLarge, match="items_max"):
        paging.next_token(None, records=1)


@pytest.mark.parametrize("length", [101, 5000, TOKEN_CHARS_MAX])
def test_a_token_longer_than_documented_is_sent_unchanged(length: int) -> None:
    """The API limits what it takes but not what it gives, so the token is neither refused nor cut here (A3)."""
    token = "x" * length

    assert Paging(pages_max=2, items_max=1).next_token(token, records=0) == token


def test_a_token_no_request_line_can_carry_is_refused() -> None:
    """A token of megabytes is an attack, or a bug."""
    paging = Paging(pages_max=2, items_max=1)

    with pytest.raises(AnswerTooLarge, match="16385 characters"):
        paging.next_token("x" * (TOKEN_CHARS_MAX + 1), records=0)
