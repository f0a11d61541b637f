"""Integers of 64 bits: as a string or a number, exact or refused, never by way of a float."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.parse.messages import parse, record_with, refusal

INT64 = range(-(2**63), 2**63)


def oracle(text: str) -> int | None:
    """Read an int64 by its grammar and exact decimals; None where it is none."""
    if not re.fullmatch(r"-?(0|[1-9][0-9]{0,18})", text):
        return None
    value = int(Decimal(text))
    return value if value in INT64 else None


@given(st.integers(INT64[0], INT64[-1]))
def test_every_int64_is_exact_as_string_and_as_number(value: int) -> None:
    """B5: protobuf prints a string, the API's guide a number; both give the same integer."""
    assert parse(record_with("sizeBytes", f'"{value}"')).size_bytes == value
    assert parse(record_with("sizeBytes", f"{value}")).size_bytes == value


@given(st.text("0123456789-+.eE_ ", max_size=22) | st.text(st.characters(categories=["Nd"]), max_size=20))
def test_a_string_is_an_int64_by_grammar_or_refused(text: str) -> None:
    """B5: whatever a lenient reader would let through, the grammar decides."""
    expected = oracle(text)
    raw = record_with("sizeBytes", f'"{text}"')

    if expected is None:
        assert refusal(raw).field == "sizeBytes"
    else:
        assert parse(raw).size_bytes == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            '"+1"',
            '" 1"',
            '"1 "',
            '"1\\n"',
            '"1e3"',
            '"1.0"',
            '"01"',
            '"-"',
            '"--1"',
            '"1_0"',
            '"0x10"',
            '"null"',
            '""',
        ),
        *("1.0", "1e3", "1E3", "10e-1", "-1.0", "true", "false", "[]", "{}", "[1]"),
        *("9223372036854775808", '"9223372036854775808"', "-9223372036854775809", '"-9223372036854775809"'),
        *("18446744073709551616", '"18446744073709551616"', "1e400", "1" * 5000, f'"{"1" * 5000}"'),
        *('"٣"', '"1\\u0000"'),
    ],
    ids=lambda value: value[:24],
)
def test_what_is_no_int64_is_refused(value: str) -> None:
    """B5, B9: the record goes to quarantine with the value seen, and is not rounded into range."""
    fault = refusal(record_with("totalSizeBytes", value))

    assert (fault.field, fault.backup_id) == ("totalSizeBytes", "b1")
    assert "int64" in fault.reason


@pytest.mark.parametrize(
    "value,expected",
    [
        pytest.param('"0"', 0, id="zero"),
        pytest.param('"-0"', 0, id="minus-zero"),
        pytest.param("-0", 0, id="minus-zero-number"),
        pytest.param('"-1"', -1, id="minus-one"),
        pytest.param('"9223372036854775807"', 2**63 - 1, id="largest"),
        pytest.param('"-9223372036854775808"', -(2**63), id="smallest"),
        pytest.param("null", None, id="null"),
    ],
)
def test_the_ends_of_int64(value: str, expected: int | None) -> None:
    """B5: zero is a number and null is none; both ends of the range are inside."""
    assert parse(record_with("indicesTotal", value)).indices_total == expected
