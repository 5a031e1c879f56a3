"""AFN 0CH F25 as construct describes it: what the library is compared with on the same frames.

The frame of 376.1 with one data unit, the present powers, currents in three bytes. It gives the values that
``plmsproto.decode`` gives, ``Decimal`` and ``None`` for EE, and checks what that checks of the frame: both lengths, the
marks and the checksum. It does not look for other layouts, AUX or further data units, which the library must.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from construct import Adapter, Bytes, Check, Checksum, Const, Construct, Int8ul, Int16ul, RawCopy, Struct, this


class Digits(Adapter):  # type: ignore[misc]  # construct has no types
    """BCD, low byte first, with decimals; the highest bit is a sign, if there is one; EE is no data."""

    def __init__(self, size: int, decimals: int, signed: bool = False) -> None:
        super().__init__(Bytes(size))
        self.size, self.signed = size, signed
        self.scale = Decimal(1).scaleb(-decimals)
        self.empty = b"\xee" * size

    def _decode(self, obj: bytes, context: Any, path: str) -> Decimal | None:  # noqa: ARG002  # construct's call
        if obj == self.empty:
            return None
        negative = False
        if self.signed and obj[-1] & 0x80:
            negative, obj = True, obj[:-1] + bytes((obj[-1] & 0x7F,))
        value = int(obj[::-1].hex()) * self.scale
        return -value if negative else value

    def _encode(self, obj: Decimal | None, context: Any, path: str) -> bytes:  # noqa: ARG002  # construct's call
        if obj is None:
            return self.empty
        raw = bytes.fromhex(f"{int(abs(obj) / self.scale):0{2 * self.size}}")[::-1]
        return raw[:-1] + bytes((raw[-1] | 0x80,)) if obj < 0 else raw


class Minute(Adapter):  # type: ignore[misc]  # construct has no types
    """A15: minute, hour, day, month and year in BCD."""

    def __init__(self) -> None:
        super().__init__(Bytes(5))

    def _decode(self, obj: bytes, context: Any, path: str) -> dt.datetime:  # noqa: ARG002  # construct's call
        minute, hour, day, month, year = (byte - 6 * (byte >> 4) for byte in obj)
        return dt.datetime(2000 + year, month, day, hour, minute)

    def _encode(self, obj: dt.datetime, context: Any, path: str) -> bytes:  # noqa: ARG002  # construct's call
        return bytes.fromhex(f"{obj:%M%H%d%m%y}")


def fields() -> Construct:
    """The 24 fields of the item, the time of reading among them."""
    totals = ("total", "a", "b", "c")
    power, factor, voltage, current = Digits(3, 4, True), Digits(2, 1, True), Digits(2, 1), Digits(3, 3, True)
    return Struct(
        "read_time" / Minute(),
        *(f"active_power_{of}" / power for of in totals),
        *(f"reactive_power_{of}" / power for of in totals),
        *(f"power_factor_{of}" / factor for of in totals),
        *(f"voltage_{of}" / voltage for of in totals[1:]),
        *(f"current_{of}" / current for of in (*totals[1:], "zero")),
        *(f"apparent_power_{of}" / power for of in totals),
    )


def frame() -> Construct:
    """The whole frame, from start to end byte."""
    return Struct(
        "start" / Const(0x68, Int8ul),
        "length" / Int16ul,
        "length_again" / Int16ul,
        Check(this.length == this.length_again),
        "start_again" / Const(0x68, Int8ul),
        "data"
        / RawCopy(
            Struct(
                "control" / Int8ul,
                "region" / Int16ul,
                "terminal" / Int16ul,
                "a3" / Int8ul,
                "afn" / Const(0x0C, Int8ul),
                "seq" / Int8ul,
                "da" / Const(b"\x01\x01"),
                "dt" / Const(b"\x01\x03"),
                "body" / fields(),
                # Event counters, where they wait, and a time label follow: what is left of L1.
                "aux" / Bytes(this._.length // 4 - 12 - 67),
            )
        ),
        "checksum" / Checksum(Int8ul, lambda data: sum(data) & 0xFF, this.data.data),
        "end" / Const(0x16, Int8ul),
    )


def parts_of(content: bytes) -> dict[str, Any]:
    """What ``frame()`` builds a frame like this one from, its values as Python objects."""
    parsed = frame().parse(content)
    value = {name: each for name, each in parsed.data.value.items() if not name.startswith("_")}
    lengths = {"length": parsed.length, "length_again": parsed.length}
    return {**lengths, "data": {"value": {**value, "body": body_of(parsed)}}}


def body_of(parsed: Any) -> dict[str, Any]:
    """The values by name, as a data unit's ``value`` has them."""
    return {name: value for name, value in parsed.data.value.body.items() if not name.startswith("_")}
