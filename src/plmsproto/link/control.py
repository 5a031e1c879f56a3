"""The control field C: direction, who asks, and the link function.

One byte, the same in all editions (Q/GDW 376.1-2009, control field; IEC 60870-5-2)::

            D7       D6    D5    D4         D3..D0
    down    DIR = 0  PRM   FCB   FCV        function
    up      DIR = 1  PRM   ACD   reserved   function

PRM is 1 in what the primary station sends, the one that started the exchange, and tells which of the two function
tables applies. Real devices fill C in many ways: it is shown, and kept to the bit, but no frame is judged by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Mapping

_DIR: Final = 0x80
_PRM: Final = 0x40
_FCB_OR_ACD: Final = 0x20
_FCV: Final = 0x10
_FUNCTION: Final = 0x0F


class Direction(StrEnum):
    """Which way a frame travels."""

    DOWN = "down"
    """From the master station to the terminal."""

    UP = "up"
    """From the terminal to the master station."""


class LinkFunction(NamedTuple):
    """The service that a function code asks for or reports, in English and Chinese."""

    service: str
    service_zh: str


# Function codes of frames from the primary station (PRM = 1) ...
RESET: Final = 1
SEND_NO_REPLY: Final = 4
LINK_TEST: Final = 9
REQUEST_CLASS1: Final = 10
"""Despite its name, also of all frames that ask for a confirmation (CON = 1): commands down, reports up."""
REQUEST_CLASS2: Final = 11
# ... and from the secondary one.
CONFIRM: Final = 0
RESPOND: Final = 8
NO_SUCH_DATA: Final = 9
LINK_STATUS: Final = 11

FUNCTIONS: Final[Mapping[tuple[bool, int], LinkFunction]] = MappingProxyType(
    {
        (True, RESET): LinkFunction("reset", "复位命令"),
        (True, SEND_NO_REPLY): LinkFunction("user data", "用户数据"),
        (True, LINK_TEST): LinkFunction("link test", "链路测试"),
        (True, REQUEST_CLASS1): LinkFunction("request class 1 data", "请求1级数据"),
        (True, REQUEST_CLASS2): LinkFunction("request class 2 data", "请求2级数据"),
        (False, CONFIRM): LinkFunction("accepted", "认可"),
        (False, RESPOND): LinkFunction("user data", "用户数据"),
        (False, NO_SUCH_DATA): LinkFunction("no such data", "否认：无所召唤的数据"),
        (False, LINK_STATUS): LinkFunction("link status", "链路状态"),
    }
)
"""The function codes by PRM and code; all others are reserved."""

_RESERVED: Final = LinkFunction("reserved", "备用")


@dataclass(frozen=True, slots=True, repr=False)
class Control:
    """The control field of one frame.

    Attributes:
        value: the byte as it travels, 0 to 255.

    Raises:
        EncodeError: the value is not a byte.
    """

    value: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 0xFF:
            raise EncodeError("the control field is one byte", found=str(self.value), expected="0 to 255")

    @staticmethod
    def down(function: int, *, prm: bool = True, fcb: bool | None = None) -> Control:
        """Builds the control field of a frame from the master station to a terminal.

        Args:
            function: function code, 0 to 15.
            prm: whether the master station started the exchange.
            fcb: the frame count bit; when given, FCV says that it is valid.

        Raises:
            EncodeError: the function code does not fit its four bits.
        """
        value = _function_bits(function) | (_PRM if prm else 0)
        if fcb is not None:
            value |= _FCV | (_FCB_OR_ACD if fcb else 0)
        return ALL_CONTROLS[value]

    @staticmethod
    def up(function: int, *, prm: bool = False, acd: bool = False) -> Control:
        """Builds the control field of a frame from a terminal to the master station.

        Args:
            function: function code, 0 to 15.
            prm: whether the terminal started the exchange.
            acd: whether important events wait to be read; EC is then part of the frame's AUX.

        Raises:
            EncodeError: the function code does not fit its four bits.
        """
        return ALL_CONTROLS[_DIR | _function_bits(function) | (_PRM if prm else 0) | (_FCB_OR_ACD if acd else 0)]

    @property
    def direction(self) -> Direction:
        """The direction (DIR, D7), the only mark of it in a frame."""
        return Direction.UP if self.value & _DIR else Direction.DOWN

    @property
    def prm(self) -> bool:
        """Whether the sender is the primary station (D6)."""
        return bool(self.value & _PRM)

    @property
    def fcb(self) -> bool:
        """The frame count bit (D5 of a down frame), False in an up frame; means something only with ``fcv``."""
        return self.value & (_DIR | _FCB_OR_ACD) == _FCB_OR_ACD

    @property
    def fcv(self) -> bool:
        """Whether the frame count bit is valid (D4); reserved in an up frame, where some terminals set it anyway."""
        return bool(self.value & _FCV)

    @property
    def acd(self) -> bool:
        """Access demand: important events wait (D5 of an up frame); False in a down frame."""
        return self.value & (_DIR | _FCB_OR_ACD) == _DIR | _FCB_OR_ACD

    @property
    def function(self) -> int:
        """The function code, 0 to 15 (D3 to D0)."""
        return self.value & _FUNCTION

    @property
    def link_function(self) -> LinkFunction:
        """The service that the function code names, in English and Chinese."""
        return FUNCTIONS.get((self.prm, self.function), _RESERVED)

    @property
    def meaning(self) -> str:
        """The service that the function code names, such as ``request class 2 data``, or ``reserved``."""
        return self.link_function.service

    def __repr__(self) -> str:
        up = self.direction is Direction.UP
        d5 = f"ACD={self.acd:d}" if up else f"FCB={self.fcb:d}"
        d4 = f"D4={self.fcv:d}" if up else f"FCV={self.fcv:d}"
        return (
            f"Control(0x{self.value:02X}: {self.direction}, PRM={self.prm:d}, {d5}, {d4}, "
            f"function {self.function} {self.meaning})"
        )


ALL_CONTROLS: Final = tuple(Control(value) for value in range(256))
"""All 256 control fields, by value: parsing and builders take them from here."""


def _function_bits(function: int) -> int:
    if not 0 <= function <= _FUNCTION:
        raise EncodeError("the link function code has four bits", found=str(function), expected="0 to 15")
    return function
