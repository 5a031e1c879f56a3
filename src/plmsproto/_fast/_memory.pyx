# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, freethreading_compatible=True
"""Columns' memory as Python sees it: buffers that share an arena, which lives as long as any of them.

Some slabs are kept for later: the system takes longer to give memory than it takes to fill it.
"""

cimport cython
from cpython.buffer cimport PyBuffer_FillInfo
from libc.stdint cimport int64_t
from libc.stdlib cimport free

cdef int64_t NO_ENTRIES = 0

cdef cython.pymutex spare_lock
cdef Slab *spare = NULL
cdef int spare_count = 0


@cython.final
cdef class Arena:
    """Memory that is freed when no part of it is in use."""

    def __dealloc__(self):
        if self._is_slab:
            put_aside(<Slab *>self._bytes)
        else:
            free(self._bytes)


@cython.final
cdef class Memory:
    """A column's bytes, handed over to the caller."""

    def __getbuffer__(self, Py_buffer *view, int flags):
        PyBuffer_FillInfo(view, self, <void *>self._bytes, self._size, 1, flags)

    def __len__(self):
        return self._size


cdef Arena arena_of(void *memory):
    """Takes over memory of ``new_arena`` or of ``malloc``."""
    cdef Arena made = Arena()
    made._bytes = memory
    return made


cdef Memory memory_of(Arena arena, const void *data, Py_ssize_t size):
    """Some bytes of an arena; a place in it may be missing where there are no bytes."""
    cdef Memory made = Memory()
    made._arena = arena
    made._bytes = data if data is not NULL else &NO_ENTRIES
    made._size = size
    return made


cdef dict take_slabs(Pool *pool, dict known):
    """The arenas of all slabs by their address; the pool goes on with the one in use.

    Args:
        pool: where memory came from; all that is kept of it is to be taken, too.
        known: the arena of the slab that was in use the last time.
    """
    cdef Slab *first = pool.slabs
    cdef Slab *slab
    cdef size_t used = pool.used
    cdef Arena arena
    arenas = dict(known)
    pool.elsewhere = 0
    pool.used = SLAB_SIZE  # should memory run out here, nothing is written to what is left
    while pool.slabs is not NULL:
        slab = pool.slabs
        if slab is not pool.shared:
            arena = arena_of(NULL)
            arenas[<size_t>slab] = arena
            arena._bytes, arena._is_slab = slab, True
        pool.slabs = slab.next
    put_all_aside(&pool.spare)
    pool.spare_count = 0
    pool.slabs = pool.shared = first
    if first is not NULL:
        first.next = NULL
        pool.used = used
    return arenas


cdef void put_aside(Slab *slab) noexcept:
    """Keeps a slab for later; frees it if there are enough."""
    global spare, spare_count
    with spare_lock:
        if spare_count < MOST_SPARE:
            slab.next, spare = spare, slab
            spare_count += 1
            return
    free(slab)


cdef void take_spare(Pool *pool) noexcept:
    """Gives a pool the spare slabs that it should have at hand, if there are any."""
    global spare, spare_count
    cdef Slab *slab
    with spare_lock:
        while spare is not NULL and pool.spare_count < AT_HAND:
            slab = spare
            spare = slab.next
            spare_count -= 1
            slab.next, pool.spare = pool.spare, slab
            pool.spare_count += 1


cdef void put_all_aside(Slab **slabs) noexcept:
    cdef Slab *slab
    while slabs[0] is not NULL:
        slab = slabs[0]
        slabs[0] = slab.next
        put_aside(slab)


cdef void free_slabs(Pool *pool) noexcept:
    """Gives up the slabs that were not taken."""
    cdef Slab *slab
    while pool.slabs is not NULL and pool.slabs is not pool.shared:
        slab = pool.slabs
        pool.slabs = slab.next
        put_aside(slab)
    put_all_aside(&pool.spare)
