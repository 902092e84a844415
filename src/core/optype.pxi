# OpType: the record of one kind of operation, and the way from a call to a node.
#
# A signature such as "a: T, b: T -> product: T" names inputs and outputs with their types: a DType's name, a type
# attribute (T), N*T for a list of N tensors of one type, [Tin] for a list of tensors of several types, & before the
# type for a reference.  Attributes are "name: kind = default; ..." with kind one of TF's (type, int, float, bool,
# string, shape, tensor, func, list(...)), or the allowed values joined by "|".  Attributes that follow from the inputs
# are computed when read; the others are kept with the node as one tuple, shared while all are defaults.

cdef object MISSING = object()
NO_GRADIENT = object()           # OpType.gradient of operations that pass no gradient


@cython.final
cdef class ArgDef:
    """An input or output in a signature."""

    @property
    def is_list(self):
        return self.number_attr is not None or self.type_list_attr is not None


@cython.final
cdef class AttrDef:
    """An attribute in a signature."""

    @property
    def has_default(self):
        return self.default is not MISSING


@cython.final
cdef class FunctionName:
    """The value of a func attribute: the name of a function of the graph, and attributes of the call if any.

    `attrs` maps a name to (kind, value).
    """

    def __init__(self, str name not None, attrs=None):
        self.name = name
        self.attrs = attrs or None

    def __eq__(self, other):
        return (isinstance(other, FunctionName) and (<FunctionName>other).name == self.name
                and (<FunctionName>other).attrs == self.attrs)

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f"FunctionName({self.name!r})"


# Results so much smaller than what they are made from that a function asks for them rather than for their inputs.
cdef object REDUCTIONS = frozenset(["Shape", "Size", "Rank", "TensorListElementShape", "TensorListLength"])

cdef dict DTYPE_NUMBERS = {}     # name -> DataType number, filled on first use


cdef int dtype_number(str name) except -1:
    if not DTYPE_NUMBERS:
        for d in DTYPES:
            if d is not None:
                DTYPE_NUMBERS[d.name] = d._enum
    found = DTYPE_NUMBERS.get(name)
    return 0 if found is None else found


cdef list parse_args(str text):
    cdef ArgDef arg
    out = []
    for part in text.split(","):
        part = part.strip()
        if not part:
            continue
        name, _, kind = part.partition(":")
        kind = kind.strip()
        arg = ArgDef.__new__(ArgDef)
        arg.name = name.strip()
        if kind.startswith("&"):
            arg.is_ref = True
            kind = kind[1:]
        if kind.startswith("["):
            arg.type_list_attr = kind[1:-1]
            out.append(arg)
            continue
        if "*" in kind:
            arg.number_attr, _, kind = kind.partition("*")
        arg.dtype = dtype_number(kind)
        if arg.dtype == 0:
            arg.type_attr = kind
        out.append(arg)
    return out


cdef object parse_value(str text, str kind):
    """The Python value of a default written in a signature."""
    cdef str inner
    if kind.startswith("list("):
        inner = text.strip()[1:-1]
        if kind == "list(type)":
            return tuple([DTYPES[dtype_number(p.strip())] for p in inner.split(",") if p.strip()])
        if kind == "list(shape)":
            return ()
        return tuple([parse_value(p.strip(), kind[5:-1]) for p in inner.split(",") if p.strip()])
    if kind == "type":
        return DTYPES[dtype_number(text)]
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "bool":
        return text == "True"
    if kind == "string":
        return text.strip()[1:-1].encode("latin-1").decode("unicode_escape").encode("latin-1")
    if kind == "shape":
        if text == "None":
            return SHAPE_CLASS(None)
        inner = text.strip()[1:-1]
        return SHAPE_CLASS([None if int(p) < 0 else int(p) for p in inner.split(",") if p.strip()])
    raise ValueError(f"no default of kind {kind} can be written: {text}")


cdef dict parse_attrs(str text):
    cdef AttrDef a
    out = {}
    for part in text.split(";"):
        part = part.strip()
        if not part:
            continue
        name, _, rest = part.partition(":")
        kind, equals, default = rest.partition(" = ")
        kind, at_least, minimum = kind.partition(">=")
        kind = kind.strip()
        a = AttrDef.__new__(AttrDef)
        a.name = name.strip()
        listed = kind.startswith("list of ")
        if listed:
            kind = kind[8:]
        if kind in ("type", "int", "float", "bool", "string", "shape", "tensor", "func") or kind.startswith("list("):
            a.kind = kind
        elif kind.startswith("'"):
            a.kind = "string"
            a.allowed = tuple([p.strip()[1:-1] for p in kind.split("|")])
        else:
            a.kind = "type"
            a.allowed = tuple([DTYPES[dtype_number(p)] for p in kind.split("|")])
        if listed:
            a.kind = f"list({a.kind})"
        a.minimum = int(minimum) if at_least else None
        a.default = parse_value(default.strip(), a.kind) if equals else MISSING
        out[a.name] = a
    return out


cdef int check_kind(AttrDef a, object value) except -1:
    """TypeError, with TF's text, for a value that no attribute of its kind can have."""
    cdef str kind = a.kind
    if value is None and a.default is not MISSING:
        return 0
    if kind == "bool":
        if isinstance(value, bool):
            return 0
    elif kind == "int":
        if type(value) is int:
            return 0
    elif kind == "string":
        if isinstance(value, (str, bytes)):
            return 0
    elif kind == "type":
        try:
            AS_DTYPE(value)
        except TypeError:
            raise TypeError(f"Expected DataType for argument '{a.name}' not {value!r}.") from None
        return 0
    elif kind != "float":
        return 0
    try:
        normalise_one(a, kind, value, "")
    except ValueError:
        pass                    # the call finds that after its inputs
    return 0


cdef object normalise(AttrDef a, object value, str op_name):
    """An attribute's value as the node keeps it; TypeError or ValueError with TF's text when it does not fit."""
    cdef str kind = a.kind
    if value is None and a.default is not MISSING:
        return a.default
    if kind.startswith("list("):
        if not isinstance(value, (list, tuple)):
            if kind == "list(int)" and hasattr(value, "__iter__") and not isinstance(value, (str, bytes)):
                value = list(value)
            else:
                raise TypeError(f"Expected list for attr {a.name}, obtained {type(value).__name__} instead.")
        out = tuple([normalise_one(a, kind[5:len(kind) - 1], v, op_name) for v in value])
        if a.minimum is not None and len(out) < a.minimum:
            raise ValueError(f"Attr '{a.name}' of '{op_name}' Op passed list of length {len(out)} less than minimum "
                             f"{a.minimum}.")
        return out
    value = normalise_one(a, kind, value, op_name)
    if a.minimum is not None and value < a.minimum:
        raise ValueError(f"Attr '{a.name}' of '{op_name}' Op passed {value} less than minimum {a.minimum}.")
    return value


cdef object normalise_one(AttrDef a, str kind, object value, str op_name):
    if kind == "int":
        if isinstance(value, str):
            raise TypeError(f"Expected int for argument '{a.name}' not {value!r}.")
        try:
            value = int(value)
        except (ValueError, TypeError, OverflowError):
            raise TypeError(f"Expected int for argument '{a.name}' not {value!r}.") from None
        if not INT64_MIN <= value <= INT64_MAX:
            raise ValueError(f"Value out of range: {value}")
        return value
    if kind == "bool":
        if not isinstance(value, bool):
            raise TypeError(f"Expected bool for argument '{a.name}' not {value!r}.")
        return value
    if kind == "type":
        try:
            if type(value) is not DTYPE_CLASS or <int>value._enum > 100:
                value = AS_DTYPE(value).base_dtype
        except TypeError:
            raise TypeError(f"Expected DataType for argument '{a.name}' not {value!r}.") from None
        if a.allowed is not None and value not in a.allowed:
            raise TypeError(f"Value passed to parameter '{a.name}' has DataType {value.name} not in list of allowed "
                            f"values: {', '.join([d.name for d in a.allowed])}")
        return value
    if kind == "string":
        if isinstance(value, str):
            value = value.encode()
        elif not isinstance(value, bytes):
            raise TypeError(f"Expected string for argument '{a.name}' not {value!r}.")
        if a.allowed is not None and value.decode("latin-1") not in a.allowed:
            joined = '", "'.join(a.allowed)
            raise ValueError(f"Attr '{a.name}' of '{op_name}' Op passed string '{value.decode()}' not in: "
                             f"\"{joined}\".")
        return value
    if kind == "float":
        if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
            raise TypeError(f"Expected float for argument '{a.name}' not {value!r}.")
        return float(value)
    if kind == "shape":
        if not isinstance(value, SHAPE_CLASS):
            known = known_shape(value)
            if known is not None:
                return known
            try:
                value = AS_SHAPE(value)
            except (TypeError, ValueError) as e:
                text = str(e)
                raise type(e)(f"Error converting {a.name} to a TensorShape: {text}.") from None
        for d in value._dims or ():
            if d is not None and d > INT64_MAX:
                raise TypeError(f"Error converting {list(value._dims)} (arg name = {a.name}) to a TensorShape: "
                                f"Value out of range: {d}")
        return value
    if kind == "tensor":
        if isinstance(value, np.ndarray):
            return value
        return FROM_TENSOR_PROTO(value)
    if kind == "func":
        if isinstance(value, FunctionName):
            return value
        if isinstance(value, str):
            return FunctionName(value)
        if isinstance(value, bytes):
            return FunctionName(value.decode())
        if hasattr(value, "add_to_graph"):
            value.add_to_graph(current_graph())
            return FunctionName(value.name)
        if hasattr(value, "DESCRIPTOR"):
            return FunctionName(value.name)
        raise TypeError(f"Don't know how to convert {value!r} to a func for argument {a.name}")
    raise TypeError(f"attribute '{a.name}' of {op_name} has the unknown kind {kind}")


cdef object INT64_MIN = -(1 << 63), INT64_MAX = (1 << 63) - 1


cdef object AS_DTYPE = None
cdef object AS_SHAPE = None
cdef object CONVERT = None
cdef object FROM_TENSOR_PROTO = None
cdef object FOLD_CONSTANT = None
cdef object FOLD_SHAPE = None


def set_converters(*, as_dtype=None, as_shape=None, convert=None, from_tensor_proto=None, fold_constant=None,
                   fold_shape=None):
    """Give the core the Python halves it calls on its slow paths.

    `convert(value, dtype, name, as_ref, preferred_dtype)` is convert_to_tensor; `fold_constant(tensor)` the statically
    known value of a tensor or None; `fold_shape(tensor)` the shape an integer vector stands for, as a tuple or None.
    """
    global AS_DTYPE, AS_SHAPE, CONVERT, FROM_TENSOR_PROTO, FOLD_CONSTANT, FOLD_SHAPE
    AS_DTYPE = as_dtype or AS_DTYPE
    AS_SHAPE = as_shape or AS_SHAPE
    CONVERT = convert or CONVERT
    FROM_TENSOR_PROTO = from_tensor_proto or FROM_TENSOR_PROTO
    FOLD_CONSTANT = fold_constant or FOLD_CONSTANT
    FOLD_SHAPE = fold_shape or FOLD_SHAPE


cdef dict C_RULES = {"same": RULE_SAME, "broadcast": RULE_BROADCAST, "matmul": RULE_MATMUL, "scalar": RULE_SCALAR,
                     "unknown": RULE_UNKNOWN, "value": RULE_VALUE}


@cython.final
cdef class OpType:
    """One kind of operation: signature, shape rule, kernel and gradient, complete when made.

    Calling it adds a node to the graph of its inputs.

    Parameters
    ----------
    type : str
        TF's name of the op.
    signature : str
        Inputs and outputs, see the head of this chapter.
    attrs : str
        Attributes, see there.
    shape : str, function or ShapeRule
        A rule of the core (same, broadcast, matmul, scalar, unknown) or ``rule(c) -> [shape, ...]``; see `shape_rule`.
    kernel : numpy.ufunc, core kernel or function, optional
        What computes it; None for what only a graph can hold.
    gradient : function, optional
        ``gradient(op, *dys)``: a tensor or None per input.  None: no gradient is known; NO_GRADIENT: there is none.
    stateful : bool
        Whether TF marks it as having effects.
    scoped : bool
        Whether a call opens the scope that its name asks for; a Const's does not.
    lacking : str, optional
        ``"attr: type|type"``: no kernel exists for these types; a session refuses a graph with such a node.
    """

    def __init__(self, str type not None, str signature not None, str attrs="", *, shape="unknown", kernel=None,
                 gradient=None, bint stateful=False, bint scoped=True, str lacking=None):
        cdef ArgDef arg
        cdef AttrDef a
        if type in OPTYPES:
            raise ValueError(f"OpType '{type}' exists already")
        head, _, tail = signature.partition("->")
        self.type = type
        self.signature = signature
        self.inputs = parse_args(head)
        self.outputs = parse_args(tail)
        self.attrs = parse_attrs(attrs)
        if isinstance(shape, ShapeRule):
            self.quick = (<ShapeRule>shape).quick
            self.quick_argument = (<ShapeRule>shape).argument
            shape = (<ShapeRule>shape).rule
        self.shape = shape
        self.rule = C_RULES[shape] if isinstance(shape, str) else RULE_PYTHON
        self.kernel = kernel
        self.gradient = gradient
        self.stateful = stateful
        self.scoped = scoped
        self.lacking = lacking
        self.n_in = <int>len(self.inputs)
        self.n_out = <int>len(self.outputs)
        lists = []
        for arg in self.inputs:
            if arg.number_attr is not None and arg.number_attr not in lists:
                lists.append(arg.number_attr)
            if arg.type_list_attr is not None and arg.type_list_attr not in lists:
                lists.append(arg.type_list_attr)
        for arg in self.inputs:
            if arg.type_attr is not None:
                (<AttrDef>self.attrs[arg.type_attr]).inferred = True
        if len(lists) == 1:
            (<AttrDef>self.attrs[lists[0]]).inferred = True
        stored = [a for a in self.attrs.values() if not a.inferred]
        self.stored = tuple([a.name for a in stored])
        self.defaults = tuple([a.default for a in stored])
        self.stored_index = {a.name: i for i, a in enumerate(stored)}
        self.all_default = all([a.default is not MISSING for a in stored])
        self.find_simple()
        find_ready(self)
        self.remembers = self.rule == RULE_PYTHON and all([a.kind != "func" for a in stored])
        self.default_answers = {}
        self.answers = {}
        self.vectorcall = <call_fn>call_op_type
        self.index = <int>len(OP_TYPES)
        if type == "Const":
            global CONST_TYPE
            CONST_TYPE = self
        OP_TYPES.append(self)
        OPTYPES[type] = self

    cdef int find_simple(self) except -1:
        """Decide whether calls with ready tensors may take the short way."""
        cdef ArgDef arg
        cdef AttrDef a
        cdef str shared = None
        cdef int fixed = 0
        self.simple = False
        if self.n_out != 1 or self.n_in > 8 or self.n_in == 0:
            return 0
        for arg in self.inputs:
            if arg.is_list or arg.is_ref:
                return 0
            if arg.type_attr is not None:
                if fixed or (shared is not None and shared != arg.type_attr):
                    return 0
                shared = arg.type_attr
            else:
                if shared is not None or (fixed and fixed != arg.dtype):
                    return 0
                fixed = arg.dtype
        arg = self.outputs[0]
        if arg.is_list or arg.is_ref or (arg.type_attr is not None and arg.type_attr != shared):
            return 0
        self.simple_in_dtype = fixed
        self.simple_out_dtype = arg.dtype
        self.allowed = ~<unsigned long long>0
        if shared is not None:
            a = self.attrs[shared]
            if a.allowed is not None:
                self.allowed = 0
                for d in a.allowed:
                    self.allowed |= <unsigned long long>1 << <int>d._enum
        self.simple = True
        return 0

    def __call__(self, *args, name=None, default_name=None, **attrs):
        """Add a node; returns its output, outputs or, when it has none, the Operation."""
        return self.apply(args, attrs, name, self.type if default_name is None else default_name)

    # ------------------------------------------------------------ from a call to a node

    cdef object apply(self, tuple args, dict attrs, object name, str default_name):
        if self.ready and len(args) == self.n_in:
            out = ready_node(self, tuple_items(args), attrs, None, name, default_name)
            if out is not None:
                return out
        return self.apply_any(args, attrs, name, default_name)

    cdef tuple stored_values(self, dict attrs):
        """The tuple of stored attributes for a call's keyword arguments."""
        cdef list values = list(self.defaults)
        cdef AttrDef a
        for key, value in attrs.items():
            index = self.stored_index.get(key)
            if index is None:
                if key in self.attrs:
                    raise TypeError(f"Should not specify value for inferred attr '{key}' for {self.type}.")
                raise TypeError(f"{self.type} got unexpected keyword arguments: {key}.")
            a = self.attrs[key]
            values[index] = normalise(a, value, self.type)
        for i, value in enumerate(values):
            if value is MISSING:
                raise TypeError(f"No argument found for attr {self.stored[i]} for {self.type}")
        return tuple(values)

    cdef int add(self, Graph g, int n_inputs, int* inputs, int n_outputs, int* dtypes, tuple stored,
                 int scope, int base, int suffix, dict extras) except -1:
        """Infer shapes, then append; everything that a block or scope adds to a node happens here."""
        cdef int shapes_small[8]
        cdef int* shapes = shapes_small
        cdef int node, i
        cdef list controls = None
        cdef int controls_small[16]
        cdef int* control_ids = controls_small
        cdef int n_controls = 0
        try:
            if n_outputs > 8:
                shapes = <int*>grow(NULL, n_outputs * sizeof(int))
            self.infer(g, n_inputs, inputs, n_outputs, dtypes, shapes, stored, scope, base, suffix, extras)
            if g.controllers:
                controls = []
                g.controls_for(n_inputs, inputs, controls)
                n_controls = <int>len(controls)
                if n_controls > 16:
                    control_ids = <int*>grow(NULL, n_controls * sizeof(int))
                for i in range(n_controls):
                    control_ids[i] = controls[i]
            node = g.append(self, n_inputs, inputs, n_controls, control_ids, n_outputs, dtypes, shapes,
                            <PyObject*>stored if stored else NULL, scope, base, suffix)
        finally:
            if shapes != shapes_small:
                free(shapes)
            if control_ids != controls_small:
                free(control_ids)
        if extras:
            g.node_extras[node] = extras
        if g.new_handle_data:
            for index, data in g.new_handle_data:
                g.handle_data[g.nodes[node].first_output + <int>index] = data
            g.new_handle_data = None
        elif self.rule == RULE_SAME and n_outputs and dtypes[0] in (DT_RESOURCE, DT_VARIANT):
            if inputs[0] in g.handle_data:
                g.handle_data[g.nodes[node].first_output] = g.handle_data[inputs[0]]
        if g.controllers:
            g.record(node)
        if g.decorated:
            if g.placed_with >= 0 and g.nodes[g.placed_with].device < 0:
                g.nodes[node].placed = g.placed_with
            else:
                g._decorate(g.operation(node))
        return node

    cdef object apply_any(self, tuple args, dict attrs, object name, str default_name):
        """A call whose arguments need converting, or whose signature has lists or several types."""
        cdef Graph g = current_graph()
        cdef Graph found
        cdef int scope, base, suffix, old
        cdef list inputs = []
        cdef bint pushed = False, ready
        cdef AttrDef a
        if not g.is_function:
            found = graph_of(args, g)
            if found is not g:
                g = found
                push_graph(g)
                pushed = True
        try:
            g.check_open()
            ready = all_ready(args, self.inputs)
            if attrs and not ready:
                # Attributes of a wrong kind are found before the arguments leave nodes in the graph.
                for key, value in attrs.items():
                    a = <AttrDef>self.attrs.get(key)
                    if a is not None:
                        check_kind(a, value)
            name = node_name_text(name, default_name)
            old = g.scope
            suffix = UNRESOLVED
            try:
                g.resolve_name(name, not self.scoped, &scope, &base, &suffix)
            except ValueError:
                # TF makes constants of the arguments before it finds that a node has the name.
                if (<str>name).endswith("/"):
                    g.scope = g.names.scope_of_path((<str>name)[:len(<str>name) - 1])
                elif suffix == UNRESOLVED or not self.scoped:
                    raise
                else:
                    g.scope = g.scope_at(scope, base, suffix)
                try:
                    self.convert(args, attrs, inputs)
                finally:
                    g.scope = old
                raise
            try:
                if not ready:
                    g.scope = g.scope_at(scope, base, suffix)
                try:
                    types, known, counts = self.convert(args, attrs, inputs)
                finally:
                    g.scope = old
                return self.finish(g, inputs, types, known, attrs, scope, base, suffix)
            except Exception:
                g.release_name(name)
                raise
        finally:
            if pushed:
                pop_graph(g)

    cdef tuple convert(self, tuple args, dict attrs, list inputs):
        """Turn a call's arguments into a flat list of tensors, inferring attributes as TF's apply_op does.

        Returns (the input types, a dict of inferred attributes, the length of each argument).
        """
        cdef ArgDef arg
        cdef AttrDef a
        cdef dict known = {}          # inferred attributes: DType, int or tuple of DTypes
        bases = []
        cdef dict origin = {}         # attribute -> the argument it came from
        cdef list counts = []
        cdef int i
        if len(args) != self.n_in:
            if len(args) < self.n_in:
                raise TypeError(f"No argument for input {(<ArgDef>self.inputs[len(args)]).name} found in {self.type}")
            raise TypeError(f"{self.type} takes {self.n_in} inputs, got {len(args)}.")
        for i in range(self.n_in):
            arg = self.inputs[i]
            value = args[i]
            if arg.is_list:
                if not isinstance(value, (list, tuple)):
                    raise TypeError(f"Expected list for '{arg.name}' argument to '{self.type}' Op, not {value}.")
                tensors = self.convert_list(arg, value, known)
            else:
                tensors = [self.convert_one(arg, value, known, origin)]
            bases = [t.dtype.base_dtype for t in tensors]
            if arg.number_attr is not None:
                if arg.number_attr in known:
                    if len(tensors) != known[arg.number_attr]:
                        raise ValueError(f"List argument '{arg.name}' to '{self.type}' Op with length {len(tensors)} "
                                         f"must match length {known[arg.number_attr]} of argument "
                                         f"'{origin[arg.number_attr]}'.")
                else:
                    known[arg.number_attr] = len(tensors)
                    origin[arg.number_attr] = arg.name
                    a = self.attrs[arg.number_attr]
                    if a.minimum is not None and len(tensors) < a.minimum:
                        raise ValueError(f"List argument '{arg.name}' to '{self.type}' Op with length {len(tensors)} "
                                         f"shorter than minimum length {a.minimum}.")
                for d in bases:
                    if d is not bases[0]:
                        raise TypeError(f"All tensors passed to '{arg.name}' of '{self.type}' Op must have the same "
                                        f"type. Got {bases} instead.")
                if arg.type_attr is not None and arg.type_attr not in known:
                    a = self.attrs[arg.type_attr]
                    if bases:
                        self.check_type(a, bases[0], arg.name)
                        known[arg.type_attr] = bases[0]
                        origin[arg.type_attr] = arg.name
                    elif a.default is MISSING:
                        raise TypeError("Don't know how to infer type variable from empty input list passed to input "
                                        f"'{arg.name}' of '{self.type}' Op.")
            elif arg.type_list_attr is not None:
                found = tuple(bases)
                if arg.type_list_attr in known:
                    if known[arg.type_list_attr] != found:
                        raise TypeError(
                            f"Input '{arg.name}' of '{self.type}' Op has type list of "
                            f"{', '.join([d.name for d in found])} that does not match type list "
                            f"{', '.join([d.name for d in known[arg.type_list_attr]])} of argument "
                            f"'{origin[arg.type_list_attr]}'.")
                else:
                    a = self.attrs[arg.type_list_attr]
                    for d in found:
                        self.check_type(a, d, arg.name)
                    if a.minimum is not None and len(found) < a.minimum:
                        raise ValueError(f"Attr '{a.name}' of '{self.type}' Op passed list of length {len(found)} "
                                         f"less than minimum {a.minimum}.")
                    known[arg.type_list_attr] = found
                    origin[arg.type_list_attr] = arg.name
            elif arg.type_attr is not None:
                if arg.type_attr in known:
                    if known[arg.type_attr] is not bases[0]:
                        raise TypeError(f"Input '{arg.name}' of '{self.type}' Op has type {bases[0].name} that does "
                                        f"not match type {known[arg.type_attr].name} of argument "
                                        f"'{origin[arg.type_attr]}'.")
                else:
                    self.check_type(self.attrs[arg.type_attr], bases[0], arg.name)
                    known[arg.type_attr] = bases[0]
                    origin[arg.type_attr] = arg.name
            if arg.is_ref:
                for t in tensors:
                    if t.dtype._enum < 100:
                        raise TypeError(f"'{self.type}' Op requires that input '{arg.name}' be a mutable tensor "
                                        "(e.g.: a tf.Variable)")
            inputs.extend(tensors)
            counts.append(len(tensors))
        return bases, known, counts

    cdef int check_type(self, AttrDef a, object dtype, str arg_name) except -1:
        if a.allowed is not None and dtype not in a.allowed:
            raise TypeError(f"Value passed to parameter '{arg_name}' has DataType {dtype.name} not in list of allowed "
                            f"values: {', '.join([d.name for d in a.allowed])}")
        return 0

    cdef object convert_one(self, ArgDef arg, object value, dict known, dict origin):
        cdef AttrDef a
        dtype = None
        default = None
        allowed = None
        if arg.dtype:
            dtype = DTYPES[arg.dtype]
        elif arg.type_attr in known:
            dtype = known[arg.type_attr]
        else:
            a = self.attrs[arg.type_attr]
            if a.default is not MISSING:
                default = a.default
                allowed = a.allowed
        if type(value) is Tensor and (dtype is None or (<Tensor>value).dtype.base_dtype is dtype):
            return value
        cdef Graph g
        cdef int number
        if dtype is not None and not arg.is_ref:
            g = current_graph()
            number = number_node(g, value, dtype._enum, g.scope, arg.name)
            if number >= 0:
                return g.tensor(number)
        try:
            if dtype is None and allowed:
                inferred = None
                try:
                    inferred = CONVERT(value, None, arg.name, arg.is_ref, None)
                except TypeError:
                    pass
                if inferred is not None and inferred.dtype in allowed:
                    return inferred
                return CONVERT(value, None, arg.name, arg.is_ref, default)
            return CONVERT(value, dtype, arg.name, arg.is_ref, default)
        except TypeError as e:
            if dtype is None:
                raise
            raise TypeError(f"Expected {dtype.name} passed to parameter '{arg.name}' of op '{self.type}', got "
                            f"{value!r} of type '{type(value).__name__}' instead. Error: {e}") from None
        except ValueError:
            try:
                observed = CONVERT(value, None, None, arg.is_ref, None).dtype.name
            except ValueError as e:
                raise ValueError(f"Tried to convert '{arg.name}' to a tensor and failed. Error: {e}") from None
            prefix = f"Input '{arg.name}' of '{self.type}' Op has type {observed} that does not match"
            if arg.dtype:
                raise TypeError(f"{prefix} expected type of {DTYPES[arg.dtype].name}.") from None
            if arg.type_attr in known:
                raise TypeError(f"{prefix} type {known[arg.type_attr].name} of argument "
                                f"'{origin[arg.type_attr]}'.") from None
            raise TypeError(f"{prefix} type {default.name} of argument 'Default in OpDef'.") from None

    cdef list convert_list(self, ArgDef arg, object values, dict known):
        cdef AttrDef a
        dtype = None
        default = None
        if arg.dtype:
            dtype = DTYPES[arg.dtype]
        elif arg.number_attr is not None:
            if arg.type_attr in known:
                dtype = known[arg.type_attr]
            else:
                for v in values:
                    if type(v) is Tensor:
                        dtype = v.dtype
                        break
                if dtype is None:
                    a = self.attrs[arg.type_attr]
                    if a.default is not MISSING:
                        default = a.default
        if dtype is not None and not arg.is_ref:
            dtype = dtype.base_dtype
        try:
            out = []
            for i, v in enumerate(values):
                if type(v) is Tensor and (dtype is None or (<Tensor>v).dtype.base_dtype is dtype):
                    out.append(v)
                else:
                    out.append(CONVERT(v, dtype, f"{arg.name}_{i}", arg.is_ref, default))
            if arg.number_attr is not None:
                for t in out:
                    if t.dtype.base_dtype is not out[0].dtype.base_dtype:
                        raise TypeError("Not all types matched")
            return out
        except (TypeError, ValueError):
            observed = []
            for v in values:
                try:
                    observed.append(CONVERT(v, None, None, arg.is_ref, None).dtype.base_dtype.name)
                except (TypeError, ValueError):
                    observed.append("<NOT CONVERTIBLE TO TENSOR>")
            prefix = f"Tensors in list passed to '{arg.name}' of '{self.type}' Op have types [{', '.join(observed)}]"
            if arg.number_attr is not None:
                if arg.dtype:
                    raise TypeError(f"{prefix} that do not match expected type {dtype.name}.") from None
                if arg.type_attr in known:
                    raise TypeError(f"{prefix} that do not match type {dtype.name} inferred from earlier "
                                    "arguments.") from None
                raise TypeError(f"{prefix} that don't all match.") from None
            raise TypeError(f"{prefix} that are invalid. Tensors: {values}") from None

    cdef object finish(self, Graph g, list inputs, object types, dict known, dict attrs, int scope, int base,
                       int suffix):
        """Attributes, output types, node; then the outputs in TF's structure."""
        cdef AttrDef a
        cdef ArgDef arg
        cdef Tensor t
        cdef int i, n, total = 0
        cdef dict values = dict(attrs)
        cdef dict extras = None
        for key in known:
            if key in values:
                raise TypeError(f"Should not specify value for inferred attr '{key}' for {self.type}.")
            a = self.attrs[key]
            if not a.inferred:
                values[key] = known[key]
        for key in list(values):
            a = self.attrs.get(key)
            if a is not None and a.inferred:
                # An empty list leaves its type open: keep what the call says.
                known[key] = normalise(a, values.pop(key), self.type)
                extras = {} if extras is None else extras
                extras[key] = (a.kind, known[key])
        for a in self.attrs.values():
            if a.inferred and a.name not in known and a.default is not MISSING:
                known[a.name] = a.default
                extras = {} if extras is None else extras
                extras[a.name] = (a.kind, a.default)
        cdef tuple stored = self.defaults
        if values or not self.all_default:
            stored = self.stored_values(values)
        cdef list dtypes = []
        cdef list structure = []
        for arg in self.outputs:
            n = 1
            if arg.type_list_attr is not None:
                found = self.attr_of(arg.type_list_attr, known, stored)
                dtypes.extend([d._enum for d in found])
                n = <int>len(found)
            else:
                if arg.number_attr is not None:
                    n = self.attr_of(arg.number_attr, known, stored)
                d = arg.dtype if arg.dtype else self.attr_of(arg.type_attr, known, stored)._enum
                if arg.is_ref:
                    d += 100
                dtypes.extend([d] * n)
            structure.append(n if arg.is_list else -1)
        if g.is_function:
            if self.type in REDUCTIONS:
                moved = (<object>g).moved_output(self, inputs, attrs, g.names.spell(scope, base, suffix))
                if moved is not None:
                    return moved
            inputs = self.captured(g, inputs, scope, base, suffix)
            self.check_references(inputs)
        cdef int n_in = <int>len(inputs), n_out = <int>len(dtypes)
        cdef int* ids = <int*>grow(NULL, (n_in + n_out + 1) * sizeof(int))
        try:
            for i in range(n_in):
                t = inputs[i]
                if t.graph is not g:
                    raise ValueError(f"{t} must be from the same graph as operation "
                                     f"'{g.names.spell(scope, base, suffix)}'.")
                ids[i] = t._id
            for i in range(n_out):
                ids[n_in + i] = dtypes[i]
            place = self.beside_references(g, inputs)
            if place is not None:
                place.__enter__()
            try:
                node = self.add(g, n_in, ids, n_out, ids + n_in, stored, scope, base, suffix, extras)
            finally:
                if place is not None:
                    place.__exit__(None, None, None)
        finally:
            free(ids)
        if self.n_out == 0:
            return g.operation(node)
        cdef list result = []
        i = g.nodes[node].first_output
        for n in structure:
            if n < 0:
                result.append(g.tensor(i))
                i += 1
            else:
                result.append([g.tensor(i + k) for k in range(n)])
                i += n
        if len(result) == 1:
            if result[0] == [] and self.stateful:
                return g.operation(node)
            return result[0]
        return tuple(result)

    cdef list captured(self, Graph g, list inputs, int scope, int base, int suffix):
        """`inputs` with those of other graphs replaced by captures, which are named in the scope of the node."""
        cdef int old = g.scope
        for x in inputs:
            if (<Tensor>x).graph is not g:
                break
        else:
            return inputs
        g.scope = g.scope_at(scope, base, suffix)
        try:
            return [x if (<Tensor>x).graph is g else g.capture(x) for x in inputs]
        finally:
            g.scope = old

    cdef int check_references(self, list inputs) except -1:
        """Refuse what has come into a function by value where a reference is wanted."""
        cdef ArgDef arg
        cdef Tensor t
        cdef int position = 0, length, others = 0, n
        cdef bint fits = True
        cdef list given = [], wanted = []
        for arg in self.inputs:
            if arg.is_ref:
                break
        else:
            return 0
        for arg in self.inputs:
            others += not arg.is_list
        for arg in self.inputs:
            length = <int>len(inputs) - others if arg.is_list else 1
            for n in range(position, position + length):
                t = inputs[n]
                given.append("tf." + t.dtype.name)
                wanted.append("tf." + t.dtype.base_dtype.name + ("_ref" if arg.is_ref else ""))
                fits = fits and not (arg.is_ref and not t.dtype._is_ref_dtype)
            position += length
        if not fits:
            raise TypeError(f"In op '{self.type}', input types ([{', '.join(given)}]) are not compatible with expected "
                            f"types ([{', '.join(wanted)}])")
        return 0

    cdef object beside_references(self, Graph g, list inputs):
        """The scope that places an operation with the variables it takes by reference; None if there are none."""
        cdef ArgDef arg
        cdef int position = 0, length, others = 0
        cdef list found = []
        for arg in self.inputs:
            others += not arg.is_list
        for arg in self.inputs:
            length = <int>len(inputs) - others if arg.is_list else 1     # no op has references and two lists
            if arg.is_ref:
                found.extend([t.op for t in inputs[position:position + length]])
            position += length
        return (<object>g).colocate_with(found[0] if len(found) == 1 else found) if found else None

    cdef object attr_of(self, str name, dict known, tuple stored):
        if name in known:
            return known[name]
        return stored[self.stored_index[name]]

    # ------------------------------------------------------------ reading attributes

    cdef object inferred_attr(self, Graph g, int n_inputs, int* inputs, AttrDef a):
        """The value of an attribute that follows from a node's inputs."""
        cdef ArgDef arg
        cdef int position = 0, singles = 0, groups = 0, length, i
        for arg in self.inputs:
            if arg.is_list:
                groups += 1
            else:
                singles += 1
        length = (n_inputs - singles) // groups if groups else 0
        if a.kind == "int":
            return length
        for arg in self.inputs:
            if a.name == arg.type_list_attr:
                return tuple([DTYPES[base_of(g.outputs[inputs[position + i]].dtype)] for i in range(length)])
            if a.name == arg.type_attr and (not arg.is_list or length):
                return DTYPES[base_of(g.outputs[inputs[position]].dtype)]
            position += length if arg.is_list else 1
        return None

    def create(self, Graph graph not None, inputs, attrs, str name not None):
        """Add a node from flat tensors and a full set of attributes, as an import of a GraphDef does.

        `name` is taken as it is when it ends with "/", made unique otherwise.
        """
        cdef int scope, base, suffix
        cdef ArgDef arg
        cdef list nested = []
        cdef dict known = {}
        cdef AttrDef a
        graph.check_open()
        flat = list(inputs)
        position = 0
        for arg in self.inputs:
            if arg.type_list_attr is not None:
                n = len(attrs[arg.type_list_attr])
            elif arg.number_attr is not None:
                n = attrs[arg.number_attr]
            else:
                n = -1
            nested.append(flat[position] if n < 0 else flat[position:position + n])
            position += 1 if n < 0 else n
        if position != len(flat):
            raise ValueError(f"{self.type} '{name}' takes {position} inputs, got {len(flat)}.")
        graph.resolve_name(name, True, &scope, &base, &suffix)
        out = []
        extras = {}
        rest = {}
        try:
            _, known, _ = self.convert(tuple(nested), {}, out)
            for key, value in attrs.items():
                if key not in self.attrs:
                    extras[key] = value
                elif key not in known and value is not None:
                    rest[key] = value
            self.finish(graph, out, None, known, rest, scope, base, suffix)
        except Exception:
            graph.release_name(name)
            raise
        op = graph.operation(graph.n_nodes - 1)
        for key, value in extras.items():
            op._set_attr(key, value)
        return op

    def __repr__(self):
        return f"<OpType {self.type}: {self.signature}>"

    # ------------------------------------------------------------ shapes

    cdef int infer(self, Graph g, int n_inputs, int* inputs, int n_outputs, int* dtypes, int* shapes, tuple stored,
                   int scope, int base, int suffix, dict extras) except -1:
        """Write the interned shape of each output."""
        cdef int i, s
        cdef PyObject* found
        if self.rule == RULE_SAME:
            s = g.outputs[inputs[0]].shape if n_inputs else UNKNOWN_SHAPE
            for i in range(n_outputs):
                shapes[i] = s
            return 0
        if self.rule == RULE_BROADCAST:
            s = broadcast_shapes(g.outputs[inputs[0]].shape, g.outputs[inputs[1]].shape)
            if s >= 0:
                shapes[0] = s
                return 0
            c = self.context(g, n_inputs, inputs, stored, scope, base, suffix, extras)
            raise ValueError(c.explain(broadcast_problem(g.outputs[inputs[0]].shape, g.outputs[inputs[1]].shape)))
        if self.rule == RULE_UNKNOWN:
            for i in range(n_outputs):
                shapes[i] = UNKNOWN_SHAPE
            return 0
        if self.rule == RULE_SCALAR:
            for i in range(n_outputs):
                shapes[i] = SCALAR_SHAPE
            return 0
        if self.rule == RULE_VALUE:
            value = <object>PyTuple_GET_ITEM(<PyObject*>stored, 0)
            if type(value) is cnp.ndarray and cnp.PyArray_NDIM(value) == 0:
                shapes[0] = SCALAR_SHAPE
            else:
                shapes[0] = intern_shape(value.shape)
            return 0
        if self.quick and answered_quickly(self, g, n_inputs, inputs, n_outputs, shapes, stored):
            return 0
        if self.rule == RULE_MATMUL and matmul_shapes(g.outputs[inputs[0]].shape, g.outputs[inputs[1]].shape,
                                                      self, stored, shapes):
            return 0
        cdef dict answers = None
        if self.remembers and extras is None:
            answers = answers_of(self, stored)
            key = None if answers is None else answer_key(self, g, n_inputs, inputs)
            found = NULL if key is None else PyDict_GetItem(answers, key)
            if found != NULL:
                for i in range(n_outputs):
                    shapes[i] = (<tuple>(<tuple>found)[0])[i]
                return 0
            if key is None:
                answers = None
        c = self.context(g, n_inputs, inputs, stored, scope, base, suffix, extras)
        if g.new_handle_data:
            g.new_handle_data = None
        try:
            if self.rule == RULE_MATMUL:
                given = [matmul_shape(c)]
            else:
                given = self.shape(c)
        except ValueError as e:
            raise ValueError(c.explain(str(e))) from None
        except (IndexError, OverflowError, TypeError) as e:
            # A rule that met what it does not expect, as a vector for a number.
            raise ValueError(c.explain(str(e))) from e
        if len(given) != n_outputs:
            raise AssertionError(f"shape rule of {self.type} gave {len(given)} shapes for {n_outputs} outputs")
        for i in range(n_outputs):
            shapes[i] = intern_shape(given[i] if given[i] is None or type(given[i]) is tuple
                                     else tuple(given[i]))
        if answers is not None:
            remember(self, g, c, answers, n_inputs, inputs, n_outputs, shapes)
        return 0

    cdef ShapeContext context(self, Graph g, int n_inputs, int* inputs, tuple stored, int scope, int base, int suffix,
                              dict extras):
        cdef ShapeContext c = ShapeContext.__new__(ShapeContext)
        cdef int i
        c.op_type = self
        c.owner = g
        c.ids = [inputs[i] for i in range(n_inputs)]
        c.stored = stored
        c.extras = extras
        c.scope = scope
        c.base = base
        c.suffix = suffix
        c.folded = []
        return c


cdef enum:
    DT_RESOURCE = 20
    DT_VARIANT = 21
    UNRESOLVED = -2              # a name has not been split into base and suffix yet


# ---------------------------------------------------------------- constants and binary operators

cdef OpType CONST_TYPE = None
cdef dict NUMBER_ATTRS = {}      # (type, number, dtype) -> the stored attributes of its Const


cdef tuple number_attrs(object value, int dtype):
    """Stored attributes of the Const of a Python number as `dtype`; None when that needs checking."""
    cdef object kind = type(value)
    cdef double d
    cdef long long i
    cdef int overflow = 0
    if kind is float:
        if dtype != 1 and dtype != 2:
            return None
    elif kind is int:
        i = PyLong_AsLongLongAndOverflow(value, &overflow)
        if overflow:
            return None
        if dtype == 3:
            if i < -2147483648 or i > 2147483647:
                return None
        elif dtype != 1 and dtype != 2 and dtype != 9:
            return None
    else:
        return None
    cdef tuple key = (kind, value, dtype)
    cdef bint known = kind is int or is_key(value)
    cdef PyObject* found = PyDict_GetItem(NUMBER_ATTRS, key) if known else NULL
    if found != NULL:
        return <tuple>found
    array = np.array(value, DTYPES[dtype].as_numpy_dtype)
    array.setflags(write=False)
    cdef tuple attrs = (array, DTYPES[dtype])
    if known and len(NUMBER_ATTRS) < 4096:
        NUMBER_ATTRS[key] = attrs
    return attrs


cdef int number_node(Graph g, object value, int dtype, int scope, str name) except -2:
    """Add the Const of numbers called `name` in `scope`; its output id, or -1 when that needs checking."""
    cdef tuple attrs = literal_attrs(value, dtype)
    return -1 if attrs is None else const_node(g, attrs, scope, name)


def constant(array, dtype, str name not None):
    """Add a Const with the value `array`, which nobody may write any more, of DType `dtype`."""
    cdef Graph g = current_graph()
    cdef int scope, base, suffix, number = dtype._enum
    if CONST_TYPE is None:
        op_type("Const")
    g.check_open()
    g.resolve_name(name, True, &scope, &base, &suffix)
    return g.tensor(g.nodes[CONST_TYPE.add(g, 0, NULL, 1, &number, (array, dtype), scope, base, suffix,
                                           None)].first_output)


cdef inline bint is_number(int dtype) noexcept:
    return 0 < dtype < 64 and (<unsigned long long>1 << dtype) & (
        1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 14 | 1 << 17 | 1 << 19 | 1 << 22 | 1 << 23)


@cython.final
cdef class BinaryCall:
    """The short way to a node of two inputs: a tensor with a tensor or a Python number, names and all, in C.

    Everything else goes to `slow`, which must build the same.

    Parameters
    ----------
    op_type : OpType
    name : str
        The scope of a call without a name.
    slow : function
        ``slow(x, y)``, with ``name`` behind when the caller gave one.
    reflected : bool
        The second argument is the left operand, as in ``__radd__``.
    """

    def __init__(self, OpType op_type not None, str name not None, slow, bint reflected=False):
        if not op_type.simple or op_type.n_in != 2 or op_type.simple_in_dtype:
            raise ValueError(f"{op_type.type} does not take two inputs of one type")
        self.op_type = op_type
        self.name = name
        self.slow = slow
        self.reflected = reflected

    def __call__(self, x, y, name=None):
        out = self.build(x, y, name)
        if out is not None:
            return out
        return self.slow(x, y) if name is None else self.slow(x, y, name)

    cdef object build(self, object x, object y, object name):
        """The node's output; None when this is not the way."""
        cdef Graph g = current_graph()
        cdef Tensor t
        cdef int ids[2]
        cdef int scope, base, suffix, dtype
        cdef int mine = 1 if self.reflected else 0
        if type(x) is not Tensor:
            return None
        t = <Tensor>x
        if t.graph is not g:
            if g.is_function:
                return None
            g = t.graph
        dtype = g.outputs[t._id].dtype
        if dtype > 100:
            dtype -= 100
        if not is_number(dtype) or not (self.op_type.allowed >> dtype) & 1:
            return None
        ids[mine] = t._id
        if type(y) is Tensor:
            t = <Tensor>y
            if t.graph is not g or base_of(g.outputs[t._id].dtype) != dtype:
                return None
            ids[1 - mine] = t._id
        elif type(y) is RESOURCE_VARIABLE_CLASS:
            if <int>y._dtype._enum != dtype or g is not current_graph() or plain_handle(y, g) is None:
                return None
        elif number_attrs(y, dtype) is None:
            return None
        g.check_open()
        if name is None:
            name = self.name
        elif type(name) is not str or not name:
            return None
        if type(y) is not Tensor and (g.taken or (<str>name)[len(<str>name) - 1] == u"/"):
            return None          # TF makes the number's Const before it finds the name taken
        g.resolve_name(<str>name, False, &scope, &base, &suffix)
        if type(y) is RESOURCE_VARIABLE_CLASS:
            ids[1 - mine] = read_node(g, y, g.scope_at(scope, base, suffix))
        elif type(y) is not Tensor:
            if g is not current_graph():
                push_graph(g)
                try:
                    ids[1 - mine] = number_node(g, y, dtype, g.scope_at(scope, base, suffix),
                                                (<ArgDef>self.op_type.inputs[1 - mine]).name)
                finally:
                    pop_graph(g)
            else:
                ids[1 - mine] = number_node(g, y, dtype, g.scope_at(scope, base, suffix),
                                            (<ArgDef>self.op_type.inputs[1 - mine]).name)
        try:
            return g.tensor(g.nodes[self.op_type.add(g, 2, ids, 1, &dtype, self.op_type.defaults, scope, base, suffix,
                                                     None)].first_output)
        except Exception:
            g.release_name(<str>name)
            raise


cdef object binary_operator(str name, object x, object y):
    """``x op y`` through the operator registered under a method name."""
    found = operator(name)
    if type(found) is BinaryCall:
        out = (<BinaryCall>found).build(x, y, None)
        if out is not None:
            return out
        return (<BinaryCall>found).slow(x, y)
    return found(x, y)


cdef inline int base_of(int dtype) noexcept:
    return dtype - 100 if dtype > 100 else dtype


cdef bint all_ready(tuple args, list inputs):
    """Whether every argument is a tensor, or a list of tensors where the op takes one: converting makes no node."""
    cdef int i = 0
    for v in args:
        if type(v) is not Tensor:
            if i >= len(inputs) or not (<ArgDef>inputs[i]).is_list or not isinstance(v, (list, tuple)):
                return False
            for w in v:
                if type(w) is not Tensor:
                    return False
        i += 1
    return True


cdef str node_name_text(object name, str default_name):
    if name is None or (isinstance(name, (str, bytes)) and not name):
        return default_name
    if isinstance(name, str):
        return str(name)
    if not name:
        return default_name
    return scope_text(name)
