# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""Checksum, address and frame search, compiled: the twin of ``checksum``, ``address`` and ``scan`` of ``plmsproto.link``.

``plmsproto.link.scan`` defines what a frame is and explains why the work is linear; the parts have the same names there
and here. ``scan`` lets other threads run. ``StreamScanner`` does not: its pieces are small, and its state must not
change under it.
"""

cimport cython
from cpython cimport array
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc, realloc
from libc.string cimport memchr, memmove, memset

from plmsproto._fast._memory cimport Arena, arena_of, memory_of, moved, new_arena

from plmsproto.link.address import Address

cdef enum:
    START = 0x68
    END = 0x16
    HEAD_SIZE = 6
    OVERHEAD = 8
    MAX_NETWORK = 16383
    WINDOW = 1 << 16
    AHEAD = 1 << 10
    # Columns of an index: how many, bytes of a frame in all of them together, and what aligned() adds to one at most.
    COLUMNS = 9
    FRAME_BYTES = 23
    TO_SPARE = 128
    # From one candidate to the next at least: any closer, one of the two would have the other's 68H as the low byte of
    # its length word, and so tag 0.
    STRIDE = 5


# Checksum


cdef inline uint8_t byte_sum(const uint8_t *data, Py_ssize_t size) noexcept nogil:
    # gcc and clang turn this into vector instructions at -O3, not at -O2.
    cdef uint8_t total = 0
    cdef Py_ssize_t i
    for i in range(size):
        total += data[i]
    return total


def checksum(data):
    """Returns the sum of all bytes modulo 256."""
    cdef Py_buffer view
    cdef uint8_t total
    if type(data) is bytes:
        return byte_sum(<const uint8_t *>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    with nogil:
        total = byte_sum(<const uint8_t *>view.buf, view.len)
    PyBuffer_Release(&view)
    return total


# Parts of the search


cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    /* Sixteen bytes from KEEP_LAST + n on keep the last n of sixteen. */
    static const unsigned char KEEP_LAST[32] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

    /* The sum of the bytes after a frame's head, CS and end byte among them.

       Frames are short and of all sizes: a plain loop spends most of its time in the branches of its end, which the
       processor guesses wrong. Here only the number of rounds is to be guessed; what is left after the last one is
       masked. "readable" is how many bytes may be read, the frame's and those after it. */
    #if defined(__SSE2__)
    /* Sixty-four bytes from KEEP_FIRST + 64 - n on keep the first n of sixty-four. */
    static const unsigned char KEEP_FIRST[128] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255};

    static inline __m128i sum_of(const unsigned char *bytes)
    {
        return _mm_sad_epu8(_mm_loadu_si128((const __m128i *)bytes), _mm_setzero_si128());
    }

    static inline __m128i kept_sum(const unsigned char *bytes, const unsigned char *keep)
    {
        return _mm_sad_epu8(
            _mm_and_si128(_mm_loadu_si128((const __m128i *)bytes), _mm_loadu_si128((const __m128i *)keep)),
            _mm_setzero_si128());
    }

    static inline unsigned char frame_sum(const unsigned char *frame, Py_ssize_t size, Py_ssize_t readable)
    {
        const unsigned char *position = frame + 6;
        const unsigned char *end = frame + size;
        const unsigned char *keep;
        __m128i sums = _mm_setzero_si128();

        for (; end - position >= 64; position += 64)
            sums = _mm_add_epi64(sums, _mm_add_epi64(
                _mm_add_epi64(sum_of(position), sum_of(position + 16)),
                _mm_add_epi64(sum_of(position + 32), sum_of(position + 48))));
        if (position + 64 <= frame + readable) {
            keep = KEEP_FIRST + 64 - (end - position);
            sums = _mm_add_epi64(sums, _mm_add_epi64(
                _mm_add_epi64(kept_sum(position, keep), kept_sum(position + 16, keep + 16)),
                _mm_add_epi64(kept_sum(position + 32, keep + 32), kept_sum(position + 48, keep + 48))));
        } else {
            for (; end - position >= 16; position += 16)
                sums = _mm_add_epi64(sums, sum_of(position));
            sums = _mm_add_epi64(sums, kept_sum(end - 16, KEEP_LAST + (end - position)));
        }
        return (unsigned char)(_mm_cvtsi128_si32(sums) + _mm_extract_epi16(sums, 4));
    }
    #else
    /* Not inlined, because only so does gcc make vector instructions of all of it. */
    static Py_NO_INLINE unsigned char frame_sum(const unsigned char *frame, Py_ssize_t size, Py_ssize_t readable)
    {
        unsigned char lanes[32] = {0};
        unsigned char total = 0;
        const unsigned char *position = frame + 6;
        const unsigned char *end = frame + size;
        const unsigned char *tail = end - 16;
        const unsigned char *keep = KEEP_LAST + ((size - 6) & 15);
        const unsigned char whole = ((size - 6) & 16) ? 255 : 0;
        const unsigned char *block;
        int i;

        for (; end - position >= 32; position += 32)
            for (i = 0; i < 32; i++)
                lanes[i] += position[i];
        block = whole ? position : tail;
        for (i = 0; i < 16; i++)
            lanes[i] += block[i] & whole;
        for (i = 0; i < 16; i++)
            lanes[i] += tail[i] & keep[i];
        for (i = 0; i < 32; i++)
            total += lanes[i];
        return total;
    }
    #endif

    /* The size that the six bytes of a head announce, 0 if they are not a head or its tag or L1 can't be right. */
    static inline Py_ssize_t candidate_size(const unsigned char *head, Py_ssize_t shortest, Py_ssize_t longest)
    {
        uint16_t word, again;
        Py_ssize_t length;
        memcpy(&word, head + 1, 2);
        memcpy(&again, head + 3, 2);
        length = (head[1] | head[2] << 8) >> 2;
        /* Of the tags 0 to 3, one more than 1 and 2 has bit 1 set. */
        if (word != again || head[5] != 0x68 || !((head[1] + 1) & 2) || length < shortest || length > longest)
            return 0;
        return length + 8;
    }

    /* Writes the total after each byte; totals[0] is the total before the data.

       Eight bytes at a time, in four lanes of 16 bits that no sum of eight bytes overflows; the multiplication adds
       to each lane all lanes below it. That takes two thirds of the time of the plain loop. */
    static void running_sum(const unsigned char *data, Py_ssize_t size, unsigned char *totals)
    {
        unsigned char total = totals[0];
        Py_ssize_t i = 0;
    #if PY_LITTLE_ENDIAN
        const uint64_t low = 0x00FF00FF00FF00FFu, ones = 0x0001000100010001u;
        for (; i + 8 <= size; i += 8) {
            uint64_t word, odd, pairs, after_odd, after_even;
            memcpy(&word, data + i, 8);
            odd = (word >> 8) & low;
            pairs = ((word & low) + odd) * ones;
            after_odd = pairs + total * ones;
            after_even = after_odd - odd;
            word = (after_even & low) | (after_odd & low) << 8;
            memcpy(totals + i + 1, &word, 8);
            total += (unsigned char)(pairs >> 48);
        }
    #endif
        for (; i < size; i++) {
            total += data[i];
            totals[i + 1] = total;
        }
    }
    """
    Py_ssize_t candidate_size(const uint8_t *head, Py_ssize_t shortest, Py_ssize_t longest) noexcept nogil
    uint8_t frame_sum(const uint8_t *frame, Py_ssize_t size, Py_ssize_t readable) noexcept nogil
    void running_sum(const uint8_t *data, Py_ssize_t size, uint8_t *totals) noexcept nogil


cdef inline Py_ssize_t find_start(const uint8_t *data, Py_ssize_t position, Py_ssize_t stop) noexcept nogil:
    """Returns the position of the next 68H, stop if there is none."""
    # After a frame comes mostly the next one: a call of memchr would cost more than it finds.
    cdef Py_ssize_t near = position + 8 if position + 8 < stop else stop
    cdef const uint8_t *found
    while position < near:
        if data[position] == START:
            return position
        position += 1
    if position == stop:
        return stop
    found = <const uint8_t *>memchr(data + position, START, <size_t>(stop - position))
    return stop if found is NULL else found - data


cdef struct RunningSums:
    int64_t summed   # everything before was summed once
    int64_t origin   # where the running sum begins ...
    int64_t covered  # ... and how far it goes
    uint8_t *totals  # for every k up to WINDOW the sum modulo 256 of the first k bytes from there, plus a constant


cdef inline int is_frame(
    RunningSums *sums, const uint8_t *data, int64_t base, int64_t stop, int64_t start, int64_t end, int64_t lowest
) noexcept nogil:
    """Judges a whole candidate: 1 if it is a frame, 0 if not, -1 if memory ran out."""
    cdef int64_t first = start + HEAD_SIZE
    cdef int64_t last = end - 2
    cdef uint8_t total
    if data[end - 1 - base] != END:
        return 0
    if first >= sums.summed:
        sums.summed = last
        return frame_sum(data + (start - base), end - start, stop - start) == <uint8_t>(2 * data[last - base] + END)
    if last > sums.covered and not cover(sums, data, base, stop, last, lowest):
        return -1
    total = sums.totals[last - sums.origin] - sums.totals[first - sums.origin]
    return total == data[last - base]


cdef bint cover(
    RunningSums *sums, const uint8_t *data, int64_t base, int64_t stop, int64_t last, int64_t lowest
) noexcept nogil:
    """Lets the running sum cover the bytes from lowest to before last and some more; false if memory ran out."""
    if sums.totals is NULL:
        sums.totals = <uint8_t *>malloc(WINDOW + 1)
        if sums.totals is NULL:
            return False
        sums.totals[0] = 0
    if sums.covered < lowest:
        sums.origin = sums.covered = lowest
    elif last - sums.origin > WINDOW:
        memmove(sums.totals, sums.totals + (lowest - sums.origin), <size_t>(sums.covered - lowest + 1))
        sums.origin = lowest
    last = min(last + AHEAD, sums.origin + WINDOW, stop)
    running_sum(data + (sums.covered - base), last - sums.covered, sums.totals + (sums.covered - sums.origin))
    sums.covered = last
    return True


# One frame


def is_whole_frame(bytes data not None, *, int address_size=5):
    """Tells whether the bytes are exactly one frame."""
    cdef const uint8_t *frame = <const uint8_t *>PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    # C, A, AFN and SEQ are the least that L1 counts.
    cdef Py_ssize_t shortest = 1 + address_size + 2
    if address_size != 5 and address_size != 7:
        raise ValueError(f"an address has 5 or 7 bytes, not {address_size}")
    if size < OVERHEAD + shortest or candidate_size(frame, shortest, MAX_NETWORK) != size:
        return False
    return frame[0] == START and frame[size - 1] == END and (
        frame_sum(frame, size, size) == <uint8_t>(2 * frame[size - 2] + END)
    )


cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object owner, object name, object value) except -1
    object PyUnicode_New(Py_ssize_t size, Py_UCS4 highest)
    unsigned char *PyUnicode_1BYTE_DATA(object text)

cdef extern from *:
    """
    static PyObject *bare_instance(PyObject *kind, PyObject *no_arguments)
    {
        return PyBaseObject_Type.tp_new((PyTypeObject *)kind, no_arguments, NULL);
    }
    """
    object bare_instance(object kind, tuple no_arguments)


def address_from(bytes field not None):
    """The address in five or seven bytes."""
    cdef const uint8_t *raw = <const uint8_t *>PyBytes_AS_STRING(field)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(field)
    cdef uint32_t terminal
    cdef int i
    cdef int nibble
    if size != 5 and size != 7:
        raise ValueError(f"an address has 5 or 7 bytes, not {size}")
    region = PyUnicode_New(4, 127)
    for i in range(4):
        nibble = raw[1 - (i >> 1)] >> (0 if i & 1 else 4) & 15
        PyUnicode_1BYTE_DATA(region)[i] = <unsigned char>(nibble + (c"0" if nibble < 10 else c"A" - 10))
    terminal = raw[2] | <uint32_t>raw[3] << 8
    if size == 7:
        terminal |= <uint32_t>raw[4] << 16 | <uint32_t>raw[5] << 24
    # Without __init__ and its checks, and although an address is frozen.
    address = bare_instance(Address, ())
    PyObject_GenericSetAttr(address, "region", region)
    PyObject_GenericSetAttr(address, "terminal", terminal)
    PyObject_GenericSetAttr(address, "master", raw[size - 1] >> 1)
    PyObject_GenericSetAttr(address, "group", (raw[size - 1] & 1) != 0)
    PyObject_GenericSetAttr(address, "terminal_size", size - 3)
    return address


# A whole buffer


cdef struct Columns:
    uint64_t *offset
    uint32_t *terminal
    uint16_t *length
    uint16_t *region
    uint8_t *tag
    uint8_t *control
    uint8_t *a3
    uint8_t *afn
    uint8_t *seq


cdef inline void enter(
    Columns *columns, Py_ssize_t place, const uint8_t *data, Py_ssize_t start, Py_ssize_t size, Py_ssize_t address_size
) noexcept nogil:
    """Writes the fields of one frame to a place of the columns."""
    cdef const uint8_t *frame = data + start
    cdef const uint8_t *a3 = frame + HEAD_SIZE + address_size
    cdef uint32_t terminal = frame[9] | <uint32_t>frame[10] << 8
    if address_size == 7:
        terminal |= <uint32_t>frame[11] << 16 | <uint32_t>frame[12] << 24
    columns.offset[place] = <uint64_t>start
    columns.length[place] = <uint16_t>size
    columns.tag[place] = frame[1] & 3
    columns.control[place] = frame[6]
    columns.region[place] = <uint16_t>(frame[7] | frame[8] << 8)
    columns.terminal[place] = terminal
    columns.a3[place] = a3[0]
    columns.afn[place] = a3[1]
    columns.seq[place] = a3[2]


@cython.final
cdef class FrameSearch:
    """Searches a buffer piece by piece, and keeps an index of all the frames that it finds."""

    cdef Py_buffer _view
    cdef Columns _columns
    cdef void *_memory    # of the columns
    cdef Arena _arena     # whose that is ...
    cdef bint _is_shared  # ... if there is an index of it
    cdef Py_ssize_t _count
    cdef Py_ssize_t _capacity
    cdef Py_ssize_t _address
    cdef Py_ssize_t _shortest
    cdef Py_ssize_t _longest
    cdef bint _final
    cdef int64_t _first  # where the first piece began
    cdef int64_t _until  # where the last one will end
    cdef int64_t _end    # where the search has got

    def __cinit__(self):
        memset(&self._view, 0, sizeof(Py_buffer))  # __dealloc__ also runs if no buffer was taken

    def __init__(self, buffer, *, address_size=5, max_length=MAX_NETWORK, final=True, start=0, until=None):
        # Imported late, as the link layer itself imports this module.
        from plmsproto.link.constants import check_options, minimum_length
        from plmsproto.link.scan import check_range

        if self._view.buf is not NULL:
            raise RuntimeError("a search is made once")
        PyObject_GetBuffer(buffer, &self._view, PyBUF_SIMPLE)
        check_options(address_size, max_length)
        self._address, self._shortest, self._longest = address_size, minimum_length(address_size), max_length
        self._final = final
        self._until = check_range(self._view.len, start, until, None)
        self._first = self._end = start

    def __dealloc__(self):
        PyBuffer_Release(&self._view)
        if not self._is_shared:
            free(self._memory)

    def __len__(self):
        return self._count

    @cython.critical_section
    def search(self, start, stop):
        """Looks for the frames that begin from ``start`` to before ``stop``; returns where the search ended."""
        from plmsproto.link.scan import check_range

        cdef int64_t first = start, last = check_range(self._view.len, start, stop, None)
        if first < self._end:
            raise ValueError(f"the search is past {start}")
        with nogil:
            first = self._search(first, last, self._view.len, self._final)
        if first < 0:
            raise MemoryError
        self._end = first
        return first

    @cython.critical_section
    def index(self, entry=None):
        """Returns the frames found so far."""
        return self._index(entry)

    cdef object _index(self, entry):  # by itself, as Cython warns of attributes that are set in a critical section
        from plmsproto.link.scan import FrameIndex

        cdef Py_ssize_t count = self._count
        if not self._is_shared:
            self._arena = arena_of(self._memory)
            self._is_shared = True
        return FrameIndex.of(
            (
                memory_of(self._arena, self._columns.offset, 8 * count),
                memory_of(self._arena, self._columns.length, 2 * count),
                memory_of(self._arena, self._columns.tag, count),
                memory_of(self._arena, self._columns.control, count),
                memory_of(self._arena, self._columns.region, 2 * count),
                memory_of(self._arena, self._columns.terminal, 4 * count),
                memory_of(self._arena, self._columns.a3, count),
                memory_of(self._arena, self._columns.afn, count),
                memory_of(self._arena, self._columns.seq, count),
            ),
            self._end,
            entry,
        )

    cdef bint _make_room(self, int64_t position) noexcept nogil:
        """Makes room for as many frames as there will be if the rest is like what was seen, but with restraint.

        False if there is no memory.
        """
        cdef double seen = <double>(position - self._first + 1)
        cdef double expected = 1.1 * self._count * max(1.0, (self._until - self._first) / seen)
        cdef Py_ssize_t count = self._count
        cdef Py_ssize_t capacity = count + 1024 + (<Py_ssize_t>expected if expected < 8 * count else 8 * count)
        cdef Columns *columns = &self._columns
        cdef uint8_t *memory = <uint8_t *>new_arena(<size_t>capacity * FRAME_BYTES + COLUMNS * TO_SPARE)
        cdef uint8_t *place = memory
        if memory is NULL:
            return False
        columns.offset = <uint64_t *>moved(&place, columns.offset, 8 * count, 8 * capacity)
        columns.terminal = <uint32_t *>moved(&place, columns.terminal, 4 * count, 4 * capacity)
        columns.length = <uint16_t *>moved(&place, columns.length, 2 * count, 2 * capacity)
        columns.region = <uint16_t *>moved(&place, columns.region, 2 * count, 2 * capacity)
        columns.tag = moved(&place, columns.tag, count, capacity)
        columns.control = moved(&place, columns.control, count, capacity)
        columns.a3 = moved(&place, columns.a3, count, capacity)
        columns.afn = moved(&place, columns.afn, count, capacity)
        columns.seq = moved(&place, columns.seq, count, capacity)
        if not self._is_shared:  # an index keeps its own
            free(self._memory)
        self._memory, self._is_shared, self._capacity = memory, False, capacity
        return True

    cdef int64_t _search(self, int64_t position, int64_t stop, int64_t limit, bint final) noexcept nogil:
        """Adds the frames that begin before stop and end before limit; returns where the search ended, -1 without memory.
        """
        cdef const uint8_t *data = <const uint8_t *>self._view.buf
        cdef RunningSums sums = RunningSums(0, 0, 0, NULL)
        cdef int64_t end = position  # the end of the last frame
        # No head begins in the last bytes, but any 68H before them may be read as one.
        cdef int64_t last = min(stop, limit - HEAD_SIZE + 1)
        cdef int64_t waiting = -1
        cdef Py_ssize_t size
        cdef int verdict
        while position < last:
            position = find_start(data, position, last)
            if position == last:
                break
            size = candidate_size(data + position, self._shortest, self._longest)
            if size == 0:
                position += 1
                continue
            if size > limit - position:
                if not final:
                    waiting = position
                    break
                position += STRIDE
                continue
            verdict = is_frame(&sums, data, 0, limit, position, position + size, position)
            if verdict == 0:
                position += STRIDE
                continue
            if verdict < 0 or (self._count == self._capacity and not self._make_room(position)):
                free(sums.totals)
                return -1
            enter(&self._columns, self._count, data, position, size, self._address)
            self._count += 1
            position += size
            end = position
        free(sums.totals)
        if waiting >= 0:
            return waiting
        end = max(end, stop)
        position = max(position, limit - HEAD_SIZE + 1)
        if final or position >= end:
            return end
        opened = <const uint8_t *>memchr(data + position, START, <size_t>(end - position))
        return end if opened is NULL else opened - data


def scan(
    buffer, *, address_size=5, max_length=MAX_NETWORK, start=0, stop=None, bounds=None, first_entry=0,
    final=True,
):
    """Finds and validates all frames of a buffer, and indexes them."""
    from plmsproto.link.scan import check_range

    cdef FrameSearch search
    cdef array.array limits, entry_of
    cdef Py_ssize_t entries, entry, frame, found
    cdef unsigned int number = first_entry
    cdef int64_t end = 0
    if bounds is None:
        search = FrameSearch(
            buffer, address_size=address_size, max_length=max_length, final=final, start=start, until=stop
        )
        search.search(start, search._until)
        return search.index()
    limits = array.array("Q", tuple(bounds))  # bytes are numbers, too
    search = FrameSearch(buffer, address_size=address_size, max_length=max_length)
    check_range(search._view.len, start, stop, bounds)
    entries = len(limits) - 1
    search._first, search._until = limits.data.as_ulonglongs[0], limits.data.as_ulonglongs[entries]
    with nogil:
        for entry in range(entries):
            end = search._search(
                <int64_t>limits.data.as_ulonglongs[entry], <int64_t>limits.data.as_ulonglongs[entry + 1],
                <int64_t>limits.data.as_ulonglongs[entry + 1], True,
            )
            if end < 0:
                break
    if end < 0:
        raise MemoryError
    search._end = search._until
    entry_of = array.array("I")
    found = search._count
    array.resize(entry_of, found)
    entry = 0
    for frame in range(found):
        while search._columns.offset[frame] >= limits.data.as_ulonglongs[entry + 1]:
            entry += 1
        entry_of.data.as_uints[frame] = number + <unsigned int>entry
    return search.index(entry_of)


def gaps(index, bounds):
    """The runs of bytes that belong to no frame: offset and length of each, and between which bounds it is."""
    cdef array.array limits = array.array("Q", tuple(bounds))  # bytes are numbers, too
    cdef array.array offsets = array.array("Q"), lengths = array.array("Q"), entries = array.array("I")
    cdef Py_ssize_t frame = 0, entry, count = 0, capacity = 0
    cdef uint64_t position, before, end
    cdef bint found
    cdef const uint64_t[::1] offset = index.offset
    cdef const uint16_t[::1] length = index.length
    cdef Py_ssize_t frames = offset.shape[0]
    if length.shape[0] != frames:
        raise ValueError("the frames of an index expected")
    for entry in range(len(limits) - 1):
        position = limits.data.as_ulonglongs[entry]
        end = limits.data.as_ulonglongs[entry + 1]
        while True:
            found = frame < frames and offset[frame] < end
            before = offset[frame] if found else end
            if before > position:
                if count == capacity:
                    capacity = 2 * capacity + 64
                    for column in (offsets, lengths, entries):
                        array.resize(column, capacity)
                offsets.data.as_ulonglongs[count] = position
                lengths.data.as_ulonglongs[count] = before - position
                entries.data.as_uints[count] = <unsigned int>entry
                count += 1
            if not found:
                break
            position = offset[frame] + length[frame]
            frame += 1
    for column in (offsets, lengths, entries):
        array.resize(column, count)
    return offsets, lengths, entries


# A stream


cdef struct Candidate:
    int64_t start
    int64_t end


@cython.final
cdef class StreamScanner:
    """Finds the frames of a stream that arrives in pieces."""

    cdef int64_t _scanned
    cdef Py_ssize_t _shortest
    cdef Py_ssize_t _longest
    cdef RunningSums _sums
    # Candidates that pend, in order of start, from _first on; and the same as a heap by end. One capacity for both.
    cdef Candidate *_pending
    cdef Candidate *_due
    cdef Py_ssize_t _first
    cdef Py_ssize_t _pending_count
    cdef Py_ssize_t _due_count
    cdef Py_ssize_t _capacity

    def __init__(self, *, start=0, address_size=5, max_length=MAX_NETWORK):
        from plmsproto.link.constants import check_options, minimum_length

        check_options(address_size, max_length)
        if start < 0:
            raise ValueError(f"start is not negative, not {start!r}")
        self._shortest = minimum_length(address_size)
        self._longest = max_length
        self._scanned = start
        self._settle(start)

    def __dealloc__(self):
        free(self._pending)
        free(self._due)
        free(self._sums.totals)

    cdef inline int64_t _undecided(self) noexcept:
        return self._pending[self._first].start if self._first < self._pending_count else self._scanned

    @property
    def undecided(self):
        """Offset of the first byte that may yet be part of a frame."""
        return self._undecided()

    @cython.critical_section
    def scan(self, held, base):
        """Looks at the bytes that are new since the last call; returns (offset, size) of the frames found."""
        cdef Py_buffer view
        cdef int64_t first_byte = base
        cdef list frames = []
        PyObject_GetBuffer(held, &view, PyBUF_SIMPLE)
        try:
            if not 0 <= first_byte <= self._undecided() or first_byte + view.len < self._scanned:
                raise ValueError(
                    f"the bytes from {self._undecided()} to {self._scanned} must be held, "
                    f"not {base} to {base + view.len}"
                )
            self._first_completed(<const uint8_t *>view.buf, first_byte, first_byte + view.len, frames)
            self._search(<const uint8_t *>view.buf, first_byte, first_byte + view.len, frames)
        finally:
            PyBuffer_Release(&view)
        return frames

    cdef int _first_completed(self, const uint8_t *data, int64_t base, int64_t stop, list frames) except -1:
        """Judges the candidates whose last byte is there now; of those that are frames, reports the first."""
        cdef Candidate first = Candidate(-1, -1)
        cdef Candidate candidate
        while self._due_count and self._due[0].end <= stop:
            candidate = self._pop_due()
            if (first.start < 0 or candidate.start < first.start) and self._is_frame(data, base, stop, candidate):
                first = candidate
        while self._first < self._pending_count and self._pending[self._first].end <= stop:
            self._first += 1
        if first.start >= 0:
            frames.append((first.start, first.end - first.start))
            self._settle(first.end)
        return 0

    cdef int _search(self, const uint8_t *data, int64_t base, int64_t stop, list frames) except -1:
        """Goes through the bytes that have not been looked at, adding to frames and to the pending candidates."""
        cdef Py_ssize_t size = stop - base
        cdef Py_ssize_t position = self._scanned - base
        cdef Py_ssize_t length
        cdef Candidate candidate
        while True:
            position = find_start(data, position, size)
            # A 68H among the last five bytes may open a head that is not whole yet.
            if position > size - HEAD_SIZE:
                break
            length = candidate_size(data + position, self._shortest, self._longest)
            if length == 0:
                position += 1
                continue
            candidate = Candidate(base + position, base + position + length)
            position += STRIDE
            if candidate.end > stop:
                self._add_pending(candidate)
            elif self._is_frame(data, base, stop, candidate):
                frames.append((candidate.start, length))
                self._settle(candidate.end)
                position = candidate.end - base
        self._scanned = base + position
        return 0

    cdef inline int _is_frame(self, const uint8_t *data, int64_t base, int64_t stop, Candidate candidate) except -1:
        cdef int64_t lowest = candidate.start
        cdef int verdict
        # No later candidate begins before the first that pends.
        if self._first < self._pending_count:
            lowest = self._pending[self._first].start
        verdict = is_frame(&self._sums, data, base, stop, candidate.start, candidate.end, lowest)
        if verdict < 0:
            raise MemoryError
        return verdict

    cdef inline void _settle(self, int64_t end) noexcept:
        """Goes on after a frame: the candidates that pend begin before it and were not frames."""
        self._scanned = end
        self._first = self._pending_count = self._due_count = 0

    cdef int _add_pending(self, Candidate candidate) except -1:
        if self._pending_count == self._capacity:
            self._make_room()
        self._pending[self._pending_count] = candidate
        self._pending_count += 1
        self._push_due(candidate)
        return 0

    cdef int _make_room(self) except -1:
        """Moves the pending candidates to the front; if that frees less than half, doubles the room."""
        cdef Py_ssize_t live = self._pending_count - self._first
        cdef Py_ssize_t capacity = self._capacity
        cdef Py_ssize_t i
        cdef void *room
        for i in range(live):
            self._pending[i] = self._pending[self._first + i]
        self._first = 0
        self._pending_count = live
        if 2 * live >= capacity:
            capacity = 2 * capacity + 16
            room = realloc(self._pending, <size_t>capacity * sizeof(Candidate))
            if room is NULL:
                raise MemoryError
            self._pending = <Candidate *>room
            room = realloc(self._due, <size_t>capacity * sizeof(Candidate))
            if room is NULL:
                raise MemoryError
            self._due = <Candidate *>room
            self._capacity = capacity
        return 0

    cdef void _push_due(self, Candidate candidate) noexcept:
        cdef Py_ssize_t place = self._due_count
        cdef Py_ssize_t parent
        self._due_count += 1
        while place:
            parent = (place - 1) >> 1
            if self._due[parent].end <= candidate.end:
                break
            self._due[place] = self._due[parent]
            place = parent
        self._due[place] = candidate

    cdef Candidate _pop_due(self) noexcept:
        cdef Candidate top = self._due[0]
        cdef Candidate moved
        cdef Py_ssize_t place = 0
        cdef Py_ssize_t child = 1
        self._due_count -= 1
        moved = self._due[self._due_count]
        while child < self._due_count:
            if child + 1 < self._due_count and self._due[child + 1].end < self._due[child].end:
                child += 1
            if moved.end <= self._due[child].end:
                break
            self._due[place] = self._due[child]
            place = child
            child = 2 * place + 1
        self._due[place] = moved
        return top
