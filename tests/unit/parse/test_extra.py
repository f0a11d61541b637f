"""Fields that this version does not know: kept as they were spelled, or the record is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.parse.messages import parse, record_with, refusal

storable_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
storable_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | storable_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(storable_text, inner, max_size=4),
    max_leaves=10,
)


@given(st.dictionaries(storable_text.map("x-{}".format), storable_json, min_size=1, max_size=4))
def test_unknown_fields_come_back_as_they_went_in(unknown: dict[str, object]) -> None:
    """B1: keys at any depth survive, and no column changes for it."""
    backup = parse(json.dumps({"id": "b1", "sizeBytes": "7", **unknown}).encode())

    assert backup.extra is not None
    assert json.loads(backup.extra) == unknown
    assert (backup.backup_id, backup.size_bytes) == ("b1", 7)


def test_values_keep_their_spelling() -> None:
    """B1, B9: digits that no float holds, exponents, white space and escapes stay byte for byte."""
    raw = b'{ "id":"b1", "z" : {"n": 1.10000000000000000001, "e":1E+2 },"a":"\\u0041\\n", "k\\"ey": [%d]}'

    backup = parse(raw % 2**64)

    expected = '{"z":{"n": 1.10000000000000000001, "e":1E+2 },"a":"\\u0041\\n","k\\"ey":[18446744073709551616]}'
    assert backup.extra == expected


def test_no_unknown_field_is_no_extra() -> None:
    """A record of known fields leaves the column empty."""
    assert parse(b'{"id":"b1"}').extra is None


def test_an_unknown_enum_value_is_kept() -> None:
    """B4: a word that nobody has heard of is a string like any other."""
    assert parse(record_with("status", '"STATUS_NEW"')).extra == '{"status":"STATUS_NEW"}'


@pytest.mark.parametrize(
    "value,reason",
    [
        pytest.param('"a\\u0000b"', "contains NUL: 'a\\x00b'", id="B6-nul"),
        pytest.param('{"deep":["\\u0000"]}', "contains NUL: '\\x00'", id="B6-nul-at-depth"),
        pytest.param('{"\\u0000":1}', "contains NUL: '\\x00'", id="B6-nul-in-a-key"),
        pytest.param('"\\udc00"', "contains a lone surrogate: '\\udc00'", id="B7-lone-surrogate"),
        pytest.param('{"\\ud800":1}', "contains a lone surrogate: '\\ud800'", id="B7-lone-surrogate-in-a-key"),
        pytest.param("1e1001", "a number of more than 1000 digits: 1e1001", id="B9-exponent"),
        pytest.param(
            "[1E-99999999999999]", "a number of more than 1000 digits: 1E-99999999999999", id="B9-far-exponent"
        ),
        pytest.param("7" * 5000, f"a number of more than 1000 digits: {'7' * 64}", id="B9-5000-digits"),
        pytest.param("[" * 101 + "]" * 101, "nested deeper than 100 levels", id="B9-depth"),
        pytest.param('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100 levels", id="B9-depth-of-objects"),
    ],
)
def test_what_jsonb_cannot_hold_is_refused(value: str, reason: str) -> None:
    """B6, B7, B9: the field at fault is named, and nothing is stripped to make it fit."""
    fault = refusal(record_with("news", value))

    assert (fault.reason, fault.field, fault.backup_id) == (reason, "news", "b1")


@pytest.mark.parametrize("value", ["1e400", "1e-1000", "9" * 1000, "[" * 100 + "]" * 100], ids=lambda text: text[:8])
def test_what_is_large_but_fits_is_kept(value: str) -> None:
    """B9: a number past every float is exact in `jsonb`, so it is no fault."""
    assert parse(record_with("news", value)).extra == f'{{"news":{value}}}'


@pytest.mark.parametrize("escape", ["\\\\u0000", "\\\\\\\\u0000"], ids=["one-backslash", "two-backslashes"])
def test_a_backslash_before_u0000_is_no_nul(escape: str) -> None:
    """B6: the six characters of the escape, themselves escaped, are harmless text."""
    assert parse(record_with("news", f'"{escape}"')).extra == f'{{"news":"{escape}"}}'


def test_an_unstorable_key_is_shown_escaped() -> None:
    """B6: even a refusal must be storable, so a key with NUL is not repeated as it is."""
    fault = refusal(b'{"id":"b1","a\\u0000":1}')

    assert (fault.reason, fault.field) == ("contains NUL: 'a\\x00'", "a\\x00")


def test_extra_is_capped_in_bytes() -> None:
    """B10: 64 KiB of JSON text are kept, one byte more is not."""
    room = 64 * 1024 - len('{"n":""}')

    assert parse(record_with("n", f'"{"x" * room}"')).extra == f'{{"n":"{"x" * room}"}}'
    assert refusal(record_with("n", f'"{"x" * (room + 1)}"')).reason == "65537 bytes of unknown fields, more than 65536"


def test_many_small_fields_are_capped_together() -> None:
    """B10: keys count as well as values."""
    unknown = {f"{'k' * 100}{number}": 1 for number in range(700)}

    assert "bytes of unknown fields" in refusal(json.dumps({"id": "b1", **unknown}).encode()).reason
