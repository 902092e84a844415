# Arrays at rest: memory of dead values, kept for the next values of the same size.
#
# An array of 128 KB costs the system more than a kernel often takes to fill it: fresh pages are zeroed and mapped one by
# one when they are first touched. A run makes and drops the same sizes again and again, so arrays that nobody holds any
# more wait here, by size. What waits is bounded; when the bound is reached all of it goes, so that sizes of the past do
# not crowd out those of the present.
#
#   rest        O(1)                             wake        O(1): looks at the WAKE_LOOKS latest of a size class
#
# Arrays of up to SMALL_BYTES wait in their registers (run.pxi); those of more than REST_MOST go back to the system.

from libc.stdlib cimport realloc

cdef enum:
    SMALL_BYTES = 4096           # arrays up to this size wait in their register for the next run
    REST_MOST = 16777216         # 16 MB: beyond, touching fresh pages is a small part of the work
    REST_BYTES = 134217728       # 128 MB: all that waits, in this process
    ROOM_LEAST = 4194304         # 4 MB: from here on NumPy asks for huge pages, which are soon touched
    REST_CLASSES = 64            # four to each power of two
    WAKE_LOOKS = 8

cdef struct Resting:             # arrays of one size class, the latest last
    PyObject** arrays            # owned
    int n
    int room

cdef Resting resting[REST_CLASSES]
cdef cnp.npy_intp resting_bytes = 0

cdef enum:
    RESTING_TYPES = 24             # NumPy's own numeric types have numbers below this

cdef cnp.npy_intp ELEMENT_BYTES[RESTING_TYPES]    # 0: objects, text and times, which do not rest


cdef int know_element_bytes() except -1:
    for number in range(RESTING_TYPES):
        dtype = cnp.PyArray_DescrFromType(number)
        ELEMENT_BYTES[number] = dtype.itemsize if dtype.kind in "biufc" else 0
    return 0

know_element_bytes()


cdef inline int rest_class(cnp.npy_intp n_bytes) noexcept:
    """Size class: the leading bit and the two after it."""
    cdef int bit = 0
    cdef cnp.npy_intp left = n_bytes >> 3
    while left:
        left >>= 1
        bit += 1
    return (bit * 4 + <int>((n_bytes >> bit) & 3)) & (REST_CLASSES - 1)


cdef int rest(PyObject* value) noexcept:
    """Take over the one reference to an array of ours; 0 if it must be dropped instead."""
    global resting_bytes
    cdef cnp.npy_intp n_bytes = array_nbytes(<CArray*>value)
    cdef Resting* kept
    cdef PyObject** grown
    cdef int type_number = array_type(<CArray*>value)
    if n_bytes > REST_MOST or type_number >= RESTING_TYPES or ELEMENT_BYTES[type_number] == 0:
        return 0
    if resting_bytes + n_bytes > REST_BYTES:
        empty_rest()
    kept = &resting[rest_class(n_bytes)]
    if kept.n == kept.room:
        grown = <PyObject**>realloc(kept.arrays, (2 * kept.room + 8) * sizeof(PyObject*))
        if grown == NULL:
            return 0
        kept.arrays = grown
        kept.room = 2 * kept.room + 8
    kept.arrays[kept.n] = value
    kept.n += 1
    resting_bytes += n_bytes
    return 1


cdef PyObject* wake(int type_number, int ndim, cnp.npy_intp* dims) noexcept:
    """An array at rest of this type, with these dimensions given to it; NULL if none fits."""
    global resting_bytes
    cdef cnp.npy_intp n_bytes, stride
    cdef Resting* kept
    cdef PyObject* found
    cdef CArray* a
    cdef int i, k
    if type_number >= RESTING_TYPES:
        return NULL
    n_bytes = stride = ELEMENT_BYTES[type_number]
    for k in range(ndim):
        n_bytes *= dims[k]
    if n_bytes <= SMALL_BYTES or n_bytes > REST_MOST:
        return NULL
    kept = &resting[rest_class(n_bytes)]
    for i in range(kept.n - 1, max(kept.n - 1 - WAKE_LOOKS, -1), -1):
        found = kept.arrays[i]
        a = <CArray*>found
        if array_type(a) != type_number or array_ndim(a) != ndim or array_nbytes(a) != n_bytes:
            continue
        kept.n -= 1
        kept.arrays[i] = kept.arrays[kept.n]
        resting_bytes -= n_bytes
        if Py_REFCNT(found) != 1:    # a weak reference was called meanwhile
            Py_XDECREF(found)
            return NULL
        for k in range(ndim - 1, -1, -1):
            array_dims(a)[k] = dims[k]
            array_strides(a)[k] = stride
            stride *= dims[k]
        cnp.PyArray_UpdateFlags(<cnp.ndarray>found, cnp.NPY_ARRAY_C_CONTIGUOUS | cnp.NPY_ARRAY_F_CONTIGUOUS)
        return found
    return NULL


cdef void make_room(PyObject** values, int n) noexcept:
    """Give back the arrays at rest that are as large as one of these, if that is large.

    A kernel in Python gets its memory from NumPy and never wakes an array here. What it reads is much like what it
    will make, and that is not to come on top of what waits for nobody.
    """
    global resting_bytes
    cdef Resting* kept
    cdef PyObject* dropped
    cdef int i
    cdef cnp.npy_intp n_bytes
    for i in range(n):
        if not is_array(values[i]):
            continue
        n_bytes = array_nbytes(<CArray*>values[i])
        if n_bytes < ROOM_LEAST or n_bytes > REST_MOST:
            continue
        kept = &resting[rest_class(n_bytes)]
        while kept.n:
            kept.n -= 1
            dropped = kept.arrays[kept.n]
            resting_bytes -= array_nbytes(<CArray*>dropped)
            Py_XDECREF(dropped)


cdef int empty_rest() noexcept:
    """Give all arrays at rest back."""
    global resting_bytes
    cdef int c
    cdef Resting* kept
    resting_bytes = 0
    for c in range(REST_CLASSES):
        kept = &resting[c]
        while kept.n:
            kept.n -= 1
            Py_XDECREF(kept.arrays[kept.n])
    return 0


def bytes_at_rest():
    """How many bytes of dead values wait for the next ones."""
    return resting_bytes


def forget_arrays():
    """Give the memory of dead values back to the system."""
    empty_rest()
