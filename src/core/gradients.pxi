# The walk back from ys to xs: adds up what arrives at an operation, asks its gradient function, and hands the answers
# on.  Gradients are output ids of the graph they are built in; what is no tensor of it (IndexedSlices, tensors of other
# graphs) is kept as an object.  Gradient functions, and all that is rare, are Python's.

cdef enum:
    NO_GRADIENT_YET = -1
    ONE_OBJECT = -2              # a Python object, in Backward.objects
    MANY = -3                    # a list of ids and Python objects, there


cdef int ZEROS_LIKE_INDEX = -1


@cython.final
cdef class Backward:
    """One walk back; `found` tells what arrived.

    Parameters
    ----------
    search : Search
        The operations between.
    ys, grad_ys : list
        Where to start, and with which gradients.
    stop_ops : list of Operation
        Where to end.
    """

    cdef Search search
    cdef Graph src               # the graph of the operations between
    cdef Graph out               # the graph that gradients are built in
    cdef int* slots              # gradients of outputs, by Visit.first_slot
    cdef int n_slots
    cdef int slots_capacity
    cdef dict objects            # slot -> object or list
    cdef int* queue              # visits whose gradients are all there
    cdef int n_queued
    cdef dict scopes             # scope of the operations -> the one below the current scope that stands for it
    cdef bint plain              # nothing around the call adds to new operations but `colocate`; there is one graph
    cdef bint gate
    cdef int method
    cdef object colocate
    cdef object registry         # op types with gradient functions of the program
    cdef object lookup           # lookup(op): its gradient function
    cdef object call             # call(function, op, grads, gate): a list of gradients
    cdef object zeros            # zeros(op, index): a tensor
    cdef object aggregate        # aggregate(op, grads): one gradient
    cdef object refine           # refine(op, index, grad): give a gradient the shape of the input, or raise
    cdef object trainable        # trainable(tensor): whether gradients flow through it

    def __cinit__(self, *args, **kwargs):
        self.slots_capacity = 64
        self.slots = <int*>malloc(64 * sizeof(int))
        if self.slots == NULL:
            raise MemoryError()

    def __dealloc__(self):
        free(self.slots)
        free(self.queue)

    def __init__(self, Search search not None, ys, grad_ys, stop_ops, *, bint gate, int method, colocate, registry,
                 lookup, call, zeros, aggregate, refine, trainable):
        cdef Operation op
        self.search = search
        self.src = search.graph
        self.out = current_graph()
        self.objects = {}
        self.scopes = {}
        self.gate = gate
        self.method = method
        self.colocate = colocate
        self.registry = registry
        self.lookup = lookup
        self.call = call
        self.zeros = zeros
        self.aggregate = aggregate
        self.refine = refine
        self.trainable = trainable
        self.plain = (self.src is self.out and not self.out.decorated and not self.out.is_function
                      and not self.out.controllers and not self.out.finalized)
        for y, grad in zip(ys, grad_ys):
            self.collect((<Tensor>y)._id, self.id_of(grad), grad)
        self.queue = <int*>grow(NULL, (search.n_between + 1) * sizeof(int))
        for op in stop_ops:
            v = search.find(op._id)
            if v >= 0:
                search.visits[<int>v].stop = True

    def stop_at_sources(self, from_ops):
        """End at sources above which nothing of interest stands."""
        cdef Operation op
        cdef Search s = self.search
        cdef Node* n
        cdef int v, w, k
        for op in from_ops:
            v = s.find(op._id)
            if v < 0:
                continue
            n = &self.src.nodes[op._id]
            for k in range(n.n_inputs):
                w = s.find(self.src.outputs[self.src.edges[n.first_edge + k]].node)
                if w >= 0 and s.visits[w].between and s.visits[w].pending > 0:
                    break
            else:
                s.visits[v].stop = True

    def run(self, to_ops):
        """Walk."""
        cdef Operation op
        cdef Search s = self.search
        cdef int v, head = 0
        cdef set queued = set()
        for op in to_ops:
            v = s.find(op._id)
            if v >= 0 and s.visits[v].between and s.visits[v].pending == 0 and v not in queued:
                queued.add(v)
                self.queue[self.n_queued] = v
                self.n_queued += 1
        while head < self.n_queued:
            v = self.queue[head]
            head += 1
            if self.colocate is None:
                self.visit(v)
            else:
                with self.colocate(self.src.operation(s.visits[v].node)):
                    self.visit(v)
            self.release(v)

    def found(self, Tensor x not None):
        """The gradient that arrived at `x`, or None."""
        cdef int v = self.search.find(self.src.outputs[x._id].node)
        cdef int slot
        if v < 0 or self.search.visits[v].first_slot < 0:
            return None
        slot = self.search.visits[v].first_slot + x._id - self.src.nodes[self.search.visits[v].node].first_output
        if self.slots[slot] == MANY:             # nobody came to add them up
            first = self.objects[slot][0]
            return self.out.tensor(first) if type(first) is int else first
        return self.value(slot)

    # ------------------------------------------------------------ what was collected

    cdef int id_of(self, object grad) except -3:
        """The id of a tensor of the graph that gradients are built in; ONE_OBJECT for all else."""
        if type(grad) is Tensor and (<Tensor>grad).graph is self.out:
            return (<Tensor>grad)._id
        return NO_GRADIENT_YET if grad is None else ONE_OBJECT

    cdef object value(self, int slot):
        """The gradient in a slot: a tensor, another object, or None."""
        cdef int kind = self.slots[slot]
        if kind >= 0:
            return self.out.tensor(kind)
        return None if kind == NO_GRADIENT_YET else self.objects[slot]

    cdef int slot_of(self, int output) except -2:
        """Where gradients of an output are collected; -1 when nobody will ask."""
        cdef int v = self.search.find(self.src.outputs[output].node)
        cdef Node* n
        cdef int i
        if v < 0 or not self.search.visits[v].between:
            return -1
        n = &self.src.nodes[self.search.visits[v].node]
        if self.search.visits[v].first_slot < 0:
            while self.n_slots + n.n_outputs > self.slots_capacity:
                self.slots_capacity *= 2
                self.slots = <int*>grow(self.slots, self.slots_capacity * sizeof(int))
            self.search.visits[v].first_slot = self.n_slots
            for i in range(n.n_outputs):
                self.slots[self.n_slots + i] = NO_GRADIENT_YET
            self.n_slots += n.n_outputs
        return self.search.visits[v].first_slot + output - n.first_output

    cdef int collect(self, int output, int grad, object value) except -1:
        """Note a gradient of an output: an id, or a Python object."""
        cdef int slot = self.slot_of(output)
        if slot < 0:
            return 0
        if self.slots[slot] == NO_GRADIENT_YET:
            self.slots[slot] = grad
            if grad == ONE_OBJECT:
                self.objects[slot] = value
            return 0
        if self.slots[slot] != MANY:
            self.objects[slot] = [self.slots[slot] if self.slots[slot] >= 0 else self.objects[slot]]
            self.slots[slot] = MANY
        (<list>self.objects[slot]).append(value if grad == ONE_OBJECT else grad)
        return 0

    cdef int add_up(self, int v, int slot) except -1:
        """Replace the gradients in a slot by their sum."""
        cdef list parts = self.objects.pop(slot)
        cdef int total = self.add_n(parts) if self.plain and self.method == 0 else -1
        if total < 0:
            value = self.aggregate(self.src.operation(self.search.visits[v].node),
                                   [self.out.tensor(p) if type(p) is int else p for p in parts])
            total = self.id_of(value)
            if total == ONE_OBJECT:
                self.objects[slot] = value
        self.slots[slot] = total
        return 0

    cdef int add_n(self, list parts) except -2:
        """The AddN of tensors of one shape, placed with the first; -1 when there is more to it."""
        cdef Graph g = self.out
        cdef OpType kind = op_type("AddN")
        cdef int n = <int>len(parts), i, node, shape, dtype, scope, base, suffix
        cdef int* ids
        for part in parts:
            if type(part) is not int:
                return -1
        ids = <int*>array_of(n, sizeof(int))
        try:
            for i in range(n):
                ids[i] = parts[i]
            shape = g.outputs[ids[0]].shape
            dtype = base_of(g.outputs[ids[0]].dtype)
            for i in range(n):
                if (g.outputs[ids[i]].shape != shape or g.outputs[ids[i]].dtype != dtype or not passes_gradient(g, ids[i])
                        or dtype == DT_RESOURCE or dtype == DT_VARIANT or g.nodes[g.outputs[ids[i]].node].device >= 0):
                    return -1
            g.resolve_name("AddN", False, &scope, &base, &suffix)
            node = g.append(kind, n, ids, 0, NULL, 1, &dtype, &shape, NULL, scope, base, suffix)
            g.nodes[node].placed = g.outputs[ids[0]].node
            return g.nodes[node].first_output
        finally:
            free(ids)

    # ------------------------------------------------------------ one operation

    cdef int visit(self, int v) except -1:
        """Add up the gradients of the outputs of an operation, and collect those of its inputs."""
        cdef Search s = self.search
        cdef Graph src = self.src
        cdef int node = s.visits[v].node
        cdef int n_inputs = src.nodes[node].n_inputs, n_outputs = src.nodes[node].n_outputs
        cdef int first = s.visits[v].first_slot
        cdef int i
        cdef bint some = False
        cdef OpType kind = <OpType>OP_TYPES[src.nodes[node].op_type]
        if first < 0:
            return 0
        for i in range(first, first + n_outputs):
            if self.slots[i] == MANY:
                self.add_up(v, i)
            some = some or self.slots[i] != NO_GRADIENT_YET
        if not some or s.visits[v].stop or n_inputs == 0:
            return 0
        if (self.plain and REPLAYING and type(kind.gradient) is ReplayedGradient and not (<ReplayedGradient>kind.gradient).off
                and n_inputs + 2 * n_outputs <= MOST_AROUND and not self.overridden(node, kind)):
            return self.replay(v, node, kind.gradient)
        function = self.lookup(src.operation(node))
        if function is None:
            return 0
        values = self.gradients_of_outputs(node, first)
        return self.ask(function, node, values, self.enter(node, &i))

    cdef bint overridden(self, int node, OpType kind) except -1:
        """Whether the program may have its own gradient function for an operation."""
        cdef PyObject* extras
        if kind.type in self.registry:
            return True
        if self.src.user_data and ("op", node) in self.src.user_data:
            return True
        extras = PyDict_GetItem(self.src.node_extras, node)
        return extras != NULL and "_gradient_op_type" in <dict>extras

    cdef list gradients_of_outputs(self, int node, int first):
        """The gradient of each output; zeros where none came but could have."""
        cdef list values = []
        cdef int i
        cdef Graph src = self.src
        for i in range(src.nodes[node].n_outputs):
            value = self.value(first + i)
            if value is None and self.trainable(src.tensor(src.nodes[node].first_output + i)):
                value = self.zeros(src.operation(node), i)
            values.append(value)
        return values

    cdef int enter(self, int node, int* entry_before) except -1:
        """The scope for the gradients of an operation: its name and ``_grad``, below the current scope."""
        cdef Graph src = self.src, out = self.out
        cdef Node* n = &src.nodes[node]
        cdef NameTable names = out.names
        cdef str text = <str>src.names.strings[n.base]
        cdef int scope, base, suffix, component
        entry_before[0] = 2147483647
        if src is not out:
            out.resolve_name(src.node_name(node) + "_grad", False, &scope, &base, &suffix, True)
            return out.scope_at(scope, base, suffix)
        text = f"{text}_{n.suffix}_grad" if n.suffix > 0 else text + "_grad"
        scope = self.scope_for(n.scope)
        component = names.intern(text)
        entry_before[0] = names.n_entries
        names.unique(scope, component, True, &base, &suffix)
        return out.scope_at(scope, base, suffix)

    cdef int scope_for(self, int scope) except -1:
        """The scope below the current one with the path that `scope` has from the root."""
        cdef NameTable names = self.out.names
        cdef Scope* s
        cdef PyObject* found
        cdef int parent
        cdef str text
        if scope == 0:
            return self.out.scope
        found = PyDict_GetItem(self.scopes, scope)
        if found != NULL:
            return <int>PyLong_AsLong(<object>found)
        parent = self.scope_for(names.scopes[scope].parent)
        s = &names.scopes[scope]
        text = <str>names.strings[s.base]
        if s.suffix > 0:
            text = f"{text}_{s.suffix}"
        parent = names.child_scope(parent, text)
        self.scopes[scope] = parent
        return parent

    cdef int ask(self, object function, int node, list values, int scope) except -1:
        """Call a gradient function in `scope` and collect what it returns."""
        cdef int old = self.out.scope, i, grad
        cdef Operation op = self.src.operation(node)
        cdef list grads
        self.out.scope = scope
        try:
            grads = self.call(function, op, values, self.gate)
        finally:
            self.out.scope = old
        for i in range(min(<int>len(grads), self.src.nodes[node].n_inputs)):
            value = grads[i]
            if value is not None:
                self.hand_on(node, i, self.id_of(value), value)
        return 0

    cdef int hand_on(self, int node, int index, int grad, object value) except -1:
        """Collect a gradient of input `index`, once it has the shape of that input."""
        cdef Graph src = self.src, out = self.out
        cdef int output = src.edges[src.nodes[node].first_edge + index]
        cdef int wanted = src.outputs[output].shape
        if grad == ONE_OBJECT:
            if type(value) is Tensor and base_of(src.outputs[output].dtype) != DT_RESOURCE:
                self.refine(src.operation(node), index, value)
        elif wanted != UNKNOWN_SHAPE and out.outputs[grad].shape != wanted and base_of(
                src.outputs[output].dtype) != DT_RESOURCE:
            wanted = merged_shape(out.outputs[grad].shape, wanted)
            if wanted >= 0:
                out.outputs[grad].shape = wanted
            else:
                self.refine(src.operation(node), index, out.tensor(grad))
        return self.collect(output, grad, value)

    cdef int release(self, int v) except -1:
        """Tell the producers of the inputs that this operation is done."""
        cdef Search s = self.search
        cdef Graph src = self.src
        cdef int node = s.visits[v].node
        cdef int k, w
        for k in range(src.nodes[node].n_inputs):
            w = s.find(src.outputs[src.edges[src.nodes[node].first_edge + k]].node)
            if w >= 0 and s.visits[w].between:
                s.visits[w].pending -= 1
                if s.visits[w].pending == 0:
                    self.queue[self.n_queued] = w
                    self.n_queued += 1
        return 0

    # ------------------------------------------------------------ from memory

    cdef int replay(self, int v, int node, ReplayedGradient function) except -1:
        """The gradients of one operation by a function whose calls can be repeated."""
        cdef Graph g = self.src
        cdef NameTable names = g.names
        cdef int n_inputs = g.nodes[node].n_inputs, n_outputs = g.nodes[node].n_outputs
        cdef int first = self.search.visits[v].first_slot
        cdef int around[MOST_AROUND]
        cdef int key[MOST_KEY]
        cdef int n = 0, n_key = 0, i, k, output, entry_before = 0, scope
        cdef bint usable = True
        cdef Recording r = None
        cdef dict zeros = None       # those made for outputs without a gradient
        cdef tuple attrs = None, constants = None
        cdef PyObject* stored = g.nodes[node].attrs
        for i in range(n_inputs):
            around[i] = g.edges[g.nodes[node].first_edge + i]
        for i in range(n_outputs):
            around[n_inputs + i] = g.nodes[node].first_output + i
        n = n_inputs + n_outputs
        for i in range(n_outputs):
            k = self.slots[first + i]
            if k == ONE_OBJECT:
                usable = False
            elif k == NO_GRADIENT_YET:
                k = NOTHING
                output = g.nodes[node].first_output + i
                if passes_gradient(g, output) and self.trainable(g.tensor(output)):
                    value = self.zeros(g.operation(node), i)
                    k = self.id_of(value)
                    usable = usable and k != ONE_OBJECT
                    zeros = {} if zeros is None else zeros
                    zeros[i] = value
            around[n + i] = k
        n += n_outputs
        if usable and stored != NULL and <object>stored is not (<OpType>OP_TYPES[g.nodes[node].op_type]).defaults:
            attrs = <tuple>stored
        if usable:
            constants = self.constants_of(function, n_inputs, around)
            usable = constants is not None
        scope = self.enter(node, &entry_before)
        usable = usable and names.scopes[scope].entry >= entry_before
        if usable:
            n_key = self.describe(n_inputs, n_outputs, around, key)
            try:
                r = function.find(n_key, key, attrs, constants)
            except TypeError:                    # an attribute without a hash
                usable = False
        if not usable:
            return self.ask(function.function, node, self.values_of(first, n_outputs, zeros), scope)
        if r is not None:
            output = r.play(g, around, scope)
            for i in range(r.n_results):
                k = r.results[i]
                if k != NOTHING:
                    self.hand_on(node, i, output + k if k >= 0 else around[-1 - k], None)
            return 0
        return self.record(function, node, self.values_of(first, n_outputs, zeros), n_key, key, attrs, constants, n,
                           around, scope)

    cdef list values_of(self, int first, int n, dict zeros):
        """The gradients in slots as Python objects, with zeros in their places."""
        cdef list values = [self.value(first + i) for i in range(n)]
        if zeros is not None:
            for i, value in zeros.items():
                values[i] = value
        return values

    cdef int record(self, ReplayedGradient function, int node, list values, int n_key, int* key, tuple attrs,
                    tuple constants, int n, int* around, int scope) except -1:
        """Call the function and remember what it makes, if that can be repeated."""
        global FORGET
        cdef Graph g = self.out
        cdef int results[MOST_AROUND]
        cdef int i, n_results, old = g.scope
        cdef bint repeatable = True, outer = FORGET
        cdef list grads
        cdef Recording r
        cdef Recorder recorder = Recorder.__new__(Recorder)
        recorder.start(g, scope, n, around)
        recorder.copies = function.copies
        FORGET = False
        g.scope = scope
        try:
            grads = self.call(function.function, g.operation(node), values, self.gate)
        finally:
            g.scope = old
            repeatable = not FORGET
            FORGET = outer
        n_results = min(<int>len(grads), MOST_AROUND)
        for i in range(n_results):
            results[i] = NOTHING
            if grads[i] is not None:
                results[i] = self.id_of(grads[i])
                repeatable = repeatable and results[i] != ONE_OBJECT
        r = recorder.finish(n_results, results, not repeatable)
        if r is not None and (key[3] == 0 or not r.is_placed()):
            function.keep(r, n_key, key, attrs, constants)
        else:
            function.give_up()
        for i in range(min(n_results, g.nodes[node].n_inputs)):
            if grads[i] is not None:
                self.hand_on(node, i, self.id_of(grads[i]), grads[i])
        return 0

    cdef tuple constants_of(self, ReplayedGradient function, int n_inputs, int* around):
        """The values of the inputs that a recording depends on; None when one is not known."""
        cdef Graph g = self.src
        cdef int i, producer
        cdef list values = None
        for i in range(n_inputs):
            if passes_gradient(g, around[i]) or (i < 64 and function.ignored >> i & 1):
                continue
            producer = g.outputs[around[i]].node
            if CONST_TYPE is None or g.nodes[producer].op_type != CONST_TYPE.index:
                return None
            if function.copies is not None and i in function.copies.values():
                continue
            array = (<tuple>g.nodes[producer].attrs)[0]
            if array.size > MOST_CONSTANT or array.dtype.hasobject:
                return None
            if values is None:
                values = []
            values.append(array.tobytes())
        return () if values is None else tuple(values)

    cdef int describe(self, int n_inputs, int n_outputs, int* around, int* key) except -1:
        """Write what a recording depends on: dtypes, shapes, and which tensors and producers are the same."""
        global ZEROS_LIKE_INDEX
        cdef Graph g = self.src
        cdef int n = n_inputs + 2 * n_outputs, i, k, at = 4
        cdef Output* o
        key[0] = self.gate + 2 * (self.colocate is not None)
        key[1] = n_inputs
        key[2] = n_outputs
        if ZEROS_LIKE_INDEX < 0 and "ZerosLike" in OPTYPES:
            ZEROS_LIKE_INDEX = (<OpType>OPTYPES["ZerosLike"]).index
        key[3] = 0                   # whether some producer has a device
        for i in range(n):
            if around[i] == NOTHING:
                key[at] = key[at + 1] = key[at + 2] = key[at + 3] = NOTHING
                at += 4
                continue
            o = &g.outputs[around[i]]
            key[at] = o.dtype
            if i >= n - n_outputs and g.nodes[o.node].op_type == ZEROS_LIKE_INDEX:
                key[at] += 1000      # some functions ask whether a gradient is none
            key[at + 1] = o.shape
            key[at + 2] = key[at + 3] = i
            for k in range(i):
                if around[k] != NOTHING and g.outputs[around[k]].node == o.node:
                    key[at + 3] = k
                    break
            for k in range(key[at + 3], i):
                if around[k] == around[i]:
                    key[at + 2] = k
                    break
            if g.nodes[o.node].device >= 0:
                key[3] = 1
            at += 4
        return at


cdef int merged_shape(int a, int b) except -2:
    """Id of what two shapes say together; -1 when they contradict each other."""
    cdef Shape* x = &SHAPES[a]
    cdef Shape* y = &SHAPES[b]
    cdef long long dims[64]
    cdef int i
    if a == UNKNOWN_SHAPE or a == b:
        return b
    if b == UNKNOWN_SHAPE:
        return a
    if x.rank != y.rank or x.rank > 64:
        return -1
    for i in range(x.rank):
        if x.dims[i] >= 0 and y.dims[i] >= 0 and x.dims[i] != y.dims[i]:
            return -1
        dims[i] = x.dims[i] if x.dims[i] >= 0 else y.dims[i]
    return intern_dims(dims, x.rank)
