"""Packed BCD numbers: the formats A2 to A14, A22, A23, A25 to A27 of annex A, and plain BCD integers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from ..errors import BadValueError, EncodeError, shown
from .base import NO_DATA, STRAY_FILLS, Format, as_decimal, as_int, digits_of, hex_text


class _Bcd(Format):
    fills = (NO_DATA, *STRAY_FILLS)


class BcdInteger(_Bcd):
    """Packed BCD as a whole number: ``bcd[N]``, and the formats A8, A10 and A27."""

    whole = True

    def __init__(self, size: int, name: str = "") -> None:
        self.size: int = size
        self.name = name or f"bcd[{size}]"
        self.summary = f"BCD, {2 * size} digits"

    def read(self, raw: bytes) -> int:
        return int(digits_of(raw))

    def write(self, value: int) -> bytes:
        if not 0 <= value < 100**self.size:
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"0..{100**self.size - 1}")
        return bytes.fromhex(f"{value:0{2 * self.size}}")[::-1]

    def coerce(self, value: Any) -> int:
        return as_int(value, self.name)


class DigitText(_Bcd):
    """BCD digits that identify something; text, since leading zeros count: ``digits[N]``, and the format A12."""

    def __init__(self, size: int, name: str = "") -> None:
        self.size: int = size
        self.name = name or f"digits[{size}]"
        self.summary = f"BCD, {2 * size} digits as text: meter address or other identifier"

    def read(self, raw: bytes) -> str:
        return digits_of(raw)

    def write(self, value: str) -> bytes:
        if len(value) > 2 * self.size or not (value.isascii() and value.isdigit()):
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"up to {2 * self.size} digits")
        return bytes.fromhex(value.zfill(2 * self.size))[::-1]

    def coerce(self, value: Any) -> str:
        if isinstance(value, int) and not 0 <= value < 100**self.size:
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"up to {2 * self.size} digits")
        return str(value)


class BcdDecimal(_Bcd):
    """Packed BCD with a fixed decimal point; ``signed`` formats keep the sign in D7 of the last byte (1 = minus)."""

    def __init__(self, name: str, size: int, decimals: int, *, signed: bool = False) -> None:
        self.name = name
        self.size: int = size
        self.decimals = decimals
        self.signed = signed
        self.injective = not signed  # a negative zero reads as zero
        highest = (8 if signed else 10) * 10 ** (2 * size - 1) - 1
        self.maximum = Decimal(highest).scaleb(-decimals)
        self.summary = f"BCD, {'±' if signed else '0..'}{self.maximum}"

    def read(self, raw: bytes) -> Decimal:
        sign = ""
        if self.signed and raw[-1] & 0x80:
            sign = "-"
            raw = raw[:-1] + bytes((raw[-1] & 0x7F,))
        text = digits_of(raw)
        value = Decimal(f"{sign}{text[: -self.decimals]}.{text[-self.decimals :]}")
        return value or abs(value)

    def write(self, value: Decimal) -> bytes:
        scaled = abs(value).scaleb(self.decimals)
        if abs(value) > self.maximum or (value < 0 and not self.signed):
            low = -self.maximum if self.signed else 0
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"{low}..{self.maximum}")
        if scaled != scaled.to_integral_value():
            raise EncodeError(f"finer than {self.name}", found=shown(value), expected=f"{self.decimals} decimals")
        raw = bytes.fromhex(f"{int(scaled):0{2 * self.size}}")[::-1]
        return raw[:-1] + bytes((raw[-1] | 0x80,)) if value < 0 else raw

    def coerce(self, value: Any) -> Decimal:
        return as_decimal(value, self.name)


class FloatingPower(_Bcd):
    """Format A2: three digits, a sign and a power of ten from 10^4 down to 10^-3 (power setpoints, kW)."""

    name = "A2"
    size = 2
    maximum: Final = Decimal(9_990_000)
    decimals: Final = 3
    injective = False  # 10 is 010 x 10^0 as well as 001 x 10^1
    summary = "BCD, ±999 × 10^e, e = 4 … -3"

    def read(self, raw: bytes) -> Decimal:
        digits = int(digits_of(bytes((raw[0], raw[1] & 0x0F))))
        exponent = 4 - (raw[1] >> 5)
        value = Decimal(digits * 10**exponent) if exponent > 0 else Decimal(digits).scaleb(exponent)
        return -value if raw[1] & 0x10 and digits else value

    def write(self, value: Decimal) -> bytes:
        # The smallest exponent at which the coefficient still fits into three digits, without losing digits.
        for exponent in range(-3, 5):
            coefficient = abs(value).scaleb(-exponent)
            if coefficient < 1000 and coefficient == coefficient.to_integral_value():
                digits = int(coefficient)
                head = (4 - exponent) << 5 | (0x10 if value < 0 else 0) | digits // 100
                return bytes((int(f"{digits % 100:02}", 16), head))
        raise EncodeError("does not fit A2", found=shown(value), expected="three digits, 0.001 to 9990000")

    def coerce(self, value: Any) -> Decimal:
        return as_decimal(value, self.name)


class Energy(_Bcd):
    """Format A3: seven digits, a sign, and a unit bit G that multiplies by 1000 (kWh or MWh; 厘, 0.001 yuan, or yuan).

    The value is always in the smaller unit.
    """

    name = "A3"
    size = 4
    maximum: Final = Decimal(9_999_999_000)
    decimals: Final = 0
    whole = True
    injective = False  # 1000 kWh is 1 MWh as well
    summary = "BCD, ±9999999 × 1 or 1000, in the smaller unit"

    def read(self, raw: bytes) -> int:
        if raw[3] & 0xA0:
            raise BadValueError("spare bits of A3 are set", found=hex_text(raw), expected="D7 and D5 of byte 4 to be 0")
        number = int(digits_of(raw[:3] + bytes((raw[3] & 0x0F,))))
        if raw[3] & 0x40:
            number *= 1000
        return -number if raw[3] & 0x10 else number

    def write(self, value: int) -> bytes:
        number, flags = abs(value), 0x10 if value < 0 else 0
        if number > 9_999_999 and number % 1000 == 0:
            number, flags = number // 1000, flags | 0x40
        if number > 9_999_999:
            raise EncodeError("does not fit A3", found=shown(value), expected="7 digits, or 7 digits of thousands")
        raw = bytes.fromhex(f"{number:08}")[::-1]
        return raw[:3] + bytes((raw[3] | flags,))

    def coerce(self, value: Any) -> int:
        return as_int(value, self.name)


class FloatCoefficient(_Bcd):
    """Format A4: up (+) or down (-) by 0..79 %; D7 is the sign."""

    name = "A4"
    size = 1
    maximum: Final = Decimal(79)
    decimals: Final = 0
    whole = True
    injective = False  # down by 0 is up by 0
    summary = "BCD, ±79 %, D7 = down"

    def read(self, raw: bytes) -> int:
        number = int(digits_of(bytes((raw[0] & 0x7F,))))
        return -number if raw[0] & 0x80 else number

    def write(self, value: int) -> bytes:
        if not -79 <= value <= 79:
            raise EncodeError("does not fit A4", found=shown(value), expected="-79..79")
        return bytes((int(str(abs(value)), 16) | (0x80 if value < 0 else 0),))

    def coerce(self, value: Any) -> int:
        return as_int(value, self.name)
