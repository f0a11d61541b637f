"""The kinds of value that only other services than OpenSearch have."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.parse import BackupParser
from collector.records import RawRecords
from collector.services import SERVICES, Kind
from collector.timestamps import Timestamp, epoch_ns
from tests.builders import cluster_of
from tests.unit.parse.messages import parse, record, record_with, refusal

ENUM_NAMES = ("type", "method", "status")


def of_kind(kind: Kind) -> list[tuple[str, str, str]]:
    """List the fields of a kind that some services have: service, the API's name, column."""
    return [
        (each.name, field.name, field.column) for each in SERVICES.values() for field in each.own if field.kind == kind
    ]


ENUMS = [(service, name) for service, name, _ in of_kind("text") if name in ENUM_NAMES]
INT64S = of_kind("int64")
LISTS = of_kind("names")
storable_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@pytest.mark.parametrize("service,name", ENUMS)
@given(word=storable_text)
def test_an_enum_is_whatever_word_the_api_says(service: str, name: str, word: str) -> None:
    """B4: a value that nobody has heard of is kept as text, in its column."""
    backup = parse(record(**{name: word}), service)

    assert getattr(backup, name) == word
    assert backup.extra is None


@pytest.mark.parametrize("service,name", ENUMS)
def test_an_enum_as_a_number_is_refused(service: str, name: str) -> None:
    """Which word it stands for is not ours to guess."""
    assert refusal(record(**{name: 1}), service).field == name


@pytest.mark.parametrize("service,name,column", INT64S)
@given(value=st.integers(-(2**63), 2**63 - 1))
def test_every_int64_is_exact_in_its_column(service: str, name: str, column: str, value: int) -> None:
    """B5: protobuf prints a string, the API's guide a number; both give the same integer."""
    assert getattr(parse(record(**{name: str(value)}), service), column) == value
    assert getattr(parse(record(**{name: value}), service), column) == value


@pytest.mark.parametrize("service,name", [each[:2] for each in INT64S])
@pytest.mark.parametrize("value", ["1.0", '"1e3"', "9223372036854775808", '"-9223372036854775809"', "true", '""'])
def test_what_is_no_int64_is_refused(service: str, name: str, value: str) -> None:
    """B5: the field is called as the API calls it, whatever its column."""
    fault = refusal(record_with(name, value), service)

    assert (fault.field, fault.backup_id) == (name, "b1")


@given(whole=st.integers(-62_135_596_800, 253_402_300_799), nanos=st.integers(0, 999_999_999))
def test_retain_until_is_exact_to_the_nanosecond(whole: int, nanos: int) -> None:
    """C: over the whole range of the API, whichever digits."""
    from google.protobuf.timestamp_pb2 import Timestamp as Message  # type: ignore[import-untyped]

    text = Message(seconds=whole, nanos=nanos).ToJsonString()

    backup = parse(record(retainUntil=text), "postgresql")

    assert epoch_ns(Timestamp(backup.retain_until, backup.retain_until_ns)) == whole * 10**9 + nanos


@pytest.mark.parametrize(
    "value", ['"2026-02-30T00:00:00Z"', '"tomorrow"', "1795500000", '"2026-01-01T00:00:00.0000000001Z"']
)
def test_a_retain_until_that_is_no_instant_is_refused(value: str) -> None:
    """C8: nothing is rounded, nothing is guessed."""
    assert refusal(record_with("retainUntil", value), "postgresql").field == "retainUntil"


@pytest.mark.parametrize("service,name,column", LISTS)
@given(names=st.lists(storable_text, max_size=5))
def test_names_keep_order_and_repetition(service: str, name: str, column: str, names: list[str]) -> None:
    """A list that is left out, or is empty, is an empty one."""
    assert getattr(parse(record(**{name: names}), service), column) == tuple(names)
    assert getattr(parse(record_with(name, "null"), service), column) == ()


@pytest.mark.parametrize("service,name", [each[:2] for each in LISTS])
@pytest.mark.parametrize("value", ['"a"', "[1]", '["a\\u0000"]', '["\\ud800"]', "{}"])
def test_what_is_no_list_of_names_is_refused(service: str, name: str, value: str) -> None:
    """B3, B6, B7: as with indices."""
    fault = refusal(record_with(name, value), service)

    assert (fault.field, fault.backup_id) == (name, "b1")


@pytest.mark.parametrize("service", SERVICES)
def test_another_services_field_is_unknown(service: str) -> None:
    """B1: what this service's message does not have is kept in `extra`, as it was written."""
    own = {field.name for field in SERVICES[service].fields}
    foreign = min({field.name for other in SERVICES.values() for field in other.fields} - own)

    backup = parse(record_with(foreign, '{"n": 1.50}'), service)

    assert backup.extra == f'{{"{foreign}":{{"n": 1.50}}}}'


@pytest.mark.parametrize("service", SERVICES)
def test_records_are_read_together_as_one_by_one(service: str) -> None:
    """The quick reading of many and the exact one of each agree, with faults and unknown fields between."""
    parser = BackupParser(cluster_of(service))
    plain = [record(id=f"b{number}", createdAt=f"2026-03-01T04:05:{number:02}Z") for number in range(9)]
    odd = [*plain, record(id="new", novelty=1), record(id="bad", createdAt="never")]

    together, mixed = (parser.parse_all(RawRecords.of(each)) for each in (plain, odd))

    assert together == [parser._parse_exactly(raw) for raw in plain] == mixed[:9]
    assert mixed[9] == parser._parse_exactly(odd[9])
    assert str(mixed[10]).startswith("createdAt: ")
    assert json.loads(odd[9])["id"] == mixed[9][0]
