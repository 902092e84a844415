# ``tensor[...]`` with integers, slices of integers, ``...`` and newaxis: three constants and a StridedSlice, made here.
# Whatever else a key may be is left to the Python function, which makes the same of these.

cdef OpType STRIDED_SLICE = None
cdef dict SLICE_ATTRS = {}       # stored attributes of a StridedSlice, each once
cdef list ONE_INT = [None] * 1024    # number -> stored attributes of the Const of the int32 vector of it alone


cdef tuple int_vector_attrs(long long* values, int n):
    """Stored attributes of the Const of an int32 vector; None for what does not fit."""
    cdef tuple attrs
    if n == 1 and 0 <= values[0] < 1024:
        attrs = ONE_INT[values[0]]
        if attrs is None:
            attrs = ONE_INT[values[0]] = literal_attrs([values[0]], 3)
        return attrs
    return literal_attrs([values[i] for i in range(n)], 3)


cdef bint read_bound(object value, long long* number, bint* given) except -1:
    """An int in a key, or None; False for anything else."""
    cdef int overflow = 0
    given[0] = value is not None
    if not given[0]:
        return True
    if type(value) is not int:
        return False
    number[0] = PyLong_AsLongLongAndOverflow(value, &overflow)
    return overflow == 0 and -2147483648 <= number[0] < 2147483647


def sliced(Tensor t not None, key):
    """``t[key]``, if that is one StridedSlice with constant bounds in the default graph; else None."""
    return quick_slice(t, key)


cdef object quick_slice(Tensor t, object key):
    global STRIDED_SLICE
    cdef Graph g = current_graph()
    cdef long long bounds[3][16]             # begin, end, strides
    cdef int masks[5]                        # begin, end, ellipsis, new_axis, shrink_axis
    cdef tuple begin, end, strides
    cdef int ids[4]
    cdef int n = 1, i, bit = 1, dtype, scope, base, suffix, inner
    cdef bint given
    cdef object item
    cdef tuple stored
    if t.graph is not g or g.finalized or g.taken:
        return None
    if type(key) is tuple:
        n = <int>len(key)
        if n == 0 or n > 16:
            return None
    for i in range(5):
        masks[i] = 0
    for i in range(n):
        item = (<tuple>key)[i] if type(key) is tuple else key
        bounds[0][i] = bounds[1][i] = 0
        bounds[2][i] = 1
        if type(item) is int:
            if not read_bound(item, &bounds[0][i], &given):
                return None
            bounds[1][i] = bounds[0][i] + 1
            masks[4] += bit
        elif type(item) is slice:
            if not read_bound(item.start, &bounds[0][i], &given):
                return None
            if not given:
                masks[0] += bit
            if not read_bound(item.stop, &bounds[1][i], &given):
                return None
            if not given:
                masks[1] += bit
            if not read_bound(item.step, &bounds[2][i], &given):
                return None
        elif item is Ellipsis:
            masks[2] += bit
        elif item is None:
            masks[3] += bit
        else:
            return None
        bit *= 2
    begin = int_vector_attrs(bounds[0], n)
    end = int_vector_attrs(bounds[1], n)
    strides = int_vector_attrs(bounds[2], n)
    if STRIDED_SLICE is None:
        STRIDED_SLICE = op_type("StridedSlice")
    stored = (masks[0], masks[1], masks[2], masks[3], masks[4])
    stored = SLICE_ATTRS.setdefault(stored, stored)
    ids[0] = t._id
    dtype = base_of(g.outputs[t._id].dtype)
    g.resolve_name("strided_slice", False, &scope, &base, &suffix)
    inner = g.scope_at(scope, base, suffix)
    ids[1] = const_node(g, begin, inner, "stack")
    ids[2] = const_node(g, end, inner, "stack")
    ids[3] = const_node(g, strides, inner, "stack")
    return g.tensor(g.nodes[STRIDED_SLICE.add(g, 4, ids, 1, &dtype, stored, scope, base, suffix,
                                              None)].first_output)


cdef bint known_vector(Graph g, int output, long long* values, int* n) noexcept:
    """The value of a constant vector of int32 or int64; False if it is none, or long."""
    cdef Node* made_by = &g.nodes[g.outputs[output].node]
    cdef PyObject* value
    cdef int i, dtype = g.outputs[output].dtype
    if CONST_TYPE is None or made_by.op_type != CONST_TYPE.index or dtype != 3 and dtype != 9:
        return False
    value = PyTuple_GET_ITEM(made_by.attrs, 0)
    if not cnp.PyArray_CheckExact(<object>value) or cnp.PyArray_NDIM(<object>value) != 1:
        return False
    if cnp.PyArray_DIMS(<object>value)[0] > 16 or not cnp.PyArray_IS_C_CONTIGUOUS(<object>value):
        return False
    n[0] = <int>cnp.PyArray_DIMS(<object>value)[0]
    for i in range(n[0]):
        values[i] = ((<int*>cnp.PyArray_DATA(<object>value))[i] if dtype == 3
                     else (<long long*>cnp.PyArray_DATA(<object>value))[i])
    return True


cdef bint sliced_shape(Graph g, int* inputs, tuple stored, int* found) except -1:
    """Shape of a StridedSlice of a tensor of known rank by constant bounds and positive strides, if nothing is wrong."""
    cdef long long begin[16]
    cdef long long end[16]
    cdef long long strides[16]
    cdef long long dims[64]
    cdef long long d, low, high
    cdef int n, n_end, n_strides, i, rank = 0
    cdef int begin_mask = stored[0], end_mask = stored[1], shrink_mask = stored[4]
    cdef Shape* x = &SHAPES[g.outputs[inputs[0]].shape]
    if stored[2] or stored[3] or x.rank < 0 or x.rank > 64:
        return False
    if not (known_vector(g, inputs[1], begin, &n) and known_vector(g, inputs[2], end, &n_end)
            and known_vector(g, inputs[3], strides, &n_strides)):
        return False
    if n != n_end or n != n_strides or n > x.rank:
        return False
    for i in range(x.rank):
        d = x.dims[i]
        if i >= n:
            dims[rank] = d
            rank += 1
            continue
        if strides[i] <= 0:
            return False
        if shrink_mask >> i & 1:
            low = begin[i] + d if begin[i] < 0 else begin[i]
            if d >= 0 and not 0 <= low < d:
                return False
            continue
        if d >= 0:
            low = 0 if begin_mask >> i & 1 else max(0, min(d, begin[i] + d if begin[i] < 0 else begin[i]))
            high = d if end_mask >> i & 1 else max(0, min(d, end[i] + d if end[i] < 0 else end[i]))
            d = (high - low + strides[i] - 1) // strides[i] if high > low else 0
        dims[rank] = d
        rank += 1
    found[0] = intern_dims(dims, rank)
    return True
