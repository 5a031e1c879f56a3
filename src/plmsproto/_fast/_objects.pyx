# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""The user data of frames as Python objects, compiled: a twin of ``plmsproto.application.reading``.

It interprets the op tables of ``plmsproto.layout.program`` and makes of bytes the values that the shapes and formats of
the reference make. It accepts only what the reference accepts under the assumptions of the standard, with no error, no
deviation and no bytes to keep beside a value: whatever else is met is ``Bail``, and the reference reads the frame anew.
So a rule that is stricter here than there costs time; one that is laxer would be wrong.

A format that is rare, or intricate, is asked itself (``ASK``).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport date_new, datetime_new, import_datetime, time_new
from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

from plmsproto._fast.codes cimport (
    ASCII,
    BCD,
    BITFIELD,
    BITS,
    CLOCK,
    COEFFICIENT,
    CONDITION,
    CONSTANT,
    DATE,
    DIGITS,
    END,
    ENERGY,
    EVENT,
    FLOATING_POWER,
    GO,
    HEX,
    IP4,
    LIST,
    OPTIONAL,
    PACKED,
    PART,
    PARTIAL,
    POPCOUNT,
    RAW,
    RECORD,
    SIGNED,
    SIGNED_BCD,
    SKIP,
    STAMP,
    TABLE,
    TIME,
    TIME_OF_DAY,
    TO_END,
    UNITS,
    UNSIGNED,
    compares,
)
from plmsproto._fast.octets cimport NO_DATA, in_fill_run, is_filled, little_endian

from decimal import Decimal

import_datetime()

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 highest)
    unsigned char *PyUnicode_1BYTE_DATA(object text)

cdef extern from *:
    """
    /* The days of each month of a leap year. */
    static const int DAYS[12] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    static PyObject *named_tuple(PyObject *kind, PyObject *arguments)
    {
        return PyTuple_Type.tp_new((PyTypeObject *)kind, arguments, NULL);
    }
    """
    const int *DAYS
    object named_tuple(object kind, tuple arguments)


cdef enum:
    ASK = 64  # in the place of an op code: a value whose format is asked

cdef enum Known:
    NEVER_READ = 0
    NO_NUMBER = 1
    NUMBER = 2

cdef enum:
    NONE = -1
    SLOTS = 16
    MOST_COUNTED = 1 << 24
    MOST_DIGITS = 9  # bytes of BCD whose number an int64 holds
    NO_DIGITS = -1
    AUX_EC = 2
    AUX_TP = 6
    # What a frame of the longest kind has besides its user data, 1 + 7 of 16383 bytes.
    LONGEST_USER_DATA = 16383 - 8
    # What the assumptions of the standard depend on: DIR, PRM and ACD of the control field, TpV of SEQ.
    TELLING_CONTROL_BITS = 0xE0
    TPV = 0x80


class Bail(ValueError):
    """Something that the reference has to look at."""


cdef struct Step:
    int code
    int size
    int mode
    int64_t arg
    int slot
    int add
    int counter
    int jump
    # Of numbers: what the format adds; the decimals of a BCD number; what the standard allows, as raw numbers.
    int offset
    int decimals
    bint bounded
    int64_t low
    int64_t high
    # Whether the format has labels or a factor; whether a list's entries are records.
    bint labelled
    bint scaled
    bint of_records

cdef struct CountStep:
    int kind
    int slot
    int constant
    int table

cdef struct Walk:
    const uint8_t *data
    Py_ssize_t position
    Py_ssize_t start  # of the body: where a run of fill may begin ...
    Py_ssize_t stop   # ... and where it ends at last
    int64_t numbers[SLOTS]
    uint8_t known[SLOTS]


cdef inline void begin(Walk *walk, const uint8_t *data, Py_ssize_t start, Py_ssize_t stop) noexcept:
    walk.data = data
    walk.position = walk.start = start
    walk.stop = stop
    memset(walk.known, NEVER_READ, SLOTS)


cdef inline int check(const Step *step, int64_t number) except -1:
    """Looks whether a number is in the standard's range."""
    if step.bounded and not step.low <= number <= step.high:
        raise Bail
    return 0


# Bytes


cdef inline const uint8_t *take(Walk *walk, Py_ssize_t size) except NULL:
    cdef const uint8_t *raw = walk.data + walk.position
    if size > walk.stop - walk.position:
        raise Bail
    walk.position += size
    return raw


cdef inline bytes as_bytes(const uint8_t *raw, Py_ssize_t size):
    return PyBytes_FromStringAndSize(<const char *>raw, size)


cdef inline bint in_run(const Walk *walk) noexcept:
    """Whether the byte just taken is one of a run of EEH that is too long to be numbers."""
    return in_fill_run(walk.data, walk.position - 1, walk.start, walk.stop)


cdef inline bint has_no_data(const Walk *walk, const Step *step, const uint8_t *raw, Py_ssize_t size) noexcept:
    """Whether the bytes just taken are EEH throughout. A single one may be a number, where digits are not all it has."""
    if size == 1 and step.code in (UNSIGNED, SIGNED, BITS, BITFIELD):
        return in_run(walk)
    return size > 0 and is_filled(raw, size, NO_DATA)


cdef inline int two_digits(uint8_t byte) noexcept:
    """The number of a BCD byte, NO_DIGITS if it is none."""
    if byte >> 4 > 9 or byte & 15 > 9:
        return NO_DIGITS
    return 10 * (byte >> 4) + (byte & 15)


cdef inline int64_t bcd(const uint8_t *raw, Py_ssize_t size, uint8_t mask) except NO_DIGITS:
    """The number of BCD bytes, the last of them under a mask."""
    cdef int64_t number = 0
    cdef int pair
    cdef Py_ssize_t i
    for i in range(size - 1, -1, -1):
        pair = two_digits(raw[i] & mask)
        if pair == NO_DIGITS:
            raise Bail
        number = 100 * number + pair
        mask = 0xFF
    return number


cdef inline int64_t bcd_bits(uint64_t word) except NO_DIGITS:
    """The number of BCD digits in a word."""
    cdef uint8_t raw[8]
    cdef int i
    for i in range(8):
        raw[i] = <uint8_t>(word >> 8 * i)
    return bcd(raw, 8, 0xFF)


cdef object decimal(const uint8_t *raw, Py_ssize_t size, int decimals, bint is_signed):
    """A BCD number with decimals, exactly and with all of them. Decimal takes nothing as quickly as short text."""
    cdef bint negative = is_signed and raw[size - 1] & 0x80
    cdef uint8_t mask = 0x7F if is_signed else 0xFF
    cdef uint8_t digits[2 * MOST_DIGITS]
    cdef uint8_t any_digit = 0
    cdef uint8_t byte
    cdef Py_ssize_t count = 2 * size
    cdef Py_ssize_t first, i, length
    cdef unsigned char *text
    for i in range(size):
        byte = raw[size - 1 - i] & mask
        mask = 0xFF
        if byte >> 4 > 9 or byte & 15 > 9:
            raise Bail
        any_digit |= byte
        digits[2 * i] = byte >> 4
        digits[2 * i + 1] = byte & 15
    if negative and not any_digit:
        raise Bail  # reads as zero
    first = 0
    while first < count - decimals - 1 and not digits[first]:
        first += 1
    length = count - first + 1 + negative
    number = PyUnicode_New(length, 127)
    text = PyUnicode_1BYTE_DATA(number)
    if negative:
        text[0] = c"-"
        text += 1
    for i in range(first, count - decimals):
        text[0] = c"0" + digits[i]
        text += 1
    text[0] = c"."
    text += 1
    for i in range(count - decimals, count):
        text[0] = c"0" + digits[i]
        text += 1
    return Decimal(number)


cdef int64_t energy(const uint8_t *raw) except? -1:
    """Seven digits, a sign, and a flag for thousands, which the value gives back if it needs them."""
    cdef int64_t number = bcd(raw, 4, 0x0F)
    if raw[3] & 0xA0 or (raw[3] & 0x40 and number < 10000) or (raw[3] & 0x10 and not number):
        raise Bail
    if raw[3] & 0x40:
        number *= 1000
    return -number if raw[3] & 0x10 else number


cdef list numbers_of_bits(const Step *step, const uint8_t *raw, Py_ssize_t size):
    """The numbers of the bits that are set."""
    cdef list numbers = []
    cdef int64_t number
    cdef Py_ssize_t i
    cdef int bit
    for i in range(size):
        if not raw[i]:
            continue
        for bit in range(8):
            if raw[i] >> bit & 1:
                number = step.arg + 8 * i + bit
                check(step, number)
                numbers.append(number)
    return numbers


# Bodies


@cython.final
cdef class Body:
    """One layout, ready to be read. Nothing in it changes once it is made."""

    cdef Step *steps
    cdef CountStep *counts
    cdef Py_ssize_t size
    cdef tuple names     # the key of each step's value
    cdef tuple forms     # the format of each step, or the part of a bit field, if it has one
    cdef tuple shapes    # what else a step needs: the shape that knows a number, a named tuple
    cdef tuple labels    # code → name
    cdef tuple factors
    cdef tuple bounds
    cdef tuple tables    # of counts: code → how many

    def __cinit__(self, program):
        self.size = len(program.ops)
        self.steps = <Step *>calloc(<size_t>self.size, sizeof(Step))
        self.counts = <CountStep *>calloc(<size_t>len(program.counts) + 1, sizeof(CountStep))
        if self.steps is NULL or self.counts is NULL:
            raise MemoryError

    def __init__(self, program):
        cdef Step *step
        cdef CountStep *count
        if program.slots > SLOTS:
            raise Bail  # more numbers than there is room for
        self.names = tuple([spot.path[len(spot.path) - 1] if spot.path else "" for spot in program.spots])
        self.tables = program.tables
        labels = []
        factors = []
        shapes = []
        for index, (op, spot) in enumerate(zip(program.ops, program.spots)):
            step = &self.steps[index]
            step.code, step.size, step.mode, step.arg, step.slot, step.add, step.counter, step.jump = op
            names, factor, shape = prepare(step, op, spot)
            labels.append(names)
            factors.append(factor)
            shapes.append(shape)
        self.labels = tuple(labels)
        self.factors = tuple(factors)
        self.shapes = tuple(shapes)
        self.forms = tuple(
            [spot.owner if op.code == PART else spot.form for op, spot in zip(program.ops, program.spots)]
        )
        self.bounds = tuple([getattr(spot.owner, "bounds", None) for spot in program.spots])
        for index, row in enumerate(program.counts):
            count = &self.counts[index]
            count.kind, count.slot, count.constant, count.table = row

    def __dealloc__(self):
        free(self.steps)
        free(self.counts)

    # ---- structure

    cdef dict record(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at, Py_ssize_t end):
        """Reads the members from one step up to another."""
        cdef dict into = {}
        cdef const Step *step
        while at < end:
            step = &self.steps[at]
            if step.code == CONDITION:
                at = at + 1 if self.holds(walk, step) else step.jump
            elif step.code == GO:
                at = step.jump
            elif step.code == OPTIONAL:
                at = at + 1 if walk.position < walk.stop else step.jump
            elif step.code == SKIP:
                at += 1
            else:
                into[<object>self.names[at]] = self.value(walk, reader, depth, at)
                at = step.jump if step.jump else at + 1
        return into

    cdef list entries(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at):
        """Reads a list."""
        cdef const Step *step = &self.steps[at]
        cdef bint to_end = self.counts[step.counter].kind == TO_END
        cdef int64_t wanted = 0 if to_end else self.count(walk, step.counter)
        cdef Py_ssize_t before
        cdef list values = []
        if step.arg and wanted > (walk.stop - walk.position) // step.arg:
            raise Bail
        while walk.position < walk.stop if to_end else wanted > 0:
            before = walk.position
            if step.of_records:
                values.append(self.record(walk, reader, depth, at + 1, step.jump))
            else:
                values.append(self.value(walk, reader, depth, at + 1))
            if walk.position == before:
                raise Bail
            wanted -= 1
        return values

    cdef bint holds(self, const Walk *walk, const Step *step) except -1:
        """Whether a condition does."""
        cdef int64_t number
        if walk.known[step.slot] == NEVER_READ:
            raise Bail
        if walk.known[step.slot] == NO_NUMBER:
            return False
        number = walk.numbers[step.slot]
        return compares(step.mode, number, step.arg)

    cdef int64_t count(self, const Walk *walk, int counter) except -1:
        """How many, if it is not up to the end."""
        cdef const CountStep *count = &self.counts[counter]
        cdef int64_t number
        if count.kind == CONSTANT:
            return count.constant
        if walk.known[count.slot] == NEVER_READ:
            raise Bail
        if walk.known[count.slot] == NO_NUMBER:
            return 0
        number = walk.numbers[count.slot]
        if count.kind == POPCOUNT:
            number = number.bit_count()
        elif count.kind == TABLE:
            known = (<dict>self.tables[count.table]).get(number)
            if known is None:
                raise Bail
            number = known
        if number > MOST_COUNTED:
            raise Bail
        number += count.constant
        return number if number > 0 else 0

    # ---- values

    cdef object value(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at):
        """Reads the value of a step, and all that belongs to it."""
        cdef const Step *step = &self.steps[at]
        cdef const uint8_t *raw
        cdef Py_ssize_t size = step.size, place
        cdef int64_t number
        if step.code == LIST:
            return self.entries(walk, reader, depth, at)
        if step.code == RECORD:
            return self.record(walk, reader, depth, at + 1, step.jump)
        if step.code == EVENT:
            return reader.event(walk, depth)
        if step.code == UNITS:
            if depth:
                raise Bail
            return reader.units(walk, <int>step.arg, 1)
        if step.counter != NONE:
            if self.counts[step.counter].kind == TO_END:
                size = walk.stop - walk.position
            else:
                size = self.count(walk, step.counter)
        raw = take(walk, size)

        if step.code == ASK:
            return self.ask(walk, step, at, raw, size)
        if step.code == RAW:
            return as_bytes(raw, size)
        if has_no_data(walk, step, raw, size):
            if step.counter != NONE:
                raise Bail  # of a width that is not known without the data
            if step.slot != NONE:
                walk.known[step.slot] = NO_NUMBER
            if step.code == BITFIELD:
                self.no_parts(walk, at)
            return None

        if step.code == UNSIGNED or step.code == SIGNED:
            number = <int64_t>little_endian(raw, size)
            if step.code == SIGNED and number >> 8 * size - 1:
                number -= <int64_t>1 << 8 * size
            return self.number(walk, step, at, number)
        if step.code == BCD and not step.decimals:
            return self.number(walk, step, at, bcd(raw, size, 0xFF))
        if step.code == BCD or step.code == SIGNED_BCD:
            if step.bounded:
                number = bcd(raw, size, 0x7F if step.code == SIGNED_BCD else 0xFF)
                check(step, -number if step.code == SIGNED_BCD and raw[size - 1] & 0x80 else number)
            return decimal(raw, size, step.decimals, step.code == SIGNED_BCD)
        if step.code == TIME:
            return self.time(step, at, raw)
        if step.code == BITFIELD:
            return self.bits(walk, at, little_endian(raw, size))
        if step.code == PACKED:
            return self.packed(walk, at, raw, size)
        if step.code == BITS:
            if step.slot != NONE:
                walk.numbers[step.slot] = <int64_t>little_endian(raw, size)
                walk.known[step.slot] = NUMBER
            return numbers_of_bits(step, raw, size)
        if step.code == ENERGY:
            return self.number(walk, step, at, energy(raw))
        if step.code == FLOATING_POWER:
            return self.floating_power(step, raw)
        if step.code == COEFFICIENT:
            number = bcd(raw, 1, 0x7F)
            if raw[0] & 0x80:
                if not number:
                    raise Bail
                number = -number
            check(step, number)
            return number
        if step.code == DIGITS:
            for place in range(size):
                if two_digits(raw[place]) == NO_DIGITS:
                    raise Bail
            return as_bytes(raw, size)[::-1].hex()
        if step.code == HEX:
            return as_bytes(raw, size)[::-1].hex().upper()
        if step.code == IP4:
            return f"{raw[0]}.{raw[1]}.{raw[2]}.{raw[3]}"
        if step.code == ASCII:
            return text(raw, size, step.size == 0)
        raise Bail

    cdef object number(self, Walk *walk, const Step *step, Py_ssize_t at, int64_t number):
        """What a whole number means by its format, once it is kept for counts."""
        if step.slot != NONE:
            walk.numbers[step.slot] = number + step.add
            walk.known[step.slot] = NUMBER
        number += step.offset
        if step.labelled:
            label = (<dict>self.labels[at]).get(number)
            if label is not None:
                return label
        elif step.scaled:
            scaled = number * self.factors[at]
            if step.bounded and not self.bounds[at][0] <= scaled <= self.bounds[at][1]:
                raise Bail
            return scaled
        check(step, number)
        return number

    cdef object ask(self, Walk *walk, const Step *step, Py_ssize_t at, const uint8_t *raw, Py_ssize_t size):
        """Lets the format read its bytes."""
        form = self.forms[at]
        if step.counter != NONE:
            form = form.of_size(size)
        sent = as_bytes(raw, size)
        if form.fill_is_ambiguous and in_run(walk):
            value = None
        else:
            value = form.decode(sent)
        if value is None and form.size is None:
            raise Bail
        if (value is None or not form.injective) and form.encode(value) != sent:
            raise Bail
        if step.slot != NONE:
            number = self.shapes[at].number(value)
            walk.known[step.slot] = NO_NUMBER if number is None else NUMBER
            walk.numbers[step.slot] = 0 if number is None else number
        if self.bounds[at] is not None:
            from plmsproto.layout.nodes import beyond

            if beyond(self.bounds[at], value):
                raise Bail
        return value

    # ---- bits

    cdef object bits(self, Walk *walk, Py_ssize_t at, uint64_t word):
        """The parts of a bit field."""
        cdef const Step *step = &self.steps[at]
        cdef Py_ssize_t end = step.jump
        cdef uint64_t bits
        cdef dict value = {}
        if word & <uint64_t>step.arg:
            raise Bail  # spare bits
        for at in range(at + 1, end):
            step = &self.steps[at]
            bits = word >> step.arg & ((<uint64_t>1 << step.size) - 1)
            if step.slot != NONE:
                walk.numbers[step.slot] = <int64_t>bits
                walk.known[step.slot] = NUMBER
            if step.code == ASK:
                part = self.forms[at].decode(word)
                if self.bounds[at] is not None:
                    raise Bail
            elif self.shapes[at] is bool:
                part = bits != 0
                check(step, <int64_t>bits)
            else:
                part = self.part(step, at, bcd_bits(bits) if step.mode else <int64_t>bits)
            value[<object>self.names[at]] = part
        return value

    cdef object part(self, const Step *step, Py_ssize_t at, int64_t number):
        """What the number of a few bits means."""
        cdef Step plain = step[0]
        plain.slot = NONE  # the bits are kept as they are
        return self.number(NULL, &plain, at, number)

    cdef void no_parts(self, Walk *walk, Py_ssize_t at) noexcept:
        cdef Py_ssize_t part
        for part in range(at + 1, self.steps[at].jump):
            if self.steps[part].slot != NONE:
                walk.known[self.steps[part].slot] = NO_NUMBER

    cdef list packed(self, Walk *walk, Py_ssize_t at, const uint8_t *raw, Py_ssize_t size):
        """Codes that share bytes, low bits first."""
        cdef const Step *step = &self.steps[at]
        cdef int mask = (1 << step.mode) - 1
        cdef Py_ssize_t bit = 0
        cdef Py_ssize_t stop = step.arg * step.mode
        cdef list values = []
        while bit < stop:
            values.append(self.number(walk, step, at, raw[bit >> 3] >> (bit & 7) & mask))
            bit += step.mode
        return values

    # ---- what has its own form

    cdef object floating_power(self, const Step *step, const uint8_t *raw):
        cdef int digits = <int>bcd(raw, 2, 0x0F)
        cdef int exponent = 4 - (raw[1] >> 5)
        cdef bint negative = raw[1] & 0x10
        # Bytes that the value gives back are those of the smallest exponent that its digits have room for.
        if step.bounded or (digits < 100 and exponent > -3) or (negative and not digits):
            raise Bail
        if exponent > 0:
            return Decimal((-digits if negative else digits) * 10**exponent)
        return Decimal(f"{'-' if negative else ''}{digits}E{exponent}")

    cdef object time(self, const Step *step, Py_ssize_t at, const uint8_t *raw):
        cdef int parts[7]  # by place in ``TIME_PARTS``, counted from 1: second, minute, hour, day, month, year
        cdef int place, part
        cdef int64_t sending_order = step.arg
        cdef uint8_t byte
        memset(parts, 0, sizeof(parts))
        parts[5] = 1
        for place in range(step.size):
            part = sending_order & 15
            sending_order >>= 4
            byte = raw[place]
            if part == 5 and step.mode == CLOCK:
                byte &= 0x1F  # above the month is the weekday
            parts[part] = two_digits(byte)
            if parts[part] == NO_DIGITS:
                raise Bail
            if part == 4 and not parts[4]:
                raise Bail
        if parts[1] > 59 or parts[2] > 59 or parts[3] > 23 or not 1 <= parts[5] <= 12:
            raise Bail
        if parts[4] > DAYS[parts[5] - 1] or (parts[4] == 29 and parts[5] == 2 and parts[6] % 4):
            raise Bail
        if step.mode == CLOCK:
            moment = datetime_new(2000 + parts[6], parts[5], parts[4], parts[3], parts[2], parts[1], 0, None)
            if moment.isoweekday() != raw[4] >> 5:
                raise Bail
            return moment
        if step.mode == STAMP:
            return datetime_new(2000 + parts[6], parts[5], parts[4], parts[3], parts[2], 0, 0, None)
        if step.mode == DATE:
            return date_new(2000 + parts[6], parts[5], parts[4])
        if step.mode == TIME_OF_DAY:
            return time_new(parts[3], parts[2], 0, 0, None)
        return self.partial_time(step, at, parts)

    cdef object partial_time(self, const Step *step, Py_ssize_t at, int *parts):
        """A named tuple of the parts, the largest first."""
        cdef list values = []
        cdef int part
        cdef int64_t sending_order = step.arg
        while sending_order:
            part = sending_order & 15
            sending_order >>= 4
            values.append(2000 + parts[6] if part == 6 else parts[part])
        values.reverse()
        return named_tuple(self.shapes[at], (tuple(values),))


cdef object text(const uint8_t *raw, Py_ssize_t size, bint counted):
    """ASCII that is followed by nothing but NUL; by none at all where the width is the text's own."""
    cdef Py_ssize_t end = 0
    cdef Py_ssize_t i
    while end < size and raw[end]:
        if not (0x20 <= raw[end] < 0x7F or raw[end] in (0x09, 0x0A, 0x0D)):
            raise Bail
        end += 1
    if end and raw[end - 1] == c" ":
        raise Bail
    for i in range(end, size):
        if raw[i] or counted:
            raise Bail
    return as_bytes(raw, end).decode("ascii")


# Getting ready


cdef tuple prepare(Step *step, op, spot):
    """Fills in what a step needs beyond its op; returns its labels, its factor and what else it needs.

    A value op whose format has no part of its own here becomes an ``ASK``.
    """
    from plmsproto.layout.nodes import ListOf, Record

    owner, form = spot.owner, spot.form
    bounds = getattr(owner, "bounds", None)
    if bounds is not None:
        step.bounded = True
        step.low, step.high = bounds
    if op.code == LIST:
        shape = owner.shape
        for _ in range(len(spot.path) - 1 - last_name(spot.path)):
            shape = shape.shape
        assert isinstance(shape, ListOf)
        step.of_records = isinstance(shape.shape, Record)
        return None, None, None
    if op.code == PART and form is None:
        return None, None, bool if step.size == 1 else None
    if form is None:
        return None, None, None
    if op.code in (PART, PACKED, ENERGY) or (op.code in (UNSIGNED, SIGNED, BCD) and not is_decimal(form)):
        return prepare_number(step, form, owner)
    if not speaks_for_itself(step, form):
        step.code = ASK
        return None, None, owner.shape
    if is_decimal(form):
        step.decimals = form.decimals
        step.low *= 10**form.decimals
        step.high *= 10**form.decimals
    return None, None, form.shape if step.code == TIME and step.mode == PARTIAL else None


cdef Py_ssize_t last_name(path):
    """The place of the last part of a path that is no entry of a list."""
    return max([place for place, part in enumerate(path) if part != "[]"])


cdef bint is_decimal(form):
    from plmsproto.formats import BcdDecimal

    return type(form) is BcdDecimal


cdef bint speaks_for_itself(Step *step, form):
    """Whether a value's op says all that is to be known of its format."""
    from plmsproto import formats

    kind = type(form)
    if step.slot != NONE:
        return kind is formats.Bits and 0 < step.size <= 4
    if kind is formats.Bits:
        return step.size > 0 and step.counter == NONE
    if kind is formats.BcdDecimal:
        return step.size <= MOST_DIGITS
    if kind is formats.DigitText:
        return step.counter == NONE
    if kind is formats.PartialTime:
        return form.shape._fields == tuple(reversed(form.parts)) and not {"year", "day"} <= set(form.parts)
    if kind is formats.Text:
        return step.code == ASCII and (step.counter == NONE) == (step.size > 0)
    return kind in (
        formats.Clock, formats.MinuteStamp, formats.Date, formats.TimeOfDay, formats.Raw, formats.HexText, formats.Ip4,
        formats.FloatingPower, formats.FloatCoefficient,
    )


cdef tuple prepare_number(Step *step, form, owner):
    """As ``prepare``, of whole numbers that may have an offset, and names or a factor."""
    from plmsproto import formats

    labels = factor = None
    base = form
    if type(base) is formats.Enumerated:
        labels, base = dict(base.labels), base.base
    elif type(base) is formats.Scaled:
        factor, base = base.factor, base.base
    if type(base) is formats.Shifted:
        step.offset, base = base.offset, base.base
    kinds = formats.Integer, formats.SmallInteger, formats.BcdInteger, formats.Energy
    known = type(base) in kinds and base.size <= MOST_DIGITS
    if not known or (step.code == PART and (type(base) is formats.Energy or getattr(base, "signed", False))):
        if step.code == PACKED:
            raise Bail
        step.code = ASK
        return None, None, getattr(owner, "shape", None)
    if factor is not None and factor == factor.to_integral_value():
        factor = int(factor)
    step.labelled = labels is not None
    step.scaled = factor is not None
    return labels, factor, None


# Data units


@cython.final
cdef class UnitReader:
    """Reads data units of one direction as one edition has them."""

    cdef object context
    cdef object unit_type
    cdef object body_length
    cdef object named_lengths
    cdef bint numbered_groups
    cdef bint ffff_is_all
    cdef int all_points
    cdef dict bodies   # AFN and Fn → key, Body, and what DataUnit.read_by is
    cdef dict events   # event code → key, Body, and whether its form depends on its length

    def __init__(self, context):
        from plmsproto.application.units import DataUnit
        from plmsproto.editions import RULES
        from plmsproto.identifier import ALL_POINTS, PointCoding
        from plmsproto.layout.event import body_length, named_lengths

        self.body_length = body_length
        self.named_lengths = named_lengths
        self.context = context
        self.unit_type = DataUnit
        self.numbered_groups = RULES[context.reading.edition].point_coding is PointCoding.NUMBERED_GROUP
        self.ffff_is_all = context.reading.ffff_is_all
        self.all_points = ALL_POINTS
        self.bodies = {}
        self.events = {}

    cdef list units(self, Walk *walk, int afn, int depth):
        """Reads data units up to the end of a body."""
        cdef Walk body
        cdef const uint8_t *raw
        cdef list units = []
        cdef list points
        cdef tuple known
        cdef int bit
        cdef int functions
        cdef int group
        while walk.position < walk.stop:
            raw = take(walk, 4)
            points = self.points(raw[0], raw[1])
            functions, group = raw[2], raw[3]
            if not functions:
                raise Bail
            identifier = as_bytes(raw, 4)
            for point in points:
                for bit in range(8):
                    if functions >> bit & 1:
                        fn = 8 * group + bit + 1
                        known = self.body(afn, fn)
                        begin(&body, walk.data, walk.position, walk.stop)
                        value = whole(known[1], &body, self, depth)
                        walk.position = body.position
                        unit = self.unit_type(afn, fn, point, known[0], value, identifier, {})
                        unit.read_by = known[2]
                        units.append(unit)
        return units

    cdef list points(self, int members, int groups):
        """The points that DA names."""
        cdef list points = []
        cdef int member, group
        if not (members or groups):
            return [0]
        if self.numbered_groups and members == 0xFF and (not groups or (self.ffff_is_all and groups == 0xFF)):
            return [self.all_points]
        if not (members and groups):
            raise Bail
        if self.numbered_groups:
            for member in range(8):
                if members >> member & 1:
                    points.append(8 * (groups - 1) + member + 1)
            return points
        for group in range(8):
            if groups >> group & 1:
                for member in range(8):
                    if members >> member & 1:
                        points.append(8 * group + member + 1)
        return points

    cdef tuple body(self, int afn, int fn):
        """Key and body of an item, and its layout with AFN and Fn."""
        cdef int number = afn << 16 | fn
        known = self.bodies.get(number)
        if known is None:
            item, record, deviation = self.context.item(afn, fn)
            if deviation:
                raise Bail
            known = self.bodies.setdefault(number, (item.key, body_of(record), (afn, fn, record)))
        return known

    cdef dict event(self, Walk *walk, int depth):
        """Reads an event record."""
        cdef Walk inner
        cdef const uint8_t *head = take(walk, 2)
        cdef int code = head[0]
        cdef Py_ssize_t size = head[1]
        if code == NO_DATA or size > walk.stop - walk.position:
            raise Bail
        known = self.events.get(code)
        if known is None:
            record = self.context.event_body(code)
            if record is None:
                raise Bail
            known = self.events.setdefault(
                code, (self.context.event_key(code), body_of(record), bool(self.named_lengths(record.members)))
            )
        begin(&inner, walk.data, walk.position, walk.position + size)
        inner.numbers[0] = size
        inner.known[0] = NUMBER
        data = whole((<tuple>known)[1], &inner, self, depth)
        if inner.position != inner.stop:
            raise Bail
        walk.position = inner.stop
        value = {"erc": code, "event": (<tuple>known)[0], "data": data}
        if (<tuple>known)[2] and self.body_length(value, self.context, verbatim={}, path=[]) != size:
            raise Bail  # the values alone would be written in another form
        return value


cdef dict whole(Body body, Walk *walk, UnitReader reader, int depth):
    """Reads all of a body, up to its ``END``."""
    if body is None:
        raise Bail
    return body.record(walk, reader, depth, 0, body.size - 1)


cdef Body body_of(record):
    """A layout, ready to be read; ``None`` if only the reference can read it."""
    from plmsproto.layout.program import compile_program

    try:
        return Body(compile_program(record))
    except (Bail, OverflowError):
        return None


# Frames


@cython.final
cdef class Way:
    """How the standard has frames read that look alike: the first assumption about them, and the reader for it."""

    cdef object assumption
    cdef object outcome_type
    cdef object aux_type
    cdef object counters_type
    cdef object label_type
    cdef object no_aux
    cdef tuple deviations
    cdef UnitReader reader
    cdef Body send_time
    cdef Py_ssize_t pw_size
    cdef Py_ssize_t aux_size
    cdef bint has_ec
    cdef bint has_tp

    def __init__(self, assumption, reader):
        from plmsproto.application.auxiliary import SEND_TIME, Aux, EventCounters, Tp
        from plmsproto.application.reading import Outcome
        from plmsproto.layout import Field, Leaf, Record

        self.assumption = assumption
        self.outcome_type = Outcome
        self.aux_type = Aux
        self.counters_type = EventCounters
        self.label_type = Tp
        self.no_aux = Aux()
        self.deviations = assumption.deviations
        self.reader = reader
        self.send_time = body_of(Record((Field("sent", Leaf(SEND_TIME)),)))
        self.pw_size = assumption.pw_size
        self.aux_size = assumption.aux_size
        self.has_ec = assumption.has_ec
        self.has_tp = assumption.has_tp

    cdef object read(self, const uint8_t *data, Py_ssize_t size):
        cdef Walk walk
        cdef Py_ssize_t end = size - self.aux_size
        if end < 2 or end == 2 < size:
            raise Bail
        begin(&walk, data, 2, end)
        units = self.reader.units(&walk, data[0], 0)
        aux = self.aux(data, end, size) if self.aux_size else self.no_aux
        return self.outcome_type(self.assumption, units, aux, None, [], list(self.deviations))

    cdef object aux(self, const uint8_t *data, Py_ssize_t start, Py_ssize_t stop):
        cdef Walk walk
        cdef const uint8_t *raw
        begin(&walk, data, start, stop)
        counters = label = None
        raw = take(&walk, self.pw_size)
        pw = as_bytes(raw, self.pw_size)
        if self.has_ec:
            raw = take(&walk, AUX_EC)
            counters = self.counters_type(raw[0], raw[1])
        if self.has_tp:
            raw = take(&walk, AUX_TP)
            begin(&walk, raw, 1, AUX_TP - 1)
            label = self.label_type(raw[0], self.send_time.value(&walk, self.reader, 0, 0), raw[5])
        return self.aux_type(pw, counters, label)


cdef Way find_way(frame, catalogue, edition, ffff_is_all, dict cache, tuple key):
    """Works out how frames like this one are read, and keeps it if the catalogue has their AFN."""
    from plmsproto.application.reading import readings
    from plmsproto.application.sequence import Seq
    from plmsproto.application.units import BodyContext
    from plmsproto.link import TAG_130, TAG_376

    cdef bytes data = frame.user_data
    afn = data[0]
    if frame.tag not in (TAG_130, TAG_376) or catalogue.afn(afn) is None:
        raise Bail
    assumption = next(readings(frame, Seq.parse(data[1]), afn, catalogue, edition, ffff_is_all=ffff_is_all))
    direction = frame.control.direction
    place = ("units", direction, assumption.reading)
    reader = cache.get(place)
    if reader is None:
        reader = cache.setdefault(place, UnitReader(BodyContext(catalogue, direction, assumption.reading)))
    return cache.setdefault(key, Way(assumption, reader))


def fast_decode(frame, catalogue, edition, ffff_is_all):
    """What is in the user data of a frame in which nothing is odd; ``None`` for any other."""
    cdef bytes data
    cdef const uint8_t *content
    cdef Py_ssize_t size
    cdef int control
    cdef dict cache = catalogue.cache
    user_data = frame.user_data
    # Frames need not come from bytes: what could not be sent is the reference's business.
    if type(user_data) is not bytes or frame.checksum is not None:
        return None
    data = user_data
    size = PyBytes_GET_SIZE(data)
    if not 2 <= size <= LONGEST_USER_DATA:
        return None
    content = <const uint8_t *>PyBytes_AS_STRING(data)
    control = frame.control.value
    key = (
        frame.tag, control & TELLING_CONTROL_BITS, content[0], content[1] & TPV, edition, ffff_is_all,
    )
    try:
        way = cache.get(key)
        if way is None:
            way = find_way(frame, catalogue, edition, ffff_is_all, cache, key)
        return (<Way>way).read(content, size)
    except (ValueError, OverflowError):
        # Bail, and what formats, times and numbers raise themselves.
        return None
