# Tables of integers: which number was given to a key.  Open addressing; the caller opens one, fills it, closes it.

cdef struct IntTable:
    cnp.npy_int64* keys
    cnp.npy_intp* values         # -1: the place is free
    cnp.npy_uint64 mask


cdef bint open_table(IntTable* t, cnp.npy_intp n) noexcept nogil:
    """Room for `n` keys; False if there is no memory."""
    cdef cnp.npy_uint64 size = 16
    while size < 2 * <cnp.npy_uint64>n:
        size *= 2
    t.mask = size - 1
    t.keys = <cnp.npy_int64*>malloc(size * (sizeof(cnp.npy_int64) + sizeof(cnp.npy_intp)))
    t.values = <cnp.npy_intp*>(t.keys + size)
    if t.keys == NULL:
        return False
    memset(t.values, 0xff, size * sizeof(cnp.npy_intp))
    return True


cdef void close_table(IntTable* t) noexcept nogil:
    free(t.keys)


@cython.overflowcheck(False)             # a hash wraps around
cdef inline cnp.npy_intp* place_of(IntTable* t, cnp.npy_int64 key) noexcept nogil:
    """Where the number of `key` is kept; -1 stands there if it is new, and the caller writes another."""
    cdef cnp.npy_uint64 h = <cnp.npy_uint64>key * <cnp.npy_uint64>0x9E3779B97F4A7C15ULL
    cdef cnp.npy_uint64 slot = (h >> 32) & t.mask
    while t.values[slot] >= 0 and t.keys[slot] != key:
        slot = (slot + 1) & t.mask
    t.keys[slot] = key
    return &t.values[slot]


@cython.overflowcheck(False)
cdef inline cnp.npy_intp number_of(IntTable* t, cnp.npy_int64 key) noexcept nogil:
    """The number of `key`, or -1."""
    cdef cnp.npy_uint64 h = <cnp.npy_uint64>key * <cnp.npy_uint64>0x9E3779B97F4A7C15ULL
    cdef cnp.npy_uint64 slot = (h >> 32) & t.mask
    while t.values[slot] >= 0 and t.keys[slot] != key:
        slot = (slot + 1) & t.mask
    return t.values[slot]
