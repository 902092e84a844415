# The loop that runs a Plan.
#
# A register owns its value. When the last reader of a register is a ufunc and nobody else holds the array, the result
# is written into it; else the step takes the spare that its register kept from an earlier run, else an array at rest of
# the same size (arrays.pxi), else a new one. So the steady state allocates nothing but what leaves the run. An array is written only while its
# reference count says that the run alone holds it: feeds, constants, values of variables and anything a Python kernel
# or a caller has kept are held elsewhere, too, and stay as they are.

from cpython.contextvars cimport PyContextVar_Reset, PyContextVar_Set

from time import perf_counter_ns as time_ns

cdef enum:
    TENSOR_ALIGNMENT = 64        # bytes; where TF's tensors begin
    LARGE_COUNT = 16384          # elements from which on a loop lets other threads run


# ---------------------------------------------------------------- NumPy's warnings

# Kernels divide by zero as TF's do, without a word. NumPy 2 keeps what to say in a context variable; np.errstate around
# each run would take 1 us, setting the variable takes 0.1.
cdef object ERRSTATE = None
cdef object SILENT = None


cdef object silence():
    """Turn floating point warnings off; returns what `speak` wants."""
    global ERRSTATE, SILENT
    if SILENT is None:
        try:
            from numpy._core import umath
            ERRSTATE = umath._extobj_contextvar
            SILENT = umath._make_extobj(all="ignore")
        except ImportError:
            SILENT = {"all": "ignore"}
    if ERRSTATE is None:
        return np.seterr(**SILENT)
    return PyContextVar_Set(ERRSTATE, SILENT)


cdef int speak(object token) except -1:
    if ERRSTATE is None:
        np.seterr(**token)
    else:
        PyContextVar_Reset(ERRSTATE, token)
    return 0


# ---------------------------------------------------------------- registers

cdef inline void drop(Frame* frame, int register) noexcept:
    """Empty a register; an array that nobody else holds waits for another value: here if it is small."""
    cdef PyObject* value = frame.registers[register]
    if value == NULL:
        return
    frame.registers[register] = NULL
    if (Py_REFCNT(value) == 1 and is_exact_array(value)
            and (array_flags(<CArray*>value) & ARRAY_OURS) == ARRAY_OURS):
        if array_nbytes(<CArray*>value) <= SMALL_BYTES:
            if frame.spares[register] == NULL:
                frame.spares[register] = value
                return
        elif rest(value):
            return
    Py_XDECREF(value)


cdef inline PyObject* new_array(Frame* frame, int register, int type_number, int ndim,
                                cnp.npy_intp* dims) except NULL:
    """An array to write a result of these dimensions into; the caller owns it."""
    cdef PyObject* spare = frame.spares[register]
    cdef int i
    cdef bint same
    if spare != NULL:
        frame.spares[register] = NULL
        if Py_REFCNT(spare) == 1 and array_ndim(<CArray*>spare) == ndim:
            same = True
            for i in range(ndim):
                if array_dims(<CArray*>spare)[i] != dims[i]:
                    same = False
                    break
            if same:
                return spare
        Py_XDECREF(spare)
    spare = wake(type_number, ndim, dims)
    if spare != NULL:
        return spare
    made = cnp.PyArray_EMPTY(ndim, dims, type_number, 0)
    Py_INCREF(made)
    return <PyObject*>made


cdef int store(Plan plan, Frame* frame, int register, object value) except -1:
    """Put what a Python kernel returned into a register, as the declared type."""
    cdef PyObject* p = <PyObject*>value
    if not fits(p, plan.types[register]):
        value = coerce(value, plan.types[register])
        p = <PyObject*>value
    elif plan.types[register] == cnp.NPY_OBJECT:
        value = as_bytes(value)
        p = <PyObject*>value
    Py_XINCREF(p)
    Py_XDECREF(frame.registers[register])
    frame.registers[register] = p
    return 0


# ---------------------------------------------------------------- ufunc steps

cdef bint is_lone_view(PyObject* value) noexcept:
    """Whether an array held once, a reshaped one for instance, is all that can reach its memory."""
    cdef PyObject* base = array_base(<CArray*>value)
    return ((array_flags(<CArray*>value) & ARRAY_WRITTEN) == ARRAY_WRITTEN and is_exact_array(value)
            and base != NULL and Py_REFCNT(base) == 1 and is_exact_array(base)
            and (array_flags(<CArray*>base) & cnp.NPY_ARRAY_OWNDATA) != 0
            and (array_flags(<CArray*>base) & cnp.NPY_ARRAY_WRITEABLE) != 0)


cdef inline bint may_write(PyObject* value, int type_number, int ndim, cnp.npy_intp* dims) noexcept:
    """Whether a result of this type and shape may be written into `value`."""
    cdef CArray* a = <CArray*>value
    cdef int i
    if (Py_REFCNT(value) != 1 or array_type(a) != type_number or array_ndim(a) != ndim
            or ((array_flags(a) & ARRAY_OURS) != ARRAY_OURS and not is_lone_view(value))):
        return False
    for i in range(ndim):
        if array_dims(a)[i] != dims[i]:
            return False
    return True


cdef inline bint same_dims(CArray* a, CArray* b) noexcept:
    cdef int i, n = array_ndim(a)
    if array_ndim(b) != n:
        return False
    for i in range(n):
        if array_dims(a)[i] != array_dims(b)[i]:
            return False
    return True


cdef str dims_text(CArray* a):
    return "[" + ",".join([str(array_dims(a)[i]) for i in range(array_ndim(a))]) + "]"


cdef int run_ufunc(Plan plan, Frame* frame, Step* step, PyObject** inputs, unsigned char* flags) except -1:
    """Call the inner loop of `step` once, or once per row of a broadcast."""
    cdef CArray* a = <CArray*>inputs[0]
    cdef CArray* b = <CArray*>inputs[step.n_in - 1]
    cdef CArray* lead = a                # has the shape of the result
    cdef CArray* c
    cdef PyObject* out = NULL
    cdef char* args[3]
    cdef cnp.npy_intp strides[3]
    cdef cnp.npy_intp n
    cdef int i, register
    cdef bint flat = (array_flags(a) & array_flags(b) & cnp.NPY_ARRAY_C_CONTIGUOUS) != 0
    strides[0] = array_itemsize(a)
    if step.n_in == 2:
        strides[1] = array_itemsize(b)
        if flat and not same_dims(a, b):
            if array_ndim(b) <= array_ndim(a) and array_size(b) == 1:
                strides[1] = 0
            elif array_ndim(a) <= array_ndim(b) and array_size(a) == 1:
                strides[0] = 0
                lead = b
            else:
                flat = False
    if not flat:
        return run_broadcast(plan, frame, step, inputs, flags)
    # The result goes into an input that dies here, or into an array of its own.
    for i in range(step.n_in):
        if flags[i] == INPUT_LAST:
            register = plan.in_registers[step.first_in + i]
            # A value that is also the other input has been counted once: the register holds it.
            if may_write(inputs[i], step.out_type, array_ndim(lead), array_dims(lead)):
                out = inputs[i]
                frame.registers[register] = NULL
                break
    if out == NULL:
        out = new_array(frame, step.first_out, step.out_type, array_ndim(lead), array_dims(lead))
    frame.registers[step.first_out] = out
    c = <CArray*>out
    args[0] = array_bytes(a)
    args[1] = array_bytes(b)
    if step.n_in == 1:
        args[1] = array_bytes(c)
        strides[1] = array_itemsize(c)
    else:
        args[2] = array_bytes(c)
        strides[2] = array_itemsize(c)
    n = array_size(lead)
    if n >= LARGE_COUNT:
        with nogil:
            run_large_loop(step, args, strides, n)
        check_signals()
    elif n:
        step.loop(args, &n, strides, step.loop_data)
    return 0


cdef int run_broadcast(Plan plan, Frame* frame, Step* step, PyObject** inputs, unsigned char* flags) except -1:
    """Call the inner loop of `step` for each row of operands that broadcast or have strides of their own."""
    cdef CArray* operands[3]
    cdef cnp.npy_intp strides[3][64]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp n, size = 1
    cdef char* args[3]
    cdef int n_args = step.n_in + 1, ndim = 0, i, k, axis, register
    cdef PyObject* out = NULL
    for k in range(step.n_in):
        operands[k] = <CArray*>inputs[k]
        ndim = max(ndim, array_ndim(operands[k]))
    for i in range(ndim):
        dims[i] = 1
        for k in range(step.n_in):
            axis = i - ndim + array_ndim(operands[k])
            n = array_dims(operands[k])[axis] if axis >= 0 else 1
            if n != 1:
                if dims[i] != 1 and dims[i] != n:
                    raise invalid_argument(
                        f"Incompatible shapes: {dims_text(operands[0])} vs. {dims_text(operands[1])}")
                dims[i] = n
        size *= dims[i]
    for i in range(step.n_in):
        if flags[i] == INPUT_LAST:
            register = plan.in_registers[step.first_in + i]
            if may_write(inputs[i], step.out_type, ndim, dims) and inputs[i] != inputs[step.n_in - 1 - i]:
                out = inputs[i]
                frame.registers[register] = NULL
                break
    if out == NULL:
        out = new_array(frame, step.first_out, step.out_type, ndim, dims)
    frame.registers[step.first_out] = out
    if size == 0:
        return 0
    operands[step.n_in] = <CArray*>out
    for k in range(n_args):
        args[k] = array_bytes(operands[k])
        for i in range(ndim):
            axis = i - ndim + array_ndim(operands[k])
            if axis < 0 or (array_dims(operands[k])[axis] == 1 and dims[i] != 1):
                strides[k][i] = 0
            else:
                strides[k][i] = array_strides(operands[k])[axis]
    ndim = merge_axes(ndim, dims, strides, n_args)
    with nogil:
        run_rows(step.loop, step.loop_data, args, n_args, strides, dims, ndim, size)
    check_signals()
    return 0


cdef int merge_axes(int ndim, cnp.npy_intp* dims, cnp.npy_intp[64]* strides, int n_args) noexcept nogil:
    """Join neighbouring axes that every operand walks as one, and drop axes of length 1; returns how many are left."""
    cdef int i, k, kept = 0
    cdef bint joined
    for i in range(ndim):
        if dims[i] == 1:
            continue
        joined = kept > 0
        for k in range(n_args):
            if joined and strides[k][kept - 1] != strides[k][i] * dims[i]:
                joined = False
        if joined:
            dims[kept - 1] *= dims[i]
            for k in range(n_args):
                strides[k][kept - 1] = strides[k][i]
        else:
            dims[kept] = dims[i]
            for k in range(n_args):
                strides[k][kept] = strides[k][i]
            kept += 1
    if kept == 0:
        dims[0] = 1
        for k in range(n_args):
            strides[k][0] = 0
        kept = 1
    return kept


# ---------------------------------------------------------------- other steps

cdef int run_python(Plan plan, Frame* frame, Step* step, PyObject** inputs, RunState run) except -1:
    """Call a Python kernel or a ufunc object and keep what it returns."""
    cdef PyObject* small[MAX_ARGS + 2]
    cdef PyObject** args = small
    cdef PyObject* found
    cdef int i, n_lead = 0
    cdef object result
    if step.n_in > MAX_ARGS:
        args = <PyObject**>grow(NULL, (step.n_in + 2) * sizeof(PyObject*))
    try:
        if step.kind == STEP_NUMPY:
            pass
        elif not step.wants_run:
            if step.attrs == NULL:
                prepared = make_attrs(plan.graph, step.node)
                if step.attrs == NULL:           # else another thread was faster
                    Py_INCREF(prepared)
                    step.attrs = <PyObject*>prepared
            args[0] = step.attrs
            n_lead = 1
        else:
            if step.attrs == NULL:
                prepared = plan.graph.operation(step.node)
                if step.attrs == NULL:           # else another thread was faster
                    Py_INCREF(prepared)
                    step.attrs = <PyObject*>prepared
            args[0] = <PyObject*>run
            args[1] = step.attrs
            n_lead = 2
        for i in range(step.n_in):
            args[n_lead + i] = inputs[i]
        if resting_bytes >= ROOM_LEAST:
            make_room(inputs, step.n_in)
        found = PyObject_Vectorcall(step.callable, args, n_lead + step.n_in, NULL)
        result = <object>found
        Py_DECREF(result)
    finally:
        if args != small:
            free(args)
    if step.n_out == 1:
        if type(result) is list or type(result) is tuple:
            if len(result) == 1:
                result = result[0]
        store(plan, frame, step.first_out, result)
    elif step.n_out:
        if len(result) != step.n_out:
            raise errors_module().InternalError(
                None, None, f"kernel gave {len(result)} values for {step.n_out} outputs")
        i = 0
        for value in result:
            store(plan, frame, step.first_out + i, value)
            i += 1
    return 0


cdef OpType op_type_of(Plan plan, Step* step):
    return <OpType>OP_TYPES[plan.graph.nodes[step.node].op_type]


cdef object placeholder_error(Graph g, int node):
    """TF's words for a placeholder that was not fed."""
    cdef int output = g.nodes[node].first_output
    cdef int shape = g.outputs[output].shape
    cdef str text = ""
    dtype = DTYPES[g.outputs[output].dtype]
    name = c_name(dtype.name)
    if SHAPES[shape].rank > 0:
        text = " and shape [" + ",".join(["?" if d is None else str(d) for d in SHAPE_TUPLES[shape]]) + "]"
    return invalid_argument(
        f"You must feed a value for placeholder tensor '{g.node_name(node)}' with dtype {name}{text}")


cdef PyObject* dereference(PyObject* state) except NULL:
    """A new reference to the value of the variable in a register."""
    cdef PyObject* value
    if type(<object>state) is VariableState:
        value = <PyObject*>(<VariableState>state).value
        if value == <PyObject*>None:
            raise errors_module().FailedPreconditionError(
                None, None, f"Attempting to use uninitialized value {(<VariableState>state).name}")
    else:
        value = state            # a reference that was fed
    Py_XINCREF(value)
    return value


cdef inline void extent(CArray* a, char** low, char** high) noexcept:
    """The first byte of an array and the byte behind its last."""
    cdef int i
    cdef cnp.npy_intp reach
    low[0] = high[0] = array_bytes(a)
    for i in range(array_ndim(a)):
        reach = (array_dims(a)[i] - 1) * array_strides(a)[i]
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach
    high[0] += array_itemsize(a)


cdef bint shares_as_tf(Sharing sharing, CArray* source, CArray* out) noexcept:
    """Whether TF's kernel, too, gives memory of its input `source` where the one here gave `out`."""
    cdef cnp.npy_intp offset = array_bytes(out) - array_bytes(source)
    cdef cnp.npy_intp row
    if sharing == SHARES_NOTHING or not array_flags(out) & array_flags(source) & cnp.NPY_ARRAY_C_CONTIGUOUS:
        return False
    if offset == 0 and array_nbytes(out) == array_nbytes(source):
        return True
    if sharing != SHARES_ROWS or array_ndim(source) == 0 or array_dims(source)[0] == 0:
        return False
    # Rows are handed on where a tensor of their own could begin.
    if array_ndim(source) == 1:
        return offset % TENSOR_ALIGNMENT == 0 and array_nbytes(out) % TENSOR_ALIGNMENT == 0
    row = array_nbytes(source) // array_dims(source)[0]
    return row % TENSOR_ALIGNMENT == 0 and offset % row == 0 and array_nbytes(out) % row == 0


cdef int unshare(Frame* frame, Step* step, PyObject** inputs) except -1:
    """Copy the outputs that lie in memory of an input where TF's do not."""
    cdef int i, k
    cdef PyObject* held
    cdef char* low
    cdef char* high
    cdef char* first
    cdef char* last
    for k in range(step.first_out, step.first_out + step.n_out):
        held = frame.registers[k]
        if held == NULL or not is_array(held) or array_size(<CArray*>held) == 0:
            continue
        extent(<CArray*>held, &low, &high)
        for i in range(step.n_in):
            if inputs[i] == NULL or not is_array(inputs[i]) or array_size(<CArray*>inputs[i]) == 0:
                continue
            extent(<CArray*>inputs[i], &first, &last)
            if low < last and first < high and not shares_as_tf(step.sharing, <CArray*>inputs[i], <CArray*>held):
                copy = cnp.PyArray_NewCopy(<cnp.ndarray>held, cnp.NPY_CORDER)
                Py_INCREF(copy)
                frame.registers[k] = <PyObject*>copy
                Py_XDECREF(held)
                break
    return 0


cdef int run_step(Plan plan, Frame* frame, Step* step, RunState run) except -1:
    """One step whose inputs are not all simple: gather them, call the kernel, drop what is read for the last time."""
    cdef PyObject* small[MAX_ARGS]
    cdef PyObject** inputs = small
    cdef unsigned char* flags = plan.in_flags + step.first_in
    cdef int* registers = plan.in_registers + step.first_in
    cdef int i, n_held = 0
    if step.n_in > MAX_ARGS:
        inputs = <PyObject**>grow(NULL, step.n_in * sizeof(PyObject*))
    try:
        for i in range(step.n_in):
            inputs[i] = frame.registers[registers[i]]
            if flags[i] & INPUT_DEREF:
                inputs[i] = dereference(inputs[i])
            n_held = i + 1
        if step.kind == STEP_UFUNC:
            run_ufunc(plan, frame, step, inputs, flags)
        elif step.kind == STEP_IDENTITY or step.kind >= STEP_SWITCH:
            Py_XINCREF(inputs[0])
            frame.registers[step.first_out] = inputs[0]
        elif step.kind == STEP_CORE:
            if not step.core(run, plan, frame, step, inputs, frame.registers + step.first_out):
                if step.callable == NULL:
                    raise errors_module().UnimplementedError(
                        None, None, f"no kernel of {op_type_of(plan, step).type} for these element types")
                run_python(plan, frame, step, inputs, run)
        elif step.kind == STEP_PLACEHOLDER:
            raise placeholder_error(plan.graph, step.node)
        elif step.kind == STEP_MISSING:
            raise errors_module().UnimplementedError(
                None, None, f"PyScope has no kernel for {op_type_of(plan, step).type}")
        else:
            run_python(plan, frame, step, inputs, run)
        if step.sharing != SHARES_ANYTHING:
            unshare(frame, step, inputs)
    finally:
        if step.has_deref:
            for i in range(n_held):
                if flags[i] & INPUT_DEREF:
                    Py_XDECREF(inputs[i])
        if inputs != small:
            free(inputs)
    return 0


# ---------------------------------------------------------------- the loop

cdef int run_steps(Plan plan, Frame* frame, RunState run, Watch watch=None) except -1:
    """Run all steps; on an error the frame holds whatever was computed. `watch`, if given, is told what each took."""
    cdef int s = -1, i
    cdef Step* step = NULL
    cdef int* registers
    cdef unsigned char* flags
    cdef PyObject* inputs[2]
    cdef bint traced = run is not None and run.trace is not None
    cdef bint timed = traced or watch is not None
    cdef long long begun = 0
    cdef int splits = 0
    plan.has_run = True
    try:
        while s + 1 < plan.n_steps:
            s += 1
            step = &plan.steps[s]
            registers = plan.in_registers + step.first_in
            flags = plan.in_flags + step.first_in
            if timed:
                splits = pool_splits
                begun = pool_ticks()
                if traced:
                    started = time_ns()
            if step.kind == STEP_FUSED:
                # If the shapes are not what fusion hoped for, the members run one by one, as the steps they are.
                if run_fused(plan, frame, step):
                    if timed:
                        if traced:
                            run.note(plan, frame, step, started)
                        else:
                            watch.note(s, begun, splits)
                    s += step.fused.n_steps
                    for i in range(step.n_in):
                        if flags[i]:
                            drop(frame, registers[i])
                continue
            if step.kind == STEP_UFUNC and not step.has_deref:
                inputs[0] = frame.registers[registers[0]]
                inputs[1] = frame.registers[registers[step.n_in - 1]]
                run_ufunc(plan, frame, step, inputs, flags)
            else:
                run_step(plan, frame, step, run)
            if timed:
                if traced:
                    run.note(plan, frame, step, started)
                else:
                    watch.note(s, begun, splits)
            for i in range(step.n_in):
                if flags[i] & INPUT_LAST:
                    drop(frame, registers[i])
            if step.drops:
                drop_unread(plan, frame, step)
            if not s & 63:
                check_signals()
    except BaseException as error:
        raise step_error(plan.graph, plan.steps[s].node, error)
    return 0


cdef int drop_unread(Plan plan, Frame* frame, Step* step) noexcept:
    cdef int register
    for register in range(step.first_out, step.first_out + step.n_out):
        if plan.is_unread[register]:
            drop(frame, register)
    return 0


cdef void clear(Plan plan, Frame* frame, bint failed) noexcept:
    """Empty the registers that outlive the steps; after an error, all but the constants."""
    cdef int k
    if failed:
        for k in range(plan.n_registers):
            if not plan.is_constant[k]:
                drop(frame, k)
        return
    for k in range(plan.n_feeds):
        drop(frame, plan.feed_registers[k])
    for k in range(plan.n_fetches):
        if not plan.is_constant[plan.fetch_registers[k]]:
            drop(frame, plan.fetch_registers[k])


cdef object run_plan(Plan plan, Frame* frame, RunState run, bint outside):
    """Run `frame`, whose feeds are loaded; the fetched values, as callers of a session see them if `outside`.

    Gives the frame back, whatever happens.
    """
    cdef int k
    cdef bint failed = True
    cdef list out = []
    cdef object token = None
    cdef int n_threads = pool_limit
    if plan.calls_python and outside:
        token = silence()
    cdef bint holds_blas = False
    if outside:
        pool_use(plan.n_threads)
    try:
        if plan.uses_blas and pool_limit <= 1:
            blas_enter()
            holds_blas = True
        if plan.n_beside > 1:
            run_watched(plan, frame, run)
        elif plan.program is None:
            run_steps(plan, frame, run, None)
        else:
            run_flow(plan, frame, run)
        for k in range(plan.n_fetches):
            out.append(outside_value(plan, frame, k) if outside else inside_value(plan, frame, k))
        failed = False
    finally:
        if holds_blas:
            blas_leave()
        clear(plan, frame, failed or plan.program is not None)
        plan.give_back(frame)
        pool_use(n_threads)
        if token is not None:
            speak(token)
    return out


# ---------------------------------------------------------------- results

cdef bint is_ours(PyObject* value) noexcept:
    """Whether nobody but the holder of one reference can reach the memory of an array."""
    cdef PyObject* base
    if Py_REFCNT(value) != 1 or not is_exact_array(value):
        return False
    if not array_flags(<CArray*>value) & cnp.NPY_ARRAY_WRITEABLE:
        return False
    if array_flags(<CArray*>value) & cnp.NPY_ARRAY_OWNDATA:
        return True
    base = array_base(<CArray*>value)
    return (base != NULL and Py_REFCNT(base) == 1 and is_exact_array(base)
            and (array_flags(<CArray*>base) & cnp.NPY_ARRAY_OWNDATA) != 0)


cdef object outside_value(Plan plan, Frame* frame, int k):
    """Fetch `k` for a caller: a NumPy scalar or bytes for a scalar, else an array that is the caller's alone."""
    cdef int register = plan.fetch_registers[k]
    cdef PyObject* held = frame.registers[register]
    cdef object value
    if held == NULL:
        return None
    if type(<object>held) is VariableState:
        held = dereference(held)
        value = <object>held
        Py_DECREF(value)
        return value.copy() if value.ndim else value[()]
    if not is_array(held):
        if plan.is_variant[k]:
            raise errors_module().InternalError(None, None, "Tensorflow type 21 not convertible to numpy dtype.")
        return <object>held
    if array_ndim(<CArray*>held) == 0:
        if array_type(<CArray*>held) == cnp.NPY_OBJECT:
            return (<object>held).item()
        return cnp.PyArray_ToScalar(array_bytes(<CArray*>held), <cnp.ndarray>held)
    if is_ours(held) and not plan.is_constant[register] and not plan.fetch_again[k]:
        frame.registers[register] = NULL
        value = <object>held
        Py_DECREF(value)
        return value
    return cnp.PyArray_NewCopy(<cnp.ndarray>held, cnp.NPY_CORDER)


cdef object inside_value(Plan plan, Frame* frame, int k):
    """Fetch `k` for a kernel: the value in its register."""
    cdef PyObject* held = frame.registers[plan.fetch_registers[k]]
    return None if held == NULL else <object>held
