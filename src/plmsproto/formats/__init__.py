"""Data formats: how the bytes of one field are one Python value, and back.

Here live the formats A1 to A27 of annex A (Q/GDW 130-2005 has A1-A23; Q/GDW 376.1-2009 and 1376.1-2013 have all) and
the plain ones: binary integers, BCD integers, bit strings, text, addresses, raw bytes. What a field is called, its
unit, and which fields follow each other is no business of this package (see ``layout`` and ``catalogue``).

All formats obey the same four rules (``base.Format``):

* ``decode(raw)`` takes exactly ``size`` bytes (any number where ``size`` is ``None``) and returns a value, ``None``
  where the device had no data, or raises ``BadValueError``. It never makes a value up.
* ``encode(value)`` gives the bytes, ``None`` as EEH in every byte, or raises ``EncodeError``.
* ``coerce(value)`` turns what a person or a JSON file may write for a value (ISO text for times, text or int for
  decimals, hex for bytes) into the type that ``decode`` returns.
* ``injective`` is true if no two byte strings decode to the same value (fill apart). Where it is false, whoever must
  give the same bytes back has to keep them (``layout`` does).

Numbers with decimals are ``Decimal`` with the format's own exponent, never ``float``. Byte 1 of the standard is
``raw[0]``: low byte first throughout. A new format is a class in the module of its kind and a line in the tables below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from .base import NO_DATA, STRAY_FILLS, Format
from .bcd import BcdDecimal, BcdInteger, DigitText, Energy, FloatCoefficient, FloatingPower
from .derived import Enumerated, Scaled, Shifted, innermost
from .meter import MeterFrameFormat
from .plain import Bits, HexText, Integer, Ip4, Raw, SmallInteger, Telephone, Text
from .times import (
    Clock,
    Date,
    DayHour,
    DayHourMinute,
    DayTime,
    MinuteStamp,
    MonthDayTime,
    PartialTime,
    TimeOfDay,
    YearMonth,
)

ANNEX_A: Final[dict[str, Format]] = {
    each.name: each
    for each in (
        Clock(),
        FloatingPower(),
        Energy(),
        FloatCoefficient(),
        BcdDecimal("A5", 2, 1, signed=True),
        BcdDecimal("A6", 2, 2, signed=True),
        BcdDecimal("A7", 2, 1),
        BcdInteger(2, "A8"),
        BcdDecimal("A9", 3, 4, signed=True),
        BcdInteger(3, "A10"),
        BcdDecimal("A11", 4, 2),
        DigitText(6, "A12"),
        BcdDecimal("A13", 4, 4),
        BcdDecimal("A14", 5, 4),
        MinuteStamp(),
        PartialTime("A16", DayTime, ("second", "minute", "hour", "day")),
        PartialTime("A17", MonthDayTime, ("minute", "hour", "day", "month")),
        PartialTime("A18", DayHourMinute, ("minute", "hour", "day")),
        TimeOfDay(),
        Date(),
        PartialTime("A21", YearMonth, ("month", "year")),
        BcdDecimal("A22", 1, 1),
        BcdDecimal("A23", 3, 4),
        PartialTime("A24", DayHour, ("hour", "day")),
        BcdDecimal("A25", 3, 3, signed=True),
        BcdDecimal("A26", 2, 3),
        BcdInteger(4, "A27"),
    )
}
"""The formats of annex A by name."""

SINCE_2009: Final = frozenset({"A24", "A25", "A26", "A27"})
"""The formats that came to annex A with Q/GDW 376.1-2009; Q/GDW 130-2005 has the others."""

PLAIN: Final[dict[str, Format]] = {
    **{
        each.name: each
        for each in (Ip4(), *(Integer(n) for n in (1, 2, 3, 4)), *(Integer(n, signed=True) for n in (1, 2, 4)))
    }
}
"""The formats of fixed width that are not in annex A."""

PACKED: Final[dict[str, Format]] = {each.name: each for each in (SmallInteger(1), SmallInteger(2), SmallInteger(4))}
"""The formats of which several share a byte, as in ``control[48] bits2``."""

SIZED: Final[dict[str, Callable[[int], Format]]] = {
    "bcd": BcdInteger,
    "digits": DigitText,
    "hex": HexText,
    "bs": Bits,
    "raw": Raw,
    "ascii": partial(Text, "ascii"),
    "gb2312": partial(Text, "gb2312"),
    "phone": Telephone,
}
"""The formats that take their width in brackets, as in ``ascii[4]``."""

COUNTED: Final[dict[str, Format]] = {
    "raw": Raw(None),
    "ascii": Text("ascii", None),
    "gb2312": Text("gb2312", None),
    "bs": Bits(None),
    "meter_frame": MeterFrameFormat(),
}
"""The formats whose width may come from the data, as in ``raw[length]`` or ``raw[*]``."""

__all__ = [
    "ANNEX_A",
    "COUNTED",
    "NO_DATA",
    "PACKED",
    "PLAIN",
    "SINCE_2009",
    "SIZED",
    "STRAY_FILLS",
    "BcdDecimal",
    "BcdInteger",
    "Bits",
    "Clock",
    "Date",
    "DayHour",
    "DayHourMinute",
    "DayTime",
    "DigitText",
    "Energy",
    "Enumerated",
    "FloatCoefficient",
    "FloatingPower",
    "Format",
    "HexText",
    "Integer",
    "Ip4",
    "MeterFrameFormat",
    "MinuteStamp",
    "MonthDayTime",
    "PartialTime",
    "Raw",
    "Scaled",
    "Shifted",
    "SmallInteger",
    "Telephone",
    "Text",
    "TimeOfDay",
    "YearMonth",
    "innermost",
]
