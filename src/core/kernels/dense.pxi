# Typed loops of dense networks: rectifiers, cross entropy with integer labels, and the commonest updates.
#
# Each handles contiguous float32 and float64 and leaves the rest, and every error, to the Python kernel beside it.

ctypedef fused real:
    float
    double

cdef extern from "<math.h>" nogil:
    double c_log "log"(double)
    double c_sqrt "sqrt"(double)


cdef inline bint is_real(int type_number) noexcept:
    return type_number == cnp.NPY_FLOAT32 or type_number == cnp.NPY_FLOAT64


cdef inline bint is_flat(PyObject* value, int type_number) noexcept:
    """Whether a value is a contiguous array of this type."""
    return (is_array(value) and array_type(<CArray*>value) == type_number
            and (array_flags(<CArray*>value) & ARRAY_WANTED) == ARRAY_WANTED)


cdef PyObject* result_like(Plan plan, Frame* frame, Step* step, PyObject** inputs, int like) except NULL:
    """Where to put output 0, of the shape of input `like`: in an input that dies here, or in a new array."""
    cdef CArray* a = <CArray*>inputs[like]
    cdef int i
    cdef PyObject* found
    for i in range(step.n_in):
        if plan.in_flags[step.first_in + i] == INPUT_LAST and is_array(inputs[i]):
            if may_write(inputs[i], step.out_type, array_ndim(a), array_dims(a)):
                found = inputs[i]
                frame.registers[plan.in_registers[step.first_in + i]] = NULL
                return found
    return new_array(frame, step.first_out, step.out_type, array_ndim(a), array_dims(a))


# ---------------------------------------------------------------- rectifiers

cdef void relu_loop(real* x, real* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        y[i] = 0 if x[i] < 0 else x[i]       # a NaN stays one


cdef void relu_grad_loop(real* grad, real* x, real* out, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        out[i] = grad[i] if x[i] > 0 else 0


cdef int kernel_relu(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef int type_number = step.out_type
    cdef cnp.npy_intp n
    cdef char* x
    cdef char* y
    if not is_real(type_number) or not is_flat(inputs[0], type_number):
        return 0
    n = array_size(<CArray*>inputs[0])
    x = array_bytes(<CArray*>inputs[0])
    outputs[0] = result_like(plan, frame, step, inputs, 0)
    y = array_bytes(<CArray*>outputs[0])
    with nogil:
        if type_number == cnp.NPY_FLOAT32:
            relu_loop(<float*>x, <float*>y, n)
        else:
            relu_loop(<double*>x, <double*>y, n)
    return 1


cdef int kernel_relu_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    cdef int type_number = step.out_type
    cdef cnp.npy_intp n
    cdef char* grad
    cdef char* x
    cdef char* out
    if (not is_real(type_number) or not is_flat(inputs[0], type_number) or not is_flat(inputs[1], type_number)
            or not same_dims(<CArray*>inputs[0], <CArray*>inputs[1])):
        return 0
    n = array_size(<CArray*>inputs[0])
    grad = array_bytes(<CArray*>inputs[0])
    x = array_bytes(<CArray*>inputs[1])
    outputs[0] = result_like(plan, frame, step, inputs, 0)
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        if type_number == cnp.NPY_FLOAT32:
            relu_grad_loop(<float*>grad, <float*>x, <float*>out, n)
        else:
            relu_grad_loop(<double*>grad, <double*>x, <double*>out, n)
    return 1


# ---------------------------------------------------------------- cross entropy

cdef Step exp_float, exp_double      # NumPy's vectorised exp
exp_float.n_in = exp_double.n_in = 1
find_loop(&exp_float, np.exp, [cnp.NPY_FLOAT32, cnp.NPY_FLOAT32])
find_loop(&exp_double, np.exp, [cnp.NPY_FLOAT64, cnp.NPY_FLOAT64])


cdef void sparse_cross_entropy(real* logits, cnp.npy_int64* labels, real* loss, real* grad, cnp.npy_intp n_rows,
                               cnp.npy_intp n_classes, Step* exp_step) noexcept nogil:
    """Rows in blocks that fit the cache: subtract the maximum, one call of exp, normalise."""
    cdef cnp.npy_intp block = max(1, 4096 // n_classes), start = 0, stop, row, i, n
    cdef cnp.npy_intp strides[2]
    cdef char* args[2]
    cdef real top, scale
    cdef double total
    cdef real* x
    cdef real* g
    strides[0] = strides[1] = sizeof(real)
    while start < n_rows:
        stop = min(start + block, n_rows)
        for row in range(start, stop):
            x = logits + row * n_classes
            g = grad + row * n_classes
            top = x[0]
            for i in range(1, n_classes):
                if x[i] > top:
                    top = x[i]
            for i in range(n_classes):
                g[i] = x[i] - top
            loss[row] = g[labels[row]]
        n = (stop - start) * n_classes
        args[0] = args[1] = <char*>(grad + start * n_classes)
        exp_step.loop(args, &n, strides, exp_step.loop_data)
        for row in range(start, stop):
            g = grad + row * n_classes
            total = 0
            for i in range(n_classes):
                total += g[i]
            scale = <real>(1.0 / total)
            for i in range(n_classes):
                g[i] *= scale
            loss[row] = <real>c_log(total) - loss[row]
            g[labels[row]] -= 1
        start = stop


cdef int kernel_sparse_cross_entropy(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                     PyObject** outputs) except -1:
    cdef int type_number = step.out_type
    cdef CArray* logits = <CArray*>inputs[0]
    cdef cnp.npy_intp n_rows, n_classes, i
    cdef cnp.npy_int64* c_labels
    cdef char* loss
    cdef char* grad
    if not is_real(type_number) or not is_flat(inputs[0], type_number) or array_ndim(logits) != 2:
        return 0
    n_rows = array_dims(logits)[0]
    n_classes = array_dims(logits)[1]
    labels = np.ascontiguousarray(<object>inputs[1], np.int64)
    if labels.ndim != 1 or len(labels) != n_rows or n_classes == 0:
        return 0
    c_labels = <cnp.npy_int64*>array_bytes(<CArray*>(<PyObject*>labels))
    for i in range(n_rows):
        if c_labels[i] < 0 or c_labels[i] >= n_classes:
            return 0
    outputs[0] = new_array(frame, step.first_out, type_number, 1, array_dims(logits))
    outputs[1] = new_array(frame, step.first_out + 1, type_number, 2, array_dims(logits))
    loss = array_bytes(<CArray*>outputs[0])
    grad = array_bytes(<CArray*>outputs[1])
    with nogil:
        if type_number == cnp.NPY_FLOAT32:
            sparse_cross_entropy(<float*>array_bytes(logits), c_labels, <float*>loss, <float*>grad, n_rows, n_classes,
                                 &exp_float)
        else:
            sparse_cross_entropy(<double*>array_bytes(logits), c_labels, <double*>loss, <double*>grad, n_rows,
                                 n_classes, &exp_double)
    return 1


# ---------------------------------------------------------------- updates

cdef void descend(real* var, real* delta, real alpha, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        var[i] -= alpha * delta[i]


cdef int kernel_gradient_descent(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                 PyObject** outputs) except -1:
    """var -= alpha * delta, in place."""
    cdef VariableState state = state_of(inputs[0])
    cdef PyObject* var
    cdef int type_number
    cdef char* a
    cdef char* d
    cdef char* v
    cdef cnp.npy_intp n
    if state is None or state.value is None:
        return 0
    var = <PyObject*>state.value
    type_number = array_type(<CArray*>var)
    if (not is_real(type_number) or not is_flat(inputs[1], type_number) or array_ndim(<CArray*>inputs[1])
            or not is_flat(inputs[2], type_number) or not same_dims(<CArray*>var, <CArray*>inputs[2])):
        return 0
    if not may_update(state):
        state.value = cnp.PyArray_NewCopy(<cnp.ndarray>var, cnp.NPY_CORDER)
    kept = state.value               # while the GIL is off, another thread may assign
    v = array_bytes(<CArray*>(<PyObject*>kept))
    a = array_bytes(<CArray*>inputs[1])
    d = array_bytes(<CArray*>inputs[2])
    n = array_size(<CArray*>inputs[2])
    with nogil:
        if type_number == cnp.NPY_FLOAT32:
            descend(<float*>v, <float*>d, (<float*>a)[0], n)
        else:
            descend(<double*>v, <double*>d, (<double*>a)[0], n)
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


cdef void adam(real* var, real* m, real* v, real* grad, real b1_power, real b2_power, real lr, real beta1, real beta2,
               real epsilon, cnp.npy_intp n) noexcept nogil:
    """Kingma and Ba 2014, in the form of TF's ApplyAdam."""
    cdef cnp.npy_intp i
    cdef real alpha = <real>(lr * <real>c_sqrt(1 - b2_power) / (1 - b1_power))
    cdef real rest1 = 1 - beta1, rest2 = 1 - beta2
    for i in range(n):
        m[i] += (grad[i] - m[i]) * rest1
        v[i] += (grad[i] * grad[i] - v[i]) * rest2
        var[i] -= (m[i] * alpha) / (<real>c_sqrt(v[i]) + epsilon)


cdef int kernel_adam(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    cdef VariableState state
    cdef PyObject* var
    cdef char* arrays[3]
    cdef char* scalars[6]
    cdef char* grad
    cdef int type_number, i
    cdef cnp.npy_intp n
    cdef list kept = []
    if not is_array(inputs[9]) or plan.graph.operation(step.node)._attr("use_nesterov")[1]:
        return 0
    type_number = array_type(<CArray*>inputs[9])
    if not is_real(type_number) or not is_flat(inputs[9], type_number):
        return 0
    for i in range(3):
        state = state_of(inputs[i])
        if state is None or state.value is None:
            return 0
        var = <PyObject*>state.value
        if array_type(<CArray*>var) != type_number or not same_dims(<CArray*>var, <CArray*>inputs[9]):
            return 0
    for i in range(6):
        if not is_flat(inputs[3 + i], type_number) or array_ndim(<CArray*>inputs[3 + i]):
            return 0
        scalars[i] = array_bytes(<CArray*>inputs[3 + i])
    for i in range(3):
        state = state_of(inputs[i])
        if not may_update(state):
            state.value = cnp.PyArray_NewCopy(<cnp.ndarray>state.value, cnp.NPY_CORDER)
        kept.append(state.value)
        arrays[i] = array_bytes(<CArray*>(<PyObject*>state.value))
    grad = array_bytes(<CArray*>inputs[9])
    n = array_size(<CArray*>inputs[9])
    with nogil:
        if type_number == cnp.NPY_FLOAT32:
            adam(<float*>arrays[0], <float*>arrays[1], <float*>arrays[2], <float*>grad, (<float*>scalars[0])[0],
                 (<float*>scalars[1])[0], (<float*>scalars[2])[0], (<float*>scalars[3])[0], (<float*>scalars[4])[0],
                 (<float*>scalars[5])[0], n)
        else:
            adam(<double*>arrays[0], <double*>arrays[1], <double*>arrays[2], <double*>grad, (<double*>scalars[0])[0],
                 (<double*>scalars[1])[0], (<double*>scalars[2])[0], (<double*>scalars[3])[0],
                 (<double*>scalars[4])[0], (<double*>scalars[5])[0], n)
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


add_core_kernel("relu", kernel_relu)
add_core_kernel("relu_grad", kernel_relu_grad)
add_core_kernel("sparse_cross_entropy", kernel_sparse_cross_entropy)
add_core_kernel("gradient_descent", kernel_gradient_descent)
add_core_kernel("adam", kernel_adam)
