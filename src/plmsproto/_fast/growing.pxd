"""Columns that grow: memory for the rows of a table, without the GIL and without Python.

A table has levels: its own rows, and the entries of each list. All columns of a level have as many rows, and share one
arena, which is replaced by one twice as large when it is full. Only text and bytes have memory of their own. Bits of
validity are set to begin with, so that nothing is done for a value that is there.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy, memset

from plmsproto._fast._memory cimport Pool, Slab, aligned, arena_from, moved

cdef enum:
    FEWEST_ROWS = 64  # room is made for so many at least; always for whole bytes of bits


cdef struct Column:
    int32_t kind      # a letter, as in bulk.schema.Column.storage
    int32_t width
    int32_t level
    int32_t child
    int32_t inside
    bint has_nulls
    int64_t nothing_before  # one past the last row that is marked as having no value
    uint8_t *data
    uint8_t *valid
    int32_t *offsets
    int64_t used      # bytes of data of what varies in length ...
    int64_t room      # ... and how many there is room for


cdef struct Level:
    int64_t count
    int64_t capacity
    int64_t expected   # as many rows as there were the last time
    uint8_t *arena     # where all its columns are ...
    Slab *slab         # ... and the slab that it is a part of, if it is one


cdef struct Table:
    int32_t column_count
    int32_t level_count
    Column *columns
    Level *levels
    bint begun   # a row of it is being written
    Pool *pool   # where memory comes from


cdef inline size_t size_of(Column *column, int64_t capacity) noexcept nogil:
    """Bytes that a column of so many rows takes in its level's arena."""
    cdef size_t size = aligned(<size_t>(capacity // 8))
    if column.kind == c"n":
        size += aligned(<size_t>(capacity * column.width))
    elif column.kind == c"b":
        size += aligned(<size_t>(capacity // 8))
    elif column.kind == c"l" or column.kind == c"v":
        size += aligned(<size_t>((capacity + 1) * sizeof(int32_t)))
    return size


cdef inline void free_arena(Level *level) noexcept nogil:
    """Frees what is no part of a slab."""
    if level.slab is NULL:
        free(level.arena)


cdef inline bint grow(Table *table, int32_t level, int64_t needed) noexcept nogil:
    """Gives all columns of a level room for more rows; false if there is no memory."""
    cdef int64_t before = table.levels[level].capacity
    cdef int64_t capacity = max(2 * before, table.levels[level].expected, FEWEST_ROWS)
    cdef size_t size = 0, kept
    cdef Column *column
    cdef uint8_t *arena
    cdef uint8_t *place
    cdef Slab *slab
    cdef int32_t i
    while capacity < needed:
        capacity *= 2
    for i in range(table.column_count):
        if table.columns[i].level == level:
            size += size_of(&table.columns[i], capacity)
    arena = place = arena_from(table.pool, size, &slab)
    if arena is NULL:
        return False
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
    free_arena(&table.levels[level])
    table.levels[level].arena, table.levels[level].slab = arena, slab
    table.levels[level].capacity = capacity
    return True


cdef inline bint ensure(Table *table, int32_t level, int64_t more) noexcept nogil:
    """Sees to room for so many more rows; false if there is no memory."""
    if table.levels[level].count + more <= table.levels[level].capacity:
        return True
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


cdef inline uint8_t *room_for(Column *column, int64_t size) noexcept nogil:
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


cdef inline void empty_table(Table *table) noexcept:
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
        free_arena(&table.levels[i])
        table.levels[i] = Level(0, 0, table.levels[i].expected, NULL, NULL)


cdef inline void truncate(Table *table, int64_t rows) noexcept nogil:
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


cdef inline bint append_rows(Table *table, Table *other) noexcept nogil:
    """Appends all rows of a table that has the same columns; false if there is no memory."""
    cdef Column *column
    cdef Column *source
    cdef uint8_t *room
    cdef int64_t first, rows, row, base
    cdef int32_t i
    for i in range(table.level_count):
        if not ensure(table, i, other.levels[i].count):
            return False
    for i in range(table.column_count):
        column, source = &table.columns[i], &other.columns[i]
        first, rows = table.levels[column.level].count, other.levels[column.level].count
        if rows == 0:
            continue
        if column.kind == c"n":
            memcpy(column.data + first * column.width, source.data, <size_t>(rows * column.width))
        elif column.kind == c"b":
            for row in range(rows):
                put_flag(column, first + row, source.data[row >> 3] >> (row & 7) & 1)
        elif column.kind == c"l" or column.kind == c"v":
            base = table.levels[column.child].count if column.kind == c"l" else column.used
            for row in range(rows):
                column.offsets[first + row + 1] = <int32_t>(base + source.offsets[row + 1])
        if column.kind == c"v" and source.used:
            room = room_for(column, source.used)
            if room is NULL:
                return False
            memcpy(room, source.data, <size_t>source.used)
            column.used += source.used
        for row in range(rows if source.has_nulls else 0):
            if not source.valid[row >> 3] >> (row & 7) & 1:
                column.valid[(first + row) >> 3] &= <uint8_t>~(1 << ((first + row) & 7))
                column.has_nulls = True
                column.nothing_before = first + row + 1
    for i in range(table.level_count):
        table.levels[i].count += other.levels[i].count
    return True
