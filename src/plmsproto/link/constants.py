"""The numbers of the frame format: marks, sizes, tags and limits.

Q/GDW 130-2005, Q/GDW 376.1-2009 and Q/GDW 1376.1-2013 share one frame, of the FT1.2 family of IEC 60870-5-1::

    68  L L  L L  68 | C  A1 A1 A2 A2 A3  user data | CS  16
    └──── head ────┘   └─────── L1 bytes ─────────┘

The length word L holds L1 * 4 + tag, low byte first, and is sent twice. For what the bytes mean, see the
modules ``control`` and ``address``, and the application layer for the user data.
"""

from __future__ import annotations

from typing import Final

START: Final = 0x68
"""First and last byte of the head."""

END: Final = 0x16
"""Last byte of a frame."""

HEAD_SIZE: Final = 6
"""Bytes of the head: start, L, L, start."""

OVERHEAD: Final = 8
"""Bytes of a frame beyond L1: the head, CS and the end byte."""

TAG_130: Final = 1
"""Lowest two bits of L in frames of Q/GDW 130-2005 (and its predecessor of 2004)."""

TAG_376: Final = 2
"""Lowest two bits of L in frames of Q/GDW 376.1-2009 and Q/GDW 1376.1-2013, which look the same on the wire."""

MAX_RADIO: Final = 255
"""Largest L1 on a dedicated radio channel."""

MAX_NETWORK: Final = 16383
"""Largest L1 on a network (GPRS, CDMA, Ethernet); L has no room for more."""

ADDRESS_SIZES: Final = (5, 7)
"""Bytes of the address field: the standard's, and a provincial variant with four bytes of A2."""


def minimum_length(address_size: int) -> int:
    """Returns the smallest believable L1: control field, address field, AFN and SEQ."""
    return 1 + address_size + 2


def check_options(address_size: int, max_length: int) -> None:
    """Checks the options of a parser or scanner.

    Raises:
        ValueError: ``address_size`` is neither 5 nor 7, or ``max_length`` is not a possible L1.
    """
    if address_size not in ADDRESS_SIZES:
        raise ValueError(f"address_size is 5 or 7, not {address_size!r}")
    if not minimum_length(address_size) <= max_length <= MAX_NETWORK:
        raise ValueError(f"max_length is {minimum_length(address_size)} to {MAX_NETWORK}, not {max_length!r}")
