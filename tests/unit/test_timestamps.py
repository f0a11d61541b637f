"""Instants: exact in both directions, or refused. The ids C1 and onward are rows of `docs/reference/failures.md`."""

from __future__ import annotations

import re
from typing import Final

import pytest
from google.protobuf.timestamp_pb2 import Timestamp as ProtobufTimestamp  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st
from whenever import Instant

from collector.errors import UnreadableValue
from collector.timestamps import Timestamp, epoch_ns, format_timestamp, from_epoch_ns, parse_timestamp

DAY_NS: Final = 86_400 * 10**9
FIRST_NS: Final = -62_135_596_800 * 10**9
LAST_NS: Final = 253_402_300_800 * 10**9 - 1


def days_from_civil(year: int, month: int, day: int) -> int:
    """Count days since 1970-01-01 in the proleptic Gregorian calendar, from nothing but its rules."""
    lengths = [31, 29 if is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    before = year - 1
    return before * 365 + before // 4 - before // 100 + before // 400 + sum(lengths[: month - 1]) + day - 1 - 719_162


def is_leap(year: int) -> bool:
    """Tell a leap year: every fourth, but of the hundreds only every fourth."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def oracle_ns(text: str) -> int:
    """Compute nanoseconds since 1970 by adding up the fields of a well-formed text."""
    fields = re.split(r"[-tT:.+zZ]", text)
    year, month, day, hour, minute, second = (int(field) for field in fields[:6])
    fraction = re.search(r"\.(\d+)", text)
    offset = re.search(r"([+-])(\d\d):(\d\d)$", text)
    ns = days_from_civil(year, month, day) * DAY_NS + ((hour * 60 + minute) * 60 + second) * 10**9
    ns += int(fraction[1].ljust(9, "0")[:9]) if fraction else 0
    if offset:
        ns -= int(f"{offset[1]}1") * (int(offset[2]) * 60 + int(offset[3])) * 60 * 10**9
    return ns


@st.composite
def instants(draw: st.DrawFn) -> str:
    """Write any well-formed instant: every year, 0 to 9 digits and some zeros, any offset, either case."""
    date = draw(st.dates())
    clock = f"{draw(st.integers(0, 23)):02}:{draw(st.integers(0, 59)):02}:{draw(st.integers(0, 59)):02}"
    digits = draw(st.text("0123456789", max_size=9))
    zeros = draw(st.text("0", max_size=20)) if len(digits) == 9 else ""
    offset = f"{draw(st.sampled_from('+-'))}{draw(st.integers(0, 23)):02}:{draw(st.integers(0, 59)):02}"
    zone = draw(st.sampled_from(["Z", "z", offset]))
    separator = draw(st.sampled_from("Tt"))
    return f"{date.isoformat()}{separator}{clock}{'.' if digits else ''}{digits}{zeros}{zone}"


epoch_nanoseconds = st.integers(FIRST_NS, LAST_NS)


@given(instants())
def test_an_instant_is_the_sum_of_its_fields_or_outside_the_calendar(text: str) -> None:
    """C1, C2, C3, C5: digits, zeros beyond them, offsets and both ends of the range are exact."""
    expected = oracle_ns(text)

    if FIRST_NS <= expected <= LAST_NS:
        assert epoch_ns(parse_timestamp(text)) == expected
    else:
        with pytest.raises(UnreadableValue, match="outside 0001…9999"):
            parse_timestamp(text)


@given(epoch_nanoseconds)
def test_format_and_parse_are_inverse(ns: int) -> None:
    """What is written reads back as the same nanosecond, always in nine digits and UTC."""
    text = format_timestamp(from_epoch_ns(ns))

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", text)
    assert epoch_ns(parse_timestamp(text)) == ns


@given(epoch_nanoseconds)
def test_whenever_reads_the_same_nanosecond(ns: int) -> None:
    """An exact clock written by others agrees with ours in both directions."""
    theirs = Instant.from_timestamp(ns, unit="nanosecond")

    assert epoch_ns(parse_timestamp(theirs.format_iso())) == ns
    assert Instant.parse_iso(format_timestamp(from_epoch_ns(ns))) == theirs


@given(epoch_nanoseconds)
def test_protobuf_reads_the_same_nanosecond(ns: int) -> None:
    """The API's own mapping of `Timestamp` to JSON agrees with ours in both directions."""
    theirs = ProtobufTimestamp()
    theirs.FromNanoseconds(ns)
    ours = ProtobufTimestamp()

    ours.FromJsonString(format_timestamp(from_epoch_ns(ns)))

    assert ours == theirs
    assert epoch_ns(parse_timestamp(theirs.ToJsonString())) == ns


@given(epoch_nanoseconds, epoch_nanoseconds)
def test_order_of_pairs_is_order_of_instants(left: int, right: int) -> None:
    """The two columns, compared one after the other, sort as time does."""
    assert (from_epoch_ns(left) < from_epoch_ns(right)) == (left < right)


@given(epoch_nanoseconds)
def test_nanoseconds_lie_beyond_a_floored_microsecond(ns: int) -> None:
    """Also before 1970 and before 2000 the remainder is counted forward: 0 to 999."""
    value = from_epoch_ns(ns)

    assert 0 <= value.ns <= 999
    assert value.us == (ns - 946_684_800 * 10**9) // 1000


@pytest.mark.parametrize(
    "text,expected",
    [
        pytest.param("2000-01-01T00:00:00Z", Timestamp(0, 0), id="the-zero"),
        pytest.param("1999-12-31T23:59:59.999999999Z", Timestamp(-1, 999), id="one-nanosecond-before"),
        pytest.param("2026-03-01T04:05:06.1Z", Timestamp(825_653_106_100_000, 0), id="one-digit"),
        pytest.param("2026-03-01T04:05:06.1234567Z", Timestamp(825_653_106_123_456, 700), id="seven-digits"),
        pytest.param("2026-03-01T04:05:06.123456789Z", Timestamp(825_653_106_123_456, 789), id="nine-digits"),
        pytest.param("2026-03-01T04:05:06.1234567890Z", Timestamp(825_653_106_123_456, 789), id="C2-ten-digits-last-0"),
        pytest.param("2026-03-01t04:05:06z", Timestamp(825_653_106_000_000, 0), id="lower-case"),
        pytest.param("2026-03-01T04:05:06-00:00", Timestamp(825_653_106_000_000, 0), id="C3-unknown-local-offset"),
        pytest.param("2026-03-01T04:05:06+23:59", Timestamp(825_566_766_000_000, 0), id="C3-widest-offset"),
        pytest.param("2024-02-29T00:00:00Z", Timestamp(762_480_000_000_000, 0), id="C6-leap-day"),
        pytest.param("0001-01-01T00:00:00Z", Timestamp(-63_082_281_600_000_000, 0), id="C5-first"),
        pytest.param("9999-12-31T23:59:59.999999999Z", Timestamp(252_455_615_999_999_999, 999), id="C5-last"),
        pytest.param("9998-12-31T23:59:59Z", Timestamp(252_424_079_999_000_000, 0), id="C9-far-future"),
    ],
)
def test_the_table_of_readable_instants(text: str, expected: Timestamp) -> None:
    """C1, C2, C3, C5, C6, C9: each row is stored to the nanosecond; a date in the far future is no fault."""
    assert parse_timestamp(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("2026-03-01T04:05:06.1234567891Z", id="C2-ten-digits"),
        pytest.param("2026-03-01T04:05:06.1234567890000000001Z", id="C2-a-digit-behind-zeros"),
        pytest.param("2026-03-01T04:05:06." + "0" * 100_000 + "Z", id="C2-past-the-cap"),
        pytest.param("2026-03-01T04:05:06+24:00", id="C3-offset-of-a-day"),
        pytest.param("2026-03-01T04:05:06+01:60", id="C3-offset-of-sixty-minutes"),
        pytest.param("2026-03-01T04:05:06+0100", id="C3-offset-without-colon"),
        pytest.param("2026-03-01T04:05:06+01", id="C3-offset-of-hours"),
        pytest.param("2016-12-31T23:59:60Z", id="C4-leap-second"),
        pytest.param("2016-12-31T23:59:60+00:00", id="C4-leap-second-with-offset"),
        pytest.param("0001-01-01T00:00:00+00:01", id="C5-before-the-first"),
        pytest.param("9999-12-31T23:59:59.999999999-00:01", id="C5-behind-the-last"),
        pytest.param("0000-01-01T00:00:00Z", id="C6-year-0"),
        pytest.param("-0001-01-01T00:00:00Z", id="C6-year-before-0"),
        pytest.param("10000-01-01T00:00:00Z", id="C6-year-10000"),
        pytest.param("2023-02-29T00:00:00Z", id="C6-no-leap-day"),
        pytest.param("2026-13-01T00:00:00Z", id="C6-month-13"),
        pytest.param("2026-03-01T24:00:00Z", id="C6-hour-24"),
        pytest.param("2026-03-01T24:00:00+00:00", id="C6-hour-24-with-offset"),
        pytest.param("2026-03-01T04:60:00Z", id="C6-minute-60"),
        pytest.param("２026-03-01T04:05:06Z", id="C6-digits-of-another-script"),
        pytest.param("2026-03-01T04:05:06.１Z", id="C6-fraction-of-another-script"),
        pytest.param("2026-03-01", id="C6-date-only"),
        pytest.param("2026-W09-7T04:05:06Z", id="C6-week-date"),
        pytest.param("2026-060T04:05:06Z", id="C6-day-of-year"),
        pytest.param("20260301T040506Z", id="C6-basic-form"),
        pytest.param("2026-03-01T04:05:06,5Z", id="C6-comma"),
        pytest.param("2026-03-01 04:05:06Z", id="C6-space"),
        pytest.param("2026-03-01T04:05Z", id="C6-no-seconds"),
        pytest.param("2026-03-01T04:05:06", id="C6-no-offset"),
        pytest.param("2026-03-01T04:05:06.Z", id="C6-dot-without-digits"),
        pytest.param(" 2026-03-01T04:05:06Z", id="C6-space-before"),
        pytest.param("2026-03-01T04:05:06Z\n", id="C6-newline-behind"),
        pytest.param("2026-03-01T04:05:06Z\0", id="C6-nul-behind"),
        pytest.param("2026-03-01T04:05:06\ud800", id="C6-lone-surrogate"),
        pytest.param("", id="C7-empty"),
        pytest.param("1772337906", id="C8-epoch-seconds"),
        pytest.param("1772337906000", id="C8-epoch-milliseconds"),
    ],
)
def test_the_table_of_refused_instants(text: str) -> None:
    """C2, C3, C4, C5, C6, C7, C8: nothing is rounded or guessed, and the reason is one short line of storable text."""
    with pytest.raises(UnreadableValue) as caught:
        parse_timestamp(text)

    reason = caught.value.reason
    assert len(reason) < 250
    assert reason.replace("…", ".").isascii()
    assert reason.isprintable()


@given(st.text("0123456789-T:.Zz+ ,W", max_size=40) | st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    """No text makes another exception, and what is read was written in the one grammar."""
    try:
        parse_timestamp(text)
    except UnreadableValue:
        return

    assert re.fullmatch(
        r"[0-9]{4}(-[0-9]{2}){2}[Tt]([0-9]{2}:){2}[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})", text
    )


@pytest.mark.parametrize("ns", [FIRST_NS - 1, LAST_NS + 1], ids=["before-the-first", "behind-the-last"])
def test_nanoseconds_outside_the_calendar_are_refused(ns: int) -> None:
    """C5: the range ends with the years 0001 and 9999, to the nanosecond."""
    with pytest.raises(UnreadableValue, match="outside 0001…9999"):
        from_epoch_ns(ns)
