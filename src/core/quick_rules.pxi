# Shape rules in two halves: one in C that answers the usual case, and one in Python that knows all cases and words the
# complaints.  `shape_rule("read_variable", rule)` puts them together; the C half answers or leaves it.

cdef enum QuickRule:
    QUICK_NONE
    QUICK_ATTRIBUTE              # the output has the shape that the attribute `shape` says
    QUICK_READ_VARIABLE          # the output has the shape of the variable of input 0
    QUICK_ASSIGN_VARIABLE        # input 1 has the shape of the variable of input 0
    QUICK_SLICE                  # a StridedSlice by constants
    QUICK_APPLY                  # variables and a gradient of one shape, and scalars

cdef dict QUICK_RULES = {"attribute": QUICK_ATTRIBUTE, "read_variable": QUICK_READ_VARIABLE,
                         "assign_variable": QUICK_ASSIGN_VARIABLE, "strided_slice": QUICK_SLICE,
                         "apply": QUICK_APPLY}


@cython.final
cdef class ShapeRule:
    """A shape rule in Python whose usual case is answered in C."""

    cdef int quick
    cdef int argument
    cdef object rule


def shape_rule(str quick not None, rule not None, int argument=0):
    """`rule`, a shape rule, for an op type whose usual case the core answers by the rule called `quick`.

    One of "attribute" (the shape in the attribute `shape`), "read_variable", "assign_variable", "strided_slice" and
    "apply" (variables and a gradient, input `argument`, of one shape, and scalars). They answer as `rule` does, or not
    at all.
    """
    cdef ShapeRule both = ShapeRule.__new__(ShapeRule)
    both.quick = QUICK_RULES[quick]
    both.argument = argument
    both.rule = rule
    return both


cdef bint answered_quickly(OpType t, Graph g, int n_inputs, int* inputs, int n_outputs, int* shapes,
                           tuple stored) except -1:
    """Write the shapes of the outputs; False if that is left to the rule in Python."""
    cdef int shape, dtype
    if t.quick == QUICK_ATTRIBUTE:
        value = stored[<int>t.stored_index["shape"]]
        if type(value) is not SHAPE_CLASS:
            return False
        shapes[0] = intern_shape(value._dims)
        return True
    if t.quick == QUICK_SLICE:
        return n_inputs == 4 and sliced_shape(g, inputs, stored, shapes)
    if t.quick == QUICK_APPLY:
        return applied_shape(g, n_inputs, inputs, t.quick_argument, n_outputs, shapes)
    if n_inputs == 0 or not known_variable(g, inputs[0], &shape, &dtype):
        return False
    if t.quick == QUICK_READ_VARIABLE:
        shapes[0] = shape
        return dtype == <int>stored[<int>t.stored_index["dtype"]]._enum
    return (n_inputs == 2 and shape != UNKNOWN_SHAPE and g.outputs[inputs[1]].shape == shape
            and base_of(g.outputs[inputs[1]].dtype) == dtype)


cdef bint applied_shape(Graph g, int n_inputs, int* inputs, int grad, int n_outputs, int* shapes) except -1:
    """Shape of an updated variable, if its state and its gradient have that, too, and all else is scalar."""
    cdef int i, dtype, number, shape = UNKNOWN_SHAPE
    for i in range(n_inputs):
        number = g.outputs[inputs[i]].shape
        dtype = g.outputs[inputs[i]].dtype
        if dtype == DT_RESOURCE:
            if not known_variable(g, inputs[i], &number, &dtype):
                return False
        elif dtype < 100 and i != grad:
            if number != SCALAR_SHAPE:
                return False
            continue
        if i == 0:
            shape = number
        if number != shape or shape == UNKNOWN_SHAPE:
            return False
    if n_outputs:
        shapes[0] = shape
    return True


cdef OpType VARIABLE_HANDLE = None       # VarHandleOp, once it is there
cdef int HANDLE_SHAPE = 0, HANDLE_DTYPE = 0      # places of these among its stored attributes


cdef bint known_variable(Graph g, int handle, int* shape, int* dtype) except -1:
    """Shape and dtype of the variable that a handle refers to, if it is the handle's own operation that says so."""
    global VARIABLE_HANDLE, HANDLE_SHAPE, HANDLE_DTYPE
    cdef Node* n = &g.nodes[g.outputs[handle].node]
    if VARIABLE_HANDLE is None:
        VARIABLE_HANDLE = op_type("VarHandleOp")
        HANDLE_SHAPE = VARIABLE_HANDLE.stored_index["shape"]
        HANDLE_DTYPE = VARIABLE_HANDLE.stored_index["dtype"]
    if n.op_type != VARIABLE_HANDLE.index:
        return False
    shape[0] = intern_shape((<object>PyTuple_GET_ITEM(n.attrs, HANDLE_SHAPE))._dims)
    dtype[0] = (<object>PyTuple_GET_ITEM(n.attrs, HANDLE_DTYPE))._enum
    return True
