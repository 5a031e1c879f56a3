"""The address field A: administrative region, terminal and master station.

Five bytes in all editions (Q/GDW 376.1-2009, address field)::

    A1  2 bytes  region code, four digits, low byte first: region 4401 travels as 01 44
    A2  2 bytes  terminal address or group address, unsigned, low byte first
    A3  1 byte   D7..D1 MSA, the master station's address; D0 group flag

A few provinces give A2 four bytes, so that the field has seven.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..errors import BadStructureError, EncodeError, TruncatedError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_REGION: Final = re.compile("[0-9A-F]{4}")
_MAX_MASTER: Final = 127


@dataclass(frozen=True, slots=True)
class Address:
    """The address field of one frame.

    Attributes:
        region: the four digits of A1 as they are printed. BCD by the standard; real frames hold any hexadecimal
            digits (``FFFF`` in some broadcasts), which are kept.
        terminal: A2 as a number; 0 is invalid by the standard, but is seen.
        master: MSA, 0 to 127; 0 in what a terminal sends of its own accord.
        group: whether A2 is the address of a group of terminals.
        terminal_size: bytes of A2: 2, or 4 in the provincial variant.

    Raises:
        EncodeError: a part does not fit its place in the field.
    """

    region: str
    terminal: int
    master: int = 0
    group: bool = False
    terminal_size: int = 2

    def __post_init__(self) -> None:
        # Upper case, so that equal bytes are equal addresses.
        object.__setattr__(self, "region", self.region.upper())
        if not _REGION.fullmatch(self.region):
            raise EncodeError("region (A1) is not four digits", found=repr(self.region), expected="such as '4401'")
        if self.terminal_size not in (2, 4):
            raise EncodeError("A2 has no such width", found=f"{self.terminal_size} bytes", expected="2 or 4")
        if not 0 <= self.terminal <= self._all_terminals:
            raise EncodeError(
                "terminal address (A2) out of range", found=str(self.terminal), expected=f"0 to {self._all_terminals}"
            )
        if not 0 <= self.master <= _MAX_MASTER:
            raise EncodeError(
                "master station address (MSA) out of range", found=str(self.master), expected=f"0 to {_MAX_MASTER}"
            )

    @staticmethod
    def parse(data: Buffer) -> Address:
        """Reads an address field of five or seven bytes; any bytes are an address.

        Raises:
            TruncatedError: there are fewer than five bytes.
            BadStructureError: there are six, or more than seven bytes.
        """
        field = bytes(data)
        if len(field) < 5:
            raise TruncatedError(f"address field truncated: {len(field)} of 5 bytes")
        if len(field) not in (5, 7):
            raise BadStructureError("address field of a wrong size", found=f"{len(field)} bytes", expected="5 or 7")
        return address_from(field)

    @property
    def size(self) -> int:
        """Bytes of the field: 5, or 7 with a four-byte A2."""
        return self.terminal_size + 3

    @property
    def is_broadcast(self) -> bool:
        """Whether the frame is for all terminals: the group flag with all ones in A2."""
        return self.group and self.terminal == self._all_terminals

    @property
    def _all_terminals(self) -> int:
        return (1 << 8 * self.terminal_size) - 1

    def __bytes__(self) -> bytes:
        return (
            bytes.fromhex(self.region)[::-1]
            + self.terminal.to_bytes(self.terminal_size, "little")
            + bytes((self.master << 1 | self.group,))
        )

    def __str__(self) -> str:
        kind = " broadcast" if self.is_broadcast else " group" if self.group else ""
        return f"{self.region}-{self.terminal:0{2 * self.terminal_size}X}{kind} MSA {self.master}"


def address_from(field: bytes) -> Address:
    """Reads an address of five or seven bytes: the reference of its compiled twin."""
    # Without __init__ and its checks, which these parts always pass: each frame of a stream needs an address.
    address = object.__new__(Address)
    assign = object.__setattr__
    assign(address, "region", field[1::-1].hex().upper())
    assign(address, "terminal", int.from_bytes(field[2:-1], "little"))
    assign(address, "master", field[-1] >> 1)
    assign(address, "group", bool(field[-1] & 1))
    assign(address, "terminal_size", len(field) - 3)
    return address
