# Rows by their numbers: gathering them, and adding to them, without touching the others.

ctypedef fused summand:
    float
    double
    cnp.npy_int32
    cnp.npy_int64

cdef struct Rows:                # some rows of a table, in the order of `indices`
    char* table
    char* rows
    cnp.npy_int64* indices       # all of them valid; with `drops`, negative ones stand for no row
    cnp.npy_intp n               # of indices
    cnp.npy_intp n_rows          # of the table
    cnp.npy_intp width           # elements of a row
    cnp.npy_intp row_bytes
    int type_number
    int sign                     # 1: add, -1: subtract, 0: replace


cdef object row_numbers(PyObject* value):
    """An integer array as contiguous int64; None if it is none."""
    cdef CArray* a = <CArray*>value
    if not is_array(value):
        return None
    if array_type(a) != cnp.NPY_INT32 and array_type(a) != cnp.NPY_INT64:
        return None
    return cnp.PyArray_FROM_OTF(<object>value, cnp.NPY_INT64, ARRAY_WANTED)


cdef bint all_below(cnp.npy_int64* indices, cnp.npy_intp n, cnp.npy_intp limit, bint or_negative) noexcept nogil:
    """Whether each index is below `limit`, and not negative unless that is allowed."""
    cdef cnp.npy_intp i
    cdef bint fine = True
    if or_negative:
        for i in range(n):
            fine &= indices[i] < limit
    else:
        for i in range(n):
            fine &= <cnp.npy_uint64>indices[i] < <cnp.npy_uint64>limit
    return fine


# ---------------------------------------------------------------- reading rows

cdef void gather_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Rows* r = <Rows*>ctx
    cdef cnp.npy_intp i, outer, k
    cdef cnp.npy_intp size = r.row_bytes
    cdef char* out = r.rows + start * size
    for i in range(start, stop):
        outer = i // r.n
        k = r.indices[i - outer * r.n]
        memcpy(out, r.table + (outer * r.n_rows + k) * size, size)
        out += size


cdef int gather_rows(Frame* frame, Step* step, PyObject* params, PyObject* given, int axis,
                     PyObject** outputs) except -1:
    """Output 0: the slices of `params` along `axis` that the indices `given` name; 0 where this has no answer."""
    cdef CArray* p = <CArray*>params
    cdef CArray* q
    cdef Rows r
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp outer = 1
    cdef int i, n_dims = 0
    indices = row_numbers(given)
    if indices is None or not is_plain(params) or not is_contiguous(params) or array_type(p) != step.out_type:
        return 0
    q = <CArray*><PyObject*>indices
    if axis < 0 or axis >= array_ndim(p) or array_ndim(p) + array_ndim(q) > 32:
        return 0
    r.indices = <cnp.npy_int64*>array_bytes(q)
    r.n = array_size(q)
    r.n_rows = array_dims(p)[axis]
    if not all_below(r.indices, r.n, r.n_rows, False):
        return 0
    r.row_bytes = array_itemsize(p)
    for i in range(axis):
        dims[n_dims] = array_dims(p)[i]
        outer *= dims[n_dims]
        n_dims += 1
    for i in range(array_ndim(q)):
        dims[n_dims] = array_dims(q)[i]
        n_dims += 1
    for i in range(axis + 1, array_ndim(p)):
        dims[n_dims] = array_dims(p)[i]
        r.row_bytes *= dims[n_dims]
        n_dims += 1
    outputs[0] = new_array(frame, step.first_out, step.out_type, n_dims, dims)
    r.table = array_bytes(p)
    r.rows = array_bytes(<CArray*>outputs[0])
    if r.n and r.row_bytes:
        with nogil:
            parallel_for(gather_body, &r, outer * r.n, 4 * GRAIN // (r.row_bytes + 16) + 1)
    return 1


cdef int kernel_gather(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    """Gather and GatherV2."""
    cdef cnp.npy_intp axis = 0
    if step.n_in == 3:
        if read_int_attr(plan, step, "batch_dims") or read_ints(inputs[2], &axis, 1) != 1:
            return 0
        if axis < 0 and is_array(inputs[0]):
            axis += array_ndim(<CArray*>inputs[0])
    return gather_rows(frame, step, inputs[0], inputs[1], <int>axis, outputs)


cdef int kernel_resource_gather(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                PyObject** outputs) except -1:
    cdef VariableState state = state_of(inputs[0])
    if state is None or state.value is None or read_int_attr(plan, step, "batch_dims"):
        return 0
    kept = state.value           # while the GIL is off, another thread may assign
    return gather_rows(frame, step, <PyObject*>kept, inputs[1], 0, outputs)


# ---------------------------------------------------------------- adding to rows

cdef void add_columns(summand* table, summand* rows, Rows* r, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """The columns from `start` to `stop` of all rows, one row after another: an index may come again."""
    cdef cnp.npy_intp i, j
    cdef summand* out
    cdef summand* x
    for i in range(r.n):
        if r.indices[i] < 0:
            continue
        out = table + r.indices[i] * r.width
        x = rows + i * r.width
        if r.sign > 0:
            for j in range(start, stop):
                out[j] += x[j]
        elif r.sign < 0:
            for j in range(start, stop):
                out[j] -= x[j]
        else:
            for j in range(start, stop):
                out[j] = x[j]


cdef void add_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Rows* r = <Rows*>ctx
    if r.type_number == cnp.NPY_FLOAT32:
        add_columns(<float*>r.table, <float*>r.rows, r, start, stop)
    elif r.type_number == cnp.NPY_FLOAT64:
        add_columns(<double*>r.table, <double*>r.rows, r, start, stop)
    elif r.type_number == cnp.NPY_INT32:
        add_columns(<cnp.npy_int32*>r.table, <cnp.npy_int32*>r.rows, r, start, stop)
    else:
        add_columns(<cnp.npy_int64*>r.table, <cnp.npy_int64*>r.rows, r, start, stop)


cdef inline bint is_summable(int type_number) noexcept:
    return is_real(type_number) or type_number == cnp.NPY_INT32 or type_number == cnp.NPY_INT64


cdef int scatter(Step* step, PyObject** inputs, PyObject** outputs, int sign) except -1:
    """Scatter ops of variables: change the rows that the indices name, in the variable's own array."""
    cdef VariableState state = state_of(inputs[0])
    cdef PyObject* value
    cdef CArray* q
    cdef CArray* u
    cdef Rows r
    cdef int i, n_outer
    if state is None or state.value is None:
        return 0
    value = <PyObject*>state.value
    indices = row_numbers(inputs[1])
    r.type_number = array_type(<CArray*>value)
    if (indices is None or not is_summable(r.type_number) or array_ndim(<CArray*>value) < 1
            or not is_flat(inputs[2], r.type_number)):
        return 0
    q = <CArray*><PyObject*>indices
    u = <CArray*>inputs[2]
    n_outer = array_ndim(q)
    if array_ndim(u) != n_outer + array_ndim(<CArray*>value) - 1:
        return 0
    for i in range(n_outer):
        if array_dims(u)[i] != array_dims(q)[i]:
            return 0
    r.width = 1
    for i in range(1, array_ndim(<CArray*>value)):
        if array_dims(u)[n_outer + i - 1] != array_dims(<CArray*>value)[i]:
            return 0
        r.width *= array_dims(<CArray*>value)[i]
    r.n = array_size(q)
    r.indices = <cnp.npy_int64*>array_bytes(q)
    if not all_below(r.indices, r.n, array_dims(<CArray*>value)[0], False):
        return 0
    if not may_update(state):
        state.value = cnp.PyArray_NewCopy(<cnp.ndarray>value, cnp.NPY_CORDER)
    kept = state.value
    r.table = array_bytes(<CArray*><PyObject*>kept)
    r.rows = array_bytes(u)
    r.sign = sign
    if r.n and r.width:
        with nogil:
            parallel_for(add_body, &r, r.width, max(64, GRAIN // r.n))
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


cdef int kernel_scatter_add(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    return scatter(step, inputs, outputs, 1)


cdef int kernel_scatter_sub(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    return scatter(step, inputs, outputs, -1)


cdef int kernel_scatter_update(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                               PyObject** outputs) except -1:
    return scatter(step, inputs, outputs, 0)


cdef int kernel_segment_sum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    """UnsortedSegmentSum: rows of data added up by segment; negative segments are dropped."""
    cdef CArray* data = <CArray*>inputs[0]
    cdef CArray* q
    cdef Rows r
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp n_segments
    cdef int i, n_outer, ndim
    segments = row_numbers(inputs[1])
    r.type_number = step.out_type
    if segments is None or not is_summable(r.type_number) or not is_flat(inputs[0], r.type_number):
        return 0
    if read_ints(inputs[2], &n_segments, 1) != 1 or n_segments < 0 or array_ndim(<CArray*>inputs[2]):
        return 0
    q = <CArray*><PyObject*>segments
    n_outer = array_ndim(q)
    ndim = array_ndim(data)
    if n_outer > ndim or ndim > 31:
        return 0
    for i in range(n_outer):
        if array_dims(data)[i] != array_dims(q)[i]:
            return 0
    dims[0] = n_segments
    r.width = 1
    for i in range(n_outer, ndim):
        dims[i - n_outer + 1] = array_dims(data)[i]
        r.width *= array_dims(data)[i]
    r.n = array_size(q)
    r.indices = <cnp.npy_int64*>array_bytes(q)
    if not all_below(r.indices, r.n, n_segments, True) or <double>n_segments * r.width > 1e9:
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim - n_outer + 1, dims)
    r.table = array_bytes(<CArray*>outputs[0])
    r.rows = array_bytes(data)
    r.sign = 1
    with nogil:
        memset(r.table, 0, array_nbytes(<CArray*>outputs[0]))
        if r.n and r.width:
            parallel_for(add_body, &r, r.width, max(64, GRAIN // r.n))
    return 1


add_core_kernel("gather", kernel_gather)
add_core_kernel("resource_gather", kernel_resource_gather)
add_core_kernel("scatter_add", kernel_scatter_add)
add_core_kernel("scatter_sub", kernel_scatter_sub)
add_core_kernel("scatter_update", kernel_scatter_update)
add_core_kernel("segment_sum", kernel_segment_sum)
