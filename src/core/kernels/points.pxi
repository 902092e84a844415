# Slices at points, rows of coordinates: GatherNd, ScatterNd and TensorScatter.

cdef object point_numbers(PyObject* given, int ndim, cnp.npy_intp* dims):
    """Which slice each point names, counted in order; None for no coordinates, and for points outside."""
    cdef CArray* q = <CArray*>given
    cdef cnp.npy_int64* points
    cdef cnp.npy_int64* out
    cdef cnp.npy_intp dims_out[1]
    cdef cnp.npy_intp i, n, depth
    cdef cnp.npy_int64 at
    cdef int k
    cdef bint fine = True
    indices = row_numbers(given)
    if indices is None or array_ndim(q) < 1:
        return None
    depth = array_dims(q)[array_ndim(q) - 1]
    if not 1 <= depth <= ndim:
        return None
    n = dims_out[0] = array_size(q) // depth
    made = cnp.PyArray_EMPTY(1, dims_out, cnp.NPY_INT64, 0)
    points = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>indices)
    out = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>made)
    for i in range(n):
        at = 0
        for k in range(depth):
            fine &= 0 <= points[k] < dims[k]
            at = at * dims[k] + points[k] if fine else 0
        points += depth
        out[i] = at
    return made if fine else None


cdef int kernel_gather_nd(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef CArray* q = <CArray*>inputs[1]
    cdef Rows r
    cdef cnp.npy_intp dims[64]
    cdef int i, depth, n = 0
    if not is_plain(inputs[0]) or not is_contiguous(inputs[0]) or not is_array(inputs[1]):
        return 0
    numbers = point_numbers(inputs[1], array_ndim(x), array_dims(x))
    if numbers is None or array_ndim(x) + array_ndim(q) > 32:
        return 0
    depth = <int>array_dims(q)[array_ndim(q) - 1]
    for i in range(array_ndim(q) - 1):
        dims[n] = array_dims(q)[i]
        n += 1
    r.row_bytes = array_itemsize(x)
    for i in range(depth, array_ndim(x)):
        dims[n] = array_dims(x)[i]
        r.row_bytes *= dims[n]
        n += 1
    outputs[0] = new_array(frame, step.first_out, step.out_type, n, dims)
    r.indices = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>numbers)
    r.n = array_size(<CArray*><PyObject*>numbers)
    r.n_rows = 0
    r.table = array_bytes(x)
    r.rows = array_bytes(<CArray*>outputs[0])
    if r.n and r.row_bytes:
        with nogil:
            parallel_for(gather_body, &r, r.n, 4 * GRAIN // (r.row_bytes + 16) + 1)
    return 1


cdef int scatter_points(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, PyObject* base,
                        PyObject* given, PyObject* updates, int ndim, cnp.npy_intp* dims, int sign) except -1:
    """`base` (or zeros of these dimensions) with the slices that points name changed."""
    cdef CArray* u = <CArray*>updates
    cdef CArray* q = <CArray*>given
    cdef Rows r
    cdef int i, depth
    r.type_number = step.out_type
    if not is_summable(r.type_number) or not is_flat(updates, r.type_number) or not is_array(given):
        return 0
    numbers = point_numbers(given, ndim, dims)
    if numbers is None:
        return 0
    depth = <int>array_dims(q)[array_ndim(q) - 1]
    if array_ndim(u) != array_ndim(q) - 1 + ndim - depth:
        return 0
    for i in range(array_ndim(q) - 1):
        if array_dims(u)[i] != array_dims(q)[i]:
            return 0
    r.width = 1
    for i in range(depth, ndim):
        if array_dims(u)[array_ndim(q) - 1 + i - depth] != dims[i]:
            return 0
        r.width *= dims[i]
    if base == NULL:
        outputs[0] = new_array(frame, step.first_out, r.type_number, ndim, dims)
        memset(array_bytes(<CArray*>outputs[0]), 0, array_nbytes(<CArray*>outputs[0]))
    elif plan.in_flags[step.first_in] == INPUT_LAST and may_write(base, r.type_number, ndim, dims):
        frame.registers[plan.in_registers[step.first_in]] = NULL
        outputs[0] = base
    else:
        outputs[0] = new_array(frame, step.first_out, r.type_number, ndim, dims)
        memcpy(array_bytes(<CArray*>outputs[0]), array_bytes(<CArray*>base), array_nbytes(<CArray*>base))
    r.indices = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>numbers)
    r.n = array_size(<CArray*><PyObject*>numbers)
    r.table = array_bytes(<CArray*>outputs[0])
    r.rows = array_bytes(u)
    r.sign = sign
    if r.n and r.width:
        with nogil:
            parallel_for(add_body, &r, r.width, max(64, GRAIN // r.n))
    return 1


cdef int kernel_scatter_nd(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                           PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[32]
    cdef int i, ndim = <int>read_ints(inputs[2], dims, 32)
    if ndim < 0 or array_ndim(<CArray*>inputs[2]) != 1:
        return 0
    for i in range(ndim):
        if dims[i] < 0:
            return 0
    return scatter_points(plan, frame, step, inputs, outputs, NULL, inputs[0], inputs[1], ndim, dims, 1)


cdef int change_points(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int sign) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    if not is_flat(inputs[0], step.out_type) or inputs[0] == inputs[2]:
        return 0
    return scatter_points(plan, frame, step, inputs, outputs, inputs[0], inputs[1], inputs[2], array_ndim(x),
                          array_dims(x), sign)


cdef int kernel_tensor_scatter_update(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                      PyObject** outputs) except -1:
    return change_points(plan, frame, step, inputs, outputs, 0)


cdef int kernel_tensor_scatter_add(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return change_points(plan, frame, step, inputs, outputs, 1)


cdef int kernel_tensor_scatter_sub(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return change_points(plan, frame, step, inputs, outputs, -1)


add_core_kernel("gather_nd", kernel_gather_nd)
add_core_kernel("scatter_nd", kernel_scatter_nd)
add_core_kernel("tensor_scatter_update", kernel_tensor_scatter_update)
add_core_kernel("tensor_scatter_add", kernel_tensor_scatter_add)
add_core_kernel("tensor_scatter_sub", kernel_tensor_scatter_sub)
