# Rows that share an id: distinct numbers, rows dealt out and put back, and reductions over segments.

# ---------------------------------------------------------------- distinct numbers

cdef int distinct(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, bint count) except -1:
    """Unique and UniqueWithCounts of int32 and int64, in order of appearance."""
    cdef CArray* x = <CArray*>inputs[0]
    cdef IntTable seen
    cdef cnp.npy_int64* numbers
    cdef cnp.npy_intp* first = NULL      # number -> where it was seen first
    cdef cnp.npy_intp* counts
    cdef cnp.npy_intp* place
    cdef cnp.npy_intp i, n, n_found = 0
    cdef int index_type
    cdef char* index
    values = row_numbers(inputs[0])
    if values is None or array_ndim(x) != 1:
        return 0
    n = array_size(x)
    index_type = plan.types[step.first_out + 1]
    if index_type != cnp.NPY_INT64 and (index_type != cnp.NPY_INT32 or n > 0x7fffffff):
        return 0
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>values)
    outputs[1] = new_array(frame, step.first_out + 1, index_type, 1, &n)
    index = array_bytes(<CArray*>outputs[1])
    first = <cnp.npy_intp*>malloc((2 * n + 1) * sizeof(cnp.npy_intp))
    if first == NULL or not open_table(&seen, n):
        free(first)
        raise MemoryError()
    counts = first + n
    with nogil:
        for i in range(n):
            place = place_of(&seen, numbers[i])
            if place[0] < 0:
                place[0] = n_found
                first[n_found] = i
                counts[n_found] = 0
                n_found += 1
            counts[place[0]] += 1
            if index_type == cnp.NPY_INT32:
                (<cnp.npy_int32*>index)[i] = <cnp.npy_int32>place[0]
            else:
                (<cnp.npy_int64*>index)[i] = place[0]
        close_table(&seen)
    try:
        outputs[0] = new_array(frame, step.first_out, array_type(x), 1, &n_found)
        if array_type(x) == cnp.NPY_INT32:
            for i in range(n_found):
                (<cnp.npy_int32*>array_bytes(<CArray*>outputs[0]))[i] = <cnp.npy_int32>numbers[first[i]]
        else:
            for i in range(n_found):
                (<cnp.npy_int64*>array_bytes(<CArray*>outputs[0]))[i] = numbers[first[i]]
        if count:
            outputs[2] = int_vector(frame, step.first_out + 2, plan.types[step.first_out + 2], <int>n_found, counts)
    finally:
        free(first)
    return 1


cdef int kernel_unique(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    return distinct(plan, frame, step, inputs, outputs, False)


cdef int kernel_unique_with_counts(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return distinct(plan, frame, step, inputs, outputs, True)


# ---------------------------------------------------------------- rows dealt out, and put back

cdef inline void copy_bytes(char* out, const char* source, cnp.npy_intp n) noexcept nogil:
    if n == 4:
        (<cnp.npy_uint32*>out)[0] = (<cnp.npy_uint32*>source)[0]
    elif n == 8:
        (<cnp.npy_uint64*>out)[0] = (<cnp.npy_uint64*>source)[0]
    else:
        memcpy(out, source, n)


cdef int kernel_dynamic_partition(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                  PyObject** outputs) except -1:
    cdef CArray* data = <CArray*>inputs[0]
    cdef CArray* parts = <CArray*>inputs[1]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp i, n, size
    cdef cnp.npy_intp* counts
    cdef char** places
    cdef char* source
    cdef cnp.npy_int64* numbers
    cdef int k, n_outer, ndim
    owners = row_numbers(inputs[1])
    if owners is None or not is_plain(inputs[0]) or not is_contiguous(inputs[0]):
        return 0
    n_outer = array_ndim(parts)
    ndim = array_ndim(data)
    if n_outer > ndim or ndim > 32:
        return 0
    for k in range(n_outer):
        if array_dims(data)[k] != array_dims(parts)[k]:
            return 0
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>owners)
    n = array_size(parts)
    if not all_below(numbers, n, step.n_out, False):
        return 0
    size = array_itemsize(data)
    for k in range(n_outer, ndim):
        dims[k - n_outer + 1] = array_dims(data)[k]
        size *= array_dims(data)[k]
    counts = <cnp.npy_intp*>calloc(2 * step.n_out, sizeof(cnp.npy_intp))
    if counts == NULL:
        raise MemoryError()
    places = <char**>(counts + step.n_out)
    try:
        for i in range(n):
            counts[numbers[i]] += 1
        for k in range(step.n_out):
            dims[0] = counts[k]
            outputs[k] = new_array(frame, step.first_out + k, array_type(data), ndim - n_outer + 1, dims)
            places[k] = array_bytes(<CArray*>outputs[k])
        source = array_bytes(data)
        with nogil:
            for i in range(n):
                copy_bytes(places[numbers[i]], source + i * size, size)
                places[numbers[i]] += size
    finally:
        free(counts)
    return 1


cdef int kernel_dynamic_stitch(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                               PyObject** outputs) except -1:
    """The last row that is given for a place counts; places that nobody names are zeros."""
    cdef CArray* first
    cdef CArray* places
    cdef CArray* data
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp i, size, n_rows = 0, n_given = 0
    cdef cnp.npy_int32* numbers
    cdef char* out
    cdef char* source
    cdef int k, d, n = step.n_in // 2, n_extra
    for k in range(n):
        if not is_flat(inputs[k], cnp.NPY_INT32) or not is_plain(inputs[n + k]) or not is_contiguous(inputs[n + k]):
            return 0
    first = <CArray*>inputs[n]
    n_extra = array_ndim(first) - array_ndim(<CArray*>inputs[0])
    if not 0 <= n_extra <= 31:
        return 0
    size = array_itemsize(first)
    for d in range(n_extra):
        dims[d + 1] = array_dims(first)[array_ndim(first) - n_extra + d]
        size *= dims[d + 1]
    for k in range(n):
        places = <CArray*>inputs[k]
        data = <CArray*>inputs[n + k]
        if array_ndim(data) != array_ndim(places) + n_extra or array_type(data) != step.out_type:
            return 0
        for d in range(array_ndim(places)):
            if array_dims(data)[d] != array_dims(places)[d]:
                return 0
        for d in range(n_extra):
            if array_dims(data)[array_ndim(places) + d] != dims[d + 1]:
                return 0
        numbers = <cnp.npy_int32*>array_bytes(places)
        n_given += array_size(places)
        for i in range(array_size(places)):
            if numbers[i] < 0:
                return 0
            if numbers[i] >= n_rows:
                n_rows = <cnp.npy_intp>numbers[i] + 1
    dims[0] = n_rows
    outputs[0] = new_array(frame, step.first_out, step.out_type, n_extra + 1, dims)
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        memset(out, 0, n_rows * size)
        for k in range(n):
            numbers = <cnp.npy_int32*>array_bytes(<CArray*>inputs[k])
            source = array_bytes(<CArray*>inputs[n + k])
            for i in range(array_size(<CArray*>inputs[k])):
                copy_bytes(out + numbers[i] * size, source + i * size, size)
    return 1


# ---------------------------------------------------------------- reductions over segments

cdef enum Joining:
    JOIN_SUM
    JOIN_MEAN
    JOIN_SQRT_N
    JOIN_MAX
    JOIN_MIN
    JOIN_PROD

cdef struct Segments:            # rows of a table, each brought to a segment
    char* table
    char* out
    cnp.npy_int64* rows          # number of the row; NULL: one after another
    cnp.npy_int64* ids           # its segment; negative: none
    double* scales               # gradient: row of the table -> its factor; else segment -> divisor at the end; or NULL
    bint scale_rows              # it is a gradient
    cnp.npy_intp n
    cnp.npy_intp width           # elements of a row
    int type_number
    int reduction


@cython.overflowcheck(False)
cdef void join_columns(summand* table, summand* result, Segments* s, cnp.npy_intp start,
                       cnp.npy_intp stop) noexcept nogil:
    """The columns from `start` to `stop` of all rows, one row after another."""
    cdef cnp.npy_intp i, j
    cdef summand* out
    cdef summand* x
    cdef summand scale
    for i in range(s.n):
        if s.ids[i] < 0:
            continue
        out = result + s.ids[i] * s.width
        x = table + (i if s.rows == NULL else s.rows[i]) * s.width
        if s.reduction == JOIN_MAX:
            for j in range(start, stop):
                out[j] = x[j] if x[j] > out[j] or x[j] != x[j] else out[j]
        elif s.reduction == JOIN_MIN:
            for j in range(start, stop):
                out[j] = x[j] if x[j] < out[j] or x[j] != x[j] else out[j]
        elif s.reduction == JOIN_PROD:
            for j in range(start, stop):
                out[j] *= x[j]
        elif s.scales != NULL and s.scale_rows:
            scale = <summand>s.scales[s.rows[i]]
            for j in range(start, stop):
                out[j] += x[j] * scale
        else:
            for j in range(start, stop):
                out[j] += x[j]


cdef void join_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Segments* s = <Segments*>ctx
    if s.type_number == cnp.NPY_FLOAT32:
        join_columns(<float*>s.table, <float*>s.out, s, start, stop)
    elif s.type_number == cnp.NPY_FLOAT64:
        join_columns(<double*>s.table, <double*>s.out, s, start, stop)
    elif s.type_number == cnp.NPY_INT32:
        join_columns(<cnp.npy_int32*>s.table, <cnp.npy_int32*>s.out, s, start, stop)
    else:
        join_columns(<cnp.npy_int64*>s.table, <cnp.npy_int64*>s.out, s, start, stop)


cdef void divide_rows(real* out, double* scales, cnp.npy_intp n, cnp.npy_intp width) noexcept nogil:
    cdef cnp.npy_intp i, j
    for i in range(n):
        if scales[i] != 1.0:
            for j in range(width):
                out[i * width + j] /= <real>scales[i]


cdef void set_all(summand* out, summand value, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        out[i] = value


cdef void begin_segments(char* out, int type_number, int reduction, cnp.npy_intp n) noexcept nogil:
    """What a segment without rows has; minima and maxima begin with the highest and lowest number."""
    cdef bint high = reduction == JOIN_MIN
    if reduction != JOIN_MAX and reduction != JOIN_MIN and reduction != JOIN_PROD:
        memset(out, 0, n * (4 if type_number == cnp.NPY_FLOAT32 or type_number == cnp.NPY_INT32 else 8))
    elif type_number == cnp.NPY_FLOAT32:
        set_all(<float*>out, <float>1.0 if reduction == JOIN_PROD else
                <float>3.4028234663852886e38 if high else <float>-3.4028234663852886e38, n)
    elif type_number == cnp.NPY_FLOAT64:
        set_all(<double*>out, 1.0 if reduction == JOIN_PROD else
                1.7976931348623157e308 if high else -1.7976931348623157e308, n)
    elif type_number == cnp.NPY_INT32:
        set_all(<cnp.npy_int32*>out, <cnp.npy_int32>1 if reduction == JOIN_PROD else
                <cnp.npy_int32>0x7fffffff if high else <cnp.npy_int32>(-0x7fffffff - 1), n)
    else:
        set_all(<cnp.npy_int64*>out, <cnp.npy_int64>1 if reduction == JOIN_PROD else
                <cnp.npy_int64>0x7fffffffffffffff if high else <cnp.npy_int64>(-0x7fffffffffffffff - 1), n)


cdef double* segment_scales(cnp.npy_int64* ids, cnp.npy_intp n, cnp.npy_intp n_segments, int reduction) except NULL:
    """What the sum of each segment is divided by: its number of rows, or the square root of that; at least 1."""
    cdef cnp.npy_intp i
    cdef double* scales = <double*>calloc(n_segments + 1, sizeof(double))
    if scales == NULL:
        raise MemoryError()
    for i in range(n):
        if 0 <= ids[i] < n_segments:
            scales[ids[i]] += 1.0
    for i in range(n_segments):
        if scales[i] < 1.0:
            scales[i] = 1.0
        if reduction == JOIN_SQRT_N:
            scales[i] = c_sqrt(scales[i])
    return scales


cdef void clear_gaps(Segments* s, cnp.npy_intp itemsize) noexcept nogil:
    """Segments between sorted ids have no rows: zeros."""
    cdef cnp.npy_intp i, next = 0
    for i in range(s.n):
        if s.ids[i] > next:
            memset(s.out + next * s.width * itemsize, 0, (s.ids[i] - next) * s.width * itemsize)
        next = s.ids[i] + 1


cdef bint are_sorted(cnp.npy_int64* ids, cnp.npy_intp n) noexcept nogil:
    """Whether ids neither begin below 0 nor decrease."""
    cdef cnp.npy_intp i
    cdef bint fine = n == 0 or ids[0] >= 0
    for i in range(1, n):
        fine &= ids[i] >= ids[i - 1]
    return fine


cdef int join_segments(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int reduction,
                       bint unsorted, bint chosen) except -1:
    """Segment ops: `unsorted` ones are given the number of segments, `chosen` ones are given which rows to take."""
    cdef CArray* data = <CArray*>inputs[0]
    cdef CArray* q
    cdef Segments s
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp n_segments, total
    cdef int i, k = 2 if chosen else 1, n_outer, ndim
    cdef object rows = None, ids
    s.type_number = step.out_type
    ids = row_numbers(inputs[k])
    if ids is None or not is_summable(s.type_number) or not is_flat(inputs[0], s.type_number):
        return 0
    q = <CArray*>inputs[k]
    s.ids = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>ids)
    s.n = array_size(q)
    s.reduction = reduction
    s.scales = NULL
    s.scale_rows = False
    s.rows = NULL
    n_outer = array_ndim(q)
    ndim = array_ndim(data)
    if n_outer > ndim or ndim > 31 or ndim < 1:
        return 0
    if chosen:
        rows = row_numbers(inputs[1])
        if rows is None or array_ndim(<CArray*>inputs[1]) != 1 or array_size(<CArray*>inputs[1]) != s.n:
            return 0
        s.rows = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>rows)
        if not all_below(s.rows, s.n, array_dims(data)[0], False):
            return 0
    else:
        for i in range(n_outer):
            if array_dims(data)[i] != array_dims(q)[i]:
                return 0
    if unsorted:
        if read_ints(inputs[2], &n_segments, 1) != 1 or n_segments < 0 or array_ndim(<CArray*>inputs[2]):
            return 0
        if not all_below(s.ids, s.n, n_segments, True):
            return 0
    else:
        if n_outer != 1 or not are_sorted(s.ids, s.n):
            return 0
        n_segments = <cnp.npy_intp>s.ids[s.n - 1] + 1 if s.n else 0
        if step.n_in == 4:
            total = n_segments
            if read_ints(inputs[3], &n_segments, 1) != 1 or n_segments < total or array_ndim(<CArray*>inputs[3]):
                return 0
    if (reduction == JOIN_MEAN or reduction == JOIN_SQRT_N) and not is_real(s.type_number):
        return 0
    dims[0] = n_segments
    s.width = 1
    for i in range(n_outer, ndim):
        dims[i - n_outer + 1] = array_dims(data)[i]
        s.width *= array_dims(data)[i]
    if <double>n_segments * s.width > 1e9:
        return 0
    if reduction == JOIN_MEAN or reduction == JOIN_SQRT_N:
        s.scales = segment_scales(s.ids, s.n, n_segments, reduction)
    try:
        outputs[0] = new_array(frame, step.first_out, s.type_number, ndim - n_outer + 1, dims)
        s.table = array_bytes(data)
        s.out = array_bytes(<CArray*>outputs[0])
        with nogil:
            begin_segments(s.out, s.type_number, reduction, n_segments * s.width)
            if s.n and s.width:
                parallel_for(join_body, &s, s.width, max(64, GRAIN // s.n))
            if not unsorted and (reduction == JOIN_MAX or reduction == JOIN_MIN):
                clear_gaps(&s, array_itemsize(data))
            if s.scales != NULL:
                if s.type_number == cnp.NPY_FLOAT32:
                    divide_rows(<float*>s.out, s.scales, n_segments, s.width)
                else:
                    divide_rows(<double*>s.out, s.scales, n_segments, s.width)
    finally:
        free(s.scales)
    return 1


cdef int join_gradients(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int reduction,
                        bint compact) except -1:
    """Gradients of the `chosen` ops: rows of `grad` by segment, scaled, added to the rows they were taken from.

    If `compact`, only the rows that were taken are made, in order, and beside them their numbers.
    """
    cdef CArray* grad = <CArray*>inputs[0]
    cdef Segments s
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp n_rows, i
    cdef int ndim
    cdef object rows, ids
    s.type_number = step.out_type
    rows = row_numbers(inputs[1])
    ids = row_numbers(inputs[2])
    ndim = array_ndim(grad) if is_array(inputs[0]) else 0
    if (rows is None or ids is None or not is_real(s.type_number) or not is_flat(inputs[0], s.type_number)
            or not 1 <= ndim <= 31 or read_ints(inputs[3], &n_rows, 1) != 1 or n_rows < 0
            or array_ndim(<CArray*>inputs[1]) != 1 or array_ndim(<CArray*>inputs[2]) != 1
            or array_ndim(<CArray*>inputs[3])):
        return 0
    s.n = array_size(<CArray*>inputs[1])
    s.ids = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>rows)      # where rows go to
    s.rows = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>ids)      # where they come from
    if (array_size(<CArray*>inputs[2]) != s.n or not all_below(s.ids, s.n, n_rows, False)
            or not all_below(s.rows, s.n, array_dims(grad)[0], False)):
        return 0
    s.reduction = JOIN_SUM
    s.scales = NULL
    s.scale_rows = True
    s.width = 1
    for i in range(1, ndim):
        dims[i] = array_dims(grad)[i]
        s.width *= dims[i]
    if compact:
        rows = count_rows(frame, step, rows, plan.types[step.first_out + 1], outputs)
        s.ids = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>rows)
        n_rows = array_size(<CArray*>outputs[1])
    dims[0] = n_rows
    if <double>n_rows * s.width > 1e9:
        return 0
    if reduction != JOIN_SUM:
        s.scales = segment_scales(s.rows, s.n, array_dims(grad)[0], reduction)
        for i in range(array_dims(grad)[0]):
            s.scales[i] = 1.0 / s.scales[i]
    try:
        outputs[0] = new_array(frame, step.first_out, s.type_number, ndim, dims)
        s.table = array_bytes(grad)
        s.out = array_bytes(<CArray*>outputs[0])
        with nogil:
            begin_segments(s.out, s.type_number, JOIN_SUM, n_rows * s.width)
            if s.n and s.width:
                parallel_for(join_body, &s, s.width, max(64, GRAIN // s.n))
    finally:
        free(s.scales)
    return 1


cdef int compare_numbers(const void* a, const void* b) noexcept nogil:
    cdef cnp.npy_int64 x = (<const cnp.npy_int64*>a)[0], y = (<const cnp.npy_int64*>b)[0]
    return (x > y) - (x < y)


cdef object count_rows(Frame* frame, Step* step, object rows, int type_number, PyObject** outputs):
    """Output 1: the distinct numbers in `rows`, in order; returns the place of each of `rows` among them."""
    cdef cnp.npy_int64* given = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>rows)
    cdef cnp.npy_intp i, n = array_size(<CArray*><PyObject*>rows), n_found = 0
    cdef cnp.npy_int64* numbers
    cdef cnp.npy_int64* places
    cdef IntTable table
    places_ = cnp.PyArray_NewCopy(<cnp.ndarray>rows, cnp.NPY_CORDER)
    sorted_ = cnp.PyArray_NewCopy(<cnp.ndarray>rows, cnp.NPY_CORDER)
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>sorted_)
    places = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>places_)
    if not open_table(&table, n):
        raise MemoryError()
    with nogil:
        qsort(numbers, n, sizeof(cnp.npy_int64), compare_numbers)
        for i in range(n):
            if i == 0 or numbers[i] != numbers[n_found - 1]:
                numbers[n_found] = numbers[i]
                place_of(&table, numbers[i])[0] = n_found
                n_found += 1
        for i in range(n):
            places[i] = number_of(&table, given[i])
        close_table(&table)
    outputs[1] = int_vector(frame, step.first_out + 1, type_number, <int>n_found, <cnp.npy_intp*>numbers)
    return places_


cdef int kernel_sorted_segment_sum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_SUM, False, False)


cdef int kernel_sorted_segment_mean(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                    PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MEAN, False, False)


cdef int kernel_sorted_segment_max(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MAX, False, False)


cdef int kernel_sorted_segment_min(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MIN, False, False)


cdef int kernel_sorted_segment_prod(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                    PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_PROD, False, False)


cdef int kernel_unsorted_segment_max(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                     PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MAX, True, False)


cdef int kernel_unsorted_segment_min(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                     PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MIN, True, False)


cdef int kernel_unsorted_segment_prod(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                      PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_PROD, True, False)


cdef int kernel_sparse_segment_sum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_SUM, False, True)


cdef int kernel_sparse_segment_mean(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                    PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_MEAN, False, True)


cdef int kernel_sparse_segment_sqrt_n(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                      PyObject** outputs) except -1:
    return join_segments(plan, frame, step, inputs, outputs, JOIN_SQRT_N, False, True)


cdef int kernel_sparse_segment_sum_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                        PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_SUM, False)


cdef int kernel_sparse_segment_mean_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                         PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_MEAN, False)


cdef int kernel_sparse_segment_sqrt_n_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                           PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_SQRT_N, False)


cdef int kernel_sparse_segment_sum_grad_v2(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                           PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_SUM, True)


cdef int kernel_sparse_segment_mean_grad_v2(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                            PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_MEAN, True)


cdef int kernel_sparse_segment_sqrt_n_grad_v2(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                              PyObject** outputs) except -1:
    return join_gradients(plan, frame, step, inputs, outputs, JOIN_SQRT_N, True)


add_core_kernel("unique", kernel_unique)
add_core_kernel("unique_with_counts", kernel_unique_with_counts)
add_core_kernel("dynamic_partition", kernel_dynamic_partition)
add_core_kernel("dynamic_stitch", kernel_dynamic_stitch)
add_core_kernel("sorted_segment_sum", kernel_sorted_segment_sum)
add_core_kernel("sorted_segment_mean", kernel_sorted_segment_mean)
add_core_kernel("sorted_segment_max", kernel_sorted_segment_max)
add_core_kernel("sorted_segment_min", kernel_sorted_segment_min)
add_core_kernel("sorted_segment_prod", kernel_sorted_segment_prod)
add_core_kernel("unsorted_segment_max", kernel_unsorted_segment_max)
add_core_kernel("unsorted_segment_min", kernel_unsorted_segment_min)
add_core_kernel("unsorted_segment_prod", kernel_unsorted_segment_prod)
add_core_kernel("sparse_segment_sum", kernel_sparse_segment_sum)
add_core_kernel("sparse_segment_mean", kernel_sparse_segment_mean)
add_core_kernel("sparse_segment_sqrt_n", kernel_sparse_segment_sqrt_n)
add_core_kernel("sparse_segment_sum_grad", kernel_sparse_segment_sum_grad)
add_core_kernel("sparse_segment_mean_grad", kernel_sparse_segment_mean_grad)
add_core_kernel("sparse_segment_sqrt_n_grad", kernel_sparse_segment_sqrt_n_grad)
add_core_kernel("sparse_segment_sum_grad_v2", kernel_sparse_segment_sum_grad_v2)
add_core_kernel("sparse_segment_mean_grad_v2", kernel_sparse_segment_mean_grad_v2)
add_core_kernel("sparse_segment_sqrt_n_grad_v2", kernel_sparse_segment_sqrt_n_grad_v2)
