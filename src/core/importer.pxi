# A GraphDef's bytes become nodes of a graph, as TF's GraphConstructor makes them: every node and input is looked up
# first, then nodes are made in topological order, the earliest of those that are ready first.
#
# What the attributes say is read by importer_kinds.pxi.  An error takes back all nodes.

cdef struct InputDef:            # one input of a node of the message
    int source                   # index of the node it names; -1: an output or operation of the graph
    int index                    # which output; CONTROL
    int mapped                   # the output or node id that stands in for it, when `source` is -1

cdef enum:
    CONTROL = -1


def name_count(Graph graph not None):
    """A number that grows when the graph hears of a new name; see `GraphImport`."""
    return graph.names.n_entries


@cython.final
cdef class GraphImport:
    """The nodes of a GraphDef on their way into a graph.

    Parameters
    ----------
    graph : Graph
    data : bytes
        The GraphDef.
    prefix : str
        Scope of the new nodes, without a trailing slash.
    input_map : dict
        ``(name, index)`` of an input, with index -1 for a control input, to the Tensor or Operation to take instead.
    known_names : int
        `name_count` before the scope was opened: if it is newer, nothing in it can be in the way.

    Raises
    ------
    ValueError, NotFoundError
        With TF's text; the graph is as before.
    """

    cdef Graph graph
    cdef bytes data
    cdef str prefix
    cdef bytes prefix_slash
    cdef dict input_map
    cdef set used_keys
    cdef NodeDef* defs
    cdef int n_defs
    cdef InputDef* inputs
    cdef int n_inputs
    cdef int inputs_capacity
    cdef SliceTable by_name
    cdef KindReader reader
    cdef SliceTable scope_index  # directory of a name -> scope
    cdef SliceTable base_index   # last component of a name without its suffix -> component
    cdef int prefix_scope
    cdef set existing            # names and prefixes of names in the graph, where they may be in the way; else None
    cdef set gdef_prefixes
    cdef dict renamed            # full name -> the one taken instead
    cdef list kept               # bytes that slices point into
    cdef readonly int first_node
    cdef int first_output
    cdef int first_edge
    cdef readonly list devices   # (node id, device)
    cdef readonly list colocated  # node ids
    cdef readonly list lacking   # (index of a NodeDef, op type) that left attributes to their defaults
    cdef list back_edges         # (node id, input, index of the source, output)

    def __init__(self, Graph graph not None, bytes data not None, str prefix not None, dict input_map not None,
                 int known_names):
        cdef int entry
        self.graph = graph
        self.data = data
        self.prefix = prefix
        self.prefix_slash = (prefix + "/").encode() if prefix else b""
        self.input_map = input_map
        self.used_keys = set()
        self.scope_index = SliceTable()
        self.base_index = SliceTable()
        self.renamed = {}
        self.kept = []
        self.devices = []
        self.colocated = []
        self.lacking = []
        self.back_edges = []
        self.prefix_scope = graph.names.scope_of_path(prefix)
        entry = graph.names.scopes[self.prefix_scope].entry
        if graph.n_nodes and (not prefix or entry < known_names):
            self.existing = set()
            for i in range(graph.n_nodes):
                name = graph.node_name(i)
                self.existing.add(name)
                while "/" in name:
                    name = name.rpartition("/")[0]
                    if name in self.existing:
                        break
                    self.existing.add(name)

    def __dealloc__(self):
        free(self.defs)
        free(self.inputs)

    # ------------------------------------------------------------ reading the message

    cdef int read(self) except -1:
        """Find the nodes of the message, their names and inputs."""
        cdef const unsigned char* p = <unsigned char*>PyBytes_AS_STRING(self.data)
        cdef const unsigned char* end = p + PyBytes_GET_SIZE(self.data)
        cdef const unsigned char* start = p
        cdef WireField f
        cdef int n = 0, i
        while p < end:
            p = read_field(p, end, &f)
            n += f.number == 1
        self.defs = <NodeDef*>grow(NULL, (n + 1) * sizeof(NodeDef))
        self.inputs_capacity = 2 * n + 16
        self.inputs = <InputDef*>grow(NULL, self.inputs_capacity * sizeof(InputDef))
        self.by_name = SliceTable(n)
        p = start
        while p < end:
            p = read_field(p, end, &f)
            if f.number == 1:
                self.read_node(f.content)
        for i in range(self.n_defs):
            self.read_inputs(i)
        return 0

    cdef int read_node(self, Slice message) except -1:
        cdef const unsigned char* p = message.data
        cdef const unsigned char* end = p + message.n
        cdef const unsigned char* start
        cdef WireField f
        cdef NodeDef* d = &self.defs[self.n_defs]
        cdef bint after_control = False
        memset(d, 0, sizeof(NodeDef))
        d.node = -1
        # The inputs' slices wait where the InputDefs will be until all names are known.
        d.first_input = self.n_inputs
        while p < end:
            start = p
            p = read_field(p, end, &f)
            if f.number == 1:
                d.name = f.content
            elif f.number == 2:
                d.op = f.content
            elif f.number == 3:
                if self.n_inputs == self.inputs_capacity:
                    self.inputs_capacity *= 2
                    self.inputs = <InputDef*>grow(self.inputs, self.inputs_capacity * sizeof(InputDef))
                self.inputs[self.n_inputs].source = <int>(f.content.data - message.data)
                self.inputs[self.n_inputs].index = <int>f.content.n
                self.n_inputs += 1
                d.n_inputs += 1
            elif f.number == 4:
                d.device = f.content
            elif f.number == 5:
                if d.attrs.n == 0:
                    d.attrs.data = start
                elif d.attrs.data + d.attrs.n != start:
                    # Other fields in between: put the entries side by side.
                    joined = slice_bytes(d.attrs) + PyBytes_FromStringAndSize(<char*>start, p - start)
                    self.kept.append(joined)
                    d.attrs.data = <unsigned char*>PyBytes_AS_STRING(joined)
                    d.attrs.n = PyBytes_GET_SIZE(joined)
                    continue
                d.attrs.n += p - start
        if not is_node_name(d.name):
            raise ValueError(f"Node '{slice_text(d.name)}': Node name contains invalid characters")
        if self.by_name.find(d.name) >= 0:
            raise ValueError(f"Node '{slice_text(d.name)}' is not unique")
        self.by_name.add(d.name, self.n_defs)
        if d.op.n == 0:
            raise ValueError(f"Node '{slice_text(d.name)}' does not specify an operation")
        d.is_merge = equals(d.op, b"Merge") or equals(d.op, b"RefMerge")
        d.is_next = equals(d.op, b"NextIteration") or equals(d.op, b"RefNextIteration")
        # From here on `pending` says where the message starts.
        d.pending = <int>(message.data - <unsigned char*>PyBytes_AS_STRING(self.data))
        for i in range(d.first_input, self.n_inputs):
            if message.data[self.inputs[i].source] == 94 and self.inputs[i].index:       # "^"
                after_control = True
            elif after_control:
                raise ValueError(f"Node '{slice_text(d.name)}': Control dependencies must come after regular "
                                 "dependencies")
        self.n_defs += 1
        return 0

    cdef int read_inputs(self, int k) except -1:
        """Look up what the inputs of a node name."""
        cdef NodeDef* d = &self.defs[k]
        cdef const unsigned char* message = <unsigned char*>PyBytes_AS_STRING(self.data) + d.pending
        cdef InputDef* x
        cdef Slice text
        cdef Py_ssize_t digits
        cdef int i, index, n_controls = 0, n_mapped = 0
        cdef bint loops = False
        for i in range(d.first_input, d.first_input + d.n_inputs):
            x = &self.inputs[i]
            text.data = message + x.source
            text.n = x.index
            index = 0
            if text.n and text.data[0] == 94:
                text.data += 1
                text.n -= 1
                index = CONTROL
            else:
                digits = text.n
                while digits > 0 and 48 <= text.data[digits - 1] <= 57:
                    digits -= 1
                if 1 < digits < text.n and text.n - digits < 10 and text.data[digits - 1] == 58:     # "name:1"
                    for c in range(digits, text.n):
                        index = 10 * index + text.data[c] - 48
                    text.n = digits - 1
            n_controls += index == CONTROL
            if self.input_map:
                key = (slice_text(text), index)
                found = self.input_map.get(key)
                if found is not None:
                    self.used_keys.add(key)
                    n_mapped += 1
                    x.source = -1
                    if type(found) is Tensor:
                        x.index = 0
                        x.mapped = (<Tensor>found)._id
                    else:
                        x.index = CONTROL
                        x.mapped = (<Operation>found)._id
                    continue
            x.index = index
            x.source = self.by_name.find(text)
            if x.source < 0:
                shown = ("^" if index == CONTROL else "") + slice_text(text) + (f":{index}" if index > 0 else "")
                raise ValueError(f"Node '{slice_text(d.name)}': Unknown input node '{shown}'")
            loops = loops or (index != CONTROL and self.defs[x.source].is_next)
        # A Merge that a loop comes back to is ready after one of its inputs.
        d.pending = (n_controls + 1 if d.is_merge and loops else d.n_inputs) - n_mapped
        return 0

    # ------------------------------------------------------------ making nodes

    def build(self):
        """Make the nodes."""
        cdef Graph g = self.graph
        g.check_open()
        self.first_node = g.n_nodes
        self.first_output = g.n_outputs
        self.first_edge = g.n_edges
        try:
            self.read()
            self.reader = KindReader(self.by_name, self.prefix_slash)
            if self.in_order():
                for i in range(self.n_defs):
                    self.make(i)
            else:
                self.make_sorted()
            self.close_loops()
        except BaseException:
            self.take_back()
            raise

    cdef bint in_order(self):
        """Whether every node stands behind its inputs, but for the way back into loops."""
        cdef int i, k
        cdef NodeDef* d
        for i in range(self.n_defs):
            d = &self.defs[i]
            for k in range(d.first_input, d.first_input + d.n_inputs):
                if self.inputs[k].source >= i and not (d.is_merge and self.inputs[k].index != CONTROL
                                                       and self.defs[self.inputs[k].source].is_next):
                    return False
        return True

    cdef int make_sorted(self) except -1:
        from heapq import heapify, heappop, heappush

        cdef list followers = [None] * self.n_defs
        cdef list ready = []
        cdef int i, k, source, done = 0
        cdef NodeDef* d
        for i in range(self.n_defs):
            d = &self.defs[i]
            for k in range(d.first_input, d.first_input + d.n_inputs):
                source = self.inputs[k].source
                if source >= 0:
                    if followers[source] is None:
                        followers[source] = []
                    (<list>followers[source]).append(i)
            if d.pending <= 0:
                ready.append(i)
        heapify(ready)
        while ready:
            source = heappop(ready)
            self.make(source)
            done += 1
            for i in followers[source] or ():
                d = &self.defs[i]
                if not (d.is_merge and self.defs[source].is_next):
                    d.pending -= 1
                    if d.pending == 0:
                        heappush(ready, i)
        if done < self.n_defs:
            raise ValueError(f"{self.n_defs - done} nodes in a cycle")
        return 0

    cdef int make(self, int k) except -1:
        """Make node `k` of the message."""
        cdef Graph g = self.graph
        cdef NodeDef* d = &self.defs[k]
        cdef NodeKind kind
        cdef tuple stored
        cdef OpType t
        cdef int small[32]
        cdef int* ids = small        # inputs, then control inputs, then shapes
        cdef int n = 0, n_controls = 0, i, c, node, scope, base, suffix, producer
        cdef bint loops = False
        cdef InputDef* x
        kind = self.reader.read(d)
        stored = self.reader.stored
        t = kind.op_type
        if d.n_inputs + kind.n_outputs > 32:
            ids = <int*>grow(NULL, (d.n_inputs + kind.n_outputs) * sizeof(int))
        try:
            for i in range(d.first_input, d.first_input + d.n_inputs):
                x = &self.inputs[i]
                if x.index == CONTROL:
                    producer = x.mapped if x.source < 0 else self.defs[x.source].node
                    for c in range(n, n + n_controls):
                        if ids[c] == producer:
                            break
                    else:
                        ids[n + n_controls] = producer
                        n_controls += 1
                elif n_controls:         # a control input that was mapped to a tensor stands behind: not TF's form
                    raise ValueError(f"Node '{slice_text(d.name)}': Control dependencies must come after regular "
                                     "dependencies")
                elif x.source < 0:
                    ids[n] = x.mapped
                    n += 1
                elif self.defs[x.source].node < 0:
                    if not d.is_merge:
                        raise ValueError(f"Node '{slice_text(d.name)}' had a back edge, but only Merge nodes can have "
                                         "back edges.")
                    loops = True
                    ids[n] = -1
                    self.back_edges.append((g.n_nodes, n, x.source, x.index))
                    n += 1
                else:
                    producer = self.defs[x.source].node
                    if x.index >= g.nodes[producer].n_outputs:
                        self.no_such_output(d, x, producer)
                    ids[n] = g.nodes[producer].first_output + x.index
                    n += 1
            self.place_name(d.name, &scope, &base, &suffix)
            if n != kind.n_inputs:
                self.wrong_inputs(kind, d, n)
            for i in range(n):
                if ids[i] >= 0:
                    c = g.outputs[ids[i]].dtype
                    if c != kind.dtypes[i] and (kind.dtypes[i] > 100 or base_of(c) != kind.dtypes[i]):
                        self.wrong_type(kind, i, ids[i], scope, base, suffix)
            c = n + n_controls
            if loops:
                for i in range(n):
                    if ids[i] < 0:
                        # Until close_loops; what comes before the loop is never wrong as an input.
                        ids[i] = ids[0] if ids[0] >= 0 else ids[n - 1]
                ids[c] = UNKNOWN_SHAPE
                ids[c + 1] = SCALAR_SHAPE
            else:
                t.infer(g, n, ids, kind.n_outputs, kind.dtypes + n, ids + c, stored, scope, base, suffix,
                        kind.open_types)
            if kind.shapes is not None and kind.n_outputs:
                self.apply_shapes(kind, ids + c, scope, base, suffix)
            node = g.append(t, n, ids, n_controls, ids + n, kind.n_outputs, kind.dtypes + n, ids + c,
                            <PyObject*>stored if stored else NULL, scope, base, suffix)
        finally:
            if ids != small:
                free(ids)
        d.node = node
        if self.reader.extras is not None:
            g.node_extras[node] = self.reader.extras
        if g.new_handle_data:
            for index, data in g.new_handle_data:
                g.handle_data[g.nodes[node].first_output + <int>index] = data
            g.new_handle_data = None
        elif t.rule == RULE_SAME and kind.n_outputs and kind.dtypes[n] in (DT_RESOURCE, DT_VARIANT):
            c = g.edges[g.nodes[node].first_edge]
            if c in g.handle_data:
                g.handle_data[g.nodes[node].first_output] = g.handle_data[c]
        if d.device.n:
            self.devices.append((node, slice_text(d.device)))
        if self.reader.colocated:
            self.colocated.append(node)
        if kind.lacks_defaults:
            self.lacking.append((k, t))
        return 0

    cdef int close_loops(self) except -1:
        """Connect the ways back into loops, and rename in colocations what had to be renamed."""
        cdef Graph g = self.graph
        cdef int producer, id
        for node, i, source, index in self.back_edges:
            producer = self.defs[<int>source].node
            if producer < 0 or index >= g.nodes[producer].n_outputs:
                raise ValueError(f"Node '{slice_text(self.defs[<int>source].name)}' has no output {index}")
            id = g.nodes[producer].first_output + <int>index
            g.edges[g.nodes[<int>node].first_edge + <int>i] = id
            if base_of(g.outputs[id].dtype) != base_of(g.outputs[g.nodes[<int>node].first_output].dtype):
                raise ValueError(f"Input {i} of node {g.node_name(node)} was passed "
                                 f"{type_text(g.outputs[id].dtype)} from {g.node_name(producer)}:{index} incompatible "
                                 f"with expected {type_text(g.outputs[g.nodes[<int>node].first_output].dtype)}.")
        if self.renamed:
            for node in self.colocated:
                extras = g.node_extras[node]
                extras["_class"] = ("list(string)", tuple([self.renamed_group(c) for c in extras["_class"][1]]))
        return 0

    cdef object renamed_group(self, bytes group):
        if group.startswith(b"loc:@"):
            return b"loc:@" + self.renamed.get(group[5:], group[5:])
        return group

    def take_back(self):
        """Leave the graph as it was before `build`."""
        cdef Graph g = self.graph
        cdef int i
        for i in range(self.first_node, g.n_nodes):
            Py_XDECREF(g.nodes[i].attrs)
            g.node_extras.pop(i, None)
            g.user_data.pop(("op", i), None)
            if i < g.n_named:
                g.by_name.pop(g.node_name(i), None)
        for i in range(self.first_output, g.n_outputs):
            g.handle_data.pop(i, None)
            g.user_data.pop(("tensor", i), None)
        g.new_handle_data = None
        g.n_nodes = self.first_node
        g.n_outputs = self.first_output
        g.n_edges = self.first_edge
        g.n_named = min(g.n_named, g.n_nodes)
        g.forget_consumers()

    def commit(self):
        """Take the names of the new nodes, and any that stands for a scope."""
        cdef Graph g = self.graph
        cdef Node* n
        cdef int i, low, base, suffix
        for i in range(self.first_node, g.n_nodes):
            n = &g.nodes[i]
            low = g.names.lower[n.base]
            suffix = n.suffix
            base = low
            if suffix == 0:
                base = g.names.split_base[low]
                suffix = g.names.split_suffix[low]
            g.names.take(g.names.scopes[n.scope].entry, base, suffix)

    # ------------------------------------------------------------ names

    cdef int place_name(self, Slice name, int* scope, int* base, int* suffix) except -1:
        """Where a name of the message goes below the prefix, after making it unique in the graph."""
        cdef Slice directory, last
        if self.existing is not None:
            name = self.unique_name(name)
        directory.data = name.data
        directory.n = directory_length(name)
        last = name
        if directory.n:
            scope[0] = self.scope_of(directory)
            last.data += directory.n + 1
            last.n -= directory.n + 1
        else:
            scope[0] = self.prefix_scope
        return self.place_component(last, base, suffix)

    cdef int place_component(self, Slice last, int* base, int* suffix) except -1:
        """A component of a name, split at a canonical suffix "_k" as suffix_start finds it."""
        cdef Py_ssize_t start = last.n, i
        cdef int component
        cdef long long number = 0
        while start > 0 and 48 <= last.data[start - 1] <= 57:
            start -= 1
        if (start == last.n or start < 2 or last.n - start > 9 or last.data[start - 1] != 95
                or last.data[start] == 48):
            start = last.n
        else:
            for i in range(start, last.n):
                number = 10 * number + last.data[i] - 48
            last.n = start - 1
        component = self.base_index.find(last)
        if component < 0:
            component = self.graph.names.intern(slice_text(last))
            self.base_index.add(last, component)
        if number == 0:
            base[0] = self.graph.names.split_base[component]
            suffix[0] = self.graph.names.split_suffix[component]
        else:
            base[0] = component
            suffix[0] = <int>number
        return 0

    cdef int scope_of(self, Slice directory) except -1:
        """The scope of the names in a directory below the prefix."""
        cdef int base, suffix, scope = self.scope_index.find(directory)
        cdef Slice known = directory, component
        cdef Py_ssize_t start
        if scope >= 0:
            return scope
        while scope < 0 and known.n:
            known.n = directory_length(known)
            scope = self.prefix_scope if known.n == 0 else self.scope_index.find(known)
        start = known.n + 1 if known.n else 0
        while start <= directory.n:
            component.data = directory.data + start
            component.n = 0
            while start + component.n < directory.n and component.data[component.n] != 47:
                component.n += 1
            self.place_component(component, &base, &suffix)
            scope = self.graph.scope_at(scope, base, suffix)
            self.graph.names.scopes[scope].by_path = True
            start += component.n + 1
            known.n = start - 1
            self.scope_index.add(known, scope)
        return scope

    cdef Slice unique_name(self, Slice name) except *:
        """`name`, or with the first suffix that neither the graph nor the message has."""
        cdef int count = 0
        cdef bytes changed
        cdef Slice found
        old = self.prefix_slash + slice_bytes(name)
        full = old.decode()
        if full not in self.existing:
            return name
        if self.gdef_prefixes is None:
            self.gdef_prefixes = set()
            for i in range(self.n_defs):
                text = slice_text(self.defs[i].name)
                self.gdef_prefixes.add(text)
                while "/" in text:
                    text = text.rpartition("/")[0]
                    self.gdef_prefixes.add(text)
        while True:
            count += 1
            candidate = f"{full}_{count}"
            if candidate not in self.existing and candidate not in self.gdef_prefixes:
                break
        self.renamed[old] = candidate.encode()
        changed = slice_bytes(name) + f"_{count}".encode()
        self.kept.append(changed)
        found.data = <unsigned char*>PyBytes_AS_STRING(changed)
        found.n = PyBytes_GET_SIZE(changed)
        return found

    def node(self, str name not None):
        """Id of the node made from the one called `name` in the message; -1: there is none."""
        cdef bytes text = name.encode()
        cdef Slice s
        s.data = <unsigned char*>PyBytes_AS_STRING(text)
        s.n = PyBytes_GET_SIZE(text)
        cdef int k = self.by_name.find(s)
        return -1 if k < 0 else self.defs[k].node

    def unused_keys(self):
        """The keys of the input map that name nothing in the message, in order."""
        cdef int node
        out = []
        for name, index in sorted(self.input_map):
            if (name, index) in self.used_keys:
                continue
            node = self.node(name)
            if node < 0 or index >= self.graph.nodes[node].n_outputs:
                out.append((name, index))
        return out

    # ------------------------------------------------------------ shapes and errors

    cdef int apply_shapes(self, NodeKind kind, int* shapes, int scope, int base, int suffix) except -1:
        """Refine the inferred shapes by the attribute _output_shapes."""
        cdef int i
        full = self.graph.names.spell(scope, base, suffix)
        if len(kind.shapes) < kind.n_outputs:
            raise ValueError(f"Node '{full}' has {kind.n_outputs} outputs but the _output_shapes attribute specifies "
                             f"shapes for {len(kind.shapes)} outputs")
        for i in range(kind.n_outputs):
            try:
                shapes[i] = intern_shape(merged_dims(SHAPE_TUPLES[shapes[i]], kind.shapes[i]))
            except ValueError as e:
                raise ValueError(f"Node '{full}' has an _output_shapes attribute inconsistent with the GraphDef for "
                                 f"output #{i}: {e}") from None
        return 0

    cdef int no_such_output(self, NodeDef* d, InputDef* x, int producer) except -1:
        cdef OpType t = OP_TYPES[self.graph.nodes[producer].op_type]
        text = (f"Node '{slice_text(d.name)}': Connecting to invalid output {x.index} of source node "
                f"{slice_text(self.defs[x.source].name)} which has {self.graph.nodes[producer].n_outputs} outputs.")
        if t.type in ("If", "StatelessIf", "While", "StatelessWhile"):
            text += " Try using tf.compat.v1.experimental.output_all_intermediates(True)."
        raise ValueError(text)

    cdef int wrong_inputs(self, NodeKind kind, NodeDef* d, int n) except -1:
        wanted = ", ".join([type_text(kind.dtypes[i]) for i in range(kind.n_inputs)])
        raise ValueError(f"NodeDef expected inputs '{wanted}' do not match {n} inputs specified; "
                         f"{op_text(kind.op_type)}; NodeDef: {self.reader.node_text(d)}")

    cdef int wrong_type(self, NodeKind kind, int i, int output, int scope, int base, int suffix) except -1:
        cdef Graph g = self.graph
        cdef int producer = g.outputs[output].node
        raise ValueError(f"Input {i} of node {g.names.spell(scope, base, suffix)} was passed "
                         f"{type_text(g.outputs[output].dtype)} from {g.node_name(producer)}:"
                         f"{output - g.nodes[producer].first_output} incompatible with expected "
                         f"{type_text(kind.dtypes[i])}.")


cdef inline Py_ssize_t directory_length(Slice path) noexcept:
    """How much of a path stands before its last slash."""
    cdef Py_ssize_t cut = path.n
    while cut > 0 and path.data[cut - 1] != 47:      # "/"
        cut -= 1
    return cut - 1 if cut else 0


cdef bint is_node_name(Slice s) noexcept:
    """Whether TF's C++ takes this as a node's name."""
    cdef Py_ssize_t i
    cdef unsigned char c
    cdef bint start = True           # a letter, digit or dot must come
    if s.n == 0:
        return False
    for i in range(s.n):
        c = s.data[i]
        if 97 <= c <= 122 or 65 <= c <= 90 or 48 <= c <= 57 or c == 46:
            start = False
        elif start:
            return False
        elif c == 62:                # ">"
            start = True
        elif c != 95 and c != 45 and c != 47 and c != 92:
            return False
    return not start


cdef object merged_dims(object mine, object other):
    """What two shapes say together; ValueError, with TF's text, when they contradict."""
    if mine is None or other is None:
        return other if mine is None else mine
    if len(mine) != len(other):
        raise ValueError(f"Shapes must be equal rank, but are {len(mine)} and {len(other)}")
    out = []
    for i, (a, b) in enumerate(zip(mine, other)):
        if a is not None and b is not None and a != b:
            raise ValueError(f"Dimension {i} in both shapes must be equal, but are {a} and {b}. "
                             f"Shapes are {shape_text(mine)} and {shape_text(other)}.")
        out.append(b if a is None else a)
    return tuple(out)
