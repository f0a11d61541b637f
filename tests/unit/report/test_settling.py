"""Which questions made-up answers settle, and that they settle no other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.api import Exchange
from collector.report import Reply, settle

CLUSTER = "c9qone"
TARGET = f"/managed-opensearch/v1/clusters/{CLUSTER}/backups?pageSize=2"
DATE = ("Date", "Tue, 20 Jan 2026 00:00:00 GMT")


def reply(
    body: object, *, status: int = 200, headers: Sequence[tuple[str, str]] = (), number: int = 1, target: str = TARGET
) -> Reply:
    """Make a recorded answer; a body of bytes is taken as it is."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Exchange(
        target=target,
        status=status,
        headers=(("Content-Type", "application/json"), DATE, *headers),
        body=raw,
        received_at=0.0,
    )
    return Reply.read(f"{CLUSTER}/{number:04}", CLUSTER, exchange)


def page(*records: Mapping[str, object], token: str | None = None) -> Reply:
    """Make a page."""
    return reply({"backups": list(records)} | ({} if token is None else {"nextPageToken": token}))


def backup(**fields: object) -> dict[str, object]:
    """Make a backup."""
    return {"id": "b", "createdAt": "2026-01-19T00:00:00Z", "startedAt": "2026-01-18T23:00:00Z", **fields}


def answers(*replies: Reply) -> dict[str, str]:
    """Put all questions; those that are not settled are left out."""
    return {each.key: each.answer for each in settle(replies) if each.seen}


def refused(status: int, code: int, message: str, *kinds: str, **headers: str) -> Reply:
    """Make a google.rpc.Status."""
    details = [{"@type": f"type.googleapis.com/google.rpc.{kind}"} for kind in kinds]
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return reply({"code": code, "message": message, "details": details}, status=status, headers=named)


def test_no_answer_settles_nothing() -> None:
    """Every question says so; none is left out of a report."""
    settled = settle([])

    assert {each.answer for each in settled} == {"not seen"}
    assert not any(each.seen for each in settled)
    assert len({each.key for each in settled}) == len(settled)


def postgresql(*records: Mapping[str, object]) -> Reply:
    """Make a page of a PostgreSQL cluster."""
    return reply({"backups": list(records)}, target=TARGET.replace("opensearch", "postgresql"))


@pytest.mark.parametrize(
    "key, replies, answer",
    [
        ("fraction_digits", [page(backup(createdAt="2026-01-19T00:00:00.683Z"))], "3 digits: 1"),
        ("fraction_digits", [page(backup(createdAt="2026-01-19T00:00:00.683000001+00:00"))], "9 digits: 1"),
        ("offsets", [page(backup(createdAt="2026-01-19T03:00:00+03:00"))], "`+03:00`: 1"),
        ("offsets", [page(backup(createdAt="yesterday"))], "unreadable: 1"),
        ("int64", [page(backup(sizeBytes="1", indicesTotal=2))], "string: 1 (c9qone/0001); int: 1"),
        ("defaults_in_records", [page(backup(sizeBytes="0"))], "`sizeBytes` printed as `0`: 1"),
        ("defaults_in_records", [page(backup())], "`sizeBytes` left out: 1"),
        ("unknown_fields", [page(backup(type="MANUAL"))], "`type`: 1"),
        ("unknown_fields", [postgresql(backup(type="MANUAL", size="1", sizeBytes="1"))], "`sizeBytes`: 1"),
        ("int64", [postgresql(backup(size="1", journalSize=2))], "string: 1 (c9qone/0001); int: 1"),
        ("offsets", [postgresql(backup(retainUntil="2026-02-19T00:00:00+03:00"))], "`+03:00`: 1"),
        ("index_names", [page(backup(indices=["b", "a"], indicesTotal="7"))], "2 named of more, not sorted: 1"),
        ("index_names", [page(backup(indices=["a", "b"], indicesTotal="7"))], "2 named of more, sorted: 1"),
        ("index_names", [page(backup(indices=["a"] * 101, indicesTotal="101"))], "all of 100 or more named: 1"),
        ("ids", [page(backup(id="c9q:b1"), backup(id="b2"))], "with `:`: 1 (c9qone/0001); without `:`: 1"),
        ("repeated_ids", [page(backup(id="a"), token="1"), page(backup(id="a"))], "an id twice: 1"),
        ("repeated_ids", [page(backup(id="a"), backup(id="b"))], "every id once: 1"),
        ("foreign_records", [page(backup(sourceClusterId="c9qother"))], "of another cluster: 1"),
        ("foreign_records", [page(backup(sourceClusterId=CLUSTER))], "of the cluster: 1"),
        ("order", [page(backup(), backup(createdAt="2026-01-19T00:00:00.000000001Z"))], "oldest first: 1"),
        ("order", [page(backup()), page(backup(createdAt="2026-01-18T00:00:00Z"))], "newest first: 1"),
        ("in_progress", [page({"id": "b", "startedAt": "2026-01-19T00:00:00Z"})], "without `createdAt`: 1"),
        ("in_progress", [page(backup(createdAt="2026-01-18T22:00:00Z"))], "`createdAt` not after `startedAt`: 1"),
        ("in_progress", [page(backup(createdAt="2026-01-20T00:00:01Z"))], "`createdAt` in the future: 1"),
        ("beyond_retention", [page(backup(createdAt="2026-01-05T23:59:59Z"))], "older than 14 days: 1"),
        ("last_token", [page(backup())], "`nextPageToken` absent: 1"),
        ("last_token", [page(backup(), token="")], '`nextPageToken` printed as `""`: 1'),
        ("last_token", [reply({})], "`{}`: 1"),
        ("empty_lists", [page()], "`backups` printed as `[]`: 1"),
        ("empty_lists", [reply({})], "`{}`: 1"),
        ("page_tokens", [page(backup(), token="1000")], "4 characters, digits: 1"),
        ("page_tokens", [page(backup(), token="aGk=")], "4 characters, letters of base64: 1"),
        ("page_tokens", [page(backup(), token="a:b")], "3 characters, other characters: 1"),
        ("full_pages", [page(backup(), backup(), token="x")], "as many as asked for: 1"),
        ("full_pages", [page(backup(), token="x")], "1 of 2: 1"),
        ("other_members", [reply({"backups": [], "total": 7})], "`total`: 1"),
        ("refusal_401", [refused(401, 16, "no")], "HTTP 401, code 16, “no”, no details: 1"),
        ("refusal_403", [refused(403, 7, "no", "RequestInfo")], "code 7, “no”, details google.rpc.RequestInfo: 1"),
        (
            "refusal_404",
            [reply(b"gone", status=404)],
            "HTTP 404, not a google.rpc.Status: application/json, 4 bytes: 1",
        ),
        ("refusal_429", [refused(429, 8, "slow")], "HTTP 429, code 8, “slow”, no details: 1"),
        ("other_refusals", [reply(b"<html>", status=502)], "HTTP 502, not a google.rpc.Status"),
        ("retry_after", [refused(429, 8, "slow", Retry_After="17")], "`17` with 429: 1"),
        ("request_ids", [refused(403, 7, "no", X_Request_Id="a", x_server_trace_id="b")], "`x-server-trace-id`: 1"),
        ("media_types", [page()], "`application/json`, not compressed: 1"),
    ],
)
def test_a_question_is_settled_by_what_was_seen(key: str, replies: Sequence[Reply], answer: str) -> None:
    """Each form is counted, with a place to look at."""
    settled = answers(*replies)

    assert answer in settled[key]


@pytest.mark.parametrize(
    "key, replies",
    [
        ("fraction_digits", [page(backup(createdAt=7, startedAt=None))]),
        ("int64", [page(backup())]),
        ("unknown_fields", [page(backup())]),
        ("index_names", [page(backup(indices=["a", "b"], indicesTotal="2"))]),
        ("index_names", [page(backup(indices=["a"], indicesTotal="x"))]),
        ("order", [page(backup(), backup())]),
        ("in_progress", [page(backup())]),
        ("beyond_retention", [page(backup(createdAt="2026-01-06T00:00:00Z"))]),
        ("last_token", [page(backup(), token="more")]),
        ("empty_lists", [page(backup())]),
        ("full_pages", [page(backup())]),
        ("refusal_403", [refused(404, 5, "no")]),
        ("retry_after", [page(backup())]),
        ("other_refusals", [refused(404, 5, "no"), page()]),
    ],
)
def test_a_question_that_was_not_put_stays_open(key: str, replies: Sequence[Reply]) -> None:
    """A report never says more than its answers."""
    assert key not in answers(*replies)


def test_a_status_in_an_answer_of_200_is_no_page() -> None:
    """Some servers answer so; it must not count as an empty list."""
    settled = answers(reply({"code": 5, "message": "no"}))

    assert "empty_lists" not in settled
    assert "last_token" not in settled


def test_no_page_token_is_quoted() -> None:
    """A report is passed on; a token leads into somebody's list."""
    assert "sEcReT" not in str(answers(page(backup(), token="sEcReT")))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)
NAMES = st.sampled_from(
    ["id", "createdAt", "startedAt", "indices", "indicesTotal", "sizeBytes", "sourceClusterId", "x"]
)


@given(
    st.one_of(
        st.binary(max_size=40),
        JSON,
        st.fixed_dictionaries(
            {"backups": JSON | st.lists(JSON | st.dictionaries(NAMES, JSON, max_size=5), max_size=4)},
            optional={"nextPageToken": JSON, "code": JSON, "details": JSON},
        ),
    ),
    st.sampled_from([200, 403, 404, 429, 500]),
)
def test_whatever_was_answered_can_be_reported(body: object, status: int) -> None:
    """Oddities are what is looked for, so none may end the report."""
    settled = settle([reply(body, status=status)])

    assert all(each.answer for each in settled)
