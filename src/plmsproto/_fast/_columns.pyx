# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""Frames into columns, compiled: the twin of ``plmsproto.bulk.interpreter``, which tells what happens and why.

It knows op codes, column kinds and faults by their numbers, and no item, field or format by name. All its work is done
without the GIL; when it meets something that it has not been told yet (the ways to read a kind of frame, the body of an
Fn), it takes back what it wrote of the frame, asks the plan, and reads the frame again.

An interpreter is used by one thread at a time; several may share a plan.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_FromStringAndSize
from libc.stdint cimport INT64_MAX, INT64_MIN, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, memset

# What layout.program.Code, TimeKind and CountKind say.
cdef enum:
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
    CONDITION = 32
    GO = 33
    OPTIONAL = 34
    SKIP = 35
    EVENT = 36
    UNITS = 37

    CLOCK = 0
    STAMP = 1
    DATE = 2
    TIME_OF_DAY = 3
    PARTIAL = 4

    CONSTANT = 0
    SLOT = 1
    POPCOUNT = 2
    TABLE = 3
    TO_END = 4

# What bulk.faults.Fault says.
cdef enum:
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

# What bulk.plan says.
cdef enum:
    AUX_OP = 1
    TP_OP = 2
    UNDECODED_TABLE = 0
    TP_SIZE = 6

# How a step ended.
cdef enum:
    OK = 0
    FAILED = 1  # the structure does not fit: see _fault
    ASK = 2     # something must be asked of the plan: see _question
    ABORT = 3   # this attempt at a frame can't become the best one any more
    MEMORY = 4

cdef enum:
    NO_DATA = 0xEE
    BAD = 0x80           # in the tables below: not BCD
    HIGHEST_FN = 2048
    MOST_BYTES = 1 << 17
    ALL_POINTS = 0xFFFF
    NO_EDITION = 0xFF
    LONGEST_IP4 = 15
    FEWEST_ROWS = 64
    MOST_ROWS = 1 << 20
    MOST_READ = 1 << 26
    MOST_DEPTH = 4       # a data unit, an event record in it, a data unit in that, an event record in it

cdef int64_t NOTHING = INT64_MIN


# Tables

cdef uint8_t TWO_DIGITS[256]
cdef int32_t DAYS_BEFORE[100 * 12]  # days from 1970 to the first of each month of 2000 to 2099
cdef uint8_t DAYS_OF[100 * 12]
cdef uint16_t GBK[1 << 16]  # code point of each two bytes; 0 for what is no printable character
cdef int64_t TENS[19]
cdef uint8_t LOWEST_BIT[256]


cdef _make_tables():
    from datetime import date

    cdef int number, year, month
    for number in range(1, 256):
        LOWEST_BIT[number] = (number & -number).bit_length() - 1
    for number in range(256):
        TWO_DIGITS[number] = 10 * (number >> 4) + (number & 15) if number >> 4 < 10 and number & 15 < 10 else BAD
    for year in range(100):
        for month in range(12):
            first = date(2000 + year, month + 1, 1)
            behind = date(2000 + year + month // 11, (month + 1) % 12 + 1, 1)
            DAYS_BEFORE[12 * year + month] = (first - date(1970, 1, 1)).days
            DAYS_OF[12 * year + month] = (behind - first).days
    TENS[0] = 1
    for number in range(1, 19):
        TENS[number] = 10 * TENS[number - 1]
    for number in range(0x8100, 0xFF00):
        try:
            text = bytes((number >> 8, number & 0xFF)).decode("gbk")
        except UnicodeDecodeError:
            continue
        if len(text) == 1 and ord(text) < 0x10000 and (text.isprintable() or text == "\u3000"):
            GBK[number] = ord(text)


cdef bint tables_are_made = False


# Op tables


# Ops that are frequent, and need nothing but their bytes and a column of four or eight bytes.
cdef enum:
    SIGNED_2 = 1
    SIGNED_3 = 2
    PLAIN_2 = 3
    PLAIN_3 = 4
    PLAIN_4 = 5
    PLAIN_5 = 6
    STAMP_5 = 7


cdef struct Op:
    int32_t code
    int32_t quick     # one of the above, or 0
    int32_t size
    int32_t mode
    int32_t slot
    int32_t counter
    int32_t jump
    int32_t column
    int32_t names
    int32_t absent
    int32_t number
    int64_t arg
    int64_t add
    int64_t shift
    int64_t multiplier


cdef struct Count:
    int32_t kind
    int32_t slot
    int64_t constant
    int32_t table


cdef struct Numbers:
    int32_t size
    int32_t *values


cdef struct Program:
    int32_t table
    int32_t op_count
    int32_t slots
    int32_t size
    int32_t slack
    int32_t event
    Op *ops
    Count *counts
    Numbers *tables
    Numbers *names
    Numbers *absent
    Numbers nowhere


cdef struct Way:
    int32_t set
    int32_t with_head
    int32_t aux_size
    int32_t has_tp
    int32_t cost


cdef struct Ways:
    int32_t count
    Way *ways


cdef int32_t quick_code(Op *op) noexcept:
    if op.slot >= 0 or op.counter >= 0 or op.names >= 0 or op.shift:
        return 0
    if op.code == SIGNED_BCD:
        return SIGNED_2 if op.size == 2 else SIGNED_3 if op.size == 3 else 0
    if op.code == BCD and 2 <= op.size <= 5:
        return PLAIN_2 + op.size - 2
    if op.code == TIME and op.mode == STAMP and op.size == 5:
        return STAMP_5
    return 0


cdef class Owner:
    """Holds the memory of op tables and the like until nobody needs it."""

    cdef list _pieces
    cdef void **_blocks
    cdef Py_ssize_t _count

    def __dealloc__(self):
        cdef Py_ssize_t i
        for i in range(self._count):
            free(self._blocks[i])
        free(self._blocks)

    cdef void *allocate(self, size_t size) except NULL:
        cdef void **more = <void **>realloc(self._blocks, (self._count + 1) * sizeof(void *))
        if more is NULL:
            raise MemoryError
        self._blocks = more
        cdef void *block = calloc(1, size if size else 1)
        if block is NULL:
            raise MemoryError
        self._blocks[self._count] = block
        self._count += 1
        return block

    cdef Numbers numbers(self, values) except *:
        cdef Numbers made
        cdef Py_ssize_t i
        made.size = len(values)
        made.values = <int32_t *>self.allocate(made.size * sizeof(int32_t))
        for i in range(made.size):
            made.values[i] = values[i]
        return made

    cdef Numbers *lists(self, lists) except NULL:
        cdef Numbers *made = <Numbers *>self.allocate(len(lists) * sizeof(Numbers))
        cdef Py_ssize_t i
        for i in range(len(lists)):
            made[i] = self.numbers(lists[i])
        return made

    cdef Program *program(self, bound) except NULL:
        cdef Program *made = <Program *>self.allocate(sizeof(Program))
        cdef Py_ssize_t i
        made.table = bound.table
        made.op_count = len(bound.ops) - 1  # without END
        made.slots = bound.slots
        made.size = bound.size
        made.slack = bound.slack
        made.event = bound.event
        made.ops = <Op *>self.allocate(len(bound.ops) * sizeof(Op))
        for i, op in enumerate(bound.ops):
            made.ops[i] = Op(
                code=op.code, size=op.size, mode=op.mode, slot=op.slot, counter=op.counter, jump=op.jump,
                column=op.column, names=op.names, absent=op.absent, number=op.number, arg=op.arg, add=op.add,
                shift=op.shift, multiplier=op.multiplier, quick=0,
            )
            made.ops[i].quick = quick_code(&made.ops[i])
        made.counts = <Count *>self.allocate(len(bound.counts) * sizeof(Count))
        for i, (kind, slot, constant, table) in enumerate(bound.counts):
            made.counts[i] = Count(kind=kind, slot=slot, constant=constant, table=table)
        made.tables = self.lists(bound.tables)
        made.names = self.lists(bound.names)
        made.absent = self.lists(bound.absent)
        made.nowhere = self.numbers(bound.nowhere)
        return made


# Columns that grow


cdef extern from *:
    """
    #include <stdlib.h>
    #if defined(__linux__)
    #include <sys/mman.h>
    #endif

    /* Memory for columns. Much of the time of large ones is the system's, which gives memory page by page: so they ask
       for large pages, where those are to be had. */
    static void *new_arena(size_t size)
    {
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        const size_t page = (size_t)1 << 21;
        void *arena;
        if (size >= page) {
            if (posix_memalign(&arena, page, size))
                return NULL;
            madvise(arena, size, MADV_HUGEPAGE);
            return arena;
        }
    #endif
        return malloc(size ? size : 1);
    }
    """
    void *new_arena(size_t size) noexcept nogil


cdef struct Column:
    int32_t kind      # a letter, as in plan.Shape
    int32_t width
    int32_t level
    int32_t child
    int32_t inside
    bint has_nulls
    int64_t nothing_before  # no row from here on has been marked as having no value
    uint8_t *data
    uint8_t *valid
    int32_t *offsets
    int64_t used      # bytes of data of what varies in length ...
    int64_t room      # ... and how many there is room for


cdef struct Level:
    int64_t count
    int64_t capacity
    int64_t expected   # as many rows as there were the last time
    uint8_t *arena     # where all its columns are


cdef struct Table:
    int32_t column_count
    int32_t level_count
    Column *columns
    Level *levels
    bint begun   # a row of it is being read


@cython.final
cdef class Arena:
    """Memory that is freed when nobody looks at any part of it any more."""

    cdef void *_bytes

    def __dealloc__(self):
        free(self._bytes)


cdef Arena arena_of(void *memory):
    cdef Arena made = Arena()
    made._bytes = memory
    return made


@cython.final
cdef class Memory:
    """A column's bytes, handed over to whoever wants them."""

    cdef Arena _arena
    cdef const void *_bytes
    cdef Py_ssize_t _size

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, <void *>self._bytes, self._size, 1, flags)

    def __len__(self):
        return self._size


cdef int32_t NO_ENTRIES = 0


cdef Memory memory_of(Arena arena, const void *data, Py_ssize_t size):
    cdef Memory made = Memory()
    made._arena = arena
    made._bytes = data if data is not NULL else &NO_ENTRIES
    made._size = size
    return made


cdef inline size_t aligned(size_t size) noexcept nogil:
    """With a line to spare: columns of the same size would else compete for the same lines of a cache."""
    return ((size + 63) & ~<size_t>63) + 64


cdef size_t size_of(Column *column, int64_t capacity) noexcept nogil:
    """Bytes that a column of so many rows takes in its level's arena."""
    cdef size_t size = aligned(<size_t>(capacity // 8))
    if column.kind == c"n":
        size += aligned(<size_t>(capacity * column.width))
    elif column.kind == c"b":
        size += aligned(<size_t>(capacity // 8))
    elif column.kind == c"l" or column.kind == c"v":
        size += aligned(<size_t>((capacity + 1) * sizeof(int32_t)))
    return size


cdef inline uint8_t *moved(uint8_t **place, void *old, size_t kept, size_t size) noexcept nogil:
    """Takes the next bytes of an arena, and moves the old ones there."""
    cdef uint8_t *new = place[0]
    if kept:
        memcpy(new, old, kept)
    place[0] += aligned(size)
    return new


cdef int grow(Table *table, int32_t level, int64_t needed) noexcept nogil:
    """Gives all columns of a level room for more rows."""
    cdef int64_t before = table.levels[level].capacity
    cdef int64_t capacity = max(2 * before, table.levels[level].expected, FEWEST_ROWS)
    cdef size_t size = 0, kept
    cdef Column *column
    cdef uint8_t *arena
    cdef uint8_t *place
    cdef int32_t i
    while capacity < needed:
        capacity *= 2
    for i in range(table.column_count):
        if table.columns[i].level == level:
            size += size_of(&table.columns[i], capacity)
    arena = place = <uint8_t *>new_arena(size)
    if arena is NULL:
        return MEMORY
    for i in range(table.column_count):
        column = &table.columns[i]
        if column.level != level:
            continue
        kept = <size_t>(before // 8)
        column.valid = moved(&place, column.valid, kept, <size_t>(capacity // 8))
        memset(column.valid + kept, 0xFF, <size_t>((capacity - before) // 8))
        if column.kind == c"n":
            column.data = moved(
                &place, column.data, <size_t>(before * column.width), <size_t>(capacity * column.width)
            )
        elif column.kind == c"b":
            column.data = moved(&place, column.data, kept, <size_t>(capacity // 8))
            memset(column.data + kept, 0, <size_t>((capacity - before) // 8))
        elif column.kind == c"l" or column.kind == c"v":
            kept = <size_t>(before + 1) * sizeof(int32_t) if before else 0
            column.offsets = <int32_t *>moved(
                &place, column.offsets, kept, <size_t>(capacity + 1) * sizeof(int32_t)
            )
            column.offsets[0] = 0
    free(table.levels[level].arena)
    table.levels[level].arena = arena
    table.levels[level].capacity = capacity
    return OK


cdef inline int ensure(Table *table, int32_t level, int64_t more) noexcept nogil:
    """Sees to room for so many more rows."""
    if table.levels[level].count + more <= table.levels[level].capacity:
        return OK
    return grow(table, level, table.levels[level].count + more)


cdef inline void put_number(Column *column, int64_t row, int64_t number) noexcept nogil:
    if column.width == 4:
        (<int32_t *>column.data)[row] = <int32_t>number
    elif column.width == 8:
        (<int64_t *>column.data)[row] = number
    elif column.width == 2:
        (<uint16_t *>column.data)[row] = <uint16_t>number
    else:
        column.data[row] = <uint8_t>number


cdef inline void put_flag(Column *column, int64_t row, bint flag) noexcept nogil:
    if flag:
        column.data[row >> 3] |= <uint8_t>(1 << (row & 7))
    else:
        column.data[row >> 3] &= <uint8_t>~(1 << (row & 7))


cdef inline void put_no_value(Table *table, Column *column) noexcept nogil:
    """No value in one column."""
    cdef int64_t row = table.levels[column.level].count
    column.valid[row >> 3] &= <uint8_t>~(1 << (row & 7))
    column.has_nulls = True
    column.nothing_before = row + 1
    if column.kind == c"n":
        put_number(column, row, 0)
    elif column.kind == c"b":
        put_flag(column, row, False)
    elif column.kind == c"l":
        column.offsets[row + 1] = <int32_t>table.levels[column.child].count
    elif column.kind == c"v":
        column.offsets[row + 1] = <int32_t>column.used


cdef inline void put_nothing(Table *table, int32_t at) noexcept nogil:
    """No value, nor anything inside."""
    cdef int32_t i
    for i in range(at, at + table.columns[at].inside + 1):
        if table.columns[i].level == table.columns[at].level:
            put_no_value(table, &table.columns[i])


cdef uint8_t *room_for(Column *column, int64_t size) noexcept nogil:
    """Where the next bytes of what varies in length go; NULL if memory ran out."""
    cdef void *more
    cdef int64_t room
    if column.used + size > column.room or column.data is NULL:
        room = max(2 * column.room, column.used + size, FEWEST_ROWS)
        more = realloc(column.data, <size_t>room)
        if more is NULL:
            return NULL
        column.data = <uint8_t *>more
        column.room = room
    return column.data + column.used


cdef inline void end_bytes(Column *column, int64_t row, int64_t size) noexcept nogil:
    column.used += size
    column.offsets[row + 1] = <int32_t>column.used


cdef void empty_table(Table *table) noexcept:
    """Forgets all rows."""
    cdef Column *column
    cdef int32_t i
    for i in range(table.column_count):
        column = &table.columns[i]
        if column.kind == c"v":
            free(column.data)
        column.data = column.valid = NULL
        column.offsets = NULL
        column.used = column.room = 0
        column.has_nulls = False
        column.nothing_before = 0
    for i in range(table.level_count):
        free(table.levels[i].arena)
        table.levels[i] = Level(0, 0, table.levels[i].expected, NULL)


cdef void truncate(Table *table, int64_t rows) noexcept nogil:
    """Takes back all rows but the first ones, and what was begun of a row."""
    cdef Column *column
    cdef int64_t row, kept
    cdef int32_t i
    if table.levels[0].capacity == 0:
        return
    table.levels[0].count = rows
    for i in range(table.column_count):
        column = &table.columns[i]
        if table.levels[column.level].capacity == 0:
            if column.kind == c"l":
                table.levels[column.child].count = 0
            continue
        kept = table.levels[column.level].count
        for row in range(kept, column.nothing_before):
            column.valid[row >> 3] |= <uint8_t>(1 << (row & 7))
        if column.nothing_before > kept:
            column.nothing_before = kept
        if column.kind == c"l":
            table.levels[column.child].count = column.offsets[kept]
        elif column.kind == c"v":
            column.used = column.offsets[kept]


# What is noted on the way


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
    int32_t kind       # 1 ways, 2 unit, 3 event, 4 Fn of an AFN
    int32_t a
    int32_t b
    int32_t c
    int32_t d


cdef struct Value:
    bint there
    int64_t number
    int32_t fault


@cython.final
cdef class Interpreter:
    """Reads frames into columns by a plan."""

    cdef object _plan
    cdef Owner _owner
    cdef int32_t _user_data
    cdef bint _ffff_is_all
    # What the plan has said so far.
    cdef Ways *_ways[32 * 256]
    cdef void ***_units[12 * 256]      # for each set, direction and AFN: for each Fn a program, or an odd number, a fault
    cdef Program *_events[3 * 256]
    cdef uint8_t _no_event[3 * 256]
    cdef uint8_t *_wanted[256]         # for each AFN a bit for each Fn ...
    cdef uint8_t _any_wanted[256]      # ... or 1: any; 2: none
    cdef uint8_t *_known[256]
    cdef uint8_t _is_known[256]
    cdef Table *_tables
    cdef int32_t _table_count
    # The frame that is being read.
    cdef const uint8_t *_data
    cdef int32_t _frame
    cdef int32_t _size
    cdef Way _way
    cdef int32_t _coding
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
        global tables_are_made
        if not tables_are_made:  # not when the module is imported: that shall be quick
            _make_tables()
            tables_are_made = True
        if address_size not in (5, 7):
            raise ValueError(f"an address has 5 or 7 bytes, not {address_size!r}")
        self._plan = plan
        self._owner = Owner()
        self._user_data = 7 + address_size
        self._ffff_is_all = plan.ffff_is_all
        self._most_slots = 1
        self._catch_up()

    def __dealloc__(self):
        cdef int32_t i
        for i in range(self._table_count):
            empty_table(&self._tables[i])
            free(self._tables[i].columns)
            free(self._tables[i].levels)
        free(self._tables)
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
                raise ValueError("a frame lies outside the buffer, or is none")
        return number

    @cython.critical_section
    def take(self):
        """Returns what was read since the last time."""
        from plmsproto.bulk.columns import Harvest

        cdef int32_t i
        self._begin()
        try:
            tables = {}
            for i in range(self._table_count):
                if self._tables[i].levels[0].count:
                    tables[i] = self._take_table(&self._tables[i])
            editions = PyBytes_FromStringAndSize(<char *>self._editions, self._edition_count)
            self._edition_count = 0
            return Harvest(tables, editions)
        finally:
            self._busy = False

    cdef _take_table(self, Table *table):
        from plmsproto.bulk.columns import TableData

        cdef int32_t i
        counts = tuple([table.levels[i].count for i in range(table.level_count)])
        for i in range(table.level_count):
            table.levels[i].expected = (table.levels[i].count * 17 // 16 + FEWEST_ROWS) // 64 * 64
        try:
            return TableData(counts[0], self._take_columns(table), counts)
        finally:
            empty_table(table)

    cdef tuple _take_columns(self, Table *table):
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
        """Learns of the tables that the plan has got meanwhile."""
        cdef Table *table
        cdef int32_t i
        specs = list(self._plan.tables)
        if len(specs) <= self._table_count:
            return 0
        more = <Table *>realloc(self._tables, len(specs) * sizeof(Table))
        if more is NULL:
            raise MemoryError
        self._tables = more
        for spec in specs[self._table_count:]:
            table = &self._tables[self._table_count]
            memset(table, 0, sizeof(Table))
            table.columns = <Column *>calloc(len(spec.shapes), sizeof(Column))
            table.levels = <Level *>calloc(spec.levels, sizeof(Level))
            if table.columns is NULL or table.levels is NULL:
                free(table.columns)
                free(table.levels)
                raise MemoryError
            table.column_count = len(spec.shapes)
            table.level_count = spec.levels
            self._table_count += 1
            for i, shape in enumerate(spec.shapes):
                table.columns[i].kind = ord(shape.kind)
                table.columns[i].width = shape.width
                table.columns[i].level = shape.level
                table.columns[i].child = shape.child
                table.columns[i].inside = shape.inside
        return 0

    cdef Program *_learn(self, bound) except NULL:
        """Gets ready for an op table: only then may it be kept."""
        cdef Program *program = self._owner.program(bound)
        cdef int32_t slots = max(self._most_slots, program.slots + 1)
        cdef void *more
        self._catch_up()
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
        cdef Ways *ways
        cdef void **units
        cdef uint8_t *fns
        cdef Py_ssize_t i
        if asked.kind == 1:
            found = self._plan.ways(asked.a, asked.b, asked.c, asked.d)
            ways = <Ways *>self._owner.allocate(sizeof(Ways))
            ways.count = len(found)
            ways.ways = <Way *>self._owner.allocate(len(found) * sizeof(Way))
            for i, each in enumerate(found):
                ways.ways[i] = Way(each.set, each.with_head, each.aux_size, each.has_tp, each.cost)
            self._ways[ways_key(asked.a, asked.b, asked.c, asked.d)] = ways
        elif asked.kind == 2:
            i = (2 * asked.c + asked.d) * 256 + asked.a
            units = <void **>self._units[i]
            if units is NULL:
                units = <void **>self._owner.allocate(HIGHEST_FN * sizeof(void *))
                known = self._plan.known_fns(asked.a)
                fault = None
                for fn in range(1, HIGHEST_FN + 1):
                    if fn not in known:
                        if fault is None:
                            fault = self._plan.unit(asked.a, fn, asked.c, asked.d)
                        units[fn - 1] = <void *>(<size_t>(2 * <size_t>fault + 1))
                self._units[i] = <void ***>units
            if units[asked.b - 1] is NULL:
                bound = self._plan.unit(asked.a, asked.b, asked.c, asked.d)
                if isinstance(bound, int):
                    units[asked.b - 1] = <void *>(<size_t>(2 * <size_t>bound + 1))
                else:
                    units[asked.b - 1] = <void *>self._learn(bound)
        elif asked.kind == 3:
            bound = self._plan.event(asked.a, asked.b)
            if bound is None:
                self._no_event[asked.b * 256 + asked.a] = 1
            else:
                self._events[asked.b * 256 + asked.a] = self._learn(bound)
        else:
            wanted = self._plan.wanted(asked.a)
            self._known[asked.a] = self._bits(self._plan.known_fns(asked.a))
            self._is_known[asked.a] = 1 if self._plan.known_afn(asked.a) else 0
            if wanted is None:
                self._any_wanted[asked.a] = 1
            elif not wanted:
                self._any_wanted[asked.a] = 2
            else:
                self._wanted[asked.a] = self._bits(wanted)
                self._any_wanted[asked.a] = 3
        return 0

    cdef uint8_t *_bits(self, fns) except NULL:
        cdef uint8_t *bits = <uint8_t *>self._owner.allocate(HIGHEST_FN // 8)
        for fn in fns:
            bits[(fn - 1) >> 3] |= <uint8_t>(1 << ((fn - 1) & 7))
        return bits

    cdef int _ask(self, int32_t kind, int32_t a, int32_t b=0, int32_t c=0, int32_t d=0) noexcept nogil:
        self._question = Question(kind, a, b, c, d)
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
            return self._ask(1, tag, control, afn, tpv)
        if not self._any_wanted[afn]:
            return self._ask(4, afn)
        self._direction = control >> 7
        self._completed_count = 0
        if self._any_wanted[afn] != 1:
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
        # The cheapest ways alone are of interest where none can make sense of the first data unit.
        cdef bint hopeless = self._is_hopeless(afn)
        cdef int status
        self._errors, self._error_room = self._other_errors, self._other_room
        self._trial = True
        for i in range(1, ways.count):
            cost = 1 + ways.ways[i].cost
            if budget < 0 or (hopeless and cost > best_cost):
                break
            budget -= user_data
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
        if self._any_wanted[afn] == 2:
            return FAILED
        while position + 4 <= stop:
            da1, da2 = self._data[position], self._data[position + 1]
            bits = self._data[position + 2]
            points = count_points(da1, da2, coding_of(set), False)
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
        cdef int32_t end_of_units = end - way.aux_size
        cdef int status
        cdef Value value
        self._error_count = self._lost = 0
        self._way = way[0]
        self._coding = coding_of(way.set)
        self._afn = self._fn = self._pn = 0
        self._nested = self._in_event = self._dry = False
        self._depth = 0
        if end_of_units < first or (end_of_units == first and first < end):
            self._lost = end - first + 1
            return self._note(first, end - first, first, NO_ROOM, AUX_OP)
        self._position, self._stop = first, end_of_units
        status = self._read_units(afn)
        if status == FAILED:
            # An identifier that is none: the rest is no data unit.
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
            value = read_time(self._data + end - TP_SIZE + 1, 4, 0x4321, PARTIAL)
            if value.fault:
                self._afn = self._fn = self._pn = 0
                return self._note(end - TP_SIZE + 1, 4, end - TP_SIZE + 1, value.fault, TP_OP)
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
            if ensure(table, 0, 1) != OK:
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
        self._tables[table].levels[0].count += 1
        return OK

    cdef void _back_to(self, int64_t completed, int64_t errors) noexcept nogil:
        """Takes back the rows that were completed since, and (unless -1) the errors that were noted."""
        cdef int64_t i
        for i in range(completed, self._completed_count):
            self._tables[self._completed[i]].levels[0].count -= 1
        for i in range(completed, self._completed_count):
            truncate(&self._tables[self._completed[i]], self._tables[self._completed[i]].levels[0].count)
        self._completed_count = completed
        if errors >= 0:
            self._error_count = errors

    # ---- data units

    cdef inline int _find_unit(self, int32_t afn, int32_t fn, int32_t set, Program **program) noexcept nogil:
        cdef void **units = <void **>self._units[(2 * set + self._direction) * 256 + afn]
        cdef size_t found
        if units is NULL or units[fn - 1] is NULL:
            return self._ask(2, afn, fn, set, self._direction)
        found = <size_t>units[fn - 1]
        if found & 1:
            return self._fail(<int32_t>(found >> 1))
        program[0] = <Program *>found
        return OK

    cdef int _read_units(self, int32_t afn) noexcept nogil:
        cdef const uint8_t *raw
        cdef int32_t start, first_fn, groups, members, base, group, left, point, bits
        cdef int status
        cdef uint8_t da1, da2, dt1
        while self._position < self._stop:
            start = self._position
            raw = self._data + start
            if self._stop - start < 4:
                return self._no_identifier(afn, LEFT_OVER)
            da1, da2, dt1 = raw[0], raw[1], raw[2]
            first_fn = 8 * raw[3] + 1
            if count_points(da1, da2, self._coding, self._ffff_is_all) == 0:
                return self._no_identifier(afn, NO_POINT)
            if dt1 == 0:
                return self._no_identifier(afn, NO_FN)
            self._position += 4
            # All points of a rectangle of groups and members; one group, or none at all, is a rectangle too.
            groups, members = 1, da1
            if not (da1 or da2):
                base, members = 0, 1
            elif self._coding == 0:
                base, groups = 1, da2
            elif da1 == 0xFF and (da2 == 0 or (self._ffff_is_all and da2 == 0xFF)):
                base, members = ALL_POINTS, 1
            else:
                base = 8 * (da2 - 1) + 1
            while groups:
                group = base + 8 * LOWEST_BIT[groups]
                left = members
                while left:
                    point = group + LOWEST_BIT[left]
                    bits = dt1
                    while bits:
                        status = self._read_unit(afn, first_fn + LOWEST_BIT[bits], point)
                        if status != OK:
                            return OK if status == FAILED else status
                        bits &= bits - 1
                    left &= left - 1
                groups &= groups - 1
        return OK

    cdef int _no_identifier(self, int32_t afn, int32_t fault) noexcept nogil:
        if not self._any_wanted[afn]:
            return self._ask(4, afn)
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
        cdef int32_t i
        cdef int64_t row
        cdef int status
        if program.table >= 0 and not self._dry:
            whose = &self._tables[program.table]
            table = NULL if self._trial else whose
        # A row can't begin in a table in which another one is being written.
        if self._depth == MOST_DEPTH or (whose is not NULL and whose.begun):
            return self._fail(NESTED, self._position)
        self._numbers = self._free_numbers + self._depth * self._most_slots
        self._numbers[0] = length
        for i in range(1, program.slots):
            self._numbers[i] = NOTHING
        if table is not NULL:
            if ensure(table, 0, 1) != OK:
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
            return self._complete(program.table)
        truncate(table, table.levels[0].count)
        return status

    # ---- ops

    cdef int _run(self, Program *program, Table *table, int32_t at, int32_t end) noexcept nogil:
        """Does the ops from ``at`` to before ``end``."""
        cdef Op *op
        cdef int status
        while at < end:
            op = &program.ops[at]
            if op.quick:
                at += self._run_quick(op, table, end - at)
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
                if not self._holds(op):
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

    cdef inline int32_t _run_quick(self, Op *op, Table *table, int32_t most) noexcept nogil:
        """Does frequent ops up to the first that is none, or whose bytes are no value; returns how many."""
        cdef const uint8_t *raw = self._data + self._position
        cdef const uint8_t *end = self._data + self._stop
        cdef Column *column
        cdef int64_t number = 0, row = -1
        cdef uint8_t bad = 0
        cdef int32_t done = 0
        while done < most and op.quick and end - raw >= op.size:
            if op.quick == SIGNED_2:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1] & 0x7F]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1] & 0x7F]
                if raw[1] & 0x80:
                    number = -number
            elif op.quick == SIGNED_3:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2] & 0x7F]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2] & 0x7F]
                if raw[2] & 0x80:
                    number = -number
            elif op.quick == PLAIN_2:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]]
            elif op.quick == PLAIN_3:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2]]
            elif op.quick == PLAIN_4:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]] | TWO_DIGITS[raw[3]]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2]]
                number += 1000000 * TWO_DIGITS[raw[3]]
            elif op.quick == PLAIN_5:
                bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]] | TWO_DIGITS[raw[3]]
                bad |= TWO_DIGITS[raw[4]]
                number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2]]
                number += 1000000 * TWO_DIGITS[raw[3]] + 100000000 * <int64_t>TWO_DIGITS[raw[4]]
            elif op.quick == STAMP_5:
                bad = read_stamp(raw, &number)
            if bad & BAD:
                if op.quick == STAMP_5 or not is_stray_fill(raw, op.size):
                    break
                if table is not NULL and op.column >= 0:
                    put_no_value(table, &table.columns[op.column])
            elif table is not NULL and op.column >= 0:
                column = &table.columns[op.column]
                if row < 0:
                    row = table.levels[column.level].count  # the same for all fields of a record
                put_number(column, row, number * op.multiplier)
            raw += op.size
            op += 1
            done += 1
        self._position = <int32_t>(raw - self._data)
        return done

    cdef inline bint _holds(self, Op *op) noexcept nogil:
        cdef int64_t number = self._numbers[op.slot]
        if number == NOTHING or (op.slot == 0 and number < 0):
            return False
        if is_large(number):
            number = INT64_MAX
        if op.mode == 0:
            return number == op.arg
        if op.mode == 1:
            return number != op.arg
        if op.mode == 2:
            return number <= op.arg
        if op.mode == 3:
            return number >= op.arg
        if op.mode == 4:
            return number < op.arg
        return number > op.arg

    cdef void _put_absent(self, Program *program, Table *table, Op *op) noexcept nogil:
        cdef int32_t i
        if table is NULL or op.absent < 0:
            return
        for i in range(program.absent[op.absent].size):
            put_no_value(table, &table.columns[program.absent[op.absent].values[i]])

    cdef inline bint _in_fill_run(self, int32_t position) noexcept nogil:
        """Whether the one byte there is one of at least three EEH in a row."""
        cdef const uint8_t *data = self._data
        cdef int32_t first = position, last = position
        if data[position] != NO_DATA:
            return False
        while first > self._start and first > position - 2 and data[first - 1] == NO_DATA:
            first -= 1
        while last + 1 < self._stop and last < position + 2 and data[last + 1] == NO_DATA:
            last += 1
        return last - first >= 2

    cdef int _count(self, Program *program, Op *op, int64_t *count) noexcept nogil:
        """How many; -1 until the end."""
        cdef Count *counted = &program.counts[op.counter]
        cdef int64_t number
        if counted.kind == CONSTANT:
            count[0] = counted.constant
            return OK
        if counted.kind == TO_END:
            count[0] = -1
            return OK
        number = self._numbers[counted.slot]
        if number == NOTHING or (counted.slot == 0 and number < 0):
            count[0] = 0
            return OK
        if counted.kind == POPCOUNT:
            number = bits_of_large(number) if is_large(number) else popcount(<uint64_t>(-number if number < 0 else number))
        elif is_large(number):
            number = INT64_MAX
        if counted.kind == TABLE:
            if number < 0 or number >= program.tables[counted.table].size:
                return self._fail(UNKNOWN_COUNT)
            number = program.tables[counted.table].values[number]
            if number < 0:
                return self._fail(UNKNOWN_COUNT)
        if counted.constant > 0 and number > INT64_MAX - counted.constant:
            number = INT64_MAX
        else:
            number += counted.constant
        count[0] = max(0, number)
        return OK

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
            if size < 0:
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
        elif op.code <= SIGNED and size == 1 and self._in_fill_run(start):
            value = Value(False, 0, 0)
        else:
            value = read_number(self._data + start, op)
        if value.fault:
            status = self._note(start, <int32_t>size, start, value.fault, op.number)
            if status != OK:
                return status
            value.there = False
        if op.slot >= 0:
            self._numbers[op.slot] = value.number + op.add if value.there else NOTHING
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
                there = not (raw[0] == 0xEF or raw[0] == 0xFE or raw[0] == 0xFF)
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
            return self._put_identifier(table, op, raw)
        end_bytes(column, table.levels[column.level].count, made)
        return OK

    cdef int _read_bit_string(
        self, Table *table, Op *op, Column *column, int32_t start, int32_t size
    ) noexcept nogil:
        cdef const uint8_t *raw = self._data + start
        cdef uint64_t word = 0
        cdef bint there = True, large = False
        cdef int32_t i, bit, child, bits = 0
        cdef int64_t row
        if size == 1:
            there = not self._in_fill_run(start)
        elif size > 1:
            there = not is_filled(raw, size, NO_DATA)
        if op.slot >= 0:
            for i in range(size):
                bits += popcount(raw[i])
                if i < 8:
                    word |= <uint64_t>raw[i] << 8 * i
                elif raw[i]:
                    large = True
            if not there:
                self._numbers[op.slot] = NOTHING
            else:
                self._numbers[op.slot] = large_of(bits) if large or word > <uint64_t>INT64_MAX else <int64_t>word
        if column is NULL:
            return OK
        if not there:
            put_nothing(table, op.column)
            return OK
        child = column.child
        if ensure(table, child, 8 * size) != OK:
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

    cdef int _put_identifier(self, Table *table, Op *op, const uint8_t *raw) noexcept nogil:
        cdef int32_t at = op.column, group, member, bit, groups = raw[1], members = raw[0]
        cdef int64_t number
        cdef int32_t i
        for i in range(3 if table.columns[at].inside > 4 else 2):
            if ensure(table, table.columns[at + 1 + 2 * i].child, 64) != OK:
                return MEMORY
        if not (raw[0] or raw[1]):
            self._append(table, at + 1, 0)
        elif op.mode & 1:
            if raw[0] == 0xFF and raw[1] == 0:
                self._append(table, at + 1, ALL_POINTS)
            else:
                for member in range(8):
                    if members >> member & 1:
                        self._append(table, at + 1, 8 * (groups - 1) + member + 1)
        else:
            for group in range(8):
                for member in range(8):
                    if groups >> group & 1 and members >> member & 1:
                        self._append(table, at + 1, 8 * group + member + 1)
        for bit in range(8):
            if raw[2] >> bit & 1:
                number = 8 * raw[3] + bit + 1
                self._append(table, at + 3, number)
                if table.columns[at].inside > 4:
                    self._append(table, at + 5, number)
        for i in range(3 if table.columns[at].inside > 4 else 2):
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
        cdef uint64_t word = 0
        cdef bint there = True
        cdef int32_t i
        cdef int64_t row, number
        cdef Op *part
        cdef Column *column
        if size > self._stop - start:
            return self._fail(DATA_END, start, op.number)
        self._position += size
        for i in range(size):
            word |= <uint64_t>raw[i] << 8 * i
        if is_filled(raw, size, NO_DATA) and (size > 1 or self._in_fill_run(start)):
            there = False
        for i in range(at, op.jump):
            part = &program.ops[i]
            number = word >> part.arg & ((<uint64_t>1 << part.size) - 1)
            if part.slot >= 0:
                self._numbers[part.slot] = number if there else NOTHING
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
        if ensure(table, table.columns[op.column].child, op.arg) != OK:
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
        cdef bint records = False, plain = False, events = program.ops[at].code == EVENT
        cdef int status = self._count(program, op, &wanted)
        if status != OK:
            return status
        if wanted > 0 and op.arg and wanted > (self._stop - self._position) // op.arg:
            return self._fail(LIST_END, self._position, op.number)
        if kept is not NULL:
            child = kept.columns[op.column].child
            records = kept.columns[op.column + 1].kind == c"r" and program.ops[at].column != op.column + 1
            # No entry takes no byte.
            if wanted > 0 and ensure(kept, child, min(wanted, self._stop - self._position)) != OK:
                return MEMORY
            plain = op.jump == at + 1 and program.ops[at].quick and not records
        while self._position < self._stop if wanted < 0 else done < wanted:
            if plain:
                done += self._read_plain_list(kept, &program.ops[at], wanted - done)
                if done == wanted:
                    break
            before = self._position
            if events:
                self._record = <int32_t>done
            if kept is not NULL:
                if ensure(kept, child, 1) != OK:
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
                done += read_digits_32(
                    raw + done * op.size, op.quick, wanted - done, op.multiplier, <uint32_t *>column.data + row + done
                )
            elif column.width == 8:
                done += read_digits_64(
                    raw + done * op.size, op.quick, wanted - done, op.multiplier, <uint64_t *>column.data + row + done
                )
            table.levels[column.level].count = row + done
            if done == wanted or op.quick == STAMP_5 or not is_stray_fill(raw + done * op.size, op.size):
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
            return OK
        if self._position >= self._stop:
            return self._fail(DATA_END, self._position, op.number)
        length = self._data[self._position]
        self._position += 1
        program = self._events[edition * 256 + erc]
        if program is NULL and not self._no_event[edition * 256 + erc]:
            return self._ask(3, erc, edition)
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
        if not self._any_wanted[op.arg]:
            return self._ask(4, op.arg)
        self._nested = True
        status = self._read_units(op.arg)
        self._nested = False
        return status


# Values


ctypedef fused Kept:  # with or without a sign, the bytes are the same; but only without one may numbers wrap
    uint32_t
    uint64_t


cdef inline int64_t read_digits(
    const uint8_t *raw, int32_t size, uint8_t sign, int64_t wanted, int64_t multiplier, Kept *kept
) noexcept nogil:
    """Reads numbers in BCD one after another up to the first that is none; inlined for every size."""
    cdef int64_t done
    cdef uint8_t bad, last
    cdef Kept number
    for done in range(wanted):
        last = TWO_DIGITS[raw[size - 1] & <uint8_t>~sign]
        bad = TWO_DIGITS[raw[0]] | last
        number = TWO_DIGITS[raw[0]]
        if size == 2:
            number += 100 * <Kept>last
        elif size == 3:
            bad |= TWO_DIGITS[raw[1]]
            number += 100 * <Kept>TWO_DIGITS[raw[1]] + 10000 * <Kept>last
        elif size == 4:
            bad |= TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]]
            number += 100 * <Kept>TWO_DIGITS[raw[1]] + 10000 * <Kept>TWO_DIGITS[raw[2]] + 1000000 * <Kept>last
        else:
            bad |= TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]] | TWO_DIGITS[raw[3]]
            number += 100 * <Kept>TWO_DIGITS[raw[1]] + 10000 * <Kept>TWO_DIGITS[raw[2]]
            number += 1000000 * <Kept>TWO_DIGITS[raw[3]] + 100000000 * <Kept>last
        if bad & BAD:
            return done
        if raw[size - 1] & sign:
            number = -number
        kept[done] = number * <Kept>multiplier
        raw += size
    return wanted


cdef int64_t read_digits_32(
    const uint8_t *raw, int32_t quick, int64_t wanted, int64_t multiplier, uint32_t *kept
) noexcept nogil:
    if quick == SIGNED_2:
        return read_digits(raw, 2, 0x80, wanted, multiplier, kept)
    if quick == SIGNED_3:
        return read_digits(raw, 3, 0x80, wanted, multiplier, kept)
    if quick == PLAIN_2:
        return read_digits(raw, 2, 0, wanted, multiplier, kept)
    if quick == PLAIN_3:
        return read_digits(raw, 3, 0, wanted, multiplier, kept)
    if quick == PLAIN_4:
        return read_digits(raw, 4, 0, wanted, multiplier, kept)
    return 0


cdef int64_t read_digits_64(
    const uint8_t *raw, int32_t quick, int64_t wanted, int64_t multiplier, uint64_t *kept
) noexcept nogil:
    if quick == SIGNED_2:
        return read_digits(raw, 2, 0x80, wanted, multiplier, kept)
    if quick == SIGNED_3:
        return read_digits(raw, 3, 0x80, wanted, multiplier, kept)
    if quick == PLAIN_4:
        return read_digits(raw, 4, 0, wanted, multiplier, kept)
    if quick == PLAIN_5:
        return read_digits(raw, 5, 0, wanted, multiplier, kept)
    return 0


cdef inline int32_t ways_key(int32_t tag, int32_t control, int32_t afn, int32_t tpv) noexcept nogil:
    return ((tag == 2) << 4 | (control >> 5) << 1 | tpv) * 256 + afn


cdef inline int32_t coding_of(int32_t set) noexcept nogil:
    """1 for the numbered groups of 376.1, 0 for the bit groups of 130, the first edition."""
    return set >= 2


cdef inline int32_t popcount(uint64_t word) noexcept nogil:
    cdef int32_t bits = 0
    while word:
        word &= word - 1
        bits += 1
    return bits


# Numbers too large for 64 bits: of those, which are bit strings, it is known how many bits are set.


cdef inline int64_t large_of(int32_t bits) noexcept nogil:
    return NOTHING + 1 + bits


cdef inline bint is_large(int64_t number) noexcept nogil:
    return number < NOTHING // 2


cdef inline int64_t bits_of_large(int64_t number) noexcept nogil:
    return number - NOTHING - 1


cdef inline int32_t count_points(uint8_t da1, uint8_t da2, int32_t coding, bint ffff_is_all) noexcept nogil:
    """How many points DA names; 0 if it can't be read."""
    if not (da1 or da2):
        return 1
    if coding == 0:
        return popcount(da1) * popcount(da2)
    if da1 == 0xFF and (da2 == 0 or (ffff_is_all and da2 == 0xFF)):
        return 1
    return popcount(da1) if da2 else 0


cdef inline bint is_filled(const uint8_t *raw, int32_t size, uint8_t byte) noexcept nogil:
    cdef int32_t i
    for i in range(size):
        if raw[i] != byte:
            return False
    return True


cdef inline bint is_stray_fill(const uint8_t *raw, int32_t size) noexcept nogil:
    """Whether a BCD field has no data: one of the fill bytes throughout."""
    cdef uint8_t byte = raw[0]
    return (byte == NO_DATA or byte == 0xEF or byte == 0xFE or byte == 0xFF) and is_filled(raw, size, byte)


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


cdef Value read_number(const uint8_t *raw, Op *op) noexcept nogil:
    """A number of fixed width, in units of its format's last place."""
    cdef int64_t number = 0, place = 1
    cdef uint64_t word = 0
    cdef uint8_t bad = 0, two
    cdef int32_t i, size = op.size, exponent
    if op.code == UNSIGNED or op.code == SIGNED:
        if size > 1 and is_filled(raw, size, NO_DATA):
            return Value(False, 0, 0)
        for i in range(size):
            word |= <uint64_t>raw[i] << 8 * i
        number = <int64_t>word
        if op.code == SIGNED and raw[size - 1] & 0x80:
            number -= <int64_t>1 << 8 * size
        return Value(True, number, 0)
    if op.code == BCD or op.code == SIGNED_BCD:
        for i in range(size):
            two = TWO_DIGITS[raw[i] & 0x7F if op.code == SIGNED_BCD and i == size - 1 else raw[i]]
            bad |= two
            number += place * two
            place *= 100
        if op.code == SIGNED_BCD and raw[size - 1] & 0x80:
            number = -number
    elif op.code == ENERGY:
        if is_stray_fill(raw, size):
            return Value(False, 0, 0)
        if raw[3] & 0xA0:
            return Value(False, 0, SPARE_OF_A3)
        two = TWO_DIGITS[raw[3] & 0x0F]
        bad = TWO_DIGITS[raw[0]] | TWO_DIGITS[raw[1]] | TWO_DIGITS[raw[2]] | two
        number = TWO_DIGITS[raw[0]] + 100 * TWO_DIGITS[raw[1]] + 10000 * TWO_DIGITS[raw[2]] + 1000000 * <int64_t>two
        if raw[3] & 0x40:
            number *= 1000
        if raw[3] & 0x10:
            number = -number
    elif op.code == FLOATING_POWER:
        two = TWO_DIGITS[raw[1] & 0x0F]
        bad = TWO_DIGITS[raw[0]] | two
        exponent = 4 - (raw[1] >> 5)
        number = (TWO_DIGITS[raw[0]] + 100 * <int64_t>two) * TENS[exponent + 3]
        if raw[1] & 0x10:
            number = -number
    else:  # COEFFICIENT
        number = bad = TWO_DIGITS[raw[0] & 0x7F]
        if raw[0] & 0x80:
            number = -number
    if bad & BAD:
        return Value(False, 0, 0 if is_stray_fill(raw, size) else NOT_BCD)
    return Value(True, number, 0)


cdef inline uint8_t read_stamp(const uint8_t *raw, int64_t *number) noexcept nogil:
    """Minute, hour, day, month and year as seconds; BAD for what is none, or must be looked at more closely."""
    cdef int32_t minute = TWO_DIGITS[raw[0]], hour = TWO_DIGITS[raw[1]], day = TWO_DIGITS[raw[2]]
    cdef int32_t month = TWO_DIGITS[raw[3]], year = TWO_DIGITS[raw[4]]
    if minute > 59 or hour > 23 or month > 12 or month == 0 or year > 99:
        return BAD
    month += 12 * year - 1
    if day == 0 or day > DAYS_OF[month]:
        return BAD
    number[0] = 86400 * <int64_t>(DAYS_BEFORE[month] + day - 1) + 3600 * hour + 60 * minute
    return 0


cdef Value read_time(const uint8_t *raw, int32_t size, int64_t parts, int32_t kind) noexcept nogil:
    """A time as a number; of a partial one, only whether there is one."""
    cdef int32_t numbers[7]  # by part, from 1: second, minute, hour, day, month, year
    cdef int32_t i, part, month
    cdef uint8_t two, bad = 0, any_bit = 0
    cdef bint has_day = False
    cdef int64_t days
    numbers[1] = numbers[2] = numbers[3] = numbers[6] = 0
    numbers[4] = numbers[5] = 1
    for i in range(size):
        part = parts >> 4 * i & 15
        two = raw[i]
        any_bit |= two
        if part == 5 and kind == CLOCK:
            two &= 0x1F  # the weekday is above it
        two = TWO_DIGITS[two]
        bad |= two
        numbers[part] = two
        has_day = has_day or part == 4 or part == 5
    if any_bit == 0 and has_day:
        return Value(False, 0, 0)
    if (bad & BAD or kind == CLOCK) and is_stray_fill(raw, size):
        return Value(False, 0, 0)
    if bad & BAD:
        return Value(False, 0, NOT_BCD)
    if (
        numbers[1] > 59 or numbers[2] > 59 or numbers[3] > 23
        or numbers[5] < 1 or numbers[5] > 12 or numbers[4] < 1
    ):
        return Value(False, 0, NO_TIME)
    month = 12 * numbers[6] + numbers[5] - 1
    if numbers[4] > DAYS_OF[month]:
        return Value(False, 0, NO_TIME)
    days = DAYS_BEFORE[month] + numbers[4] - 1
    if kind == DATE:
        return Value(True, days, 0)
    if kind == TIME_OF_DAY:
        return Value(True, 3600 * numbers[3] + 60 * numbers[2] + numbers[1], 0)
    return Value(True, 86400 * days + 3600 * numbers[3] + 60 * numbers[2] + numbers[1], 0)


cdef int64_t write_text(int32_t code, const uint8_t *raw, int32_t size, uint8_t *room) noexcept nogil:
    """Writes text in UTF-8 (or the bytes themselves), at most twice the bytes, if there is room.

    Returns:
        Its size, or minus a fault.
    """
    cdef int64_t made = 0
    cdef int32_t i, nibble, point, shift
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
                # What stands behind the end does not matter, but before it does.
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


cdef uint8_t *HEX_DIGITS = b"0123456789ABCDEF"


cdef inline int64_t put_byte(uint8_t *room, int64_t made, uint8_t byte) noexcept nogil:
    if room is not NULL:
        room[made] = byte
    return made + 1
