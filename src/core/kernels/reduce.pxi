# Reductions: sums, means, products and extrema over any axes, by the loops of reduce.h.
#
# Neighbouring axes that are reduced, or kept, are joined; what remains is taken from the back, one group of reduced
# axes after another: (A, R, B) becomes (A, B).  Long groups are cut into chunks whose results are reduced in turn, in
# one way for any number of threads.  Contiguous arrays of float32, float64, int32, int64; All and Any of bool.

cdef extern from "kernels/reduce.h" nogil:
    int REDUCE_SUM, REDUCE_PROD, REDUCE_MAX, REDUCE_MIN, REDUCE_SQUARES
    int REDUCE_F32, REDUCE_F64, REDUCE_I32, REDUCE_I64, REDUCE_U8
    int REDUCE_WIDTH
    ctypedef void (*reduce_row_fn)(void* out, const void* x, cnp.npy_intp n) noexcept nogil
    ctypedef void (*reduce_columns_fn)(void* out, const void* x, cnp.npy_intp rows, cnp.npy_intp step,
                                       cnp.npy_intp n) noexcept nogil
    reduce_row_fn reduce_rows[5][5]
    reduce_columns_fn reduce_columns[5][5]

cdef enum:
    REDUCE_CHUNK = 65536         # elements that go into one intermediate result

cdef struct Reduction:           # (A, R, B) -> (A, n_chunks, B)
    char* x
    char* out
    cnp.npy_intp n_rows          # R
    cnp.npy_intp n_columns       # B
    cnp.npy_intp chunk           # of R
    cnp.npy_intp n_chunks
    cnp.npy_intp n_blocks        # of REDUCE_WIDTH columns
    cnp.npy_intp itemsize
    int op
    int kind


cdef int reduce_kind(int type_number) noexcept nogil:
    """The index of an element type in the tables of reduce.h, or -1."""
    if type_number == cnp.NPY_FLOAT32:
        return REDUCE_F32
    if type_number == cnp.NPY_FLOAT64:
        return REDUCE_F64
    if type_number == cnp.NPY_INT32:
        return REDUCE_I32
    if type_number == cnp.NPY_INT64:
        return REDUCE_I64
    if type_number == cnp.NPY_BOOL:
        return REDUCE_U8
    return -1


cdef void reduce_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Reduction* r = <Reduction*>ctx
    cdef cnp.npy_intp i, outer, chunk, block, first, rows, columns
    cdef char* x
    cdef char* out
    if r.n_columns == 1 and r.n_chunks == 1:
        for i in range(start, stop):
            reduce_rows[r.op][r.kind](r.out + i * r.itemsize, r.x + i * r.n_rows * r.itemsize, r.n_rows)
        return
    for i in range(start, stop):
        block = i % r.n_blocks
        chunk = i // r.n_blocks % r.n_chunks
        outer = i // r.n_blocks // r.n_chunks
        first = chunk * r.chunk
        rows = min(r.chunk, r.n_rows - first)
        x = r.x + ((outer * r.n_rows + first) * r.n_columns + block * REDUCE_WIDTH) * r.itemsize
        out = r.out + ((outer * r.n_chunks + chunk) * r.n_columns + block * REDUCE_WIDTH) * r.itemsize
        if r.n_columns == 1:
            reduce_rows[r.op][r.kind](out, x, rows)
        else:
            columns = min(<cnp.npy_intp>REDUCE_WIDTH, r.n_columns - block * REDUCE_WIDTH)
            reduce_columns[r.op][r.kind](out, x, rows, r.n_columns, columns)


cdef int reduce_group(Reduction* r, cnp.npy_intp outer) noexcept nogil:
    """Reduce ``(outer, n_rows, n_columns)`` at `x` to ``(outer, n_columns)`` at `out`; -1: no memory."""
    cdef Reduction rest
    cdef char* partial = NULL
    cdef char* out = r.out
    cdef cnp.npy_intp n_items
    r.n_blocks = (r.n_columns + REDUCE_WIDTH - 1) // REDUCE_WIDTH
    r.chunk = max(REDUCE_CHUNK // r.n_columns, <cnp.npy_intp>64)
    if r.n_rows < 2 * r.chunk:
        r.chunk = r.n_rows
    r.n_chunks = (r.n_rows + r.chunk - 1) // r.chunk
    if r.n_chunks > 1:
        partial = <char*>malloc(outer * r.n_chunks * r.n_columns * r.itemsize)
        if partial == NULL:
            return -1
        r.out = partial
    n_items = outer * r.n_chunks * r.n_blocks
    parallel_for(reduce_body, r, n_items,
                 GRAIN // (r.chunk * min(r.n_columns, <cnp.npy_intp>REDUCE_WIDTH)) + 1)
    if partial != NULL:
        rest = r[0]
        rest.x = partial
        rest.out = out
        rest.n_rows = r.n_chunks
        if rest.op == REDUCE_SQUARES:
            rest.op = REDUCE_SUM
        if reduce_group(&rest, outer) < 0:
            free(partial)
            return -1
        free(partial)
    return 0


cdef int reduce_all(int op, int kind, cnp.npy_intp itemsize, char* x, char* out, int ndim, cnp.npy_intp* dims,
                    unsigned long long reduced) noexcept nogil:
    """Reduce the axes in the bit set `reduced` of a contiguous array into `out`; -1: no memory."""
    cdef cnp.npy_intp sizes[64]
    cdef bint is_reduced[64]
    cdef cnp.npy_intp outer, columns
    cdef int i, k, n = 0, n_reduced = 0
    cdef Reduction r
    cdef char* held = NULL
    cdef char* made
    for i in range(ndim):
        if dims[i] == 1:
            continue
        if n and is_reduced[n - 1] == (reduced >> i & 1):
            sizes[n - 1] *= dims[i]
        else:
            sizes[n] = dims[i]
            is_reduced[n] = reduced >> i & 1
            n_reduced += is_reduced[n]
            n += 1
    if n_reduced == 0:           # every sum has one element
        sizes[0] = 1
        for i in range(ndim):
            sizes[0] *= dims[i]
        sizes[1] = 1
        is_reduced[0] = False
        is_reduced[1] = True
        n = 2
        n_reduced = 1
    r.op = op
    r.kind = kind
    r.itemsize = itemsize
    while n_reduced:
        k = n - 1
        while not is_reduced[k]:
            k -= 1
        outer = columns = 1
        for i in range(k):
            outer *= sizes[i]
        for i in range(k + 1, n):
            columns *= sizes[i]
        made = out
        if n_reduced > 1:
            made = <char*>malloc(outer * columns * itemsize)
        if made == NULL:
            free(held)
            return -1
        r.x = x
        r.out = made
        r.n_rows = sizes[k]
        r.n_columns = columns
        i = reduce_group(&r, outer)
        free(held)
        held = NULL
        if made != out:
            held = made
        if i < 0:
            free(held)
            return -1
        if r.op == REDUCE_SQUARES:
            r.op = REDUCE_SUM
        x = made
        n_reduced -= 1
        # What stands before and behind the group is kept, and one now.
        if k > 0:
            sizes[k - 1] *= columns
            n = k
        else:
            sizes[0] = columns
            is_reduced[0] = False
            n = 1
    return 0


cdef void divide_all(real* x, cnp.npy_intp n, real count) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        x[i] /= count


cdef int reduce_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int op,
                     bint mean) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp axes[64]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp axis, count = 1, n
    cdef unsigned long long reduced = 0
    cdef int kind = reduce_kind(step.out_type), i, ndim, n_axes, n_dims = 0, status
    cdef bint keep = read_int_attr(plan, step, "keep_dims")
    cdef char* out
    if kind < 0 or not is_flat(inputs[0], step.out_type) or reduce_rows[op][kind] == NULL:
        return 0
    if mean and not is_real(step.out_type):
        return 0
    ndim = array_ndim(x)
    n_axes = <int>read_ints(inputs[1], axes, 64)
    if n_axes < 0 or array_size(x) == 0:
        return 0
    for i in range(n_axes):
        axis = axes[i] + ndim if axes[i] < 0 else axes[i]
        if axis < 0 or axis >= ndim or reduced >> axis & 1:
            return 0
        reduced |= 1ull << axis
        count *= array_dims(x)[axis]
    if count == 1:
        return 0                 # nothing to add up: in TF, the same memory
    for i in range(ndim):
        if not reduced >> i & 1:
            dims[n_dims] = array_dims(x)[i]
            n_dims += 1
        elif keep:
            dims[n_dims] = 1
            n_dims += 1
    outputs[0] = new_array(frame, step.first_out, step.out_type, n_dims, dims)
    out = array_bytes(<CArray*>outputs[0])
    n = array_size(<CArray*>outputs[0])
    with nogil:
        status = reduce_all(op, kind, array_itemsize(x), array_bytes(x), out, ndim, array_dims(x), reduced)
        if mean and status == 0:
            if kind == REDUCE_F32:
                divide_all(<float*>out, n, <float>count)
            else:
                divide_all(<double*>out, n, <double>count)
    if status < 0:
        raise MemoryError()
    return 1


cdef int kernel_sum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                    PyObject** outputs) except -1:
    return reduce_step(plan, frame, step, inputs, outputs, REDUCE_SUM, False)


cdef int kernel_mean(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return reduce_step(plan, frame, step, inputs, outputs, REDUCE_SUM, True)


cdef int kernel_prod(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return reduce_step(plan, frame, step, inputs, outputs, REDUCE_PROD, False)


cdef int kernel_max(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                    PyObject** outputs) except -1:
    return reduce_step(plan, frame, step, inputs, outputs, REDUCE_MAX, False)


cdef int kernel_min(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                    PyObject** outputs) except -1:
    return reduce_step(plan, frame, step, inputs, outputs, REDUCE_MIN, False)


# ---------------------------------------------------------------- reductions without axes among their inputs

cdef int kernel_l2_loss(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    cdef cnp.npy_intp n
    cdef char* out
    cdef int status, kind = reduce_kind(step.out_type)
    if not is_real(step.out_type) or not is_flat(inputs[0], step.out_type):
        return 0
    n = array_size(<CArray*>inputs[0])
    if n == 0:
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, 0, NULL)
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        status = reduce_all(REDUCE_SQUARES, kind, array_itemsize(<CArray*>inputs[0]),
                            array_bytes(<CArray*>inputs[0]), out, 1, &n, 1)
        if kind == REDUCE_F32:
            divide_all(<float*>out, 1, <float>2)
        else:
            divide_all(<double*>out, 1, <double>2)
    if status < 0:
        raise MemoryError()
    return 1


cdef int kernel_bias_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    """Sums over all axes but that of the channels."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp dims[1]
    cdef int status, channels, ndim, kind = reduce_kind(step.out_type)
    cdef char* out
    if step.bits == 0:
        step.bits = 3 if plan.graph.operation(step.node)._attr("data_format")[1] in (b"NCHW", "NCHW") else 1
    if kind < 0 or kind == REDUCE_U8 or not is_flat(inputs[0], step.out_type):
        return 0
    ndim = array_ndim(x)
    if ndim < 2 or array_size(x) == 0:
        return 0
    channels = 1 if step.bits & 2 else ndim - 1
    dims[0] = array_dims(x)[channels]
    outputs[0] = new_array(frame, step.first_out, step.out_type, 1, dims)
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        status = reduce_all(REDUCE_SUM, kind, array_itemsize(x), array_bytes(x), out, ndim, array_dims(x),
                            ((1ull << ndim) - 1) & ~(1ull << channels))
    if status < 0:
        raise MemoryError()
    return 1


add_core_kernel("sum", kernel_sum)
add_core_kernel("mean", kernel_mean)
add_core_kernel("prod", kernel_prod)
add_core_kernel("max", kernel_max)
add_core_kernel("min", kernel_min)
add_core_kernel("l2_loss", kernel_l2_loss)
add_core_kernel("bias_grad", kernel_bias_grad)
