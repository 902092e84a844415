# What a failing step becomes: TF's exception class, with the operation and "[[{{node name}}]]" behind the message.

cdef object ERRORS = None        # the module pyscope.errors, when first needed


cdef object errors_module():
    global ERRORS
    if ERRORS is None:
        from pyscope import errors
        ERRORS = errors
    return ERRORS


cdef int check_signals() except -1:
    """Run Python's handlers of signals that came during a run; what they raise leaves the run as it is."""
    try:
        PyErr_CheckSignals()
    except Exception as error:
        error._from_signal = True
        raise
    return 0


cdef object invalid_argument(str message):
    return errors_module().InvalidArgumentError(None, None, message)


cdef object step_error(Graph graph, int node, object error):
    """The exception to raise for `error`, which came out of the kernel of `node`."""
    errors = errors_module()
    if not isinstance(error, Exception) or getattr(error, "_from_signal", False):
        return error             # KeyboardInterrupt and the like stay what they are
    if isinstance(error, errors.OpError):
        if getattr(error, "_located", False):
            return error         # from a function's body: the innermost operation is the one to name
        found = error
    else:
        found = kernel_error(errors, graph, node, error)
    if getattr(error, "_names_node", False):   # a kernel does not know the name of its operation
        found._message = found._message.replace("{node}", graph.node_name(node))
    # Operations of a function's body are not in the session's graph, so TF has no handle to give.
    if found._op is None and not graph.is_function:
        found._op = graph.operation(node)
    found._message = f"{found._message}\n\t [[{{{{node {graph.node_name(node)}}}}}]]"
    found._located = True
    return found


cdef str out_of_memory(object error, OpType op_type):
    """TF's words for memory that cannot be had; NumPy's error knows the shape and dtype."""
    shape = getattr(error, "shape", None)
    if shape is None:
        return f"MemoryError: {error}" if op_type.type.startswith("PyFunc") else f"OOM when running {op_type.type}"
    name = c_name(np.dtype(error.dtype).name)
    return (f"OOM when allocating tensor with shape[{','.join([str(d) for d in shape])}] and type {name} on "
            "/job:localhost/replica:0/task:0/device:CPU:0 by allocator cpu")


cdef str c_name(str name):
    """A dtype's name as TF's C++ prints it."""
    return {"float32": "float", "float64": "double", "float16": "half"}.get(name, name)


cdef str opaque_input(Graph g, int node):
    """The name of the type of an input that is no array, None if there is none."""
    cdef int i, dtype
    for i in range(g.nodes[node].n_inputs):
        dtype = base_of(g.outputs[g.edges[g.nodes[node].first_edge + i]].dtype)
        if dtype == DT_RESOURCE or dtype == DT_VARIANT:
            return DTYPES[dtype].name
    return None


cdef object kernel_error(object errors, Graph graph, int node, object error):
    """The OpError for an exception of Python, with the class TF's py_func gives it."""
    cdef OpType op_type = OP_TYPES[graph.nodes[node].op_type]
    cdef str text = str(error)
    if isinstance(error, NotImplementedError):
        made = errors.UnimplementedError(None, None, text)
    elif isinstance(error, MemoryError):
        made = errors.ResourceExhaustedError(None, None, out_of_memory(error, op_type))
    elif isinstance(error, StopIteration):
        made = errors.OutOfRangeError(None, None, f"StopIteration: {text}")
    elif isinstance(error, (AttributeError, TypeError)) and opaque_input(graph, node) is not None:
        # A handle or a list was given to a kernel that wants arrays.
        made = errors.InvalidArgumentError(None, None, f"Unsupported data type: {opaque_input(graph, node)}")
    elif isinstance(error, (TypeError, ValueError, IndexError)):
        made = errors.InvalidArgumentError(None, None, text)
    elif isinstance(error, (AttributeError, KeyError, OverflowError)) and "PyFunc" not in op_type.type:
        # A kernel of PyScope's own that met values it does not expect.
        made = errors.InvalidArgumentError(None, None, f"{op_type.type}: {text}")
    else:
        made = errors.UnknownError(None, None, f"{type(error).__name__}: {text}")
    made.__cause__ = error
    return made
