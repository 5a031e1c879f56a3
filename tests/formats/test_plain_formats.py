"""The formats that the standard has no letter for: integers, bits, text, raw bytes, and those built upon others."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from plmsproto.errors import BadValueError, EncodeError
from plmsproto.formats import PLAIN, SIZED, Bits, Enumerated, Format, Integer, Raw, Scaled, Text

D = Decimal
raw = bytes.fromhex


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (PLAIN["u1"], 200, "C8"),
        (PLAIN["u2"], 0x1234, "34 12"),
        (PLAIN["u3"], 0x123456, "56 34 12"),
        (PLAIN["u4"], 0xFFFFFFFF, "FF FF FF FF"),  # FF is a value of binary fields
        (PLAIN["i1"], -1, "FF"),
        (PLAIN["i2"], -2, "FE FF"),
        (PLAIN["i4"], -(2**31), "00 00 00 80"),
        (PLAIN["ip4"], "192.168.0.1", "C0 A8 00 01"),
        (SIZED["bcd"](3), 123456, "56 34 12"),
        (Bits(2), [0, 9, 15], "01 82"),
        (Bits(1, first=1), [1, 8], "81"),
        (Raw(3), b"\xee\xee\xee", "EE EE EE"),  # raw bytes are not even read as fill
        (Text("ascii", 4), "CQ13", "43 51 31 33"),
        (Text("ascii", 4), "V1", "56 31 00 00"),
        (Text("gb2312", 6), "电压", "B5 E7 D1 B9 00 00"),
        (Text("gb2312", None), "电压", "B5 E7 D1 B9"),
        (Text("gb2312", 6), "电\u3000压", "B5 E7 A1 A1 D1 B9"),  # the wide space of Chinese text
    ],
)
def test_plain_formats_both_ways(form: Format, value: Any, text: str) -> None:
    assert form.encode(value) == raw(text)
    assert form.decode(raw(text)) == value


@pytest.mark.parametrize(
    ("form", "low", "high"),
    [(Integer(n), 0, 256**n - 1) for n in (1, 2, 3, 4)]
    + [(Integer(n, signed=True), -(256**n) // 2, 256**n // 2 - 1) for n in (1, 2, 4)],
    ids=repr,
)
def test_binary_integers_end_at_their_width(form: Integer, low: int, high: int) -> None:
    assert len(form.encode(low)) == len(form.encode(high)) == form.size
    assert form.read(form.encode(low)) == low
    assert form.read(form.encode(high)) == high
    for beyond in (low - 1, high + 1):
        with pytest.raises(EncodeError):
            form.encode(beyond)


@pytest.mark.parametrize("form", [Integer(1), Integer(1, signed=True), Bits(1)], ids=repr)
def test_ee_in_one_binary_byte_is_a_value_for_the_format_alone(form: Format) -> None:
    assert form.fill_is_ambiguous
    found = form.decode(b"\xee")
    assert found is not None
    assert form.encode(found) == b"\xee"


@pytest.mark.parametrize(
    ("form", "given", "text"),
    [
        (Raw(2), "01 fF", "01 FF"),
        (Raw(2), bytearray(b"\x01\xff"), "01 FF"),
        (Bits(1), (7, 0, 7), "81"),
        (Bits(1), "", None),
        (Bits(1), 3, None),
        (Raw(2), "0", None),
        (Raw(2), "01", None),
        (Raw(2), 5, None),
        (Raw(2), None, None),
        (Text("ascii", 4), "电", None),
        (Text("ascii", 4), "12345", None),
        (Text("gb2312", 4), "电压A", None),
        (Text("ascii", 4), 5, None),
        (Text("ascii", None), None, None),
        (PLAIN["ip4"], "192.168.0", None),
        (PLAIN["ip4"], "192.168.0.256", None),
        (PLAIN["ip4"], "192.168.0.-1", None),
        (PLAIN["ip4"], "192.168.0.x", None),
        (Bits(1, first=1), [0], None),
        (Bits(1, first=1), [9], None),
    ],
)
def test_plain_formats_take_or_refuse(form: Format, given: Any, text: str | None) -> None:
    if text is not None:
        assert form.encode(given) == raw(text)
        return
    with pytest.raises(EncodeError):
        form.encode(given)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("43 51 00 CC", "CQ"),  # uninitialised memory behind the end
        ("43 51 20 20", "CQ"),
        ("20 43 51 20", " CQ"),
        ("00 00 00 00", ""),
        ("43 00 51 00", "C"),
    ],
)
def test_fixed_text_ends_at_nul_and_padding_is_dropped(content: str, text: str) -> None:
    assert Text("ascii", 4).decode(raw(content)) == text


@pytest.mark.parametrize("content", ["CC CC CC CC", "43 51 07 07", "FE DC BA 98"])
def test_bytes_that_are_no_text_are_refused(content: str) -> None:
    with pytest.raises(BadValueError):
        Text("ascii", 4).decode(raw(content))


@pytest.mark.parametrize("text", ["a\0b", "a\x07", "ab  "])
def test_text_that_would_come_back_different_is_refused(text: str) -> None:
    with pytest.raises(EncodeError):
        Text("ascii", 4).encode(text)


def test_scaled_numbers_are_multiples() -> None:
    half_hours = Scaled(Integer(1), D("0.5"))
    assert half_hours.decode(b"\x10") == D("8.0")
    assert half_hours.encode("8") == b"\x10"
    assert half_hours.encode(D("0.5")) == b"\x01"
    quarters = Scaled(Integer(1), D(15))
    assert quarters.decode(b"\x04") == 60
    assert isinstance(quarters.decode(b"\x04"), int)
    for wrong in ("0.25", 128, -1, "x", 10**5000):
        with pytest.raises(EncodeError):
            half_hours.encode(wrong)
    with pytest.raises(EncodeError):
        quarters.encode(50)


def test_enumerations_name_codes_and_keep_unknown_ones() -> None:
    form = Enumerated(Integer(1), {1: "allowed", 2: "forbidden"})
    assert form.decode(b"\x02") == "forbidden"
    assert form.decode(b"\x03") == 3
    assert form.encode("allowed") == form.encode(1) == form.encode("1") == b"\x01"
    assert form.encode(3) == b"\x03"
    for wrong in ("denied", 256, None.__class__, "²"):
        with pytest.raises(EncodeError):
            form.encode(wrong)
