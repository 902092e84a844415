# Choosing and converting elements: Select, Where, Cast, Range, OneHot, SparseToDense.

# ---------------------------------------------------------------- one or the other

cdef struct Choice:              # operands of a Select: condition, then, else, out
    char* args[4]
    cnp.npy_intp strides[4][64]
    cnp.npy_intp dims[64]
    int ndim
    int itemsize


@cython.overflowcheck(False)
cdef void choose_row(word* out, cnp.npy_bool* chosen, word* t, word* e, cnp.npy_intp n, cnp.npy_intp c_step,
                     cnp.npy_intp t_step, cnp.npy_intp e_step) noexcept nogil:
    """A row of a Select; steps in elements."""
    cdef cnp.npy_intp i
    cdef word mask, same
    if c_step == 0:
        if not chosen[0]:
            t = e
            t_step = e_step
        if t_step == 1:
            memcpy(out, t, n * sizeof(word))
        else:
            for i in range(n):
                out[i] = t[i * t_step]
    elif c_step == 1 and t_step == 1 and e_step == 1:
        for i in range(n):
            mask = <word>0 - <word>(chosen[i] != 0)
            out[i] = (t[i] & mask) | (e[i] & ~mask)
    elif c_step == 1 and t_step == 1 and e_step == 0:
        same = e[0]
        for i in range(n):
            mask = <word>0 - <word>(chosen[i] != 0)
            out[i] = (t[i] & mask) | (same & ~mask)
    elif c_step == 1 and t_step == 0 and e_step == 1:
        same = t[0]
        for i in range(n):
            mask = <word>0 - <word>(chosen[i] != 0)
            out[i] = (same & mask) | (e[i] & ~mask)
    else:
        for i in range(n):
            out[i] = t[i * t_step] if chosen[i * c_step] else e[i * e_step]


cdef void choose_part(Choice* c, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """Indices from `start` to `stop` of the first axis."""
    cdef cnp.npy_intp index[64]
    cdef cnp.npy_intp dims[64]
    cdef char* args[4]
    cdef int i, k, last = c.ndim - 1
    cdef cnp.npy_intp size = c.itemsize
    for i in range(c.ndim):
        dims[i] = c.dims[i]
        index[i] = 0
    dims[0] = stop - start
    for k in range(4):
        args[k] = c.args[k] + start * c.strides[k][0]
    while True:
        if size == 4:
            choose_row(<cnp.npy_uint32*>args[3], <cnp.npy_bool*>args[0], <cnp.npy_uint32*>args[1],
                       <cnp.npy_uint32*>args[2], dims[last], c.strides[0][last], c.strides[1][last] // 4,
                       c.strides[2][last] // 4)
        elif size == 8:
            choose_row(<cnp.npy_uint64*>args[3], <cnp.npy_bool*>args[0], <cnp.npy_uint64*>args[1],
                       <cnp.npy_uint64*>args[2], dims[last], c.strides[0][last], c.strides[1][last] // 8,
                       c.strides[2][last] // 8)
        elif size == 2:
            choose_row(<cnp.npy_uint16*>args[3], <cnp.npy_bool*>args[0], <cnp.npy_uint16*>args[1],
                       <cnp.npy_uint16*>args[2], dims[last], c.strides[0][last], c.strides[1][last] // 2,
                       c.strides[2][last] // 2)
        else:
            choose_row(<cnp.npy_uint8*>args[3], <cnp.npy_bool*>args[0], <cnp.npy_uint8*>args[1],
                       <cnp.npy_uint8*>args[2], dims[last], c.strides[0][last], c.strides[1][last],
                       c.strides[2][last])
        i = last - 1
        while i >= 0:
            index[i] += 1
            for k in range(4):
                args[k] += c.strides[k][i]
            if index[i] < dims[i]:
                break
            for k in range(4):
                args[k] -= c.strides[k][i] * dims[i]
            index[i] = 0
            i -= 1
        if i < 0:
            break


cdef void choose_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    choose_part(<Choice*>ctx, start, stop)


cdef int choose(Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, bint rows) except -1:
    """Select, whose condition may be one for all or one for each row (`rows`), and SelectV2, which broadcasts."""
    cdef Choice c
    cdef CArray* operands[4]
    cdef cnp.npy_intp n, size = 1
    cdef int i, k, axis
    for k in range(3):
        if not is_array(inputs[k]):
            return 0
        operands[k] = <CArray*>inputs[k]
    c.itemsize = <int>array_itemsize(operands[1])
    if (array_type(operands[0]) != cnp.NPY_BOOL or array_type(operands[1]) != step.out_type
            or array_type(operands[2]) != step.out_type or step.out_type == cnp.NPY_OBJECT
            or not (c.itemsize == 1 or c.itemsize == 2 or c.itemsize == 4 or c.itemsize == 8)):
        return 0
    c.ndim = max(array_ndim(operands[0]), array_ndim(operands[1]), array_ndim(operands[2]))
    if c.ndim > 32:
        return 0
    if rows:
        if not same_dims(operands[1], operands[2]):
            return 0
        if array_ndim(operands[0]) == 0:
            k = 1 if (<cnp.npy_bool*>array_bytes(operands[0]))[0] else 2
            Py_XINCREF(inputs[k])
            outputs[0] = inputs[k]
            return 1
        rows = array_ndim(operands[0]) == 1 and c.ndim > 1
        if rows:
            if array_dims(operands[0])[0] != array_dims(operands[1])[0]:
                return 0
        elif not same_dims(operands[0], operands[1]):
            return 0
    for i in range(c.ndim):
        c.dims[i] = 1
        for k in range(3):
            axis = i if rows and k == 0 else i - c.ndim + array_ndim(operands[k])
            n = array_dims(operands[k])[axis] if 0 <= axis < array_ndim(operands[k]) else 1
            if n != 1:
                if c.dims[i] != 1 and c.dims[i] != n:
                    return 0
                c.dims[i] = n
        size *= c.dims[i]
    outputs[0] = new_array(frame, step.first_out, step.out_type, c.ndim, c.dims)
    operands[3] = <CArray*>outputs[0]
    if size == 0:
        return 1
    for k in range(4):
        c.args[k] = array_bytes(operands[k])
        for i in range(c.ndim):
            axis = i if rows and k == 0 else i - c.ndim + array_ndim(operands[k])
            if not 0 <= axis < array_ndim(operands[k]) or (array_dims(operands[k])[axis] == 1 and c.dims[i] != 1):
                c.strides[k][i] = 0
            else:
                c.strides[k][i] = array_strides(operands[k])[axis]
    c.ndim = merge_axes(c.ndim, c.dims, c.strides, 4)
    for k in range(1, 3):
        if c.strides[k][c.ndim - 1] % c.itemsize:
            return 0
    if size < GRAIN:
        choose_part(&c, 0, c.dims[0])
    else:
        with nogil:
            parallel_for(choose_body, &c, c.dims[0], GRAIN * c.dims[0] // size + 1)
    return 1


cdef int kernel_select(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    return choose(frame, step, inputs, outputs, True)


cdef int kernel_select_v2(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    return choose(frame, step, inputs, outputs, False)


# ---------------------------------------------------------------- where

cdef int kernel_where(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    """Coordinates of the true elements of a boolean array."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_bool* given
    cdef cnp.npy_int64* out
    cdef cnp.npy_intp dims[2]
    cdef cnp.npy_intp index[32]
    cdef cnp.npy_intp i, n, row, n_true = 0
    cdef int k, ndim
    if not is_flat(inputs[0], cnp.NPY_BOOL) or array_ndim(x) > 32:
        return 0
    given = <cnp.npy_bool*>array_bytes(x)
    n = array_size(x)
    ndim = array_ndim(x)
    for i in range(n):
        n_true += given[i] != 0
    dims[0] = n_true
    dims[1] = ndim
    outputs[0] = new_array(frame, step.first_out, cnp.NPY_INT64, 2, dims)
    out = <cnp.npy_int64*>array_bytes(<CArray*>outputs[0])
    if n_true == 0 or ndim == 0:
        return 1
    if ndim == 1:
        for i in range(n):
            if given[i]:
                out[0] = i
                out += 1
        return 1
    for k in range(ndim):
        index[k] = 0
    row = array_dims(x)[ndim - 1]
    while True:
        for i in range(row):
            if given[i]:
                for k in range(ndim - 1):
                    out[k] = index[k]
                out[ndim - 1] = i
                out += ndim
        given += row
        k = ndim - 2
        while k >= 0:
            index[k] += 1
            if index[k] < array_dims(x)[k]:
                break
            index[k] = 0
            k -= 1
        if k < 0:
            break
    return 1


# ---------------------------------------------------------------- cast

ctypedef fused cast_from:
    float
    double
    cnp.npy_uint8
    cnp.npy_int32
    cnp.npy_int64

ctypedef fused cast_to:
    float
    double
    cnp.npy_uint8
    cnp.npy_int32
    cnp.npy_int64

cdef struct Casting:
    char* x
    char* y
    int from_type
    int to_type
    cnp.npy_intp from_size
    cnp.npy_intp to_size


cdef void cast_row(cast_from* x, cast_to* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        y[i] = <cast_to>x[i]


cdef void cast_to_bool(cast_from* x, cnp.npy_bool* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        y[i] = x[i] != 0


cdef int cast_elements_from(cast_from* x, char* y, int to_type, cnp.npy_intp n) noexcept nogil:
    if to_type == cnp.NPY_FLOAT32:
        cast_row(x, <float*>y, n)
    elif to_type == cnp.NPY_FLOAT64:
        cast_row(x, <double*>y, n)
    elif to_type == cnp.NPY_INT32:
        cast_row(x, <cnp.npy_int32*>y, n)
    elif to_type == cnp.NPY_INT64:
        cast_row(x, <cnp.npy_int64*>y, n)
    elif to_type == cnp.NPY_UINT8:
        cast_row(x, <cnp.npy_uint8*>y, n)
    elif to_type == cnp.NPY_BOOL:
        cast_to_bool(x, <cnp.npy_bool*>y, n)
    return 0


cdef void cast_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Casting* c = <Casting*>ctx
    cdef char* x = c.x + start * c.from_size
    cdef char* y = c.y + start * c.to_size
    if c.from_type == cnp.NPY_FLOAT32:
        cast_elements_from(<float*>x, y, c.to_type, stop - start)
    elif c.from_type == cnp.NPY_FLOAT64:
        cast_elements_from(<double*>x, y, c.to_type, stop - start)
    elif c.from_type == cnp.NPY_INT32:
        cast_elements_from(<cnp.npy_int32*>x, y, c.to_type, stop - start)
    elif c.from_type == cnp.NPY_INT64:
        cast_elements_from(<cnp.npy_int64*>x, y, c.to_type, stop - start)
    else:
        cast_elements_from(<cnp.npy_uint8*>x, y, c.to_type, stop - start)


cdef inline bint is_castable(int type_number) noexcept:
    """Whether the loops here know an element type."""
    return (type_number == cnp.NPY_FLOAT32 or type_number == cnp.NPY_FLOAT64 or type_number == cnp.NPY_INT32
            or type_number == cnp.NPY_INT64 or type_number == cnp.NPY_BOOL or type_number == cnp.NPY_UINT8)


cdef int kernel_cast(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef Casting c
    if not is_array(inputs[0]):
        return 0
    c.from_type = array_type(x)
    c.to_type = step.out_type
    if not is_flat(inputs[0], c.from_type) or not is_castable(c.from_type) or not is_castable(c.to_type):
        return 0
    if c.to_type == cnp.NPY_UINT8 and is_real(c.from_type):
        return 0                 # NumPy decides what a float beyond 255 is
    outputs[0] = new_array(frame, step.first_out, c.to_type, array_ndim(x), array_dims(x))
    c.x = array_bytes(x)
    c.y = array_bytes(<CArray*>outputs[0])
    c.from_size = array_itemsize(x)
    c.to_size = array_itemsize(<CArray*>outputs[0])
    if array_size(x) < GRAIN:
        cast_body(&c, 0, array_size(x))
    else:
        with nogil:
            parallel_for(cast_body, &c, array_size(x), GRAIN)
    return 1


# ---------------------------------------------------------------- ranges

cdef int kernel_range(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    """Ranges of integers."""
    cdef cnp.npy_intp start, limit, delta, n, i
    cdef char* out
    if step.out_type != cnp.NPY_INT32 and step.out_type != cnp.NPY_INT64:
        return 0
    if (read_ints(inputs[0], &start, 1) != 1 or read_ints(inputs[1], &limit, 1) != 1
            or read_ints(inputs[2], &delta, 1) != 1):
        return 0
    if delta == 0 or not -1073741824 < start < 1073741824 or not -1073741824 < limit < 1073741824:
        return 0
    if delta > 0:
        if start > limit:
            return 0
        n = (limit - start) // delta + ((limit - start) % delta != 0)
    else:
        if start < limit or delta < -1073741824:
            return 0
        n = (start - limit) // -delta + ((start - limit) % -delta != 0)
    outputs[0] = new_array(frame, step.first_out, step.out_type, 1, &n)
    out = array_bytes(<CArray*>outputs[0])
    if step.out_type == cnp.NPY_INT32:
        for i in range(n):
            (<cnp.npy_int32*>out)[i] = <cnp.npy_int32>(start + i * delta)
    else:
        for i in range(n):
            (<cnp.npy_int64*>out)[i] = start + i * delta
    return 1


# ---------------------------------------------------------------- elements put at places

cdef inline void put_element(char* out, const char* value, cnp.npy_intp itemsize) noexcept nogil:
    if itemsize == 4:
        (<cnp.npy_uint32*>out)[0] = (<cnp.npy_uint32*>value)[0]
    elif itemsize == 8:
        (<cnp.npy_uint64*>out)[0] = (<cnp.npy_uint64*>value)[0]
    else:
        memcpy(out, value, itemsize)


cdef void fill_with(char* out, const char* value, cnp.npy_intp n, cnp.npy_intp itemsize) noexcept nogil:
    """`n` copies of an element."""
    cdef cnp.npy_intp i
    cdef bint zero = True
    for i in range(itemsize):
        if value[i]:
            zero = False
    if zero:
        memset(out, 0, n * itemsize)
    elif itemsize == 4:
        for i in range(n):
            (<cnp.npy_uint32*>out)[i] = (<cnp.npy_uint32*>value)[0]
    else:
        for i in range(n):
            put_element(out + i * itemsize, value, itemsize)


cdef int kernel_one_hot(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    cdef CArray* places = <CArray*>inputs[0]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp depth, size, i, j, k, n_before = 1, n_after = 1
    cdef cnp.npy_int64* numbers
    cdef char* out
    cdef char* on
    cdef int axis, ndim
    indices = row_numbers(inputs[0])
    if indices is None or read_ints(inputs[1], &depth, 1) != 1 or array_ndim(<CArray*>inputs[1]) or depth < 0:
        return 0
    for i in range(2, 4):
        if (not is_plain(inputs[i]) or array_ndim(<CArray*>inputs[i])
                or array_type(<CArray*>inputs[i]) != step.out_type):
            return 0
    axis = read_int_attr(plan, step, "axis")
    ndim = array_ndim(places)
    if axis == -1:
        axis = ndim
    if not 0 <= axis <= ndim or ndim > 31:
        return 0
    for i in range(axis):
        dims[i] = array_dims(places)[i]
        n_before *= dims[i]
    dims[axis] = depth
    for i in range(axis, ndim):
        dims[i + 1] = array_dims(places)[i]
        n_after *= dims[i + 1]
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim + 1, dims)
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>indices)
    size = array_itemsize(<CArray*>outputs[0])
    out = array_bytes(<CArray*>outputs[0])
    on = array_bytes(<CArray*>inputs[2])
    with nogil:
        fill_with(out, array_bytes(<CArray*>inputs[3]), n_before * depth * n_after, size)
        for i in range(n_before):
            for j in range(n_after):
                k = numbers[i * n_after + j]
                if 0 <= k < depth:
                    put_element(out + ((i * depth + k) * n_after + j) * size, on, size)
    return 1


cdef int kernel_sparse_to_dense(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                PyObject** outputs) except -1:
    """Values at the places that are named, in order unless the op says that this need not be looked at."""
    cdef CArray* places = <CArray*>inputs[0]
    cdef cnp.npy_intp dims[32]
    cdef cnp.npy_intp n, i, at, last = -1, size, step_size
    cdef cnp.npy_int64* numbers
    cdef char* out
    cdef char* values
    cdef int k, ndim
    indices = row_numbers(inputs[0])
    ndim = <int>read_ints(inputs[1], dims, 32)
    if (indices is None or ndim < 0 or not is_plain(inputs[2]) or not is_contiguous(inputs[2])
            or not is_plain(inputs[3]) or array_ndim(<CArray*>inputs[3])
            or array_type(<CArray*>inputs[2]) != step.out_type or array_type(<CArray*>inputs[3]) != step.out_type):
        return 0
    n = array_dims(places)[0] if array_ndim(places) else 1
    if array_ndim(places) > 2 or (array_dims(places)[1] if array_ndim(places) == 2 else 1) != ndim:
        return 0
    if array_ndim(<CArray*>inputs[2]) > 1 or (array_size(<CArray*>inputs[2]) != n and array_ndim(<CArray*>inputs[2])):
        return 0
    for k in range(ndim):
        if dims[k] < 0:
            return 0
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>indices)
    for i in range(n):
        at = 0
        for k in range(ndim):
            if not 0 <= numbers[i * ndim + k] < dims[k]:
                return 0
            at = at * dims[k] + numbers[i * ndim + k]
        if at <= last and read_int_attr(plan, step, "validate_indices"):
            return 0
        last = at
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    out = array_bytes(<CArray*>outputs[0])
    values = array_bytes(<CArray*>inputs[2])
    size = array_itemsize(<CArray*>outputs[0])
    step_size = size if array_ndim(<CArray*>inputs[2]) else 0
    with nogil:
        fill_with(out, array_bytes(<CArray*>inputs[3]), array_size(<CArray*>outputs[0]), size)
        for i in range(n):
            at = 0
            for k in range(ndim):
                at = at * dims[k] + numbers[i * ndim + k]
            put_element(out + at * size, values + i * step_size, size)
    return 1


add_core_kernel("select", kernel_select)
add_core_kernel("select_v2", kernel_select_v2)
add_core_kernel("where", kernel_where)
add_core_kernel("cast", kernel_cast)
add_core_kernel("range", kernel_range)
add_core_kernel("one_hot", kernel_one_hot)
add_core_kernel("sparse_to_dense", kernel_sparse_to_dense)
