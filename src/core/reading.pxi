# Resource variables as arguments: the ReadVariableOp that such an argument stands for is made here, where nothing
# around the call or about the variable asks for more.

cdef bint READS_DIRECTLY = True      # no conversion function of a program takes variables
cdef list READ_ATTRS = [None] * 64   # DataType number -> stored attributes of its ReadVariableOp


def reading_directly(bint wanted):
    """Whether variables are read the short way from now on, or by their conversion function: to compare the two."""
    global READS_DIRECTLY
    READS_DIRECTLY = wanted


def note_conversion(types):
    """Say that a program has a conversion function for `types`: variables among them are converted by it."""
    global READS_DIRECTLY
    if RESOURCE_VARIABLE_CLASS is not None and issubclass(RESOURCE_VARIABLE_CLASS, types):
        READS_DIRECTLY = False


cdef Tensor plain_handle(object variable, Graph g):
    """The handle of a resource variable of `g` that is read by one operation without a place of its own; or None."""
    if not READS_DIRECTLY or g.decorated or variable._cached_value is not None or variable._caching_device is not None:
        return None
    handle = variable._handle
    return <Tensor>handle if type(handle) is Tensor and (<Tensor>handle).graph is g else None


cdef int read_node(Graph g, object variable, int scope) except -1:
    """Add the operation that reads a variable, which has a `plain_handle`, in `scope`; its output id."""
    cdef Tensor handle = variable._handle
    cdef int base, suffix, dtype = variable._dtype._enum
    cdef tuple attrs = READ_ATTRS[dtype]
    if attrs is None:
        attrs = READ_ATTRS[dtype] = (variable._dtype,)
    g.names.unique(scope, g.names.intern("ReadVariableOp"), True, &base, &suffix)
    return g.nodes[OP_READ_VARIABLE.add(g, 1, &handle._id, 1, &dtype, attrs, scope, base, suffix, None)].first_output


def read_variable(variable not None):
    """The value of a resource variable, read in the current scope; None where that is not so simple."""
    cdef Graph g = current_graph()
    if g.finalized or g.taken or plain_handle(variable, g) is None:
        return None
    return g.tensor(read_node(g, variable, g.scope))


cdef int rank_of(object value) except -3:
    """The number of dimensions of a tensor or variable; -1: unknown, -2: it is neither."""
    cdef Tensor t
    if type(value) is Tensor:
        t = <Tensor>value
        return SHAPES[t.graph.outputs[t._id].shape].rank
    if type(value) is RESOURCE_VARIABLE_CLASS:
        dims = value._shape._dims
        return -1 if dims is None else <int>len(<tuple>dims)
    return -2
