# Variables in a run: handles, reads and the common updates.
#
# A variable's array is its own: what is assigned is copied unless the run alone holds it, and an update writes into
# the array only while nobody else holds it, so that a value read earlier stays what it was. A reference variable is
# written in place whoever holds its array: in TF a read of it is its memory, and sees what is assigned later in the
# run. The Python kernel beside each of these in its op's block handles the rest (errors, shapes that change);
# returning 0 hands over to it.


cdef inline bint is_private(PyObject* value) noexcept:
    """Whether an array is held once and may be written."""
    return (Py_REFCNT(value) == 1 and is_exact_array(value)
            and (array_flags(<CArray*>value) & ARRAY_OURS) == ARRAY_OURS)


cdef inline bint may_update(VariableState state) noexcept:
    """Whether an update writes into the present array."""
    cdef PyObject* value = <PyObject*>state.value
    if state.is_ref:
        return is_exact_array(value) and (array_flags(<CArray*>value) & ARRAY_WRITTEN) == ARRAY_WRITTEN
    return is_private(value)


cdef inline VariableState state_of(PyObject* value):
    if type(<object>value) is VariableState:
        return <VariableState>value
    return None


cdef object handle_state(Graph g, int node, dict resources):
    """What a VarHandleOp with a name of its own refers to; None for anything else."""
    cdef Node* n = &g.nodes[node]
    cdef PyObject* found
    cdef str name
    if OP_VAR_HANDLE is None or n.op_type != OP_VAR_HANDLE.index:
        return None
    extras = g.node_extras.get(node)
    if extras is not None and ("shared_name" in extras or "container" in extras):
        return None
    container, shared = (<tuple>n.attrs)[0], (<tuple>n.attrs)[1]
    if not shared:
        return None
    name = (<bytes?>shared).decode()
    key = ((<bytes?>container).decode(), name)
    found = PyDict_GetItem(resources, key)
    # setdefault: two threads may meet a variable for the first time together.
    return resources.setdefault(key, VariableState(name)) if found == NULL else <object>found


cdef int kernel_variable(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    """VarHandleOp and VariableV2: the state, which the frame keeps as long as the session's resources do."""
    cdef PyObject* kept = frame.spares[step.first_out]
    cdef BaseSession session = run.session
    if kept != NULL and type(<object>kept) is tuple:
        if (<tuple><object>kept)[0] is session.resources:
            state = (<tuple><object>kept)[1]
            Py_INCREF(state)
            outputs[0] = <PyObject*>state
            return 1
    state = handle_state(plan.graph, step.node, session.resources)
    if state is None:
        run_python(plan, frame, step, inputs, run)
        state = <object>outputs[0]
    else:
        Py_INCREF(state)
        outputs[0] = <PyObject*>state
    pair = (session.resources, state)
    Py_INCREF(pair)
    frame.spares[step.first_out] = <PyObject*>pair
    Py_XDECREF(kept)
    return 1


cdef int kernel_read_variable(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    cdef VariableState state = state_of(inputs[0])
    if state is None or state.value is None or not fits(<PyObject*>state.value, plan.types[step.first_out]):
        return 0
    value = state.value
    Py_INCREF(value)
    outputs[0] = <PyObject*>value
    return 1


cdef int kernel_assign(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    """AssignVariableOp and Assign: keep the value, as it is if the run alone holds it."""
    cdef VariableState state = state_of(inputs[0])
    cdef PyObject* old
    cdef PyObject* given = inputs[1]
    cdef unsigned char flags = plan.in_flags[step.first_in + 1]
    if state is None or not is_array(given):
        return 0
    old = <PyObject*>state.value
    if state.value is not None and not (is_exact_array(old) and same_dims(<CArray*>old, <CArray*>given)):
        return 0
    if flags & INPUT_LAST and is_private(given) and not (state.is_ref and state.value is not None):
        state.value = <object>given
    elif state.value is not None and may_update(state) and array_type(<CArray*>old) == array_type(<CArray*>given):
        cnp.PyArray_CopyInto(<cnp.ndarray>old, <cnp.ndarray>given)
    else:
        state.value = cnp.PyArray_NewCopy(<cnp.ndarray>given, cnp.NPY_CORDER)
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


cdef int kernel_update(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    """AssignAddVariableOp and the like: ``value = f(value, delta)`` by the loop of the ufunc."""
    cdef VariableState state = state_of(inputs[0])
    cdef CArray* value
    cdef CArray* delta = <CArray*>inputs[1]
    cdef CArray* out
    cdef char* args[3]
    cdef cnp.npy_intp strides[3]
    cdef cnp.npy_intp n
    cdef object made
    if state is None or state.value is None or step.loop == NULL or not is_exact_array(<PyObject*>state.value):
        return 0
    value = <CArray*>(<PyObject*>state.value)
    if not (same_dims(value, delta) and array_type(value) == array_type(delta)
            and array_flags(value) & array_flags(delta) & cnp.NPY_ARRAY_C_CONTIGUOUS):
        return 0
    if may_update(state):
        made = state.value
    else:
        made = cnp.PyArray_EMPTY(array_ndim(value), array_dims(value), array_type(value), 0)
    out = <CArray*>(<PyObject*>made)
    args[0] = array_bytes(value)
    args[1] = array_bytes(delta)
    args[2] = array_bytes(out)
    strides[0] = strides[1] = strides[2] = array_itemsize(value)
    n = array_size(value)
    if n >= LARGE_COUNT:
        old = state.value        # another thread may assign meanwhile
        with nogil:
            run_flat(step.loop, step.loop_data, args, 3, strides, n)
    elif n:
        step.loop(args, &n, strides, step.loop_data)
    state.value = made
    if step.n_out:
        Py_XINCREF(inputs[0])
        outputs[0] = inputs[0]
    return 1


add_core_kernel("variable", kernel_variable)
add_core_kernel("read_variable", kernel_read_variable)
add_core_kernel("assign", kernel_assign)
add_core_kernel("assign_add", kernel_update, np.add)
add_core_kernel("assign_sub", kernel_update, np.subtract)
