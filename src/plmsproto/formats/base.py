"""What all formats share: the four rules as a class, the fill bytes, and how numbers are taken from people and JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from ..errors import BadValueError, EncodeError, shown

NO_DATA: Final = 0xEE
"""The byte that fills a field for which the device has no data (all editions; 130 devices use it too)."""

STRAY_FILLS: Final = (0xEF, 0xFE, 0xFF)
"""Bytes that real devices also fill BCD fields with; none of them is a BCD digit pair."""


class Format(ABC):
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
    labels: Mapping[int, str] = MappingProxyType({})
    """Code → name, for enumerations."""
    reserved: frozenset[int] = frozenset()
    """Codes without a name that the standard keeps for later."""
    minutes: Mapping[int, int] = MappingProxyType({})
    """Code → interval in minutes, for enumerations of intervals."""
    factor: Decimal | None = None
    """What the number is multiplied by, for multiples."""
    bits: int | None = None
    """How many bits a value takes, for codes of less than a byte; ``size`` is that of the byte they are read from."""

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

    @abstractmethod
    def read(self, raw: bytes) -> Any:
        """Decodes bytes that are known not to be fill."""

    @abstractmethod
    def write(self, value: Any) -> bytes:
        """Encodes a coerced value."""

    def coerce(self, value: Any) -> Any:
        """Returns the value in the type that ``decode`` returns."""
        return value

    def of_size(self, _size: int) -> Format:
        """The format for a field whose width came from the data; most take their width from the value."""
        return self

    def number(self, value: Any) -> int:
        """The number behind a coerced value, for counts and conditions."""
        return int(value)

    def __repr__(self) -> str:
        return f"<format {self.name}>"


def hex_text(raw: bytes) -> str:
    """Bytes as errors show them."""
    return raw.hex(" ").upper()


def digits_of(raw: bytes) -> str:
    """The decimal digits of packed BCD, most significant first."""
    text = raw[::-1].hex()
    if not text.isdecimal():
        raise BadValueError("not BCD", found=hex_text(raw), expected="decimal digits")
    return text


def as_int(value: Any, what: str) -> int:
    """A whole number from whatever means one; ``EncodeError`` if nothing does."""
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


def as_decimal(value: Any, what: str) -> Decimal:
    """An exact decimal from whatever means one; ``EncodeError`` if nothing does."""
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
