# The attributes of imported nodes.  Most nodes share theirs with others, at least but for values of their own, such as
# the name a variable shares or the value of a constant, and for `_class`, which says with whom they are placed.  What
# is shared is decoded and checked once, and kept as a NodeKind; what is a node's own is read beside it.

cdef enum:
    MOST_ATTRS = 48              # attributes of a type that may be values of a node's own
    MOST_OWN = 8                 # such values of a node
    SMALL_VALUE = 256            # bytes of an attribute that may come again

cdef struct NodeDef:             # one node of the message
    Slice name
    Slice op
    Slice device
    Slice attrs                  # all its attribute entries, one after the other
    int first_input
    int n_inputs
    int pending                  # inputs still to be made
    int node                     # node id; -1: not made yet
    bint is_merge
    bint is_next


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class NodeKind:
    """What nodes of one type have in common whose attributes differ in values of their own alone."""

    cdef OpType op_type
    cdef int index               # in KindReader.kinds
    cdef tuple stored            # attributes kept with the node; None where one of its own goes
    cdef dict extras             # attributes that do not follow from the type and its inputs, or None
    cdef dict open_types         # those of them that are types of empty lists
    cdef tuple shapes            # of the attribute _output_shapes, or None
    cdef bint lacks_defaults     # some attribute was left to its default
    cdef int n_inputs
    cdef int n_outputs
    cdef int* dtypes             # of the inputs, then of the outputs

    def __dealloc__(self):
        free(self.dtypes)


@cython.final
@cython.no_gc
@cython.freelist(64)
cdef class AttrEntry:
    """One attribute as it stands in the message."""

    cdef str name
    cdef int code                # AttrKind
    cdef object value
    cdef OpType owner            # the type of node that it was last read for
    cdef int position            # its place among the attributes of that; -1: not one of them
    cdef bint suits              # and the value is one it may have


@cython.final
cdef class TypePlan:
    """What makes nodes of a type from their attributes."""

    cdef int n                   # attributes
    cdef list attrs
    cdef dict positions          # name of an attribute -> its place
    cdef list stored             # places of the attributes that nodes keep; None: there are none
    cdef bint plain              # no lists among inputs and outputs
    cdef int fixed[32]           # DataType number of each input and output (100: a reference), and
    cdef int type_at[32]         # the place of the attribute that has the rest of it, or -1
    cdef bint has_own            # some attribute is a value of the node's own
    cdef int own_code[MOST_ATTRS]        # of an attribute: the AttrKind of such a value, or 0
    cdef int stored_at[MOST_ATTRS]       # and its place among those that are stored

    def __cinit__(self, OpType t):
        cdef ArgDef arg
        cdef AttrDef a
        cdef int i = 0, k
        self.attrs = list(t.attrs.values())
        self.n = <int>len(self.attrs)
        self.positions = {name: k for k, name in enumerate(t.attrs)}
        self.stored = [self.positions[name] for name in t.stored] or None
        self.plain = t.n_in + t.n_out <= 32 and not any([arg.is_list for arg in t.inputs + t.outputs])
        if self.plain:
            for arg in t.inputs + t.outputs:
                self.fixed[i] = arg.dtype + (100 if arg.is_ref else 0)
                self.type_at[i] = -1 if arg.dtype else <int>self.positions[arg.type_attr]
                i += 1
        for k in range(min(self.n, <int>MOST_ATTRS)):
            a = self.attrs[k]
            if a.name in t.stored_index and a.allowed is None and (a.kind == "string" or a.kind == "tensor"):
                self.own_code[k] = KIND_CODES[a.kind]
                self.stored_at[k] = t.stored_index[a.name]
                self.has_own = True


@cython.final
cdef class KindReader:
    """Reads the attributes of nodes; `stored`, `extras` and `colocated` are those of the node read last."""

    cdef SliceTable by_name      # of the nodes of the message
    cdef bytes prefix_slash
    cdef tuple stored
    cdef dict extras             # of its own to keep, or None
    cdef bint colocated          # the attribute _class names other nodes
    cdef SliceTable type_index   # op type -> its place in plans
    cdef list op_types
    cdef list plans              # of TypePlan
    cdef list kinds
    cdef SliceTable whole_index  # all attributes of nodes that have nothing of their own -> kind
    cdef SliceTable kind_index   # type and entries -> kind
    cdef SliceTable entry_index  # entry of an attribute -> place in entries
    cdef list entries            # of AttrEntry
    cdef SliceTable attr_names   # name of an attribute -> place in names
    cdef list names
    cdef SliceTable own_index    # small value of a node's own -> place in own_stored
    cdef list own_stored
    cdef SliceTable place_index  # value of _class -> place in placements
    cdef list placements         # (kind, value); None: the attribute has no value
    cdef list place_colocated    # beside it: whether it names other nodes
    cdef list kept               # bytes that slices point into
    cdef int* key                # the type, then entries; -1 - k: a value of attribute k of the node's own
    cdef int key_capacity

    def __cinit__(self, SliceTable by_name, bytes prefix_slash):
        cdef Slice text
        self.by_name = by_name
        self.prefix_slash = prefix_slash
        self.type_index = SliceTable()
        self.op_types = []
        self.plans = []
        self.kinds = []
        self.whole_index = SliceTable()
        self.kind_index = SliceTable()
        self.entry_index = SliceTable()
        self.entries = []
        self.attr_names = SliceTable()
        self.names = ["_class"]
        self.own_index = SliceTable()
        self.own_stored = []
        self.place_index = SliceTable()
        self.placements = []
        self.place_colocated = []
        self.kept = []
        text.data = <const unsigned char*>"_class"
        text.n = 6
        self.attr_names.add(text, 0)
        self.key_capacity = 64
        self.key = <int*>grow(NULL, 64 * sizeof(int))

    def __dealloc__(self):
        free(self.key)

    cdef int type_of(self, Slice op) except -1:
        """Place of an op type in `plans`."""
        cdef OpType t
        cdef TypePlan plan
        cdef int i = self.type_index.find(op)
        if i >= 0:
            return i
        t = registered(slice_text(op))
        plan = t.import_plan
        if plan is None:
            plan = t.import_plan = TypePlan(t)
        self.type_index.add(op, <int>len(self.plans))
        self.op_types.append(t)
        self.plans.append(plan)
        return <int>len(self.plans) - 1

    cdef NodeKind read(self, NodeDef* d):
        """The kind of a node of the message."""
        cdef int t = self.type_of(d.op)
        cdef TypePlan plan = <TypePlan>self.plans[t]
        cdef NodeKind kind
        cdef const unsigned char* p = d.attrs.data
        cdef const unsigned char* end = p + d.attrs.n
        cdef WireField f
        cdef Slice entry, name, value
        cdef PyObject* found
        cdef int own_at[MOST_OWN]
        cdef Slice own[MOST_OWN]
        cdef int n_key = 1, n_own = 0, i, k, at, place = -1
        self.extras = None
        self.colocated = False
        if not plan.has_own:
            i = self.whole_index.find(d.attrs, t)
            if i >= 0:
                kind = <NodeKind>self.kinds[i]
                self.stored = kind.stored
                if kind.extras is not None:
                    self.extras = dict(kind.extras)
                return kind
        self.key[0] = t
        while p < end:
            entry.data = p
            p = read_field(p, end, &f)
            entry.n = p - entry.data
            read_entry(f.content, &name, &value)
            i = self.attr_names.find(name)
            if i < 0:
                i = <int>len(self.names)
                self.names.append(slice_text(name))
                self.attr_names.add(name, i)
            elif i == 0:
                place = self.placement(d, value)
                continue
            at = -1
            if plan.has_own and n_own < MOST_OWN:
                found = PyDict_GetItem(plan.positions, self.names[i])
                if found != NULL:
                    k = <int>PyLong_AsLong(<object>found)
                    if k < MOST_ATTRS and plan.own_code[k]:
                        if value.n == 0 or value.data[0] == 0x4A:    # nothing, or the name of an attribute of a function
                            continue
                        own_at[n_own] = at = k
                        own[n_own] = value
                        n_own += 1
            if n_key == self.key_capacity:
                self.key_capacity *= 2
                self.key = <int*>grow(self.key, self.key_capacity * sizeof(int))
            self.key[n_key] = -1 - at if at >= 0 else self.attr_entry(entry, i, value)
            n_key += 1
        kind = self.kind_of(d, n_key)
        if n_own == 0:
            self.stored = kind.stored
            if not plan.has_own and place < 0 and d.attrs.n <= 4096:
                self.whole_index.add(d.attrs, kind.index, t)
        else:
            self.stored = self.own_values(plan, kind, n_own, own_at, own)
        if kind.extras is not None:
            self.extras = dict(kind.extras)
        if place >= 0 and self.placements[place] is not None:
            if self.extras is None:
                self.extras = {"_class": self.placements[place]}
            else:
                self.extras["_class"] = self.placements[place]
            self.colocated = self.place_colocated[place]
        return kind

    cdef tuple own_values(self, TypePlan plan, NodeKind kind, int n, int* at, Slice* own):
        """The attributes that a node keeps."""
        cdef int i, k, code
        cdef tuple stored
        cdef bint may_come_again = n == 1 and own[0].n <= SMALL_VALUE
        if may_come_again:
            k = self.own_index.find(own[0], kind.index)
            if k >= 0:
                return <tuple>self.own_stored[k]
        cdef list values = list(kind.stored)
        for i in range(n):
            k = at[i]
            value = read_attr(own[i], &code)
            if code != plan.own_code[k] or (<AttrDef>plan.attrs[k]).minimum is not None:
                check_attr(plan.attrs[k], code, value)
            values[plan.stored_at[k]] = value
        stored = tuple(values)
        if may_come_again:
            self.own_index.add(own[0], <int>len(self.own_stored), kind.index)
            self.own_stored.append(stored)
        return stored

    cdef NodeKind kind_of(self, NodeDef* d, int n_key):
        """The kind of nodes with these entries."""
        cdef Slice text
        cdef bytes held
        cdef NodeKind kind
        cdef int i
        text.data = <unsigned char*>self.key
        text.n = n_key * sizeof(int)
        i = self.kind_index.find(text)
        if i >= 0:
            return <NodeKind>self.kinds[i]
        kind = self.new_kind(d, n_key)
        kind.index = <int>len(self.kinds)
        self.kinds.append(kind)
        held = slice_bytes(text)
        self.kept.append(held)
        text.data = <unsigned char*>PyBytes_AS_STRING(held)
        self.kind_index.add(text, kind.index)
        return kind

    cdef NodeKind new_kind(self, NodeDef* d, int n_key):
        """Check the attributes of a node, and work out what follows from them."""
        cdef NodeKind kind = NodeKind.__new__(NodeKind)
        cdef OpType t = self.op_types[self.key[0]]
        cdef TypePlan plan = self.plans[self.key[0]]
        cdef AttrDef a
        cdef AttrEntry e
        cdef list values = [MISSING] * plan.n
        cdef list others = None
        cdef int i
        kind.op_type = t
        for i in range(1, n_key):
            if self.key[i] < 0:
                values[-1 - self.key[i]] = None
                continue
            e = self.entries[self.key[i]]
            if e.code == NO_KIND:
                continue
            if e.owner is not t:
                e.owner = t
                found = plan.positions.get(e.name)
                e.position = -1 if found is None else found
                e.suits = False
            if e.position < 0:
                if others is None:
                    others = []
                others.append(e)
                continue
            if not e.suits:
                check_attr(plan.attrs[e.position], e.code, e.value)
                e.suits = True
            values[e.position] = e.value
        missing = None
        for i in range(plan.n):
            if values[i] is MISSING:
                a = plan.attrs[i]
                if a.default is MISSING:
                    missing = [f"'{a.name}'"] + (missing or [])
                values[i] = a.default
                kind.lacks_defaults = True
        if missing:
            raise ValueError(f"NodeDef missing attr{'s' if len(missing) > 1 else ''} {', '.join(missing)} from "
                             f"{op_text(t)}; NodeDef: {self.node_text(d)}")
        if others is not None:
            kind.extras = {}
            for e in others:
                if e.name == "_output_shapes" and e.code & KIND_LIST:
                    kind.shapes = tuple([s._dims for s in e.value])
                else:
                    kind.extras[e.name] = (KIND_NAMES[e.code], e.value)
        kind.stored = t.defaults if plan.stored is None else tuple([values[k] for k in plan.stored])
        if plan.plain:
            kind.n_inputs = t.n_in
            kind.n_outputs = t.n_out
            kind.dtypes = <int*>grow(NULL, (t.n_in + t.n_out + 1) * sizeof(int))
            for i in range(t.n_in + t.n_out):
                kind.dtypes[i] = plan.fixed[i]
                if plan.type_at[i] >= 0:
                    kind.dtypes[i] += <int>values[plan.type_at[i]]._enum
        else:
            known = {name: values[k] for name, k in plan.positions.items()}
            ins = arg_types(t.inputs, known)
            outs = arg_types(t.outputs, known)
            self.keep_open_types(kind, t, known)
            kind.n_inputs = <int>len(ins)
            kind.n_outputs = <int>len(outs)
            kind.dtypes = <int*>grow(NULL, (kind.n_inputs + kind.n_outputs + 1) * sizeof(int))
            for i in range(kind.n_inputs):
                kind.dtypes[i] = ins[i]
            for i in range(kind.n_outputs):
                kind.dtypes[kind.n_inputs + i] = outs[i]
        if not kind.extras:
            kind.extras = None
        return kind

    cdef int keep_open_types(self, NodeKind kind, OpType t, dict values) except -1:
        """The type of an empty list does not follow from the inputs: keep it with the node."""
        cdef AttrDef a
        cdef ArgDef arg
        for a in t.attrs.values():
            if a.inferred and a.kind == "type":
                for arg in t.inputs:
                    if arg.type_attr == a.name and (arg.number_attr is None or values[arg.number_attr]):
                        break
                else:
                    if kind.open_types is None:
                        kind.open_types = {}
                    kind.open_types[a.name] = (a.kind, values[a.name])
        if kind.open_types is not None:
            kind.extras = {**(kind.extras or {}), **kind.open_types}
        return 0

    cdef int attr_entry(self, Slice entry, int name, Slice value) except -1:
        """Place in `entries` of what an entry of the attributes says; equal ones are read once."""
        cdef AttrEntry e
        cdef int i
        if entry.n <= SMALL_VALUE:
            i = self.entry_index.find(entry)
            if i >= 0:
                return i
        e = AttrEntry.__new__(AttrEntry)
        e.name = self.names[name]
        e.value = read_attr(value, &e.code)
        i = <int>len(self.entries)
        if entry.n <= SMALL_VALUE:
            self.entry_index.add(entry, i)
        self.entries.append(e)
        return i

    cdef int placement(self, NodeDef* d, Slice value) except -1:
        """Place in `placements` of a value of the attribute _class."""
        cdef int code, i = self.place_index.find(value)
        cdef bint colocated = False
        if i >= 0:
            return i
        groups = read_attr(value, &code)
        placement = None
        if code & KIND_LIST:
            out = []
            for group in groups:
                if type(group) is bytes and group.startswith(b"loc:@"):
                    self.check_colocation(d, group)
                    colocated = True
                    group = b"loc:@" + self.prefix_slash + group[5:]
                out.append(group)
            placement = ("list(string)", tuple(out))
        elif code != NO_KIND:
            placement = (KIND_NAMES[code], groups)
        i = <int>len(self.placements)
        self.place_index.add(value, i)
        self.placements.append(placement)
        self.place_colocated.append(colocated)
        return i

    cdef int check_colocation(self, NodeDef* d, bytes group) except -1:
        cdef Slice s
        s.data = <unsigned char*>PyBytes_AS_STRING(group) + 5
        s.n = PyBytes_GET_SIZE(group) - 5
        if self.by_name.find(s) < 0:
            raise ValueError(f"Node '{slice_text(d.name)}' expects to be colocated with unknown node "
                             f"'{slice_text(s)}'")
        return 0

    cdef str node_text(self, NodeDef* d):
        return "{{node " + self.prefix_slash.decode() + slice_text(d.name) + "}}"


cdef inline bint equals(Slice s, bytes text) noexcept:
    return s.n == PyBytes_GET_SIZE(text) and memcmp(s.data, PyBytes_AS_STRING(text), s.n) == 0


cdef OpType registered(str name):
    """The OpType called `name`; NotFoundError, as TF's, when there is none."""
    found = OPTYPES.get(name)
    if found is not None:
        return found
    try:
        return op_type(name)
    except NotImplementedError:
        from os import uname

        from pyscope.errors import NotFoundError
    raise NotFoundError(None, None, (
        f"Op type not registered '{name}' in binary running on {uname().nodename}. Make sure the Op and Kernel are "
        "registered in the binary running in this process. Note that if you are loading a saved graph which used ops "
        "from tf.contrib (e.g. `tf.contrib.resampler`), accessing should be done before importing the graph, as "
        "contrib ops are lazily registered when the module is first accessed."))


cdef list arg_types(list args, dict values):
    """DataType numbers of inputs or outputs."""
    cdef ArgDef arg
    cdef list out = []
    for arg in args:
        if arg.type_list_attr is not None:
            out.extend([d._enum for d in values[arg.type_list_attr]])
            continue
        number = arg.dtype or values[arg.type_attr]._enum
        if arg.is_ref:
            number += 100
        if arg.number_attr is not None:
            out.extend([number] * values[arg.number_attr])
        else:
            out.append(number)
    return out


cdef int check_attr(AttrDef a, int code, object value) except -1:
    """Raise ValueError, with TF's text, when a value read from a message does not suit the attribute."""
    cdef int wanted = KIND_CODES[a.kind]
    if code != wanted and not (code == EMPTY_LIST and wanted & KIND_LIST):
        given = KIND_NAMES[code] if code != EMPTY_LIST else "list(any)"
        raise ValueError(f"AttrValue had value with type '{given}' when '{a.kind}' expected")
    if a.minimum is not None:
        if wanted & KIND_LIST:
            if len(value) < a.minimum:
                raise ValueError(f"Length for attr '{a.name}' of {len(value)} must be at least minimum {a.minimum}")
        elif value < a.minimum:
            raise ValueError(f"Value for attr '{a.name}' of {value} must be at least minimum {a.minimum}")
    if a.allowed is not None:
        for v in (value if wanted & KIND_LIST else (value,)):
            if type(v) is bytes:
                if v.decode("latin-1") not in a.allowed:
                    allowed = '", "'.join(a.allowed)
                    raise ValueError(f"Value for attr '{a.name}' of \"{v.decode('latin-1')}\" is not in the list of "
                                     f"allowed values: \"{allowed}\"")
            elif v not in a.allowed:
                allowed = ", ".join([type_text(d._enum) for d in a.allowed])
                raise ValueError(f"Value for attr '{a.name}' of {type_text(v._enum)} is not in the list of allowed "
                                 f"values: {allowed}")
    return 0


cdef str type_text(int dtype):
    """A dtype as TF's C++ messages have it: ``float``, ``int32_ref``."""
    name = DTYPES[base_of(dtype)].name
    return RUNTIME_TYPE_TEXT.get(name, name) + ("_ref" if dtype > 100 else "")


cdef str op_text(OpType t):
    """An op type as TF's C++ messages have it."""
    cdef AttrDef a
    parts = [f"name={t.type}",
             f"signature={', '.join([arg_text(x) for x in t.inputs])} -> {', '.join([arg_text(x) for x in t.outputs])}"]
    for a in t.attrs.values():
        text = f"attr={a.name}:{a.kind}"
        if a.default is not MISSING:
            text += ",default=" + attr_text(a.kind, a.default)
        if a.minimum is not None:
            text += f",min={a.minimum}"
        if a.allowed is not None:
            element = a.kind[5:len(a.kind) - 1] if a.kind.startswith("list(") else a.kind
            text += f",allowed=[{', '.join([attr_text(element, v if element == 'type' else v.encode()) for v in a.allowed])}]"
        parts.append(text)
    return "Op<" + "; ".join(parts) + ("; is_stateful=true" if t.stateful else "") + ">"


cdef str arg_text(ArgDef arg):
    kind = arg.type_list_attr or arg.type_attr or type_text(arg.dtype)
    if arg.number_attr is not None:
        kind = f"{arg.number_attr}*{kind}"
    return f"{arg.name}:Ref({kind})" if arg.is_ref else f"{arg.name}:{kind}"
