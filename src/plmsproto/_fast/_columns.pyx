# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""Frames into columns, compiled: the twin of ``plmsproto.bulk.rows``, which says what happens and why.

It knows op codes, column kinds and faults by their numbers, and no item, field or format by name. All its work is done
without the GIL. When it needs something new from the plan (the ways to read a kind of frame, the body of an Fn), it
takes back what it wrote of the frame, asks the plan, and reads the frame again.

Op tables, counts, conditions and points are in ``ops``, formats in ``values``, columns in ``growing``.

An interpreter is used by one thread at a time; several may share a plan.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcpy, memset

from plmsproto._fast._memory cimport Arena, Pool, arena_of, free_slabs, memory_of, take_slabs, take_spare
from plmsproto._fast.codes cimport (
    BCD,
    BITFIELD,
    BITS,
    CONDITION,
    DATA_END,
    DIGITS,
    EMPTY_ENTRY,
    EVENT,
    EVENT_END,
    EVENT_LONG,
    EVENT_SHORT,
    GO,
    HEX,
    IDENTIFIER,
    IP4,
    LEFT_OVER,
    LIST,
    LIST_END,
    NESTED,
    NO_FN,
    NO_IDENTIFIER,
    NO_POINT,
    NO_ROOM,
    NOT_BCD,
    OPTIONAL,
    PACKED,
    PARTIAL,
    PHONE,
    RAW,
    RECORD,
    SIGNED_BCD,
    SKIP,
    STAMP,
    TIME,
    UNKNOWN_COUNT,
    UNKNOWN_EVENT,
)
from plmsproto._fast.growing cimport (
    FEWEST_ROWS,
    Column,
    Level,
    Table,
    append_rows,
    empty_table,
    end_bytes,
    ensure,
    put_flag,
    put_no_value,
    put_nothing,
    put_number,
    room_for,
    truncate,
)
from plmsproto._fast.octets cimport (
    NO_DATA,
    has_no_bits,
    has_no_digits,
    is_fill_byte,
    is_filled,
    little_endian,
    lowest_bit,
    popcount,
)
from plmsproto._fast.ops cimport (
    NO_NUMBER,
    NO_SUCH_CODE,
    UP_TO_THE_END,
    Blocks,
    Numbers,
    Op,
    Points,
    Program,
    allocate,
    count_of,
    count_points,
    find_points,
    forget_numbers,
    free_all,
    holds,
    large_of,
    load_lists,
    load_numbers,
    load_op,
    load_program,
    next_point,
    number_of,
)
from plmsproto._fast.values cimport (
    NOT_QUICK,
    PLAIN_2,
    PLAIN_3,
    PLAIN_4,
    PLAIN_5,
    SIGNED_2,
    SIGNED_3,
    STAMP_5,
    TWO_DIGITS,
    Kept,
    Quick,
    Value,
    from_bcd,
    is_bcd,
    make_gbk_table,
    make_tables,
    read_digits,
    read_quick,
    read_quick_row,
    read_time,
    write_text,
)

# Numbers that bulk.plan gives out.
cdef enum:
    AUX_OP = 1
    UNDECODED_TABLE = 0

# How a step ended.
cdef enum:
    OK = 0
    FAILED = 1  # the structure does not fit: see _fault
    ASK = 2     # something must be asked of the plan: see _question
    ABORT = 3   # this attempt at a frame can't become the best one any more
    MEMORY = 4

# What is asked of the plan.
cdef enum Topic:
    ASK_WAYS
    ASK_UNIT
    ASK_EVENT
    ASK_AFN

# What is wanted of an AFN.
cdef enum Wanted:
    NOT_ASKED = 0
    ALL
    NONE
    SOME

cdef enum:
    HIGHEST_FN = 2048
    EDITIONS = 3
    SETS = 6             # of bodies: each edition's with and without the variants of deviating devices
    MOST_BYTES = 1 << 17
    NO_EDITION = 0xFF
    TP_SIZE = 6
    TP_SENT = 1          # where the send time begins in Tp, after PFC
    LONGEST_IP4 = 15
    MOST_ROWS = 1 << 20
    MOST_READ = 1 << 26
    OP_FIELDS = 8        # of BoundOp: those that say what happens, and not where it goes
    MOST_DEPTH = 4       # a data unit, an event record in it, a data unit in that, an event record in it

cdef bint gbk_table_is_made = False

make_tables()


cdef struct Way:
    int32_t set
    int32_t coding    # 1: numbered groups of points, 0: bit groups
    int32_t with_head
    int32_t aux_size
    int32_t has_tp
    int32_t cost


cdef struct Ways:
    int32_t count
    Way *ways


cdef Quick quick_code(Op *op) noexcept:
    """For an op that needs nothing but its bytes and a column of four or eight bytes."""
    if op.slot >= 0 or op.counter >= 0 or op.names >= 0 or op.shift:
        return NOT_QUICK
    if op.code == SIGNED_BCD and op.size == 2:
        return SIGNED_2
    if op.code == SIGNED_BCD and op.size == 3:
        return SIGNED_3
    if op.code == BCD and 2 <= op.size <= 5:
        return <Quick>(PLAIN_2 + op.size - 2)
    if op.code == TIME and op.mode == STAMP and op.size == 5:
        return STAMP_5
    return NOT_QUICK


cdef void count_alike(Program *program, Column *columns) noexcept:
    """Fills in for each op how many are alike."""
    cdef Op *op
    cdef Column *column
    cdef int32_t at
    for at in range(program.op_count - 2, -1, -1):
        op = &program.ops[at]
        if op.quick and op.quick == op[1].quick and op.multiplier == op[1].multiplier and op.column >= 0:
            column = &columns[op.column]
            if op.column + 1 == op[1].column and column.width == column[1].width and column.level == column[1].level:
                op.alike = op[1].alike + 1


cdef int bind_op(Op *op, bound) except -1:
    """Fills in what a ``BoundOp`` says beyond an op."""
    op.column, op.names, op.absent, op.number = bound.column, bound.names, bound.absent, bound.number
    op.shift, op.multiplier = bound.shift, bound.multiplier
    op.quick = quick_code(op)
    op.alike = 1
    return 0


cdef Program *bound_program(Blocks *blocks, bound) except NULL:
    """The op table of a ``Bound``."""
    cdef Program *program = load_program(blocks, bound)
    cdef int32_t i
    for i in range(program.op_count):
        bind_op(&program.ops[i], bound.ops[i])
    program.table, program.size, program.slack, program.event = bound.table, bound.size, bound.slack, bound.event
    program.names = load_lists(blocks, bound.names)
    program.absent = load_lists(blocks, bound.absent)
    program.nowhere = load_numbers(blocks, bound.nowhere)
    return program


# Values beside each other


cdef inline int32_t read_beside(
    const uint8_t *raw, int32_t size, uint8_t sign, int32_t count, int64_t multiplier, Column *columns, int64_t row,
    Kept *kept
) noexcept nogil:
    """Reads numbers into one row of columns that stand beside each other, up to the first that is not one.

    ``kept`` only says how wide the columns are.
    """
    cdef int32_t done
    cdef Kept number = 0
    for done in range(count):
        if read_digits(raw, size, sign, &number):
            return done
        kept = <Kept *>columns[done].data
        kept[row] = number * <Kept>multiplier
        raw += size
    return count


cdef inline int32_t read_quick_beside(
    const uint8_t *raw, Op *op, int32_t count, Column *columns, int64_t row, Kept *kept
) noexcept nogil:
    if op.quick == SIGNED_2:
        return read_beside(raw, 2, 0x80, count, op.multiplier, columns, row, kept)
    if op.quick == SIGNED_3:
        return read_beside(raw, 3, 0x80, count, op.multiplier, columns, row, kept)
    if op.quick == PLAIN_2:
        return read_beside(raw, 2, 0, count, op.multiplier, columns, row, kept)
    if op.quick == PLAIN_3:
        return read_beside(raw, 3, 0, count, op.multiplier, columns, row, kept)
    if op.quick == PLAIN_4:
        return read_beside(raw, 4, 0, count, op.multiplier, columns, row, kept)
    if op.quick == PLAIN_5:
        return read_beside(raw, 5, 0, count, op.multiplier, columns, row, kept)
    return 0


cdef inline int32_t read_across(
    const uint8_t *raw, Op *op, int32_t count, Column *columns, int64_t row
) noexcept nogil:
    """Does ops that are alike, up to the first whose bytes are no number; returns how many."""
    if columns.width == 4:
        return read_quick_beside(raw, op, count, columns, row, <uint32_t *>NULL)
    if columns.width == 8:
        return read_quick_beside(raw, op, count, columns, row, <uint64_t *>NULL)
    return 0


# Frames


cdef inline void *no_unit(int32_t fault) noexcept:
    """In the place of a program, the fault why it is missing. Programs have even addresses."""
    return <void *>(2 * <size_t>fault + 1)


cdef inline int32_t ways_key(int32_t tag, int32_t control, int32_t afn, int32_t tpv) noexcept nogil:
    return ((tag == 2) << 4 | (control >> 5) << 1 | tpv) * 256 + afn


cdef struct Fault:
    int32_t code
    int32_t position   # -1: where the body begins
    int32_t op


cdef struct Error:
    int32_t start      # of the bytes that did not decode
    int32_t size
    int32_t position   # of the fault
    int32_t fault
    int32_t op
    int32_t pn
    int32_t fn
    int32_t afn


cdef struct Question:
    Topic topic
    int32_t a
    int32_t b
    int32_t c
    int32_t d


cdef int make_table(Table *table, spec, Pool *pool) except -1:
    """A table without rows."""
    cdef Py_ssize_t i
    memset(table, 0, sizeof(Table))
    table.pool = pool
    table.columns = <Column *>calloc(len(spec.columns), sizeof(Column))
    table.levels = <Level *>calloc(spec.levels, sizeof(Level))
    if table.columns is NULL or table.levels is NULL:
        free(table.columns)
        free(table.levels)
        raise MemoryError
    table.column_count = len(spec.columns)
    table.level_count = spec.levels
    for i, column in enumerate(spec.columns):
        table.columns[i].kind = ord(column.storage)
        table.columns[i].width = column.width
        table.columns[i].level = column.level
        table.columns[i].child = column.child
        table.columns[i].inside = column.descendants
    return 0


cdef void free_table(Table *table) noexcept:
    empty_table(table)
    free(table.columns)
    free(table.levels)


@cython.final
cdef class Interpreter:
    """Reads frames into columns by a plan."""

    cdef object _plan
    cdef Blocks _blocks                 # of op tables and the like
    cdef int32_t _user_data
    cdef bint _ffff_is_all
    cdef Op _send_time                  # in Tp
    # What the plan has said so far.
    cdef Ways *_ways[32 * 256]          # see ways_key
    cdef void **_units[2 * SETS * 256]  # of each set, direction and AFN: by Fn a program, or an odd number, a fault
    cdef Program *_events[EDITIONS * 256]  # for each edition and ERC
    cdef uint8_t _no_event[EDITIONS * 256]
    cdef Wanted _any_wanted[256]
    cdef uint8_t *_wanted[256]          # where it is SOME: a bit for each Fn
    cdef uint8_t *_known[256]
    cdef uint8_t _is_known[256]
    cdef Pool _pool
    cdef dict _slabs                    # the arena of the slab that was in use when tables were taken
    cdef dict _kinds                    # of programs, by what they do
    cdef Table *_tables
    cdef Table *_inner_tables           # rows of units inside a unit of the same item, until the outer row is whole
    cdef int32_t _table_count
    # The frame that is being read.
    cdef const uint8_t *_data
    cdef int32_t _frame
    cdef int32_t _size
    cdef Way _way
    cdef int32_t _direction
    cdef int32_t *_completed
    cdef int64_t _completed_count
    cdef int64_t _completed_room
    cdef Error *_errors
    cdef Error *_other_errors
    cdef int64_t _other_room
    cdef int64_t _error_count
    cdef int64_t _error_room
    cdef int64_t _lost
    cdef int64_t _most_errors
    cdef bint _abort_when_lost
    # The body that is being read.
    cdef int32_t _afn
    cdef int32_t _fn
    cdef int32_t _pn
    cdef int32_t _record
    cdef int32_t _start
    cdef int32_t _position
    cdef int32_t _stop
    cdef bint _nested
    cdef bint _in_event
    cdef bint _dry
    cdef bint _trial
    cdef Fault _fault
    cdef Question _question
    # Numbers for counts and conditions: those of the body that is being read; and room for those it is nested in.
    cdef int64_t *_numbers
    cdef int64_t *_free_numbers
    cdef int32_t _most_slots
    cdef int32_t _depth
    cdef bint _busy
    cdef uint8_t *_editions
    cdef int64_t _edition_count
    cdef int64_t _edition_room

    def __cinit__(self, plan, *, address_size=5):
        from plmsproto.bulk.plan import SEND_TIME_OP

        global gbk_table_is_made
        if not gbk_table_is_made:  # not when the module is imported, which must be quick
            make_gbk_table()
            gbk_table_is_made = True
        if address_size not in (5, 7):
            raise ValueError(f"an address has 5 or 7 bytes, not {address_size!r}")
        self._plan = plan
        self._kinds = {}
        self._slabs = {}
        self._user_data = 7 + address_size
        self._ffff_is_all = plan.ffff_is_all
        load_op(&self._send_time, SEND_TIME_OP)
        bind_op(&self._send_time, SEND_TIME_OP)
        self._most_slots = 1
        self._catch_up()

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self._table_count):
            free_table(&self._tables[i])
            free_table(&self._inner_tables[i])
        free(self._tables)
        free(self._inner_tables)
        free_slabs(&self._pool)
        free_all(&self._blocks)
        free(self._completed)
        free(self._errors)
        free(self._other_errors)
        free(self._editions)
        free(self._free_numbers)

    # ---- from and to Python

    @cython.critical_section
    def run(self, view, offsets, lengths, first, last):
        """Reads the frames ``first`` to before ``last`` of an index; returns the first that was not read."""
        cdef Py_buffer data, places, sizes
        cdef int64_t number = first, end = last
        self._begin()
        take_spare(&self._pool)
        # What was not got is not there to be released.
        memset(&data, 0, sizeof(Py_buffer))
        memset(&places, 0, sizeof(Py_buffer))
        memset(&sizes, 0, sizeof(Py_buffer))
        try:
            PyObject_GetBuffer(view, &data, PyBUF_SIMPLE)
            PyObject_GetBuffer(offsets, &places, PyBUF_SIMPLE)
            PyObject_GetBuffer(lengths, &sizes, PyBUF_SIMPLE)
            if places.itemsize != 8 or sizes.itemsize != 2:
                raise ValueError("offsets have eight bytes, lengths two")
            if number < 0 or end > places.len // 8 or end > sizes.len // 2:
                raise ValueError("there are fewer frames")
            if number < end:
                number = self._run_all(&data, <const uint64_t *>places.buf, <const uint16_t *>sizes.buf, number, end)
            return number
        finally:
            self._busy = False
            PyBuffer_Release(&data)
            PyBuffer_Release(&places)
            PyBuffer_Release(&sizes)

    cdef int _begin(self) except -1:
        """Keeps out a second thread: what goes on without the GIL is not locked."""
        if self._busy:
            raise RuntimeError("an interpreter is for one thread at a time")
        self._busy = True
        return 0

    cdef int64_t _run_all(
        self, Py_buffer *data, const uint64_t *places, const uint16_t *sizes, int64_t number, int64_t end
    ) except -1:
        cdef int64_t rows = 0, read = 0, room
        cdef int status = OK
        cdef void *more
        if self._edition_count + end - number > self._edition_room:
            room = max(2 * self._edition_room, self._edition_count + end - number)
            more = realloc(self._editions, <size_t>room)
            if more is NULL:
                raise MemoryError
            self._editions = <uint8_t *>more
            self._edition_room = room
        while number < end and rows <= MOST_ROWS and read <= MOST_READ:
            with nogil:
                while number < end and rows <= MOST_ROWS and read <= MOST_READ:
                    self._size = sizes[number]
                    if (
                        self._size < self._user_data + 4  # AFN, SEQ, CS and the end byte
                        or self._size > data.len
                        or places[number] > <uint64_t>(data.len - self._size)
                    ):
                        status = FAILED
                        break
                    self._data = <const uint8_t *>data.buf + places[number]
                    self._frame = <int32_t>self._edition_count
                    status = self._read_frame()
                    if status != OK:
                        break
                    self._edition_count += 1
                    number += 1
                    rows += self._completed_count
                    read += self._size
            if status == ASK:
                self._answer()
            elif status == MEMORY:
                raise MemoryError
            elif status == FAILED:
                raise ValueError("a frame lies outside the buffer, or is too short")
        return number

    @cython.critical_section
    def take(self):
        """Returns what was read since the last time."""
        from plmsproto.bulk.columns import RowBatch

        cdef int32_t i
        self._begin()
        try:
            tables = {}
            slabs = take_slabs(&self._pool, self._slabs)
            self._slabs = {<size_t>self._pool.slabs: slabs[<size_t>self._pool.slabs]} if slabs else {}
            for i in range(self._table_count):
                if self._tables[i].levels[0].count:
                    tables[i] = self._take_table(&self._tables[i], slabs)
            editions = PyBytes_FromStringAndSize(<char *>self._editions, self._edition_count)
            return RowBatch(tables, editions)
        finally:
            for i in range(self._table_count):
                empty_table(&self._tables[i])
                empty_table(&self._inner_tables[i])
            self._edition_count = 0
            self._busy = False

    cdef _take_table(self, Table *table, dict slabs):
        from plmsproto.bulk.columns import TableData

        cdef int32_t i
        counts = tuple([table.levels[i].count for i in range(table.level_count)])
        for i in range(table.level_count):
            # About as many as this time, and whole rounds of the fewest.
            table.levels[i].expected = (table.levels[i].count * 17 // 16 // FEWEST_ROWS + 1) * FEWEST_ROWS
        return TableData(counts[0], self._take_columns(table, slabs), counts)

    cdef tuple _take_columns(self, Table *table, dict slabs):
        """Hands over the columns' memory: what the table has no more is not freed with the rest of it."""
        from plmsproto.bulk.columns import ColumnData

        cdef Column *column
        cdef Arena arena
        cdef Arena own
        cdef void *text
        cdef int64_t rows
        cdef int32_t i
        columns = []
        arenas = []
        for i in range(table.level_count):
            if table.levels[i].slab is not NULL:
                arena = slabs[<size_t>table.levels[i].slab]
            else:
                arena = arena_of(table.levels[i].arena)
            table.levels[i].arena = NULL
            arenas.append(arena)
        for i in range(table.column_count):
            column = &table.columns[i]
            rows = table.levels[column.level].count
            arena = arenas[column.level]
            data = valid = offsets = None
            if column.kind == c"n":
                data = memory_of(arena, column.data, rows * column.width)
            elif column.kind == c"b":
                data = memory_of(arena, column.data, (rows + 7) // 8)
            elif column.kind == c"v":
                text = column.data
                own = arena_of(text)
                column.data = NULL
                data = memory_of(own, text, column.used)
            if column.kind == c"l" or column.kind == c"v":
                offsets = memory_of(arena, column.offsets, (rows + 1) * sizeof(int32_t))
            if column.has_nulls:
                valid = memory_of(arena, column.valid, (rows + 7) // 8)
            columns.append(ColumnData(data, valid, offsets))
        return tuple(columns)

    cdef int _catch_up(self) except -1:
        """Makes the tables that are new in the plan."""
        cdef Py_ssize_t size
        specs = list(self._plan.tables)
        size = len(specs) * sizeof(Table)
        if len(specs) <= self._table_count:
            return 0
        more = <Table *>realloc(self._tables, size)
        if more is NULL:
            raise MemoryError
        self._tables = more
        more = <Table *>realloc(self._inner_tables, size)
        if more is NULL:
            raise MemoryError
        self._inner_tables = more
        for spec in specs[self._table_count:]:
            make_table(&self._tables[self._table_count], spec, &self._pool)
            try:
                make_table(&self._inner_tables[self._table_count], spec, &self._pool)
            except MemoryError:
                free_table(&self._tables[self._table_count])
                raise
            self._table_count += 1
        return 0

    cdef Program *_learn(self, bound) except NULL:
        """Gets ready for an op table: only then may it be kept."""
        cdef Program *program = bound_program(&self._blocks, bound)
        does = bound.table, bound.counts, bound.tables, tuple([op[:OP_FIELDS] for op in bound.ops])
        program.kind = self._kinds.setdefault(does, len(self._kinds))
        cdef int32_t slots = max(self._most_slots, program.slots + 1)
        cdef void *more
        self._catch_up()
        if program.table >= 0:
            count_alike(program, self._tables[program.table].columns)
        if slots > self._most_slots or self._free_numbers is NULL:
            more = realloc(self._free_numbers, MOST_DEPTH * slots * sizeof(int64_t))
            if more is NULL:
                raise MemoryError
            self._free_numbers = <int64_t *>more
            self._most_slots = slots
        return program

    cdef int _answer(self) except -1:
        """Asks the plan what the frame that was given up needs."""
        cdef Question asked = self._question
        if asked.topic == ASK_WAYS:
            self._ask_ways(asked.a, asked.b, asked.c, asked.d)
        elif asked.topic == ASK_UNIT:
            self._ask_unit(asked.a, asked.b, asked.c, asked.d)
        elif asked.topic == ASK_EVENT:
            bound = self._plan.event(asked.a, asked.b)
            if bound is None:
                self._no_event[asked.b * 256 + asked.a] = 1
            else:
                self._events[asked.b * 256 + asked.a] = self._learn(bound)
        else:
            wanted = self._plan.wanted(asked.a)
            self._known[asked.a] = self._bits(self._plan.known_fns(asked.a))
            self._is_known[asked.a] = 1 if self._plan.known_afn(asked.a) else 0
            if wanted:
                self._wanted[asked.a] = self._bits(wanted)
            self._any_wanted[asked.a] = ALL if wanted is None else SOME if wanted else NONE
        return 0

    cdef int _ask_ways(self, int32_t tag, int32_t control, int32_t afn, int32_t tpv) except -1:
        cdef Py_ssize_t i
        found = self._plan.ways(tag, control, afn, tpv)
        cdef Ways *ways = <Ways *>allocate(&self._blocks, sizeof(Ways))
        ways.count = len(found)
        ways.ways = <Way *>allocate(&self._blocks, len(found) * sizeof(Way))
        for i, each in enumerate(found):
            ways.ways[i] = Way(each.set, each.coding, each.with_head, each.aux_size, each.has_tp, each.cost)
        self._ways[ways_key(tag, control, afn, tpv)] = ways
        return 0

    cdef int _ask_unit(self, int32_t afn, int32_t fn, int32_t set, int32_t direction) except -1:
        cdef int32_t at = (2 * set + direction) * 256 + afn
        cdef void **units = self._units[at]
        if units is NULL:
            units = <void **>allocate(&self._blocks, HIGHEST_FN * sizeof(void *))
            known = self._plan.known_fns(afn)
            fault = None
            for unknown in range(1, HIGHEST_FN + 1):
                if unknown not in known:
                    if fault is None:
                        fault = self._plan.unit(afn, unknown, set, direction)
                    units[unknown - 1] = no_unit(fault)
            self._units[at] = units
        if units[fn - 1] is NULL:
            bound = self._plan.unit(afn, fn, set, direction)
            units[fn - 1] = no_unit(bound) if isinstance(bound, int) else <void *>self._learn(bound)
        return 0

    cdef uint8_t *_bits(self, fns) except NULL:
        cdef uint8_t *bits = <uint8_t *>allocate(&self._blocks, HIGHEST_FN // 8)
        for fn in fns:
            bits[(fn - 1) >> 3] |= <uint8_t>(1 << ((fn - 1) & 7))
        return bits

    cdef int _ask(self, Topic topic, int32_t a, int32_t b=0, int32_t c=0, int32_t d=0) noexcept nogil:
        self._question = Question(topic, a, b, c, d)
        return ASK

    # ---- frames

    cdef int _read_frame(self) noexcept nogil:
        """Reads a frame in the way that fits best; notes the edition."""
        cdef const uint8_t *head = self._data
        cdef int32_t tag = head[1] & 3, control = head[6], afn = head[self._user_data]
        cdef int32_t tpv = head[self._user_data + 1] >> 7
        cdef Ways *ways = self._ways[ways_key(tag, control, afn, tpv)]
        cdef int32_t best = 0
        cdef int status
        if ways is NULL:
            return self._ask(ASK_WAYS, tag, control, afn, tpv)
        if self._any_wanted[afn] == NOT_ASKED:
            return self._ask(ASK_AFN, afn)
        self._direction = control >> 7
        self._completed_count = 0
        if self._any_wanted[afn] != ALL:
            status = self._is_wanted(&ways.ways[0], afn)
            if status == ASK:
                return ASK
            if status != OK:
                self._editions[self._edition_count] = NO_EDITION
                return OK
        self._most_errors = INT64_MAX
        self._abort_when_lost = False
        status = self._attempt(&ways.ways[0], afn)
        if status == OK and self._error_count:
            best = self._choose(ways, afn)
            if best < 0:
                status = -best
            elif best > 0:
                self._back_to(0, 0)
                status = self._attempt(&ways.ways[best], afn)
        if status == OK and self._error_count:
            status = self._report()
        if status != OK:
            self._back_to(0, 0)
            return status
        self._editions[self._edition_count] = <uint8_t>(ways.ways[best].set >> 1)
        return OK

    cdef int _choose(self, Ways *ways, int32_t afn) noexcept nogil:
        """Tries the other ways to read a frame of which the first one gave errors; returns the best, or minus a status.

        What the first one wrote stays as it is: mostly no other way is better.
        """
        cdef Error *errors = self._errors
        cdef int64_t error_count = self._error_count, error_room = self._error_room
        cdef int64_t best_lost = self._lost, best_errors = error_count
        cdef int32_t i, best = 0, best_cost = 1 + ways.ways[0].cost if best_lost else 0, cost
        cdef int64_t user_data = self._size - self._user_data - 2
        cdef int64_t budget = MOST_BYTES - user_data
        # The cheapest ways alone are of interest where no way can make sense of the first data unit.
        cdef bint hopeless = self._is_hopeless(afn)
        cdef int status
        self._errors, self._error_room = self._other_errors, self._other_room
        self._trial = True
        for i in range(1, ways.count):
            cost = 1 + ways.ways[i].cost
            if budget < 0 or (hopeless and cost > best_cost):
                break
            budget -= user_data
            status = self._may_be_better(&ways.ways[i], &ways.ways[best], best_lost, afn)
            if status == ASK:
                best = -status
                break
            if status != OK:
                continue
            self._most_errors = best_errors if best_lost == 0 else INT64_MAX
            self._abort_when_lost = best_lost == 0 or cost > best_cost
            status = self._attempt(&ways.ways[i], afn)
            if status == ASK or status == MEMORY:
                best = -status
                break
            if status != OK:
                continue
            if not self._lost:
                cost = 0
            if (
                cost < best_cost
                or (cost == best_cost and self._lost < best_lost)
                or (cost == best_cost and self._lost == best_lost and self._error_count < best_errors)
            ):
                best, best_cost, best_lost, best_errors = i, cost, self._lost, self._error_count
            if best_errors == 0:
                break
        self._trial = False
        self._most_errors = INT64_MAX
        self._abort_when_lost = False
        self._other_errors, self._other_room = self._errors, self._error_room
        self._errors, self._error_room, self._error_count = errors, error_room, error_count
        return best

    cdef int _may_be_better(self, Way *way, Way *best, int64_t best_lost, int32_t afn) noexcept nogil:
        """Whether a way may fit better than the best so far: OK or FAILED. Known only where bodies have fixed sizes.

        It may not if it loses bytes and the other one does not, or if all bodies are the same.
        """
        cdef int32_t position = self._user_data + 2, stop = self._size - 2 - way.aux_size
        cdef int32_t points, bit, fn
        cdef uint8_t *identifier
        cdef int64_t size
        cdef Program *program = NULL
        cdef Program *other = NULL
        cdef bint differs = way.aux_size != best.aux_size or way.has_tp != best.has_tp or way.coding != best.coding
        cdef int status
        if best_lost and differs:
            return OK
        if stop < position or (stop == position and way.aux_size):
            return OK  # a case of its own
        while position < stop:
            if stop - position < 4:
                return FAILED
            identifier = <uint8_t *>self._data + position
            points = count_points(identifier[0], identifier[1], way.coding, self._ffff_is_all)
            if points == 0 or identifier[2] == 0:
                return FAILED if best_lost == 0 else OK
            size = 0
            for bit in range(8):
                if not identifier[2] >> bit & 1:
                    continue
                fn = 8 * identifier[3] + bit + 1
                status = self._find_unit(afn, fn, way.set, &program)
                if status == ASK:
                    return ASK
                if status != OK:
                    return FAILED if best_lost == 0 else OK
                if program.size < 0:
                    return OK
                size += program.size
                if not differs:
                    status = self._find_unit(afn, fn, best.set, &other)
                    if status == ASK:
                        return ASK
                    differs = status != OK or program.kind != other.kind
            if best_lost and differs:
                return OK
            size = position + 4 + points * size
            if size > stop:
                return FAILED if best_lost == 0 else OK
            position = <int32_t>size
        return OK if differs else FAILED

    cdef bint _is_hopeless(self, int32_t afn) noexcept nogil:
        """Whether no way can make sense of the first data unit, so that only its rest counts."""
        cdef int32_t first = self._user_data + 2, fn
        cdef uint8_t bits
        if first + 4 > self._size - 2:
            return False
        bits = self._data[first + 2]
        if bits == 0:
            return True
        fn = 8 * self._data[first + 3]
        while not bits & 1:
            bits >>= 1
            fn += 1
        return not self._known[afn][fn >> 3] >> (fn & 7) & 1

    cdef int _is_wanted(self, Way *way, int32_t afn) noexcept nogil:
        """Whether anything that was selected is in the frame, as the standard reads it: OK or FAILED."""
        cdef int32_t position = self._user_data + 2, stop = self._size - 2 - way.aux_size
        cdef int32_t points, bit, fn, set = way.set
        cdef uint8_t *wanted = self._wanted[afn]
        cdef uint8_t da1, da2, bits
        cdef int64_t size
        cdef Program *program
        cdef int status
        if self._any_wanted[afn] == NONE:
            return FAILED
        while position + 4 <= stop:
            da1, da2 = self._data[position], self._data[position + 1]
            bits = self._data[position + 2]
            points = count_points(da1, da2, way.coding, False)
            if points == 0 or bits == 0:
                return OK
            if wanted[self._data[position + 3]] & bits:
                return OK
            size = 0
            for bit in range(8):
                if not bits >> bit & 1:
                    continue
                fn = 8 * self._data[position + 3] + bit + 1
                status = self._find_unit(afn, fn, set, &program)
                if status == ASK:
                    return ASK
                if status != OK or program.size < 0:
                    return OK
                size += program.size
            size = position + 4 + points * size
            if size > stop:
                return OK
            position = <int32_t>size
        return OK if position != stop else FAILED

    cdef int _attempt(self, Way *way, int32_t afn) noexcept nogil:
        """Reads a frame in one way."""
        cdef int32_t first = self._user_data + 2, end = self._size - 2
        cdef int32_t end_of_units = end - way.aux_size, sent
        cdef int status
        cdef Value value
        self._error_count = self._lost = 0
        self._way = way[0]
        self._afn = self._fn = self._pn = 0
        self._nested = self._in_event = self._dry = False
        self._depth = 0
        if end_of_units < first or (end_of_units == first and first < end):
            self._lost = end - first + 1
            return self._note(first, end - first, first, NO_ROOM, AUX_OP)
        self._position, self._stop = first, end_of_units
        status = self._read_units(afn)
        if status == FAILED:
            # An invalid identifier: the rest is not a data unit.
            self._afn, self._fn, self._pn = afn, 0, 0
            status = self._note(
                self._position, end_of_units - self._position,
                self._position if self._fault.position < 0 else self._fault.position, self._fault.code, self._fault.op,
            )
            self._lost += end_of_units - self._position + 1
            if status == OK and self._abort_when_lost:
                return ABORT
        if status != OK:
            return status
        if way.has_tp:
            sent = end - TP_SIZE + TP_SENT
            value = read_time(self._data + sent, self._send_time.size, self._send_time.arg, self._send_time.mode)
            if value.fault:
                self._afn = self._fn = self._pn = 0
                return self._note(sent, self._send_time.size, sent, value.fault, self._send_time.number)
        return OK

    cdef int _note(self, int32_t start, int32_t size, int32_t position, int32_t fault, int32_t op) noexcept nogil:
        """Notes bytes that did not decode."""
        cdef int64_t room
        cdef void *more
        if self._error_count == self._error_room:
            room = max(2 * self._error_room, 16)
            more = realloc(self._errors, <size_t>(room * sizeof(Error)))
            if more is NULL:
                return MEMORY
            self._errors = <Error *>more
            self._error_room = room
        self._errors[self._error_count] = Error(start, size, position, fault, op, self._pn, self._fn, self._afn)
        self._error_count += 1
        # Errors in event records and in nested data units may be forgotten again, together with those.
        if self._error_count >= self._most_errors and not (self._nested or self._in_event or self._dry):
            return ABORT
        return OK

    cdef int _fail(self, int32_t code, int32_t position=-1, int32_t op=0) noexcept nogil:
        self._fault = Fault(code, position, op)
        return FAILED

    cdef int _report(self) noexcept nogil:
        """Writes what did not decode into its table."""
        cdef Table *table = &self._tables[UNDECODED_TABLE]
        cdef Column *raw = &table.columns[7]
        cdef Error *error
        cdef uint8_t *room
        cdef int64_t i, row
        for i in range(self._error_count):
            if not ensure(table, 0, 1):
                return MEMORY
            error = &self._errors[i]
            row = table.levels[0].count
            put_number(&table.columns[0], row, self._frame)
            put_number(&table.columns[1], row, error.pn)
            put_number(&table.columns[2], row, error.fn)
            put_number(&table.columns[3], row, error.afn)
            put_number(&table.columns[4], row, error.position)
            put_number(&table.columns[5], row, error.fault)
            put_number(&table.columns[6], row, error.op)
            room = room_for(raw, error.size)
            if room is NULL:
                return MEMORY
            memcpy(room, self._data + error.start, <size_t>error.size)
            end_bytes(raw, row, error.size)
            if self._complete(UNDECODED_TABLE) != OK:
                return MEMORY
        return OK

    # ---- what was written

    cdef inline Table *_table(self, int32_t number) noexcept nogil:
        """A table by its number; -1, -2 ... are the inner tables of 0, 1 ..."""
        return &self._tables[number] if number >= 0 else &self._inner_tables[-1 - number]

    cdef int _take_inner_rows(self, int32_t number) noexcept nogil:
        """Puts the rows of inner units after that of the unit around them."""
        cdef Table *inner = &self._inner_tables[number]
        cdef int64_t i
        if not append_rows(&self._tables[number], inner):
            return MEMORY
        truncate(inner, 0)
        for i in range(self._completed_count):
            if self._completed[i] == -1 - number:
                self._completed[i] = number
        return OK

    cdef inline int _complete(self, int32_t table) noexcept nogil:
        """Counts a row that is whole."""
        cdef int64_t room
        cdef void *more
        if self._completed_count == self._completed_room:
            room = max(2 * self._completed_room, 64)
            more = realloc(self._completed, <size_t>(room * sizeof(int32_t)))
            if more is NULL:
                return MEMORY
            self._completed = <int32_t *>more
            self._completed_room = room
        self._completed[self._completed_count] = table
        self._completed_count += 1
        self._table(table).levels[0].count += 1
        return OK

    cdef void _back_to(self, int64_t completed, int64_t errors) noexcept nogil:
        """Takes back the rows that were completed since, and the errors that were noted."""
        cdef int64_t i
        for i in range(completed, self._completed_count):
            self._table(self._completed[i]).levels[0].count -= 1
        for i in range(completed, self._completed_count):
            truncate(self._table(self._completed[i]), self._table(self._completed[i]).levels[0].count)
        self._completed_count = completed
        self._error_count = errors

    # ---- data units

    cdef inline int _find_unit(self, int32_t afn, int32_t fn, int32_t set, Program **program) noexcept nogil:
        cdef void **units = self._units[(2 * set + self._direction) * 256 + afn]
        cdef size_t found
        if units is NULL or units[fn - 1] is NULL:
            return self._ask(ASK_UNIT, afn, fn, set, self._direction)
        found = <size_t>units[fn - 1]
        if found & 1:
            return self._fail(<int32_t>(found >> 1))
        program[0] = <Program *>found
        return OK

    cdef int _read_units(self, int32_t afn) noexcept nogil:
        cdef const uint8_t *raw
        cdef int32_t start, first_fn, point = 0, bits
        cdef Points points
        cdef int status
        while self._position < self._stop:
            start = self._position
            raw = self._data + start
            if self._stop - start < 4:
                return self._no_identifier(afn, LEFT_OVER)
            if not find_points(raw[0], raw[1], self._way.coding, self._ffff_is_all, &points):
                return self._no_identifier(afn, NO_POINT)
            if raw[2] == 0:
                return self._no_identifier(afn, NO_FN)
            self._position += 4
            first_fn = 8 * raw[3] + 1
            while next_point(&points, &point):
                bits = raw[2]
                while bits:
                    status = self._read_unit(afn, first_fn + lowest_bit(bits), point)
                    if status != OK:
                        return OK if status == FAILED else status
                    bits &= bits - 1
        return OK

    cdef int _no_identifier(self, int32_t afn, int32_t fault) noexcept nogil:
        if self._any_wanted[afn] == NOT_ASKED:
            return self._ask(ASK_AFN, afn)
        return self._fail(fault if self._is_known[afn] else NO_IDENTIFIER, self._position)

    cdef int _read_unit(self, int32_t afn, int32_t fn, int32_t pn) noexcept nogil:
        """Reads one body; FAILED (and noted) if it could not be understood, and with it the rest of the data."""
        cdef int32_t outer_afn = self._afn, outer_fn = self._fn, outer_pn = self._pn, outer_start = self._start
        cdef int32_t outer_record = self._record
        cdef int64_t *outer_numbers = self._numbers
        cdef int64_t completed = self._completed_count, errors = self._error_count
        cdef Program *program = NULL
        cdef int32_t position
        cdef int status
        self._afn, self._fn, self._pn, self._start = afn, fn, pn, self._position
        self._record = 0
        status = self._find_unit(afn, fn, self._way.set, &program)
        if status == OK:
            status = self._read_row(program, -1)
        if status == FAILED:
            self._back_to(completed, errors)
            position = self._start if self._fault.position < 0 else self._fault.position
            status = self._note(self._start, self._stop - self._start, position, self._fault.code, self._fault.op)
            if status != OK:
                return status
            if not self._nested:
                self._lost += self._stop - self._start + 1
                if self._abort_when_lost:
                    return ABORT
            self._position = self._stop
            status = FAILED
        self._afn, self._fn, self._pn, self._start = outer_afn, outer_fn, outer_pn, outer_start
        self._record = outer_record
        self._numbers = outer_numbers
        return status

    cdef int _read_row(self, Program *program, int32_t length) noexcept nogil:
        """Reads a body into a new row; an event record's has a length."""
        cdef Table *whose = NULL
        cdef Table *table = NULL
        cdef int32_t i, number = program.table
        cdef int64_t row
        cdef int status
        if number >= 0 and not self._dry:
            whose = &self._tables[number]
            if whose.begun:  # a row can't begin in a table in which another one is being written
                number = -1 - number
                whose = self._table(number)
            table = NULL if self._trial else whose
        if self._depth == MOST_DEPTH or (whose is not NULL and whose.begun):
            return self._fail(NESTED, self._position)
        self._numbers = self._free_numbers + self._depth * self._most_slots
        forget_numbers(program, length if length >= 0 else NO_NUMBER, self._numbers)
        if table is not NULL:
            if not ensure(table, 0, 1):
                return MEMORY
            row = table.levels[0].count
            put_number(&table.columns[0], row, self._frame)
            put_number(&table.columns[1], row, self._pn)
            if length >= 0:
                put_number(&table.columns[2], row, self._fn)
                put_number(&table.columns[3], row, self._record)
            for i in range(program.nowhere.size):
                put_no_value(table, &table.columns[program.nowhere.values[i]])
        if whose is not NULL:
            whose.begun = True
        self._depth += 1
        status = self._run(program, table, 0, program.op_count)
        self._depth -= 1
        if status == OK and length >= 0 and self._position < self._stop:
            status = self._fail(EVENT_LONG)
        if whose is not NULL:
            whose.begun = False
        if table is NULL:
            return status
        if status == OK:
            status = self._complete(number)
            if status == OK and number >= 0 and self._inner_tables[number].levels[0].count:
                status = self._take_inner_rows(number)
            return status
        truncate(table, table.levels[0].count)
        return status

    # ---- ops

    cdef int _run(self, Program *program, Table *table, int32_t at, int32_t end) noexcept nogil:
        """Does the ops from ``at`` to before ``end``."""
        cdef Op *op
        cdef int32_t done = 0
        cdef int status
        while at < end:
            op = &program.ops[at]
            if op.quick:
                status = self._run_quick(op, table, end - at, &done)
                if status != OK:
                    return status
                at += done
                if at == end:
                    return OK
                op = &program.ops[at]
            at += 1
            if op.code <= IDENTIFIER:
                status = self._read_value(program, table, op)
            elif op.code == RECORD:
                self._put_absent(program, table, op)
                continue
            elif op.code == BITFIELD:
                status = self._read_bits(program, table, op, at)
                at = op.jump
            elif op.code == PACKED:
                status = self._read_packed(program, table, op)
            elif op.code == LIST:
                status = self._read_list(program, table, op, at)
                at = op.jump
            elif op.code == CONDITION:
                if not holds(op, self._numbers):
                    at = op.jump
                continue
            elif op.code == GO:
                at = op.jump
                continue
            elif op.code == OPTIONAL:
                if self._position >= self._stop:
                    at = op.jump
                continue
            elif op.code == SKIP:
                self._put_absent(program, table, op)
                continue
            elif op.code == EVENT:
                status = self._read_event(table, op)
            else:
                status = self._read_nested(op)
            if status != OK:
                return status
        return OK

    cdef inline int _run_quick(self, Op *op, Table *table, int32_t most, int32_t *done) noexcept nogil:
        """Does frequent ops up to the first that is not, or has to be looked at more closely; says how many."""
        cdef const uint8_t *raw = self._data + self._position
        cdef const uint8_t *end = self._data + self._stop
        cdef const Op *first = op
        cdef const Op *last = op + most
        cdef Column *column = NULL
        cdef int64_t number = 0, row = 0
        cdef int32_t count, read
        cdef int status
        while op < last and op.quick and end - raw >= op.size:
            if table is not NULL and op.column >= 0:
                column = &table.columns[op.column]
                row = table.levels[column.level].count
                count = min(op.alike, <int32_t>(last - op))
                if count > 1 and end - raw >= count * op.size:
                    read = read_across(raw, op, count, column, row)
                    raw += read * op.size
                    op += read
                    if read == count:
                        continue
                    column += read
            else:
                column = NULL
            if not read_quick(raw, op.quick, &number):
                if column is not NULL:
                    put_number(column, row, number * op.multiplier)
            elif op.quick == STAMP_5:
                break
            else:
                if not has_no_digits(raw, op.size):
                    self._position = <int32_t>(raw - self._data)
                    status = self._note(self._position, op.size, self._position, NOT_BCD, op.number)
                    if status != OK:
                        return status
                if column is not NULL:
                    put_no_value(table, column)
            raw += op.size
            op += 1
        self._position = <int32_t>(raw - self._data)
        done[0] = <int32_t>(op - first)
        return OK

    cdef void _put_absent(self, Program *program, Table *table, Op *op) noexcept nogil:
        cdef int32_t i
        if table is NULL or op.absent < 0:
            return
        for i in range(program.absent[op.absent].size):
            put_no_value(table, &table.columns[program.absent[op.absent].values[i]])

    cdef int _count(self, Program *program, Op *op, int64_t *count) noexcept nogil:
        """How many, or ``UP_TO_THE_END``."""
        count[0] = count_of(program, op.counter, self._numbers)
        return self._fail(UNKNOWN_COUNT) if count[0] == NO_SUCH_CODE else OK

    cdef int _read_value(self, Program *program, Table *table, Op *op) noexcept nogil:
        cdef int32_t start = self._position
        cdef int64_t size = op.size, row
        cdef Column *column = NULL
        cdef Value value
        cdef int status
        if op.counter >= 0:
            status = self._count(program, op, &size)
            if status != OK:
                return status
            if size == UP_TO_THE_END:
                size = self._stop - start
        if size > self._stop - start:
            return self._fail(DATA_END, start, op.number)
        self._position += <int32_t>size
        if table is not NULL and op.column >= 0:
            column = &table.columns[op.column]
        if op.code >= DIGITS:
            return self._read_long_value(program, table, op, column, start, <int32_t>size)
        if op.code == TIME:
            value = read_time(self._data + start, op.size, op.arg, op.mode)
            if value.there and op.mode == PARTIAL and column is not NULL:
                self._put_parts(table, op, self._data + start)
                return OK
        else:
            value = number_of(op, self._data, start, self._start, self._stop)
        if value.fault:
            status = self._note(start, <int32_t>size, start, value.fault, op.number)
            if status != OK:
                return status
            value.there = False
        if op.slot >= 0:
            self._numbers[op.slot] = value.number + op.add if value.there else NO_NUMBER
        if column is NULL:
            return OK
        if not value.there:
            put_nothing(table, op.column)
            return OK
        row = table.levels[column.level].count
        if op.names >= 0:
            put_number(column, row, program.names[op.names].values[value.number & 0xFF])
        else:
            put_number(column, row, (value.number + op.shift) * op.multiplier)
        return OK

    cdef void _put_parts(self, Table *table, Op *op, const uint8_t *raw) noexcept nogil:
        """Puts the parts of a partial time; they are in sending order, the columns in the opposite one."""
        cdef int64_t row = table.levels[table.columns[op.column].level].count
        cdef int32_t i, part
        for i in range(op.size):
            part = op.arg >> 4 * i & 15
            put_number(
                &table.columns[op.column + op.size - i], row, TWO_DIGITS[raw[i]] + (2000 if part == 6 else 0)
            )

    cdef int _read_long_value(
        self, Program *program, Table *table, Op *op, Column *column, int32_t start, int32_t size
    ) noexcept nogil:
        """What has no number: text, bytes, bit strings, identifiers."""
        cdef const uint8_t *raw = self._data + start
        cdef int64_t made = 0
        cdef int32_t fault = 0
        cdef int status
        cdef bint there = True
        cdef uint8_t *room = NULL
        if op.code == BITS:
            return self._read_bit_string(table, op, column, start, size)
        if op.code == IDENTIFIER:
            if is_filled(raw, 4, NO_DATA):
                there = False
            elif count_points(raw[0], raw[1], op.mode & 1, False) == 0:
                fault = NO_POINT
            elif raw[2] == 0:
                fault = NO_FN
        elif op.code != RAW and size and is_filled(raw, size, raw[0]):
            if raw[0] == NO_DATA:
                there = False
            elif op.code != HEX and op.code != IP4 and op.code != PHONE:
                there = not is_fill_byte(raw[0])
        if there and not fault and op.code != IDENTIFIER:
            if column is not NULL:
                room = room_for(column, 2 * <int64_t>size + LONGEST_IP4)
                if room is NULL:
                    return MEMORY
            made = write_text(op.code, raw, size, room)
            if made < 0:
                fault = <int32_t>-made
        if fault:
            there = False
            status = self._note(start, size, start, fault, op.number)
            if status != OK:
                return status
        if column is NULL:
            return OK
        if not there:
            put_nothing(table, op.column)
            return OK
        if op.code == IDENTIFIER:
            return self._put_identifier(program, table, op, raw)
        end_bytes(column, table.levels[column.level].count, made)
        return OK

    cdef int _read_bit_string(
        self, Table *table, Op *op, Column *column, int32_t start, int32_t size
    ) noexcept nogil:
        cdef const uint8_t *raw = self._data + start
        cdef uint64_t word = 0
        cdef bint there = not has_no_bits(self._data, start, size, self._start, self._stop), large = False
        cdef int32_t i, bit, child, bits = 0
        cdef int64_t row
        if op.slot >= 0:
            for i in range(size):
                bits += popcount(raw[i])
                if i < 8:
                    word |= <uint64_t>raw[i] << 8 * i
                elif raw[i]:
                    large = True
            if not there:
                self._numbers[op.slot] = NO_NUMBER
            else:
                self._numbers[op.slot] = large_of(bits) if large or word > <uint64_t>INT64_MAX else <int64_t>word
        if column is NULL:
            return OK
        if not there:
            put_nothing(table, op.column)
            return OK
        child = column.child
        if not ensure(table, child, 8 * size):
            return MEMORY
        row = table.levels[child].count
        for i in range(size):
            if raw[i]:
                for bit in range(8):
                    if raw[i] >> bit & 1:
                        put_number(&table.columns[op.column + 1], row, op.arg + 8 * i + bit)
                        row += 1
        table.levels[child].count = row
        column.offsets[table.levels[column.level].count + 1] = <int32_t>row
        return OK

    cdef int _put_identifier(self, Program *program, Table *table, Op *op, const uint8_t *raw) noexcept nogil:
        cdef int32_t at = op.column, bit, point = 0
        cdef int64_t number
        cdef Points points
        cdef int32_t i, lists = 3 if op.names >= 0 else 2  # points, Fn, and keys where they are known
        for i in range(lists):
            if not ensure(table, table.columns[at + 1 + 2 * i].child, 64):
                return MEMORY
        find_points(raw[0], raw[1], op.mode & 1, False, &points)
        while next_point(&points, &point):
            self._append(table, at + 1, point)
        for bit in range(8):
            if raw[2] >> bit & 1:
                number = 8 * raw[3] + bit + 1
                self._append(table, at + 3, number)
                if op.names >= 0:
                    self._append(table, at + 5, program.names[op.names].values[number - 1])
        for i in range(lists):
            self._end_list(table, at + 1 + 2 * i)
        return OK

    cdef void _append(self, Table *table, int32_t at, int64_t number) noexcept nogil:
        """Appends a number to a list's entries; there must be room."""
        cdef Level *level = &table.levels[table.columns[at].child]
        put_number(&table.columns[at + 1], level.count, number)
        level.count += 1

    cdef void _end_list(self, Table *table, int32_t at) noexcept nogil:
        cdef Column *column = &table.columns[at]
        column.offsets[table.levels[column.level].count + 1] = <int32_t>table.levels[column.child].count

    cdef int _read_bits(self, Program *program, Table *table, Op *op, int32_t at) noexcept nogil:
        cdef int32_t start = self._position, size = op.size
        cdef const uint8_t *raw = self._data + start
        cdef uint64_t word
        cdef bint there
        cdef int32_t i
        cdef int64_t row, number
        cdef Op *part
        cdef Column *column
        if size > self._stop - start:
            return self._fail(DATA_END, start, op.number)
        self._position += size
        word = little_endian(raw, size)
        there = not has_no_bits(self._data, start, size, self._start, self._stop)
        for i in range(at, op.jump):
            part = &program.ops[i]
            number = word >> part.arg & ((<uint64_t>1 << part.size) - 1)
            if part.slot >= 0:
                self._numbers[part.slot] = number if there else NO_NUMBER
        if there:
            for i in range(at, op.jump):
                part = &program.ops[i]
                if part.mode and not is_bcd(word >> part.arg & ((<uint64_t>1 << part.size) - 1)):
                    there = False
                    status = self._note(start, size, start, NOT_BCD, op.number)
                    if status != OK:
                        return status
                    break
        if table is NULL or op.column < 0:
            return OK
        if not there:
            put_nothing(table, op.column)
            return OK
        self._put_absent(program, table, op)
        if op.arg:
            column = &table.columns[op.column + op.mode]
            number = word & <uint64_t>op.arg
            if number:
                put_number(column, table.levels[column.level].count, number)
            else:
                put_nothing(table, op.column + op.mode)
        for i in range(at, op.jump):
            part = &program.ops[i]
            if part.column < 0:
                continue
            column = &table.columns[part.column]
            row = table.levels[column.level].count
            number = word >> part.arg & ((<uint64_t>1 << part.size) - 1)
            if part.mode:
                number = from_bcd(number)
            if column.kind == c"b":
                put_flag(column, row, number != 0)
            elif part.names >= 0:
                put_number(column, row, program.names[part.names].values[number & 0xFF])
            else:
                put_number(column, row, (number + part.shift) * part.multiplier)
        return OK

    cdef int _read_packed(self, Program *program, Table *table, Op *op) noexcept nogil:
        cdef int32_t start = self._position, i
        cdef const uint8_t *raw = self._data + start
        cdef int64_t code
        if op.size > self._stop - start:
            return self._fail(DATA_END, start, op.number)
        self._position += op.size
        if table is NULL or op.column < 0:
            return OK
        if is_filled(raw, op.size, NO_DATA):
            put_nothing(table, op.column)
            return OK
        if not ensure(table, table.columns[op.column].child, op.arg):
            return MEMORY
        for i in range(op.arg):
            code = raw[op.mode * i >> 3] >> (op.mode * i & 7) & ((1 << op.mode) - 1)
            if op.names >= 0:
                self._append(table, op.column, program.names[op.names].values[code])
            else:
                self._append(table, op.column, (code + op.shift) * op.multiplier)
        self._end_list(table, op.column)
        return OK

    cdef int _read_list(self, Program *program, Table *table, Op *op, int32_t at) noexcept nogil:
        cdef int64_t wanted, done = 0
        cdef int32_t before, child = 0
        cdef Table *kept = table if op.column >= 0 else NULL
        cdef bint records = False, plain = False
        cdef int status = self._count(program, op, &wanted)
        if status != OK:
            return status
        if wanted > 0 and op.arg and wanted > (self._stop - self._position) // op.arg:
            return self._fail(LIST_END, self._position, op.number)
        if kept is not NULL:
            child = kept.columns[op.column].child
            records = kept.columns[op.column + 1].kind == c"r" and program.ops[at].column != op.column + 1
            # No entry takes no byte.
            if wanted > 0 and not ensure(kept, child, min(wanted, self._stop - self._position)):
                return MEMORY
            plain = op.jump == at + 1 and program.ops[at].quick and not records
        while self._position < self._stop if wanted < 0 else done < wanted:
            if plain:
                done += self._read_plain_list(kept, &program.ops[at], wanted - done)
                if done == wanted:
                    break
            before = self._position
            if kept is not NULL:
                if not ensure(kept, child, 1):
                    return MEMORY
                if records:
                    self._put_absent(program, kept, op)
            status = self._run(program, kept, at, op.jump)
            if status != OK:
                return status
            if self._position == before:
                return self._fail(EMPTY_ENTRY, before, op.number)
            if kept is not NULL:
                kept.levels[child].count += 1
            done += 1
        if kept is not NULL:
            self._end_list(kept, op.column)
        return OK

    cdef int64_t _read_plain_list(self, Table *table, Op *op, int64_t wanted) noexcept nogil:
        """Reads entries of a curve up to the first that is no value of digits; returns how many."""
        cdef const uint8_t *raw = self._data + self._position
        cdef Column *column
        cdef int64_t done = 0, row
        if op.column < 0 or wanted <= 0 or wanted > (self._stop - self._position) // op.size:
            return 0
        column = &table.columns[op.column]
        row = table.levels[column.level].count
        while True:
            if column.width == 4:
                done += read_quick_row(
                    raw + done * op.size, op.quick, wanted - done, op.multiplier, <uint32_t *>column.data + row + done
                )
            elif column.width == 8:
                done += read_quick_row(
                    raw + done * op.size, op.quick, wanted - done, op.multiplier, <uint64_t *>column.data + row + done
                )
            table.levels[column.level].count = row + done
            if done == wanted or op.quick == STAMP_5 or not has_no_digits(raw + done * op.size, op.size):
                break
            put_no_value(table, column)
            done += 1
        self._position += <int32_t>done * op.size
        table.levels[column.level].count = row + done
        return done

    # ---- event records and nested data units

    cdef int _read_event(self, Table *table, Op *op) noexcept nogil:
        cdef int32_t erc, length, size, edition = self._way.set >> 1, position, wanted
        cdef int32_t outer_start, outer_stop
        cdef bint outer_in_event = self._in_event
        cdef int64_t *outer_numbers
        cdef int64_t completed, errors
        cdef Program *program
        cdef int status
        if self._position >= self._stop:
            return self._fail(DATA_END, self._position, op.number)
        erc = self._data[self._position]
        self._position += 1
        if erc == NO_DATA:
            self._put_event(table, op, -1, -1, -1)
            self._record += 1
            return OK
        if self._position >= self._stop:
            return self._fail(DATA_END, self._position, op.number)
        length = self._data[self._position]
        self._position += 1
        program = self._events[edition * 256 + erc]
        if program is NULL and not self._no_event[edition * 256 + erc]:
            return self._ask(ASK_EVENT, erc, edition)
        size = length
        if self._way.with_head:
            if length < 2:
                return self._fail(EVENT_SHORT, self._position - 1, op.number)
            size = length - 2
        elif program is not NULL and program.slack:
            status = self._fits(program, size)
            if status == FAILED:
                wanted = size + program.slack
                status = self._fits(program, wanted)
                if status == OK:
                    size = wanted
            if status == ASK or status == MEMORY:
                return status
        if size > self._stop - self._position:
            return self._fail(EVENT_END, self._position, op.number)
        self._put_event(table, op, erc, -1 if program is NULL else program.event, -1 if size == length else length)
        outer_start, outer_stop, outer_numbers = self._start, self._stop, self._numbers
        completed, errors = self._completed_count, self._error_count
        self._start, self._stop = self._position, self._position + size
        status = OK
        if program is not NULL:
            self._in_event = True
            status = self._read_row(program, size)
            self._in_event = outer_in_event
        elif erc:
            status = self._fail(UNKNOWN_EVENT, -1, op.number)
        if status == FAILED:
            # The record's length still says where the next one begins: only this body is lost.
            self._back_to(completed, errors)
            position = self._start if self._fault.position < 0 else self._fault.position
            status = self._note(
                self._start, size, position, self._fault.code, self._fault.op if self._fault.op else op.number
            )
        self._position = self._stop
        self._record += 1
        self._start, self._stop, self._numbers = outer_start, outer_stop, outer_numbers
        return status

    cdef void _put_event(
        self, Table *table, Op *op, int32_t erc, int32_t event, int32_t length
    ) noexcept nogil:
        cdef int64_t row
        if table is NULL or op.column < 0:
            return
        row = table.levels[table.columns[op.column].level].count
        if erc < 0:
            put_nothing(table, op.column + 1)
        else:
            put_number(&table.columns[op.column + 1], row, erc)
        if event < 0:
            put_nothing(table, op.column + 2)
        else:
            put_number(&table.columns[op.column + 2], row, event)
        if length < 0:
            put_nothing(table, op.column + 3)
        else:
            put_number(&table.columns[op.column + 3], row, length)

    cdef int _fits(self, Program *program, int32_t size) noexcept nogil:
        """Whether a record's body is exactly so long: OK or FAILED."""
        cdef int32_t start = self._start, position = self._position, stop = self._stop
        cdef int64_t *numbers = self._numbers
        cdef int64_t errors = self._error_count
        cdef bint dry = self._dry
        cdef int status
        if size > stop - position:
            return FAILED
        self._start, self._stop, self._dry = position, position + size, True
        status = self._read_row(program, size)
        self._start, self._position, self._stop, self._dry = start, position, stop, dry
        self._numbers = numbers
        self._error_count = errors
        return status

    cdef int _read_nested(self, Op *op) noexcept nogil:
        cdef int status
        if self._nested:
            return self._fail(NESTED, self._position, op.number)
        if self._any_wanted[op.arg] == NOT_ASKED:
            return self._ask(ASK_AFN, op.arg)
        self._nested = True
        status = self._read_units(op.arg)
        self._nested = False
        return status
