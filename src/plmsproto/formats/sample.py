"""A test value of each format: deterministic, in range, and different from its neighbours'.

Examples in the documentation, conformance vectors and tests are made of these. The values are plain but telling: all
bytes of a number are used, so that a swapped byte or field shows.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from ..dlt645 import MeterFrame
from .base import NO_DATA, Format
from .bcd import BcdDecimal, BcdInteger, DigitText, Energy, FloatCoefficient, FloatingPower
from .derived import Enumerated, Scaled, Shifted
from .meter import MeterFrameFormat
from .plain import Bits, HexText, Integer, Ip4, Raw, SmallInteger, Telephone, Text
from .times import Clock, Date, MinuteStamp, PartialTime, TimeOfDay

_START: Final = dt.datetime(2024, 2, 29, 13, 45, 10)
_STEP: Final = dt.timedelta(days=3, hours=5, minutes=7, seconds=11)
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_WORDS: Final = "电力负荷管理系统数据传输规约终端主站"

METER_FRAME: Final = MeterFrame.read("202401020304", "00010000")
"""A frame that asks a meter for its forward active energy."""

Range = tuple[int, int] | None
"""Lowest and highest value allowed."""


def sample(form: Format, n: int, allowed: Range = None) -> Any:
    """The n-th test value of a format.

    Args:
        form: a format of fixed width (or one made to a width by ``of_size``).
        n: which one, from 0; neighbours differ.
        allowed: the range of the value, if it is narrower than the format's.
    """
    match form:
        case Enumerated():
            codes = [code for code in sorted(form.labels) if _holds(form.base, code)]
            return form.labels[codes[n % len(codes)]] if codes else sample(form.base, n, allowed)
        case Scaled():
            lowest, highest = allowed or (0, 10**9)
            raw = (int(Decimal(lowest) / form.factor), int(Decimal(highest) / form.factor))
            return form.coerce(sample(form.base, n, raw if allowed else None) * form.factor)
        case Shifted():
            base = (allowed[0] - form.offset, allowed[1] - form.offset) if allowed else None
            return sample(form.base, n, base) + form.offset
        case Integer() | SmallInteger() | BcdInteger() | Energy() | FloatCoefficient():
            return _number(form, n, allowed)
        case BcdDecimal() | FloatingPower():
            return _decimal(form, n, allowed)
        case Bits():
            return _bits(form, n, allowed)
        case Clock() | MinuteStamp() | Date() | TimeOfDay() | PartialTime():
            moment = _START + n * _STEP
            return form.coerce(moment.time() if isinstance(form, TimeOfDay) else moment)
        case _:
            return _text(form, n)


def _holds(form: Format, code: int) -> bool:
    size = form.size or 1
    low, high = (form.low, form.high) if isinstance(form, Integer) else (0, (1 << 8 * size) - 1)
    return low <= code <= high and (form.bits is None or code < 1 << form.bits)


def _within(lowest: int, highest: int, n: int, stride: int) -> int:
    """A number that strides through a range as n grows."""
    span = highest - lowest + 1
    return lowest + (n + 1) * stride % span if span > 1 else lowest


def _number(form: Format, n: int, allowed: Range) -> int:
    match form:
        case Integer():
            lowest, highest, stride = form.low, form.high, int("12345678"[: 2 * form.size], 16)
        case SmallInteger():
            lowest, highest, stride = 0, (1 << form.bits) - 1, 1
        case BcdInteger():
            lowest, highest, stride = 0, 100**form.size - 1, int("12345678"[: 2 * form.size - 1])
        case Energy():
            # Every fourth is in thousands.
            lowest, highest, stride = (0, 9_999_999, 1_234_567) if n % 4 < 3 else (10_000, 99_999, 7_654)
        case _:
            lowest, highest, stride = -79, 79, 37
    if allowed:
        lowest, highest, stride = max(lowest, allowed[0]), min(highest, allowed[1]), 7
    number = _within(lowest, highest, n, stride)
    if isinstance(form, Energy) and n % 4 == 3 and not allowed:
        return number * 1000
    if isinstance(form, Integer) and form.encode(number) == bytes((NO_DATA,)) * form.size:
        return number - 1  # that would mean "no data"
    return number


def _decimal(form: BcdDecimal | FloatingPower, n: int, allowed: Range) -> Decimal:
    if isinstance(form, FloatingPower):
        number = Decimal(_within(100, 999, n, 123)).scaleb(-(n % 3))
        return -number if n % 3 == 2 else number
    digits = int(form.maximum.scaleb(form.decimals))
    number = Decimal(_within(0, digits, n, max(1, digits // 9 + 1234 % digits))).scaleb(-form.decimals)
    if allowed:
        return Decimal(_within(*allowed, n, 7)).quantize(number)
    return -number if form.signed and n % 3 == 2 else number


def _bits(form: Bits, n: int, allowed: Range) -> list[int]:
    lowest, highest = form.first, form.first + 8 * (form.size or 0) - 1
    if allowed:
        lowest, highest = max(lowest, allowed[0]), min(highest, allowed[1])
    if highest < lowest:
        return []
    return sorted({lowest, _within(lowest, highest, n, 5), highest}) if highest - lowest > 2 else [lowest]


def _text(form: Format, n: int) -> Any:
    size = form.size or 0
    match form:
        case DigitText():
            return f"{(n + 1) * 101_010_101_011 % 100**size:0{2 * size}}"
        case HexText():
            return f"{(n + 1) * 0x0101_0203 % 0x100**size:0{2 * size}X}"
        case Ip4():
            return f"10.{n % 256}.20.{(n * 7 + 1) % 256}"
        case Telephone():
            return f"1380013{n % 10000:04}"[: 2 * size]
        case Text(codec="ascii"):
            return "".join(_LETTERS[(n + index) % len(_LETTERS)] for index in range(size))
        case Text():
            return "".join(_WORDS[(n + index) % len(_WORDS)] for index in range(size // 2))
        case Raw():
            return bytes((0x11 * (n % 9 + 1) + index) % 256 for index in range(size))
        case MeterFrameFormat():
            return METER_FRAME
        case _:
            raise TypeError(f"no test value for {form!r}")
