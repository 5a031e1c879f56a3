"""Memory that is written without the GIL and then handed to Python as it is."""

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


cdef class Arena:
    cdef void *_bytes


cdef class Memory:
    cdef Arena _arena
    cdef const void *_bytes
    cdef Py_ssize_t _size


cdef Arena arena_of(void *memory)
cdef Memory memory_of(Arena arena, const void *data, Py_ssize_t size)
