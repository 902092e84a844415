# Graph: operations and tensors as records in flat arrays that the graph owns; Operation and Tensor are handles to
# them.  A handle is made when somebody asks for it, is the same object as long as anybody holds it, and points at the
# graph, never the reverse, so the collector sees only the handles a program keeps.

cdef list DTYPES = []            # DataType number -> DType
cdef object DTYPE_CLASS = None   # DType
cdef list OP_TYPES = []          # OpType.index -> OpType
OPTYPES = {}                     # type -> OpType
cdef dict OPERATORS = {}         # "__add__" -> function


def set_dtypes(table):
    """Tell the core the DType objects: a list indexed by TF's DataType number, None where there is none."""
    global DTYPE_CLASS
    DTYPES[:] = table
    DTYPE_CLASS = next((type(d) for d in table if d is not None), None)


def set_operators(functions):
    """Give Tensor its operators: a dict from method name to ``f(self, other)`` (or ``f(self)``)."""
    OPERATORS.update(functions)


cdef object operator(str name):
    cdef PyObject* found = PyDict_GetItem(OPERATORS, name)
    if found == NULL:
        LOAD_OPERATOR(name)
        found = PyDict_GetItem(OPERATORS, name)
        if found == NULL:
            raise NotImplementedError(f"Tensor.{name}: PyScope does not have it")
    return <object>found


cdef object LOAD_OPERATOR = None
cdef object LOAD_OP_TYPE = None


def set_loaders(operator, op_type):
    """Tell the core what to call with a name it has not heard of: an operator's, or an op type's."""
    global LOAD_OPERATOR, LOAD_OP_TYPE
    LOAD_OPERATOR = operator
    LOAD_OP_TYPE = op_type


def op_type(str name not None):
    """The OpType called `name`, its module loaded when necessary; NotImplementedError when there is none."""
    found = OPTYPES.get(name)
    if found is None:
        LOAD_OP_TYPE(name)
        found = OPTYPES.get(name)
        if found is None:
            raise NotImplementedError(f"Op type '{name}': PyScope does not have it")
    return found


@cython.final
@cython.freelist(16)
cdef class Controller:
    """One open ``control_dependencies`` block: what it adds, and which operations were made inside."""
    cdef list ids                # node ids of the control inputs
    cdef set seen                # node ids of operations made inside


cdef class Graph:
    """A data flow graph: operations, tensors, and the names they go by.

    *Thread-safety*: building is serialised by the GIL; one thread should build a given graph at a time.
    """

    def __cinit__(self, *args, **kwargs):
        self.names = NameTable()
        self.nodes_capacity = 16
        self.nodes = <Node*>malloc(16 * sizeof(Node))
        self.outputs_capacity = 16
        self.outputs = <Output*>malloc(16 * sizeof(Output))
        self.edges_capacity = 32
        self.edges = <int*>malloc(32 * sizeof(int))
        if self.nodes == NULL or self.outputs == NULL or self.edges == NULL:
            raise MemoryError()
        self.node_extras = {}
        self.handle_data = {}
        self.user_data = {}
        self.by_name = {}
        self.retyped = {}
        self.nodes_of_base = {}
        self.consumer_index = []
        self.controllers = []
        self.taken = set()
        self.placed_with = -1

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_nodes):
            Py_XDECREF(self.nodes[i].attrs)
        free(self.nodes)
        free(self.outputs)
        free(self.edges)

    # ------------------------------------------------------------ handles

    cdef Tensor tensor(self, int output):
        cdef Tensor t
        if self.outputs[output].handle != NULL:
            return <Tensor>self.outputs[output].handle
        t = Tensor.__new__(Tensor)
        t.graph = self
        t._id = output
        self.outputs[output].handle = <PyObject*>t
        return t

    cdef Operation operation(self, int node):
        cdef Operation op
        if self.nodes[node].handle != NULL:
            return <Operation>self.nodes[node].handle
        op = Operation.__new__(Operation)
        op.graph = self
        op._id = node
        self.nodes[node].handle = <PyObject*>op
        return op

    # ------------------------------------------------------------ building

    cdef int check_open(self) except -1:
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        return 0

    cdef int append(self, OpType op_type, int n_inputs, int* inputs, int n_controls, int* controls,
                    int n_outputs, int* dtypes, int* shapes, PyObject* attrs,
                    int scope, int base, int suffix) except -1:
        """Append a node that has been checked; steals nothing, keeps a reference to `attrs`."""
        cdef int node = self.n_nodes
        cdef int i, n_edges = n_inputs + n_controls
        if node == self.nodes_capacity:
            self.nodes = <Node*>grow(self.nodes, <size_t>2 * node * sizeof(Node))
            self.nodes_capacity = 2 * node
        while self.n_outputs + n_outputs > self.outputs_capacity:
            self.outputs = <Output*>grow(self.outputs, <size_t>2 * self.outputs_capacity * sizeof(Output))
            self.outputs_capacity *= 2
        self.reserve_edges(n_edges)
        cdef Node* n = &self.nodes[node]
        n.op_type = op_type.index
        n.scope = scope
        n.base = base
        self.names.valid[base] |= HAS_NODES
        n.suffix = suffix
        n.first_edge = self.n_edges
        n.n_inputs = n_inputs
        n.n_controls = n_controls
        n.first_output = self.n_outputs
        n.n_outputs = n_outputs
        n.device = -1
        n.placed = -1
        n.waited_for = False
        Py_XINCREF(attrs)
        n.attrs = attrs
        n.handle = NULL
        for i in range(n_inputs):
            self.edges[self.n_edges + i] = inputs[i]
        for i in range(n_controls):
            self.edges[self.n_edges + n_inputs + i] = controls[i]
        self.n_edges += n_edges
        for i in range(n_outputs):
            self.outputs[self.n_outputs + i] = Output(node, shapes[i], dtypes[i], NULL)
        self.n_outputs += n_outputs
        self.n_nodes += 1
        return node

    cdef int reserve_edges(self, int n) except -1:
        while self.n_edges + n > self.edges_capacity:
            self.edges = <int*>grow(self.edges, <size_t>2 * self.edges_capacity * sizeof(int))
            self.edges_capacity *= 2
        return 0

    cdef int resolve_name(self, str name, bint plain, int* scope, int* base, int* suffix,
                          bint opening=False) except -1:
        """Where a node called `name` goes: a unique name in the current scope, or "a/b/" taken as it is.

        TF checks the name as a scope's, except where it makes a node without opening one (`plain`); when only a
        scope is opened (`opening`), a node may have the name.
        """
        cdef NameTable names = self.names
        cdef int component, flags
        cdef Py_ssize_t start, cut
        cdef Scope* current
        cdef str head, path
        if ends_with_slash(name):
            # Usually the innermost open scope, handed to an op as its name.
            current = &names.scopes[self.scope]
            if self.scope and current.prefix != NULL and not current.by_path:
                if name is <str>current.prefix or name == <str>current.prefix:
                    path = name[:len(name) - 1] if current.named or self.taken else None
                    if current.named or self.taken and path in self.taken:
                        raise ValueError(f"Duplicate node name in graph: '{path}'")
                    current.named = True
                    scope[0] = current.parent
                    base[0] = current.base
                    suffix[0] = current.suffix
                    return 0
            self.take_name(name[:len(name) - 1])
            head, _, name = name[:len(name) - 1].rpartition("/")
            scope[0] = names.scope_of_path(head)
            component = names.intern(name)
            base[0] = names.split_base[component]
            suffix[0] = names.split_suffix[component]
            return 0
        scope[0] = self.scope
        if has_slash(name):
            flags = name_flags(name)         # of a path only its components are kept
            if not plain:
                self.check_name(name, flags)
            start = 0
            cut = PyUnicode_FindChar(name, 47, 0, PyUnicode_GET_LENGTH(name), 1)
            while cut >= 0:
                scope[0] = names.child_scope(scope[0], PyUnicode_Substring(name, start, cut))
                start = cut + 1
                cut = PyUnicode_FindChar(name, 47, start, PyUnicode_GET_LENGTH(name), 1)
            component = names.intern(PyUnicode_Substring(name, start, PyUnicode_GET_LENGTH(name)))
        else:
            component = names.intern(name)
            flags = names.valid[component]
            if not plain:
                self.check_name(name, flags)
        names.unique(scope[0], component, True, base, suffix)
        if plain and not flags & (VALID_IN_SCOPE if self.scope else VALID_AT_ROOT):
            raise ValueError(f"`{names.spell(scope[0], base[0], suffix[0])}` is not a valid node name. "
                             f"Accepted names conform to Regex /re.compile({OP_NAME_PATTERN!r})/")
        if self.taken and not opening and names.spell(scope[0], base[0], suffix[0]) in self.taken:
            raise ValueError(f"Duplicate node name in graph: '{names.spell(scope[0], base[0], suffix[0])}'")
        return 0

    cdef bint is_free(self, str name):
        """Whether `name`, "a/b/", is that of the innermost scope, and known to be no operation's."""
        cdef Scope* current = &self.names.scopes[self.scope]
        return (self.scope and current.prefix != NULL and not current.by_path and not current.named
                and not self.taken and name == <str>current.prefix)

    cdef int take_name(self, str name) except -1:
        """Note a node name that the registry does not vouch for; ValueError when a node has it."""
        if name in self.taken or self.has_operation(name):
            raise ValueError(f"Duplicate node name in graph: '{name}'")
        self.taken.add(name)
        return 0

    cdef bint has_operation(self, str name) except -1:
        """Whether there is an operation called `name`; no names are spelled out but of those that end alike."""
        cdef NameTable names = self.names
        cdef str head, last
        cdef int component, base, entry, i
        cdef Node* n
        head, _, last = name.rpartition("/")
        component = names.intern(last)
        base = names.split_base[component]
        if not names.valid[base] & HAS_NODES:
            return False
        entry = names.scopes[names.scope_of_path(head)].entry
        found = self.nodes_of_base.get(base)
        if found is None:
            found = self.nodes_of_base[base] = [0, {}]
        cdef dict places = found[1]          # (entry of the scope, suffix) -> nodes
        for i in range(<int>found[0], self.n_nodes):
            n = &self.nodes[i]
            if n.base == base:
                places.setdefault((names.scopes[n.scope].entry, n.suffix), []).append(i)
        found[0] = self.n_nodes
        for i in places.get((entry, names.split_suffix[component]), ()):
            if self.node_name(i) == name:
                return True
        return False

    cdef int release_name(self, str name) except -1:
        """Undo `resolve_name` for a name taken as it is whose node could not be made."""
        cdef Scope* current
        cdef str path
        if not ends_with_slash(name):
            return 0
        path = name[:len(name) - 1]
        if self.has_operation(path):
            return 0
        self.taken.discard(path)
        current = &self.names.scopes[self.scope]
        if self.scope and current.prefix != NULL and not current.by_path and name == <str>current.prefix:
            current.named = False
        return 0

    cdef int check_name(self, str name, int flags) except -1:
        if self.scope:
            if not flags & VALID_IN_SCOPE:
                raise ValueError(f"'{name}' is not a valid scope name. A scope name has to match "
                                 f"the following pattern: {SCOPE_NAME_PATTERN}")
        elif not flags & VALID_AT_ROOT:
            raise ValueError(f"'{name}' is not a valid root scope name. A root scope name has "
                             f"to match the following pattern: {OP_NAME_PATTERN}")
        return 0

    cdef int controls_for(self, int n_inputs, int* inputs, list out) except -1:
        """Control inputs that the open blocks add to a node with these inputs, in TF's order."""
        cdef Controller controller
        cdef int i
        cdef set ops = set()
        cdef set added = None            # as `out`; made for more than one block, each without repetitions of its own
        for i in range(n_inputs):
            ops.add(self.outputs[inputs[i]].node)
        for controller in self.controllers:
            if controller.seen.isdisjoint(ops):
                if out and added is None:
                    added = set(out)
                for node in controller.ids:
                    if node not in ops and (added is None or node not in added):
                        out.append(node)
                        if added is not None:
                            added.add(node)
        return 0

    cdef set named_by_controllers(self):
        """The nodes that open control_dependencies blocks name, which a block inside does not name again, or None."""
        cdef Controller controller
        cdef set named = None
        for controller in self.controllers:
            if named is None:
                named = set()
            named.update(controller.ids)
        return named

    cdef int record(self, int node) except -1:
        """Tell the open control_dependencies blocks that `node` was made inside them."""
        cdef Controller controller
        for controller in self.controllers:
            controller.seen.add(node)
        return 0

    def unique_name(self, str name, mark_as_used=True):
        """`name` in the current scope, with a suffix that makes it unique among names in use."""
        cdef int base, suffix, scope = self.scope
        cdef NameTable names = self.names
        cdef str head
        if "/" in name:
            head, _, name = name.rpartition("/")
            for part in head.split("/"):
                scope = names.child_scope(scope, part)
        names.unique(scope, names.intern(name), mark_as_used, &base, &suffix)
        return names.spell(scope, base, suffix)

    # ------------------------------------------------------------ scopes

    @property
    def _name_stack(self):
        return self.names.scope_path(self.scope)

    def get_name_scope(self):
        """The current name scope, without a trailing slash; "" at the root."""
        return self.names.scope_path(self.scope)

    cdef int enter_scope(self, object name) except -1:
        """Make the scope that ``name_scope(name)`` means current; returns the one to go back to."""
        cdef int old = self.scope
        cdef int scope, base, suffix, low
        cdef NameTable names = self.names
        cdef NameEntry* entry
        cdef str text
        if name is None or PyUnicode_GET_LENGTH(name) == 0:
            self.scope = 0
            return old
        text = name
        if ends_with_slash(text):
            # Usually a scope that was left a moment ago, or is open, by the text that opening it gave.
            low = max(names.n_scopes - 32, 0)
            for scope in range(names.n_scopes - 1, low, -1):
                if names.scopes[scope].prefix == <PyObject*>text and not names.scopes[scope].by_path:
                    self.scope = scope
                    return old
            self.check_name(text, name_flags(text))
            self.scope = names.scope_of_path(text[:len(text) - 1])
            return old
        self.resolve_name(text, False, &scope, &base, &suffix, True)
        low = names.lower[base]
        entry = &names.entries[names.obtained]
        if low == base and entry.base == base and entry.suffix == suffix and entry.parent == names.scopes[scope].entry:
            self.scope = names.new_scope(scope, base, suffix, names.obtained)    # the name was just made
        else:
            self.scope = self.scope_at(scope, base, suffix)
        return old

    cdef int scope_at(self, int scope, int base, int suffix) except -1:
        """A scope for the component (base, suffix) in `scope`."""
        cdef NameTable names = self.names
        cdef int low = names.lower[base], low_base, low_suffix
        if suffix == 0:
            low_base = names.split_base[low]
            low_suffix = names.split_suffix[low]
        else:
            low_base = low
            low_suffix = suffix
        return names.new_scope(scope, base, suffix, names.obtain(names.scopes[scope].entry, low_base, low_suffix))

    # ------------------------------------------------------------ reading

    cdef str node_name(self, int node):
        cdef Node* n = &self.nodes[node]
        return self.names.spell(n.scope, n.base, n.suffix)

    @property
    def n_operations(self):
        """How many operations the graph has."""
        return self.n_nodes

    @property
    def _last_id(self):
        return self.n_nodes

    @property
    def version(self):
        """A number that grows when an operation is added."""
        return self.n_nodes + self.version_extra

    def get_operations(self):
        """All operations in the order in which they were made."""
        return [self.operation(i) for i in range(self.n_nodes)]

    def _operation_at(self, int node):
        if node < 0 or node >= self.n_nodes:
            raise IndexError(f"graph has {self.n_nodes} operations; no operation {node}")
        return self.operation(node)

    def _tensor_at(self, int output):
        if output < 0 or output >= self.n_outputs:
            raise IndexError(f"graph has {self.n_outputs} tensors; no tensor {output}")
        return self.tensor(output)

    def _find_operation(self, str name):
        """The operation called `name`, or None."""
        cdef int i
        cdef PyObject* found
        if self.n_named < self.n_nodes:
            for i in range(self.n_named, self.n_nodes):
                self.by_name[self.node_name(i)] = i
            self.n_named = self.n_nodes
        found = PyDict_GetItem(self.by_name, name)
        if found == NULL:
            return None
        return self.operation(<int>PyLong_AsLong(<object>found))

    cdef dict extras_of(self, int node):
        """Attributes of a node beyond its op type's own, or None; what was only noted is written out."""
        cdef Node* n = &self.nodes[node]
        cdef PyObject* found
        cdef dict extras
        if n.placed < 0 and not n.waited_for:
            found = PyDict_GetItem(self.node_extras, node)
            return None if found == NULL else <dict>found
        extras = self.node_extras.setdefault(node, {})
        if n.placed >= 0:
            groups = set(self.operation(n.placed).colocation_groups())
            self.nodes[node].placed = -1
            extras["_class"] = ("list(string)", tuple(sorted(groups)))
        if self.nodes[node].waited_for:
            self.nodes[node].waited_for = False
            extras["_has_manual_control_dependencies"] = ("bool", True)
        return extras

    cdef int settle_all(self) except -1:
        """Write out the colocation groups of all nodes, before those they were taken from change."""
        cdef int i
        for i in range(self.n_nodes):
            if self.nodes[i].placed >= 0:
                self.extras_of(i)
        return 0

    cdef list consumers_of(self, int output):
        """Ids of the nodes that take this output, in order of creation."""
        cdef int i, k
        cdef Node* n
        cdef list index = self.consumer_index
        if len(index) < self.n_outputs:
            index.extend([None] * (self.n_outputs - len(index)))
        for i in range(self.n_consumer_nodes, self.n_nodes):
            n = &self.nodes[i]
            for k in range(n.n_inputs):
                self.note_consumer(self.edges[n.first_edge + k], i)
        self.n_consumer_nodes = self.n_nodes
        found = index[output]
        return [] if found is None else found

    cdef int note_consumer(self, int output, int node) except -1:
        found = self.consumer_index[output]
        if found is None:
            self.consumer_index[output] = [node]
        elif node not in (<list>found)[-1:]:
            (<list>found).append(node)
        return 0

    cdef int forget_consumers(self) except -1:
        self.edit_count += 1
        self.version_extra += 1
        self.consumer_index = []
        self.n_consumer_nodes = 0
        return 0

    @property
    def _edit_count(self):
        return self.edit_count

    def _note_edit(self):
        """Say that what the graph computes has changed without a change to its nodes: plans are made anew."""
        self.edit_count += 1


# Handles keep their graph until they are gone: clearing it early would leave the node pointing at freed memory.

@cython.final
@cython.no_gc_clear
@cython.freelist(64)
cdef class Operation:
    """A node of a graph: it computes tensors from tensors.

    Made by the functions of the API and by `Graph.create_op`, not by calling this class.
    """

    def __init__(self, *args, **kwargs):
        raise TypeError("Operation is made by Graph.create_op and by the op functions, not by calling the class")

    def __dealloc__(self):
        if self.graph is not None and self.graph.nodes[self._id].handle == <PyObject*>self:
            self.graph.nodes[self._id].handle = NULL

    def __getattr__(self, name):
        found = self.graph.user_data.get(("op", self._id))
        if found is not None and name in found:
            return found[name]
        raise AttributeError(f"'Operation' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        self.graph.user_data.setdefault(("op", self._id), {})[name] = value

    def __delattr__(self, name):
        try:
            del self.graph.user_data[("op", self._id)][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def name(self):
        """The full name, with its scopes."""
        return self.graph.node_name(self._id)

    @property
    def type(self):
        """The kind of operation, e.g. ``"MatMul"``."""
        return self.op_type.type

    @property
    def op_type(self):
        """The OpType record of this kind of operation."""
        return OP_TYPES[self.graph.nodes[self._id].op_type]

    @property
    def inputs(self):
        """The tensors it takes, as a tuple."""
        cdef Node* n = &self.graph.nodes[self._id]
        cdef int i
        return tuple([self.graph.tensor(self.graph.edges[n.first_edge + i]) for i in range(n.n_inputs)])

    @property
    def outputs(self):
        """The tensors it makes, as a list."""
        cdef Node* n = &self.graph.nodes[self._id]
        cdef int i
        return [self.graph.tensor(n.first_output + i) for i in range(n.n_outputs)]

    def values(self):
        """The tensors it makes, as a tuple."""
        return tuple(self.outputs)

    @property
    def control_inputs(self):
        """The operations that must run before this one, as a list."""
        cdef Node* n = &self.graph.nodes[self._id]
        cdef int i
        return [self.graph.operation(self.graph.edges[n.first_edge + n.n_inputs + i]) for i in range(n.n_controls)]

    @property
    def _control_outputs(self):
        """The operations that wait for this one."""
        cdef Graph g = self.graph
        cdef Node* n
        cdef int i, k
        out = []
        for i in range(g.n_nodes):
            n = &g.nodes[i]
            for k in range(n.n_controls):
                if g.edges[n.first_edge + n.n_inputs + k] == self._id:
                    out.append(g.operation(i))
                    break
        return out

    @property
    def device(self):
        """The device string; "" when none was asked for."""
        cdef int d = self.graph.nodes[self._id].device
        return "" if d < 0 else self.graph.names.strings[d]

    def _set_device(self, device):
        cdef str text = device if isinstance(device, str) else device.to_string()
        self.graph.nodes[self._id].device = self.graph.names.intern(text) if text else -1

    def _set_device_from_string(self, device):
        self._set_device(device)

    def _add_control_input(self, op):
        self._add_control_inputs([op])

    def _add_control_inputs(self, ops):
        """Make this operation wait for `ops` too."""
        cdef Graph g = self.graph
        cdef Node* n = &g.nodes[self._id]
        cdef Operation op
        cdef int i, first
        cdef set have = {g.edges[n.first_edge + n.n_inputs + i] for i in range(n.n_controls)}
        cdef list extra = []
        for op in ops:
            if op is None:
                raise TypeError("op must be an Operation: None")
            if op.graph is not g:
                raise ValueError(f"{op.name} must be from the same graph as {self.name}.")
            if op._id not in have:
                have.add(op._id)
                extra.append(op._id)
        if not extra:
            return
        g.check_open()
        g.reserve_edges(n.n_inputs + n.n_controls + <int>len(extra))
        first = g.n_edges
        for i in range(n.n_inputs + n.n_controls):
            g.edges[first + i] = g.edges[n.first_edge + i]
        for i in range(<int>len(extra)):
            g.edges[first + n.n_inputs + n.n_controls + i] = extra[i]
        n.first_edge = first
        n.n_controls += <int>len(extra)
        g.n_edges += n.n_inputs + n.n_controls
        g.forget_consumers()

    def _remove_all_control_inputs(self):
        self.graph.nodes[self._id].n_controls = 0
        self.graph.forget_consumers()

    def _update_input(self, int index, Tensor tensor not None):
        """Replace input `index` by `tensor`."""
        cdef Graph g = self.graph
        cdef Node* n = &g.nodes[self._id]
        if tensor.graph is not g:
            raise ValueError(f"{tensor.name} must be from the same graph as {self.name}.")
        g.check_open()
        if index < 0 or index >= n.n_inputs:
            raise errors_module().OutOfRangeError(
                None, None, f"Cannot update edge. Input index [{index}] is greater than the number of total inputs "
                f"[{n.n_inputs}].")
        wanted = g.tensor(g.edges[n.first_edge + index]).dtype.base_dtype
        if tensor.dtype.base_dtype is not wanted:
            # The node's attributes and outputs were made for the old dtype. As in TF, the first run complains.
            g.retyped.setdefault((self._id, index), wanted)
        g.edges[n.first_edge + index] = tensor._id
        if g.outputs[tensor._id].node >= self._id:
            g.points_back = True
        g.forget_consumers()

    def _add_while_inputs(self, tensors):
        """Append inputs (of a functional While being completed)."""
        cdef Graph g = self.graph
        cdef Node* n = &g.nodes[self._id]
        cdef Tensor t
        cdef int i, first, total = n.n_inputs + n.n_controls
        g.reserve_edges(total + <int>len(tensors))
        first = g.n_edges
        for i in range(n.n_inputs):
            g.edges[first + i] = g.edges[n.first_edge + i]
        i = n.n_inputs
        for t in tensors:
            g.edges[first + i] = t._id
            if g.outputs[t._id].node >= self._id:
                g.points_back = True
            i += 1
        cdef int k
        for k in range(n.n_controls):
            g.edges[first + i + k] = g.edges[n.first_edge + n.n_inputs + k]
        n.first_edge = first
        n.n_inputs = i
        g.n_edges += i + n.n_controls
        g.forget_consumers()

    def _add_outputs(self, types, shapes):
        """Give the operation further outputs of these dtypes and shapes.

        Outputs of a node are consecutive, so all of them move to new ids: O(edges of the graph). Tensors keep their
        identity; ids that somebody wrote down do not.
        """
        cdef Graph g = self.graph
        cdef Node* n = &g.nodes[self._id]
        cdef int old = n.first_output, kept = n.n_outputs, first = g.n_outputs, total, i
        cdef Tensor t
        types = list(types)
        shapes = list(shapes)
        total = kept + <int>len(types)
        if total == kept:
            return
        g.check_open()
        while first + total > g.outputs_capacity:
            g.outputs = <Output*>grow(g.outputs, <size_t>2 * g.outputs_capacity * sizeof(Output))
            g.outputs_capacity *= 2
        for i in range(kept):
            g.outputs[first + i] = g.outputs[old + i]
            if g.outputs[old + i].handle != NULL:
                t = <Tensor>g.outputs[old + i].handle
                t._id = first + i
                g.outputs[old + i].handle = NULL
            if old + i in g.handle_data:
                g.handle_data[first + i] = g.handle_data.pop(old + i)
            if ("tensor", old + i) in g.user_data:
                g.user_data["tensor", first + i] = g.user_data.pop(("tensor", old + i))
        for i in range(total - kept):
            g.outputs[first + kept + i] = Output(self._id, intern_shape(SHAPE_CLASS(shapes[i])._dims),
                                                 <int>types[i]._enum, NULL)
        g.n_outputs += total
        n.first_output = first
        n.n_outputs = total
        for i in range(g.n_nodes):
            n = &g.nodes[i]
            for k in range(n.first_edge, n.first_edge + n.n_inputs):
                if old <= g.edges[k] < old + kept:
                    g.edges[k] += first - old
        g.forget_consumers()

    def get_attr(self, str name):
        """Value of an attribute; ValueError when the operation has none of that name."""
        kind, value = self._attr(name)
        if isinstance(value, tuple):
            return list(value)
        return operator("attr_value")(kind, value) if kind in ("shape", "tensor", "func", "list(shape)") else value

    def _attr(self, str name):
        """``(kind, value)`` of an attribute as the node keeps it."""
        cdef OpType t = self.op_type
        cdef Node* n = &self.graph.nodes[self._id]
        cdef AttrDef a
        extras = self.graph.extras_of(self._id)
        if extras is not None and name in extras:
            return extras[name]
        a = t.attrs.get(name)
        if a is None:
            raise ValueError(f"Operation '{self.name}' has no attr named '{name}'.")
        if a.inferred:
            return a.kind, t.inferred_attr(self.graph, n.n_inputs, self.graph.edges + n.first_edge, a)
        return a.kind, (<tuple>n.attrs)[t.stored_index[name]]

    def _attrs(self):
        """All attributes: name -> (kind, value as the node keeps it)."""
        cdef OpType t = self.op_type
        out = {name: self._attr(name) for name in t.attrs}
        extras = self.graph.extras_of(self._id)
        if extras is not None:
            out.update(extras)
        return out

    def _set_attr(self, str name, value):
        """Set an attribute from ``(kind, value)`` or an AttrValue message."""
        if not isinstance(value, tuple):
            value = operator("attr_from_proto")(value)
        if name == "_class":
            self._before_moving()
        self.graph.node_extras.setdefault(self._id, {})[name] = value
        self.graph.version_extra += 1

    def _before_moving(self):
        """Let operations placed with this one keep its present groups; nothing can be placed with a new one yet."""
        self.graph.extras_of(self._id)
        if self._id != self.graph.n_nodes - 1:
            self.graph.settle_all()

    def _place_with(self, Operation op not None):
        """Give this new operation the colocation groups of another one of its graph."""
        if op.graph is not self.graph:
            raise ValueError(f"{op.name} must be from the same graph as {self.name}.")
        self.graph.nodes[self._id].placed = op._id

    def _note_waited_for(self):
        """Mark this operation as named in a control_dependencies block."""
        self.graph.nodes[self._id].waited_for = True

    def _clear_attr(self, str name):
        if name == "_class":
            self._before_moving()
        extras = self.graph.extras_of(self._id)
        if extras is not None:
            extras.pop(name, None)

    @property
    def traceback(self):
        """Where the operation was made; not recorded, so empty."""
        return []

    def colocation_groups(self):
        """The ``loc:@name`` groups this operation is placed with, as bytes."""
        extras = self.graph.extras_of(self._id)
        found = None if extras is None else extras.get("_class")
        default = [("loc:@" + self.name).encode()]
        if found is None:
            return default
        groups = [g for g in found[1] if g.startswith(b"loc:@")]
        return groups or default

    def run(self, feed_dict=None, session=None):
        """Run this operation in `session` or the default session."""
        return operator("run_operation")(self, feed_dict, session)

    @property
    def _is_stateful(self):
        return self.op_type.stateful

    @property
    def node_def(self):
        """This operation as a NodeDef message."""
        return operator("node_def")(self)

    @property
    def op_def(self):
        """The kind of this operation as an OpDef message."""
        return operator("op_def")(self)

    def __repr__(self):
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self):
        return str(self.node_def)

    def __reduce__(self):
        raise TypeError("an Operation belongs to its graph and cannot be pickled")


@cython.final
@cython.no_gc_clear
@cython.freelist(256)
cdef class Tensor:
    """An output of an operation: a value that a run of the graph computes.

    Made by the functions of the API, not by calling this class.
    """

    def __init__(self, *args, **kwargs):
        raise TypeError("Tensor is made by the op functions, not by calling the class")

    def __dealloc__(self):
        if self.graph is not None and self.graph.outputs[self._id].handle == <PyObject*>self:
            self.graph.outputs[self._id].handle = NULL

    def __getattr__(self, name):
        found = self.graph.user_data.get(("tensor", self._id))
        if found is not None and name in found:
            return found[name]
        raise AttributeError(f"'Tensor' object has no attribute '{name}'")

    def __setattr__(self, name, value):
        if name == "_handle_data":
            self.graph.handle_data[self._id] = value
            return
        self.graph.user_data.setdefault(("tensor", self._id), {})[name] = value

    def __delattr__(self, name):
        try:
            del self.graph.user_data[("tensor", self._id)][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def op(self):
        """The operation that makes it."""
        return self.graph.operation(self.graph.outputs[self._id].node)

    @property
    def value_index(self):
        """Which output of its operation it is."""
        cdef Output* o = &self.graph.outputs[self._id]
        return self._id - self.graph.nodes[o.node].first_output

    @property
    def dtype(self):
        """The DType of its elements."""
        return DTYPES[self.graph.outputs[self._id].dtype]

    @property
    def name(self):
        """The full name, ``"scope/op:0"``."""
        cdef Output* o = &self.graph.outputs[self._id]
        return f"{self.graph.node_name(o.node)}:{self._id - self.graph.nodes[o.node].first_output}"

    @property
    def shape(self):
        """The static shape, a TensorShape."""
        return shape_object(self.graph.outputs[self._id].shape)

    def get_shape(self):
        """The static shape, a TensorShape."""
        return shape_object(self.graph.outputs[self._id].shape)

    @property
    def _shape(self):
        return shape_object(self.graph.outputs[self._id].shape)

    @property
    def _dims(self):
        """The static shape as a tuple of ints and None; None for unknown rank."""
        return SHAPE_TUPLES[self.graph.outputs[self._id].shape]

    @property
    def _rank(self):
        cdef int rank = SHAPES[self.graph.outputs[self._id].shape].rank
        return None if rank < 0 else rank

    @property
    def ndim(self):
        """The number of dimensions; None when unknown."""
        return self._rank

    @property
    def _dtype_enum(self):
        return self.graph.outputs[self._id].dtype

    @property
    def _shape_id(self):
        return self.graph.outputs[self._id].shape

    @property
    def _handle_data(self):
        return self.graph.handle_data.get(self._id)

    def set_shape(self, shape):
        """Refine the static shape with what the program knows; ValueError when they contradict."""
        merged = shape_object(self.graph.outputs[self._id].shape)
        try:
            merged = merged.merge_with(shape)
        except ValueError:
            other = SHAPE_CLASS(shape)
            raise ValueError(f"Shapes must be equal rank, but are {merged.ndims} and {other.ndims}"
                             if merged.ndims != other.ndims else
                             self._contradiction(merged, other)) from None
        self.graph.outputs[self._id].shape = intern_shape(merged._dims)

    def _contradiction(self, mine, other):
        for i, (a, b) in enumerate(zip(mine._dims, other._dims)):
            if a is not None and b is not None and a != b:
                return (f"Dimension {i} in both shapes must be equal, but are {a} and {b}. "
                        f"Shapes are {shape_text(mine._dims)} and {shape_text(other._dims)}.")
        return f"Shapes {mine} and {other} are not compatible"

    @property
    def device(self):
        """The device of the operation that makes it."""
        return self.op.device

    def consumers(self):
        """The operations that take it, in order of creation."""
        return [self.graph.operation(i) for i in self.graph.consumers_of(self._id)]

    def _as_node_def_input(self):
        cdef int index = self.value_index
        return self.op.name if index == 0 else f"{self.op.name}:{index}"

    def eval(self, feed_dict=None, session=None):
        """Its value in `session` or the default session, as an array."""
        return operator("eval_tensor")(self, feed_dict, session)

    def experimental_ref(self):
        """A hashable reference to this tensor."""
        return operator("ref")(self)

    def ref(self):
        """A hashable reference to this tensor."""
        return operator("ref")(self)

    # ------------------------------------------------------------ operators

    def __add__(self, other):
        return binary_operator("__add__", self, other)

    def __radd__(self, other):
        return binary_operator("__radd__", self, other)

    def __sub__(self, other):
        return binary_operator("__sub__", self, other)

    def __rsub__(self, other):
        return binary_operator("__rsub__", self, other)

    def __mul__(self, other):
        return binary_operator("__mul__", self, other)

    def __rmul__(self, other):
        return binary_operator("__rmul__", self, other)

    def __truediv__(self, other):
        return operator("__truediv__")(self, other)

    def __rtruediv__(self, other):
        return operator("__rtruediv__")(self, other)

    def __div__(self, other):
        return operator("__div__")(self, other)

    def __rdiv__(self, other):
        return operator("__rdiv__")(self, other)

    def __floordiv__(self, other):
        return operator("__floordiv__")(self, other)

    def __rfloordiv__(self, other):
        return operator("__rfloordiv__")(self, other)

    def __mod__(self, other):
        return operator("__mod__")(self, other)

    def __rmod__(self, other):
        return operator("__rmod__")(self, other)

    def __pow__(self, other, modulo):
        return operator("__pow__")(self, other)

    def __rpow__(self, other, modulo):
        return operator("__rpow__")(self, other)

    def __matmul__(self, other):
        return operator("__matmul__")(self, other)

    def __rmatmul__(self, other):
        return operator("__rmatmul__")(self, other)

    def __and__(self, other):
        return operator("__and__")(self, other)

    def __rand__(self, other):
        return operator("__rand__")(self, other)

    def __or__(self, other):
        return operator("__or__")(self, other)

    def __ror__(self, other):
        return operator("__ror__")(self, other)

    def __xor__(self, other):
        return operator("__xor__")(self, other)

    def __rxor__(self, other):
        return operator("__rxor__")(self, other)

    def __neg__(self):
        return operator("__neg__")(self)

    def __abs__(self):
        return operator("__abs__")(self)

    def __invert__(self):
        return operator("__invert__")(self)

    def __lt__(self, other):
        return operator("__lt__")(self, other)

    def __le__(self, other):
        return operator("__le__")(self, other)

    def __gt__(self, other):
        return operator("__gt__")(self, other)

    def __ge__(self, other):
        return operator("__ge__")(self, other)

    # Equality is identity, as in TF's graph mode; `tf.equal` compares elements.

    def __eq__(self, other):
        return self is other

    def __ne__(self, other):
        return self is not other

    def __hash__(self):
        return <Py_hash_t>(<size_t><PyObject*>self >> 4)

    def __getitem__(self, key):
        found = quick_slice(self, key)
        return operator("__getitem__")(self, key) if found is None else found

    def __iter__(self):
        return operator("__iter__")(self)

    def __len__(self):
        return operator("__len__")(self)

    def __bool__(self):
        return operator("__bool__")(self)

    def __array__(self, dtype=None, copy=None):
        return operator("__array__")(self)

    __array_priority__ = 100

    def __repr__(self):
        return f"<tf.Tensor '{self.name}' shape={self.shape} dtype={self.dtype.name}>"

    def __str__(self):
        dims = self._dims
        shape = "" if dims is None else f", shape={self.shape}"
        device = f", device={self.device}" if self.device else ""
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name}{device})'

    def __reduce__(self):
        raise TypeError("a Tensor belongs to its graph and cannot be pickled; fetch its value with Session.run")
