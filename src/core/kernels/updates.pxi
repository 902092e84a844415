# The update ops of optimizers, by the loops of updates.h: of whole variables, and of the rows that indices name.
#
# Variables of float32 and float64 are changed in place (may_update says when, else in a copy that takes their place).
# The Python kernel beside each op handles the rest, and every error.

cdef extern from "kernels/updates.h" nogil:
    int UPDATE_DESCEND, UPDATE_MOMENTUM, UPDATE_ADAM, UPDATE_ADAGRAD, UPDATE_RMS_PROP, UPDATE_SPARSE_RMS_PROP
    int UPDATE_FTRL
    ctypedef void (*update_fn)(void* arrays, const void* grad, const void* scalars, cnp.npy_intp n) noexcept nogil
    update_fn update_loops[7][2]

cdef struct Rule:                # how the inputs of an op lie
    int loop                     # in update_loops
    int n_states                 # var and its slots, the first inputs
    int n_scalars
    int grad                     # input
    int indices                  # input, or 0: the whole variable

cdef struct Update:
    update_fn loop
    char* arrays[3]
    char* grad
    double scalars[8]            # in the dtype of the variable
    cnp.npy_int64* indices
    cnp.npy_intp n_indices
    cnp.npy_intp width           # elements of a row
    cnp.npy_intp itemsize
    int n_states


cdef void update_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """Elements from `start` to `stop` of the variable; with indices, columns of its rows, one row after another."""
    cdef Update* u = <Update*>ctx
    cdef char* arrays[3]
    cdef cnp.npy_intp i
    cdef int k
    if u.indices == NULL:
        for k in range(u.n_states):
            arrays[k] = u.arrays[k] + start * u.itemsize
        u.loop(arrays, u.grad + start * u.itemsize, u.scalars, stop - start)
        return
    for i in range(u.n_indices):
        for k in range(u.n_states):
            arrays[k] = u.arrays[k] + (u.indices[i] * u.width + start) * u.itemsize
        u.loop(arrays, u.grad + (i * u.width + start) * u.itemsize, u.scalars, stop - start)


cdef int put_scalar(Update* u, int k, double value) noexcept:
    if u.itemsize == 4:
        (<float*>u.scalars)[k] = <float>value
    else:
        u.scalars[k] = value
    return 0


cdef double get_scalar(Update* u, int k) noexcept:
    return (<float*>u.scalars)[k] if u.itemsize == 4 else u.scalars[k]


cdef int run_update(Plan plan, Step* step, PyObject** inputs, PyObject** outputs, Rule rule, str option) except -1:
    cdef Update u
    cdef VariableState state
    cdef CArray* var
    cdef CArray* grad
    cdef PyObject* value
    cdef cnp.npy_intp n
    cdef int i, k = 0, type_number
    cdef list kept = []
    cdef object indices = None
    if not is_array(inputs[rule.grad]):
        return 0
    grad = <CArray*>inputs[rule.grad]
    type_number = array_type(grad)
    if not is_real(type_number) or not is_flat(inputs[rule.grad], type_number):
        return 0
    state = state_of(inputs[0])
    if state is None or state.value is None:
        return 0
    var = <CArray*><PyObject*>state.value
    for i in range(rule.n_states):
        state = state_of(inputs[i])
        if state is None or state.value is None:
            return 0
        value = <PyObject*>state.value
        if not is_exact_array(value) or array_type(<CArray*>value) != type_number or not same_dims(var, <CArray*>value):
            return 0
        for held in kept:
            if held is state:
                return 0         # one variable twice
        kept.append(state)
    u.itemsize = array_itemsize(grad)
    for i in range(rule.n_states, step.n_in):
        if i == rule.grad or (rule.indices and i == rule.indices):
            continue
        if not is_flat(inputs[i], type_number) or array_ndim(<CArray*>inputs[i]):
            return 0
        if u.itemsize == 4:
            put_scalar(&u, k, (<float*>array_bytes(<CArray*>inputs[i]))[0])
        else:
            put_scalar(&u, k, (<double*>array_bytes(<CArray*>inputs[i]))[0])
        k += 1
    if k != rule.n_scalars:
        return 0
    if option is not None:
        if step.bits == 0:
            step.bits = 3 if plan.graph.operation(step.node)._attr(option)[1] else 1
        put_scalar(&u, k, step.bits >> 1)
    if rule.loop == UPDATE_FTRL and (get_scalar(&u, 3) != -0.5 or step.bits & 2 or get_scalar(&u, 1) < 0):
        return 0
    u.indices = NULL
    if rule.indices:
        indices = row_numbers(inputs[rule.indices])
        if indices is None or indices.ndim != 1 or array_ndim(var) < 1 or array_ndim(grad) != array_ndim(var):
            return 0
        u.n_indices = array_size(<CArray*><PyObject*>indices)
        u.width = 1
        for i in range(1, array_ndim(var)):
            if array_dims(var)[i] != array_dims(grad)[i]:
                return 0
            u.width *= array_dims(var)[i]
        u.indices = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>indices)
        if array_dims(grad)[0] != u.n_indices or not all_below(u.indices, u.n_indices, array_dims(var)[0], False):
            return 0
        n = u.width
    else:
        if not same_dims(var, grad):
            return 0
        n = array_size(grad)
    for i in range(rule.n_states):
        state = <VariableState>kept[i]
        if not may_update(state):
            state.value = cnp.PyArray_NewCopy(<cnp.ndarray>state.value, cnp.NPY_CORDER)
        kept[i] = state.value        # while the GIL is off, another thread may assign
        u.arrays[i] = array_bytes(<CArray*><PyObject*>state.value)
    u.loop = update_loops[rule.loop][0 if u.itemsize == 4 else 1]
    u.grad = array_bytes(grad)
    u.n_states = rule.n_states
    with nogil:
        parallel_for(update_body, &u, n, GRAIN // 2 if u.indices == NULL else max(64, GRAIN // 2 // (u.n_indices + 1)))
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


cdef Rule rule_of(int loop, int n_states, int n_scalars, int grad, int indices):
    cdef Rule rule
    rule.loop = loop
    rule.n_states = n_states
    rule.n_scalars = n_scalars
    rule.grad = grad
    rule.indices = indices
    return rule


cdef int kernel_gradient_descent(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                 PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_DESCEND, 1, 1, 2, 0), None)


cdef int kernel_momentum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_MOMENTUM, 2, 2, 3, 0), "use_nesterov")


cdef int kernel_sparse_momentum(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_MOMENTUM, 2, 2, 3, 4), "use_nesterov")


cdef int kernel_adam(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_ADAM, 3, 6, 9, 0), "use_nesterov")


cdef int kernel_adagrad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                        PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_ADAGRAD, 2, 1, 3, 0), "update_slots")


cdef int kernel_sparse_adagrad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                               PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_ADAGRAD, 2, 1, 3, 4), "update_slots")


cdef int kernel_rms_prop(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_RMS_PROP, 3, 4, 7, 0), None)


cdef int kernel_sparse_rms_prop(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_SPARSE_RMS_PROP, 3, 4, 7, 8), None)


cdef int kernel_ftrl(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_FTRL, 3, 4, 3, 0), "multiply_linear_by_lr")


cdef int kernel_sparse_ftrl(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    return run_update(plan, step, inputs, outputs, rule_of(UPDATE_FTRL, 3, 4, 3, 4), "multiply_linear_by_lr")


add_core_kernel("gradient_descent", kernel_gradient_descent)
add_core_kernel("momentum", kernel_momentum)
add_core_kernel("sparse_momentum", kernel_sparse_momentum)
add_core_kernel("adam", kernel_adam)
add_core_kernel("adagrad", kernel_adagrad)
add_core_kernel("sparse_adagrad", kernel_sparse_adagrad)
add_core_kernel("rms_prop", kernel_rms_prop)
add_core_kernel("sparse_rms_prop", kernel_sparse_rms_prop)
add_core_kernel("ftrl", kernel_ftrl)
add_core_kernel("sparse_ftrl", kernel_sparse_ftrl)
