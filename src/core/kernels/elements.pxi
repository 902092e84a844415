# Inner loops in NumPy's form of elementwise ops that NumPy has no ufunc for, for groups of steps (fusion.pxi).
#
# Each computes what the op's own kernel computes, with the same roundings. Inputs are contiguous; where an op
# broadcasts, one may be a single element (stride 0).

from libc.string cimport strcmp

ctypedef fused real_element:
    float
    double

ctypedef fused cast_source:
    float
    double
    int
    cnp.npy_int64
    cnp.npy_bool


cdef inline void relu_elements(real_element* x, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        y[i] = 0 if x[i] < 0 else x[i]       # a NaN stays one


cdef inline void relu_grad_elements(real_element* grad, real_element* x, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real_element g
    for i in range(n):
        g = grad[i]                  # read in any case: a load behind a condition would not vectorise
        y[i] = g if x[i] > 0 else 0


cdef inline void tanh_grad_elements(real_element* t, real_element* grad, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real_element one = 1            # a literal would be a double
    for i in range(n):
        y[i] = grad[i] * (one - t[i] * t[i])


cdef inline void sigmoid_grad_elements(real_element* s, real_element* grad, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real_element one = 1            # a literal would be a double
    for i in range(n):
        y[i] = grad[i] * (s[i] * (one - s[i]))


cdef inline void rsqrt_elements(real_element* x, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    cdef real_element one = 1            # a literal would be a double
    for i in range(n):
        y[i] = one / <real_element>c_sqrt(x[i])


cdef inline void sigmoid_elements(real_element* x, real_element* y, cnp.npy_intp n, Step* exp_step) noexcept nogil:
    """``1 / (1 + e**-x)``"""
    cdef cnp.npy_intp i
    cdef real_element one = 1            # a literal would be a double
    cdef char* args[2]
    cdef cnp.npy_intp strides[2]
    for i in range(n):
        y[i] = -x[i]
    args[0] = args[1] = <char*>y
    strides[0] = strides[1] = sizeof(real_element)
    exp_step.loop(args, &n, strides, exp_step.loop_data)
    for i in range(n):
        y[i] = one / (y[i] + one)


cdef inline void squared_difference_elements(real_element* a, real_element* b, real_element* y, cnp.npy_intp n,
                                             const cnp.npy_intp* strides) noexcept nogil:
    cdef cnp.npy_intp i, step_a = 1 if strides[0] else 0, step_b = 1 if strides[1] else 0
    cdef real_element d
    if step_a and step_b:
        for i in range(n):
            d = a[i] - b[i]
            y[i] = d * d
    else:
        for i in range(n):
            d = a[i * step_a] - b[i * step_b]
            y[i] = d * d


cdef inline void cast_elements(cast_source* x, real_element* y, cnp.npy_intp n) noexcept nogil:
    cdef cnp.npy_intp i
    for i in range(n):
        y[i] = <real_element>x[i]


cdef void relu_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                      void* data) noexcept nogil:
    relu_elements(<float*>args[0], <float*>args[1], n[0])


cdef void relu_grad_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                           void* data) noexcept nogil:
    relu_grad_elements(<float*>args[0], <float*>args[1], <float*>args[2], n[0])


cdef void tanh_grad_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                           void* data) noexcept nogil:
    tanh_grad_elements(<float*>args[0], <float*>args[1], <float*>args[2], n[0])


cdef void sigmoid_grad_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                              void* data) noexcept nogil:
    sigmoid_grad_elements(<float*>args[0], <float*>args[1], <float*>args[2], n[0])


cdef void rsqrt_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                       void* data) noexcept nogil:
    rsqrt_elements(<float*>args[0], <float*>args[1], n[0])


cdef void sigmoid_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                         void* data) noexcept nogil:
    if vector_floats != NULL:
        vp_unary_loop(args, n, strides, unary_program(VP_sigmoid))
    else:
        sigmoid_elements(<float*>args[0], <float*>args[1], n[0], &exp_float)


cdef void squared_difference_floats(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                                    void* data) noexcept nogil:
    squared_difference_elements(<float*>args[0], <float*>args[1], <float*>args[2], n[0], strides)


cdef void relu_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                       void* data) noexcept nogil:
    relu_elements(<double*>args[0], <double*>args[1], n[0])


cdef void relu_grad_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                            void* data) noexcept nogil:
    relu_grad_elements(<double*>args[0], <double*>args[1], <double*>args[2], n[0])


cdef void tanh_grad_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                            void* data) noexcept nogil:
    tanh_grad_elements(<double*>args[0], <double*>args[1], <double*>args[2], n[0])


cdef void sigmoid_grad_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                               void* data) noexcept nogil:
    sigmoid_grad_elements(<double*>args[0], <double*>args[1], <double*>args[2], n[0])


cdef void rsqrt_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                        void* data) noexcept nogil:
    rsqrt_elements(<double*>args[0], <double*>args[1], n[0])


cdef void sigmoid_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                          void* data) noexcept nogil:
    sigmoid_elements(<double*>args[0], <double*>args[1], n[0], &exp_double)


cdef void squared_difference_doubles(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                                     void* data) noexcept nogil:
    squared_difference_elements(<double*>args[0], <double*>args[1], <double*>args[2], n[0], strides)


cdef void cast_float_float(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                           void* data) noexcept nogil:
    cast_elements(<float*>args[0], <float*>args[1], n[0])


cdef void cast_float_double(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                            void* data) noexcept nogil:
    cast_elements(<float*>args[0], <double*>args[1], n[0])


cdef void cast_double_float(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                            void* data) noexcept nogil:
    cast_elements(<double*>args[0], <float*>args[1], n[0])


cdef void cast_double_double(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                             void* data) noexcept nogil:
    cast_elements(<double*>args[0], <double*>args[1], n[0])


cdef void cast_int_float(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                         void* data) noexcept nogil:
    cast_elements(<int*>args[0], <float*>args[1], n[0])


cdef void cast_int_double(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                          void* data) noexcept nogil:
    cast_elements(<int*>args[0], <double*>args[1], n[0])


cdef void cast_int64_float(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                           void* data) noexcept nogil:
    cast_elements(<cnp.npy_int64*>args[0], <float*>args[1], n[0])


cdef void cast_int64_double(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                            void* data) noexcept nogil:
    cast_elements(<cnp.npy_int64*>args[0], <double*>args[1], n[0])


cdef void cast_bool_float(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                          void* data) noexcept nogil:
    cast_elements(<cnp.npy_bool*>args[0], <float*>args[1], n[0])


cdef void cast_bool_double(char** args, const cnp.npy_intp* n, const cnp.npy_intp* strides,
                           void* data) noexcept nogil:
    cast_elements(<cnp.npy_bool*>args[0], <double*>args[1], n[0])


cdef struct TypedLoop:
    const char* op_type
    int from_type                # NumPy type cast_source of the inputs
    int to_type
    int n_in
    loop_fn loop


cdef TypedLoop[32] TYPED_LOOPS
cdef int n_typed_loops = 0


cdef int add_typed_loop(const char* op_type, int from_type, int to_type, int n_in, loop_fn loop) except -1:
    global n_typed_loops
    cdef TypedLoop* row = &TYPED_LOOPS[n_typed_loops]
    row.op_type = op_type
    row.from_type = from_type
    row.to_type = to_type
    row.n_in = n_in
    row.loop = loop
    n_typed_loops += 1
    return 0


add_typed_loop("Relu", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 1, relu_floats)
add_typed_loop("Relu", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 1, relu_doubles)
add_typed_loop("ReluGrad", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 2, relu_grad_floats)
add_typed_loop("ReluGrad", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 2, relu_grad_doubles)
add_typed_loop("TanhGrad", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 2, tanh_grad_floats)
add_typed_loop("TanhGrad", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 2, tanh_grad_doubles)
add_typed_loop("SigmoidGrad", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 2, sigmoid_grad_floats)
add_typed_loop("SigmoidGrad", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 2, sigmoid_grad_doubles)
add_typed_loop("Rsqrt", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 1, rsqrt_floats)
add_typed_loop("Rsqrt", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 1, rsqrt_doubles)
add_typed_loop("Sigmoid", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 1, sigmoid_floats)
add_typed_loop("Sigmoid", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 1, sigmoid_doubles)
add_typed_loop("SquaredDifference", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 2, squared_difference_floats)
add_typed_loop("SquaredDifference", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 2, squared_difference_doubles)
add_typed_loop("Cast", cnp.NPY_FLOAT32, cnp.NPY_FLOAT32, 1, cast_float_float)
add_typed_loop("Cast", cnp.NPY_FLOAT32, cnp.NPY_FLOAT64, 1, cast_float_double)
add_typed_loop("Cast", cnp.NPY_FLOAT64, cnp.NPY_FLOAT32, 1, cast_double_float)
add_typed_loop("Cast", cnp.NPY_FLOAT64, cnp.NPY_FLOAT64, 1, cast_double_double)
add_typed_loop("Cast", cnp.NPY_INT32, cnp.NPY_FLOAT32, 1, cast_int_float)
add_typed_loop("Cast", cnp.NPY_INT32, cnp.NPY_FLOAT64, 1, cast_int_double)
add_typed_loop("Cast", cnp.NPY_INT64, cnp.NPY_FLOAT32, 1, cast_int64_float)
add_typed_loop("Cast", cnp.NPY_INT64, cnp.NPY_FLOAT64, 1, cast_int64_double)
add_typed_loop("Cast", cnp.NPY_BOOL, cnp.NPY_FLOAT32, 1, cast_bool_float)
add_typed_loop("Cast", cnp.NPY_BOOL, cnp.NPY_FLOAT64, 1, cast_bool_double)


cdef loop_fn typed_loop(str name, int n_in, int* types) except? NULL:
    """The inner loop of an op for these NumPy type numbers (inputs, then the output), or NULL."""
    cdef int i
    cdef bytes spelled = name.encode()
    for i in range(n_typed_loops):
        if (TYPED_LOOPS[i].from_type == types[0] and TYPED_LOOPS[i].to_type == types[n_in]
                and TYPED_LOOPS[i].n_in == n_in and types[n_in - 1] == types[0]
                and strcmp(TYPED_LOOPS[i].op_type, spelled) == 0):
            return TYPED_LOOPS[i].loop
    return NULL
