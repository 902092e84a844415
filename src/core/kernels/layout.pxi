# Shapes and layout: views where the elements stay where they are, else one copy by the engine below.
#
# Each kernel does the plain cases and leaves strings, resources and every error to the Python kernel beside it.

cdef extern from "numpy/arrayobject.h":
    object new_from_descr "PyArray_NewFromDescr"(PyObject* subtype, PyObject* descr, int nd, cnp.npy_intp* dims,
                                                 cnp.npy_intp* strides, void* data, int flags, PyObject* obj)
    PyObject* array_descr "PyArray_DESCR"(CArray*) nogil
    PyObject* ARRAY_CLASS "((PyObject*)&PyArray_Type)"

cdef enum:
    COPY_GRAIN = 131072          # bytes that are worth a thread

cdef struct Copy:                # of an array into another of the same dimensions
    char* out
    char* source
    int ndim
    cnp.npy_intp itemsize
    cnp.npy_intp dims[64]
    cnp.npy_intp strides[2][64]  # out, source


ctypedef fused word:
    cnp.npy_uint8
    cnp.npy_uint16
    cnp.npy_uint32
    cnp.npy_uint64


cdef inline bint is_plain(PyObject* value) noexcept:
    """Whether a value is an array of elements that may be copied byte by byte."""
    return is_array(value) and array_type(<CArray*>value) != cnp.NPY_OBJECT


cdef inline bint is_contiguous(PyObject* value) noexcept:
    return (array_flags(<CArray*>value) & cnp.NPY_ARRAY_C_CONTIGUOUS) != 0


cdef cnp.npy_intp read_ints(PyObject* value, cnp.npy_intp* out, cnp.npy_intp capacity) noexcept:
    """The elements of a contiguous int32 or int64 array; how many, or -1 if it is none or too long."""
    cdef CArray* a = <CArray*>value
    cdef cnp.npy_intp i, n
    if not is_array(value) or not array_flags(a) & cnp.NPY_ARRAY_C_CONTIGUOUS:
        return -1
    n = array_size(a)
    if n > capacity:
        return -1
    if array_type(a) == cnp.NPY_INT32:
        for i in range(n):
            out[i] = (<cnp.npy_int32*>array_bytes(a))[i]
    elif array_itemsize(a) == 8 and (array_type(a) == cnp.NPY_INT64 or array_type(a) == cnp.NPY_LONGLONG):
        for i in range(n):
            out[i] = (<cnp.npy_int64*>array_bytes(a))[i]
    else:
        return -1
    return n


cdef int read_int_attr(Plan plan, Step* step, str name) except? -12345:
    """A small integer attribute of a step, kept in `Step.bits`."""
    if step.bits == 0:
        step.bits = 2 * <int>plan.graph.operation(step.node)._attr(name)[1] + 1
    return step.bits >> 1


cdef PyObject* make_view(PyObject* base, int ndim, cnp.npy_intp* dims, cnp.npy_intp* strides, char* data) except NULL:
    """A new array over memory of `base`; `strides` NULL for a contiguous one."""
    cdef PyObject* descr = array_descr(<CArray*>base)
    Py_INCREF(<object>descr)
    made = new_from_descr(ARRAY_CLASS, descr, ndim, dims, strides, data,
                          array_flags(<CArray*>base) & cnp.NPY_ARRAY_WRITEABLE, NULL)
    cnp.set_array_base(<cnp.ndarray>made, <object>base)
    Py_INCREF(made)
    return <PyObject*>made


# ---------------------------------------------------------------- the copy

cdef void copy_row(char* out, char* source, cnp.npy_intp n, cnp.npy_intp to, cnp.npy_intp step,
                   cnp.npy_intp itemsize) noexcept nogil:
    cdef cnp.npy_intp i
    if itemsize == to and itemsize == step:
        memcpy(out, source, n * itemsize)
    elif itemsize == 4:
        for i in range(n):
            (<cnp.npy_uint32*>(out + i * to))[0] = (<cnp.npy_uint32*>(source + i * step))[0]
    elif itemsize == 8:
        for i in range(n):
            (<cnp.npy_uint64*>(out + i * to))[0] = (<cnp.npy_uint64*>(source + i * step))[0]
    else:
        for i in range(n):
            memcpy(out + i * to, source + i * step, itemsize)


cdef void transpose_block(word* out, word* source, cnp.npy_intp rows, cnp.npy_intp columns,
                          cnp.npy_intp out_row, cnp.npy_intp source_column) noexcept nogil:
    """Rows of `out` are contiguous, columns of `source`; strides in elements."""
    cdef cnp.npy_intp i, j, k, i_stop, j_stop
    for i in range(0, rows, 16):           # squares of 16 x 16
        i_stop = min(i + 16, rows)
        for j in range(0, columns, 16):
            j_stop = min(j + 16, columns)
            for k in range(i, i_stop):
                copy_column(out + k * out_row + j, source + j * source_column + k, j_stop - j, source_column)


cdef inline void copy_column(word* out, word* source, cnp.npy_intp n, cnp.npy_intp step) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        out[i] = source[i * step]


cdef void copy_part(Copy* c, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """Indices from `start` to `stop` of the first axis."""
    cdef cnp.npy_intp index[64]
    cdef char* out = c.out + start * c.strides[0][0]
    cdef char* source = c.source + start * c.strides[1][0]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp size = c.itemsize
    cdef int i, last = c.ndim - 1, other = -1, inner = 1
    for i in range(c.ndim):
        dims[i] = c.dims[i]
        index[i] = 0
    dims[0] = stop - start
    if (c.ndim >= 2 and c.strides[0][last] == size and c.strides[1][last] != size
            and (size == 1 or size == 2 or size == 4 or size == 8) and c.strides[1][last] % size == 0):
        for i in range(last):
            if c.strides[1][i] == size and c.strides[0][i] % size == 0:
                other = i        # contiguous in the source: go along it together with the last axis
    while True:
        if other < 0:
            copy_row(out, source, dims[last], c.strides[0][last], c.strides[1][last], size)
        elif size == 4:
            transpose_block(<cnp.npy_uint32*>out, <cnp.npy_uint32*>source, dims[other], dims[last],
                            c.strides[0][other] // 4, c.strides[1][last] // 4)
        elif size == 8:
            transpose_block(<cnp.npy_uint64*>out, <cnp.npy_uint64*>source, dims[other], dims[last],
                            c.strides[0][other] // 8, c.strides[1][last] // 8)
        elif size == 2:
            transpose_block(<cnp.npy_uint16*>out, <cnp.npy_uint16*>source, dims[other], dims[last],
                            c.strides[0][other] // 2, c.strides[1][last] // 2)
        else:
            transpose_block(<cnp.npy_uint8*>out, <cnp.npy_uint8*>source, dims[other], dims[last],
                            c.strides[0][other], c.strides[1][last])
        i = last - 1
        while i >= 0:
            if i != other:
                index[i] += 1
                out += c.strides[0][i]
                source += c.strides[1][i]
                if index[i] < dims[i]:
                    break
                out -= c.strides[0][i] * dims[i]
                source -= c.strides[1][i] * dims[i]
                index[i] = 0
            i -= 1
        if i < 0:
            break


cdef void copy_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    copy_part(<Copy*>ctx, start, stop)


cdef void run_copy(Copy* c) noexcept nogil:
    """Copy, in several threads if it is large."""
    cdef cnp.npy_intp size = c.itemsize
    cdef int i
    for i in range(c.ndim):
        size *= c.dims[i]
    if size == 0:
        return
    if c.ndim == 1 and c.strides[0][0] == c.itemsize and c.strides[1][0] == c.itemsize and size < COPY_GRAIN:
        memcpy(c.out, c.source, size)
        return
    c.ndim = merge_axes(c.ndim, c.dims, c.strides, 2)
    if size < 2 * COPY_GRAIN:
        copy_part(c, 0, c.dims[0])
    else:
        parallel_for(copy_body, c, c.dims[0], COPY_GRAIN * c.dims[0] // size + 1)


cdef int copy_of(Frame* frame, int register, int type_number, PyObject* source, int ndim, cnp.npy_intp* dims,
                 cnp.npy_intp* strides, char* data, PyObject** out) except -1:
    """Put a contiguous array with these elements of `source` into `out`: a view if they are contiguous there."""
    cdef Copy c
    cdef cnp.npy_intp size = array_itemsize(<CArray*>source)
    cdef bint flat = True
    cdef int i
    c.itemsize = size
    for i in range(ndim - 1, -1, -1):
        if dims[i] != 1 and strides[i] != size:
            flat = False
            break
        size *= dims[i]
    if flat:
        out[0] = make_view(source, ndim, dims, NULL, data)
        return 0
    out[0] = new_array(frame, register, type_number, ndim, dims)
    c.out = array_bytes(<CArray*>out[0])
    c.source = data
    c.ndim = ndim
    for i in range(ndim):
        c.dims[i] = dims[i]
        c.strides[0][i] = array_strides(<CArray*>out[0])[i]
        c.strides[1][i] = strides[i]
    with nogil:
        run_copy(&c)
    return 0


# ---------------------------------------------------------------- shapes as values

cdef PyObject* int_vector(Frame* frame, int register, int type_number, int n, cnp.npy_intp* values) except NULL:
    """An int32 or int64 vector."""
    cdef cnp.npy_intp dims[1]
    cdef PyObject* out
    cdef int i
    dims[0] = n
    out = new_array(frame, register, type_number, 1, dims)
    if type_number == cnp.NPY_INT32:
        for i in range(n):
            (<cnp.npy_int32*>array_bytes(<CArray*>out))[i] = <cnp.npy_int32>values[i]
    else:
        for i in range(n):
            (<cnp.npy_int64*>array_bytes(<CArray*>out))[i] = values[i]
    return out


cdef bint shape_fits(int type_number, CArray* a) noexcept:
    """Whether the dimensions of `a` can be told in this type."""
    cdef int i
    if type_number == cnp.NPY_INT32:
        for i in range(array_ndim(a)):
            if array_dims(a)[i] > 0x7fffffff:
                return False
        return True
    return type_number == cnp.NPY_INT64


cdef int kernel_shape(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    """Shape, ShapeN and VariableShape."""
    cdef PyObject* value
    cdef VariableState state
    cdef int i
    for i in range(step.n_in):
        value = inputs[i]
        state = state_of(value)
        if state is not None:
            value = <PyObject*>state.value
        if not is_array(value) or not shape_fits(step.out_type, <CArray*>value):
            return 0
    for i in range(step.n_in):
        value = inputs[i]
        state = state_of(value)
        if state is not None:
            value = <PyObject*>state.value
        outputs[i] = int_vector(frame, step.first_out + i, step.out_type, array_ndim(<CArray*>value),
                                array_dims(<CArray*>value))
    return 1


cdef int kernel_size(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef cnp.npy_intp n
    if not is_array(inputs[0]):
        return 0
    n = array_size(<CArray*>inputs[0])
    if step.out_type == cnp.NPY_INT32 and n <= 0x7fffffff:
        outputs[0] = new_array(frame, step.first_out, step.out_type, 0, NULL)
        (<cnp.npy_int32*>array_bytes(<CArray*>outputs[0]))[0] = <cnp.npy_int32>n
    elif step.out_type == cnp.NPY_INT64:
        outputs[0] = new_array(frame, step.first_out, step.out_type, 0, NULL)
        (<cnp.npy_int64*>array_bytes(<CArray*>outputs[0]))[0] = n
    else:
        return 0
    return 1


cdef int kernel_broadcast_gradient_args(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                        PyObject** outputs) except -1:
    """The axes along which gradients of a broadcast are to be summed."""
    cdef cnp.npy_intp x[64]
    cdef cnp.npy_intp y[64]
    cdef cnp.npy_intp first[64]
    cdef cnp.npy_intp second[64]
    cdef cnp.npy_intp p, q
    cdef int n_x, n_y, n, i, n_first = 0, n_second = 0
    cdef bint equal = True
    n_x = <int>read_ints(inputs[0], x, 64)
    n_y = <int>read_ints(inputs[1], y, 64)
    if n_x < 0 or n_y < 0 or array_ndim(<CArray*>inputs[0]) != 1 or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    n = max(n_x, n_y)
    for i in range(n):
        p = x[i - n + n_x] if i >= n - n_x else 1
        q = y[i - n + n_y] if i >= n - n_y else 1
        if p != q:
            equal = False
            if p != 1 and q != 1:
                return 0
        if p == 1:
            first[n_first] = i
            n_first += 1
        if q == 1:
            second[n_second] = i
            n_second += 1
    if equal:
        n_first = n_second = 0
    outputs[0] = int_vector(frame, step.first_out, step.out_type, n_first, first)
    outputs[1] = int_vector(frame, step.first_out + 1, step.out_type, n_second, second)
    return 1


cdef int kernel_concat_offset(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    cdef cnp.npy_intp axis, n, offset = 0
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp begin[64]
    cdef int i
    if read_ints(inputs[0], &axis, 1) != 1:
        return 0
    n = read_ints(inputs[1], dims, 64)
    if n < 1 or not -n <= axis < n:
        return 0
    if axis < 0:
        axis += n
    for i in range(1, step.n_in):
        if read_ints(inputs[i], dims, 64) != n or array_ndim(<CArray*>inputs[i]) != 1:
            return 0
    memset(begin, 0, sizeof(begin))
    for i in range(1, step.n_in):
        read_ints(inputs[i], dims, 64)
        begin[axis] = offset
        offset += dims[axis]
        outputs[i - 1] = int_vector(frame, step.first_out + i - 1, step.out_type, <int>n, begin)
    return 1


# ---------------------------------------------------------------- views

cdef int same_elements(PyObject* x, int ndim, cnp.npy_intp* dims, PyObject** outputs) except -1:
    """Output 0: the elements of the contiguous array `x` in another shape."""
    cdef int i
    cdef bint same = ndim == array_ndim(<CArray*>x)
    if same:
        for i in range(ndim):
            if dims[i] != array_dims(<CArray*>x)[i]:
                same = False
    if same:
        Py_XINCREF(x)
        outputs[0] = x
    else:
        outputs[0] = make_view(x, ndim, dims, NULL, array_bytes(<CArray*>x))
    return 0


cdef int kernel_reshape(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp product = 1, size
    cdef int n, i, open = -1
    if not is_array(inputs[0]) or not is_contiguous(inputs[0]):
        return 0
    n = <int>read_ints(inputs[1], dims, 32)
    if n < 0 or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    size = array_size(<CArray*>inputs[0])
    for i in range(n):
        if dims[i] == -1 and open < 0:
            open = i
        elif dims[i] <= 0 or product > size:
            return 0
        else:
            product *= dims[i]
    if open >= 0:
        if size % product or size == 0:
            return 0
        dims[open] = size // product
        product *= dims[open]
    if product != size:
        return 0
    same_elements(inputs[0], n, dims, outputs)
    return 1


cdef int kernel_expand_dims(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp axis
    cdef int i, ndim
    if not is_array(inputs[0]) or not is_contiguous(inputs[0]) or read_ints(inputs[1], &axis, 1) != 1:
        return 0
    ndim = array_ndim(<CArray*>inputs[0])
    if not -ndim - 1 <= axis <= ndim or ndim >= 32:
        return 0
    if axis < 0:
        axis += ndim + 1
    for i in range(ndim):
        dims[i + (i >= axis)] = array_dims(<CArray*>inputs[0])[i]
    dims[axis] = 1
    same_elements(inputs[0], ndim + 1, dims, outputs)
    return 1


cdef int kernel_squeeze(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[64]
    cdef int i, ndim, n = 0
    cdef unsigned int wanted = 0
    if not is_array(inputs[0]) or not is_contiguous(inputs[0]):
        return 0
    ndim = array_ndim(<CArray*>inputs[0])
    if step.bits == 0:           # bit 0: known; bit 1: no axes given, bit 2: too large; then nonnegative, negative ones
        step.bits = 1
        axes = plan.graph.operation(step.node)._attr("squeeze_dims")[1]
        if not axes:
            step.bits |= 2
        for axis in axes:
            step.bits |= 4 if not -8 <= axis < 8 else 1 << (axis + 4 if axis >= 0 else 11 - axis)
    if step.bits & 4:
        return 0
    for i in range(8):
        if step.bits >> (i + 4) & 1:
            if i >= ndim or array_dims(<CArray*>inputs[0])[i] != 1:
                return 0
            wanted |= 1u << i
        if step.bits >> (i + 12) & 1:        # axis -1 - i
            if i >= ndim or array_dims(<CArray*>inputs[0])[ndim - 1 - i] != 1:
                return 0
            wanted |= 1u << (ndim - 1 - i)
    if ndim > 31:
        return 0
    for i in range(ndim):
        if array_dims(<CArray*>inputs[0])[i] == 1 and (step.bits & 2 or wanted >> i & 1):
            continue
        dims[n] = array_dims(<CArray*>inputs[0])[i]
        n += 1
    same_elements(inputs[0], n, dims, outputs)
    return 1


cdef int kernel_slice(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp begin[64]
    cdef cnp.npy_intp size[64]
    cdef char* data
    cdef int i, ndim
    if not is_plain(inputs[0]):
        return 0
    ndim = array_ndim(x)
    if (read_ints(inputs[1], begin, 64) != ndim or read_ints(inputs[2], size, 64) != ndim
            or array_ndim(<CArray*>inputs[1]) != 1 or array_ndim(<CArray*>inputs[2]) != 1):
        return 0
    data = array_bytes(x)
    for i in range(ndim):
        if size[i] == -1:
            size[i] = array_dims(x)[i] - begin[i]
        if array_dims(x)[i] == 0 or begin[i] < 0 or size[i] < 0 or begin[i] + size[i] > array_dims(x)[i]:
            return 0
        data += begin[i] * array_strides(x)[i]
    copy_of(frame, step.first_out, step.out_type, inputs[0], ndim, size, array_strides(x), data, outputs)
    return 1


cdef struct Cut:                 # what a key of ranges and numbers leaves of an array
    int ndim
    cnp.npy_intp dims[32]
    cnp.npy_intp strides[32]
    cnp.npy_intp offset          # bytes


cdef bint find_cut(Plan plan, Step* step, PyObject** keys, int ndim, cnp.npy_intp* whole, cnp.npy_intp* strides,
                   Cut* out) except -1:
    """What begin, end and stride, which `keys` are, choose of an array; False for new axes, ellipses and errors."""
    cdef cnp.npy_intp begin[32]
    cdef cnp.npy_intp end[32]
    cdef cnp.npy_intp stride[32]
    cdef cnp.npy_intp d, b, e
    cdef int i, n, begin_mask, end_mask, shrink_mask
    cdef Operation op
    if step.bits == 0:
        op = plan.graph.operation(step.node)
        begin_mask = op._attr("begin_mask")[1]
        end_mask = op._attr("end_mask")[1]
        shrink_mask = op._attr("shrink_axis_mask")[1]
        if op._attr("ellipsis_mask")[1] or op._attr("new_axis_mask")[1] or begin_mask | end_mask | shrink_mask >= 256:
            step.bits = 2
        else:
            step.bits = 1 | begin_mask << 4 | end_mask << 12 | shrink_mask << 20
    if step.bits & 2:
        return False
    begin_mask = step.bits >> 4 & 255
    end_mask = step.bits >> 12 & 255
    shrink_mask = step.bits >> 20 & 255
    n = <int>read_ints(keys[0], begin, 8)
    if n < 0 or n > ndim or ndim > 32 or read_ints(keys[1], end, 8) != n or read_ints(keys[2], stride, 8) != n:
        return False
    out.ndim = 0
    out.offset = 0
    for i in range(ndim):
        d = whole[i]
        if i >= n:
            out.dims[out.ndim] = d
            out.strides[out.ndim] = strides[i]
            out.ndim += 1
            continue
        if stride[i] == 0:
            return False
        b = begin[i]
        if shrink_mask >> i & 1:
            if begin_mask >> i & 1:
                return False
            if b < 0:
                b += d
            if stride[i] != 1 or b < 0 or b >= d:
                return False
            out.offset += b * strides[i]
            continue
        if stride[i] < 0:
            return False
        if b < 0:
            b += d
        b = 0 if begin_mask >> i & 1 else min(max(b, 0), d)
        e = end[i]
        if e < 0:
            e += d
        e = d if end_mask >> i & 1 else min(max(e, 0), d)
        out.dims[out.ndim] = 0 if e <= b else (e - b + stride[i] - 1) // stride[i]
        out.strides[out.ndim] = strides[i] * stride[i]
        if out.dims[out.ndim]:
            out.offset += b * strides[i]
        out.ndim += 1
    return True


cdef int kernel_strided_slice(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    """Keys of ranges and numbers; new axes and ellipses are left."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef Cut c
    if not is_plain(inputs[0]) or not find_cut(plan, step, inputs + 1, array_ndim(x), array_dims(x), array_strides(x),
                                               &c):
        return 0
    copy_of(frame, step.first_out, step.out_type, inputs[0], c.ndim, c.dims, c.strides, array_bytes(x) + c.offset,
            outputs)
    return 1


cdef int kernel_strided_slice_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    """Zeros, and `dy` where the key that was read points."""
    cdef CArray* dy = <CArray*>inputs[4]
    cdef cnp.npy_intp dims[32]
    cdef cnp.npy_intp strides[32]
    cdef cnp.npy_intp stride
    cdef Cut c
    cdef Copy copy
    cdef int i, ndim = <int>read_ints(inputs[0], dims, 32)
    if not is_plain(inputs[4]) or ndim < 0 or array_type(dy) != step.out_type:
        return 0
    stride = array_itemsize(dy)
    for i in range(ndim - 1, -1, -1):
        if dims[i] < 0:
            return 0
        strides[i] = stride
        stride *= dims[i]
    if not find_cut(plan, step, inputs + 1, ndim, dims, strides, &c) or c.ndim != array_ndim(dy):
        return 0
    for i in range(c.ndim):
        if c.dims[i] != array_dims(dy)[i]:
            return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    copy.out = array_bytes(<CArray*>outputs[0]) + c.offset
    copy.source = array_bytes(dy)
    copy.itemsize = array_itemsize(dy)
    copy.ndim = c.ndim
    for i in range(c.ndim):
        copy.dims[i] = c.dims[i]
        copy.strides[0][i] = c.strides[i]
        copy.strides[1][i] = array_strides(dy)[i]
    with nogil:
        memset(array_bytes(<CArray*>outputs[0]), 0, array_nbytes(<CArray*>outputs[0]))
        if c.ndim:
            run_copy(&copy)
        else:
            memcpy(copy.out, copy.source, copy.itemsize)
    return 1


cdef int cut(Plan plan, Frame* frame, Step* step, PyObject* x, int axis, cnp.npy_intp* sizes, bint drop_axis,
             PyObject** outputs) except -1:
    """The parts of `x` along `axis`, of these sizes, as outputs; with `drop_axis` they are of size 1 and lose it."""
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp strides[64]
    cdef char* data = array_bytes(<CArray*>x)
    cdef int i, k, n = 0
    for i in range(array_ndim(<CArray*>x)):
        if i != axis or not drop_axis:
            dims[n] = array_dims(<CArray*>x)[i]
            strides[n] = array_strides(<CArray*>x)[i]
            n += 1
    for k in range(step.n_out):
        if not drop_axis:
            dims[axis] = sizes[k]
        copy_of(frame, step.first_out + k, step.out_type, x, n, dims, strides, data, outputs + k)
        data += sizes[k] * array_strides(<CArray*>x)[axis]
    return 0


cdef int kernel_split(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    cdef cnp.npy_intp axis, size
    cdef cnp.npy_intp sizes[64]
    cdef int i, ndim
    if not is_plain(inputs[1]) or read_ints(inputs[0], &axis, 1) != 1 or step.n_out > 64:
        return 0
    ndim = array_ndim(<CArray*>inputs[1])
    if not -ndim <= axis < ndim:
        return 0
    if axis < 0:
        axis += ndim
    size = array_dims(<CArray*>inputs[1])[axis]
    if size % step.n_out:
        return 0
    for i in range(step.n_out):
        sizes[i] = size // step.n_out
    cut(plan, frame, step, inputs[1], <int>axis, sizes, False, outputs)
    return 1


cdef int kernel_split_v(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    cdef cnp.npy_intp axis, size, total = 0
    cdef cnp.npy_intp sizes[64]
    cdef int i, ndim
    if not is_plain(inputs[0]) or read_ints(inputs[2], &axis, 1) != 1 or step.n_out > 64:
        return 0
    if read_ints(inputs[1], sizes, 64) != step.n_out or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    ndim = array_ndim(<CArray*>inputs[0])
    if not -ndim <= axis < ndim:
        return 0
    if axis < 0:
        axis += ndim
    size = array_dims(<CArray*>inputs[0])[axis]
    for i in range(step.n_out):
        if sizes[i] < 0:
            return 0
        total += sizes[i]
    if total != size:
        return 0
    cut(plan, frame, step, inputs[0], <int>axis, sizes, False, outputs)
    return 1


cdef int kernel_unpack(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    cdef cnp.npy_intp sizes[64]
    cdef int i, axis, ndim
    if not is_plain(inputs[0]) or step.n_out > 64:
        return 0
    axis = read_int_attr(plan, step, "axis")
    ndim = array_ndim(<CArray*>inputs[0])
    if not -ndim <= axis < ndim:
        return 0
    if axis < 0:
        axis += ndim
    if array_dims(<CArray*>inputs[0])[axis] != step.n_out:
        return 0
    for i in range(step.n_out):
        sizes[i] = 1
    cut(plan, frame, step, inputs[0], axis, sizes, True, outputs)
    return 1


# ---------------------------------------------------------------- joins

cdef int join(Frame* frame, Step* step, PyObject** parts, int n_parts, int axis, bint new_axis,
              PyObject** outputs) except -1:
    """Output 0: the parts, which agree in all but `axis`, one after another; with `new_axis`, side by side."""
    cdef Copy c
    cdef CArray* a = <CArray*>parts[0]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp* strides
    cdef int i, k, axis_of_part, ndim = array_ndim(a) + new_axis
    cdef char* to
    for i in range(ndim):
        dims[i] = array_dims(a)[i - (new_axis and i > axis)] if not (new_axis and i == axis) else n_parts
    if not new_axis:
        dims[axis] = 0
        for k in range(n_parts):
            dims[axis] += array_dims(<CArray*>parts[k])[axis]
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    strides = array_strides(<CArray*>outputs[0])
    to = array_bytes(<CArray*>outputs[0])
    for k in range(n_parts):
        a = <CArray*>parts[k]
        c.out = to
        c.source = array_bytes(a)
        c.itemsize = array_itemsize(a)
        c.ndim = array_ndim(a)
        for i in range(c.ndim):
            axis_of_part = i + (new_axis and i >= axis)
            c.dims[i] = array_dims(a)[i]
            c.strides[0][i] = strides[axis_of_part]
            c.strides[1][i] = array_strides(a)[i]
        if c.ndim == 0:
            memcpy(c.out, c.source, c.itemsize)
        else:
            with nogil:
                run_copy(&c)
        to += strides[axis] * (1 if new_axis else array_dims(a)[axis])
    return 0


cdef bint parts_agree(PyObject** parts, int n_parts, int axis, int type_number) noexcept:
    """Whether all are arrays of one shape, `axis` (or -1) aside."""
    cdef int i, k, ndim = -1
    for k in range(n_parts):
        if not is_plain(parts[k]) or array_type(<CArray*>parts[k]) != type_number:
            return False
        if k == 0:
            ndim = array_ndim(<CArray*>parts[0])
        elif array_ndim(<CArray*>parts[k]) != ndim:
            return False
        for i in range(ndim):
            if i != axis and array_dims(<CArray*>parts[k])[i] != array_dims(<CArray*>parts[0])[i]:
                return False
    return ndim < 32


cdef int kernel_concat(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    """ConcatV2; the axis is the last input."""
    cdef cnp.npy_intp axis
    cdef int ndim
    if not is_plain(inputs[0]) or read_ints(inputs[step.n_in - 1], &axis, 1) != 1:
        return 0
    ndim = array_ndim(<CArray*>inputs[0])
    if not -ndim <= axis < ndim:
        return 0
    if axis < 0:
        axis += ndim
    if not parts_agree(inputs, step.n_in - 1, <int>axis, step.out_type):
        return 0
    join(frame, step, inputs, step.n_in - 1, <int>axis, False, outputs)
    return 1


cdef int kernel_pack(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef int axis = read_int_attr(plan, step, "axis"), ndim, i
    cdef cnp.npy_intp dims[64]
    if not parts_agree(inputs, step.n_in, -1, step.out_type):
        return 0
    ndim = array_ndim(<CArray*>inputs[0])
    if not -ndim - 1 <= axis <= ndim:
        return 0
    if step.n_in == 1 and is_contiguous(inputs[0]):      # in TF, the same memory
        axis += ndim + 1 if axis < 0 else 0
        for i in range(ndim):
            dims[i + (i >= axis)] = array_dims(<CArray*>inputs[0])[i]
        dims[axis] = 1
        same_elements(inputs[0], ndim + 1, dims, outputs)
        return 1
    join(frame, step, inputs, step.n_in, axis + ndim + 1 if axis < 0 else axis, True, outputs)
    return 1


# ---------------------------------------------------------------- repeats

cdef int kernel_transpose(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp axes[64]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp strides[64]
    cdef cnp.npy_intp axis
    cdef unsigned long long seen = 0
    cdef int i, ndim
    if not is_plain(inputs[0]):
        return 0
    ndim = array_ndim(x)
    if read_ints(inputs[1], axes, 64) != ndim or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    for i in range(ndim):
        axis = axes[i] + ndim if axes[i] < 0 else axes[i]
        if axis < 0 or axis >= ndim or seen >> axis & 1:
            return 0
        seen |= 1ull << axis
        dims[i] = array_dims(x)[axis]
        strides[i] = array_strides(x)[axis]
    copy_of(frame, step.first_out, step.out_type, inputs[0], ndim, dims, strides, array_bytes(x), outputs)
    return 1


cdef int kernel_fill(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp size
    cdef Copy c
    cdef int i, n
    cdef double total = 1
    n = <int>read_ints(inputs[0], dims, 32)
    if n < 0 or array_ndim(<CArray*>inputs[0]) != 1 or not is_plain(inputs[1]) or array_size(<CArray*>inputs[1]) != 1:
        return 0
    if array_ndim(<CArray*>inputs[1]) > 1:
        return 0
    for i in range(n):
        if dims[i] < 0:
            return 0
        total *= dims[i]
    if total > 1e9:
        return 0                 # it may not fit: the Python kernel has TF's words for that
    outputs[0] = new_array(frame, step.first_out, step.out_type, n, dims)
    c.out = array_bytes(<CArray*>outputs[0])
    c.source = array_bytes(<CArray*>inputs[1])
    c.itemsize = array_itemsize(<CArray*>outputs[0])
    c.ndim = 1
    c.dims[0] = size = array_size(<CArray*>outputs[0])
    c.strides[0][0] = c.itemsize
    c.strides[1][0] = 0
    with nogil:
        for i in range(c.itemsize):
            if c.source[i]:
                break
        else:
            memset(c.out, 0, size * c.itemsize)
            size = 0
        if size:
            run_copy(&c)
    return 1


cdef int kernel_tile(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    """Each axis becomes two: the repeats, with stride 0, and the axis."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp multiples[64]
    cdef cnp.npy_intp dims[64]
    cdef Copy c
    cdef cnp.npy_intp stride
    cdef double total = 1
    cdef bint whole = True       # in TF, the same memory
    cdef int i, ndim
    if not is_plain(inputs[0]):
        return 0
    ndim = array_ndim(x)
    if ndim == 0 or ndim > 31 or read_ints(inputs[1], multiples, 64) != ndim or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    for i in range(ndim):
        if multiples[i] < 0:
            return 0
        whole &= multiples[i] == 1
        dims[i] = array_dims(x)[i] * multiples[i]
        total *= dims[i]
    if total > 1e9 or whole:
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    stride = c.itemsize = array_itemsize(x)
    c.out = array_bytes(<CArray*>outputs[0])
    c.source = array_bytes(x)
    c.ndim = 2 * ndim
    for i in range(ndim - 1, -1, -1):
        c.dims[2 * i] = multiples[i]
        c.dims[2 * i + 1] = array_dims(x)[i]
        c.strides[0][2 * i] = stride * array_dims(x)[i]
        c.strides[0][2 * i + 1] = stride
        c.strides[1][2 * i] = 0
        c.strides[1][2 * i + 1] = array_strides(x)[i]
        stride *= dims[i]
    with nogil:
        run_copy(&c)
    return 1


cdef int kernel_pad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                    PyObject** outputs) except -1:
    """Zeros around."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp widths[64]
    cdef cnp.npy_intp dims[64]
    cdef Copy c
    cdef int i, ndim
    cdef double total = 1
    cdef bint whole = True       # in TF, the same memory
    if not is_plain(inputs[0]):
        return 0
    ndim = array_ndim(x)
    if (ndim == 0 or ndim > 32 or read_ints(inputs[1], widths, 64) != 2 * ndim
            or array_ndim(<CArray*>inputs[1]) != 2 or array_dims(<CArray*>inputs[1])[1] != 2):
        return 0
    for i in range(ndim):
        if widths[2 * i] < 0 or widths[2 * i + 1] < 0:
            return 0
        dims[i] = widths[2 * i] + array_dims(x)[i] + widths[2 * i + 1]
        whole &= dims[i] == array_dims(x)[i]
        total *= dims[i]
    if total > 1e9 or whole:
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    c.out = array_bytes(<CArray*>outputs[0])
    c.source = array_bytes(x)
    c.itemsize = array_itemsize(x)
    c.ndim = ndim
    with nogil:
        memset(c.out, 0, array_size(<CArray*>outputs[0]) * c.itemsize)
        for i in range(ndim):
            c.dims[i] = array_dims(x)[i]
            c.strides[0][i] = array_strides(<CArray*>outputs[0])[i]
            c.strides[1][i] = array_strides(x)[i]
            c.out += widths[2 * i] * c.strides[0][i]
        run_copy(&c)
    return 1


add_core_kernel("shape", kernel_shape)
add_core_kernel("size", kernel_size)
add_core_kernel("broadcast_gradient_args", kernel_broadcast_gradient_args)
add_core_kernel("concat_offset", kernel_concat_offset)
add_core_kernel("reshape", kernel_reshape)
add_core_kernel("expand_dims", kernel_expand_dims)
add_core_kernel("squeeze", kernel_squeeze)
add_core_kernel("slice", kernel_slice)
add_core_kernel("strided_slice", kernel_strided_slice)
add_core_kernel("strided_slice_grad", kernel_strided_slice_grad)
add_core_kernel("split", kernel_split)
add_core_kernel("split_v", kernel_split_v)
add_core_kernel("unpack", kernel_unpack)
add_core_kernel("concat", kernel_concat)
add_core_kernel("pack", kernel_pack)
add_core_kernel("transpose", kernel_transpose)
add_core_kernel("fill", kernel_fill)
add_core_kernel("tile", kernel_tile)
add_core_kernel("pad", kernel_pad)
