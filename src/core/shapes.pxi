# Shapes as small numbers: every distinct static shape is stored once for the process, so that nodes keep an int,
# equality is one comparison, and the common rules never touch Python.  Id 0 is unknown rank, id 1 a scalar.

cdef struct Shape:
    int rank                     # -1: unknown
    long long* dims              # -1: unknown dimension; owned

cdef int UNKNOWN_SHAPE = 0
cdef int SCALAR_SHAPE = 1

cdef Shape* SHAPES = NULL
cdef int N_SHAPES = 0
cdef int SHAPES_CAPACITY = 0
cdef dict SHAPE_IDS = {}         # tuple of ints and None -> id
cdef list SHAPE_TUPLES = []      # id -> tuple or None
cdef list SHAPE_OBJECTS = []     # id -> TensorShape, made when first read
cdef object SHAPE_CLASS = None   # TensorShape


cdef int intern_shape(object dims) except -1:
    """Id of a shape given as a tuple of ints and None, or None for unknown rank."""
    global SHAPES, N_SHAPES, SHAPES_CAPACITY
    cdef PyObject* found = PyDict_GetItem(SHAPE_IDS, dims)
    if found != NULL:
        return <int>PyLong_AsLong(<object>found)
    cdef int index = N_SHAPES
    cdef Py_ssize_t i
    cdef Shape shape
    if dims is None:
        shape.rank = -1
        shape.dims = NULL
    else:
        dims = tuple([None if d is None else int(d) for d in dims])
        found = PyDict_GetItem(SHAPE_IDS, dims)
        if found != NULL:
            return <int>PyLong_AsLong(<object>found)
        shape.rank = <int>len(dims)
        shape.dims = <long long*>malloc(max(shape.rank, 1) * sizeof(long long))
        if shape.dims == NULL:
            raise MemoryError()
        for i in range(shape.rank):
            shape.dims[i] = -1 if dims[i] is None else <long long>dims[i]
    if index == SHAPES_CAPACITY:
        SHAPES_CAPACITY = max(64, 2 * SHAPES_CAPACITY)
        SHAPES = <Shape*>grow(SHAPES, SHAPES_CAPACITY * sizeof(Shape))
    SHAPES[index] = shape
    N_SHAPES += 1
    SHAPE_TUPLES.append(dims)
    SHAPE_OBJECTS.append(None)
    SHAPE_IDS[dims] = index
    return index


cdef int RECENT_DIMS[1024]       # by hash: the id of a shape asked for by its dimensions; 0: none yet


@cython.overflowcheck(False)         # a hash wraps around
cdef int intern_dims(long long* dims, int rank) except -1:
    """Id of a shape of known rank; -1 is an unknown dimension."""
    cdef list out
    cdef int i, id
    cdef unsigned long long h = rank
    if rank == 0:
        return SCALAR_SHAPE
    for i in range(rank):
        h = (h ^ <unsigned long long>dims[i]) * 0xC2B2AE3D27D4EB4Full
        h ^= h >> 32
    i = h & 1023
    id = RECENT_DIMS[i]
    if id and SHAPES[id].rank == rank and memcmp(SHAPES[id].dims, dims, rank * sizeof(long long)) == 0:
        return id
    out = []
    for k in range(rank):
        out.append(None if dims[k] < 0 else dims[k])
    id = intern_shape(tuple(out))
    RECENT_DIMS[i] = id
    return id


cdef object shape_object(int shape):
    found = SHAPE_OBJECTS[shape]
    if found is None:
        if SHAPE_CLASS is None:
            return SHAPE_TUPLES[shape]
        found = SHAPE_CLASS._from_dims(SHAPE_TUPLES[shape])
        SHAPE_OBJECTS[shape] = found
    return found


cdef object known_shape(object dims):
    """The TensorShape of a list or tuple of ints and None that has been seen before; None for anything else."""
    if type(dims) is not list and type(dims) is not tuple:
        return None
    for d in dims:
        if d is not None and type(d) is not int:
            return None
    cdef PyObject* found = PyDict_GetItem(SHAPE_IDS, tuple(dims))
    return None if found == NULL else shape_object(<int>PyLong_AsLong(<object>found))


def seen_shape(dims):
    """The TensorShape of a list or tuple of ints and None that the core has met before; else None."""
    return known_shape(dims)


def set_shape_class(cls):
    """Tell the core which class `Tensor.shape` returns: it has ``_from_dims(tuple or None)`` and ``_dims``."""
    global SHAPE_CLASS
    SHAPE_CLASS = cls
    for i in range(len(SHAPE_OBJECTS)):
        SHAPE_OBJECTS[i] = None


cdef int broadcast_shapes(int a, int b) except -2:
    """Id of the broadcast of two shapes; -1 when they do not broadcast."""
    if a == b:
        return a
    if a == UNKNOWN_SHAPE or b == UNKNOWN_SHAPE:
        return UNKNOWN_SHAPE
    if a == SCALAR_SHAPE:
        return b
    if b == SCALAR_SHAPE:
        return a
    cdef Shape* x = &SHAPES[a]
    cdef Shape* y = &SHAPES[b]
    cdef int rank = max(x.rank, y.rank)
    cdef int i, same_a = 1, same_b = 1
    cdef long long p, q, r
    cdef long long dims[64]
    if rank > 64:
        return UNKNOWN_SHAPE
    for i in range(1, rank + 1):
        p = x.dims[x.rank - i] if i <= x.rank else 1
        q = y.dims[y.rank - i] if i <= y.rank else 1
        if p == q:
            r = p
        elif p == 1:
            r = q
        elif q == 1:
            r = p
        elif p == -1:
            r = q if q > 1 else -1          # beside n > 1 an unknown dimension must be 1 or n
        elif q == -1:
            r = p if p > 1 else -1
        else:
            return -1
        dims[rank - i] = r
    return intern_dims(dims, rank)


intern_shape(None)
intern_shape(())
