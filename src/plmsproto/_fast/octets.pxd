"""Bytes as they come: fill, BCD pairs, bits. What a format makes of them is in ``values``, or where it is read."""

from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t

cdef enum:
    NO_DATA = 0xEE
    FILL_RUN = 3  # from here on a run of EEH is not numbers


cdef inline bint is_filled(const uint8_t *raw, Py_ssize_t size, uint8_t byte) noexcept nogil:
    """Whether all bytes are this one."""
    cdef Py_ssize_t i
    for i in range(size):
        if raw[i] != byte:
            return False
    return True


cdef inline bint is_fill_byte(uint8_t byte) noexcept nogil:
    """Whether a field of digits, full of these, has no data: EEH, or what devices put there instead (STRAY_FILLS)."""
    return byte == NO_DATA or byte == 0xEF or byte == 0xFE or byte == 0xFF


cdef inline bint has_no_digits(const uint8_t *raw, Py_ssize_t size) noexcept nogil:
    """Whether a field of digits has no data."""
    return is_fill_byte(raw[0]) and is_filled(raw, size, raw[0])


cdef inline bint in_fill_run(const uint8_t *data, Py_ssize_t at, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """Whether the byte at a place is one of a run of EEH in a body that is too long to be numbers."""
    cdef Py_ssize_t first = at, end = at + 1
    if data[at] != NO_DATA:
        return False
    while first > start and data[first - 1] == NO_DATA and end - first < FILL_RUN:
        first -= 1
    while end < stop and data[end] == NO_DATA and end - first < FILL_RUN:
        end += 1
    return end - first >= FILL_RUN


cdef inline bint has_no_bits(
    const uint8_t *data, Py_ssize_t at, Py_ssize_t size, Py_ssize_t start, Py_ssize_t stop
) noexcept nogil:
    """Whether a binary field has no data: EEH throughout; a single byte may be a number, unless it is one of a run."""
    if size == 1:
        return in_fill_run(data, at, start, stop)
    return size > 0 and is_filled(data + at, size, NO_DATA)


cdef inline uint64_t little_endian(const uint8_t *raw, Py_ssize_t size) noexcept nogil:
    """At most eight bytes as a number."""
    cdef uint64_t word = 0
    cdef Py_ssize_t i
    for i in range(size):
        word |= <uint64_t>raw[i] << 8 * i
    return word


cdef inline int32_t popcount(uint64_t word) noexcept nogil:
    cdef int32_t bits = 0
    while word:
        word &= word - 1
        bits += 1
    return bits


cdef inline int32_t lowest_bit(uint32_t word) noexcept nogil:
    """The place of the lowest bit that is set; 0 for 0."""
    cdef int32_t place = 0
    while word and not word & 1:
        word >>= 1
        place += 1
    return place
