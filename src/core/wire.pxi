# Graphs as protobuf bytes: one growing buffer into which nodes, attributes and tensors are spelled.
#
# A message inside a message is preceded by its length.  `begin` leaves room for the length, `end` writes it and moves
# what came in between when the room was wrong: most messages are short, and large ones are announced.  Attributes are
# entries of a map, whose order means nothing; a node's stored attributes are one tuple, mostly the same for all nodes
# of a type, so each OpType remembers the bytes of the last tuple written.

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object text, Py_ssize_t* size) except NULL
    char* PyBytes_AS_STRING(object data)
    Py_ssize_t PyBytes_GET_SIZE(object data)
    object PyBytes_FromStringAndSize(const char* data, Py_ssize_t size)

cdef enum AttrKind:              # the field of AttrValue that holds a kind of value; + KIND_LIST: a list of them
    KIND_STRING = 2
    KIND_INT = 3
    KIND_FLOAT = 4
    KIND_BOOL = 5
    KIND_TYPE = 6
    KIND_SHAPE = 7
    KIND_TENSOR = 8
    KIND_FUNC = 10
    KIND_LIST = 32

cdef enum:
    LENGTH_PREFIXED = 2          # wire type of strings, bytes, messages and packed numbers
    SMALL_TENSOR = 64            # bytes of an array whose encoding may be remembered

cdef dict KIND_CODES = {"string": KIND_STRING, "int": KIND_INT, "float": KIND_FLOAT, "bool": KIND_BOOL,
                        "type": KIND_TYPE, "shape": KIND_SHAPE, "tensor": KIND_TENSOR, "func": KIND_FUNC}
for _kind in list(KIND_CODES):
    KIND_CODES[f"list({_kind})"] = KIND_CODES[_kind] + KIND_LIST

cdef enum ValueForm:             # how a TensorProto spells elements one by one
    FORM_RAW                     # packed, as they lie in memory
    FORM_SIGNED                  # varints
    FORM_UNSIGNED
    FORM_STRING

# DataType number -> (field of TensorProto, form, bytes of an element, whether two or more go to tensor_content)
cdef dict TENSOR_FIELDS = {
    1: (5, FORM_RAW, 4, True), 2: (6, FORM_RAW, 8, True), 3: (7, FORM_SIGNED, 4, True),
    4: (7, FORM_UNSIGNED, 1, True), 5: (7, FORM_SIGNED, 2, True), 6: (7, FORM_SIGNED, 1, True),
    7: (8, FORM_STRING, 0, False), 8: (9, FORM_RAW, 8, False), 9: (10, FORM_SIGNED, 8, True),
    10: (11, FORM_UNSIGNED, 1, False), 11: (7, FORM_SIGNED, 1, True), 12: (7, FORM_UNSIGNED, 1, True),
    13: (7, FORM_SIGNED, 4, True), 14: (13, FORM_UNSIGNED, 2, True), 15: (7, FORM_SIGNED, 2, True),
    16: (7, FORM_UNSIGNED, 2, True), 17: (7, FORM_UNSIGNED, 2, False), 18: (12, FORM_RAW, 16, False),
    19: (13, FORM_UNSIGNED, 2, True), 22: (16, FORM_UNSIGNED, 4, True), 23: (17, FORM_UNSIGNED, 8, True),
    24: (18, FORM_RAW, 1, True), 25: (18, FORM_RAW, 1, True), 26: (18, FORM_RAW, 1, True),
    27: (18, FORM_RAW, 1, True), 28: (18, FORM_RAW, 1, True), 29: (7, FORM_SIGNED, 1, False),
    30: (7, FORM_SIGNED, 1, False), 31: (7, FORM_SIGNED, 1, False), 32: (7, FORM_SIGNED, 1, False),
    33: (18, FORM_RAW, 1, True),
}
cdef dict TENSOR_FORMS = {}      # NumPy dtype -> (DataType number, *TENSOR_FIELDS entry)

# TF marks the nodes that make a tensor list with the full type of their output, by the attribute element_dtype.
cdef object LIST_MAKERS = frozenset(["TensorList" + name for name in (
    "ConcatLists", "FromTensor", "PushBack", "PushBackBatch", "Reserve", "Scatter", "ScatterIntoExistingList",
    "ScatterV2", "SetItem", "Split")] + ["EmptyTensorList"])
# DataType number -> FullTypeId; TF leaves bfloat16 and the quantized types unset.
cdef dict FULL_TYPES = {1: 210, 2: 211, 3: 207, 4: 201, 5: 206, 6: 205, 7: 214, 8: 212, 9: 208, 10: 200, 17: 202,
                        18: 213, 19: 209, 22: 203, 23: 204}


cdef inline int varint_size(unsigned long long value) noexcept:
    cdef int size = 1
    while value > 127:
        value >>= 7
        size += 1
    return size


@cython.final
cdef class Wire:
    """A growing buffer of wire format."""

    cdef unsigned char* data
    cdef Py_ssize_t n            # bytes in use
    cdef Py_ssize_t capacity

    def __cinit__(self):
        self.capacity = 256
        self.data = <unsigned char*>malloc(256)
        if self.data == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.data)

    cdef object taken(self):
        return PyBytes_FromStringAndSize(<char*>self.data, self.n)

    cdef int reserve(self, Py_ssize_t more) except -1:
        if self.n + more > self.capacity:
            while self.n + more > self.capacity:
                self.capacity *= 2
            self.data = <unsigned char*>grow(self.data, self.capacity)
        return 0

    cdef int byte(self, int value) except -1:
        self.reserve(1)
        self.data[self.n] = <unsigned char>value
        self.n += 1
        return 0

    cdef int varint(self, unsigned long long value) except -1:
        self.reserve(10)
        while value > 127:
            self.data[self.n] = <unsigned char>((value & 127) | 128)
            self.n += 1
            value >>= 7
        self.data[self.n] = <unsigned char>value
        self.n += 1
        return 0

    cdef int raw(self, const void* data, Py_ssize_t size) except -1:
        self.reserve(size)
        memcpy(self.data + self.n, data, size)
        self.n += size
        return 0

    cdef int text(self, str text) except -1:
        cdef Py_ssize_t size
        cdef const char* data = PyUnicode_AsUTF8AndSize(text, &size)
        return self.raw(data, size)

    cdef int text_field(self, int tag, str text) except -1:
        cdef Py_ssize_t size
        cdef const char* data = PyUnicode_AsUTF8AndSize(text, &size)
        self.byte(tag)
        self.varint(size)
        return self.raw(data, size)

    cdef int bytes_field(self, int tag, bytes data) except -1:
        self.byte(tag)
        self.varint(PyBytes_GET_SIZE(data))
        return self.raw(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    cdef Py_ssize_t begin(self, int tag, Py_ssize_t expected=0) except -1:
        """Start a message of about `expected` bytes as a field with this one-byte tag; give the result to `end`."""
        cdef int width = varint_size(expected)
        self.reserve(width + 1)
        self.data[self.n] = <unsigned char>tag
        self.n += width + 1
        return self.n << 3 | width

    cdef int end(self, Py_ssize_t begun) except -1:
        cdef int width = begun & 7, i
        cdef Py_ssize_t start = begun >> 3
        cdef unsigned long long size = self.n - start
        cdef int wanted = varint_size(size)
        if wanted != width:
            self.reserve(wanted)
            memmove(self.data + start + wanted - width, self.data + start, size)
            self.n += wanted - width
        start -= width
        for i in range(wanted - 1):
            self.data[start + i] = <unsigned char>((size & 127) | 128)
            size >>= 7
        self.data[start + wanted - 1] = <unsigned char>size
        return 0

    cdef int decimal(self, int value) except -1:
        cdef unsigned char digits[12]
        cdef int i = 12
        while True:
            i -= 1
            digits[i] = <unsigned char>(48 + value % 10)
            value //= 10
            if value == 0:
                break
        return self.raw(digits + i, 12 - i)

    cdef int name(self, Graph g, int node) except -1:
        """The full name of a node."""
        cdef Node* n = &g.nodes[node]
        cdef NameTable names = g.names
        cdef int suffix = n.suffix, base = n.base
        if n.scope:
            self.text(names.scope_path(n.scope))
            self.byte(47)                    # "/"
        self.text(<str>names.strings[base])
        if suffix > 0:
            self.byte(95)                    # "_"
            self.decimal(suffix)
        return 0

    # ------------------------------------------------------------ attribute values

    cdef int attr(self, int tag, str key, str kind, object value) except -1:
        """An entry of a map from names to AttrValue."""
        cdef Py_ssize_t expected = 0
        if type(value) is cnp.ndarray and cnp.PyArray_NBYTES(value) > SMALL_TENSOR:
            expected = cnp.PyArray_NBYTES(value)
        cdef Py_ssize_t entry = self.begin(tag, expected)
        self.text_field(0x0A, key)
        cdef Py_ssize_t inner = self.begin(0x12, expected)
        self.value(<int>KIND_CODES[kind], value)
        self.end(inner)
        return self.end(entry)

    cdef int value(self, int kind, object value) except -1:
        """The fields of an AttrValue."""
        cdef Py_ssize_t inner, packed
        cdef float single
        if kind < KIND_LIST:
            return self.scalar(kind, value)
        kind -= KIND_LIST
        inner = self.begin(0x0A)
        if kind == KIND_FUNC:
            for v in value:
                packed = self.begin(0x4A)
                self.function(v)
                self.end(packed)
        elif kind == KIND_STRING or kind == KIND_SHAPE or kind == KIND_TENSOR:
            for v in value:
                self.scalar(kind, v)
        elif len(value):
            packed = self.begin(kind << 3 | LENGTH_PREFIXED)
            for v in value:
                if kind == KIND_FLOAT:
                    single = v
                    self.raw(&single, 4)
                else:
                    self.varint(number_on_wire(kind, v))
            self.end(packed)
        return self.end(inner)

    cdef int scalar(self, int kind, object value) except -1:
        cdef float single
        cdef Py_ssize_t inner
        cdef int tag = kind << 3
        if kind == KIND_STRING:
            return self.bytes_field(tag | LENGTH_PREFIXED, value.encode() if isinstance(value, str) else bytes(value))
        if kind == KIND_FLOAT:
            single = value
            self.byte(tag | 5)
            return self.raw(&single, 4)
        if kind == KIND_INT or kind == KIND_BOOL or kind == KIND_TYPE:
            self.byte(tag)
            return self.varint(number_on_wire(kind, value))
        if kind == KIND_TENSOR:
            return self.tensor(tag | LENGTH_PREFIXED, value)
        inner = self.begin(tag | LENGTH_PREFIXED)
        if kind == KIND_SHAPE:
            self.shape((value if isinstance(value, SHAPE_CLASS) else AS_SHAPE(value))._dims)
        else:
            self.function(value)
        return self.end(inner)

    cdef int shape(self, object dims) except -1:
        """The fields of a TensorShapeProto."""
        cdef Py_ssize_t inner
        cdef long long size
        if dims is None:
            self.byte(0x18)
            return self.byte(1)
        for d in dims:
            size = -1 if d is None else d
            inner = self.begin(0x12)
            if size:
                self.byte(0x08)
                self.varint(<unsigned long long>size)
            self.end(inner)
        return 0

    cdef int function(self, object value) except -1:
        """The fields of a NameAttrList."""
        self.text_field(0x0A, value if isinstance(value, str) else value.name)
        attrs = getattr(value, "attrs", None)
        if attrs:
            for key, (kind, inner) in attrs.items():
                self.attr(0x12, key, kind, inner)
        return 0

    cdef int tensor(self, int tag, object value) except -1:
        """A TensorProto as a field.

        An array that repeats one element without storing it (all strides zero) is written as that element; of the
        other arrays those of two or more elements go to tensor_content, where their type has that.
        """
        cdef Py_ssize_t inner, shape, size, i
        cdef int number, field, form, width, n_dims
        cdef bint in_content, repeated
        if hasattr(value, "tensor_shape"):       # a TensorProto already
            return self.bytes_field(tag, value.SerializeToString())
        cdef cnp.ndarray array = value if type(value) is cnp.ndarray else np.asarray(value)
        cdef PyObject* found = PyDict_GetItem(TENSOR_FORMS, array.dtype)
        number, field, form, width, in_content = <tuple>found if found != NULL else tensor_form(array.dtype)
        size = cnp.PyArray_SIZE(array)
        n_dims = cnp.PyArray_NDIM(array)
        inner = self.begin(tag, size * width if size > 1 else 0)
        self.byte(0x08)
        self.varint(number)
        shape = self.begin(0x12)
        repeated = size > 1
        for i in range(n_dims):
            repeated = repeated and cnp.PyArray_STRIDES(array)[i] == 0
            self.dim(cnp.PyArray_DIMS(array)[i])
        self.end(shape)
        if repeated:
            size = 1
            array = array[(slice(0, 1),) * n_dims]
        if size == 0:
            return self.end(inner)
        if form == FORM_STRING:
            for v in array.ravel().tolist():
                self.bytes_field(0x42, text_bytes(v))
            return self.end(inner)
        if number in (29, 30, 31, 32):
            array = array.astype(np.int8)        # ml_dtypes' integers narrower than a byte
        if not cnp.PyArray_IS_C_CONTIGUOUS(array):
            array = np.ascontiguousarray(array)
        if size > 1 and in_content:
            if size * width >= <Py_ssize_t>1 << 31:
                raise ValueError("Cannot create a tensor proto whose content is larger than 2GB.")
            self.byte(0x22)
            self.varint(size * width)
            self.raw(cnp.PyArray_DATA(array), size * width)
            return self.end(inner)
        self.varint(field << 3 | LENGTH_PREFIXED)
        if form == FORM_RAW:
            self.varint(size * width)
            self.raw(cnp.PyArray_DATA(array), size * width)
        else:
            # The tag may take two bytes; the message that `begin` opens is the list of varints.
            self.n -= 1
            shape = self.begin(self.data[self.n], size)
            self.varints(<unsigned char*>cnp.PyArray_DATA(array), size, width, form == FORM_SIGNED)
            self.end(shape)
        return self.end(inner)

    cdef int dim(self, long long size) except -1:
        cdef Py_ssize_t inner = self.begin(0x12)
        if size:
            self.byte(0x08)
            self.varint(<unsigned long long>size)
        return self.end(inner)

    cdef int varints(self, unsigned char* data, Py_ssize_t n, int width, bint is_signed) except -1:
        cdef Py_ssize_t i
        cdef unsigned long long value
        for i in range(n):
            if width == 1:
                value = <unsigned long long><long long>(<signed char*>data)[i] if is_signed else data[i]
            elif width == 2:
                value = (<unsigned long long><long long>(<short*>data)[i] if is_signed
                         else (<unsigned short*>data)[i])
            elif width == 4:
                value = <unsigned long long><long long>(<int*>data)[i] if is_signed else (<unsigned int*>data)[i]
            else:
                value = (<unsigned long long*>data)[i]
            self.varint(value)
        return 0

    # ------------------------------------------------------------ nodes

    cdef int node(self, int tag, Graph g, int node, bint add_shapes, FunctionBody body=None) except -1:
        """A NodeDef as a field; in the body of a function names and inputs are spelled as `body` says."""
        cdef Node* n = &g.nodes[node]
        cdef OpType t = OP_TYPES[n.op_type]
        cdef Py_ssize_t begun, inner
        cdef int i, output, producer
        cdef Py_ssize_t expected = 128
        if t is CONST_TYPE and type((<tuple>n.attrs)[0]) is cnp.ndarray:
            expected += cnp.PyArray_NBYTES((<tuple>n.attrs)[0])
        begun = self.begin(tag, expected)
        if body is not None:
            self.text_field(0x0A, body.names[node])
            self.text_field(0x12, t.type)
            body.inputs(self, g, n)
        else:
            inner = self.begin(0x0A)
            self.name(g, node)
            self.end(inner)
            self.text_field(0x12, t.type)
            for i in range(n.n_inputs):
                output = g.edges[n.first_edge + i]
                producer = g.outputs[output].node
                inner = self.begin(0x1A)
                self.name(g, producer)
                output -= g.nodes[producer].first_output
                if output:
                    self.byte(58)                # ":"
                    self.decimal(output)
                self.end(inner)
            for i in range(n.n_inputs, n.n_inputs + n.n_controls):
                inner = self.begin(0x1A)
                self.byte(94)                    # "^"
                self.name(g, g.edges[n.first_edge + i])
                self.end(inner)
        if n.device >= 0:
            self.text_field(0x22, <str>g.names.strings[n.device])
        self.node_attrs(g, node, n, t, add_shapes)
        if t.type in LIST_MAKERS:
            self.list_type((<Operation>g.operation(node))._attr("element_dtype")[1]._enum)
        return self.end(begun)

    cdef int node_attrs(self, Graph g, int node, Node* n, OpType t, bint add_shapes) except -1:
        cdef dict extras
        cdef AttrDef a
        cdef int i, dtype
        cdef Py_ssize_t inner, entry
        cdef tuple stored
        cdef bint overridden = False
        extras = g.extras_of(node)
        if extras is not None:
            for key in extras:
                if key in t.attrs:
                    overridden = True
        if n.attrs != NULL:
            stored = <tuple>n.attrs
            if t.written is stored and not overridden:
                self.raw(PyBytes_AS_STRING(t.written_bytes), PyBytes_GET_SIZE(t.written_bytes))
            else:
                entry = self.n
                for i in range(<int>len(stored)):
                    if not (overridden and t.stored[i] in extras):
                        a = t.attrs[t.stored[i]]
                        self.attr(0x2A, a.name, a.kind, stored[i])
                if t is not CONST_TYPE and not overridden and self.n - entry < 1024:
                    t.written = stored
                    t.written_bytes = PyBytes_FromStringAndSize(<char*>self.data + entry, self.n - entry)
        if t.simple and not overridden:
            if t.simple_in_dtype == 0:
                dtype = base_of(g.outputs[g.edges[n.first_edge]].dtype)
                a = t.attrs[(<ArgDef>t.inputs[0]).type_attr]
                self.type_entry(a, dtype)
        else:
            for a in t.attrs.values():
                if not a.inferred or (overridden and a.name in extras):
                    continue
                value = t.inferred_attr(g, n.n_inputs, g.edges + n.first_edge, a)
                if value is None:
                    raise ValueError(f"attribute '{a.name}' of '{g.node_name(node)}' has no value")
                if a.kind == "type":
                    self.type_entry(a, value._enum)
                else:
                    self.attr(0x2A, a.name, a.kind, value)
        if extras is not None:
            for key, (kind, value) in extras.items():
                if not (add_shapes and key == "_output_shapes"):
                    self.attr(0x2A, key, kind, value)
        if add_shapes and n.n_outputs:
            self.attr(0x2A, "_output_shapes", "list(shape)",
                      [shape_object(g.outputs[n.first_output + i].shape) for i in range(n.n_outputs)])
        return 0

    cdef int type_entry(self, AttrDef a, int dtype) except -1:
        """The entry of a type attribute, remembered for each type."""
        cdef bytes entry
        if a.entries is None:
            a.entries = [None] * len(DTYPES)
        entry = a.entries[dtype]
        if entry is None:
            wire = Wire()
            wire.attr(0x2A, a.name, "type", DTYPES[dtype])
            entry = wire.taken()
            a.entries[dtype] = entry
        return self.raw(PyBytes_AS_STRING(entry), PyBytes_GET_SIZE(entry))

    cdef int list_type(self, int element) except -1:
        """Full type of a node that makes a tensor list: a product of one array of tensors of the element type."""
        cdef Py_ssize_t product = self.begin(0x3A), array, tensor, inner
        self.byte(0x08)
        self.varint(3)                           # TFT_PRODUCT
        array = self.begin(0x12)
        self.byte(0x08)
        self.varint(1001)                        # TFT_ARRAY
        if element != DT_VARIANT:
            tensor = self.begin(0x12)
            self.byte(0x08)
            self.varint(1000)                    # TFT_TENSOR
            inner = self.begin(0x12)
            if element in FULL_TYPES:
                self.byte(0x08)
                self.varint(FULL_TYPES[element])
            self.end(inner)
            self.end(tensor)
        self.end(array)
        return self.end(product)


cdef tuple tensor_form(object np_dtype):
    """How arrays of a NumPy type are written; TypeError when TensorProto has no place for them."""
    dtype = AS_DTYPE(np_dtype)
    if dtype._enum not in TENSOR_FIELDS:
        raise TypeError(f"Element type not supported in TensorProto: {dtype.name}.")
    found = (dtype._enum, *TENSOR_FIELDS[dtype._enum])
    if np_dtype.isnative:
        TENSOR_FORMS[np_dtype] = found
    return found


cdef unsigned long long number_on_wire(int kind, object value) except? 0:
    cdef long long number
    if kind == KIND_TYPE:
        number = AS_DTYPE(value)._enum
    elif kind == KIND_BOOL:
        number = 1 if value else 0
    else:
        number = int(value)
    return <unsigned long long>number


cdef bytes text_bytes(object value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    raise TypeError(f"Expected binary or unicode string, got {value!r}")


def attr_bytes(str kind not None, value):
    """An attribute's value, of a kind such as "list(int)", as the bytes of an AttrValue."""
    cdef Wire wire = Wire()
    wire.value(<int>KIND_CODES[kind], value)
    return wire.taken()


def node_bytes(Operation op not None):
    """An operation as the bytes of a NodeDef."""
    cdef Wire wire = Wire()
    wire.node(0x0A, op.graph, op._id, False)
    data = wire.taken()
    cdef int width = 0
    while data[1 + width] & 128:
        width += 1
    return data[2 + width:]


def graph_bytes(Graph graph not None, bint add_shapes=False, functions=(), versions=b""):
    """A graph as the bytes of a GraphDef.

    Parameters
    ----------
    graph : Graph
    add_shapes : bool
        Add the attribute ``_output_shapes`` to each node with outputs.
    functions : sequence of bytes
        FunctionDefs of the library.
    versions : bytes
        The VersionDef.
    """
    cdef Wire wire = Wire()
    cdef Py_ssize_t library
    cdef int i
    global CONST_TYPE
    if CONST_TYPE is None:
        CONST_TYPE = op_type("Const")
    wire.reserve(<Py_ssize_t>100 * graph.n_nodes)
    for i in range(graph.n_nodes):
        wire.node(0x0A, graph, i, add_shapes)
    if functions:
        library = wire.begin(0x12, sum([len(f) for f in functions]))
        for f in functions:
            wire.bytes_field(0x0A, f)
        wire.end(library)
    wire.bytes_field(0x22, versions)
    return wire.taken()
