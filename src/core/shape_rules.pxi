# What a shape rule sees of the node being made, the rules that live in C, and how a rule's complaint is worded: TF
# names the node, its attributes, its inputs and every shape and constant that the rule looked at.

cdef tuple variable_of(Graph g, int output):
    """``(shape, dtype)`` of the variable that a resource is a handle of, or None."""
    cdef Node* n = &g.nodes[g.outputs[output].node]
    cdef OpType t = OP_TYPES[n.op_type]
    cdef PyObject* known
    if t.type == "VarHandleOp":
        return ((<tuple>n.attrs)[t.stored_index["shape"]]._dims, (<tuple>n.attrs)[t.stored_index["dtype"]])
    known = PyDict_GetItem(g.handle_data, output)
    return tuple((<object>known)[0]) if known != NULL and <object>known else None


@cython.final
cdef class ShapeContext:
    """The node that a shape rule is asked about, before it exists."""

    cdef int id_of(self, int index) except -1:
        if index < 0 or index >= len(self.ids):
            raise IndexError(f"{self.op_type.type} has {len(self.ids)} inputs here; no input {index}")
        return <int>self.ids[index]

    cdef int ask(self, int index) except -1:
        """Note that the rule wants the value of an input."""
        if 0 <= index < MOST_REMEMBERED:
            self.asked |= <unsigned int>1 << index
        else:
            self.looked_further = True
        return 0

    @property
    def graph(self):
        """The graph that the node will be in."""
        self.looked_further = True
        return self.owner

    @property
    def n_inputs(self):
        """How many tensors go in."""
        return len(self.ids)

    @property
    def inputs(self):
        """The tensors that go in, as a list."""
        self.looked_further = True
        return [self.owner.tensor(i) for i in self.ids]

    def shape(self, int index):
        """Static shape of input `index`: a tuple of ints and None, or None for unknown rank."""
        return SHAPE_TUPLES[self.owner.outputs[self.id_of(index)].shape]

    def rank(self, int index):
        """Number of dimensions of input `index`, or None."""
        cdef int rank = SHAPES[self.owner.outputs[self.id_of(index)].shape].rank
        return None if rank < 0 else rank

    def dtype(self, int index):
        """DType of input `index`, without reference."""
        return DTYPES[base_of(self.owner.outputs[self.id_of(index)].dtype)]

    def attr(self, str name):
        """Value of an attribute."""
        cdef int small[16]
        cdef int* ids = small
        cdef int i, n = <int>len(self.ids)
        at = self.op_type.stored_index.get(name)
        if at is not None:
            return self.stored[at]
        if self.extras is not None and name in self.extras:
            return self.extras[name][1]
        if n > 16:
            ids = <int*>grow(NULL, n * sizeof(int))
        for i in range(n):
            ids[i] = self.ids[i]
        try:
            return self.op_type.inferred_attr(self.owner, n, ids, self.op_type.attrs[name])
        finally:
            if ids != small:
                free(ids)

    def constant(self, int index):
        """Value of input `index` when it is statically known, else None."""
        self.ask(index)
        if FOLD_CONSTANT is None:
            return None
        value = FOLD_CONSTANT(self.owner.tensor(self.id_of(index)))
        if value is not None:
            self.folded.append((index, value))
        return value

    def constant_shape(self, int index):
        """The shape that integer vector `index` stands for, as far as it is known; None: not even its rank."""
        self.ask(index)
        if FOLD_SHAPE is None:
            return None
        value = FOLD_SHAPE(self.owner.tensor(self.id_of(index)))
        if value is not None:
            if self.partial is None:
                self.partial = []
            self.partial.append((index, value))
        return value

    def handle_data(self, int index):
        """``(shape, dtype)`` of what resource input `index` refers to, or None."""
        self.looked_further = True
        return self.owner.handle_data.get(self.id_of(index))

    def variable(self, int index):
        """``(shape, dtype)`` of the variable that resource input `index` is a handle of, or None."""
        return variable_of(self.owner, self.id_of(index))

    cdef list controls(self):
        """Ids of the control inputs that the node would have."""
        cdef list found = []
        cdef int i, n = <int>len(self.ids)
        cdef int* ids = <int*>grow(NULL, (n + 1) * sizeof(int))
        for i in range(n):
            ids[i] = self.ids[i]
        try:
            self.owner.controls_for(n, ids, found)
        finally:
            free(ids)
        return found

    def set_handle_data(self, int index, data):
        """Say what resource or variant output `index` refers to: a tuple of ``(shape, dtype)``."""
        self.looked_further = True
        if self.owner.new_handle_data is None:
            self.owner.new_handle_data = []
        self.owner.new_handle_data.append((index, data))

    def explain(self, str problem):
        """`problem` with the node and what was known of its inputs, worded as TF's shape functions do."""
        cdef str name = self.owner.names.spell(self.scope, self.base, self.suffix)
        cdef AttrDef a
        folded = self.folded
        partial = self.partial or []
        if callable(self.op_type.shape):
            passes = RulePasses(self)
            problem = passes.complaint(problem)
            folded, partial = passes.folded, passes.partial
        cdef list attrs = []
        cdef dict values = {}
        for a in self.op_type.attrs.values():
            values[a.name] = (a.kind, self.attr(a.name))
        if self.extras:
            values.update(self.extras)
        for key in sorted(values):
            kind, value = values[key]
            attrs.append(f"{key}={attr_text(kind, value)}")
        cdef list inputs = [t._as_node_def_input() for t in self.inputs]
        inputs.extend([f"^{self.owner.node_name(i)}" for i in self.controls()])
        summary = f"{{{{node {name}}}}} = {self.op_type.type}[{', '.join(attrs)}]({', '.join(inputs)})"
        shapes = ", ".join(["?" if self.rank(i) is None else shape_text(self.shape(i)) for i in range(len(self.ids))])
        text = f"{problem} for '{summary}' with input shapes: {shapes}"
        known = sorted({i: v for i, v in folded if i not in [j for j, _ in partial]}.items())
        if known:
            text += " and with computed input tensors: " + ", ".join(
                [f"input[{i}] = <{values_text(v)}>" for i, v in known])
        if partial:
            known = sorted({i: v for i, v in partial}.items())
            text += " and with input tensors computed as partial shapes: " + ",".join(
                [f"input[{i}] = {shape_text(v)}" for i, v in known])
        return text + "."


class RulePasses:
    """A shape rule run as TF's shape refiner runs it, to word its complaint.

    The refiner calls the rule without any values first, then again with those the rule asked for, until it asks for
    no more; so a complaint that needs no value is made before any is known, and names none.
    """

    def __init__(self, context):
        self.context = context
        self.n_inputs = context.n_inputs
        self.inputs = context.inputs
        self.shape = context.shape
        self.rank = context.rank
        self.dtype = context.dtype
        self.attr = context.attr
        self.handle_data = context.handle_data
        self.variable = context.variable
        self.asked = set()
        self.known = {}

    def set_handle_data(self, index, data):
        """No node comes of this pass."""

    def constant(self, index):
        self.asked.add((False, index))
        return self.known.get((False, index))

    def constant_shape(self, index):
        self.asked.add((True, index))
        found = self.known.get((True, index))
        if found is None:
            dims = self.shape(index)
            if dims is not None and len(dims) > 1:
                raise ValueError(f"Shape must be rank 1 but is rank {len(dims)}")
            if dims is not None and len(dims) == 1 and dims[0] is not None:
                found = (None,) * dims[0]
        return found

    def complaint(self, problem):
        """The message of the first pass that fails, or `problem`."""
        for _ in range(8):
            try:
                self.context.op_type.shape(self)
            except ValueError as e:
                return str(e)
            except Exception:
                break            # a rule that cannot do without the values
            new = self.asked.difference(self.known)
            if not new:
                break
            for key in new:
                # What the refiner itself refuses, as a size of -2, it reports without the node.
                value = self.context.constant_shape(key[1]) if key[0] else self.context.constant(key[1])
                self.known[key] = value
        return problem

    @property
    def folded(self):
        return [(i, v) for (as_shape, i), v in self.known.items() if not as_shape and v is not None]

    @property
    def partial(self):
        return [(i, v) for (as_shape, i), v in self.known.items() if as_shape and v is not None]


def shape_text(dims):
    """A shape as TF's C++ side prints it: ``[2,?]``, or ``<unknown>``."""
    if dims is None:
        return "<unknown>"
    return "[" + ",".join(["?" if d is None else str(d) for d in dims]) + "]"


def values_text(array, int most=256):
    """Up to `most` values of an array, as TF's Tensor::SummarizeValue prints them."""
    if np.ndim(array) == 0:
        return value_text(np.asarray(array).reshape(-1)[0])
    if np.ndim(array) == 1:
        return " ".join([value_text(v) for v in array[:most]]) + ("..." if len(array) > most else "")
    return "".join(["[" + values_text(row, most) + "]" for row in array[:most]])


cdef str value_text(object v):
    if isinstance(v, bytes):
        return '"' + v.decode("utf-8", "backslashreplace") + '"'
    if isinstance(v, np.bool_):
        return "1" if v else "0"
    if isinstance(v, np.floating):
        return f"{float(v):.9g}" if v.dtype.itemsize <= 4 else f"{float(v):.17g}"
    return str(v)


cdef str attr_text(str kind, object value):
    if isinstance(value, (list, tuple)) and kind.startswith("list("):
        return "[" + ", ".join([attr_text(kind[5:len(kind) - 1], v) for v in value]) + "]"
    if kind == "type":
        return "<unset>" if value is None else "DT_" + TYPE_TEXT.get(value.name, value.name.upper())
    if kind == "bool":
        return "true" if value else "false"
    if kind == "string":
        return '"' + value.decode("utf-8", "backslashreplace") + '"'
    if kind == "float":
        return f"{value:g}"
    if kind == "shape":
        return shape_text(value._dims)
    if kind == "tensor":
        return (f"Tensor<type: {RUNTIME_TYPE_TEXT.get(value.dtype.name, value.dtype.name)} "
                f"shape: {shape_text(value.shape)} values: {values_text(value, 3)}>")
    if kind == "func":
        return value.name + "[]"
    return str(value)


cdef dict TYPE_TEXT = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}
cdef dict RUNTIME_TYPE_TEXT = {"float32": "float", "float64": "double", "float16": "half", "object": "string"}


cdef str broadcast_problem(int a, int b):
    """TF's words for two shapes that do not broadcast."""
    cdef Shape* x = &SHAPES[a]
    cdef Shape* y = &SHAPES[b]
    cdef int rank = max(x.rank, y.rank)
    cdef int i, k, m
    cdef long long p, q
    for i in range(rank):
        k = i - (rank - x.rank)
        m = i - (rank - y.rank)
        p = x.dims[k] if k >= 0 else 1
        q = y.dims[m] if m >= 0 else 1
        if p != q and p != 1 and q != 1 and p >= 0 and q >= 0:
            return f"Dimensions must be equal, but are {p} and {q}"
    return "Incompatible shapes"


cdef bint matmul_shapes(int a, int b, OpType t, tuple stored, int* out) except -1:
    """Shape of a 2-D matrix product whose factors fit; False if that needs a closer look."""
    cdef Shape* x = &SHAPES[a]
    cdef Shape* y = &SHAPES[b]
    cdef bint flip_x = False, flip_y = False
    cdef long long dims[2]
    if x.rank != 2 or y.rank != 2:
        return False
    if stored is not t.defaults:
        flip_x = stored[t.stored_index["transpose_a"]]
        flip_y = stored[t.stored_index["transpose_b"]]
    if x.dims[not flip_x] >= 0 and y.dims[flip_y] >= 0 and x.dims[not flip_x] != y.dims[flip_y]:
        return False
    dims[0] = x.dims[flip_x]
    dims[1] = y.dims[not flip_y]
    out[0] = intern_dims(dims, 2)
    return True


cdef object matmul_shape(ShapeContext c):
    """Shape of a 2-D matrix product."""
    a, b = c.shape(0), c.shape(1)
    for dims in (a, b):
        if dims is not None and len(dims) != 2:
            raise ValueError(f"Shape must be rank 2 but is rank {len(dims)}")
    a = (None, None) if a is None else a
    b = (None, None) if b is None else b
    rows, inner = (a[1], a[0]) if c.attr("transpose_a") else a
    other, columns = (b[1], b[0]) if c.attr("transpose_b") else b
    if inner is not None and other is not None and inner != other:
        raise ValueError(f"Dimensions must be equal, but are {inner} and {other}")
    return rows, columns
