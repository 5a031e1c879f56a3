"""Formats that are not in annex A: binary integers, bit strings, raw bytes, text, IPv4 addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from ..errors import BadValueError, EncodeError, shown
from .base import NO_DATA, STRAY_FILLS, Format, as_int, hex_text

MOST_COUNTED_BITS: Final = 8 * 255
"""What a bit string may hold whose width comes from a one-byte count."""


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
        return as_int(value, self.name)


class SmallInteger(Format):
    """A number of 1, 2 or 4 bits: ``bits2``. Several of them share a byte, so that they come in lists only."""

    whole = True
    size: int = 1
    bits: int
    fills = ()

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.name = f"bits{bits}"
        self.summary = f"unsigned integer of {bits} bit{'s' * (bits > 1)}, {8 // bits} in a byte, the first lowest"

    def read(self, raw: bytes) -> int:
        return raw[0]

    def write(self, value: int) -> bytes:
        if not 0 <= value < 1 << self.bits:
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"0..{(1 << self.bits) - 1}")
        return bytes((value,))

    def coerce(self, value: Any) -> int:
        return as_int(value, self.name)


class Bits(Format):
    """Bit string ``bs[N]`` of N bytes: a list of the numbers of the bits that are set, ascending.

    Bit i of byte i // 8 has the number ``first + i``, so that rounds, Fn and points come out under their own numbers.
    Without a size (``bs[count]``) it takes as many bytes as the highest number needs.
    """

    def __init__(self, size: int | None, first: int = 0) -> None:
        self.size = size
        self.first = first
        self.name = "bs" if size is None else f"bs[{size}]"
        self.fill_is_ambiguous = size == 1
        self.fills = () if size == 1 else (NO_DATA,)
        bits = "a counted number of" if size is None else size * 8
        self.summary = f"bit string of {bits} bits; the numbers of the set bits"

    def of_size(self, _size: int) -> Bits:
        return Bits(_size, self.first)

    def read(self, raw: bytes) -> list[int]:
        word = int.from_bytes(raw, "little")
        return [self.first + bit for bit in range(word.bit_length()) if word >> bit & 1]

    def write(self, value: list[int]) -> bytes:
        size = MOST_COUNTED_BITS // 8 if self.size is None else self.size
        word = 0
        for number in value:
            bit = number - self.first
            if not 0 <= bit < 8 * size:
                allowed = f"{self.first}..{self.first + 8 * size - 1}" if size else "no bits"
                raise EncodeError(f"no such bit in {self.name}", found=shown(number), expected=allowed)
            word |= 1 << bit
        return word.to_bytes((word.bit_length() + 7) // 8 if self.size is None else size, "little")

    def coerce(self, value: Any) -> list[int]:
        if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            raise EncodeError(f"not a list of bit numbers for {self.name}", found=shown(value))
        return sorted({as_int(number, self.name) for number in value})

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


class HexText(Format):
    """``hex[N]``: hexadecimal digits as they are printed, the highest first, where the lowest byte travels first."""

    def __init__(self, size: int) -> None:
        self.size: int = size
        self.name = f"hex[{size}]"
        self.summary = f"hexadecimal, {2 * size} digits as text, low byte first: a meter's data identifier"

    def read(self, raw: bytes) -> str:
        return raw[::-1].hex().upper()

    def write(self, value: str) -> bytes:
        return bytes.fromhex(value)[::-1]

    def coerce(self, value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(f"[0-9A-Fa-f]{{{2 * self.size}}}", value):
            raise EncodeError(f"does not fit {self.name}", found=shown(value), expected=f"{2 * self.size} hex digits")
        return value.upper()


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
            raise BadValueError(f"not {self.codec} text", found=hex_text(raw)) from None
        if not _is_printable(text):
            raise BadValueError(f"not {self.codec} text", found=hex_text(raw))
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


class Telephone(Format):
    """``phone[N]``: a number of up to 2 × N digits in dialling order, the high nibble first (AFN 04H F4).

    Nibble A is a comma (a pause), B is "#", F ends the number and fills up.
    """

    injective = False  # what stands behind the F that ends the number is no part of it
    _SIGNS: Final = frozenset("0123456789,#")

    def __init__(self, size: int) -> None:
        self.size: int = size
        self.name = f"phone[{size}]"
        self.summary = f"telephone number of up to {2 * size} digits in dialling order; A = comma, B = #, F fills"

    def read(self, raw: bytes) -> str:
        number = raw.hex().partition("f")[0].replace("a", ",").replace("b", "#")
        if not self._SIGNS.issuperset(number):
            raise BadValueError("not a telephone number", found=hex_text(raw), expected="nibbles 0 to B and F")
        return number

    def write(self, value: str) -> bytes:
        return bytes.fromhex(value.replace(",", "a").replace("#", "b").ljust(2 * self.size, "f"))

    def coerce(self, value: Any) -> str:
        number = str(value) if isinstance(value, int) else value
        if not isinstance(number, str) or len(number) > 2 * self.size or not self._SIGNS.issuperset(number):
            raise EncodeError("not a telephone number", found=shown(value), expected=f"{2 * self.size} of 0-9 , #")
        return number


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
