"""From a record's bytes to a backup. The ids A16 and B1 and onward are rows of `docs/reference/failures.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import UnreadableValue, UsageError
from collector.parse import BackupParser, ForeignRecord
from collector.parse.literals import storable
from collector.parse.names import index_set_key
from collector.records import Backup, Cluster, ClusterId, IndexSet
from collector.services import SERVICES
from tests.unit.parse.messages import CLUSTER, backup_or_fault, named, parse, record, record_with, refusal

SAMPLES: Final = Path(__file__).parents[2] / "samples" / "backups"
TEXT_FIELDS: Final = ("id", "folderId", "opensearchVersion")
KNOWN_FIELDS: Final = (
    *("id", "folderId", "sourceClusterId", "startedAt", "createdAt", "indices", "opensearchVersion", "sizeBytes"),
    *("indicesTotal", "incrementalSizeBytes", "totalSizeBytes", "freeSpaceRequiredBytes"),
)


def test_all_twelve_fields_go_to_their_columns() -> None:
    """The full message, column by column, to the last nanosecond and byte."""
    names = (".kibana_1", "logs-2026.02.28", "заказы")

    backup = parse((SAMPLES / "opensearch.json").read_bytes())

    assert vars(backup) == {
        "backup_id": "c9qsamplecluster:20260301T0405",
        "folder_id": "b1gsamplefolder",
        "source_cluster_id": "c9qsamplecluster",
        "started_at": 825_653_106_789_000,
        "started_at_ns": 0,
        "created_at": 825_653_109_123_456,
        "created_at_ns": 789,
        "index_set": IndexSet(index_set_key(names), names),
        "opensearch_version": "2.19.2",
        "size_bytes": 2**63 - 1,
        "indices_total": 3,
        "incremental_size_bytes": 4096,
        "total_size_bytes": 2**53 + 1,
        "free_space_required_bytes": 12_000_000_000,
        "extra": None,
    }


def test_a_record_of_nothing_but_an_id_is_a_backup() -> None:
    """B2: protobuf drops what has its default value; every such column stays empty."""
    backup = parse(b'{"id":"b1"}')

    assert list(vars(backup).values()) == ["b1", *[None] * 14]


@pytest.mark.parametrize("service", SERVICES)
def test_the_sample_of_a_service_fills_every_column(service: str) -> None:
    """One file a service, with a value for each of its fields: none is lost, none goes to `extra`."""
    raw = (SAMPLES / f"{service}.json").read_bytes()

    backup = vars(parse(raw, service))

    assert json.loads(raw).keys() == {field.name for field in SERVICES[service].fields}
    assert [column for column, value in backup.items() if value is None] == ["extra"]


def test_the_fields_of_postgresql_go_to_their_columns() -> None:
    """The message with the most kinds of value beside OpenSearch's, column by column."""
    backup = parse((SAMPLES / "postgresql.json").read_bytes(), "postgresql")

    assert vars(backup) == {
        "backup_id": "c9qsamplecluster:20260301T0405",
        "folder_id": "b1gsamplefolder",
        "source_cluster_id": "c9qsamplecluster",
        "started_at": 825_653_106_789_000,
        "started_at_ns": 0,
        "created_at": 825_653_109_123_456,
        "created_at_ns": 789,
        "size_bytes": 2**63 - 1,
        "type": "AUTOMATED",
        "method": "INCREMENTAL",
        "journal_size_bytes": 2**53 + 1,
        "status": "DONE",
        "retention_policy_id": "c9qsamplepolicy",
        "retention_policy_name": "три месяца",
        "retain_until": 825_653_109_123_456 + 90 * 86_400_000_000,
        "retain_until_ns": 789,
        "extra": None,
    }


@pytest.mark.parametrize("service", SERVICES)
def test_a_record_of_nothing_but_an_id_is_a_backup_of_any_service(service: str) -> None:
    """B2: every column stays empty; a list of names that the service has is empty, and not unknown."""
    backup = vars(parse(b'{"id":"b1"}', service))

    lists = {field.column for field in SERVICES[service].own if field.kind == "names"}
    assert {column: value for column, value in backup.items() if value is not None} == {
        "backup_id": "b1",
        **dict.fromkeys(lists, ()),
    }


@pytest.mark.parametrize("name", KNOWN_FIELDS[1:])
def test_null_is_the_same_as_left_out(name: str) -> None:
    """B2, C7: protobuf's JSON may write null for a field that is not there."""
    assert parse(record_with(name, "null")) == parse(record())


@pytest.mark.parametrize("name", ["startedAt", "createdAt"])
def test_an_empty_instant_is_the_same_as_left_out(name: str) -> None:
    """C7: an empty string is no instant and no fault, also beside fields that are unknown."""
    assert parse(record_with(name, '""')) == parse(record())
    assert parse(record(**{name: "", "news": 1})) == parse(record(news=1))


@pytest.mark.parametrize("value", ["1772337906000", "0", "1.5", "true", "[]", "{}"])
def test_a_time_that_is_no_string_is_refused(value: str) -> None:
    """C8: a count of milliseconds could be anything, so it is not guessed at."""
    fault = refusal(record_with("createdAt", value))

    assert (fault.field, fault.backup_id) == ("createdAt", "b1")
    assert fault.reason.startswith("expected an RFC 3339 string, got ")


def test_a_backup_completed_before_it_started_is_stored() -> None:
    """C9: odd is not unreadable; the columns say what the API said."""
    backup = parse(record(startedAt="2026-03-02T00:00:00Z", createdAt="2026-03-01T00:00:00Z"))

    assert backup.started_at is not None
    assert backup.created_at is not None
    assert backup.started_at - backup.created_at == 86_400 * 10**6


@pytest.mark.parametrize(
    "raw,reason",
    [
        pytest.param(b"{}", "missing", id="absent"),
        pytest.param(b'{"id":null}', "missing", id="null"),
        pytest.param(b'{"id":""}', "missing", id="empty"),
        pytest.param(b'{"id":7}', "expected a string, got 7", id="number"),
        pytest.param(b'{"id":["b1"]}', "expected a string, got a list", id="list"),
        pytest.param(b'{"id":{"b1":1}}', "expected a string, got an object", id="object"),
        pytest.param(b'{"id":true}', "expected a string, got true", id="true"),
        pytest.param(b'{"id":"a\\u0000"}', "contains NUL: 'a\\x00'", id="B6-nul"),
        pytest.param(b'{"id":"\\ud800"}', "contains a lone surrogate: '\\ud800'", id="B7-lone-surrogate"),
        pytest.param(b'{"id":"\xff"}', "not UTF-8 at byte 1", id="B7-bad-utf8"),
        pytest.param(record(id="x" * 201), "201 characters, more than 200", id="B10-long"),
    ],
)
def test_a_record_without_a_readable_id_is_refused(raw: bytes, reason: str) -> None:
    """B3: nothing can be stored under no name, and the refusal names none."""
    fault = refusal(raw)

    assert (fault.reason, fault.field, fault.backup_id) == (reason, "id", None)


@pytest.mark.parametrize("name", TEXT_FIELDS)
@pytest.mark.parametrize(
    "value",
    ['"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udc00\\ud800"', "1", "1.5", "true", "[]", "{}", f'"{"x" * 1025}"'],
    ids=["nul", "nul-inside", "high", "swapped-pair", "int", "float", "true", "list", "object", "long"],
)
def test_what_is_no_storable_text_is_refused(name: str, value: str) -> None:
    """B3, B6, B7, B10: never stripped and never cut, since two names could become one."""
    assert refusal(record_with(name, value)).field == name


def test_bad_utf8_names_its_field_and_record() -> None:
    """B7: one bad byte in one field costs this record, and the refusal says which."""
    fault = refusal(b'{"id":"b1","folderId":"b1g\xc3"}')

    assert (fault.field, fault.backup_id) == ("folderId", "b1")
    assert fault.reason.startswith("not UTF-8 at byte")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\u202egnp.exe", id="B7-right-to-left-override"),
        pytest.param("\ufeffbom\uffff\U0010ffff", id="B7-noncharacters"),
        pytest.param("😀", id="B7-surrogate-pair"),
        pytest.param("'; DROP TABLE backup; -- %s {} $1 \\copy", id="B11-sql"),
        pytest.param("<script>alert(1)</script>", id="B12-html"),
        pytest.param("\\u0000", id="B6-the-escape-as-text"),
        pytest.param("\x01\x1f\x7f\n", id="control-characters"),
        pytest.param("x" * 1024, id="B10-at-the-cap"),
        pytest.param("", id="empty"),
    ],
)
def test_odd_but_storable_text_is_stored_as_it_is(text: str) -> None:
    """B7, B11, B12: what a value looks like is for those who show it; here it is only text."""
    assert parse(record(opensearchVersion=text)).opensearch_version == text


def test_of_a_repeated_key_the_last_counts() -> None:
    """B8 as settled: two equal keys are legal JSON, and the later one is read."""
    assert parse(b'{"id":"b1","sizeBytes":"1","sizeBytes":"2"}').size_bytes == 2
    assert parse(b'{"id":"b0","id":"b1","news":1,"news":2}').extra == '{"news":2}'


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'"b1"', id="string"),
        pytest.param(b'{"id":"b1"', id="cut"),
        pytest.param(b'{"id":"b1"}}', id="trailing"),
        pytest.param(b'\xef\xbb\xbf{"id":"b1"}', id="B7-bom"),
        pytest.param(b'{"id":"b1","\xff":1}', id="B7-bad-utf8-in-a-key"),
        pytest.param(b'{"id":"b1","\\ud800":1}', id="B7-lone-surrogate-in-a-key"),
        pytest.param(b'{"id":"b1","sizeBytes":NaN}', id="B9-nan"),
        pytest.param(b'{"id":"b1","news":NaN}', id="B9-nan-unknown"),
        pytest.param(b'{"id":"b1","news":-Infinity}', id="B9-infinity"),
        pytest.param(b'{"id":"b1","news":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="B9-depth-unknown"),
        pytest.param(b'{"id":"b1","indices":' + b"[" * 100_000 + b"]" * 100_000 + b"}", id="B9-depth-indices"),
        pytest.param(b'{"id":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, id="B9-depth-id"),
        pytest.param(b"[" * 100_000, id="B9-depth-unclosed"),
    ],
)
def test_what_is_no_json_object_is_refused(raw: bytes) -> None:
    """B7, B9: neither NaN nor a hundred thousand brackets end the process; they end in quarantine."""
    assert refusal(raw).reason.isascii()


def test_a_record_of_another_cluster_is_told_apart() -> None:
    """A16: it is refused as foreign, with whose it is, so that a mixed-up answer can be recognized by their number."""
    with pytest.raises(ForeignRecord) as caught:
        parse(record(sourceClusterId="c9qother"))

    fault = caught.value
    assert (fault.kind, fault.field, fault.backup_id) == ("foreign_record", "sourceClusterId", "b1")
    assert fault.source_cluster_id == "c9qother"


@pytest.mark.parametrize(
    "members",
    [{"createdAt": "yesterday"}, {"sizeBytes": 1.5}, {"news": "\0"}, {"news": 1}, {"id": ""}, {"indices": 1}],
    ids=str,
)
def test_foreign_comes_before_every_other_fault(members: dict[str, object]) -> None:
    """A16: a record that is not ours is not quarantined for what else may be wrong with it."""
    with pytest.raises(ForeignRecord):
        parse(record(sourceClusterId="c9qother", **members))


def test_an_empty_source_names_no_cluster() -> None:
    """B2: protobuf's default, when printed, contradicts nothing."""
    assert parse(record(sourceClusterId="")).source_cluster_id == ""


def test_a_service_without_a_record_is_refused() -> None:
    """A parser is chosen by the cluster's service, before anything is read."""
    with pytest.raises(UsageError, match="'clickhouse9'"):
        BackupParser(Cluster(id=ClusterId("c9q"), service="clickhouse9"))


def test_a_parser_goes_on_after_a_refusal() -> None:
    """One record in quarantine leaves its neighbours as they are."""
    parser = BackupParser(CLUSTER)

    with pytest.raises(UnreadableValue):
        parser.parse(record(indices=["a", 1]))

    assert named(parser.parse(record(indices=["a"]))) == parse(record(indices=["a"]))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10) | st.just("2026-03-01T04:05:06Z"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
records = st.dictionaries(st.sampled_from(KNOWN_FIELDS) | st.text(max_size=5), json_values, max_size=6)


@given(records, st.booleans())
def test_any_object_is_a_backup_or_refused(members: dict[str, object], ascii_only: bool) -> None:
    """B3: whatever stands in whichever field, the answer is a backup or a refusal that can itself be stored."""
    raw = json.dumps(members, ensure_ascii=ascii_only).encode(errors="surrogatepass")

    answer = backup_or_fault(raw)

    if isinstance(answer, UnreadableValue):
        assert storable(str(answer))
    else:
        assert answer.backup_id == members["id"]


@given(st.binary(max_size=60) | st.text('{}[]":,idx0\\u', max_size=40).map(str.encode))
def test_any_bytes_are_a_backup_or_refused(raw: bytes) -> None:
    """B9: no sequence of bytes makes another exception."""
    answer = backup_or_fault(raw)

    assert isinstance(answer, UnreadableValue) or answer.backup_id == json.loads(raw)["id"]


@given(records)
def test_the_readings_agree(members: dict[str, object]) -> None:
    """The quick readings are the exact one in less time: what they accept, it accepts, with the same result."""
    parser = BackupParser(CLUSTER)
    raw = json.dumps({**members, "id": "b1", "sourceClusterId": CLUSTER.id}).encode()

    try:
        quick: Backup | str = parser.parse(raw)
        exact: Backup | str = parser._parse_exactly(raw)
    except UnreadableValue as fault:
        quick = str(fault)
        with pytest.raises(UnreadableValue) as caught:
            parser._parse_exactly(raw)
        exact = str(caught.value)

    assert quick == exact
