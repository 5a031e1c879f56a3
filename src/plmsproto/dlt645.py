"""The frame of a meter, DL/T 645-1997 or -2007: ``68 A0…A5 68 C L DATA CS 16`` to and from its parts.

Terminals talk to meters with it, and AFN 10H forwards such frames between master station and meter as they are. Here
lives the frame: address, control code, data with the 33H offset removed, data identifier. What an identifier means and
how its data are laid out is the meter's business and not described in this library.

Both editions have the same frame. They differ in the function codes, the low five bits of the control code, and in the
width of the data identifier: two bytes in 1997, four in 2007.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .errors import BadChecksumError, BadStructureError, EncodeError, PlmsError, TruncatedError, shown

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAX_PREAMBLE: Final = 16
"""FEH bytes before a frame. The standards send up to four; more than this is no preamble."""

_START: Final = 0x68
_END: Final = 0x16
_WAKE: Final = b"\xfe"

# From the first 68H: address and second 68H, control code, length; then the data, checksum and end.
_SECOND_START: Final = 7
_CONTROL: Final = 8
_LENGTH: Final = 9
_DATA: Final = 10
_TAIL: Final = 2

_FROM_METER: Final = 0x80
_ERROR: Final = 0x40
_MORE: Final = 0x20
_FUNCTION: Final = 0x1F

_OFFSET: Final = 0x33
_TO_WIRE: Final = bytes((each + _OFFSET) & 0xFF for each in range(256))
_FROM_WIRE: Final = bytes((each - _OFFSET) & 0xFF for each in range(256))

_ADDRESS: Final = re.compile("[0-9A-F]{12}")


class MeterFunction(StrEnum):
    """What a frame asks of the meter, or answers to; the same names for both editions."""

    READ = "read"
    READ_SUBSEQUENT = "read_subsequent"
    REREAD = "reread"
    WRITE = "write"
    BROADCAST_TIME = "broadcast_time"
    READ_ADDRESS = "read_address"
    WRITE_ADDRESS = "write_address"
    FREEZE = "freeze"
    CHANGE_BAUD_RATE = "change_baud_rate"
    CHANGE_PASSWORD = "change_password"  # noqa: S105  # the name of a function
    CLEAR_DEMAND = "clear_demand"
    CLEAR_METER = "clear_meter"
    CLEAR_EVENT = "clear_event"
    CONTROL = "control"
    AUTHENTICATE = "authenticate"

    @property
    def zh(self) -> str:
        """The Chinese name."""
        return _ZH[self]


_ZH: Final[dict[MeterFunction, str]] = {
    MeterFunction.READ: "读数据",
    MeterFunction.READ_SUBSEQUENT: "读后续数据",
    MeterFunction.REREAD: "重读数据",
    MeterFunction.WRITE: "写数据",
    MeterFunction.BROADCAST_TIME: "广播校时",
    MeterFunction.READ_ADDRESS: "读通信地址",
    MeterFunction.WRITE_ADDRESS: "写通信地址",
    MeterFunction.FREEZE: "冻结命令",
    MeterFunction.CHANGE_BAUD_RATE: "更改通信速率",
    MeterFunction.CHANGE_PASSWORD: "修改密码",
    MeterFunction.CLEAR_DEMAND: "最大需量清零",
    MeterFunction.CLEAR_METER: "电表清零",
    MeterFunction.CLEAR_EVENT: "事件清零",
    MeterFunction.CONTROL: "跳合闸、报警、保电",
    MeterFunction.AUTHENTICATE: "安全认证",
}


class _Code(NamedTuple):
    """What a function code means.

    Attributes:
        function: its name.
        standard: ``"1997"`` or ``"2007"``; ``None`` if both have it.
        asked: bytes of the data identifier that the master's frame begins with; 0 = none.
        answered: the same of the meter's frame.
    """

    function: MeterFunction
    standard: str | None
    asked: int = 0
    answered: int = 0


_CODES: Final[dict[int, _Code]] = {
    0x01: _Code(MeterFunction.READ, "1997", 2, 2),
    0x02: _Code(MeterFunction.READ_SUBSEQUENT, "1997", 2, 2),
    0x03: _Code(MeterFunction.REREAD, "1997", 0, 2),
    0x04: _Code(MeterFunction.WRITE, "1997", 2),
    0x08: _Code(MeterFunction.BROADCAST_TIME, None),
    0x0A: _Code(MeterFunction.WRITE_ADDRESS, "1997"),
    0x0C: _Code(MeterFunction.CHANGE_BAUD_RATE, "1997"),
    0x0F: _Code(MeterFunction.CHANGE_PASSWORD, "1997"),
    0x10: _Code(MeterFunction.CLEAR_DEMAND, "1997"),
    0x11: _Code(MeterFunction.READ, "2007", 4, 4),
    0x12: _Code(MeterFunction.READ_SUBSEQUENT, "2007", 4, 4),
    0x13: _Code(MeterFunction.READ_ADDRESS, "2007"),
    0x14: _Code(MeterFunction.WRITE, "2007", 4),
    0x15: _Code(MeterFunction.WRITE_ADDRESS, "2007"),
    0x16: _Code(MeterFunction.FREEZE, "2007"),
    0x17: _Code(MeterFunction.CHANGE_BAUD_RATE, "2007"),
    0x18: _Code(MeterFunction.CHANGE_PASSWORD, "2007", 4),
    0x19: _Code(MeterFunction.CLEAR_DEMAND, "2007"),
    0x1A: _Code(MeterFunction.CLEAR_METER, "2007"),
    # The identifier of the event stands at the end here, behind password and operator.
    0x1B: _Code(MeterFunction.CLEAR_EVENT, "2007"),
    0x1C: _Code(MeterFunction.CONTROL, "2007"),
}

# Function 03H was given to security authentication later. All its identifiers are 07xxxxxxH with a small second byte,
# where those of 1997 have 90H and more; a request to read again has no data at all.
_REREAD: Final = 0x03
_AUTHENTICATE: Final = _Code(MeterFunction.AUTHENTICATE, "2007", 4, 4)
_LOWEST_1997: Final = 0x90

_READ_CODES: Final = {2: 0x01, 4: 0x11}
"""Bytes of a data identifier → function code that reads it."""


@dataclass(frozen=True, slots=True, repr=False)
class MeterFrame:
    """One frame of DL/T 645; printed, it is what it says: ``151230011061 11 read 00010000``.

    Attributes:
        address: the twelve digits of the meter's address as they are printed; A0, the lowest two, travels first. The
            standards' wildcard bytes AAH and other hexadecimal digits are kept: ``AAAAAAAAAAAA`` is any meter,
            ``999999999999`` all of them.
        control: the control code C.
        data: the data without the 33H that travels on top of each byte; data identifier first, where there is one.
        preamble: how many FEH bytes came before the frame.

    Raises:
        EncodeError: a part does not fit its place in the frame.
    """

    address: str
    control: int
    data: bytes = b""
    preamble: int = 0

    def __post_init__(self) -> None:
        # Upper case, so that equal bytes are equal addresses.
        object.__setattr__(self, "address", self.address.upper())
        if not _ADDRESS.fullmatch(self.address):
            raise EncodeError("invalid meter address", found=shown(self.address), expected="twelve digits")
        if not 0 <= self.control <= 0xFF:
            raise EncodeError("the control code is one byte", found=shown(self.control), expected="0 to 255")
        if len(self.data) > 0xFF:
            raise EncodeError("too much data for one frame", found=f"{len(self.data)} bytes", expected="255 or less")
        if not 0 <= self.preamble <= MAX_PREAMBLE:
            raise EncodeError("invalid preamble", found=shown(self.preamble), expected=f"0 to {MAX_PREAMBLE} bytes")

    # ------------------------------------------------------------------------------------------------- made of

    @classmethod
    def parse(cls, raw: Buffer) -> MeterFrame:
        """Reads exactly one frame, with the FEH bytes before it.

        Args:
            raw: the bytes, from the first FEH or 68H to 16H; ``bytes()`` of the frame are the same again.

        Raises:
            TruncatedError: the bytes are the beginning of a frame.
            BadStructureError: a start or end byte, the length or the preamble are wrong, or bytes follow.
            BadChecksumError: all is well except for the checksum.
        """
        content = bytes(raw)
        start = len(content) - len(content.lstrip(_WAKE))
        if error := _error(content, start):
            raise error
        address = content[start + 1 : start + _SECOND_START]
        data = content[start + _DATA : -_TAIL].translate(_FROM_WIRE)
        return cls(address[::-1].hex(), content[start + _CONTROL], data, start)

    @classmethod
    def read(cls, address: str, data_identifier: str, *, preamble: int = 0) -> MeterFrame:
        """The master's frame that asks for data.

        Args:
            address: of the meter.
            data_identifier: eight hexadecimal digits (``"00010000"``: function 11H of 2007) or four (``"9010"``:
                function 01H of 1997).
            preamble: how many FEH bytes to put before it.

        Raises:
            EncodeError: no such address or identifier.
        """
        identifier = _identifier_bytes(data_identifier)
        if len(identifier) not in _READ_CODES:
            raise EncodeError("invalid data identifier", found=shown(data_identifier), expected="4 or 8 hex digits")
        return cls(address, _READ_CODES[len(identifier)], identifier, preamble)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MeterFrame:
        """The frame of a dict as ``as_dict`` makes it; preamble, identifier and data may be left out.

        Raises:
            EncodeError: something is missing, unknown, or of the wrong kind.
        """
        if unknown := data.keys() - {"preamble", "address", "control", "data_identifier", "data"}:
            raise EncodeError("a meter's frame has no such part", found=", ".join(sorted(map(shown, unknown))))
        address, preamble = data.get("address"), data.get("preamble", 0)
        if not isinstance(address, str):
            raise EncodeError("invalid meter address", found=shown(address), expected="twelve digits")
        if not isinstance(preamble, int):
            raise EncodeError("invalid preamble", found=shown(preamble), expected="a number")
        identifier = data.get("data_identifier")
        head = b"" if identifier is None else _identifier_bytes(identifier)
        frame = cls(address, _control_code(data.get("control")), head + _hex_bytes(data.get("data", "")), preamble)
        if identifier is not None and frame.data_identifier != head[::-1].hex().upper():
            raise EncodeError(
                f"control code {frame.control:02X} has no such data identifier",
                found=shown(identifier),
                expected=f"{2 * frame.identifier_size} digits" if frame.identifier_size else "none",
            )
        return frame

    # ------------------------------------------------------------------------------------------------- turned into

    def encode(self) -> bytes:
        """The frame's bytes."""
        address = bytes.fromhex(self.address)[::-1]
        head = bytes((_START, *address, _START, self.control, len(self.data)))
        summed = head + self.data.translate(_TO_WIRE)
        return _WAKE * self.preamble + summed + bytes((sum(summed) & 0xFF, _END))

    def as_dict(self) -> dict[str, Any]:
        """The frame as JSON knows it; ``data`` are the bytes behind the identifier."""
        found: dict[str, Any] = {
            "preamble": self.preamble,
            "address": self.address,
            "control": f"{self.control:02X}",
        }
        if self.data_identifier is not None:
            found["data_identifier"] = self.data_identifier
        return {**found, "data": self.payload.hex().upper()}

    # ------------------------------------------------------------------------------------------------- what it says

    @property
    def from_meter(self) -> bool:
        """Whether the meter sent it (D7 of the control code)."""
        return bool(self.control & _FROM_METER)

    @property
    def error(self) -> bool:
        """Whether it is the meter's error answer (D6); ``payload`` is then the meter's error code."""
        return bool(self.control & _ERROR)

    @property
    def more_follows(self) -> bool:
        """Whether the meter has more data to be fetched (D5)."""
        return bool(self.control & _MORE)

    @property
    def function_code(self) -> int:
        """The function code, D4 to D0 of the control code."""
        return self.control & _FUNCTION

    @property
    def function(self) -> MeterFunction | None:
        """The name of the function; ``None`` if the standards have none for the code."""
        code = self._code
        return code.function if code else None

    @property
    def standard(self) -> str | None:
        """``"1997"`` or ``"2007"`` by the function code; ``None`` if that does not tell."""
        code = self._code
        return code.standard if code else None

    @property
    def identifier_size(self) -> int:
        """Bytes of the data identifier by function, direction and edition: 2, 4, or 0 where there is none."""
        code = self._code
        if code is None or self.error:
            return 0
        size = code.answered if self.from_meter else code.asked
        return size if len(self.data) >= size else 0

    @property
    def data_identifier(self) -> str | None:
        """The data identifier as it is printed, such as ``"00010000"`` or ``"9010"``; ``None`` if there is none."""
        return self.data[: self.identifier_size][::-1].hex().upper() or None

    @property
    def payload(self) -> bytes:
        """The data behind the identifier, in the order in which they travel."""
        return self.data[self.identifier_size :]

    def describe(self, *, zh: bool = False) -> str:
        """Address, control code and what it means, data identifier, payload; ``zh`` for Chinese words."""
        function = self.function
        said = (
            self.address,
            f"{self.control:02X}",
            "" if function is None else function.zh if zh else function.replace("_", " "),
            "" if not self.error else "异常应答" if zh else "error",
            "" if not self.more_follows else "有后续数据" if zh else "more follows",
            self.data_identifier or "",
            self.payload.hex(" ").upper(),
        )
        return " ".join(filter(None, said))

    @property
    def _code(self) -> _Code | None:
        if self.function_code == _REREAD and len(self.data) >= 4 and self.data[1] < _LOWEST_1997:
            return _AUTHENTICATE
        return _CODES.get(self.function_code)

    def __bytes__(self) -> bytes:
        return self.encode()

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        data = f", data={self.data.hex(' ').upper()}" if self.data else ""
        preamble = f", preamble={self.preamble}" if self.preamble else ""
        return f"MeterFrame({self.address!r}, control=0x{self.control:02X}{data}{preamble})"


def _error(content: bytes, start: int) -> PlmsError | None:
    """Tells what is wrong with the bytes as a frame whose 68H is at ``start``, ``None`` if they are one."""
    if start > MAX_PREAMBLE:
        return BadStructureError("too many bytes FE before the frame", offset=MAX_PREAMBLE, found=str(start))
    for at in (start, start + _SECOND_START):
        if at < len(content) and content[at] != _START:
            return BadStructureError("no start byte", offset=at, found=f"{content[at]:02X}", expected="68")
    if len(content) <= start + _LENGTH:
        return TruncatedError("the meter's frame ends within its head", offset=len(content))
    end = start + _DATA + content[start + _LENGTH] + _TAIL
    if len(content) < end:
        return TruncatedError(f"the meter's frame is truncated: {len(content)} of {end} bytes", offset=len(content))
    if content[end - 1] != _END:
        return BadStructureError("no end byte", offset=end - 1, found=f"{content[end - 1]:02X}", expected="16")
    if len(content) > end:
        return BadStructureError("bytes after the end of the frame", offset=end, found=f"{len(content) - end} more")
    computed = sum(content[start : end - _TAIL]) & 0xFF
    if content[end - _TAIL] != computed:
        found = f"{content[end - _TAIL]:02X}"
        return BadChecksumError("checksum wrong", offset=end - _TAIL, found=found, expected=f"{computed:02X}")
    return None


def _identifier_bytes(text: Any) -> bytes:
    """A data identifier as it travels, low byte first."""
    return _hex_bytes(text)[::-1]


def _hex_bytes(text: Any) -> bytes:
    try:
        return bytes.fromhex(text)
    except (TypeError, ValueError):
        raise EncodeError("not hex text", found=shown(text)) from None


def _control_code(value: Any) -> int:
    if isinstance(value, str):
        raw = _hex_bytes(value)
        value = raw[0] if len(raw) == 1 else None
    if not isinstance(value, int):
        raise EncodeError("invalid control code", found=shown(value), expected="two hex digits")
    return value
