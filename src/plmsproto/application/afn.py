"""AFN: the application function, first byte of the user data (Q/GDW 376.1-2009 section 5.1 and its siblings)."""

from __future__ import annotations

from enum import IntEnum
from typing import Final


class Afn(IntEnum):
    """The application functions that the standards define. Vendors use others; they stay plain numbers."""

    CONFIRM = 0x00
    RESET = 0x01
    LINK_TEST = 0x02
    RELAY_STATION = 0x03
    SET_PARAMETER = 0x04
    CONTROL = 0x05
    AUTHENTICATION = 0x06
    CASCADED_REPORT = 0x08
    TERMINAL_CONFIGURATION = 0x09
    QUERY_PARAMETER = 0x0A
    TASK_DATA = 0x0B
    CLASS1_DATA = 0x0C
    CLASS2_DATA = 0x0D
    CLASS3_DATA = 0x0E
    FILE_TRANSFER = 0x0F
    DATA_FORWARDING = 0x10


def as_afn(code: int) -> Afn | int:
    """The name of a code, or the number itself where the standards have none."""
    return _BY_CODE.get(code, code)


_BY_CODE: Final[dict[int, Afn]] = {int(afn): afn for afn in Afn}
