"""Op tables in C, and what reading by them takes whatever becomes of the values.

Here are the structs, their loader, the numbers that counts and conditions look at, and the points of DA. The ops are
defined in ``plmsproto.layout.program``; formats are in ``values``. ``_columns`` puts the values into columns,
``_objects`` makes Python objects of them.
"""

from libc.stdint cimport INT64_MAX, int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc

from plmsproto._fast.codes cimport CONSTANT, POPCOUNT, SIGNED, TABLE, TO_END, compares
from plmsproto._fast.octets cimport has_no_bits, lowest_bit, popcount
from plmsproto._fast.values cimport Quick, Value, no_data, read_number


# Op tables


cdef struct Op:
    # As in layout.program.Op.
    int32_t code
    int32_t size
    int32_t mode
    int32_t slot
    int32_t counter
    int32_t jump
    int64_t arg
    int64_t add
    # Of ops for columns, as in bulk.binding.BoundOp.
    int32_t column
    int32_t names
    int32_t absent
    int32_t number
    int64_t shift
    int64_t multiplier
    Quick quick
    int32_t alike     # how many ops from here on differ from this one in their column alone, which is the next


cdef struct Count:
    int32_t kind
    int32_t slot
    int64_t constant
    int32_t table


cdef struct Numbers:
    int32_t size
    int32_t *values


cdef struct Program:
    int32_t op_count  # without END
    int32_t slots
    Op *ops
    Count *counts
    Numbers *tables   # of counts: for each code how many, -1 for a code without a meaning
    # Of programs for columns, as in bulk.binding.Bound.
    int32_t table
    int32_t size
    int32_t slack
    int32_t event
    int32_t kind      # the same for those that find the same errors in the same bytes
    Numbers *names
    Numbers *absent
    Numbers nowhere


# Loading


cdef struct Blocks:
    # Memory that is freed together.
    Py_ssize_t count
    void **at


cdef inline void *allocate(Blocks *blocks, size_t size) except NULL:
    """A new block, full of zeros."""
    cdef void **more = <void **>realloc(blocks.at, (blocks.count + 1) * sizeof(void *))
    cdef void *block
    if more is NULL:
        raise MemoryError
    blocks.at = more
    block = calloc(1, size if size else 1)
    if block is NULL:
        raise MemoryError
    blocks.at[blocks.count] = block
    blocks.count += 1
    return block


cdef inline void free_all(Blocks *blocks) noexcept:
    cdef Py_ssize_t i
    for i in range(blocks.count):
        free(blocks.at[i])
    free(blocks.at)


cdef inline Numbers load_numbers(Blocks *blocks, values) except *:
    cdef Numbers made
    cdef Py_ssize_t i
    made.size = len(values)
    made.values = <int32_t *>allocate(blocks, made.size * sizeof(int32_t))
    for i in range(made.size):
        made.values[i] = values[i]
    return made


cdef inline Numbers *load_lists(Blocks *blocks, lists) except NULL:
    cdef Numbers *made = <Numbers *>allocate(blocks, len(lists) * sizeof(Numbers))
    cdef Py_ssize_t i
    for i in range(len(lists)):
        made[i] = load_numbers(blocks, lists[i])
    return made


cdef inline int load_op(Op *op, row) except -1:
    """Fills an op from an ``Op`` or a ``BoundOp``: what both have."""
    op.code, op.size, op.mode, op.slot = row.code, row.size, row.mode, row.slot
    op.counter, op.jump, op.arg, op.add = row.counter, row.jump, row.arg, row.add
    return 0


cdef inline Program *load_program(Blocks *blocks, program) except NULL:
    """The op table of a ``Program`` or a ``Bound``: what both have."""
    cdef Program *made = <Program *>allocate(blocks, sizeof(Program))
    cdef Py_ssize_t i
    made.op_count = len(program.ops) - 1
    made.slots = program.slots
    made.ops = <Op *>allocate(blocks, len(program.ops) * sizeof(Op))
    for i, op in enumerate(program.ops):
        load_op(&made.ops[i], op)
    made.counts = <Count *>allocate(blocks, len(program.counts) * sizeof(Count))
    for i, (kind, slot, constant, table) in enumerate(program.counts):
        made.counts[i] = Count(kind=kind, slot=slot, constant=constant, table=table)
    made.tables = load_lists(blocks, program.tables)
    return made


# Numbers of earlier fields, by slot. Of those too large for 64 bits, which are bit strings, it is known how many bits
# are set.

cdef extern from *:
    """
    #include <stdint.h>
    static const int64_t NO_NUMBER = INT64_MIN;  /* the field has no data, or has not been read */
    """
    const int64_t NO_NUMBER

cdef enum:
    # In the place of a count.
    UP_TO_THE_END = -1
    NO_SUCH_CODE = -2


cdef inline void forget_numbers(const Program *program, int64_t length, int64_t *numbers) noexcept nogil:
    """Before a body is read: no number is known but the length of an event record (or ``NO_NUMBER``)."""
    cdef int32_t i
    numbers[0] = length
    for i in range(1, program.slots):
        numbers[i] = NO_NUMBER


cdef inline int64_t large_of(int32_t bits) noexcept nogil:
    return NO_NUMBER + 1 + bits


cdef inline bint is_large(int64_t number) noexcept nogil:
    return number < NO_NUMBER // 2


cdef inline int64_t bits_of_large(int64_t number) noexcept nogil:
    return number - NO_NUMBER - 1


cdef inline bint holds(const Op *op, const int64_t *numbers) noexcept nogil:
    """Whether a condition is true; it is false where the field has no data."""
    cdef int64_t number = numbers[op.slot]
    if number == NO_NUMBER:
        return False
    return compares(op.mode, INT64_MAX if is_large(number) else number, op.arg)


cdef inline int64_t count_of(const Program *program, int32_t counter, const int64_t *numbers) noexcept nogil:
    """How many, or ``UP_TO_THE_END``, or ``NO_SUCH_CODE``."""
    cdef const Count *count = &program.counts[counter]
    cdef int64_t number
    if count.kind == CONSTANT:
        return count.constant
    if count.kind == TO_END:
        return UP_TO_THE_END
    number = numbers[count.slot]
    if number == NO_NUMBER:
        return 0
    if count.kind == POPCOUNT:
        number = bits_of_large(number) if is_large(number) else popcount(<uint64_t>(-number if number < 0 else number))
    elif is_large(number):
        number = INT64_MAX
    if count.kind == TABLE:
        if number < 0 or number >= program.tables[count.table].size:
            return NO_SUCH_CODE
        number = program.tables[count.table].values[number]
        if number < 0:
            return NO_SUCH_CODE
    if count.constant > 0 and number > INT64_MAX - count.constant:
        return INT64_MAX
    return max(0, number + count.constant)


# Values


cdef inline Value number_of(
    const Op *op, const uint8_t *data, Py_ssize_t at, Py_ssize_t start, Py_ssize_t stop
) noexcept nogil:
    """The number of an op whose bytes begin at a place of a body."""
    if op.code <= SIGNED and has_no_bits(data, at, op.size, start, stop):
        return no_data(False)
    return read_number(data + at, op.code, op.size)


# Points

cdef enum:
    ALL_POINTS = 0xFFFF


cdef struct Points:
    # The points of DA that are still to come: a rectangle of groups and members. One group, or p0, is a rectangle too.
    int32_t first      # the point of the lowest bits
    uint32_t groups    # a bit for each group, the present one in the lowest
    uint32_t members   # a bit for each member of a group
    uint32_t left      # those of the present group


cdef inline bint find_points(
    uint8_t da1, uint8_t da2, bint numbered_groups, bint ffff_is_all, Points *points
) noexcept nogil:
    """Takes the points of DA; false if it does not name any."""
    points.first = points.groups = points.members = points.left = 0
    if not (da1 or da2):
        points.groups = points.members = 1
    elif numbered_groups and da1 == 0xFF and (da2 == 0 or (ffff_is_all and da2 == 0xFF)):
        points.first, points.groups, points.members = ALL_POINTS, 1, 1
    elif not (da1 and da2):
        return False
    elif numbered_groups:
        points.first, points.groups, points.members = 8 * (da2 - 1) + 1, 1, da1
    else:
        points.first, points.groups, points.members = 1, da2, da1
    points.left = points.members
    return True


cdef inline bint next_point(Points *points, int32_t *point) noexcept nogil:
    """Takes the next point, in ascending order; false after the last one."""
    if not points.left:
        points.groups &= points.groups - 1
        if not points.groups:
            return False
        points.left = points.members
    point[0] = points.first + 8 * lowest_bit(points.groups) + lowest_bit(points.left)
    points.left &= points.left - 1
    return True


cdef inline int32_t count_points(uint8_t da1, uint8_t da2, bint numbered_groups, bint ffff_is_all) noexcept nogil:
    """How many points DA names; 0 if it can't be read."""
    cdef Points points
    if not find_points(da1, da2, numbered_groups, ffff_is_all, &points):
        return 0
    return popcount(points.groups) * popcount(points.members)
