# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""Data units to bytes, compiled: a twin of ``write_units`` in ``plmsproto.application.units``.

It writes values along the same op tables that bodies are read by. It takes only values of the types that ``decode``
gives, and their names; a value of any other type is given to its format, which says what its bytes are (``ask``). A
body that does not fit is given to the reference as a whole, which writes it or says what is wrong. So a rule that is
stricter here than there costs time; one that is laxer would be wrong.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_CheckExact, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport (
    PyDate_CheckExact,
    PyDateTime_CheckExact,
    PyTime_CheckExact,
    date_day,
    date_month,
    date_year,
    datetime_day,
    datetime_hour,
    datetime_minute,
    datetime_month,
    datetime_second,
    datetime_tzinfo,
    datetime_year,
    import_datetime,
    time_hour,
    time_minute,
)
from cpython.dict cimport PyDict_CheckExact, PyDict_GetItemWithError, PyDict_Size
from cpython.list cimport PyList_CheckExact
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_CheckExact
from cpython.ref cimport PyObject
from cpython.tuple cimport PyTuple_CheckExact
from cpython.unicode cimport PyUnicode_CheckExact
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy, memset

from plmsproto._fast.codes cimport (
    BCD,
    BITFIELD,
    BITS,
    CLOCK,
    COEFFICIENT,
    CONDITION,
    DATE,
    ENERGY,
    EVENT,
    FLOATING_POWER,
    GO,
    LIST,
    OPTIONAL,
    PACKED,
    PART,
    PARTIAL,
    RAW,
    RECORD,
    SIGNED,
    SIGNED_BCD,
    SKIP,
    STAMP,
    TIME,
    TIME_OF_DAY,
    UNITS,
    UNSIGNED,
)
from plmsproto._fast.octets cimport NO_DATA
from plmsproto._fast.ops cimport (
    NO_NUMBER,
    NO_SUCH_CODE,
    UP_TO_THE_END,
    Blocks,
    Op,
    Points,
    Program,
    allocate,
    count_of,
    find_points,
    forget_numbers,
    free_all,
    holds,
    is_large,
    load_program,
    next_point,
)
from plmsproto._fast.values cimport (
    days_from_1970,
    days_of_month,
    make_tables,
    to_bcd,
    write_number,
)

from decimal import Decimal

import_datetime()
make_tables()

cdef extern from "Python.h":
    bint PyUnicode_IS_COMPACT_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    unsigned char *PyUnicode_1BYTE_DATA(object text)

cdef enum:
    ASK = 64  # in the place of an op code: a value whose format is asked

cdef enum:
    SLOTS = 16
    MOST_DIGITS = 9        # bytes of BCD whose number an int64 holds
    MOST_DECIMAL = 18      # digits of a number that an int64 holds for certain
    # What a frame of the longest kind has besides its user data, 1 + 7 of 16383 bytes.
    LONGEST_USER_DATA = 16383 - 8
    HIGHEST_FN = 2048
    HIGHEST_BIT_POINT = 64
    HIGHEST_GROUP_POINT = 2040


class Bail(ValueError):
    """Something that the reference has to look at."""


cdef struct Meaning:
    # What a value means to the number of an op, and what the standard allows.
    bint labelled    # it may be a name
    int64_t factor   # it is a multiple of this; 0 where it is not
    int32_t decimals
    bint bounded
    int64_t low      # in units of the last place
    int64_t high
    bint of_records  # of a list: its entries are records


cdef struct Sheet:
    # What is written.
    Py_ssize_t size
    bint nested       # it is a data unit inside another
    uint8_t bytes[LONGEST_USER_DATA]


cdef uint8_t *room_for(Sheet *sheet, Py_ssize_t size) except NULL:
    """The place of the next bytes, which then count as written."""
    cdef uint8_t *at = sheet.bytes + sheet.size
    if size < 0 or size > LONGEST_USER_DATA - sheet.size:
        raise Bail
    sheet.size += size
    return at


cdef int put_bytes(Sheet *sheet, bytes raw) except -1:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(raw)
    memcpy(room_for(sheet, size), PyBytes_AS_STRING(raw), <size_t>size)
    return 0


cdef int put_fill(Sheet *sheet, Py_ssize_t size) except -1:
    memset(room_for(sheet, size), NO_DATA, <size_t>size)
    return 0


# Values


cdef bint whole_number(value, int64_t *number) except -1:
    """Takes a plain number of 64 bits; false for anything else."""
    cdef int overflow = 0
    if not PyLong_CheckExact(value):
        return False
    number[0] = PyLong_AsLongLongAndOverflow(value, &overflow)
    return overflow == 0


cdef bint scaled_number(value, int32_t decimals, int64_t *number) except -1:
    """Takes a decimal number in units of the last of its decimals; false if it is not one, or finer."""
    cdef const uint8_t *text
    cdef Py_ssize_t size, at = 0
    cdef int32_t after = -1, digits = 0
    cdef bint negative
    if PyLong_CheckExact(value):
        if not whole_number(value, number) or not -(10**9) < number[0] < 10**9:
            return False
        after = 0
    elif type(value) is Decimal:
        spelled = str(value)
        if not PyUnicode_IS_COMPACT_ASCII(spelled):
            return False
        text = PyUnicode_1BYTE_DATA(spelled)
        size = PyUnicode_GET_LENGTH(spelled)
        negative = text[0] == c"-"
        number[0] = 0
        for at in range(1 if negative else 0, size):
            if text[at] == c"." and after < 0:
                after = 0
                continue
            if not c"0" <= text[at] <= c"9":
                return False
            number[0] = 10 * number[0] + text[at] - c"0"
            digits += 1
            if after >= 0:
                after += 1
            if digits + decimals > MOST_DECIMAL:
                return False
        if negative:
            number[0] = -number[0]
        if after < 0:
            after = 0
    else:
        return False
    if after > decimals:
        return False
    while after < decimals:
        number[0] *= 10
        after += 1
    return True


cdef bint floating_power(int64_t thousandths, uint8_t *raw) noexcept:
    """A2: the smallest exponent that leaves three digits; false if there is none."""
    cdef int64_t left = -thousandths if thousandths < 0 else thousandths
    cdef int exponent
    for exponent in range(-3, 5):
        if left < 1000:
            raw[0] = to_bcd(left % 100)
            raw[1] = <uint8_t>((4 - exponent) << 5 | (0x10 if thousandths < 0 else 0) | left // 100)
            return True
        if left % 10:
            return False
        left //= 10
    return False


cdef bint time_parts(const Op *op, value, shape, int32_t *parts) except -1:
    """The parts of a time: second, minute, hour, day, month, year from 1 on; false if its format must look at it."""
    cdef int64_t number = 0
    cdef int32_t place, part
    cdef Py_ssize_t index
    if op.mode == CLOCK or op.mode == STAMP:
        if not PyDateTime_CheckExact(value) or datetime_tzinfo(value) is not None:
            return False
        parts[1], parts[2], parts[3] = datetime_second(value), datetime_minute(value), datetime_hour(value)
        parts[4], parts[5], parts[6] = datetime_day(value), datetime_month(value), datetime_year(value)
    elif op.mode == DATE:
        if not PyDate_CheckExact(value):
            return False
        parts[4], parts[5], parts[6] = date_day(value), date_month(value), date_year(value)
    elif op.mode == TIME_OF_DAY:
        if not PyTime_CheckExact(value):
            return False
        parts[2], parts[3] = time_minute(value), time_hour(value)
    else:
        if type(value) is not shape:
            return False
        index = 0
        for place in range(op.size - 1, -1, -1):
            if not whole_number((<tuple>value)[index], &number) or not 0 <= number <= 9999:
                return False
            part = op.arg >> 4 * place & 15
            parts[part] = <int32_t>number
            index += 1
    if parts[1] > 59 or parts[2] > 59 or parts[3] > 23 or not 2000 <= parts[6] <= 2099:
        return False
    return 1 <= parts[5] <= 12 and 1 <= parts[4] <= days_of_month(parts[6] - 2000, parts[5])


cdef bint write_time(const Op *op, value, shape, uint8_t *raw) except -1:
    """Writes a time; false if its format must look at it."""
    cdef int32_t parts[7]
    cdef int32_t place, part
    parts[1] = parts[2] = parts[3] = 0
    parts[4] = parts[5] = 1
    parts[6] = 2000
    if not time_parts(op, value, shape, parts):
        return False
    for place in range(op.size):
        part = op.arg >> 4 * place & 15
        raw[place] = to_bcd(parts[part] - 2000 if part == 6 else parts[part])
        if part == 5 and op.mode == CLOCK:
            # The first of January 1970 was a Thursday.
            raw[place] |= <uint8_t>(((days_from_1970(parts[6] - 2000, parts[5], parts[4]) + 3) % 7 + 1) << 5)
    return True


# Bodies


@cython.final
cdef class Body:
    """One layout, ready to be written. Nothing in it changes once it is made."""

    cdef Blocks blocks
    cdef Program *program
    cdef Meaning *meanings  # of each op
    cdef tuple names     # the key of each op's value; of an optional block the keys of all that is inside
    cdef tuple forms     # the format of each op, or the part of a bit field, if it has one
    cdef tuple owners    # the field or part that each op belongs to
    cdef tuple shapes    # what else an op needs: the shape that knows a number, a named tuple
    cdef tuple codes     # name → code
    cdef tuple bounds

    def __init__(self, program):
        if program.slots > SLOTS:
            raise Bail  # more numbers than there is room for
        self.program = load_program(&self.blocks, program)
        self.meanings = <Meaning *>allocate(&self.blocks, len(program.ops) * sizeof(Meaning))
        names = [spot.path[len(spot.path) - 1] if spot.path else "" for spot in program.spots]
        if "raw" in names:
            raise Bail  # a dict of it alone could be what was not understood
        codes = []
        shapes = []
        for index, spot in enumerate(program.spots):
            found, shape = prepare(&self.program.ops[index], &self.meanings[index], spot)
            codes.append(found)
            shapes.append(shape)
            if self.program.ops[index].code == OPTIONAL:
                names[index] = names_inside(self.program, names, index + 1, self.program.ops[index].jump)
        self.names = tuple(names)
        self.codes = tuple(codes)
        self.shapes = tuple(shapes)
        self.owners = tuple([spot.owner for spot in program.spots])
        self.forms = tuple(
            [spot.owner if op.code == PART else spot.form for op, spot in zip(program.ops, program.spots)]
        )
        self.bounds = tuple([getattr(spot.owner, "bounds", None) for spot in program.spots])

    def __dealloc__(self):
        free_all(&self.blocks)

    # ---- structure

    cdef int record(
        self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at, Py_ssize_t end
    ) except -1:
        """Writes the members from one op up to another."""
        cdef const Op *op
        cdef Py_ssize_t used = 0
        cdef PyObject *found
        if not PyDict_CheckExact(value):
            raise Bail
        while at < end:
            op = &self.program.ops[at]
            if op.code == CONDITION:
                at = at + 1 if holds(op, numbers) else op.jump
            elif op.code == GO:
                at = op.jump
            elif op.code == SKIP:
                at += 1
            elif op.code == OPTIONAL:
                at = at + 1 if any_given(<dict>value, <tuple>self.names[at]) else op.jump
            else:
                found = PyDict_GetItemWithError(value, self.names[at])
                if found is not NULL:
                    used += 1
                    self.value(sheet, numbers, writer, <object>found, at)
                else:
                    # A count that was left out.
                    self.value(sheet, numbers, writer, self.owners[at].infer(value), at)
                at = op.jump if op.jump else at + 1
        if used != PyDict_Size(value):
            raise Bail  # what is not a field, or does not apply
        return 0

    cdef int entries(self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Writes a list."""
        cdef const Op *op = &self.program.ops[at]
        cdef int64_t wanted = self.count(numbers, op)
        if not PyList_CheckExact(value) or (wanted != UP_TO_THE_END and len(<list>value) != wanted):
            raise Bail
        for entry in <list>value:
            if self.meanings[at].of_records:
                self.record(sheet, numbers, writer, entry, at + 1, op.jump)
            else:
                self.value(sheet, numbers, writer, entry, at + 1)
        return 0

    cdef int64_t count(self, const int64_t *numbers, const Op *op) except? -2:
        """How many, or ``UP_TO_THE_END``."""
        cdef int64_t count = count_of(self.program, op.counter, numbers)
        if count == NO_SUCH_CODE:
            raise Bail
        return count

    # ---- values

    cdef int value(self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Writes the value of an op, and all that belongs to it."""
        cdef const Op *op = &self.program.ops[at]
        if op.code == LIST:
            return self.entries(sheet, numbers, writer, value, at)
        if op.code == RECORD:
            return self.record(sheet, numbers, writer, value, at + 1, op.jump)
        if op.code == EVENT:
            return writer.event(sheet, value)
        if op.code == UNITS:
            return writer.nested(sheet, value, <int>op.arg)
        if op.code == BITFIELD:
            return self.bits(sheet, numbers, writer, value, at)
        if value is None and op.size and op.code != RAW and op.code != ASK:
            put_fill(sheet, op.size)
            if op.slot >= 0:
                numbers[op.slot] = NO_NUMBER
            return 0
        if op.code <= COEFFICIENT:
            return self.number(sheet, numbers, writer, value, at)
        if op.code == PACKED:
            return self.packed(sheet, writer, value, at)
        if op.code == TIME:
            if write_time(op, value, self.shapes[at], room_for(sheet, op.size)):
                return 0
            sheet.size -= op.size
        elif op.code == BITS:
            if self.numbers_of_bits(sheet, numbers, writer, value, at):
                return 0
        elif op.code == RAW and op.counter < 0 and PyBytes_CheckExact(value):
            if PyBytes_GET_SIZE(value) == op.size:
                return put_bytes(sheet, <bytes>value)
        return self.ask(sheet, numbers, writer, value, at)

    cdef int number(self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Writes a number, and keeps it for counts."""
        cdef const Op *op = &self.program.ops[at]
        cdef const Meaning *meaning = &self.meanings[at]
        cdef int64_t number = 0
        cdef bint fits
        if meaning.decimals:
            fits = scaled_number(value, meaning.decimals, &number)
            if fits and writer.check_bounds and meaning.bounded and not meaning.low <= number <= meaning.high:
                raise Bail
        else:
            fits = self.code_of(writer, value, at, &number)
        if fits:
            if op.code == FLOATING_POWER:
                fits = floating_power(number, room_for(sheet, op.size))
            else:
                fits = write_number(op.code, op.size, number, room_for(sheet, op.size))
            if fits:
                if op.slot >= 0:
                    numbers[op.slot] = number + op.add
                return 0
            sheet.size -= op.size
        return self.ask(sheet, numbers, writer, value, at)

    cdef bint code_of(self, UnitWriter writer, value, Py_ssize_t at, int64_t *number) except -1:
        """The whole number that a value is sent as; false if its format must look at it."""
        cdef const Meaning *meaning = &self.meanings[at]
        if PyUnicode_CheckExact(value):
            if not meaning.labelled:
                return False
            code = (<dict>self.codes[at]).get(value)
            if code is None:
                return False
            number[0] = code
        else:
            if not whole_number(value, number):
                return False
            if writer.check_bounds and meaning.bounded and not meaning.low <= number[0] <= meaning.high:
                raise Bail
            if meaning.factor:
                if number[0] % meaning.factor:
                    return False
                number[0] //= meaning.factor
        number[0] -= self.program.ops[at].shift
        return True

    cdef int ask(self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Lets the format write its value."""
        cdef const Op *op = &self.program.ops[at]
        cdef int64_t wanted = UP_TO_THE_END, kept
        if writer.as_undecoded(value) is not None:
            raise Bail
        form = self.forms[at]
        if op.counter >= 0:
            wanted = self.count(numbers, op)
            if wanted != UP_TO_THE_END:
                form = form.of_size(wanted)
        raw = form.encode(value)
        if wanted != UP_TO_THE_END and len(raw) != wanted:
            raise Bail
        if writer.check_bounds and self.bounds[at] is not None and writer.beyond(self.bounds[at], value):
            raise Bail
        if op.slot >= 0:
            number = self.owners[at].shape.number(value)
            kept = NO_NUMBER if number is None else number
            if number is not None and is_large(kept):
                raise Bail
            numbers[op.slot] = kept
        return put_bytes(sheet, bytes(raw))

    # ---- bits

    cdef int bits(self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Writes a bit field."""
        cdef const Op *op = &self.program.ops[at]
        cdef const Op *part
        cdef uint64_t word = 0, bits
        cdef Py_ssize_t each, used = 0, size = op.size
        cdef PyObject *found
        cdef uint8_t *raw
        if value is None:
            for each in range(at + 1, op.jump):
                if self.program.ops[each].slot >= 0:
                    numbers[self.program.ops[each].slot] = NO_NUMBER
            return put_fill(sheet, size)
        if not PyDict_CheckExact(value):
            raise Bail
        for each in range(at + 1, op.jump):
            part = &self.program.ops[each]
            found = PyDict_GetItemWithError(value, self.names[each])
            bits = 0
            if found is not NULL:
                used += 1
                bits = self.part(writer, <object>found, each)
            elif part.code == ASK or part.shift or self.meanings[each].labelled:
                bits = self.part(writer, 0, each)
            word |= bits << part.arg
            if part.slot >= 0:
                numbers[part.slot] = <int64_t>bits
        if used != PyDict_Size(value):
            raise Bail  # spare bits, or what is not a part
        raw = room_for(sheet, size)
        for each in range(size):
            raw[each] = <uint8_t>(word >> 8 * each)
        return 0

    cdef uint64_t part(self, UnitWriter writer, value, Py_ssize_t at) except? 0xFFFFFFFFFFFFFFFF:
        """The bits of a part, not yet in place."""
        cdef const Op *op = &self.program.ops[at]
        cdef int64_t number = 0
        cdef bint known
        if op.code != ASK:
            if value is True or value is False:
                number = 1 if value is True else 0
                known = not self.meanings[at].bounded and self.forms[at].form is None
            else:
                known = self.code_of(writer, value, at, &number)
            if known and op.mode:
                known = 0 <= number < 100
                number = to_bcd(number) if known else 0
            if known:
                if number < 0 or number >> op.size:
                    raise Bail
                return <uint64_t>number
        if writer.check_bounds and self.bounds[at] is not None and writer.beyond(self.bounds[at], value):
            raise Bail
        return <uint64_t>self.forms[at].encode(value) >> op.arg

    cdef int packed(self, Sheet *sheet, UnitWriter writer, value, Py_ssize_t at) except -1:
        """Writes codes that share bytes, low bits first."""
        cdef const Op *op = &self.program.ops[at]
        cdef int bit = 0
        cdef int64_t number = 0
        cdef uint8_t *raw
        if not PyList_CheckExact(value) or len(<list>value) != op.arg:
            raise Bail
        if writer.check_bounds and self.bounds[at] is not None:
            raise Bail
        raw = room_for(sheet, op.size)
        memset(raw, 0, <size_t>op.size)
        for entry in <list>value:
            if PyUnicode_CheckExact(entry):
                code = (<dict>self.codes[at]).get(entry) if self.meanings[at].labelled else None
                if code is None:
                    raise Bail
                number = code
            elif not whole_number(entry, &number):
                raise Bail
            number -= op.shift
            if number < 0 or number >> op.mode:
                raise Bail
            raw[bit >> 3] |= <uint8_t>(number << (bit & 7))
            bit += op.mode
        return 0

    cdef bint numbers_of_bits(
        self, Sheet *sheet, int64_t *numbers, UnitWriter writer, value, Py_ssize_t at
    ) except -1:
        """Writes a bit string from the numbers of its bits; false if its format must look at it."""
        cdef const Op *op = &self.program.ops[at]
        cdef const Meaning *meaning = &self.meanings[at]
        cdef uint8_t *raw
        cdef int64_t number = 0, bit, word = 0
        if not PyList_CheckExact(value):
            return False
        raw = room_for(sheet, op.size)
        memset(raw, 0, <size_t>op.size)
        for entry in <list>value:
            if not whole_number(entry, &number):
                sheet.size -= op.size
                return False
            bit = number - op.arg
            if not 0 <= bit < 8 * op.size:
                raise Bail
            if writer.check_bounds and meaning.bounded and not meaning.low <= number <= meaning.high:
                raise Bail
            raw[bit >> 3] |= <uint8_t>(1 << (bit & 7))
            if bit < 63:
                word |= <int64_t>1 << bit
        if op.slot >= 0:
            numbers[op.slot] = word  # of at most four bytes, see speaks_for_itself
        return True


cdef bint any_given(dict value, tuple names) except -1:
    for name in names:
        if name in value:
            return True
    return False


cdef tuple names_inside(const Program *program, list names, Py_ssize_t at, Py_ssize_t end):
    """The keys of the members between two ops, of all alternatives."""
    cdef const Op *op
    found = []
    while at < end:
        op = &program.ops[at]
        if op.code in (CONDITION, GO, OPTIONAL, SKIP):
            at += 1
        else:
            found.append(names[at])
            at = op.jump if op.jump else at + 1
    return tuple(found)


# Getting ready


cdef tuple prepare(Op *op, Meaning *meaning, spot):
    """Fills in what an op needs beyond its table; returns its codes by name, and what else it needs.

    A value op whose format has no part of its own here becomes an ``ASK``.
    """
    from plmsproto.layout.nodes import ListOf, Record

    owner, form = spot.owner, spot.form
    bounds = getattr(owner, "bounds", None)
    if bounds is not None:
        meaning.bounded = True
        meaning.low, meaning.high = bounds
    if op.code == LIST:
        shape = owner.shape
        for _ in range(len(spot.path) - 1 - last_name(spot.path)):
            shape = shape.shape
        assert isinstance(shape, ListOf)
        meaning.of_records = isinstance(shape.shape, Record)
        return None, None
    if form is None:
        return None, None
    if op.code in (PART, PACKED, ENERGY, COEFFICIENT) or (
        op.code in (UNSIGNED, SIGNED, BCD) and not is_decimal(form)
    ):
        return prepare_number(op, meaning, form), None
    if not speaks_for_itself(op, form):
        op.code = ASK
        return None, None
    if op.code in (BCD, SIGNED_BCD, FLOATING_POWER):
        meaning.decimals = form.decimals
        meaning.low *= 10**form.decimals
        meaning.high *= 10**form.decimals
    return None, form.shape if op.code == TIME and op.mode == PARTIAL else None


cdef Py_ssize_t last_name(path):
    """The place of the last part of a path that is not an entry of a list."""
    return max([place for place, part in enumerate(path) if part != "[]"])


cdef bint is_decimal(form):
    from plmsproto.formats import BcdDecimal

    return type(form) is BcdDecimal


cdef bint speaks_for_itself(const Op *op, form):
    """Whether a value's op says all that is to be known of its format."""
    from plmsproto import formats

    kind = type(form)
    if kind is formats.Bits:
        return 0 < op.size and op.counter < 0 and (op.slot < 0 or op.size <= 4)
    if op.slot >= 0:
        return False
    if kind is formats.BcdDecimal:
        return op.size <= MOST_DIGITS
    if kind is formats.PartialTime:
        return form.shape._fields == tuple(reversed(form.parts))
    return kind in (
        formats.Clock, formats.MinuteStamp, formats.Date, formats.TimeOfDay, formats.Raw, formats.FloatingPower,
    )


cdef dict prepare_number(Op *op, Meaning *meaning, form):
    """As ``prepare``, of whole numbers that may have an offset, and names or a factor."""
    from plmsproto import formats

    codes = None
    base = form
    fits = True
    if type(base) is formats.Enumerated:
        codes = dict(base.codes)
        fits = len(codes) == len(base.labels)  # else a number may be written as another of the same name
        base = base.base
    elif type(base) is formats.Scaled:
        fits = base.factor == base.factor.to_integral_value() and 0 < base.factor < 10**9
        meaning.factor = int(base.factor) if fits else 0
        base = base.base
    if type(base) is formats.Shifted:
        op.shift, base = base.offset, base.base
    kinds = formats.Integer, formats.SmallInteger, formats.BcdInteger, formats.Energy, formats.FloatCoefficient
    fits = fits and type(base) in kinds and base.size <= MOST_DIGITS
    if op.code == PART and (type(base) is formats.Energy or getattr(base, "signed", False)):
        fits = False
    if not fits:
        if op.code == PACKED:
            raise Bail
        op.code = ASK
        return None
    meaning.labelled = codes is not None
    return codes


# Data units


@cython.final
cdef class UnitWriter:
    """Writes data units of one direction as one edition has them."""

    cdef object context
    cdef object direction
    cdef object reading
    cdef object unit_type
    cdef object reference      # writes one body into a Writer
    cdef object writer_type
    cdef object event_shape
    cdef object named_lengths
    cdef object as_undecoded
    cdef object beyond
    cdef bint check_bounds
    cdef bint numbered_groups
    cdef bint ffff_is_all
    cdef int head_in_length
    cdef dict bodies   # AFN and Fn → Body
    cdef dict events   # event code → Body, or None where the reference has to choose a form

    def __init__(self, context):
        from plmsproto.application.units import DataUnit, write_body
        from plmsproto.editions import RULES
        from plmsproto.identifier import PointCoding
        from plmsproto.layout import Writer
        from plmsproto.layout.cursor import as_undecoded
        from plmsproto.layout.event import Event, named_lengths
        from plmsproto.layout.nodes import beyond

        self.context = context
        self.direction = context.direction
        self.reading = context.reading
        self.unit_type = DataUnit
        self.reference = write_body
        self.writer_type = Writer
        self.event_shape = Event()
        self.named_lengths = named_lengths
        self.as_undecoded = as_undecoded
        self.beyond = beyond
        self.check_bounds = context.check_bounds
        self.numbered_groups = RULES[context.reading.edition].point_coding is PointCoding.NUMBERED_GROUP
        self.ffff_is_all = context.reading.ffff_is_all
        self.head_in_length = 2 if context.length_includes_head else 0
        self.bodies = {}
        self.events = {}

    cdef bint is_for(self, direction, reading) except -1:
        return self.direction is direction and (self.reading is reading or self.reading == reading)

    cdef int units(self, Sheet *sheet, int afn, list units) except -1:
        """Writes data units, with one identifier for all neighbours that were received under one."""
        cdef Py_ssize_t at = 0, size, total = len(units)
        while at < total:
            size = self.shared(sheet, units, at)
            if not size:
                self.own_identifier(sheet, units[at])
                size = 1
            for at in range(at, at + size):
                self.unit(sheet, afn, units[at])
            at += 1
        return 0

    cdef Py_ssize_t shared(self, Sheet *sheet, list units, Py_ssize_t at) except -1:
        """Writes the identifier that the units from one on were received under; returns how many, 0 if not all."""
        cdef Points points
        cdef const uint8_t *raw
        cdef int32_t point = 0
        cdef Py_ssize_t size = 0
        cdef int bit
        first = units[at]
        if type(first) is not self.unit_type:
            raise Bail
        identifier = first.identifier
        if not PyBytes_CheckExact(identifier):
            raise Bail
        if PyBytes_GET_SIZE(identifier) != 4:
            return 0
        raw = <const uint8_t *>PyBytes_AS_STRING(identifier)
        if not find_points(raw[0], raw[1], self.numbered_groups, self.ffff_is_all, &points):
            return 0
        while next_point(&points, &point):
            for bit in range(8):
                if raw[2] >> bit & 1:
                    if at + size >= len(units):
                        return 0
                    unit = units[at + size]
                    if type(unit) is not self.unit_type:
                        raise Bail
                    if unit.pn != point or unit.fn != 8 * raw[3] + bit + 1 or unit.identifier != identifier:
                        return 0
                    size += 1
        if size:
            put_bytes(sheet, <bytes>identifier)
        return size

    cdef int own_identifier(self, Sheet *sheet, unit) except -1:
        cdef int64_t pn = 0, fn = 0
        cdef uint8_t *raw
        if not whole_number(unit.pn, &pn) or not whole_number(unit.fn, &fn) or not 1 <= fn <= HIGHEST_FN:
            raise Bail
        if not 0 <= pn <= (HIGHEST_GROUP_POINT if self.numbered_groups else HIGHEST_BIT_POINT):
            raise Bail
        raw = room_for(sheet, 4)
        raw[0] = raw[1] = 0
        if pn:
            raw[0] = <uint8_t>(1 << (pn - 1) % 8)
            raw[1] = <uint8_t>((pn - 1) // 8 + 1 if self.numbered_groups else 1 << (pn - 1) // 8)
        raw[2] = <uint8_t>(1 << (fn - 1) % 8)
        raw[3] = <uint8_t>((fn - 1) // 8)
        return 0

    cdef int unit(self, Sheet *sheet, int afn, unit) except -1:
        """Writes a body; what does not fit is written by the reference, which says why if it does not fit there."""
        cdef Py_ssize_t start = sheet.size
        cdef bint nested = sheet.nested
        value = unit.value
        if self.as_undecoded(value) is not None:
            raise Bail  # it may have swallowed the units of its identifier
        if not unit.verbatim:
            try:
                whole(self.body(afn, unit.fn), sheet, self, value)
                return 0
            except Exception:
                # Bail, and whatever else: the reference raises it again.
                sheet.size, sheet.nested = start, nested
        writer = self.writer_type(self.context)
        self.reference(writer, self.context, afn, unit)
        return put_bytes(sheet, bytes(writer.out))

    cdef Body body(self, int afn, fn):
        """The body of an item; ``None`` if only the reference can write it."""
        cdef int64_t number = 0
        if not whole_number(fn, &number) or not 1 <= number <= HIGHEST_FN:
            raise Bail
        number |= <int64_t>afn << 16
        if number in self.bodies:
            return self.bodies[number]
        _, record, _ = self.context.item(afn, fn)
        return self.bodies.setdefault(number, body_of(record))

    cdef int event(self, Sheet *sheet, value) except -1:
        """Writes an event record."""
        cdef Py_ssize_t start = sheet.size
        cdef uint8_t *head
        cdef int64_t erc = 0
        if PyDict_CheckExact(value) and "length" not in value and PyDict_CheckExact(value.get("data")):
            if "erc" in value:
                if not whole_number(value["erc"], &erc):
                    raise Bail
            else:
                erc = self.context.event_erc(value["event"])
            known = self.event_body(erc) if 0 <= erc <= 255 else None
            if known is not None and not value.keys() - {"erc", "event", "data"} and "raw" not in value["data"]:
                head = room_for(sheet, 2)
                whole(known, sheet, self, value["data"])
                if sheet.size - start - 2 + self.head_in_length > 255:
                    raise Bail
                head[0] = <uint8_t>erc
                head[1] = <uint8_t>(sheet.size - start - 2 + self.head_in_length)
                return 0
        return self.hand_over(sheet, self.event_shape, value)

    cdef object event_body(self, int64_t erc):
        """The body of an event record; ``None`` if it has several forms, or is unknown."""
        if erc in self.events:
            return self.events[erc]
        record = self.context.event_body(erc)
        one_form = record is not None and not self.named_lengths(record.members)
        return self.events.setdefault(erc, body_of(record) if one_form else None)

    cdef int nested(self, Sheet *sheet, value, int afn) except -1:
        """Writes data units inside a body."""
        if not PyList_CheckExact(value):
            raise Bail
        if not sheet.nested and all([type(each) is self.unit_type for each in <list>value]):
            sheet.nested = True
            self.units(sheet, afn, <list>value)
            sheet.nested = False
            return 0
        writer = self.writer_type(self.context)
        self.context.write_units(writer, afn, value)
        return put_bytes(sheet, bytes(writer.out))

    cdef int hand_over(self, Sheet *sheet, shape, value) except -1:
        """Lets the reference write a value."""
        writer = self.writer_type(self.context)
        shape.write(writer, value)
        return put_bytes(sheet, bytes(writer.out))


cdef int whole(Body body, Sheet *sheet, UnitWriter writer, value) except -1:
    """Writes all of a body."""
    cdef int64_t numbers[SLOTS]
    if body is None:
        raise Bail
    forget_numbers(body.program, NO_NUMBER, numbers)
    return body.record(sheet, numbers, writer, value, 0, body.program.op_count)


cdef Body body_of(record):
    """A layout, ready to be written; ``None`` if only the reference can write it."""
    from plmsproto.layout.program import compile_program

    try:
        return Body(compile_program(record))
    except (Bail, OverflowError):
        return None


# In a catalogue's cache, the writers that were used last: most messages are of one direction and edition.
LAST = "last writer"
LAST_CHECKING = "last writer that checks bounds"


cdef UnitWriter find_writer(catalogue, direction, reading, check_bounds):
    from plmsproto.application.units import BodyContext

    cdef dict cache = catalogue.cache
    key = ("writer", direction, reading, check_bounds)
    writer = cache.get(key)
    if writer is None:
        context = BodyContext(catalogue, direction, reading, check_bounds=check_bounds)
        writer = cache.setdefault(key, UnitWriter(context))
    return writer


def fast_encode(catalogue, direction, reading, check_bounds, afn, units):
    """The bytes of data units, or ``None`` if the reference has to write them.

    Raises what the reference raises, of the first unit that does not fit.
    """
    cdef Sheet sheet
    cdef dict cache = catalogue.cache
    last = LAST_CHECKING if check_bounds else LAST
    writer = cache.get(last)
    if writer is None or not (<UnitWriter>writer).is_for(direction, reading):
        writer = find_writer(catalogue, direction, reading, check_bounds)
        cache[last] = writer
    if not PyList_CheckExact(units):
        return None
    sheet.size, sheet.nested = 0, False
    try:
        (<UnitWriter>writer).units(&sheet, afn, <list>units)
    except Bail:
        return None
    return PyBytes_FromStringAndSize(<const char *>sheet.bytes, sheet.size)
