"""Page tokens: what goes in comes out, and nothing else is accepted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.emulator.answers import Code, RefusedCall
from collector.emulator.tokens import Place, issue_token, read_token

PLACES = st.builds(
    Place,
    offset=st.integers(0, 2**63),
    revision=st.integers(0, 2**32 - 1),
    page_size=st.integers(0, 1000),
    repeat=st.integers(0, 2**16 - 1),
)


@given(st.text(st.characters(exclude_categories=["Cs"])), PLACES)
def test_a_token_leads_back_to_its_place(listing: str, place: Place) -> None:
    """A token carries the whole place, in at most the API's 100 characters."""
    token = issue_token(listing, place)

    assert read_token(listing, token) == place
    assert len(token) <= 100


@given(PLACES)
def test_a_token_of_another_listing_is_refused(place: Place) -> None:
    """A token is bound to its listing."""
    token = issue_token("opensearch/cluster_backups/a", place)

    with pytest.raises(RefusedCall) as caught:
        read_token("opensearch/cluster_backups/b", token)

    assert caught.value.code == Code.INVALID_ARGUMENT


@given(PLACES, st.data())
def test_a_touched_token_is_refused(place: Place, data: st.DataObject) -> None:
    """Changing any one character spoils a token."""
    token = issue_token("x", place)
    position = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(sorted(set("AZaz09-_=~ é") - {token[position]})))

    with pytest.raises(RefusedCall, match="page_token"):
        read_token("x", token[:position] + other + token[position + 1 :])


@given(st.text())
def test_junk_is_refused_as_an_invalid_argument(token: str) -> None:
    """Whatever is sent as a token, the answer is a refusal and no other error."""
    with pytest.raises(RefusedCall) as caught:
        read_token("x", token)

    assert caught.value.http_status == 400


def test_a_token_past_the_limit_is_refused_by_its_length() -> None:
    """The API accepts at most 100 characters."""
    with pytest.raises(RefusedCall, match="too long"):
        read_token("x", "a" * 101)
