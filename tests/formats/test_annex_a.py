"""The data formats A.1 to A.27 of annex A: worked examples, limits, what is no value, what is no data."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from plmsproto import DayHour, DayHourMinute, DayTime, MonthDayTime, YearMonth
from plmsproto.errors import BadValueError, EncodeError
from plmsproto.formats import ANNEX_A

D = Decimal
raw = bytes.fromhex

# Worked examples, one of each pair computed by hand: format, value, bytes in sending order.
EXAMPLES: list[tuple[str, Any, str]] = [
    ("A1", dt.datetime(2024, 3, 15, 13, 7, 59), "59 07 13 15 A3 24"),  # a Friday
    ("A1", dt.datetime(2010, 12, 26, 0, 0, 30), "30 00 00 26 F2 10"),  # a Sunday
    ("A2", D(123), "23 81"),
    ("A2", D("-4.56"), "56 D4"),
    ("A2", D(9990000), "99 09"),
    ("A2", D("0.007"), "07 E0"),
    ("A3", 1234567, "67 45 23 01"),
    ("A4", 15, "15"),
    ("A4", -15, "95"),
    ("A4", -79, "F9"),
    ("A5", D("100.0"), "00 10"),
    ("A5", D("-12.3"), "23 81"),
    ("A5", D("799.9"), "99 79"),
    ("A6", D("1.23"), "23 01"),
    ("A6", D("-79.99"), "99 F9"),
    ("A7", D("220.5"), "05 22"),
    ("A7", D("57.7"), "77 05"),
    ("A8", 1234, "34 12"),
    ("A8", 7, "07 00"),
    ("A9", D("1.2345"), "45 23 01"),
    ("A9", D("-0.05"), "00 05 80"),
    ("A10", 123456, "56 34 12"),
    ("A10", 7, "07 00 00"),
    ("A11", D("123456.78"), "78 56 34 12"),
    ("A11", D("0.05"), "05 00 00 00"),
    ("A12", "123456789012", "12 90 78 56 34 12"),
    ("A12", "000000000011", "11 00 00 00 00 00"),
    ("A13", D("1234.5678"), "78 56 34 12"),
    ("A13", D("0.0001"), "01 00 00 00"),
    ("A14", D("123456.7890"), "90 78 56 34 12"),
    ("A14", D("12.34"), "00 34 12 00 00"),
    ("A15", dt.datetime(2024, 3, 15, 13, 7), "07 13 15 03 24"),
    ("A15", dt.datetime(2009, 12, 31, 23, 45), "45 23 31 12 09"),
    ("A16", DayTime(15, 13, 7, 59), "59 07 13 15"),
    ("A16", DayTime(1, 0, 0, 0), "00 00 00 01"),
    ("A17", MonthDayTime(3, 15, 13, 7), "07 13 15 03"),
    ("A17", MonthDayTime(12, 31, 23, 59), "59 23 31 12"),
    ("A18", DayHourMinute(15, 13, 7), "07 13 15"),
    ("A18", DayHourMinute(1, 0, 0), "00 00 01"),
    ("A19", dt.time(13, 7), "07 13"),
    ("A19", dt.time(23, 59), "59 23"),
    ("A20", dt.date(2024, 3, 15), "15 03 24"),
    ("A20", dt.date(2009, 12, 31), "31 12 09"),
    ("A21", YearMonth(2024, 3), "03 24"),
    ("A21", YearMonth(2009, 12), "12 09"),
    ("A22", D("4.5"), "45"),
    ("A22", D("0.1"), "01"),
    ("A23", D("12.3456"), "56 34 12"),
    ("A23", D("0.0005"), "05 00 00"),
    ("A24", DayHour(15, 13), "13 15"),
    ("A24", DayHour(1, 0), "00 01"),
    ("A25", D("123.456"), "56 34 12"),
    ("A25", D("-1.5"), "00 15 80"),
    ("A26", D("1.234"), "34 12"),
    ("A26", D("0.985"), "85 09"),
    ("A27", 12345678, "78 56 34 12"),
    ("A27", 60, "60 00 00 00"),
]


@pytest.mark.parametrize(("name", "value", "text"), EXAMPLES)
def test_worked_examples_of_annex_a_both_ways(name: str, value: Any, text: str) -> None:
    form = ANNEX_A[name]
    assert form.encode(value) == raw(text)
    found = form.decode(raw(text))
    assert found == value
    assert type(found) is type(value)


def test_every_format_of_annex_a_has_its_width() -> None:
    widths = "6 2 4 1 2 2 2 2 3 3 4 6 4 5 5 4 4 3 2 3 2 1 3 2 3 2 4"
    assert [ANNEX_A[f"A{n}"].size for n in range(1, 28)] == [int(width) for width in widths.split()]


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("A3", -9_999_999_000, 9_999_999_000),
        ("A4", -79, 79),
        ("A5", "-799.9", "799.9"),
        ("A6", "-79.99", "79.99"),
        ("A7", 0, "999.9"),
        ("A8", 0, 9999),
        ("A9", "-79.9999", "79.9999"),
        ("A10", 0, 999999),
        ("A11", 0, "999999.99"),
        ("A13", 0, "9999.9999"),
        ("A14", 0, "999999.9999"),
        ("A22", 0, "9.9"),
        ("A23", 0, "99.9999"),
        ("A25", "-799.999", "799.999"),
        ("A26", 0, "9.999"),
        ("A27", 0, 99999999),
    ],
)
def test_ranges_end_where_the_standard_says(name: str, low: Any, high: Any) -> None:
    form = ANNEX_A[name]
    unit = D(str(high)).as_tuple().exponent
    step = D(1).scaleb(unit) if isinstance(unit, int) else D(1)
    for limit, beyond in ((D(str(low)), -step), (D(str(high)), step)):
        assert form.decode(form.encode(limit)) == limit
        with pytest.raises(EncodeError):
            form.encode(limit + beyond)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A1", "59 07 13 32 A3 24"),  # day 32
        ("A1", "39 07 17 43 15 12"),  # day 43, from a real frame
        ("A1", "59 07 13 15 B3 24"),  # month 13
        ("A1", "60 07 13 15 A3 24"),  # second 60
        ("A1", "59 07 13 30 02 24"),  # 30 February
        ("A1", "00 00 00 00 A0 00"),  # no date, but a weekday
        ("A2", "2A 81"),
        ("A2", "23 8A"),
        ("A3", "67 45 23 81"),  # D7 of byte 4
        ("A3", "67 45 23 21"),  # D5 of byte 4
        ("A3", "67 4B 23 01"),
        ("A4", "1A"),
        ("A5", "2C 01"),
        ("A6", "01 0D"),
        ("A7", "05 A2"),
        ("A8", "34 1F"),
        ("A9", "45 2E 01"),
        ("A10", "5A 34 12"),
        ("A11", "78 56 34 EE"),  # partly filled
        ("A12", "12 90 78 56 34 1A"),
        ("A14", "EE EE EE EE 00"),
        ("A15", "07 24 15 03 24"),  # hour 24
        ("A15", "60 13 15 03 24"),  # minute 60
        ("A15", "07 13 00 03 24"),  # day 0
        ("A15", "07 13 15 00 24"),  # month 0
        ("A15", "07 13 29 02 23"),  # no leap year
        ("A16", "59 07 24 15"),
        ("A17", "07 13 31 04"),  # 31 April
        ("A17", "07 13 15 13"),
        ("A18", "07 13 32"),
        ("A19", "60 13"),
        ("A19", "07 24"),
        ("A20", "43 03 24"),
        ("A21", "13 24"),
        ("A21", "00 24"),
        ("A22", "4A"),
        ("A24", "24 15"),
        ("A24", "13 32"),
        ("A25", "56 34 1A"),
        ("A26", "A4 12"),
        ("A27", "78 56 34 A2"),
    ],
)
def test_bytes_that_are_no_value_are_refused(name: str, text: str) -> None:
    with pytest.raises(BadValueError):
        ANNEX_A[name].decode(raw(text))


def test_29_february_without_a_year_is_a_date() -> None:
    assert ANNEX_A["A17"].decode(raw("00 00 29 02")) == MonthDayTime(2, 29, 0, 0)


@pytest.mark.parametrize("fill", [0xFF, 0xFE, 0xEF])
@pytest.mark.parametrize("name", ANNEX_A)
def test_other_fills_of_devices_are_no_value_but_remarked(name: str, fill: int) -> None:
    form = ANNEX_A[name]
    assert form.size is not None
    filled = bytes((fill,)) * form.size
    assert form.decode(filled) is None
    assert form.remark(filled, None) == f"filled with {fill:02X}, EE expected"


@pytest.mark.parametrize("name", ["A1", "A15", "A16", "A17", "A18", "A20", "A21", "A24"])
def test_a_date_of_zeros_never_happened(name: str) -> None:
    form = ANNEX_A[name]
    assert form.size is not None
    assert form.decode(bytes(form.size)) is None
    assert form.remark(bytes(form.size), None) == "filled with 00, EE expected"


def test_midnight_is_a_time() -> None:
    assert ANNEX_A["A19"].decode(raw("00 00")) == dt.time(0, 0)


@pytest.mark.parametrize("name", ["A2", "A3", "A4", "A7", "A8", "A14", "A22"])
def test_numbers_of_zeros_are_zero(name: str) -> None:
    form = ANNEX_A[name]
    assert form.size is not None
    assert form.decode(bytes(form.size)) == 0


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("A1", "2024-03-15T13:07:59", dt.datetime(2024, 3, 15, 13, 7, 59)),
        ("A1", dt.datetime(2024, 3, 15, 13, 7, 59, 999999, dt.UTC), dt.datetime(2024, 3, 15, 13, 7, 59)),
        ("A15", "2024-03-15 13:07", dt.datetime(2024, 3, 15, 13, 7)),
        ("A16", {"day": 15, "hour": 13, "minute": 7, "second": 59}, DayTime(15, 13, 7, 59)),
        ("A16", dt.datetime(2024, 3, 15, 13, 7, 59), DayTime(15, 13, 7, 59)),
        ("A17", [3, 15, 13, 7], MonthDayTime(3, 15, 13, 7)),
        ("A18", (15, 13, 7), DayHourMinute(15, 13, 7)),
        ("A19", "13:07", dt.time(13, 7)),
        ("A20", "2024-03-15", dt.date(2024, 3, 15)),
        ("A20", dt.datetime(2024, 3, 15, 13), dt.date(2024, 3, 15)),
        ("A21", {"year": 2024, "month": 3}, YearMonth(2024, 3)),
        ("A24", {"day": 15, "hour": 13}, DayHour(15, 13)),
        ("A2", "-4.56", D("-4.56")),
        ("A3", "-89000", -89000),
        ("A7", 220.5, D("220.5")),  # the shortest text of the float, not its binary value
        ("A7", "220.5", D("220.5")),
        ("A7", 220, D(220)),
        ("A8", D("7.0"), 7),
        ("A8", "0x10", 16),
        ("A12", 11, "000000000011"),
        ("A12", "000000000011", "000000000011"),
    ],
)
def test_what_people_and_json_write_is_understood(name: str, given: Any, value: Any) -> None:
    form = ANNEX_A[name]
    assert form.decode(form.encode(given)) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("A7", "220.55"),  # too many decimals
        ("A7", "-0.1"),  # negative into unsigned
        ("A22", D("0.05")),
        ("A9", "0.00001"),
        ("A8", "7.5"),
        ("A8", D("7.5")),
        ("A8", -1),
        ("A3", 10_000_001),  # neither 7 digits nor 7 digits of thousands
        ("A2", "1234"),
        ("A2", "0.0001"),
        ("A2", 9_990_001),
        ("A2", 10_000_000),
        ("A12", "1234567890123"),
        ("A12", "12A"),
        ("A12", "-1"),
        ("A12", 1.5),
        ("A7", D(f"{'1' * 40}.5")),
        ("A14", D("1E999999")),
        ("A14", D("1E-999999")),
        ("A14", D("NaN")),
        ("A14", D("sNaN")),
        ("A14", D("Infinity")),
        ("A14", float("nan")),
        ("A14", float("-inf")),
        ("A8", D("1E999999")),
        ("A8", D("NaN")),
        ("A8", "x"),
        ("A8", [1]),
        ("A7", "x"),
        ("A7", {}),
        ("A7", b"1"),
        ("A2", "NaN"),
        ("A2", D("1E-999999")),
        ("A1", "2024-13-15T13:07:59"),
        ("A1", dt.date(2024, 3, 15)),
        ("A1", "1999-12-31T23:59:59"),
        ("A1", "2100-01-01T00:00:00"),
        ("A15", 5),
        ("A16", (32, 0, 0, 0)),
        ("A16", (1, 0, 0)),
        ("A16", {"day": 1}),
        ("A17", (2, 30, 0, 0)),
        ("A19", "24:00"),
        ("A19", 5),
        ("A20", "15.3.2024"),
        ("A20", 20240315),
        ("A21", (1999, 12)),
        ("A21", (2100, 1)),
        ("A21", (2024, 13)),
        ("A21", (2024.5, 1)),
        ("A24", (1, 24)),
        ("A24", None.__class__),
    ],
)
def test_what_does_not_fit_is_refused(name: str, value: Any) -> None:
    with pytest.raises(EncodeError):
        ANNEX_A[name].encode(value)


@pytest.mark.parametrize("name", ["A16", "A17", "A18", "A21", "A24"])
def test_text_is_no_partial_time(name: str) -> None:
    form = ANNEX_A[name]
    assert form.size is not None
    with pytest.raises(EncodeError):
        form.encode("1" * form.size)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.5", "00 E5"),  # 500 thousandths
        ("0.50", "00 E5"),
        ("1", "00 C1"),  # 100 hundredths
        ("-12.5", "25 B1"),
        ("100", "00 81"),
        ("999", "99 89"),
        ("1000", "00 61"),  # 100 tens
        ("123000", "23 21"),
        ("0", "00 E0"),
    ],
)
def test_a2_takes_the_smallest_exponent_that_loses_nothing(value: str, text: str) -> None:
    assert ANNEX_A["A2"].encode(value) == raw(text)
    assert ANNEX_A["A2"].decode(raw(text)) == D(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9_999_999, "99 99 99 09"),
        (10_000_000, "00 00 01 40"),
        (-10_000_000, "00 00 01 50"),
        (1000, "00 10 00 00"),  # fits in the small unit
        (9_999_999_000, "99 99 99 49"),
    ],
)
def test_a3_takes_the_large_unit_only_where_the_small_one_is_too_small(value: int, text: str) -> None:
    assert ANNEX_A["A3"].encode(value) == raw(text)
    assert ANNEX_A["A3"].decode(raw(text)) == value


def test_a3_in_either_unit_is_one_value() -> None:
    assert ANNEX_A["A3"].decode(raw("89 00 00 50")) == -89000  # minus 89 MWh
    assert ANNEX_A["A3"].decode(raw("01 00 00 40")) == ANNEX_A["A3"].decode(raw("00 10 00 00")) == 1000


def test_a1_without_weekday_is_a_clock_and_no_oddity() -> None:
    friday = dt.datetime(2024, 3, 15, 13, 7, 59)
    without = raw("59 07 13 15 03 24")
    assert ANNEX_A["A1"].decode(without) == friday
    assert ANNEX_A["A1"].remark(without, friday) == ""


def test_a1_with_a_wrong_weekday_is_remarked() -> None:
    friday = dt.datetime(2024, 3, 15, 13, 7, 59)
    wrong = raw("59 07 13 15 43 24")
    assert ANNEX_A["A1"].decode(wrong) == friday
    assert ANNEX_A["A1"].remark(wrong, friday) == "weekday 2, but 2024-03-15 is weekday 5"


@pytest.mark.parametrize(("name", "text"), [("A5", "00 80"), ("A6", "00 80"), ("A9", "00 00 80"), ("A25", "00 00 80")])
def test_negative_zero_is_zero_and_is_never_sent(name: str, text: str) -> None:
    form = ANNEX_A[name]
    found = form.decode(raw(text))
    assert found == 0
    assert not found.is_signed()
    assert form.encode(D("-0")) == bytes(len(raw(text)))


def test_decimals_have_the_resolution_of_their_format() -> None:
    assert str(ANNEX_A["A7"].decode(raw("00 22"))) == "220.0"
    assert str(ANNEX_A["A14"].decode(raw("00 34 12 00 00"))) == "12.3400"
