# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""The user data of frames as Python objects, compiled: a twin of ``plmsproto.application.reading``.

It makes of op tables and bytes the values that the shapes and formats of the reference make. It accepts only what the
reference accepts as the standard has it, with no error, no deviation and no bytes to keep beside a value. Anything else
raises ``Bail``, and the reference reads the frame. So a rule that is stricter here than there costs time; one that is
laxer would be wrong.

Op tables, counts, conditions and points are in ``ops``, formats in ``values``. A format that is rare, or intricate, is
asked itself (``ASK``).
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.datetime cimport date_new, datetime_new, import_datetime, time_new
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from plmsproto._fast.codes cimport (
    ASCII,
    BCD,
    BITFIELD,
    BITS,
    CLOCK,
    COEFFICIENT,
    CONDITION,
    DATE,
    DIGITS,
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
    RAW,
    RECORD,
    SIGNED,
    SKIP,
    STAMP,
    TIME,
    TIME_OF_DAY,
    UNITS,
    UNSIGNED,
)
from plmsproto._fast.octets cimport NO_DATA, has_no_bits, in_fill_run, is_filled, little_endian
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
    number_of,
)
from plmsproto._fast.values cimport (
    TENS,
    Value,
    from_bcd,
    is_bcd,
    make_tables,
    read_parts,
    write_text,
)

from decimal import Decimal

import_datetime()
make_tables()

cdef extern from "Python.h":
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 highest)
    unsigned char *PyUnicode_1BYTE_DATA(object text)

cdef extern from *:
    """
    static PyObject *named_tuple(PyObject *kind, PyObject *arguments)
    {
        return PyTuple_Type.tp_new((PyTypeObject *)kind, arguments, NULL);
    }
    """
    object named_tuple(object kind, tuple arguments)


cdef enum:
    ASK = 64  # in the place of an op code: a value whose format is asked

cdef enum:
    SLOTS = 16
    MOST_DIGITS = 9    # bytes of BCD whose number an int64 holds
    LONGEST_DECIMAL = 24
    AUX_EC = 2
    AUX_TP = 6
    # What a frame of the longest kind has besides its user data, 1 + 7 of 16383 bytes.
    LONGEST_USER_DATA = 16383 - 8
    # What the assumptions of the standard depend on: DIR, PRM and ACD of the control field, TpV of SEQ.
    TELLING_CONTROL_BITS = 0xE0
    TPV = 0x80


class Bail(ValueError):
    """Something that the reference has to look at."""


cdef struct Meaning:
    # What the number of an op means by its format, and what the standard allows.
    bint labelled    # it may have a name
    bint scaled      # it has a factor
    int32_t decimals
    bint bounded
    int64_t low      # in units of the last place
    int64_t high
    bint of_records  # of a list: its entries are records

cdef struct Walk:
    const uint8_t *data
    Py_ssize_t position
    Py_ssize_t start  # of the body: where a run of fill may begin ...
    Py_ssize_t stop   # ... and where it ends at last
    int64_t numbers[SLOTS]


cdef inline void begin(Walk *walk, const uint8_t *data, Py_ssize_t start, Py_ssize_t stop) noexcept:
    walk.data = data
    walk.position = walk.start = start
    walk.stop = stop


cdef inline int check(const Meaning *meaning, int64_t number) except -1:
    """Bails if a number is outside the standard's range."""
    if meaning.bounded and not meaning.low <= number <= meaning.high:
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


cdef inline bint has_no_data(const Walk *walk, int32_t code, Py_ssize_t size) noexcept:
    """Whether the bytes just taken are those that a value without data is written as."""
    cdef Py_ssize_t at = walk.position - size
    if code == BITS or code == BITFIELD:
        return has_no_bits(walk.data, at, size, walk.start, walk.stop)
    return size > 0 and is_filled(walk.data + at, size, NO_DATA)


# Values


cdef object decimal(int64_t number, int32_t decimals):
    """A number with all its decimals. Decimal takes nothing as quickly as short text."""
    cdef uint8_t digits[LONGEST_DECIMAL]
    cdef uint64_t left = <uint64_t>(-number if number < 0 else number)
    cdef Py_ssize_t first = LONGEST_DECIMAL
    cdef int32_t i
    for i in range(decimals):
        first -= 1
        digits[first] = c"0" + left % 10
        left //= 10
    first -= 1
    digits[first] = c"."
    while True:
        first -= 1
        digits[first] = c"0" + left % 10
        left //= 10
        if not left:
            break
    if number < 0:
        first -= 1
        digits[first] = c"-"
    text = PyUnicode_New(LONGEST_DECIMAL - first, 127)
    memcpy(PyUnicode_1BYTE_DATA(text), digits + first, <size_t>(LONGEST_DECIMAL - first))
    return Decimal(text)


cdef object floating_power(int64_t thousandths, uint8_t head):
    """A2, with the exponent that is sent."""
    cdef int exponent = 4 - (head >> 5)
    if exponent > 0:
        return Decimal(thousandths // 1000)
    return Decimal(f"{thousandths // TENS[exponent + 3]}E{exponent}")


cdef list numbers_of_bits(const Op *op, const Meaning *meaning, const uint8_t *raw, Py_ssize_t size):
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
                number = op.arg + 8 * i + bit
                check(meaning, number)
                numbers.append(number)
    return numbers


cdef object time(const Op *op, const uint8_t *raw, shape):
    """A time; of a partial one a named tuple of this shape, the largest part first."""
    cdef int32_t parts[7]
    cdef int32_t place, part
    cdef list values
    cdef Value value = read_parts(raw, op.size, op.arg, op.mode, parts)
    if value.fault or value.lossy:
        raise Bail
    if not value.there:
        return None
    if op.mode == CLOCK or op.mode == STAMP:
        return datetime_new(2000 + parts[6], parts[5], parts[4], parts[3], parts[2], parts[1], 0, None)
    if op.mode == DATE:
        return date_new(2000 + parts[6], parts[5], parts[4])
    if op.mode == TIME_OF_DAY:
        return time_new(parts[3], parts[2], 0, 0, None)
    values = []
    for place in range(op.size - 1, -1, -1):
        part = op.arg >> 4 * place & 15
        values.append(2000 + parts[6] if part == 6 else parts[part])
    return named_tuple(shape, (tuple(values),))


cdef object text(int32_t code, const uint8_t *raw, Py_ssize_t size, bint counted):
    """ASCII or digits; the bytes of ASCII are the text and NUL up to the end, or the text alone if its width counts."""
    cdef int64_t length = write_text(code, raw, <int32_t>size, NULL)
    if length < 0:
        raise Bail
    if code == ASCII and not (length == size if counted else is_filled(raw + length, size - length, 0)):
        raise Bail  # after this, no blanks at the end are written beyond the length
    made = PyUnicode_New(length, 127)
    write_text(code, raw, <int32_t>size, PyUnicode_1BYTE_DATA(made))
    return made


# Bodies


@cython.final
cdef class Body:
    """One layout, ready to be read. Nothing in it changes once it is made."""

    cdef Blocks blocks
    cdef Program *program
    cdef Meaning *meanings  # of each op
    cdef tuple names     # the key of each op's value
    cdef tuple forms     # the format of each op, or the part of a bit field, if it has one
    cdef tuple shapes    # what else an op needs: the shape that knows a number, a named tuple
    cdef tuple labels    # code → name
    cdef tuple factors
    cdef tuple bounds

    def __init__(self, program):
        if program.slots > SLOTS:
            raise Bail  # more numbers than there is room for
        self.program = load_program(&self.blocks, program)
        self.meanings = <Meaning *>allocate(&self.blocks, len(program.ops) * sizeof(Meaning))
        self.names = tuple([spot.path[len(spot.path) - 1] if spot.path else "" for spot in program.spots])
        labels = []
        factors = []
        shapes = []
        for index, spot in enumerate(program.spots):
            names, factor, shape = prepare(&self.program.ops[index], &self.meanings[index], spot)
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

    def __dealloc__(self):
        free_all(&self.blocks)

    # ---- structure

    cdef dict record(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at, Py_ssize_t end):
        """Reads the members from one op up to another."""
        cdef dict into = {}
        cdef const Op *op
        while at < end:
            op = &self.program.ops[at]
            if op.code == CONDITION:
                at = at + 1 if holds(op, walk.numbers) else op.jump
            elif op.code == GO:
                at = op.jump
            elif op.code == OPTIONAL:
                at = at + 1 if walk.position < walk.stop else op.jump
            elif op.code == SKIP:
                at += 1
            else:
                into[<object>self.names[at]] = self.value(walk, reader, depth, at)
                at = op.jump if op.jump else at + 1
        return into

    cdef list entries(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at):
        """Reads a list."""
        cdef const Op *op = &self.program.ops[at]
        cdef int64_t wanted = self.count(walk, op)
        cdef Py_ssize_t before
        cdef list values = []
        if op.arg and wanted > (walk.stop - walk.position) // op.arg:
            raise Bail
        while walk.position < walk.stop if wanted == UP_TO_THE_END else len(values) < wanted:
            before = walk.position
            if self.meanings[at].of_records:
                values.append(self.record(walk, reader, depth, at + 1, op.jump))
            else:
                values.append(self.value(walk, reader, depth, at + 1))
            if walk.position == before:
                raise Bail
        return values

    cdef int64_t count(self, const Walk *walk, const Op *op) except? -2:
        """How many, or ``UP_TO_THE_END``."""
        cdef int64_t count = count_of(self.program, op.counter, walk.numbers)
        if count == NO_SUCH_CODE:
            raise Bail
        return count

    # ---- values

    cdef object value(self, Walk *walk, UnitReader reader, int depth, Py_ssize_t at):
        """Reads the value of an op, and all that belongs to it."""
        cdef const Op *op = &self.program.ops[at]
        cdef const uint8_t *raw
        cdef int64_t size = op.size
        if op.code == LIST:
            return self.entries(walk, reader, depth, at)
        if op.code == RECORD:
            return self.record(walk, reader, depth, at + 1, op.jump)
        if op.code == EVENT:
            return reader.event(walk, depth)
        if op.code == UNITS:
            if depth:
                raise Bail
            return reader.units(walk, <int>op.arg, 1)
        if op.counter >= 0:
            size = self.count(walk, op)
            if size == UP_TO_THE_END:
                size = walk.stop - walk.position
        raw = take(walk, size)

        if op.code <= COEFFICIENT:
            return self.number(walk, op, at, raw)
        if op.code == TIME:
            return time(op, raw, self.shapes[at])
        if op.code == ASK:
            return self.ask(walk, op, at, raw, size)
        if op.code == RAW:
            return as_bytes(raw, size)
        if has_no_data(walk, op.code, size):
            if op.counter >= 0:
                raise Bail  # of a width that is not known without the data
            if op.slot >= 0:
                walk.numbers[op.slot] = NO_NUMBER
            if op.code == BITFIELD:
                self.no_parts(walk, at)
            return None
        if op.code == BITFIELD:
            return self.bits(walk, at, little_endian(raw, size))
        if op.code == PACKED:
            return self.packed(at, raw)
        if op.code == BITS:
            if op.slot >= 0:
                walk.numbers[op.slot] = <int64_t>little_endian(raw, size)
            return numbers_of_bits(op, &self.meanings[at], raw, size)
        if op.code in (DIGITS, HEX, IP4, ASCII):
            return text(op.code, raw, size, op.size == 0)
        raise Bail

    cdef object number(self, Walk *walk, const Op *op, Py_ssize_t at, const uint8_t *raw):
        """A number, once it is kept for counts."""
        cdef const Meaning *meaning = &self.meanings[at]
        cdef Value value = number_of(op, walk.data, walk.position - op.size, walk.start, walk.stop)
        if value.fault or value.lossy:
            raise Bail
        if op.slot >= 0:
            walk.numbers[op.slot] = value.number + op.add if value.there else NO_NUMBER
        if not value.there:
            return None
        if op.code == FLOATING_POWER:
            if meaning.bounded:
                raise Bail
            return floating_power(value.number, raw[1])
        if meaning.decimals:
            check(meaning, value.number)
            return decimal(value.number, meaning.decimals)
        return self.meant(op, at, value.number)

    cdef object meant(self, const Op *op, Py_ssize_t at, int64_t number):
        """What a whole number means by its format."""
        cdef const Meaning *meaning = &self.meanings[at]
        number += op.shift
        if meaning.labelled:
            label = (<dict>self.labels[at]).get(number)
            if label is not None:
                return label
        elif meaning.scaled:
            scaled = number * self.factors[at]
            if meaning.bounded and not self.bounds[at][0] <= scaled <= self.bounds[at][1]:
                raise Bail
            return scaled
        check(meaning, number)
        return number

    cdef object ask(self, Walk *walk, const Op *op, Py_ssize_t at, const uint8_t *raw, Py_ssize_t size):
        """Lets the format read its bytes."""
        cdef int64_t kept
        form = self.forms[at]
        if op.counter >= 0:
            form = form.of_size(size)
        sent = as_bytes(raw, size)
        if form.fill_is_ambiguous and in_fill_run(walk.data, walk.position - 1, walk.start, walk.stop):
            value = None
        else:
            value = form.decode(sent)
        if value is None and form.size is None:
            raise Bail
        if (value is None or not form.injective) and form.encode(value) != sent:
            raise Bail
        if op.slot >= 0:
            number = self.shapes[at].number(value)
            kept = NO_NUMBER if number is None else number
            if number is not None and is_large(kept):
                raise Bail
            walk.numbers[op.slot] = kept
        if self.bounds[at] is not None:
            from plmsproto.layout.nodes import beyond

            if beyond(self.bounds[at], value):
                raise Bail
        return value

    # ---- bits

    cdef object bits(self, Walk *walk, Py_ssize_t at, uint64_t word):
        """The parts of a bit field."""
        cdef const Op *op = &self.program.ops[at]
        cdef Py_ssize_t end = op.jump
        cdef uint64_t bits
        cdef dict value = {}
        if word & <uint64_t>op.arg:
            raise Bail  # spare bits
        for at in range(at + 1, end):
            op = &self.program.ops[at]
            bits = word >> op.arg & ((<uint64_t>1 << op.size) - 1)
            if op.slot >= 0:
                walk.numbers[op.slot] = <int64_t>bits
            if op.code == ASK:
                part = self.forms[at].decode(word)
                if self.bounds[at] is not None:
                    raise Bail
            elif self.shapes[at] is bool:
                part = bits != 0
                check(&self.meanings[at], <int64_t>bits)
            elif not op.mode:
                part = self.meant(op, at, <int64_t>bits)
            elif is_bcd(bits):
                part = self.meant(op, at, from_bcd(bits))
            else:
                raise Bail
            value[<object>self.names[at]] = part
        return value

    cdef void no_parts(self, Walk *walk, Py_ssize_t at) noexcept:
        cdef Py_ssize_t part
        for part in range(at + 1, self.program.ops[at].jump):
            if self.program.ops[part].slot >= 0:
                walk.numbers[self.program.ops[part].slot] = NO_NUMBER

    cdef list packed(self, Py_ssize_t at, const uint8_t *raw):
        """Codes that share bytes, low bits first."""
        cdef const Op *op = &self.program.ops[at]
        cdef int mask = (1 << op.mode) - 1
        cdef Py_ssize_t bit = 0
        cdef Py_ssize_t stop = op.arg * op.mode
        cdef list values = []
        while bit < stop:
            values.append(self.meant(op, at, raw[bit >> 3] >> (bit & 7) & mask))
            bit += op.mode
        return values


# Getting ready


cdef tuple prepare(Op *op, Meaning *meaning, spot):
    """Fills in what an op needs beyond its table; returns its labels, its factor and what else it needs.

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
        return None, None, None
    if op.code == PART and form is None:
        return None, None, bool if op.size == 1 else None
    if form is None:
        return None, None, None
    if op.code in (PART, PACKED, ENERGY) or (op.code in (UNSIGNED, SIGNED, BCD) and not is_decimal(form)):
        return prepare_number(op, meaning, form, owner)
    if not speaks_for_itself(op, form):
        op.code = ASK
        return None, None, owner.shape
    if is_decimal(form):
        meaning.decimals = form.decimals
        meaning.low *= 10**form.decimals
        meaning.high *= 10**form.decimals
    return None, None, form.shape if op.code == TIME and op.mode == PARTIAL else None


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
    if op.slot >= 0:
        return kind is formats.Bits and 0 < op.size <= 4
    if kind is formats.Bits:
        return op.size > 0 and op.counter < 0
    if kind is formats.BcdDecimal:
        return op.size <= MOST_DIGITS
    if kind is formats.DigitText:
        return op.counter < 0
    if kind is formats.PartialTime:
        return form.shape._fields == tuple(reversed(form.parts))
    if kind is formats.Text:
        return op.code == ASCII and (op.counter < 0) == (op.size > 0)
    return kind in (
        formats.Clock, formats.MinuteStamp, formats.Date, formats.TimeOfDay, formats.Raw, formats.HexText, formats.Ip4,
        formats.FloatingPower, formats.FloatCoefficient,
    )


cdef tuple prepare_number(Op *op, Meaning *meaning, form, owner):
    """As ``prepare``, of whole numbers that may have an offset, and names or a factor."""
    from plmsproto import formats

    labels = factor = None
    base = form
    if type(base) is formats.Enumerated:
        labels, base = dict(base.labels), base.base
    elif type(base) is formats.Scaled:
        factor, base = base.factor, base.base
    if type(base) is formats.Shifted:
        op.shift, base = base.offset, base.base
    kinds = formats.Integer, formats.SmallInteger, formats.BcdInteger, formats.Energy
    known = type(base) in kinds and base.size <= MOST_DIGITS
    if not known or (op.code == PART and (type(base) is formats.Energy or getattr(base, "signed", False))):
        if op.code == PACKED:
            raise Bail
        op.code = ASK
        return None, None, getattr(owner, "shape", None)
    if factor is not None and factor == factor.to_integral_value():
        factor = int(factor)
    meaning.labelled = labels is not None
    meaning.scaled = factor is not None
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
    cdef dict bodies   # AFN and Fn → key, Body, and what DataUnit.read_by is
    cdef dict events   # event code → key, Body, and whether its form depends on its length

    def __init__(self, context):
        from plmsproto.application.units import DataUnit
        from plmsproto.editions import RULES
        from plmsproto.identifier import PointCoding
        from plmsproto.layout.event import body_length, named_lengths

        self.body_length = body_length
        self.named_lengths = named_lengths
        self.context = context
        self.unit_type = DataUnit
        self.numbered_groups = RULES[context.reading.edition].point_coding is PointCoding.NUMBERED_GROUP
        self.ffff_is_all = context.reading.ffff_is_all
        self.bodies = {}
        self.events = {}

    cdef list units(self, Walk *walk, int afn, int depth):
        """Reads data units up to the end of a body."""
        cdef Walk body
        cdef const uint8_t *raw
        cdef list units = []
        cdef Points points
        cdef tuple known
        cdef int32_t point = 0
        cdef int bit
        cdef int fn
        while walk.position < walk.stop:
            raw = take(walk, 4)
            if not find_points(raw[0], raw[1], self.numbered_groups, self.ffff_is_all, &points) or not raw[2]:
                raise Bail
            identifier = as_bytes(raw, 4)
            while next_point(&points, &point):
                for bit in range(8):
                    if raw[2] >> bit & 1:
                        fn = 8 * raw[3] + bit + 1
                        known = self.body(afn, fn)
                        begin(&body, walk.data, walk.position, walk.stop)
                        value = whole(known[1], &body, self, depth, NO_NUMBER)
                        walk.position = body.position
                        unit = self.unit_type(afn, fn, point, known[0], value, identifier, {})
                        unit.read_by = known[2]
                        units.append(unit)
        return units

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
        data = whole((<tuple>known)[1], &inner, self, depth, size)
        if inner.position != inner.stop:
            raise Bail
        walk.position = inner.stop
        value = {"erc": code, "event": (<tuple>known)[0], "data": data}
        if (<tuple>known)[2] and self.body_length(value, self.context, verbatim={}, path=[]) != size:
            raise Bail  # the values alone would be written in another form
        return value


cdef dict whole(Body body, Walk *walk, UnitReader reader, int depth, int64_t length):
    """Reads all of a body; an event record's has a length."""
    if body is None:
        raise Bail
    forget_numbers(body.program, length, walk.numbers)
    return body.record(walk, reader, depth, 0, body.program.op_count)


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
    """What is in the user data of a frame, or ``None`` if the reference has to read it."""
    cdef bytes data
    cdef const uint8_t *content
    cdef Py_ssize_t size
    cdef int control
    cdef dict cache = catalogue.cache
    user_data = frame.user_data
    # Frames need not come from bytes: the reference reads those that could not be sent.
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
