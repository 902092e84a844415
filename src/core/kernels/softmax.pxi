# Softmax, its logarithm, and cross entropies, row by row: NumPy's exp over blocks of rows that stay in the cache.
#
# Contiguous float32 and float64; what else there is, and every error, goes to the Python kernel beside it.

cdef struct Softmax:             # of a matrix; which fields count depends on `kind`
    char* x
    char* y                      # labels of SOFTMAX_CROSS
    cnp.npy_int64* labels        # of SOFTMAX_SPARSE
    char* out                    # softmax, its logarithm, or the gradient
    char* loss
    cnp.npy_intp n               # classes
    int type_number
    int kind

cdef enum:
    SOFTMAX_PLAIN
    SOFTMAX_LOG
    SOFTMAX_CROSS
    SOFTMAX_SPARSE


cdef void softmax_rows(real* x, real* y, real* out, real* loss, Softmax* s, cnp.npy_intp start, cnp.npy_intp stop,
                       Step* exp_step, int kind) noexcept nogil:
    """Rows from `start` to `stop`, some 4096 elements at a time: shift by the maximum, one call of exp, finish."""
    cdef cnp.npy_intp n = s.n, block = max(<cnp.npy_intp>1, 4096 // s.n), first = start, last, row, i, size
    cdef cnp.npy_intp strides[2]
    cdef char* args[2]
    cdef real top, total, scale, inner, one = 1
    cdef real* p
    cdef real* q
    cdef real* t
    strides[0] = strides[1] = sizeof(real)
    while first < stop:
        last = min(first + block, stop)
        for row in range(first, last):
            p = x + row * n
            q = out + row * n
            reduce_rows[REDUCE_MAX][kind](&top, p, n)
            for i in range(n):
                q[i] = p[i] - top
            if s.kind == SOFTMAX_SPARSE:
                loss[row] = q[s.labels[row]]
            elif s.kind == SOFTMAX_CROSS:
                t = y + row * n
                inner = 0
                for i in range(n):
                    inner += t[i] * q[i]
                loss[row] = inner        # the logarithm of the sum comes below
        size = (last - first) * n
        args[0] = args[1] = <char*>(out + first * n)
        if s.kind != SOFTMAX_LOG:
            exp_step.loop(args, &size, strides, exp_step.loop_data)
        for row in range(first, last):
            q = out + row * n
            if s.kind == SOFTMAX_LOG:
                finish_log(q, n, exp_step, kind)
                continue
            reduce_rows[REDUCE_SUM][kind](&total, q, n)
            scale = one / total
            for i in range(n):
                q[i] *= scale
            if s.kind == SOFTMAX_SPARSE:
                loss[row] = <real>c_log(total) - loss[row]
                q[s.labels[row]] -= 1
            elif s.kind == SOFTMAX_CROSS:
                t = y + row * n
                reduce_rows[REDUCE_SUM][kind](&inner, t, n)
                loss[row] = inner * <real>c_log(total) - loss[row]
                for i in range(n):
                    q[i] -= t[i]
        first = last


cdef void finish_log(real* q, cnp.npy_intp n, Step* exp_step, int kind) noexcept nogil:
    """Subtract the logarithm of the sum of exponentials from a shifted row."""
    cdef real buffer[1024]
    cdef cnp.npy_intp strides[2]
    cdef char* args[2]
    cdef cnp.npy_intp i, start, size
    cdef real part, total = 0
    strides[0] = strides[1] = sizeof(real)
    for start in range(0, n, 1024):
        size = min(<cnp.npy_intp>1024, n - start)
        args[0] = <char*>(q + start)
        args[1] = <char*>buffer
        exp_step.loop(args, &size, strides, exp_step.loop_data)
        reduce_rows[REDUCE_SUM][kind](&part, buffer, size)
        total += part
    total = <real>c_log(total)
    for i in range(n):
        q[i] -= total


cdef void softmax_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Softmax* s = <Softmax*>ctx
    if s.type_number == cnp.NPY_FLOAT32:
        softmax_rows(<float*>s.x, <float*>s.y, <float*>s.out, <float*>s.loss, s, start, stop, &exp_float, REDUCE_F32)
    else:
        softmax_rows(<double*>s.x, <double*>s.y, <double*>s.out, <double*>s.loss, s, start, stop, &exp_double,
                     REDUCE_F64)


cdef void run_softmax(Softmax* s, cnp.npy_intp n_rows) noexcept nogil:
    parallel_for(softmax_body, s, n_rows, GRAIN // 8 // s.n + 1)


cdef int softmax_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int kind) except -1:
    cdef Softmax s
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp n_rows
    s.type_number = step.out_type
    s.kind = kind
    if not is_real(step.out_type) or not is_flat(inputs[0], step.out_type) or array_ndim(x) < 1 or array_size(x) == 0:
        return 0
    s.n = array_dims(x)[array_ndim(x) - 1]
    n_rows = array_size(x) // s.n
    s.x = array_bytes(x)
    outputs[0] = result_like(plan, frame, step, inputs, 0)
    s.out = array_bytes(<CArray*>outputs[0])
    s.y = s.loss = NULL
    with nogil:
        run_softmax(&s, n_rows)
    return 1


cdef int kernel_softmax(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    return softmax_step(plan, frame, step, inputs, outputs, SOFTMAX_PLAIN)


cdef int kernel_log_softmax(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    return softmax_step(plan, frame, step, inputs, outputs, SOFTMAX_LOG)


cdef int kernel_cross_entropy(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    """SoftmaxCrossEntropyWithLogits of matrices of one shape."""
    cdef Softmax s
    cdef CArray* logits = <CArray*>inputs[0]
    s.type_number = step.out_type
    s.kind = SOFTMAX_CROSS
    if (not is_real(step.out_type) or not is_flat(inputs[0], step.out_type) or array_ndim(logits) != 2
            or not is_flat(inputs[1], step.out_type) or not same_dims(logits, <CArray*>inputs[1])
            or array_size(logits) == 0):
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, 1, array_dims(logits))
    outputs[1] = new_array(frame, step.first_out + 1, step.out_type, 2, array_dims(logits))
    s.n = array_dims(logits)[1]
    s.x = array_bytes(logits)
    s.y = array_bytes(<CArray*>inputs[1])
    s.loss = array_bytes(<CArray*>outputs[0])
    s.out = array_bytes(<CArray*>outputs[1])
    with nogil:
        run_softmax(&s, array_dims(logits)[0])
    return 1


cdef int kernel_sparse_cross_entropy(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                     PyObject** outputs) except -1:
    cdef Softmax s
    cdef CArray* logits = <CArray*>inputs[0]
    cdef CArray* q
    s.type_number = step.out_type
    s.kind = SOFTMAX_SPARSE
    if not is_real(step.out_type) or not is_flat(inputs[0], step.out_type) or array_ndim(logits) != 2:
        return 0
    labels = row_numbers(inputs[1])
    if labels is None or array_dims(logits)[1] == 0:
        return 0
    q = <CArray*><PyObject*>labels
    if array_ndim(q) != 1 or array_dims(q)[0] != array_dims(logits)[0]:
        return 0
    s.labels = <cnp.npy_int64*>array_bytes(q)
    s.n = array_dims(logits)[1]
    if not all_below(s.labels, array_dims(q)[0], s.n, False):
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, 1, array_dims(logits))
    outputs[1] = new_array(frame, step.first_out + 1, step.out_type, 2, array_dims(logits))
    s.x = array_bytes(logits)
    s.y = NULL
    s.loss = array_bytes(<CArray*>outputs[0])
    s.out = array_bytes(<CArray*>outputs[1])
    with nogil:
        run_softmax(&s, array_dims(logits)[0])
    return 1


# ---------------------------------------------------------------- bias

cdef struct Bias:
    char* x
    char* bias
    char* out
    cnp.npy_intp n               # channels
    int type_number


cdef void add_bias(summand* x, summand* bias, summand* out, cnp.npy_intp n, cnp.npy_intp start,
                   cnp.npy_intp stop) noexcept nogil:
    cdef cnp.npy_intp row, i
    cdef summand* p
    cdef summand* q
    for row in range(start, stop):
        p = x + row * n
        q = out + row * n
        for i in range(n):
            q[i] = p[i] + bias[i]


cdef void bias_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Bias* b = <Bias*>ctx
    if b.type_number == cnp.NPY_FLOAT32:
        add_bias(<float*>b.x, <float*>b.bias, <float*>b.out, b.n, start, stop)
    elif b.type_number == cnp.NPY_FLOAT64:
        add_bias(<double*>b.x, <double*>b.bias, <double*>b.out, b.n, start, stop)
    elif b.type_number == cnp.NPY_INT32:
        add_bias(<cnp.npy_int32*>b.x, <cnp.npy_int32*>b.bias, <cnp.npy_int32*>b.out, b.n, start, stop)
    else:
        add_bias(<cnp.npy_int64*>b.x, <cnp.npy_int64*>b.bias, <cnp.npy_int64*>b.out, b.n, start, stop)


cdef int kernel_bias_add(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    """BiasAdd with the channels last."""
    cdef Bias b
    cdef CArray* x = <CArray*>inputs[0]
    cdef cnp.npy_intp n_rows
    if step.bits == 0:
        step.bits = 3 if plan.graph.operation(step.node)._attr("data_format")[1] in (b"NCHW", "NCHW") else 1
    if (step.bits & 2 or not is_summable(step.out_type) or not is_flat(inputs[0], step.out_type)
            or not is_flat(inputs[1], step.out_type) or array_ndim(x) < 2 or array_ndim(<CArray*>inputs[1]) != 1
            or array_dims(<CArray*>inputs[1])[0] != array_dims(x)[array_ndim(x) - 1] or array_size(x) == 0):
        return 0
    b.n = array_dims(<CArray*>inputs[1])[0]
    n_rows = array_size(x) // b.n
    b.type_number = step.out_type
    b.x = array_bytes(x)
    b.bias = array_bytes(<CArray*>inputs[1])
    outputs[0] = result_like(plan, frame, step, inputs, 0)
    b.out = array_bytes(<CArray*>outputs[0])
    with nogil:
        parallel_for(bias_body, &b, n_rows, GRAIN // b.n + 1)
    return 1


add_core_kernel("softmax", kernel_softmax)
add_core_kernel("log_softmax", kernel_log_softmax)
add_core_kernel("cross_entropy", kernel_cross_entropy)
add_core_kernel("sparse_cross_entropy", kernel_sparse_cross_entropy)
add_core_kernel("bias_add", kernel_bias_add)
