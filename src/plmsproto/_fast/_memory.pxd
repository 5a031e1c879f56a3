"""Memory that is written without the GIL and then handed to Python as it is."""

from libc.stdint cimport uint8_t
from libc.string cimport memcpy

cdef enum:
    SLAB_SIZE = 1 << 23
    LARGE = 1 << 21    # from here on memory has large pages of its own
    LITTLE = 1 << 18   # so much is taken from elsewhere first: many a call needs no more
    MOST_SPARE = 6     # slabs that are kept when they are not in use ...
    AT_HAND = 2        # ... and those of them that one pool gets at a time

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


cdef inline size_t aligned(size_t size) noexcept nogil:
    """With a line to spare: columns of the same size would else compete for the same lines of a cache."""
    return ((size + 63) & ~<size_t>63) + 64


cdef inline uint8_t *moved(uint8_t **place, const void *old, size_t kept, size_t size) noexcept nogil:
    """Takes the next bytes of an arena for a column, and copies its old ones there."""
    cdef uint8_t *new = place[0]
    if kept:
        memcpy(new, old, kept)
    place[0] += aligned(size)
    return new


# A slab gives many small arenas large pages together. It is freed as a whole.
cdef struct Slab:
    Slab *next


cdef struct Pool:
    Slab *slabs       # the one in use first
    Slab *shared      # the last of them, if it belongs to an Arena: it was taken, but had room left
    size_t used       # of the one in use
    size_t elsewhere  # what was given that is not in a slab
    Slab *spare       # those that were used before, and may be again
    int spare_count


cdef inline uint8_t *arena_from(Pool *pool, size_t size, Slab **slab) noexcept nogil:
    """An arena, and the slab that it is in; NULL for the slab if it is to be freed by itself. NULL without memory."""
    cdef Slab *made
    slab[0] = NULL
    if size >= LARGE or pool.elsewhere < LITTLE:
        pool.elsewhere += size
        return <uint8_t *>new_arena(size)
    size = aligned(size)
    if pool.slabs is NULL or size > SLAB_SIZE - pool.used:
        made = pool.spare
        if made is not NULL:
            pool.spare = made.next
            pool.spare_count -= 1
        else:
            made = <Slab *>new_arena(SLAB_SIZE)
            if made is NULL:
                return NULL
        made.next = pool.slabs
        pool.slabs = made
        pool.used = aligned(sizeof(Slab))
    slab[0] = pool.slabs
    pool.used += size
    return <uint8_t *>pool.slabs + pool.used - size


cdef class Arena:
    cdef void *_bytes
    cdef bint _is_slab


cdef class Memory:
    cdef Arena _arena
    cdef const void *_bytes
    cdef Py_ssize_t _size


cdef Arena arena_of(void *memory)
cdef dict take_slabs(Pool *pool, dict known)
cdef void take_spare(Pool *pool) noexcept
cdef void free_slabs(Pool *pool) noexcept
cdef Memory memory_of(Arena arena, const void *data, Py_ssize_t size)
