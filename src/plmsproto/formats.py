"""Data formats: how the bytes of one field are one Python value, and back.

Here live the formats A1 to A27 of annex A (Q/GDW 130-2005 has A1-A23; Q/GDW 376.1-2009 and 1376.1-2013 have all) and
the plain ones: binary integers, BCD integers, bit strings, text, addresses, raw bytes. What a field is called, its
unit, and which fields follow each other is no business of this module (see ``layout`` and ``catalogue``).

All formats obey the same four rules:

* ``decode(raw)`` takes exactly ``size`` bytes (any number where ``size`` is ``None``) and returns a value, ``None``
where the
  device had no data, or raises ``BadValueError``. It never makes a value up.
* ``encode(value)`` gives the bytes, ``None`` as EEH in every byte, or raises ``EncodeError``.
* ``coerce(value)`` turns what a person or a JSON file may write for a value (ISO text for times, text or int for
decimals,
  hex for bytes) into the type that ``decode`` returns.
* ``injective`` is true if no two byte strings decode to the same value (fill apart). Where it is false, whoever must
give
  the same bytes back has to keep them (``layout`` does).

Numbers with decimals are ``Decimal`` with the format's own exponent, never ``float``. Byte 1 of the standard is
``raw[0]``: low byte first throughout.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, ClassVar, Final, NamedTuple

from .errors import BadValueError, EncodeError, shown

NO_DATA: Final = 0xEE
"""The byte that fills a field for which the device has no data (all editions; 130 devices use it too)."""

STRAY_FILLS: Final = (0xEF, 0xFE, 0xFF)
"""Bytes that real devices also fill BCD fields with; none of them is a BCD digit pair."""


class MonthDayTime(NamedTuple):
    """Month, day, hour, minute (format A17): when in the year a maximum occurred."""

    month: int
    day: int
    hour: int
    minute: int


class DayTime(NamedTuple):
    """Day of the month, hour, minute, second (format A16: the send time in Tp)."""

    day: int
    hour: int
    minute: int
    second: int


class DayHourMinute(NamedTuple):
    """Day of the month, hour, minute (format A18)."""

    day: int
    hour: int
    minute: int


class DayHour(NamedTuple):
    """Day of the month and hour (format A24)."""

    day: int
    hour: int


class YearMonth(NamedTuple):
    """Year and month (format A21): the month of frozen data."""

    year: int
    month: int


class Format:
    """One way to write a value as bytes; see the module's head for the rules."""

    name: str
    size: int | None
    injective: bool = True
    whole: bool = False
    """True if the values are whole numbers, which may have a factor or names."""
    fills: tuple[int, ...] = (NO_DATA,)
    """Bytes which, filling the whole field, mean that there is no value."""
    fill_is_ambiguous: bool = False
    """True if EEH is also a value of the format, so that only the neighbourhood can tell (one-byte binary fields)."""
    summary: str = ""

    def decode(self, raw: bytes) -> Any:
        """Returns the value, or ``None`` if the field is filled with a byte that means "no data".

        Raises:
            BadValueError: the bytes are no value of this format.
        """
        if raw and raw[0] in self.fills and raw.count(raw[0]) == len(raw):
            return None
        return self.read(raw)

    def encode(self, value: Any) -> bytes:
        """Returns the bytes of a value; ``None`` becomes EEH in every byte.

        Raises:
            EncodeError: the value is of the wrong type or does not fit.
        """
        if value is None:
            if self.size is None:
                raise EncodeError(f"a {self.name} of variable length can't be without a value")
            return bytes((NO_DATA,)) * self.size
        return self.write(self.coerce(value))

    def remark(self, raw: bytes, value: Any) -> str:
        """What is odd about bytes that do mean ``value`` but that ``encode`` would not give; empty if nothing is."""
        if value is None and raw[:1] != bytes((NO_DATA,)):
            return f"filled with {raw[0]:02X}, EE expected"
        return ""

    def read(self, raw: bytes) -> Any:
        """Decodes bytes that are known not to be fill."""
        raise NotImplementedError

    def write(self, value: Any) -> bytes:
        """Encodes a coerced value."""
        raise NotImplementedError

    def coerce(self, value: Any) -> Any:
        """Returns the value in the type that ``decode`` returns."""
        return value

    def number(self, value: Any) -> int:
        """The number behind a coerced value, for counts and conditions."""
        return int(value)

    def __repr__(self) -> str:
        return f"<format {self.name}>"


def _hex(raw: bytes) -> str:
    return raw.hex(" ").upper()


def _digits(raw: bytes) -> str:
    """The decimal digits of packed BCD, most significant first."""
    text = raw[::-1].hex()
    if not text.isdecimal():
        raise BadValueError("not BCD", found=_hex(raw), expected="decimal digits")
    return text


def _as_int(value: Any, what: str) -> int:
    if isinstance(value, int):  # bool included: a flag written as a number
        return int(value)
    if isinstance(value, Decimal):
        value = _bounded(value, what)
        if value == value.to_integral_value():
            return int(value)
    if isinstance(value, str):
        try:
            return int(value, 16 if value[:2] in ("0x", "0X") else 10)
        except ValueError:
            pass
    raise EncodeError(f"not a whole number for {what}", found=shown(value))


def _as_decimal(value: Any, what: str) -> Decimal:
    if isinstance(value, Decimal):
        number = value
    elif isinstance(value, (int, str, float)) and not isinstance(value, bool):
        try:
            # repr() of a float is its shortest exact text, so 220.5 means 220.5.
            number = Decimal(repr(value) if isinstance(value, float) else value)
        except InvalidOperation:
            raise EncodeError(f"not a number for {what}", found=shown(value)) from None
    else:
        raise EncodeError(f"not a number for {what}", found=shown(value))
    return _bounded(number, what)


def _bounded(number: Decimal, what: str) -> Decimal:
    """Keeps out what arithmetic would round or choke on; every format is far inside these bounds."""
    if not number.is_finite() or len(number.as_tuple().digits) > 28 or (number and abs(number.adjusted()) > 28):
        raise EncodeError(f"not a number for {what}", found=shown(number))
    return number


# ------------------------------------------------------------------------------------------------- plain binary


class Integer(Format):
    """Binary integer, low byte first: ``u1`` to ``u4`` unsigned, ``i1`` to ``i4`` two's complement."""

    whole = True

    def __init__(self, size: int, *, signed: bool = False) -> None:
        self.size: int = size
        self.signed = signed
        self.name = f"{'i' if signed else 'u'}{size}"
        self.fill_is_ambiguous = size == 1
        self.fills = () if size == 1 else (NO_DATA,)
        self.summary = f"{'signed' if signed else 'unsigned'} integer, {size} byte{'s' * (size > 1)}, low byte first"
        span = 1 << 8 * size
        self.low, self.high = (-span // 2, span // 2 - 1) if signed else (0, span - 1)

    def read(self, raw: bytes) -> int:
        return int.from_bytes(raw, "little", signed=self.signed)

    def write(self, value: int) -> bytes:
        if not self.low <= value <= self.high:
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"{self.low}..{self.high}")
        return value.to_bytes(self.size, "little", signed=self.signed)

    def coerce(self, value: Any) -> int:
        return _as_int(value, self.name)


class Bits(Format):
    """Bit string ``bs[N]`` of N bytes: a list of the numbers of the bits that are set, ascending.

    Bit i of byte i // 8 has the number ``first + i``, so that rounds, Fn and points come out under their own numbers.
    """

    def __init__(self, size: int, first: int = 0) -> None:
        self.size: int = size
        self.first = first
        self.name = f"bs[{size}]"
        self.fill_is_ambiguous = size == 1
        self.fills = () if size == 1 else (NO_DATA,)
        self.summary = f"bit string of {size * 8} bits; the numbers of the set bits"

    def read(self, raw: bytes) -> list[int]:
        word = int.from_bytes(raw, "little")
        return [self.first + bit for bit in range(word.bit_length()) if word >> bit & 1]

    def write(self, value: list[int]) -> bytes:
        word = 0
        for number in value:
            bit = number - self.first
            if not 0 <= bit < 8 * self.size:
                allowed = f"{self.first}..{self.first + 8 * self.size - 1}"
                raise EncodeError(f"no such bit in {self.name}", found=shown(number), expected=allowed)
            word |= 1 << bit
        return word.to_bytes(self.size, "little")

    def coerce(self, value: Any) -> list[int]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise EncodeError(f"not a list of bit numbers for {self.name}", found=shown(value))
        return sorted({_as_int(number, self.name) for number in value})

    def number(self, value: list[int]) -> int:
        return sum(1 << number - self.first for number in value)


class Raw(Format):
    """Bytes whose meaning lies outside the protocol: keys, certificates, forwarded frames.

    They are never interpreted, not even as fill.
    """

    fills = ()

    def __init__(self, size: int | None) -> None:
        self.size = size
        self.name = "raw" if size is None else f"raw[{size}]"
        self.summary = "bytes as they are"

    def read(self, raw: bytes) -> bytes:
        return bytes(raw)

    def write(self, value: bytes) -> bytes:
        if self.size is not None and len(value) != self.size:
            raise EncodeError(f"wrong length for {self.name}", found=f"{len(value)} bytes", expected=f"{self.size}")
        return value

    def coerce(self, value: Any) -> bytes:
        if isinstance(value, str):
            try:
                return bytes.fromhex(value)
            except ValueError:
                raise EncodeError(f"not hex for {self.name}", found=shown(value)) from None
        if isinstance(value, (bytes, bytearray, memoryview)):
            return bytes(value)
        raise EncodeError(f"not bytes for {self.name}", found=shown(value))

    def encode(self, value: Any) -> bytes:
        if value is None:
            raise EncodeError(f"{self.name} can't be without a value")
        return self.write(self.coerce(value))


class Text(Format):
    """Text in a fixed field (``ascii[N]``, NUL padded) or of counted length (``ascii[count]``, ``gb2312[count]``).

    The text ends at the first NUL; trailing blanks are padding. Devices leave uninitialised memory behind the NUL.
    """

    injective = False
    fills = (NO_DATA, *STRAY_FILLS)

    def __init__(self, codec: str, size: int | None) -> None:
        self.codec = codec
        self.size = size
        self.name = codec if size is None else f"{codec}[{size}]"
        self.summary = f"text, {'ASCII' if codec == 'ascii' else 'GB 2312'}, NUL padded"
        # GBK contains GB 2312 and is what terminals' displays really take.
        self._python_codec = "gbk" if codec == "gb2312" else codec

    def read(self, raw: bytes) -> str:
        try:
            text = bytes(raw).partition(b"\0")[0].decode(self._python_codec)
        except UnicodeDecodeError:
            raise BadValueError(f"not {self.codec} text", found=_hex(raw)) from None
        if not _is_printable(text):
            raise BadValueError(f"not {self.codec} text", found=_hex(raw))
        return text.rstrip(" ")

    def write(self, value: str) -> bytes:
        if not _is_printable(value) or value.endswith(" "):
            raise EncodeError(f"text that would come back different from {self.name}", found=shown(value))
        try:
            raw = value.encode(self._python_codec)
        except UnicodeEncodeError:
            raise EncodeError(f"not {self.codec} text", found=shown(value)) from None
        if self.size is None:
            return raw
        if len(raw) > self.size:
            raise EncodeError(f"text too long for {self.name}", found=f"{len(raw)} bytes", expected=f"{self.size}")
        return raw.ljust(self.size, b"\0")

    def coerce(self, value: Any) -> str:
        if not isinstance(value, str):
            raise EncodeError(f"not text for {self.name}", found=shown(value))
        return value


def _is_printable(text: str) -> bool:
    # The wide space of Chinese text is a separator to Python, like the line ends.
    return all(char.isprintable() or char in "\r\n\t\u3000" for char in text)


class Ip4(Format):
    """IPv4 address in written order: 192.168.0.1 is ``C0 A8 00 01``."""

    name = "ip4"
    size = 4
    summary = "IPv4 address, four bytes in written order"

    def read(self, raw: bytes) -> str:
        return ".".join(map(str, raw))

    def write(self, value: str) -> bytes:
        parts = value.split(".")
        if len(parts) != 4 or not all(
            part.isascii() and part.isdigit() and len(part) <= 3 and int(part) <= 255 for part in parts
        ):
            raise EncodeError("not an IPv4 address", found=shown(value), expected="text such as 192.168.0.1")
        return bytes(map(int, parts))

    def coerce(self, value: Any) -> str:
        if isinstance(value, int):
            raise EncodeError("not an IPv4 address", found=shown(value), expected="text such as 192.168.0.1")
        return str(value)  # ipaddress.IPv4Address prints as its text


# ------------------------------------------------------------------------------------------------- BCD numbers


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
        return int(_digits(raw))

    def write(self, value: int) -> bytes:
        if not 0 <= value < 100**self.size:
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"0..{100**self.size - 1}")
        return bytes.fromhex(f"{value:0{2 * self.size}}")[::-1]

    def coerce(self, value: Any) -> int:
        return _as_int(value, self.name)


class DigitText(_Bcd):
    """Format A12: 12 BCD digits that identify a device; text, since leading zeros count."""

    name = "A12"
    size = 6
    summary = "BCD, 12 digits: meter address or other identifier"

    def read(self, raw: bytes) -> str:
        return _digits(raw)

    def write(self, value: str) -> bytes:
        if len(value) > 12 or not (value.isascii() and value.isdigit()):
            raise EncodeError("does not fit A12", found=shown(value), expected="up to 12 digits")
        return bytes.fromhex(value.zfill(12))[::-1]

    def coerce(self, value: Any) -> str:
        if isinstance(value, int) and not 0 <= value < 10**12:
            raise EncodeError("does not fit A12", found=shown(value), expected="up to 12 digits")
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
        text = _digits(raw)
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
        return _as_decimal(value, self.name)


class FloatingPower(_Bcd):
    """Format A2: three digits, a sign and a power of ten from 10^4 down to 10^-3 (power setpoints, kW)."""

    name = "A2"
    size = 2
    injective = False  # 10 is 010 x 10^0 as well as 001 x 10^1
    summary = "BCD, ±999 × 10^e, e = 4 … -3"

    def read(self, raw: bytes) -> Decimal:
        digits = int(_digits(bytes((raw[0], raw[1] & 0x0F))))
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
        return _as_decimal(value, self.name)


class Energy(_Bcd):
    """Format A3: seven digits, a sign, and a unit bit G that multiplies by 1000 (kWh or MWh; 厘, 0.001 yuan, or yuan).

    The value is always in the smaller unit.
    """

    name = "A3"
    size = 4
    whole = True
    injective = False  # 1000 kWh is 1 MWh as well
    summary = "BCD, ±9999999 × 1 or 1000, in the smaller unit"

    def read(self, raw: bytes) -> int:
        if raw[3] & 0xA0:
            raise BadValueError("spare bits of A3 are set", found=_hex(raw), expected="D7 and D5 of byte 4 to be 0")
        number = int(_digits(raw[:3] + bytes((raw[3] & 0x0F,))))
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
        return _as_int(value, self.name)


class FloatCoefficient(_Bcd):
    """Format A4: up (+) or down (-) by 0..79 %; D7 is the sign."""

    name = "A4"
    size = 1
    whole = True
    injective = False  # down by 0 is up by 0
    summary = "BCD, ±79 %, D7 = down"

    def read(self, raw: bytes) -> int:
        number = int(_digits(bytes((raw[0] & 0x7F,))))
        return -number if raw[0] & 0x80 else number

    def write(self, value: int) -> bytes:
        if not -79 <= value <= 79:
            raise EncodeError("does not fit A4", found=shown(value), expected="-79..79")
        return bytes((int(str(abs(value)), 16) | (0x80 if value < 0 else 0),))

    def coerce(self, value: Any) -> int:
        return _as_int(value, self.name)


# ------------------------------------------------------------------------------------------------- times


class _Time(Format):
    """BCD times. Fields filled with zeros name no day: devices send them for "never", so they are no value either."""

    size: int
    fills = (NO_DATA, *STRAY_FILLS)
    parts: ClassVar[tuple[str, ...]]
    """The two-digit fields in sending order."""

    def decode(self, raw: bytes) -> Any:
        if not any(raw) and ("day" in self.parts or "month" in self.parts):
            return None
        return super().decode(raw)

    def read(self, raw: bytes) -> Any:
        digits = _digits(raw)
        numbers = dict(
            zip(reversed(self.parts), (int(digits[i : i + 2]) for i in range(0, len(digits), 2)), strict=True)
        )
        return self._make(raw, **numbers)

    def _make(self, raw: bytes, **numbers: int) -> Any:
        try:
            return self.make(**numbers)
        except ValueError as error:
            raise BadValueError(f"no such time: {error}", found=_hex(raw)) from None

    def make(self, **numbers: int) -> Any:
        """Builds the value; ``ValueError`` if there is no such time."""
        raise NotImplementedError

    def split(self, value: Any) -> dict[str, int]:
        """The two-digit numbers of a value by part."""
        return {part: getattr(value, part) for part in self.parts}

    def write(self, value: Any) -> bytes:
        numbers = self.split(value)
        if "year" in numbers:
            if not 2000 <= numbers["year"] <= 2099:
                raise EncodeError(f"year outside {self.name}", found=shown(numbers["year"]), expected="2000..2099")
            numbers["year"] -= 2000
        return bytes(int(f"{numbers[part]:02}", 16) for part in self.parts)

    def _no_time(self, value: Any) -> EncodeError:
        return EncodeError(f"not a time for {self.name}", found=shown(value), expected=self.summary)


def _datetime(year: int, month: int, day: int, hour: int, minute: int, second: int = 0) -> dt.datetime:
    return dt.datetime(2000 + year, month, day, hour, minute, second)


class _DateTime(_Time):
    def coerce(self, value: Any) -> dt.datetime:
        if isinstance(value, str):
            try:
                value = dt.datetime.fromisoformat(value)
            except ValueError:
                raise self._no_time(value) from None
        if not isinstance(value, dt.datetime):
            raise self._no_time(value)
        # The protocol's clock is the local civil time of the terminal; fractions of a second do not exist in it.
        return value.replace(microsecond=0, tzinfo=None, fold=0)


class Clock(_DateTime):
    """Format A1: second to year, with the weekday (1 = Monday … 7 = Sunday, 0 = not given) above the month."""

    name = "A1"
    size = 6
    injective = False  # the weekday may be missing or wrong
    parts = ("second", "minute", "hour", "day", "month", "year")
    summary = "second, minute, hour, day, week + month, year"

    def read(self, raw: bytes) -> Any:
        # The weekday adds nothing to the date; where it disagrees, the layout engine keeps the bytes.
        return super().read(raw[:4] + bytes((raw[4] & 0x1F, raw[5])))

    def remark(self, raw: bytes, value: Any) -> str:
        weekday = raw[4] >> 5
        if value is not None and weekday not in (0, value.isoweekday()):
            return f"weekday {weekday}, but {value:%Y-%m-%d} is weekday {value.isoweekday()}"
        return super().remark(raw, value)

    def make(self, **numbers: int) -> dt.datetime:
        return _datetime(**numbers)

    def write(self, value: dt.datetime) -> bytes:
        raw = super().write(value)
        return raw[:4] + bytes((raw[4] | value.isoweekday() << 5, raw[5]))


class MinuteStamp(_DateTime):
    """Format A15: minute, hour, day, month, year."""

    name = "A15"
    size = 5
    parts = ("minute", "hour", "day", "month", "year")
    summary = "minute, hour, day, month, year"

    def make(self, **numbers: int) -> dt.datetime:
        return _datetime(**numbers)

    def coerce(self, value: Any) -> dt.datetime:
        return super().coerce(value).replace(second=0)


class Date(_Time):
    """Format A20: day, month, year."""

    name = "A20"
    size = 3
    parts = ("day", "month", "year")
    summary = "day, month, year"

    def make(self, **numbers: int) -> dt.date:
        return dt.date(2000 + numbers["year"], numbers["month"], numbers["day"])

    def coerce(self, value: Any) -> dt.date:
        if isinstance(value, str):
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                raise self._no_time(value) from None
        if isinstance(value, dt.datetime):
            return value.date()
        if isinstance(value, dt.date):
            return value
        raise self._no_time(value)


class TimeOfDay(_Time):
    """Format A19: minute, hour."""

    name = "A19"
    size = 2
    parts = ("minute", "hour")
    summary = "minute, hour"

    def make(self, **numbers: int) -> dt.time:
        return dt.time(numbers["hour"], numbers["minute"])

    def coerce(self, value: Any) -> dt.time:
        if isinstance(value, str):
            try:
                return dt.time.fromisoformat(value).replace(second=0, microsecond=0)
            except ValueError:
                raise self._no_time(value) from None
        if isinstance(value, dt.time):
            return value.replace(second=0, microsecond=0)
        raise self._no_time(value)


def _check_parts(**numbers: int) -> None:
    """Checks parts of a date without a year as those of the leap year 2000."""
    _datetime(
        year=numbers.get("year", 0),
        month=numbers.get("month", 1),
        day=numbers.get("day", 1),
        hour=numbers.get("hour", 0),
        minute=numbers.get("minute", 0),
        second=numbers.get("second", 0),
    )


class PartialTime(_Time):
    """Formats A16, A17, A18, A21 and A24: parts of a time that make no date alone, as a named tuple."""

    def __init__(self, name: str, shape: type[Any], parts: tuple[str, ...]) -> None:
        self.name = name
        self.shape = shape
        self.parts = parts  # type: ignore[misc]  # a class constant for the others, one per instance here
        self.size = len(parts)
        self.summary = ", ".join(parts)

    def make(self, **numbers: int) -> Any:
        _check_parts(**numbers)
        if "year" in numbers:
            numbers["year"] += 2000
        return self.shape(**numbers)

    def coerce(self, value: Any) -> Any:
        if isinstance(value, dt.datetime):
            return self.shape(**{part: getattr(value, part) for part in self.shape._fields})
        if isinstance(value, dict):
            value = tuple(value.get(part) for part in self.shape._fields)
        if isinstance(value, str):  # it would be taken digit by digit
            raise self._no_time(value)
        try:
            shaped = self.shape(*value)
            numbers = {part: _as_int(getattr(shaped, part), self.name) for part in self.parts}
            _check_parts(**{**numbers, **({"year": numbers["year"] % 100} if "year" in numbers else {})})
        except (TypeError, ValueError, OverflowError):
            raise self._no_time(value) from None
        return self.shape(**numbers)


# ------------------------------------------------------------------------------------------------- wrappers


class Scaled(Format):
    """A whole-number format whose unit is a multiple: value = raw × factor (``u1 h *0.5``)."""

    def __init__(self, base: Format, factor: Decimal) -> None:
        self.base = base
        self.factor = factor
        self.name = base.name
        self.size = base.size
        self.injective = base.injective
        self.fills = base.fills
        self.fill_is_ambiguous = base.fill_is_ambiguous
        self.summary = f"{base.summary}, × {factor}"
        self._whole = factor == factor.to_integral_value()

    def read(self, raw: bytes) -> int | Decimal:
        number: int = self.base.read(raw)
        return number * int(self.factor) if self._whole else number * self.factor

    def write(self, value: int | Decimal) -> bytes:
        number = Decimal(value) / self.factor
        if number != number.to_integral_value():
            raise EncodeError(f"not a multiple of {self.factor}", found=shown(value))
        return self.base.write(int(number))

    def coerce(self, value: Any) -> int | Decimal:
        return _as_int(value, self.name) if self._whole else _as_decimal(value, self.name)

    def number(self, value: int | Decimal) -> int:
        return int(Decimal(value) / self.factor)


class Enumerated(Format):
    """A whole-number format whose codes have names. A code without a name stays a number, so nothing is lost."""

    def __init__(self, base: Format, labels: dict[int, str]) -> None:
        self.base = base
        self.labels = labels
        self.codes = {label: code for code, label in labels.items()}
        self.name = base.name
        self.size = base.size
        self.injective = base.injective
        self.fills = base.fills
        self.fill_is_ambiguous = base.fill_is_ambiguous
        self.summary = base.summary

    def read(self, raw: bytes) -> int | str:
        code: int = self.base.read(raw)
        return self.labels.get(code, code)

    def write(self, value: int | str) -> bytes:
        return self.base.write(self.number(value))

    def number(self, value: int | str) -> int:
        """The code that stands for a name (or for itself)."""
        if isinstance(value, str):
            if value not in self.codes:
                raise EncodeError("no such name", found=shown(value), expected=", ".join(self.codes))
            return self.codes[value]
        return value

    def coerce(self, value: Any) -> int | str:
        if isinstance(value, str) and (value in self.codes or not value.isdigit()):
            return value
        number: int = self.base.coerce(value)
        return self.labels.get(number, number)


# ------------------------------------------------------------------------------------------------- the table

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
        DigitText(),
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
"""The formats of annex A by name. A24 to A27 came with Q/GDW 376.1-2009."""

PLAIN: Final[dict[str, Format]] = {
    **{
        each.name: each
        for each in (Ip4(), *(Integer(n) for n in (1, 2, 3, 4)), *(Integer(n, signed=True) for n in (1, 2, 4)))
    }
}
"""The formats of fixed width that are not in annex A."""

SIZED: Final[dict[str, Callable[[int], Format]]] = {
    "bcd": BcdInteger,
    "bs": Bits,
    "raw": Raw,
    "ascii": partial(Text, "ascii"),
    "gb2312": partial(Text, "gb2312"),
}
"""The formats that take their width in brackets, as in ``ascii[4]``."""

COUNTED: Final[dict[str, Format]] = {"raw": Raw(None), "ascii": Text("ascii", None), "gb2312": Text("gb2312", None)}
"""The formats whose width may come from the data, as in ``raw[length]`` or ``raw[*]``."""
