"""From an answer to a page."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api.answer import Answer
from collector.api.pages import ESCAPES_MAX, VALUES_MAX, Key, is_json, parse_page
from collector.errors import AnswerTooLarge, BadAnswer, ClusterNotFound, ListingError, ListingMoved, TruncatedAnswer
from collector.records import Page

JSON = {"content-type": "application/json"}

leaves = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(st.characters(exclude_categories=["Cs"]))
values: st.SearchStrategy[Any] = st.recursive(leaves, lambda v: st.lists(v) | st.dictionaries(st.text(max_size=9), v))


def read(body: bytes, *, page_token: str | None = None) -> Page:
    """Read a 200 with a JSON body."""
    return parse_page(Answer(200, JSON, body), page_token=page_token)


@given(st.lists(values, max_size=9), st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.booleans())
def test_records_are_cut_out_byte_for_byte(records: list[Any], token: str, ascii_only: bool) -> None:
    """A record is what the server wrote, whatever it is; the token is what it meant."""
    texts = [json.dumps(record, ensure_ascii=ascii_only).encode() for record in records]
    body = b'{ "backups" : [ ' + b" ,\n".join(texts) + b' ], "nextPageToken": ' + json.dumps(token).encode() + b"}"

    page = read(body)

    assert page[:2] == (texts, token or None)


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b" { \n } ",
        b'{"backups":[]}',
        b'{"backups":null}',
        b'{"nextPageToken":""}',
        b'{"nextPageToken":null}',
        b'{"backups":[],"nextPageToken":"","later":{"more":[1]}}',
    ],
)
def test_what_proto3_calls_empty_is_an_empty_last_page(body: bytes) -> None:
    """Defaults may be left out, null or empty (A8, A12); unknown keys beside known ones are the API's future (B1)."""
    assert read(body)[:2] == ([], None)


def test_an_empty_page_may_name_a_next_one() -> None:
    """Only the token says whether the listing goes on (A6)."""
    assert read(b'{"nextPageToken":"t"}')[:2] == ([], "t")


def test_elements_that_are_no_objects_stay_records() -> None:
    """One odd record is quarantined later; the page is not refused for it."""
    assert read(b'{"backups":[1,"x",null,[2]]}').records == [b"1", b'"x"', b"null", b"[2]"]


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    """As JSON readers commonly have it (B8)."""
    assert read(b'{"backups":[1],"backups":[2],"nextPageToken":"a","nextPageToken":"b"}')[:2] == ([b"2"], "b")


def test_a_lone_surrogate_costs_its_record_only() -> None:
    """The page is cut apart all the same, each record as received; the parse stage refuses the one (B7)."""
    records = [rb'{"id":"a\\ud800"}', rb'{"id":"\ud83d\ude00"}', rb'{"id":"b\udC00"}', rb'{"id":"c\uD800\u0041"}']

    page = read(b'{"backups": [' + b" , ".join(records) + b'], "nextPageToken": "t"}')

    assert page[:2] == (records, "t")


def test_the_page_that_is_known_comes_back_unread() -> None:
    """Byte for byte the same as the only page of an earlier listing: it has that digest, and no records."""
    body = b'{"backups":[{"id":"a"}]}'
    known = read(body).digest

    again = parse_page(Answer(200, JSON, body), page_token=None, known=known)
    other = parse_page(Answer(200, JSON, body + b" "), page_token=None, known=known)
    second = parse_page(Answer(200, JSON, body), page_token="t", known=known)

    assert again == Page([], None, known)
    assert other.records == second.records == [b'{"id":"a"}']


@pytest.mark.parametrize("token", [b"5", b"true", b"[]", b"{}", b"1.5", b'"\\ud800"', b'"\xff"'])
def test_a_token_that_is_no_text_is_refused(token: bytes) -> None:
    """It could not be sent back unchanged (A8)."""
    with pytest.raises(BadAnswer):
        read(b'{"backups":[],"nextPageToken":' + token + b"}")


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b"5",
        b'"{}"',
        b"<html>",
        b"\xef\xbb\xbf{}",
        b'{"backups":{}}',
        b'{"backups":"x"}',
        b'{"backups":[nan]}',
        b'{"backups":[NaN]}',
        b'{"backups":[01]}',
        b'{"backups":[1,]}',
        b'{"backups":[]} {}',
        b'{"backups":["\n"]}',
        b'{"clusters":[]}',
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"backups":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
        "{}".encode("utf-16"),
        b'{"code":0,"message":"fine"}',
        b'{"code":"5","message":"text"}',
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_whole_nonsense_is_a_bad_answer(body: bytes) -> None:
    """No repetition mends it, and it is no empty list (D3, B7, B9)."""
    with pytest.raises(BadAnswer) as caught:
        read(body)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [b"1", b"{}", b'""'])
def test_a_page_of_more_values_than_it_may_hold_is_refused_undecoded(value: bytes) -> None:
    """D6: sixteen megabytes of the smallest values would take a gigabyte."""
    at_the_cap = b'{"backups":[' + b",".join([value] * (VALUES_MAX + 1)) + b"]}"

    assert len(read(at_the_cap).records) == VALUES_MAX + 1
    with pytest.raises(AnswerTooLarge, match="page_size"):
        read(at_the_cap[:-2] + b"," + value + b"]}")


def test_a_page_of_many_escapes_is_not_cut_apart_for_one_lone_surrogate() -> None:
    """B7: looking at each of millions of escapes would hold up every other listing."""
    few = rb'{"backups":["\ud800","' + rb"\n" * (ESCAPES_MAX - 1) + b'"]}'

    assert len(read(few).records) == 2
    with pytest.raises(BadAnswer):
        read(few[:-3] + rb'\n"]}')


@given(st.integers(0, 10**6))
def test_a_page_cut_anywhere_is_truncated(position: int) -> None:
    """However a body was cut, it is never taken for a shorter page (D2)."""
    body = '{"backups":[{"id":"ä\\u00e4","n":[1,{"x":null}]},{"id":"2"}],"nextPageToken":"täken"}'.encode()

    with pytest.raises(TruncatedAnswer):
        read(body[: position % len(body)])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_page_or_a_listing_error(body: bytes) -> None:
    """No input is a bug."""
    try:
        page = read(body)
    except ListingError:
        return

    assert isinstance(page, Page)


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON; charset=utf-8", "application/problem+json", " application/json ;x=y"],
)
def test_json_is_json_with_any_parameters(content_type: str) -> None:
    """The parameters carry nothing we need."""
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type", ["", "text/html", "application/xml", "application/jsonp", "text/html, application/json"]
)
def test_a_page_of_another_type_is_refused_unread(content_type: str) -> None:
    """A captive portal may answer 200 and even `{}` (D3)."""
    headers = {"content-type": content_type} if content_type else {}

    with pytest.raises(BadAnswer, match="Content-Type"):
        parse_page(Answer(200, headers, b"{}"), page_token=None)


def test_a_status_in_a_200_is_the_error_it_says() -> None:
    """`{code, message}` is no page with unknown keys (D4)."""
    with pytest.raises(ClusterNotFound, match="HTTP 200 NOT_FOUND: gone"):
        read(b'{"code":5,"message":"gone"}')
    with pytest.raises(ListingMoved):
        read(b'{"code":3,"message":"bad token"}', page_token="t")


def test_a_fault_carries_the_server_s_request_id() -> None:
    """The ledger keeps it, for the provider's support."""
    answer = Answer(200, {**JSON, "x-request-id": "r-1"}, b"[]")

    with pytest.raises(BadAnswer) as caught:
        parse_page(answer, page_token=None)

    assert (caught.value.status, caught.value.request_id) == (200, "r-1")


@pytest.mark.parametrize("key", ["clusters", "folders"])
def test_a_page_of_another_list_has_its_records_under_its_own_key(key: Key) -> None:
    """And a page of backups is no page of it."""
    page = parse_page(
        Answer(200, JSON, f'{{"{key}":[{{"id":"a"}}],"nextPageToken":"t"}}'.encode()), page_token=None, key=key
    )

    assert (page.records, page.next_token) == ([b'{"id":"a"}'], "t")
    with pytest.raises(BadAnswer, match=f"neither {key} nor nextPageToken"):
        parse_page(Answer(200, JSON, b'{"backups":[]}'), page_token=None, key=key)


def test_a_lone_surrogate_costs_only_its_own_record_in_every_list() -> None:
    """It is cut out as it came."""
    body = rb'{"clusters":[{"id":"a"},{"id":"\ud800"}]}'

    page = parse_page(Answer(200, JSON, body), page_token=None, key="clusters")

    assert page.records == [b'{"id":"a"}', rb'{"id":"\ud800"}']
