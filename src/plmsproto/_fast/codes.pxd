"""C copies of the enums in ``plmsproto.layout.program`` and ``plmsproto.bulk.faults``, which define what they mean.

The names are the same, except for names that C uses for something else. ``tests/bulk/test_codes.py`` compares them.
"""

from libc.stdint cimport int64_t


# layout.program.Code
cdef enum Code:
    END = 0
    UNSIGNED = 1
    SIGNED = 2
    BCD = 3
    SIGNED_BCD = 4
    FLOATING_POWER = 5
    ENERGY = 6
    COEFFICIENT = 7
    TIME = 8
    DIGITS = 9
    HEX = 10
    IP4 = 11
    PHONE = 12
    ASCII = 13
    GB2312 = 14
    RAW = 15
    BITS = 16
    IDENTIFIER = 17
    BITFIELD = 20
    PART = 21
    PACKED = 22
    RECORD = 30
    LIST = 31
    CONDITION = 32  # IF
    GO = 33
    OPTIONAL = 34
    SKIP = 35
    EVENT = 36
    UNITS = 37


# layout.program.TimeKind
cdef enum TimeKind:
    CLOCK = 0
    STAMP = 1
    DATE = 2
    TIME_OF_DAY = 3
    PARTIAL = 4


# layout.program.CountKind
cdef enum CountKind:
    CONSTANT = 0
    SLOT = 1
    POPCOUNT = 2
    TABLE = 3
    TO_END = 4


# Places in layout.program.COMPARISON_NAMES.
cdef enum Comparison:
    EQUAL = 0
    UNEQUAL = 1
    AT_MOST = 2
    AT_LEAST = 3
    LESS = 4
    MORE = 5


# bulk.faults.Fault; those that are not here come from the plan, as numbers.
cdef enum FaultCode:
    DATA_END = 1
    LIST_END = 2
    EVENT_END = 3
    EVENT_SHORT = 4
    EVENT_LONG = 5
    UNKNOWN_EVENT = 6
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


cdef inline bint compares(int comparison, int64_t number, int64_t constant) noexcept nogil:
    """Whether a condition's comparison holds."""
    if comparison == EQUAL:
        return number == constant
    if comparison == UNEQUAL:
        return number != constant
    if comparison == AT_MOST:
        return number <= constant
    if comparison == AT_LEAST:
        return number >= constant
    if comparison == LESS:
        return number < constant
    return number > constant
