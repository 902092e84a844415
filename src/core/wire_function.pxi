# A function of a graph as the bytes of a FunctionDef, named as TF's C++ names things: arguments, results and nodes
# share one space, and an input is an argument's name, or a node's with that of its output argument.

@cython.final
cdef class FunctionBody:
    """What nodes and tensors are called inside a function."""

    cdef dict used               # name -> how many were asked for
    cdef dict names              # node id -> name
    cdef dict arguments          # node id of a placeholder -> name of the argument

    cdef str unique(self, str name):
        """`name`, or for the second ``a`` ``a_0``."""
        cdef str candidate
        if name not in self.used:
            self.used[name] = 0
            return name
        while True:
            candidate = f"{name}_{self.used[name]}"
            self.used[name] += 1
            if candidate not in self.used:
                self.used[candidate] = 0
                return candidate

    cdef str argument(self, str name):
        """As `unique`, after making `name` one that an OpDef's argument may have."""
        name = "".join([c if u"a" <= c <= u"z" or u"0" <= c <= u"9" else "_" for c in name.lower()])
        return self.unique(name.lstrip("_0123456789") or "unknown")

    cdef int inputs(self, Wire wire, Graph g, Node* n) except -1:
        """The inputs of a node as fields of its NodeDef."""
        cdef int i
        cdef Py_ssize_t inner
        for i in range(n.n_inputs):
            inner = wire.begin(0x1A)
            self.tensor(wire, g, g.edges[n.first_edge + i])
            wire.end(inner)
        for i in range(n.n_inputs, n.n_inputs + n.n_controls):
            found = self.names.get(g.edges[n.first_edge + i])
            if found is not None:
                inner = wire.begin(0x1A)
                wire.byte(94)                    # "^"
                wire.text(found)
                wire.end(inner)
        return 0

    cdef int tensor(self, Wire wire, Graph g, int output) except -1:
        """The name of a tensor: ``x`` of an argument, ``node:z:0`` of a node's output argument z."""
        cdef int node = g.outputs[output].node, index = output - g.nodes[node].first_output, length
        cdef OpType t
        cdef ArgDef arg
        found = self.arguments.get(node)
        if found is not None:
            return wire.text(found)
        wire.text(self.names[node])
        t = OP_TYPES[g.nodes[node].op_type]
        for arg in t.outputs:
            length = 1
            if arg.number_attr is not None:
                length = g.operation(node)._attr(arg.number_attr)[1]
            elif arg.type_list_attr is not None:
                length = len(g.operation(node)._attr(arg.type_list_attr)[1])
            if index < length:
                wire.byte(58)                    # ":"
                wire.text(arg.name)
                wire.byte(58)
                return wire.decimal(index)
            index -= length
        raise IndexError(f"'{g.node_name(node)}' has no output {output - g.nodes[node].first_output}")


def function_bytes(str name not None, Graph graph not None, inputs, outputs, control_outputs=(), attrs=None):
    """A function as the bytes of a FunctionDef.

    Parameters
    ----------
    name : str
    graph : Graph
        Its operations are the body.
    inputs, outputs : sequence of Tensor
        Placeholders of `graph`, and tensors of it.
    control_outputs : sequence of Operation
        Run with each call.
    attrs : dict, optional
        Attributes of the function: name -> (kind, value).
    """
    cdef Wire wire = Wire()
    cdef FunctionBody body = FunctionBody()
    cdef Tensor t
    cdef Operation op
    cdef int i
    cdef bint stateful = False
    cdef Py_ssize_t signature, inner
    body.used = {}
    body.names = {}
    body.arguments = {}
    results = [body.argument(graph.node_name(graph.outputs[t._id].node)) for t in outputs]
    for t in inputs:
        i = graph.outputs[t._id].node
        body.arguments[i] = body.argument(graph.node_name(i))
    for i in range(graph.n_nodes):
        if i not in body.arguments:
            body.names[i] = body.unique(graph.node_name(i))
            stateful = stateful or (<OpType>OP_TYPES[graph.nodes[i].op_type]).stateful

    signature = wire.begin(0x0A)
    wire.text_field(0x0A, name)
    for t in inputs:
        argument_field(wire, 0x12, body.arguments[graph.outputs[t._id].node], graph.outputs[t._id].dtype)
    for result, t in zip(results, outputs):
        argument_field(wire, 0x1A, result, graph.outputs[t._id].dtype)
    if stateful:
        wire.varint(17 << 3)
        wire.byte(1)
    for op in control_outputs:
        wire.varint(20 << 3 | LENGTH_PREFIXED)
        inner = wire.n
        wire.n -= 1
        inner = wire.begin(wire.data[wire.n])
        wire.name(graph, op._id)
        wire.end(inner)
    wire.end(signature)

    for i in body.names:
        wire.node(0x1A, graph, i, False, body)
    for result, t in zip(results, outputs):
        signature = wire.begin(0x22)
        wire.text_field(0x0A, result)
        inner = wire.begin(0x12)
        body.tensor(wire, graph, t._id)
        wire.end(inner)
        wire.end(signature)
    for op in control_outputs:
        signature = wire.begin(0x32)
        wire.text_field(0x0A, graph.node_name(op._id))
        wire.text_field(0x12, body.names[op._id])
        wire.end(signature)
    for key, (kind, value) in (attrs or {}).items():
        wire.attr(0x2A, key, kind, value)
    for i, t in enumerate(inputs):
        argument_attrs(wire, i, t)
    return wire.taken()


cdef int argument_field(Wire wire, int tag, str name, int dtype) except -1:
    """An ArgDef of the signature."""
    cdef Py_ssize_t inner = wire.begin(tag)
    wire.text_field(0x0A, name)
    wire.byte(0x18)
    wire.varint(dtype)
    return wire.end(inner)


cdef int argument_attrs(Wire wire, int index, Tensor placeholder) except -1:
    """What the placeholder says of argument `index`: its own marks, and its shape."""
    cdef Py_ssize_t entry, inner
    cdef dict attrs = placeholder.op._attrs()
    kept = []
    for key, (kind, value) in attrs.items():
        if key.startswith("_"):
            kept.append((key, kind, value))
        elif key == "shape" and placeholder.dtype.name != "resource":
            kept.append(("_output_shapes", "list(shape)", [value]))
    if not kept:
        return 0
    entry = wire.begin(0x3A)
    wire.byte(0x08)
    wire.varint(index)
    inner = wire.begin(0x12)
    for key, kind, value in kept:
        wire.attr(0x0A, key, kind, value)
    wire.end(inner)
    return wire.end(entry)
