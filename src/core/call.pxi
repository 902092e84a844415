# Functions of the API that are called often: the usual call is made here, from the array of arguments that CPython
# hands over, and everything else by the Python function, which is also what documents it.

cdef enum:
    MOST_PARAMETERS = 24
    PARAMETER_NAME = 100         # roles of parameters; an input's is its index
    PARAMETER_OTHER = 101        # must have its default
    PARAMETER_ATTR = 102

ctypedef object (*fast_fn)(Call call, PyObject** given)


@cython.final
cdef class Call:
    # A documented function in Python with a way for its usual calls in C.  (No docstring: help() shows the function's.)
    cdef call_fn vectorcall
    cdef object function
    cdef tuple parameters        # their names
    cdef tuple defaults          # their default values, MISSING where there is none
    cdef fast_fn fast            # makes the call, or returns None
    cdef OpType op_type
    cdef str default_name
    cdef int roles[MOST_PARAMETERS]
    cdef tuple attr_names        # by parameter
    cdef bint literal[MOST_PARAMETERS]    # whether a parameter takes numbers only
    cdef int lengths[MOST_PARAMETERS]     # of a list of positive numbers that a parameter has to be; 0: anything
    cdef bint needed[MOST_PARAMETERS]     # an attribute without a default
    cdef list accepts                     # the one type of a parameter's arguments, or None
    cdef tuple filled                     # what stands for a parameter that is missing or None, else MISSING
    cdef int most_dims           # of the tensors that go in; -1: any
    cdef bint floating           # whether they must be floating point numbers
    cdef fast_fn again           # repeats a call from memory (repeat.pxi), or returns None
    cdef object memory
    cdef object __weakref__

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)    # only reached through type slots; calls go to call_quickly

    def __get__(self, instance, owner):
        return self if instance is None else MethodType(self, instance)

    def __getattr__(self, name):
        return getattr(self.function, name)

    @property
    def __wrapped__(self):
        return self.function

    @property
    def __doc__(self):
        return self.function.__doc__

    @property
    def __module__(self):
        return self.function.__module__

    def __reduce__(self):
        return self.function.__qualname__

    def __repr__(self):
        return f"<function {self.function.__module__}.{self.function.__qualname__}>"

    cdef int read_parameters(self, object function) except -1:
        code = function.__code__
        if code.co_kwonlyargcount or code.co_flags & 0x0C or code.co_argcount > MOST_PARAMETERS:
            raise ValueError(f"{function.__name__}: a parameter of a kind that Call does not know")
        self.function = function
        self.parameters = code.co_varnames[:code.co_argcount]
        given = function.__defaults__ or ()
        self.defaults = (MISSING,) * (len(self.parameters) - len(given)) + given
        self.vectorcall = <call_fn>call_quickly
        return 0


class _Method:
    def method(self):
        """Only for its type."""


cdef object MethodType = type(_Method().method)


def direct(OpType op_type not None, str default_name=None, *, dict names=None, int most_dims=-1, str literals="",
           str tensors="", str ints="", bint floating=False, dict lengths=None, dict filled=None):
    """Decorator of a function whose usual call is a call of one op type.

    The usual call has tensors or literals for the inputs, and the defaults for what is neither an input nor an
    attribute.  The function makes all other calls, and must make the same of these.

    Parameters
    ----------
    op_type : OpType
    default_name : str, optional
        The scope of a call without a name; default: the type.
    names : dict, optional
        Parameter -> input or attribute, where they are called differently; None: it is neither.
    most_dims : int, optional
        Take the direct way only for tensors known to have at most so many dimensions.
    literals : str
        Parameters, separated by blanks, for which it is taken only with numbers and lists, not with tensors.
    tensors, ints : str
        Those for which it is taken only with tensors, and only with ints.
    floating : bool
        Take it only for a first argument that is a tensor of floating point numbers.
    lengths : dict, optional
        Parameter -> how many positive numbers are in the lists for which it is taken.
    filled : dict, optional
        Parameter -> what is taken for it when it is missing or None.
    """
    def decorate(function):
        cdef Call call = Call.__new__(Call)
        cdef ArgDef arg
        cdef AttrDef a
        cdef int i
        if not op_type.ready:
            raise ValueError(f"{op_type.type} cannot be called directly")
        call.read_parameters(function)
        call.op_type = op_type
        call.default_name = op_type.type if default_name is None else default_name
        call.most_dims = most_dims
        call.floating = floating
        call.fast = call_op
        inputs = [arg.name for arg in op_type.inputs]
        attr_names = []
        for i, name in enumerate(call.parameters):
            meant = name if names is None else names.get(name, name)
            attr_names.append(None)
            if name == "name":
                call.roles[i] = PARAMETER_NAME
            elif meant is not None and meant in inputs:
                call.roles[i] = inputs.index(meant)
                inputs[inputs.index(meant)] = None
            elif meant in op_type.stored_index:
                call.roles[i] = PARAMETER_ATTR
                attr_names[i] = meant
                a = op_type.attrs[meant]
                given = call.defaults[i]
                # A default of None stands for that of the op type, if there is one.
                call.needed[i] = given is MISSING or given is None and a.default is MISSING
                if type(given) is str:
                    given = given.encode()
                if given is not MISSING and given is not None and given != a.default:
                    raise ValueError(f"{function.__name__}: {name} = {given} is not the default of {op_type.type}")
            else:
                call.roles[i] = PARAMETER_OTHER
        if any([name is not None for name in inputs]):
            raise ValueError(f"{function.__name__}: no parameter for {inputs} of {op_type.type}")
        call.attr_names = tuple(attr_names)
        call.accepts = [None] * len(call.parameters)
        call.filled = tuple([MISSING if filled is None else filled.get(name, MISSING) for name in call.parameters])
        for i, name in enumerate(call.parameters):
            call.literal[i] = name in literals.split()
            call.accepts[i] = Tensor if name in tensors.split() else int if name in ints.split() else None
            call.lengths[i] = 0 if lengths is None else lengths.get(name, 0)
        return call
    return decorate


cdef bint usual_attr(AttrDef a, object value, int length) except -1:
    """Whether a value is of the type that an attribute has, and has that length if one is asked for."""
    cdef object kind = type(value)
    cdef str wanted = a.kind
    if wanted == "int":
        return kind is int
    if wanted == "bool":
        return kind is bool
    if wanted == "string":
        return kind is str and (a.allowed is None or value in a.allowed and value != "EXPLICIT")
    if wanted == "type":
        return kind is DTYPE_CLASS
    if wanted == "float":
        return kind is float
    if wanted != "list(int)":
        return wanted == "shape"
    if kind is not list and kind is not tuple or length and len(value) != length:
        return False
    for v in value:
        if type(v) is not int or length and v <= 0:
            return False
    return True


cdef object call_op(Call call, PyObject** given):
    """The node of a call that goes straight to an op type."""
    cdef PyObject* args[MOST_ARGUMENTS]
    cdef int i, role, rank
    cdef Tensor t
    cdef dict attrs = None
    cdef object name = None
    cdef PyObject* value
    for i in range(PyTuple_GET_SIZE(<PyObject*>call.parameters)):
        role = call.roles[i]
        value = given[i]
        if value == NULL or <object>value is None:
            if PyTuple_GET_ITEM(<PyObject*>call.filled, i) != <PyObject*>MISSING:
                value = PyTuple_GET_ITEM(<PyObject*>call.filled, i)
        if role < MOST_ARGUMENTS:
            if value == NULL:
                return None
            args[role] = value
            if call.accepts[i] is not None and type(<object>value) is not call.accepts[i]:
                return None
            if call.floating and role == 0:
                if type(<object>value) is not Tensor:
                    return None
                t = <Tensor>value
                rank = t.graph.outputs[t._id].dtype
                if rank != 1 and rank != 2 and rank != 14 and rank != 19:
                    return None
            if call.literal[i] and rank_of(<object>value) != -2:
                return None
            if call.most_dims >= 0:
                rank = rank_of(<object>value)
                if rank < 0 or rank > call.most_dims:
                    return None
        elif value == NULL:
            if role == PARAMETER_ATTR and call.needed[i]:
                return None
        elif role == PARAMETER_NAME:
            name = <object>value
            if name == "" or name is None and call.defaults[i] is not None:
                return None
        elif value != PyTuple_GET_ITEM(<PyObject*>call.defaults, i):
            if role == PARAMETER_OTHER or not usual_attr(
                    <AttrDef>call.op_type.attrs[call.attr_names[i]], <object>value, call.lengths[i]):
                return None
            if attrs is None:
                attrs = {}
            attrs[<object>PyTuple_GET_ITEM(<PyObject*>call.attr_names, i)] = <object>value
        elif call.needed[i]:
            return None
    return ready_node(call.op_type, args, attrs, None, name, call.default_name)


# ---------------------------------------------------------------- functions with a way of their own

cdef object call_constant(Call call, PyObject** given):
    """``constant(value, dtype, shape, name, verify_shape)`` of a number or a flat list of them."""
    cdef Graph g = current_graph()
    cdef object value
    cdef int dtype, scope, base, suffix
    cdef str name = "Const"
    if (given[0] == NULL or given[2] != NULL and <object>given[2] is not None
            or given[4] != NULL and <object>given[4] is not False):
        return None
    value = <object>given[0]
    if given[3] != NULL:
        if not PyUnicode_CheckExact(<object>given[3]) or not <object>given[3]:
            return None
        name = <str>given[3]
    if given[1] != NULL and <object>given[1] is not None:
        if type(<object>given[1]) is not DTYPE_CLASS:
            return None
        dtype = (<object>given[1])._enum
    else:
        dtype = literal_dtype(value)
    cdef tuple attrs = literal_attrs(value, dtype)
    if attrs is None or g.finalized:
        return None
    g.resolve_name(name, True, &scope, &base, &suffix)
    return g.tensor(g.nodes[CONST_TYPE.add(g, 0, NULL, 1, &dtype, attrs, scope, base, suffix, None)].first_output)


cdef object call_control_dependencies(Call call, PyObject** given):
    """``control_dependencies([...])`` of tensors and operations of the default graph."""
    cdef Graph g = current_graph()
    cdef dict ids                # keys: the nodes, in order
    cdef set current
    cdef int node
    if given[0] == NULL or type(g) is not GRAPH_CLASS:
        return None
    if type(<object>given[0]) is not list and type(<object>given[0]) is not tuple:
        return None
    ids = {}
    current = g.named_by_controllers()
    for v in <object>given[0]:
        if type(v) is Tensor:
            if (<Tensor>v).graph is not g:
                return None
            node = g.outputs[(<Tensor>v)._id].node
        elif type(v) is Operation:
            if (<Operation>v).graph is not g:
                return None
            node = (<Operation>v)._id
        else:
            return None
        if current is None or node not in current:
            ids[node] = None
    for key in ids:
        g.nodes[<int>key].waited_for = True
    return control_block(g, list(ids))


def grouped(tuple inputs not None, object name):
    """The NoOp of ``group(*inputs)`` for operations and tensors without devices; None if this is not the way."""
    cdef Graph g = current_graph()
    cdef OpType t = OPTYPES["NoOp"]
    cdef list old = g.controllers
    cdef dict ids = {}
    cdef set current
    cdef int node, scope, base, suffix
    if not inputs or type(g) is not GRAPH_CLASS or g.decorated or g.finalized or g.is_function:
        return None
    if name is None:
        name = "group_deps"
    elif type(name) is not str or not name or (<str>name)[len(<str>name) - 1] == u"/":
        return None
    current = g.named_by_controllers()
    for v in inputs:
        if type(v) is Operation:
            node = (<Operation>v)._id
            owner = (<Operation>v).graph
        elif type(v) is Tensor and (<Tensor>v).graph is g:
            owner = g
            node = g.outputs[(<Tensor>v)._id].node
        else:
            return None
        if owner is not g or g.nodes[node].device >= 0:
            return None
        if current is None or node not in current:
            ids[node] = None
    g.resolve_name(<str>name, False, &scope, &base, &suffix)
    for key in ids:
        g.nodes[<int>key].waited_for = True
    g.controllers = old + [new_controller(list(ids))]
    try:
        return g.operation(t.add(g, 0, NULL, 0, NULL, t.defaults, scope, base, suffix, None))
    finally:
        g.controllers = old


def on_one_device(things):
    """Whether these are operations and tensors alone, all of one device and graph."""
    cdef Graph g = None
    cdef int node, device = -1
    for v in things:
        if type(v) is Operation:
            node = (<Operation>v)._id
            owner = (<Operation>v).graph
        elif type(v) is Tensor:
            owner = (<Tensor>v).graph
            node = (<Graph>owner).outputs[(<Tensor>v)._id].node
        else:
            return False
        if g is None:
            g = owner
            device = g.nodes[node].device
        elif owner is not g or g.nodes[node].device != device:
            return False
    return g is not None


cdef object GRAPH_CLASS = None   # the class of graphs whose methods are known


def set_graph_class(cls):
    """Tell the core which subclass of Graph has the methods that its short ways stand for."""
    global GRAPH_CLASS
    GRAPH_CLASS = cls


def quick(str way not None):
    """Decorator of a function whose usual calls the core makes in a way of its own.

    `way` is one of constant, control_dependencies, get_variable; the parameters are those of the functions of these names.
    """
    def decorate(function):
        cdef Call call = Call.__new__(Call)
        call.read_parameters(function)
        if way == "constant":
            call.fast = call_constant
        elif way == "control_dependencies":
            call.fast = call_control_dependencies
        elif way == "get_variable":
            call.fast = call_get_variable
        else:
            raise ValueError(f"no way called {way!r}")
        return call
    return decorate


# ---------------------------------------------------------------- calls by CPython

cdef object call_quickly(object self, PyObject** args, size_t n_args, PyObject* keywords):
    """A call of a Call."""
    cdef Call call = <Call>self
    cdef PyObject* given[MOST_PARAMETERS]
    if place_arguments(call.parameters, given, args, n_args, keywords):
        if call.fast != NULL:
            out = call.fast(call, given)
            if out is not None:
                return out
        if call.again != NULL:
            out = call.again(call, given)
            if out is not None:
                return out
    return vectorcall(call.function, args, n_args, keywords)


cdef object call_op_type(object self, PyObject** args, size_t n_args, PyObject* keywords):
    """A call of an OpType."""
    cdef OpType t = <OpType>self
    cdef Py_ssize_t n = PyVectorcall_NARGS(n_args), k
    cdef dict attrs = None
    cdef object name = None, key, value
    cdef str default_name = t.type
    if keywords != NULL:
        for k in range(PyTuple_GET_SIZE(keywords)):
            key = <object>PyTuple_GET_ITEM(keywords, k)
            value = <object>args[n + k]
            if <str>key == "name":
                name = value
            elif <str>key == "default_name":
                default_name = t.type if value is None else value
            else:
                if attrs is None:
                    attrs = {}
                attrs[key] = value
    if t.ready and n == t.n_in:
        out = ready_node(t, args, attrs, None, name, default_name)
        if out is not None:
            return out
    return t.apply_any(tuple([<object>args[k] for k in range(n)]), {} if attrs is None else attrs, name, default_name)


cdef object set_calls():
    """Let CPython call these objects without packing the arguments."""
    cdef Call call = Call.__new__(Call)
    cdef OpType t = OpType.__new__(OpType)
    set_call_offset(<PyObject*>Call, <char*>&call.vectorcall - <char*><PyObject*>call)
    set_call_offset(<PyObject*>OpType, <char*>&t.vectorcall - <char*><PyObject*>t)


set_calls()
