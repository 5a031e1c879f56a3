"""Formats in C: bytes to numbers, times and texts, and numbers to bytes. Bytes that are not a value give a fault.

The formats are defined in ``plmsproto.formats``; columns and objects are both made with what is here. Numbers are in
units of their format's last place, times in seconds since 1970, dates in days, times of day in seconds.

A module that uses this calls ``make_tables()`` when it is imported, and ``make_gbk_table()`` before it reads GB2312.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcpy

from plmsproto._fast.codes cimport (
    ASCII,
    BCD,
    CLOCK,
    COEFFICIENT,
    DATE,
    DIGITS,
    ENERGY,
    FLOATING_POWER,
    HEX,
    IP4,
    NO_TIME,
    NOT_ASCII,
    NOT_BCD,
    NOT_GB2312,
    NOT_PHONE,
    PHONE,
    RAW,
    SIGNED,
    SIGNED_BCD,
    SPARE_OF_A3,
    TIME_OF_DAY,
    UNSIGNED,
)
from plmsproto._fast.octets cimport NO_DATA, has_no_digits, little_endian


# Tables. A .pxd can only declare variables of other modules, so these are variables of C; functions below fill them.

cdef extern from *:
    """
    #include <stdint.h>
    static uint8_t TWO_DIGITS[256];         /* the number of two BCD digits; BAD if a nibble is not a digit */
    static int32_t DAYS_BEFORE[100 * 12];   /* days from 1970 to the first of each month of 2000 to 2099 */
    static uint8_t DAYS_OF[100 * 12];       /* how many days each of these months has */
    static uint16_t GBK[1 << 16];           /* code point of each two bytes; 0 if that is not a printable character */
    static const int32_t TENS[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    static const char HEX_DIGITS[] = "0123456789ABCDEF";
    """
    uint8_t *TWO_DIGITS
    int32_t *DAYS_BEFORE
    uint8_t *DAYS_OF
    uint16_t *GBK
    const int32_t *TENS
    const char *HEX_DIGITS

cdef enum:
    BAD = 0x80


cdef inline void make_tables() noexcept:
    """Fills the tables of digits and dates."""
    cdef int32_t number, month, year, days = 10957  # from 1970 to 2000
    for number in range(256):
        TWO_DIGITS[number] = 10 * (number >> 4) + (number & 15) if number >> 4 < 10 and number & 15 < 10 else BAD
    for year in range(100):
        for month in range(12):
            DAYS_BEFORE[12 * year + month] = days
            if month == 1:
                DAYS_OF[12 * year + month] = 28 if year % 4 else 29
            else:
                DAYS_OF[12 * year + month] = 30 if month in (3, 5, 8, 10) else 31
            days += DAYS_OF[12 * year + month]


cdef inline int make_gbk_table() except -1:
    """Fills the table of Chinese characters."""
    cdef int number
    for number in range(0x8100, 0xFF00):
        try:
            text = bytes((number >> 8, number & 0xFF)).decode("gbk")
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and ord(text) < 0x10000 and (text.isprintable() or text == "\u3000"):
            GBK[number] = ord(text)
    return 0


# What formats make of bytes


cdef struct Value:
    bint there      # false: the device had no data, or there is a fault
    int64_t number
    int32_t fault   # why the bytes are not a value, or 0
    bint lossy      # written back, the value would be other bytes


cdef inline Value value_of(int64_t number, bint lossy) noexcept nogil:
    return Value(True, number, 0, lossy)


cdef inline Value no_data(bint lossy) noexcept nogil:
    return Value(False, 0, 0, lossy)


cdef inline Value fault_of(int32_t fault) noexcept nogil:
    return Value(False, 0, fault, False)


# Formats so frequent that their bytes are read one after another, without looking at what else an op may say.
cdef enum Quick:
    NOT_QUICK = 0
    SIGNED_2 = 1
    SIGNED_3 = 2
    PLAIN_2 = 3
    PLAIN_3 = 4
    PLAIN_4 = 5
    PLAIN_5 = 6
    STAMP_5 = 7


ctypedef fused Kept:  # with or without a sign, the bytes are the same; but only without one may numbers wrap
    uint32_t
    uint64_t


cdef inline uint8_t read_digits(const uint8_t *raw, int32_t size, uint8_t sign, Kept *number) noexcept nogil:
    """Two to five bytes of BCD, in the last of them a sign if there is one; returns BAD if they are not.

    To be called with a constant size and sign: then little is left of it.
    """
    cdef uint8_t last = TWO_DIGITS[raw[size - 1] & <uint8_t>~sign]
    cdef uint8_t bad = TWO_DIGITS[raw[0]] | last
    cdef Kept made = TWO_DIGITS[raw[0]], place = 100
    if size > 2:
        bad |= TWO_DIGITS[raw[1]]
        made += place * TWO_DIGITS[raw[1]]
        place *= 100
    if size > 3:
        bad |= TWO_DIGITS[raw[2]]
        made += place * TWO_DIGITS[raw[2]]
        place *= 100
    if size > 4:
        bad |= TWO_DIGITS[raw[3]]
        made += place * TWO_DIGITS[raw[3]]
        place *= 100
    made += place * last
    number[0] = -made if raw[size - 1] & sign else made
    return bad & BAD


cdef inline uint8_t read_quick(const uint8_t *raw, int32_t quick, int64_t *number) noexcept nogil:
    """One number or time of a frequent format; returns BAD if it is not one, or must be looked at more closely."""
    cdef uint64_t *digits = <uint64_t *>number
    if quick == SIGNED_2:
        return read_digits(raw, 2, 0x80, digits)
    if quick == SIGNED_3:
        return read_digits(raw, 3, 0x80, digits)
    if quick == PLAIN_2:
        return read_digits(raw, 2, 0, digits)
    if quick == PLAIN_3:
        return read_digits(raw, 3, 0, digits)
    if quick == PLAIN_4:
        return read_digits(raw, 4, 0, digits)
    if quick == PLAIN_5:
        return read_digits(raw, 5, 0, digits)
    return read_stamp(raw, number)


cdef inline int64_t read_row(
    const uint8_t *raw, int32_t size, uint8_t sign, int64_t wanted, int64_t multiplier, Kept *kept
) noexcept nogil:
    """Reads numbers in BCD one after another up to the first that is not one; returns how many."""
    cdef int64_t done
    cdef Kept number = 0
    for done in range(wanted):
        if read_digits(raw, size, sign, &number):
            return done
        kept[done] = number * <Kept>multiplier
        raw += size
    return wanted


cdef inline int64_t read_quick_row(
    const uint8_t *raw, int32_t quick, int64_t wanted, int64_t multiplier, Kept *kept
) noexcept nogil:
    """Reads numbers of a frequent format up to the first that is not one; returns how many."""
    if quick == SIGNED_2:
        return read_row(raw, 2, 0x80, wanted, multiplier, kept)
    if quick == SIGNED_3:
        return read_row(raw, 3, 0x80, wanted, multiplier, kept)
    if quick == PLAIN_2:
        return read_row(raw, 2, 0, wanted, multiplier, kept)
    if quick == PLAIN_3:
        return read_row(raw, 3, 0, wanted, multiplier, kept)
    if quick == PLAIN_4:
        return read_row(raw, 4, 0, wanted, multiplier, kept)
    if quick == PLAIN_5:
        return read_row(raw, 5, 0, wanted, multiplier, kept)
    return 0


cdef inline bint is_bcd(uint64_t word) noexcept nogil:
    while word:
        if word & 15 > 9:
            return False
        word >>= 4
    return True


cdef inline int64_t from_bcd(uint64_t word) noexcept nogil:
    cdef int64_t number = 0, place = 1
    while word:
        number += place * <int64_t>(word & 15)
        place *= 10
        word >>= 4
    return number


cdef inline Value read_number(const uint8_t *raw, int32_t code, int32_t size) noexcept nogil:
    """A number of fixed width, in units of its format's last place. Binary fields without data are not its concern."""
    cdef int64_t number = 0, place = 1
    cdef uint8_t bad = 0, two, sign = 0
    cdef bint lossy = False
    cdef int32_t i, exponent
    if code == UNSIGNED or code == SIGNED:
        number = <int64_t>little_endian(raw, size)
        if code == SIGNED and raw[size - 1] & 0x80:
            number -= <int64_t>1 << 8 * size
        return value_of(number, False)
    if code == BCD or code == SIGNED_BCD:
        if code == SIGNED_BCD:
            sign = raw[size - 1] & 0x80
        for i in range(size):
            two = TWO_DIGITS[raw[i] & 0x7F if code == SIGNED_BCD and i == size - 1 else raw[i]]
            bad |= two
            number += place * two
            place *= 100
    elif code == ENERGY:
        if has_no_digits(raw, size):
            return no_data(raw[0] != NO_DATA)
        if raw[3] & 0xA0:
            return fault_of(SPARE_OF_A3)
        sign = raw[3] & 0x10
        two = TWO_DIGITS[raw[3] & 0x0F]
        bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]] | two
        number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2]] + 1000000 * <int64_t>two
        if raw[3] & 0x40:
            lossy = number < 10000  # thousands of it have room without the flag
            number *= 1000
    elif code == FLOATING_POWER:
        sign = raw[1] & 0x10
        two = TWO_DIGITS[raw[1] & 0x0F]
        bad = TWO_DIGITS[raw[0]] | two
        exponent = 4 - (raw[1] >> 5)
        number = TWO_DIGITS[raw[0]] + 100 * <int64_t>two
        lossy = number < 100 and exponent > -3  # a smaller exponent has room for its digits
        number *= TENS[exponent + 3]
    else:  # COEFFICIENT
        sign = raw[0] & 0x80
        number = bad = TWO_DIGITS[raw[0] & 0x7F]
    if bad & BAD:
        return no_data(raw[0] != NO_DATA) if has_no_digits(raw, size) else fault_of(NOT_BCD)
    if sign:
        return value_of(-number, lossy or number == 0)
    return value_of(number, lossy)


cdef inline uint8_t read_stamp(const uint8_t *raw, int64_t *number) noexcept nogil:
    """Minute, hour, day, month and year as seconds; BAD if they are not a time, or must be looked at more closely."""
    cdef int32_t minute = TWO_DIGITS[raw[0]], hour = TWO_DIGITS[raw[1]], day = TWO_DIGITS[raw[2]]
    cdef int32_t month = TWO_DIGITS[raw[3]], year = TWO_DIGITS[raw[4]]
    if minute > 59 or hour > 23 or month > 12 or month == 0 or year > 99:
        return BAD
    month += 12 * year - 1
    if day == 0 or day > DAYS_OF[month]:
        return BAD
    number[0] = 86400 * <int64_t>(DAYS_BEFORE[month] + day - 1) + 3600 * hour + 60 * minute
    return 0


cdef inline Value read_parts(
    const uint8_t *raw, int32_t size, int64_t sent, int32_t kind, int32_t *parts
) noexcept nogil:
    """The two-digit parts of a time, and as a number the days since 1970.

    Args:
        sent: which part each byte is, four bits each, the first byte in the lowest.
        kind: a ``TimeKind``.
        parts: gets them from 1 on: second, minute, hour, day, month, year; 0, or the first day, where there is none.
    """
    cdef int32_t i, part, month
    cdef uint8_t two, bad = 0, any_bit = 0
    cdef bint has_day = False
    cdef int64_t days
    parts[1] = parts[2] = parts[3] = parts[6] = 0
    parts[4] = parts[5] = 1
    for i in range(size):
        part = sent >> 4 * i & 15
        two = raw[i]
        any_bit |= two
        if part == 5 and kind == CLOCK:
            two &= 0x1F  # the weekday is above it
        two = TWO_DIGITS[two]
        bad |= two
        parts[part] = two
        has_day = has_day or part == 4 or part == 5
    if any_bit == 0 and has_day:
        return no_data(True)
    if (bad & BAD or kind == CLOCK) and has_no_digits(raw, size):
        return no_data(raw[0] != NO_DATA)
    if bad & BAD:
        return fault_of(NOT_BCD)
    if parts[1] > 59 or parts[2] > 59 or parts[3] > 23 or parts[5] < 1 or parts[5] > 12 or parts[4] < 1:
        return fault_of(NO_TIME)
    month = 12 * parts[6] + parts[5] - 1
    if parts[4] > DAYS_OF[month]:
        return fault_of(NO_TIME)
    days = DAYS_BEFORE[month] + parts[4] - 1
    # The first of January 1970 was a Thursday.
    return value_of(days, kind == CLOCK and raw[4] >> 5 != (days + 3) % 7 + 1)


cdef inline Value read_time(const uint8_t *raw, int32_t size, int64_t sent, int32_t kind) noexcept nogil:
    """A time as a number; of a partial one, only whether there is one. Arguments as of ``read_parts``."""
    cdef int32_t parts[7]
    cdef Value value = read_parts(raw, size, sent, kind, parts)
    if value.there and kind != DATE:
        if kind == TIME_OF_DAY:
            value.number = 0
        value.number = 86400 * value.number + 3600 * parts[3] + 60 * parts[2] + parts[1]
    return value


cdef inline int64_t put_byte(uint8_t *room, int64_t made, uint8_t byte) noexcept nogil:
    if room is not NULL:
        room[made] = byte
    return made + 1


cdef inline int64_t write_text(int32_t code, const uint8_t *raw, int32_t size, uint8_t *room) noexcept nogil:
    """Writes text in UTF-8 (or the bytes themselves), at most twice the bytes, if there is room.

    Returns:
        Its size, or minus a fault.
    """
    cdef int64_t made = 0
    cdef int32_t i, nibble, point
    cdef uint8_t byte
    cdef const uint8_t *nul
    if code == RAW:
        if room is not NULL:
            memcpy(room, raw, <size_t>size)
        return size
    if code == DIGITS or code == HEX:
        for i in range(size):
            byte = raw[size - 1 - i]
            if code == DIGITS and TWO_DIGITS[byte] & BAD:
                return -NOT_BCD
            if room is not NULL:
                room[2 * i] = HEX_DIGITS[byte >> 4]
                room[2 * i + 1] = HEX_DIGITS[byte & 15]
        return 2 * size
    if code == IP4:
        for i in range(4):
            byte = raw[i]
            if i:
                made = put_byte(room, made, c".")
            if byte >= 100:
                made = put_byte(room, made, c"0" + byte // 100)
            if byte >= 10:
                made = put_byte(room, made, c"0" + byte // 10 % 10)
            made = put_byte(room, made, c"0" + byte % 10)
        return made
    if code == PHONE:
        for i in range(2 * size):
            nibble = raw[i >> 1] & 15 if i & 1 else raw[i >> 1] >> 4
            if nibble == 15:
                break
            if nibble > 11:
                # What is after the end does not matter, but before it does.
                return -NOT_PHONE
            made = put_byte(room, made, c"," if nibble == 10 else c"#" if nibble == 11 else c"0" + nibble)
        return made
    nul = <const uint8_t *>memchr(raw, 0, <size_t>size)
    if nul is not NULL:
        size = <int32_t>(nul - raw)
    i = 0
    while i < size:
        byte = raw[i]
        i += 1
        if byte < 0x80:
            if (byte < 0x20 and byte != c"\r" and byte != c"\n" and byte != c"\t") or byte == 0x7F:
                return -NOT_ASCII if code == ASCII else -NOT_GB2312
            made = put_byte(room, made, byte)
            continue
        if code == ASCII:
            return -NOT_ASCII
        if i == size:
            return -NOT_GB2312
        point = GBK[byte << 8 | raw[i]]
        i += 1
        if point == 0:
            return -NOT_GB2312
        if point < 0x800:
            made = put_byte(room, made, 0xC0 | point >> 6)
        else:
            made = put_byte(room, made, 0xE0 | point >> 12)
            made = put_byte(room, made, 0x80 | (point >> 6 & 0x3F))
        made = put_byte(room, made, 0x80 | (point & 0x3F))
    # Blanks at the end are padding; in both codes and in UTF-8 a blank is never part of another character.
    while size and raw[size - 1] == c" ":
        size -= 1
        made -= 1
    return made


# Numbers to bytes


cdef inline uint8_t to_bcd(int64_t number) noexcept nogil:
    """Two decimal digits."""
    return <uint8_t>(number // 10 << 4 | number % 10)


cdef inline int32_t days_of_month(int32_t year, int32_t month) noexcept nogil:
    """How many days a month has; the year counts from 2000."""
    return DAYS_OF[12 * year + month - 1]


cdef inline int32_t days_from_1970(int32_t year, int32_t month, int32_t day) noexcept nogil:
    """Days since 1970; the year counts from 2000."""
    return DAYS_BEFORE[12 * year + month - 1] + day - 1


cdef inline bint write_number(int32_t code, int32_t size, int64_t number, uint8_t *raw) noexcept nogil:
    """Writes a number in units of its format's last place; false if it does not fit."""
    cdef int64_t left = -number if number < 0 else number
    cdef uint8_t sign = 0
    cdef int32_t i
    if code == UNSIGNED or code == SIGNED:
        for i in range(size):
            raw[i] = <uint8_t>(number >> 8 * i)
        if size >= 8:
            return code == SIGNED or number >= 0
        number >>= 8 * size - (1 if code == SIGNED else 0)
        return number == 0 or (code == SIGNED and number == -1)
    if code == ENERGY:
        sign = 0x10 if number < 0 else 0
        if left > 9999999 and left % 1000 == 0:
            left //= 1000
            sign |= 0x40
        if left > 9999999:
            return False
    elif code == COEFFICIENT:
        sign = 0x80 if number < 0 else 0
        if left > 79:
            return False
    elif code == SIGNED_BCD:
        sign = 0x80 if number < 0 else 0
    elif number < 0:
        return False
    for i in range(size):
        raw[i] = to_bcd(left % 100)
        left //= 100
    if left or (code == SIGNED_BCD and raw[size - 1] & 0x80):
        return False
    raw[size - 1] |= sign
    return True
