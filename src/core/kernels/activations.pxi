# Activations and their gradients by element, and sums of several arrays. Contiguous float32 and float64.

# Loops that follow one another go over blocks of 2048 elements, which stay in the first cache.

cdef struct Elements:
    char* x
    char* y
    char* out
    int type_number
    int kind

cdef enum:
    SIGMOID_KIND
    SIGMOID_GRAD_KIND
    TANH_GRAD_KIND
    RELU_KIND
    RELU_GRAD_KIND


cdef void sigmoid_part(real* x, real* out, cnp.npy_intp n, Step* exp_step) noexcept nogil:
    """1 / (1 + e**-x); of doubles, with NumPy's exp."""
    cdef cnp.npy_intp strides[2]
    cdef char* args[2]
    cdef cnp.npy_intp i, start, size
    cdef real one = 1            # a literal would be a double
    strides[0] = strides[1] = sizeof(real)
    if real is float:
        if vector_floats != NULL:
            args[0] = <char*>x
            args[1] = <char*>out
            vp_unary_loop(args, &n, strides, unary_program(VP_sigmoid))
            return
    for start in range(0, n, 2048):
        size = min(<cnp.npy_intp>2048, n - start)
        for i in range(start, start + size):
            out[i] = -x[i]
        args[0] = args[1] = <char*>(out + start)
        exp_step.loop(args, &size, strides, exp_step.loop_data)
        for i in range(start, start + size):
            out[i] = one / (out[i] + one)


cdef void sigmoid_grad_part(real* y, real* dy, real* out, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real one = 1
    for i in range(n):
        out[i] = dy[i] * (y[i] * (one - y[i]))


cdef void tanh_grad_part(real* y, real* dy, real* out, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real one = 1
    for i in range(n):
        out[i] = dy[i] * (one - y[i] * y[i])


cdef void activation_part(real* x, real* y, real* out, cnp.npy_intp n, int kind, Step* exp_step) noexcept nogil:
    if kind == SIGMOID_KIND:
        sigmoid_part(x, out, n, exp_step)
    elif kind == SIGMOID_GRAD_KIND:
        sigmoid_grad_part(x, y, out, n)
    elif kind == TANH_GRAD_KIND:
        tanh_grad_part(x, y, out, n)
    elif kind == RELU_KIND:
        relu_loop(x, out, n)
    else:
        relu_grad_loop(x, y, out, n)


cdef void activation_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Elements* e = <Elements*>ctx
    if e.type_number == cnp.NPY_FLOAT32:
        activation_part(<float*>e.x + start, <float*>e.y + start, <float*>e.out + start, stop - start, e.kind,
                        &exp_float)
    else:
        activation_part(<double*>e.x + start, <double*>e.y + start, <double*>e.out + start, stop - start, e.kind,
                        &exp_double)


cdef int activate(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs, int kind) except -1:
    cdef Elements e
    cdef cnp.npy_intp n
    cdef int i
    e.type_number = step.out_type
    e.kind = kind
    if not is_real(step.out_type):
        return 0
    for i in range(step.n_in):
        if not is_flat(inputs[i], step.out_type) or not same_dims(<CArray*>inputs[0], <CArray*>inputs[i]):
            return 0
    n = array_size(<CArray*>inputs[0])
    e.x = array_bytes(<CArray*>inputs[0])
    e.y = array_bytes(<CArray*>inputs[step.n_in - 1])
    outputs[0] = result_like(plan, frame, step, inputs, 0)
    e.out = array_bytes(<CArray*>outputs[0])
    with nogil:
        parallel_for(activation_body, &e, n, GRAIN)
    return 1


cdef int kernel_sigmoid(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    return activate(plan, frame, step, inputs, outputs, SIGMOID_KIND)


cdef int kernel_sigmoid_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                             PyObject** outputs) except -1:
    return activate(plan, frame, step, inputs, outputs, SIGMOID_GRAD_KIND)


cdef int kernel_tanh_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    return activate(plan, frame, step, inputs, outputs, TANH_GRAD_KIND)


cdef int kernel_relu(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return activate(plan, frame, step, inputs, outputs, RELU_KIND)


cdef int kernel_relu_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    return activate(plan, frame, step, inputs, outputs, RELU_GRAD_KIND)


# ---------------------------------------------------------------- sums of several arrays

cdef struct Terms:
    char** terms
    int n_terms
    char* out
    int type_number


cdef void add_terms(summand** terms, int n_terms, summand* out, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """In the order of the terms, block by block."""
    cdef cnp.npy_intp i, j, end
    cdef summand* x
    cdef summand* y
    cdef int k
    for j in range(start, stop, 2048):
        end = min(j + <cnp.npy_intp>2048, stop)
        x = terms[0]
        y = terms[1]
        for i in range(j, end):
            out[i] = x[i] + y[i]
        for k in range(2, n_terms):
            x = terms[k]
            for i in range(j, end):
                out[i] += x[i]


cdef void add_terms_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef Terms* t = <Terms*>ctx
    if t.type_number == cnp.NPY_FLOAT32:
        add_terms(<float**>t.terms, t.n_terms, <float*>t.out, start, stop)
    elif t.type_number == cnp.NPY_FLOAT64:
        add_terms(<double**>t.terms, t.n_terms, <double*>t.out, start, stop)
    elif t.type_number == cnp.NPY_INT32:
        add_terms(<cnp.npy_int32**>t.terms, t.n_terms, <cnp.npy_int32*>t.out, start, stop)
    else:
        add_terms(<cnp.npy_int64**>t.terms, t.n_terms, <cnp.npy_int64*>t.out, start, stop)


cdef int kernel_add_n(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    cdef char* terms[64]
    cdef Terms t
    cdef cnp.npy_intp n
    cdef int i
    if step.out_type < 0:
        return add_lists(plan, frame, step, inputs, outputs)
    if step.n_in < 2 or step.n_in > 64 or not is_summable(step.out_type):
        return 0
    for i in range(step.n_in):
        if not is_flat(inputs[i], step.out_type) or not same_dims(<CArray*>inputs[0], <CArray*>inputs[i]):
            return 0
        terms[i] = array_bytes(<CArray*>inputs[i])
    n = array_size(<CArray*>inputs[0])
    # Only the first two terms are read before anything is written.
    outputs[0] = result_of_first(plan, frame, step, inputs)
    t.terms = terms
    t.n_terms = step.n_in
    t.out = array_bytes(<CArray*>outputs[0])
    t.type_number = step.out_type
    with nogil:
        parallel_for(add_terms_body, &t, n, GRAIN // 2)
    return 1


cdef PyObject* result_of_first(Plan plan, Frame* frame, Step* step, PyObject** inputs) except NULL:
    """As `result_like`, but only in one of the first two inputs."""
    cdef CArray* a = <CArray*>inputs[0]
    cdef int i, k
    cdef PyObject* found
    for i in range(2):
        for k in range(2, step.n_in):
            if inputs[k] == inputs[i]:
                break
        else:
            k = 0
        if k:
            continue
        if plan.in_flags[step.first_in + i] == INPUT_LAST:
            if may_write(inputs[i], step.out_type, array_ndim(a), array_dims(a)):
                found = inputs[i]
                frame.registers[plan.in_registers[step.first_in + i]] = NULL
                return found
    return new_array(frame, step.first_out, step.out_type, array_ndim(a), array_dims(a))


add_core_kernel("sigmoid", kernel_sigmoid)
add_core_kernel("sigmoid_grad", kernel_sigmoid_grad)
add_core_kernel("tanh_grad", kernel_tanh_grad)
add_core_kernel("relu", kernel_relu)
add_core_kernel("relu_grad", kernel_relu_grad)
add_core_kernel("add_n", kernel_add_n)
