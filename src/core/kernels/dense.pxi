# What the typed loops of dense networks share: element types, where results go, rectifiers, NumPy's exp.
#
# A kernel handles contiguous arrays of its types and leaves the rest, and every error, to the Python kernel beside it.

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

cdef extern from "kernels/rectifiers.h" nogil:
    void relu_f32(const float* x, float* y, cnp.npy_intp n) noexcept
    void relu_f64(const double* x, double* y, cnp.npy_intp n) noexcept
    void relu_grad_f32(const float* grad, const float* x, float* out, cnp.npy_intp n) noexcept
    void relu_grad_f64(const double* grad, const double* x, double* out, cnp.npy_intp n) noexcept


cdef inline void relu_loop(real* x, real* y, cnp.npy_intp n) noexcept nogil:
    if real is float:
        relu_f32(x, y, n)
    else:
        relu_f64(x, y, n)


cdef inline void relu_grad_loop(real* grad, real* x, real* out, cnp.npy_intp n) noexcept nogil:
    if real is float:
        relu_grad_f32(grad, x, out, n)
    else:
        relu_grad_f64(grad, x, out, n)


# ---------------------------------------------------------------- exponentials

cdef Step exp_float, exp_double      # NumPy's vectorised exp
exp_float.n_in = exp_double.n_in = 1
find_loop(&exp_float, np.exp, [cnp.NPY_FLOAT32, cnp.NPY_FLOAT32])
find_loop(&exp_double, np.exp, [cnp.NPY_FLOAT64, cnp.NPY_FLOAT64])
