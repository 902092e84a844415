# The largest elements of rows: ArgMax, ArgMin, TopKV2, InTopKV2.

# ---------------------------------------------------------------- positions of extremes

cdef struct Ranking:
    char* x
    char* values
    char* index
    cnp.npy_int64* chosen        # scratch of a row, or the result of ArgMax
    cnp.npy_intp n               # elements that are compared
    cnp.npy_intp inner           # distance of them
    cnp.npy_intp k
    int type_number
    int index_type
    int sign                     # 1: the largest, -1: the smallest


cdef void extreme_of_column(summand* x, Ranking* r, cnp.npy_intp at) noexcept nogil:
    """Where the first largest (or smallest) element of one column is; NaN is passed over."""
    cdef cnp.npy_intp i, place = 0
    cdef summand best = x[0]
    for i in range(1, r.n):
        # The first number is better than NaN.
        if ((x[i * r.inner] > best if r.sign > 0 else x[i * r.inner] < best)
                or (best != best and x[i * r.inner] == x[i * r.inner])):
            best = x[i * r.inner]
            place = i
    put_place(r, at, 0 if best != best else place)


cdef inline void put_place(Ranking* r, cnp.npy_intp at, cnp.npy_intp place) noexcept nogil:
    if r.index_type == cnp.NPY_INT32:
        (<cnp.npy_int32*>r.index)[at] = <cnp.npy_int32>place
    else:
        (<cnp.npy_int64*>r.index)[at] = place


cdef cnp.npy_intp place_in_row(summand* x, summand value, cnp.npy_intp n) noexcept nogil:
    """Where `value` comes first."""
    cdef cnp.npy_intp i = 0, j
    cdef bint found
    while i + 64 <= n:
        found = False
        for j in range(64):
            found |= x[i + j] == value
        if found:
            break
        i += 64
    while i < n and x[i] != value:
        i += 1
    return i


cdef void extreme_places(summand* x, Ranking* r, cnp.npy_intp outer) noexcept nogil:
    """The places of one group: first the extremes, by vectors, then where they are."""
    cdef summand best[1024]
    cdef cnp.npy_int32 places[1024]
    cdef cnp.npy_intp i, j, first, count
    cdef int op = REDUCE_MAX if r.sign > 0 else REDUCE_MIN, kind = reduce_kind(r.type_number)
    x += outer * r.n * r.inner
    if r.inner == 1:
        if r.n >= 64:
            reduce_rows[op][kind](best, x, r.n)
            if best[0] == best[0]:
                put_place(r, outer, place_in_row(x, best[0], r.n))
                return
        extreme_of_column(x, r, outer)
        return
    for first in range(0, r.inner, 1024):
        count = min(<cnp.npy_intp>1024, r.inner - first)
        reduce_columns[op][kind](best, x + first, r.n, r.inner, count)
        for j in range(count):
            places[j] = 0
        for i in range(r.n - 1, -1, -1):
            for j in range(count):
                places[j] = <cnp.npy_int32>i if x[i * r.inner + first + j] == best[j] else places[j]
        for j in range(count):
            if best[j] == best[j]:
                put_place(r, outer * r.inner + first + j, places[j])
            else:
                extreme_of_column(x + first + j, r, outer * r.inner + first + j)


cdef void extreme_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Ranking* r = <Ranking*>ctx
    cdef cnp.npy_intp outer
    for outer in range(start, stop):
        if r.type_number == cnp.NPY_FLOAT32:
            extreme_places(<float*>r.x, r, outer)
        elif r.type_number == cnp.NPY_FLOAT64:
            extreme_places(<double*>r.x, r, outer)
        elif r.type_number == cnp.NPY_INT32:
            extreme_places(<cnp.npy_int32*>r.x, r, outer)
        else:
            extreme_places(<cnp.npy_int64*>r.x, r, outer)


cdef int find_extremes(Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int sign) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef Ranking r
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp axis, outer = 1
    cdef int i, ndim
    if not is_array(inputs[0]):
        return 0
    r.type_number = array_type(x)
    r.index_type = step.out_type
    ndim = array_ndim(x)
    if (not is_summable(r.type_number) or not is_flat(inputs[0], r.type_number) or ndim > 32
            or (r.index_type != cnp.NPY_INT32 and r.index_type != cnp.NPY_INT64)
            or read_ints(inputs[1], &axis, 1) != 1 or not -ndim <= axis < ndim):
        return 0
    if axis < 0:
        axis += ndim
    r.n = array_dims(x)[axis]
    r.inner = 1
    r.sign = sign
    if r.n == 0:
        return 0
    for i in range(ndim):
        if i < axis:
            outer *= array_dims(x)[i]
            dims[i] = array_dims(x)[i]
        elif i > axis:
            r.inner *= array_dims(x)[i]
            dims[i - 1] = array_dims(x)[i]
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim - 1, dims)
    r.x = array_bytes(x)
    r.index = array_bytes(<CArray*>outputs[0])
    if outer and r.inner:
        with nogil:
            parallel_for(extreme_body, &r, outer, GRAIN // (r.n * r.inner) + 1)
    return 1


cdef int kernel_arg_max(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    return find_extremes(frame, step, inputs, outputs, 1)


cdef int kernel_arg_min(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    return find_extremes(frame, step, inputs, outputs, -1)


# ---------------------------------------------------------------- the k largest

cdef inline bint comes_before(summand* x, cnp.npy_int64 i, cnp.npy_int64 j) noexcept nogil:
    """Whether element `i` is larger than element `j`, or as large and stands before it."""
    return x[i] > x[j] or (x[i] == x[j] and i < j)


cdef void sink(summand* x, cnp.npy_int64* heap, cnp.npy_intp at, cnp.npy_intp n) noexcept nogil:
    """Bring the element at a place of a heap, whose root comes last of all, to where it belongs."""
    cdef cnp.npy_intp child
    cdef cnp.npy_int64 held = heap[at]
    while 2 * at + 1 < n:
        child = 2 * at + 1
        if child + 1 < n and comes_before(x, heap[child], heap[child + 1]):
            child += 1
        if not comes_before(x, held, heap[child]):
            break
        heap[at] = heap[child]
        at = child
    heap[at] = held


cdef bint largest(summand* x, summand* values, Ranking* r, cnp.npy_intp row) noexcept nogil:
    """The `k` largest of a row, in order; False if there is a NaN."""
    cdef cnp.npy_intp i, k = r.k
    cdef cnp.npy_int64* heap = r.chosen
    cdef cnp.npy_int64 held
    cdef bint fine = True
    for i in range(r.n):
        fine &= x[i] == x[i]
    if not fine:
        return False
    if k == 0:
        return True
    for i in range(k):
        heap[i] = i
    for i in range(k // 2 - 1, -1, -1):
        sink(x, heap, i, k)
    for i in range(k, r.n):
        if x[i] > x[heap[0]]:
            heap[0] = i
            sink(x, heap, 0, k)
    for i in range(k - 1, 0, -1):
        held = heap[0]
        heap[0] = heap[i]
        heap[i] = held
        sink(x, heap, 0, i)
    for i in range(k):
        values[row * k + i] = x[heap[i]]
        if r.index_type == cnp.NPY_INT32:
            (<cnp.npy_int32*>r.index)[row * k + i] = <cnp.npy_int32>heap[i]
        else:
            (<cnp.npy_int64*>r.index)[row * k + i] = heap[i]
    return True


cdef int kernel_top_k(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef Ranking r
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp row, n_rows = 1
    cdef int i, ndim
    cdef bint fine = True
    if not is_array(inputs[0]):
        return 0
    ndim = array_ndim(x)
    r.type_number = array_type(x)
    r.index_type = plan.types[step.first_out + 1]
    if (not is_summable(r.type_number) or not is_flat(inputs[0], r.type_number) or not 1 <= ndim <= 32
            or (r.index_type != cnp.NPY_INT32 and r.index_type != cnp.NPY_INT64)
            or read_ints(inputs[1], &r.k, 1) != 1 or array_ndim(<CArray*>inputs[1])):
        return 0
    r.n = array_dims(x)[ndim - 1]
    # NumPy sorts long rows faster than a heap takes most of one.
    if not 0 <= r.k <= r.n or (r.k > 64 and r.k > r.n // 8):
        return 0
    for i in range(ndim - 1):
        dims[i] = array_dims(x)[i]
        n_rows *= dims[i]
    dims[ndim - 1] = r.k
    r.chosen = <cnp.npy_int64*>malloc((r.k + 1) * sizeof(cnp.npy_int64))
    if r.chosen == NULL:
        raise MemoryError()
    try:
        outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
        outputs[1] = new_array(frame, step.first_out + 1, r.index_type, ndim, dims)
        r.values = array_bytes(<CArray*>outputs[0])
        r.index = array_bytes(<CArray*>outputs[1])
        r.x = array_bytes(x)
        with nogil:
            for row in range(n_rows):
                if r.type_number == cnp.NPY_FLOAT32:
                    fine = largest(<float*>r.x + row * r.n, <float*>r.values, &r, row)
                elif r.type_number == cnp.NPY_FLOAT64:
                    fine = largest(<double*>r.x + row * r.n, <double*>r.values, &r, row)
                elif r.type_number == cnp.NPY_INT32:
                    fine = largest(<cnp.npy_int32*>r.x + row * r.n, <cnp.npy_int32*>r.values, &r, row)
                else:
                    fine = largest(<cnp.npy_int64*>r.x + row * r.n, <cnp.npy_int64*>r.values, &r, row)
                if not fine:
                    break
    finally:
        free(r.chosen)
    return fine


cdef int kernel_in_top_k(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    """Whether fewer than k of a row's scores are higher than its target's; no if any is not finite."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp i, j, n, n_rows, k, n_higher, n_odd
    cdef float* row
    cdef float target
    cdef cnp.npy_bool* out
    cdef cnp.npy_int64* places
    targets = row_numbers(inputs[1])
    if (targets is None or not is_flat(inputs[0], cnp.NPY_FLOAT32) or array_ndim(x) != 2
            or array_ndim(<CArray*>inputs[1]) != 1 or array_dims(x)[0] != array_size(<CArray*>inputs[1])
            or read_ints(inputs[2], &k, 1) != 1):
        return 0
    n_rows = array_dims(x)[0]
    n = array_dims(x)[1]
    outputs[0] = new_array(frame, step.first_out, cnp.NPY_BOOL, 1, &n_rows)
    out = <cnp.npy_bool*>array_bytes(<CArray*>outputs[0])
    places = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>targets)
    row = <float*>array_bytes(x)
    with nogil:
        for i in range(n_rows):
            n_higher = n_odd = 0
            if 0 <= places[i] < n:
                target = row[places[i]]
                for j in range(n):
                    n_higher += row[j] > target
                    n_odd += not fabsf(row[j]) <= <float>3.4028234663852886e38
            out[i] = 0 <= places[i] < n and n_odd == 0 and n_higher < k
            row += n
    return 1


add_core_kernel("arg_max", kernel_arg_max)
add_core_kernel("arg_min", kernel_arg_min)
add_core_kernel("top_k", kernel_top_k)
add_core_kernel("in_top_k", kernel_in_top_k)
