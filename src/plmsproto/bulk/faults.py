"""Why bytes did not decode, as numbers: what interpreters of op tables note, and the reasons that ``decode`` gives."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from ..editions import RULES, Edition


class Fault(IntEnum):
    """The reasons. The compiled interpreter has the same numbers."""

    DATA_END = 1
    LIST_END = 2
    EVENT_END = 3
    EVENT_SHORT = 4
    EVENT_LONG = 5
    UNKNOWN_EVENT = 6
    WRONG_WAY = 7
    LEFT_OVER = 8
    NO_FN = 9
    NO_POINT = 10
    NO_IDENTIFIER = 11
    EMPTY_ENTRY = 12
    UNKNOWN_COUNT = 13
    NOT_BCD = 14
    NO_TIME = 15
    SPARE_OF_A3 = 16
    NOT_ASCII = 17
    NOT_GB2312 = 18
    NOT_PHONE = 19
    NO_ROOM = 20
    NESTED = 21
    UNKNOWN_ITEM_130 = 22
    UNKNOWN_ITEM_376 = 23
    UNKNOWN_ITEM_1376 = 24
    UNKNOWN_AFN_130 = 25
    UNKNOWN_AFN_376 = 26
    UNKNOWN_AFN_1376 = 27


REASONS: Final[dict[int, str]] = {
    Fault.DATA_END: "the data end inside a field",
    Fault.LIST_END: "the data end inside a list",
    Fault.EVENT_END: "the data end inside an event record",
    Fault.EVENT_SHORT: "an event record shorter than its head",
    Fault.EVENT_LONG: "an event record longer than its ERC",
    Fault.UNKNOWN_EVENT: "unknown event code",
    Fault.WRONG_WAY: "this AFN does not go that way",
    Fault.LEFT_OVER: "bytes left over where an identifier should be",
    Fault.NO_FN: "DT names no Fn",
    Fault.NO_POINT: "DA names no point",
    Fault.NO_IDENTIFIER: "unknown AFN",
    Fault.EMPTY_ENTRY: "an entry of a list takes no bytes",
    Fault.UNKNOWN_COUNT: "the code says no number",
    Fault.NOT_BCD: "not BCD",
    Fault.NO_TIME: "no such time",
    Fault.SPARE_OF_A3: "spare bits of A3 are set",
    Fault.NOT_ASCII: "not ascii text",
    Fault.NOT_GB2312: "not gb2312 text",
    Fault.NOT_PHONE: "not a telephone number",
    Fault.NO_ROOM: "no room for data units and AUX",
    Fault.NESTED: "data units nest too deep",
    Fault.UNKNOWN_ITEM_130: f"unknown item in {RULES[Edition.GDW130].title}",
    Fault.UNKNOWN_ITEM_376: f"unknown item in {RULES[Edition.GDW376].title}",
    Fault.UNKNOWN_ITEM_1376: f"unknown item in {RULES[Edition.GDW1376].title}",
    Fault.UNKNOWN_AFN_130: f"unknown AFN in {RULES[Edition.GDW130].title}",
    Fault.UNKNOWN_AFN_376: f"unknown AFN in {RULES[Edition.GDW376].title}",
    Fault.UNKNOWN_AFN_1376: f"unknown AFN in {RULES[Edition.GDW1376].title}",
}
"""The reasons in words: those of the errors that ``plmsproto.decode`` raises, up to what they found."""
