# The short way to a node: a call whose arguments are tensors already, or resource variables, or Python numbers and lists
# of them that become constants of a dtype that is known.  It makes what OpType.apply_any makes, or nothing at all: then the caller takes
# the long way, which knows all conversions and all complaints.

cdef extern from "math.h" nogil:
    bint signbit(double x)


cdef inline bint is_key(double value) noexcept:
    """Whether a number finds itself in a dict and nothing else: -0.0 finds 0.0, and a NaN nothing."""
    return value == value and (value != 0 or not signbit(value))


cdef dict LIST_ATTRS = {}        # (type, numbers, dtype) -> the stored attributes of the Const of a list of numbers


cdef int literal_dtype(object value):
    """The DataType number that a number, or a list of numbers, has by itself."""
    if (type(value) is list or type(value) is tuple) and len(value):
        value = value[0]
    return 1 if type(value) is float else 3


cdef tuple literal_attrs(object value, int dtype):
    """Stored attributes of the Const of a Python number or flat list of numbers; None when that needs checking."""
    cdef object kind = type(value), element
    cdef Py_ssize_t n
    cdef tuple key
    cdef PyObject* found
    if kind is not list and kind is not tuple:
        return number_attrs(value, dtype)
    n = len(value)
    if n == 0 or n > 16:
        return None
    element = type(value[0])
    if element is int:
        if dtype != 3 and dtype != 9:
            return None
    elif element is not float or (dtype != 1 and dtype != 2):
        return None
    for v in value:
        if type(v) is not element:
            return None
        if element is float and not is_key(v):
            return None
    key = (element, tuple(value), dtype)
    found = PyDict_GetItem(LIST_ATTRS, key)
    if found != NULL:
        return <tuple>found
    try:
        array = np.array(value, DTYPES[dtype].as_numpy_dtype)
    except OverflowError:
        return None
    array.setflags(write=False)
    cdef tuple attrs = (array, DTYPES[dtype])
    if len(LIST_ATTRS) > 4096:
        LIST_ATTRS.clear()
    LIST_ATTRS[key] = attrs
    return attrs


cdef int find_ready(OpType t) except -1:
    """Decide whether calls may take the short way, and note what it has to know of the signature."""
    cdef ArgDef arg
    cdef AttrDef a
    cdef list names = []
    cdef int i = 0, n_lists = 0
    t.ready = False
    t.out_number = -1
    t.measures = t.type in REDUCTIONS
    if t.n_out > MOST_ARGUMENTS or t.n_in > MOST_ARGUMENTS:
        return 0
    for arg in t.inputs:
        if arg.is_ref or arg.type_list_attr is not None:
            return 0
        t.arg_list[i] = arg.number_attr is not None
        if t.arg_list[i]:
            a = t.attrs[arg.number_attr]
            n_lists += 1
            if n_lists > 1 or not a.inferred:
                return 0
            t.list_minimum = 1 if a.minimum is None else max(1, <int>a.minimum)
        if arg.type_attr is None:
            t.arg_kind[i] = arg.dtype
        else:
            if arg.type_attr not in names:
                a = t.attrs[arg.type_attr]
                t.allowed_types[len(names)] = ~<unsigned long long>0
                if a.allowed is not None:
                    t.allowed_types[len(names)] = 0
                    for d in a.allowed:
                        t.allowed_types[len(names)] |= <unsigned long long>1 << <int>d._enum
                t.default_types[len(names)] = 0 if a.default is MISSING else <int>a.default._enum
                names.append(arg.type_attr)
            t.arg_kind[i] = -1 - <int>names.index(arg.type_attr)
        i += 1
    t.n_type_attrs = <int>len(names)
    if t.n_out == 0:
        t.ready = True
        return 0
    for i in range(t.n_out):
        arg = t.outputs[i]
        if arg.is_ref or arg.type_list_attr is not None:
            return 0
        if arg.number_attr is not None:
            if t.n_out > 1 or arg.number_attr not in t.stored_index:
                return 0
            t.out_number = t.stored_index[arg.number_attr]
        if arg.type_attr is None:
            t.out_kinds[i] = arg.dtype
        elif arg.type_attr in names:
            t.out_kinds[i] = -1 - <int>names.index(arg.type_attr)
        elif arg.type_attr in t.stored_index and (<AttrDef>t.attrs[arg.type_attr]).kind == "type":
            t.out_kinds[i] = OUT_STORED + <int>t.stored_index[arg.type_attr]
        else:
            return 0
    t.out_kind = t.out_kinds[0]
    t.ready = True
    return 0


cdef inline bint take_tensor(OpType t, Tensor x, PyObject** found, int kind, int* types) noexcept:
    """Whether a tensor fits an argument of this kind, among the arguments before it."""
    cdef Graph g = x.graph
    cdef int dtype
    if found[0] == NULL:
        found[0] = <PyObject*>g
    elif <PyObject*>g != found[0]:
        return False
    dtype = base_of(g.outputs[x._id].dtype)
    if kind >= 0:
        return dtype == kind
    kind = -1 - kind
    if types[kind]:
        return types[kind] == dtype
    types[kind] = dtype
    return dtype < 64 and (t.allowed_types[kind] >> dtype) & 1


cdef object ready_node(OpType t, PyObject** args, dict attrs, tuple stored, object name, str default_name):
    """The output of a new node for `n_in` arguments; None when this is not the way.

    `attrs` are what the call gives, or `stored` is given.
    """
    cdef Graph g = current_graph()
    cdef PyObject* found = NULL              # the graph of the tensors
    cdef int ids[MOST_INPUTS]
    cdef int types[MOST_ARGUMENTS]
    cdef int literal_at[MOST_ARGUMENTS]      # where the output of a constant goes
    cdef list literals = None
    cdef int n = 0, n_literals = 0, i, kind, dtype, scope, base, suffix
    cdef object value, element
    cdef str text
    cdef tuple literal
    if t.out_number >= 0 and stored is None:
        value = None if attrs is None else attrs.get(t.stored[t.out_number])
        if type(value) is not int or not 0 < value < 65536:
            return None
    for i in range(t.n_type_attrs):
        types[i] = 0
    for i in range(t.n_in):
        kind = t.arg_kind[i]
        value = <object>args[i]
        if t.arg_list[i]:
            if type(value) is not list and type(value) is not tuple:
                return None
            if len(value) < t.list_minimum or n + len(value) + t.n_in > MOST_INPUTS:
                return None
            for element in value:
                if type(element) is not Tensor or not take_tensor(t, <Tensor>element, &found, kind, types):
                    return None
                ids[n] = (<Tensor>element)._id
                n += 1
            continue
        if type(value) is Tensor:
            if not take_tensor(t, <Tensor>value, &found, kind, types):
                return None
            ids[n] = (<Tensor>value)._id
            n += 1
            continue
        if type(value) is RESOURCE_VARIABLE_CLASS:
            if plain_handle(value, g) is None:
                return None
            dtype = value._dtype._enum
            if kind >= 0:
                if dtype != kind:
                    return None
            else:
                kind = -1 - kind
                if types[kind] == 0:
                    types[kind] = dtype
                if types[kind] != dtype or dtype >= 64 or not (t.allowed_types[kind] >> dtype) & 1:
                    return None
            if literals is None:
                literals = []
            literals.append(value)
            literal_at[n_literals] = i * MOST_INPUTS + n
            n_literals += 1
            n += 1
            continue
        dtype = kind
        if kind < 0:
            kind = -1 - kind
            # Without a tensor that says otherwise, TF takes the dtype that the value has by itself.
            if types[kind] == 0:
                dtype = literal_dtype(value)
                if not (t.allowed_types[kind] >> dtype) & 1 or (t.default_types[kind] and t.default_types[kind] != dtype):
                    return None
                types[kind] = dtype
            dtype = types[kind]
        literal = literal_attrs(value, dtype)
        if literal is None:
            return None
        if literals is None:
            literals = []
        literals.append(literal)
        literal_at[n_literals] = i * MOST_INPUTS + n
        n_literals += 1
        n += 1
    if found != NULL and found != <PyObject*>g:
        if g.is_function or n_literals:
            return None
        g = <Graph>found
    if g.finalized or (t.measures and g.is_function):
        return None
    if name is None or name == "":
        text = default_name
    elif type(name) is str:
        text = <str>name
    else:
        text = node_name_text(name, default_name)
    if n_literals:
        if text[len(text) - 1] == u"/" and not g.is_free(text):
            return None          # TF makes the constants before it finds the name taken
        if attrs:
            for key in attrs:    # and looks for attributes of a wrong kind before that
                if key in t.attrs:
                    check_kind(t.attrs[key], attrs[key])
    suffix = UNRESOLVED
    try:
        g.resolve_name(text, not t.scoped, &scope, &base, &suffix)
    except ValueError:
        if suffix != UNRESOLVED and t.scoped:
            add_literals(g, t, literals, n_literals, literal_at, ids, g.scope_at(scope, base, suffix))
        raise
    try:
        if n_literals:
            add_literals(g, t, literals, n_literals, literal_at, ids, g.scope_at(scope, base, suffix))
        if stored is None:
            stored = t.stored_values(attrs) if attrs or not t.all_default else t.defaults
        if t.n_out == 0:
            return g.operation(t.add(g, n, ids, 0, NULL, stored, scope, base, suffix, None))
        if t.n_out > 1:
            return several_outputs(g, t, n, ids, types, stored, scope, base, suffix)
        if t.out_kind >= OUT_STORED:
            dtype = (<object>stored[t.out_kind - OUT_STORED])._enum
        elif t.out_kind > 0:
            dtype = t.out_kind
        else:
            dtype = types[-1 - t.out_kind]
        if t.out_number >= 0:
            return list_node(g, t, n, ids, dtype, stored, scope, base, suffix)
        return g.tensor(g.nodes[t.add(g, n, ids, 1, &dtype, stored, scope, base, suffix, None)].first_output)
    except Exception:
        g.release_name(text)
        raise


cdef list list_node(Graph g, OpType t, int n, int* ids, int dtype, tuple stored, int scope, int base, int suffix):
    """Add a node whose only output is a list; that list."""
    cdef int n_out = stored[t.out_number], i
    cdef int* dtypes = <int*>grow(NULL, (n_out + 1) * sizeof(int))
    try:
        for i in range(n_out):
            dtypes[i] = dtype
        i = g.nodes[t.add(g, n, ids, n_out, dtypes, stored, scope, base, suffix, None)].first_output
    finally:
        free(dtypes)
    return [g.tensor(i + k) for k in range(n_out)]


cdef tuple several_outputs(Graph g, OpType t, int n, int* ids, int* types, tuple stored, int scope, int base,
                           int suffix):
    """Add a node with several outputs; those."""
    cdef int dtypes[MOST_ARGUMENTS]
    cdef int i, kind
    for i in range(t.n_out):
        kind = t.out_kinds[i]
        dtypes[i] = (<object>stored[kind - OUT_STORED])._enum if kind >= OUT_STORED else (
            kind if kind > 0 else types[-1 - kind])
    i = g.nodes[t.add(g, n, ids, t.n_out, dtypes, stored, scope, base, suffix, None)].first_output
    return tuple([g.tensor(kind) for kind in range(i, i + t.n_out)])


cdef int add_literals(Graph g, OpType t, list literals, int n_literals, int* literal_at, int* ids,
                      int scope) except -1:
    """Add the constants and reads of variables of a call in `scope`, and their outputs to `ids`."""
    cdef int k, i
    cdef object literal
    for k in range(n_literals):
        literal = literals[k]
        if type(literal) is not tuple:
            ids[literal_at[k] % MOST_INPUTS] = read_node(g, literal, scope)
            continue
        i = literal_at[k] // MOST_INPUTS
        ids[literal_at[k] % MOST_INPUTS] = const_node(g, <tuple>literal, scope, (<ArgDef>t.inputs[i]).name)
    return 0


cdef int const_node(Graph g, tuple attrs, int scope, str name) except -1:
    """Add the Const with these stored attributes called `name` in `scope`; its output id."""
    cdef int base, suffix, dtype = (<object>attrs[1])._enum
    if CONST_TYPE is None:
        op_type("Const")
    g.names.unique(scope, g.names.intern(name), True, &base, &suffix)
    return g.nodes[CONST_TYPE.add(g, 0, NULL, 1, &dtype, attrs, scope, base, suffix, None)].first_output


# ---------------------------------------------------------------- what shape rules in Python have answered
#
# A rule is a function of the shapes and dtypes of the inputs, the attributes, and the constants among the inputs that
# it asks for.  Its answers are kept by all of these; a constant counts as the same when it has the same attributes.

cdef int MOST_ANSWERS = 1024


cdef bytes answer_key(OpType t, Graph g, int n_inputs, int* inputs):
    """What a rule sees of the inputs; None if that cannot be told so shortly."""
    cdef long long seen[3 * MOST_REMEMBERED]
    cdef int i, dtype
    cdef Node* n
    if n_inputs > MOST_REMEMBERED:
        return None
    for i in range(n_inputs):
        dtype = base_of(g.outputs[inputs[i]].dtype)
        if dtype == DT_VARIANT:
            return None
        if dtype == DT_RESOURCE:
            variable = variable_of(g, inputs[i])
            if variable is None:
                return None
            seen[3 * i] = intern_shape(variable[0])
            seen[3 * i + 1] = dtype
            seen[3 * i + 2] = <int>variable[1]._enum
            continue
        seen[3 * i] = g.outputs[inputs[i]].shape
        seen[3 * i + 1] = dtype
        seen[3 * i + 2] = 0
        if t.asked >> i & 1:
            n = &g.nodes[g.outputs[inputs[i]].node]
            if CONST_TYPE is not None and n.op_type == CONST_TYPE.index:
                seen[3 * i + 2] = <long long>n.attrs
    return PyBytes_FromStringAndSize(<char*>seen, 3 * n_inputs * sizeof(long long))


cdef dict answers_of(OpType t, tuple stored):
    """The answers for these attributes; None if attributes like these cannot be looked up."""
    cdef PyObject* found
    if stored is t.defaults:
        return t.default_answers
    try:
        found = PyDict_GetItem(t.answers, stored)
    except TypeError:
        return None
    if found != NULL:
        return <dict>found
    if len(t.answers) > 64:
        t.answers.clear()
    cdef dict answers = {}
    try:
        t.answers[stored] = answers
    except TypeError:
        return None
    return answers


cdef int remember(OpType t, Graph g, ShapeContext c, dict answers, int n_inputs, int* inputs, int n_outputs,
                  int* shapes) except -1:
    """Keep the answer of a rule that saw nothing but shapes, dtypes, attributes and constants."""
    cdef int i
    cdef Node* n
    cdef list held = []
    if c.looked_further:
        return 0
    if c.asked & ~t.asked:
        t.asked |= c.asked       # keys have to hold more from now on
        t.answers.clear()
        t.default_answers.clear()
        answers = answers_of(t, c.stored)
        if answers is None:
            return 0
    for i in range(n_inputs):
        if c.asked >> i & 1:
            n = &g.nodes[g.outputs[inputs[i]].node]
            if CONST_TYPE is None or n.op_type != CONST_TYPE.index or (<tuple>n.attrs)[0].size > 16:
                return 0
        if t.asked >> i & 1:
            n = &g.nodes[g.outputs[inputs[i]].node]
            if n.op_type == CONST_TYPE.index:
                held.append(<tuple>n.attrs)      # so that no other constant gets its address
    key = answer_key(t, g, n_inputs, inputs)
    if key is not None:
        if len(answers) > MOST_ANSWERS:
            answers.clear()
        answers[key] = (tuple([shapes[i] for i in range(n_outputs)]), held)
    return 0
