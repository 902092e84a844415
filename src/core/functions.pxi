# Functions in a run: While and If, whose bodies are plans of their own.
#
# What a caller holds for the last time is handed over instead of shared, and what a body made is handed back: a value
# that goes round in a loop is held once, so that the body may write into its memory, or lengthen a list in place.

cdef extern from "Python.h":
    int Py_EnterRecursiveCall(const char* where) except -1
    void Py_LeaveRecursiveCall() noexcept


cdef Plan function_plan(RunState run, Graph function):
    """The plan of a function graph, made when it is first called in a session."""
    cdef BaseSession session = run.session
    cdef Plan plan = <Plan>session.function_plans.get(function)
    cdef object body = function      # .outputs of the Python class, not the C field
    if plan is None or plan.edit_count != function.edit_count:
        plan = make_plan(
            function,
            [(<Tensor>t)._id for t in body.outputs],
            [(<Tensor>t)._id for t in body.inputs],
            [(<Operation>op)._id for op in body.control_outputs],
            session.rewrites,
            True,
        )
        session.function_plans[function] = plan
    return plan


cdef Plan called_plan(RunState run, Plan plan, Step* step, str name):
    """The plan of the function that a step calls as attribute `name`."""
    cdef object graph = plan.graph
    cdef str function = (<FunctionName?>plan.graph.operation(step.node)._attr(name)[1]).name
    while graph is not None:
        found = graph._functions.get(function)
        if found is not None:
            return function_plan(run, found.graph)
        graph = graph.outer_graph
    raise errors_module().NotFoundError(None, None, f"Function {function} is not defined.")


cdef int hand_over(Plan plan, Frame* frame, Step* step, PyObject** inputs, int first, PyObject** values) except -1:
    """The inputs of a step from `first` on as owned values, moved out of registers that nobody reads any more."""
    cdef unsigned char* flags = plan.in_flags + step.first_in
    cdef int i
    for i in range(first, step.n_in):
        values[i - first] = inputs[i]
        Py_XINCREF(inputs[i])
    if step.sharing != SHARES_ANYTHING:
        return 0                 # outputs will be compared with the inputs
    for i in range(first, step.n_in):
        if flags[i] == INPUT_LAST:
            frame.registers[plan.in_registers[step.first_in + i]] = NULL
            Py_XDECREF(inputs[i])
    return 0


cdef int enter(Plan plan, RunState run, Frame* frame) except -1:
    """Run the steps of a function."""
    if plan.program is None:
        return run_steps(plan, frame, run)
    return run_flow(plan, frame, run)


cdef int call_function(RunState run, Plan plan, PyObject** values) except -1:
    """Run a function on owned values, which it takes; its results, owned, come in their place."""
    cdef Frame* frame = plan.borrow()
    cdef PyObject* held
    cdef int k, register
    cdef bint failed = True
    for k in range(plan.n_feeds):
        frame.registers[plan.feed_registers[k]] = values[k]
        values[k] = NULL
    try:
        Py_EnterRecursiveCall(" in a function of the graph")
        try:
            enter(plan, run, frame)
        finally:
            Py_LeaveRecursiveCall()
        for k in range(plan.n_fetches):
            register = plan.fetch_registers[k]
            held = frame.registers[register]
            if held == NULL:
                held = <PyObject*>None
                Py_XINCREF(held)
            elif plan.is_constant[register] or plan.fetch_again[k]:
                Py_XINCREF(held)
            else:
                frame.registers[register] = NULL
            values[k] = held
        failed = False
    finally:
        clear(plan, frame, failed or plan.program is not None)
        plan.give_back(frame)
    return 0


cdef bint is_true(PyObject* value) except -1:
    """Whether a boolean array of one element holds; one with dimensions, if it has elements."""
    if not is_array(value):
        return bool(<object>value)
    if array_ndim(<CArray*>value):
        return array_size(<CArray*>value) > 0
    return (<cnp.npy_bool*>array_bytes(<CArray*>value))[0] != 0


cdef bint ask_function(RunState run, Plan plan, PyObject** values) except -1:
    """What a condition says about values, which stay with the caller."""
    cdef Frame* frame = plan.borrow()
    cdef int k
    cdef bint failed = True, found
    for k in range(plan.n_feeds):
        Py_XINCREF(values[k])
        frame.registers[plan.feed_registers[k]] = values[k]
    try:
        Py_EnterRecursiveCall(" in a function of the graph")
        try:
            enter(plan, run, frame)
        finally:
            Py_LeaveRecursiveCall()
        found = is_true(frame.registers[plan.fetch_registers[0]])
        failed = False
    finally:
        clear(plan, frame, failed or plan.program is not None)
        plan.give_back(frame)
    return found


cdef int kernel_while(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                      PyObject** outputs) except -1:
    """While and StatelessWhile with a condition that is a boolean."""
    cdef Plan cond = called_plan(run, plan, step, "cond")
    cdef Plan body = called_plan(run, plan, step, "body")
    cdef PyObject** values
    cdef int i, type_number, n = step.n_in
    if (cond.n_fetches != 1 or cond.types[cond.fetch_registers[0]] != cnp.NPY_BOOL or cond.n_feeds != n
            or body.n_feeds != n or body.n_fetches != n):
        return 0
    for i in range(n):
        type_number = body.types[body.feed_registers[i]]
        if (cond.types[cond.feed_registers[i]] != type_number or body.types[body.fetch_registers[i]] != type_number
                or not fits(inputs[i], type_number)):
            return 0
    values = <PyObject**>calloc(n + 1, sizeof(PyObject*))
    if values == NULL:
        raise MemoryError()
    try:
        hand_over(plan, frame, step, inputs, 0, values)
        while ask_function(run, cond, values):
            call_function(run, body, values)
        for i in range(n):
            outputs[i] = values[i]
            values[i] = NULL
    finally:
        for i in range(n):
            Py_XDECREF(values[i])
        free(values)
    return 1


cdef int kernel_if(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                   PyObject** outputs) except -1:
    """If and StatelessIf with a condition that is a boolean."""
    cdef Plan branch
    cdef PyObject** values
    cdef int i, n = max(step.n_in, step.n_out)
    if not is_array(inputs[0]) or array_type(<CArray*>inputs[0]) != cnp.NPY_BOOL:
        return 0
    branch = called_plan(run, plan, step, "then_branch" if is_true(inputs[0]) else "else_branch")
    if branch.n_feeds != step.n_in - 1 or branch.n_fetches != step.n_out:
        return 0
    for i in range(branch.n_feeds):
        if not fits(inputs[i + 1], branch.types[branch.feed_registers[i]]):
            return 0
    values = <PyObject**>calloc(n + 1, sizeof(PyObject*))
    if values == NULL:
        raise MemoryError()
    try:
        hand_over(plan, frame, step, inputs, 1, values)
        call_function(run, branch, values)
        for i in range(step.n_out):
            outputs[i] = values[i]
            values[i] = NULL
    finally:
        for i in range(n):
            Py_XDECREF(values[i])
        free(values)
    return 1


add_core_kernel("while", kernel_while)
add_core_kernel("if", kernel_if)
