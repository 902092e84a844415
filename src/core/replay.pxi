# Gradient functions whose nodes are remembered.
#
# What a gradient function builds mostly follows from the attributes of the operation and from the dtypes and static
# shapes of the tensors around it: its inputs, its outputs and the gradients that came in.  `replayed(f)` says so of f.
# The first call then leaves a Recording of the nodes it made, with their edges given as positions among the tensors
# around and the new ones; the next call with the same around it appends those nodes without entering Python.  They stand
# in a scope that was just opened, where nobody has used a name, so that their names are those of the recording, too.

cdef enum:
    MOST_AROUND = 48             # tensors around an operation that takes part
    MOST_KEY = 200               # 8, and 4 for each of those
    MOST_EDGES = 64              # edges and outputs of a recorded node
    MOST_RECORDINGS = 256        # of one function
    MOST_CONSTANT = 64           # elements of a constant that a recording depends on
    NOTHING = -2147483647        # an input without a gradient, a gradient that did not come

cdef struct MadeNode:            # a node of a recording; edges and outputs stand in arrays of the recording
    int op_type
    PyObject* attrs              # owned by Recording.kept; NULL when there are none
    int constant_of              # tensor around whose constant it copies, then `attrs` do not count; or NOTHING
    int scope                    # 0: the scope of the call; k: the k-th scope made in it; -1 - k: that of its k-th root
    int base                     # index into Recording.strings
    int suffix                   # -1 - k: the name is that of the k-th root
    int n_inputs
    int n_controls
    int n_outputs
    int placed                   # node whose colocation groups it shares, or NOTHING
    bint waited_for


cdef struct Root:                # a name of a recording that is made unique anew each time it is played (repeat.pxi)
    int scope                    # opened under this name, and its entry
    int entry
    int base
    int suffix


@cython.final
cdef class Recording:
    """The nodes that one call of a gradient function made.

    Tensors and nodes are numbered: from 0 those that were made, -1, -2, ... those around the call.
    """

    cdef bytes key               # what was around
    cdef tuple attrs
    cdef tuple constants
    cdef MadeNode* nodes         # owned, as all arrays here
    cdef int n_nodes
    cdef int* edges
    cdef int n_edges
    cdef int* dtypes             # of the outputs, and their shapes
    cdef int* shapes
    cdef int n_outputs
    cdef Scope* scopes           # parents, entries: 0 is the call's, k the k-th made; bases: index into strings
    cdef int n_scopes
    cdef NameEntry* entries      # parents as for scopes; bases: index into strings
    cdef int n_entries
    cdef int* waited_for         # producers of tensors around that became named in a control_dependencies block
    cdef int n_waited_for
    cdef int* results            # a tensor for each input, or NOTHING
    cdef int n_results
    cdef list strings            # components of names
    cdef int* components         # the same as indices into the table of `serial`
    cdef long long serial
    cdef list kept               # what the nodes point at

    def __dealloc__(self):
        free(self.nodes)
        free(self.edges)
        free(self.dtypes)
        free(self.shapes)
        free(self.scopes)
        free(self.entries)
        free(self.waited_for)
        free(self.results)
        free(self.components)

    cdef int string(self, str text) except -1:
        """Index of a component."""
        if text not in self.strings:
            self.strings.append(text)
        return <int>self.strings.index(text)

    cdef int bind(self, NameTable names) except -1:
        """Look up the components in the table of a graph."""
        cdef int i
        if self.components == NULL:
            self.components = <int*>grow(NULL, (len(self.strings) + 1) * sizeof(int))
        for i in range(<int>len(self.strings)):
            self.components[i] = names.intern(<str>self.strings[i])
        self.serial = names.serial
        return 0

    cdef bint is_placed(self) except -1:
        """Whether devices around the call may have had to do with it."""
        cdef int i
        for i in range(self.n_nodes):
            if self.nodes[i].placed != NOTHING or (<OpType>OP_TYPES[self.nodes[i].op_type]).type == "NoOp":
                return True
        return False

    cdef int play(self, Graph g, int* around, int scope, Root* roots=NULL) except -1:
        """Append the nodes in `scope`, which is new unless there are `roots`; returns the id of their first output."""
        cdef NameTable names = g.names
        cdef int first_node = g.n_nodes, first_output = g.n_outputs, first_scope = names.n_scopes - 1
        cdef int first_entry = names.n_entries - 1, entry = names.scopes[scope].entry
        cdef int i, k, e, s, edge = 0, output = 0, node, base, suffix, n_controls
        cdef int edges[MOST_EDGES]
        cdef list controls
        cdef MadeNode* made
        cdef NameEntry* known
        cdef PyObject* attrs
        if self.serial != names.serial:
            self.bind(names)
        while names.n_entries + self.n_entries > names.n_entries_capacity:
            names.n_entries_capacity *= 2
            names.entries = <NameEntry*>grow(names.entries, names.n_entries_capacity * sizeof(NameEntry))
        for i in range(self.n_entries):
            known = &self.entries[i]
            e = names.n_entries
            names.entries[e] = NameEntry(entry if known.parent == 0 else first_entry + known.parent if known.parent > 0
                                         else roots[-1 - known.parent].entry,
                                         self.components[known.base], known.suffix, known.counter, known.limit,
                                         known.has_suffixed)
            names.n_entries += 1
            if 2 * names.n_entries > names.table_mask:
                names.rehash()
            else:
                names.place(e)
        for i in range(self.n_scopes):
            k = self.scopes[i].parent
            s = names.new_scope(scope if k == 0 else first_scope + k if k > 0 else roots[-1 - k].scope,
                                self.components[self.scopes[i].base], self.scopes[i].suffix,
                                entry if self.scopes[i].entry == 0 else first_entry + self.scopes[i].entry)
            names.scopes[s].named = self.scopes[i].named
        for i in range(self.n_nodes):
            made = &self.nodes[i]
            for k in range(made.n_inputs):
                e = self.edges[edge + k]
                edges[k] = first_output + e if e >= 0 else around[-1 - e]
            for k in range(made.n_inputs, made.n_inputs + made.n_controls):
                e = self.edges[edge + k]
                edges[k] = first_node + e if e >= 0 else g.outputs[around[-1 - e]].node
            attrs = made.attrs
            if made.constant_of != NOTHING:
                attrs = g.nodes[g.outputs[around[-1 - made.constant_of]].node].attrs
            base = self.components[made.base]
            suffix = made.suffix
            if suffix < 0:
                base = roots[-1 - suffix].base
                suffix = roots[-1 - made.suffix].suffix
            s = scope if made.scope == 0 else first_scope + made.scope if made.scope > 0 else roots[-1 - made.scope].scope
            n_controls = made.n_controls
            if g.controllers:
                # Recordings that are played in control_dependencies blocks have no control inputs of their own.
                controls = []
                g.controls_for(made.n_inputs, edges, controls)
                n_controls = <int>len(controls)
                if made.n_inputs + n_controls > MOST_EDGES:
                    raise AssertionError("too many control inputs")
                for k in range(n_controls):
                    edges[made.n_inputs + k] = controls[k]
            node = g.append(<OpType>OP_TYPES[made.op_type], made.n_inputs, edges, n_controls,
                            edges + made.n_inputs, made.n_outputs, self.dtypes + output, self.shapes + output,
                            attrs, s, base, suffix)
            if g.controllers:
                g.record(node)
            if made.placed != NOTHING:
                g.nodes[node].placed = (first_node + made.placed if made.placed >= 0
                                        else g.outputs[around[-1 - made.placed]].node)
            g.nodes[node].waited_for = made.waited_for
            edge += made.n_inputs + made.n_controls
            output += made.n_outputs
        for i in range(self.n_waited_for):
            g.nodes[g.outputs[around[-1 - self.waited_for[i]]].node].waited_for = True
        return first_output


cdef void* array_of(int n, size_t size) except NULL:
    return grow(NULL, (<size_t>n + 1) * size)


@cython.final
cdef class Recorder:
    """Watches one call of a gradient function in a scope that is new, and says what it made."""

    cdef Graph g
    cdef int scope
    cdef int n_around
    cdef int* around
    cdef int shapes[MOST_AROUND]
    cdef bint waited_for[MOST_AROUND]
    cdef int first_node, first_output, first_scope, first_entry
    cdef dict copies                     # name of a new constant -> the input whose value it has; or None
    cdef int n_copied                    # of these, how many there were
    cdef bint takes_more                 # whatever else the call takes is the same each time: it comes to be around
    cdef Py_ssize_t n_taken, n_paths, n_data, n_handles

    cdef int start(self, Graph g, int scope, int n_around, int* around) except -1:
        cdef NameTable names = g.names
        cdef int i
        self.g = g
        self.scope = scope
        self.n_around = n_around
        self.around = around
        self.first_node = g.n_nodes
        self.first_output = g.n_outputs
        self.first_scope = names.n_scopes
        self.first_entry = names.n_entries
        self.n_taken = len(g.taken)
        self.n_paths = len(names.paths)
        self.n_data = len(g.user_data)
        self.n_handles = len(g.handle_data)
        for i in range(n_around):
            if around[i] != NOTHING:
                self.shapes[i] = g.outputs[around[i]].shape
                self.waited_for[i] = g.nodes[g.outputs[around[i]].node].waited_for
        for i in range(n_around):
            if around[i] != NOTHING:
                g.nodes[g.outputs[around[i]].node].waited_for = False
        return 0

    cdef int tensor_of(self, int output) noexcept:
        """The number of a tensor in a recording, or NOTHING."""
        cdef int i
        if output >= self.first_output:
            return output - self.first_output
        for i in range(self.n_around):
            if self.around[i] == output:
                return -1 - i
        if self.takes_more and self.n_around < MOST_AROUND:
            i = self.n_around
            self.around[i] = output
            self.shapes[i] = self.g.outputs[output].shape
            self.waited_for[i] = False
            self.n_around += 1
            return -1 - i
        return NOTHING

    cdef int copied_constant(self, Node* n) except? -1:
        """The input whose value a new Const has by its name, among those that are copied, or NOTHING."""
        cdef Graph g = self.g
        cdef Node* other
        if self.copies is None or n.op_type != CONST_TYPE.index or n.suffix:
            return NOTHING
        i = self.copies.get(g.names.strings[n.base])
        if i is None:
            return NOTHING
        other = &g.nodes[g.outputs[self.around[<int>i]].node]
        if other.op_type != n.op_type or not np.array_equal((<tuple>n.attrs)[0], (<tuple>other.attrs)[0]):
            return NOTHING
        self.n_copied += 1
        return -1 - <int>i

    cdef int node_of(self, int node) noexcept:
        """The number of a node in a recording (that of one of its tensors, if it was around), or NOTHING."""
        cdef int i
        if node >= self.first_node:
            return node - self.first_node
        for i in range(self.n_around):
            if self.around[i] != NOTHING and self.g.outputs[self.around[i]].node == node:
                return -1 - i
        return NOTHING

    cdef Recording finish(self, int n_results, int* results, bint forget):
        """What was made; None if it cannot be repeated, or is to be forgotten."""
        cdef Graph g = self.g
        cdef NameTable names = g.names
        cdef Recording r = Recording.__new__(Recording)
        cdef int i, k
        cdef bint again[MOST_AROUND]
        cdef int n_known = self.n_around
        for i in range(self.n_around):
            again[i] = self.around[i] != NOTHING and g.nodes[g.outputs[self.around[i]].node].waited_for
        for i in range(self.n_around):
            if self.around[i] != NOTHING and self.waited_for[i]:
                g.nodes[g.outputs[self.around[i]].node].waited_for = True
        if (forget or len(g.taken) != self.n_taken or len(names.paths) != self.n_paths
                or len(g.user_data) != self.n_data or len(g.handle_data) != self.n_handles):
            return None
        r.strings = []
        r.kept = []
        r.serial = -1
        if not (self.copy_names(r) and self.copy_nodes(r)):
            return None
        if self.copies is not None and self.n_copied != len(self.copies):
            return None
        r.waited_for = <int*>array_of(self.n_around, sizeof(int))
        for i in range(self.n_around):
            if self.around[i] == NOTHING:
                continue
            if i >= n_known:
                again[i] = False
            if g.outputs[self.around[i]].shape != self.shapes[i]:
                return None
            if again[i]:
                r.waited_for[r.n_waited_for] = -1 - i
                r.n_waited_for += 1
        r.results = <int*>array_of(n_results, sizeof(int))
        r.n_results = n_results
        for i in range(n_results):
            k = NOTHING
            if results[i] != NOTHING:
                k = self.tensor_of(results[i])
                if k == NOTHING:
                    return None
            r.results[i] = k
        return r

    cdef bint copy_names(self, Recording r) except -1:
        cdef NameTable names = self.g.names
        cdef int entry = names.scopes[self.scope].entry
        cdef int i, parent, own
        cdef NameEntry* e
        cdef Scope* s
        r.n_entries = names.n_entries - self.first_entry
        r.n_scopes = names.n_scopes - self.first_scope
        r.entries = <NameEntry*>array_of(r.n_entries, sizeof(NameEntry))
        r.scopes = <Scope*>array_of(r.n_scopes, sizeof(Scope))
        for i in range(r.n_entries):
            e = &names.entries[self.first_entry + i]
            parent = self.local(e.parent, entry, self.first_entry)
            if parent < 0:
                return False
            r.entries[i] = NameEntry(parent, r.string(<str>names.strings[e.base]), e.suffix, e.counter, e.limit,
                                     e.has_suffixed)
        for i in range(r.n_scopes):
            s = &names.scopes[self.first_scope + i]
            parent = self.local(s.parent, self.scope, self.first_scope)
            own = self.local(s.entry, entry, self.first_entry)
            if parent < 0 or own < 0 or s.by_path:
                return False
            r.scopes[i] = Scope(parent, r.string(<str>names.strings[s.base]), s.suffix, own, NULL, False, s.named)
        return True

    cdef int local(self, int index, int own, int first) noexcept:
        """0 for the call's own scope or entry, k for the k-th made since, -1 for all others."""
        return 0 if index == own else index - first + 1 if index >= first else -1

    cdef bint copy_nodes(self, Recording r) except -1:
        cdef Graph g = self.g
        cdef int i, k, e, n_old, edge = 0
        cdef Node* n
        cdef MadeNode* made
        r.n_nodes = g.n_nodes - self.first_node
        r.n_outputs = g.n_outputs - self.first_output
        r.nodes = <MadeNode*>array_of(r.n_nodes, sizeof(MadeNode))
        r.dtypes = <int*>array_of(r.n_outputs, sizeof(int))
        r.shapes = <int*>array_of(r.n_outputs, sizeof(int))
        for i in range(r.n_nodes):
            n = &g.nodes[self.first_node + i]
            if n.n_inputs + n.n_controls > MOST_EDGES or n.device >= 0 or self.first_node + i in g.node_extras:
                return False
            r.n_edges += n.n_inputs + n.n_controls
        r.edges = <int*>array_of(r.n_edges, sizeof(int))
        for i in range(r.n_nodes):
            n = &g.nodes[self.first_node + i]
            made = &r.nodes[i]
            made.op_type = n.op_type
            made.attrs = n.attrs
            made.constant_of = self.copied_constant(n)
            if n.attrs != NULL and made.constant_of == NOTHING:
                r.kept.append(<object>n.attrs)
            made.scope = self.local(n.scope, self.scope, self.first_scope)
            made.base = r.string(<str>g.names.strings[n.base])
            made.suffix = n.suffix
            made.n_inputs = n.n_inputs
            made.n_controls = n.n_controls
            made.n_outputs = n.n_outputs
            made.placed = NOTHING if n.placed < 0 else self.node_of(n.placed)
            made.waited_for = n.waited_for
            if made.scope < 0 or (n.placed >= 0 and made.placed == NOTHING):
                return False
            n_old = 0
            for k in range(n.n_inputs + n.n_controls):
                e = g.edges[n.first_edge + k]
                e = self.tensor_of(e) if k < n.n_inputs else self.node_of(e)
                n_old += k >= n.n_inputs and e < 0
                if e == NOTHING:
                    return False
                r.edges[edge] = e
                edge += 1
            if n_old > 1:
                return False         # their order may follow from their age
        for i in range(r.n_outputs):
            r.dtypes[i] = g.outputs[self.first_output + i].dtype
            r.shapes[i] = g.outputs[self.first_output + i].shape
            if r.dtypes[i] == 20 or r.dtypes[i] == 21:
                return False         # resources and variants know what they refer to
        return True


@cython.final
cdef class ReplayedGradient:
    """A gradient function that is called once for each kind of operation it meets; see `replayed`."""

    cdef readonly object function
    cdef unsigned long long ignored      # bit i: the value of input i does not matter
    cdef dict copies                     # name of a new constant -> the input whose value it has; or None
    cdef dict recordings
    cdef Recording last
    cdef int n_replayed
    cdef int n_failed
    cdef bint off

    def __init__(self, function, ignored, copies):
        self.function = function
        self.recordings = {}
        for i in ignored:
            self.ignored |= <unsigned long long>1 << <int>i
        self.copies = copies

    def __call__(self, op, *grads):
        return self.function(op, *grads)

    cdef Recording find(self, int n_key, int* key, tuple attrs, tuple constants):
        """The recording for what is around an operation, or None."""
        cdef Recording r = self.last
        if (r is None or len(r.key) != n_key * <int>sizeof(int)
                or memcmp(<const char*>r.key, key, n_key * sizeof(int)) != 0
                or not (r.attrs is attrs or r.attrs == attrs) or r.constants != constants):
            r = self.recordings.get(((<const char*>key)[:n_key * sizeof(int)], attrs, constants))
        if r is not None:
            self.last = r
            self.n_replayed += 1
        return r

    cdef int give_up(self) except -1:
        """Note a call that cannot be repeated; after too many, the function is called without further ado."""
        self.n_failed += 1
        self.off = self.n_failed > 16 + self.n_replayed
        return 0

    cdef int keep(self, Recording r, int n_key, int* key, tuple attrs, tuple constants) except -1:
        if len(self.recordings) >= MOST_RECORDINGS:
            self.recordings.clear()
            self.last = None
            self.off = self.n_replayed < MOST_RECORDINGS     # every call differs: do not bother
            self.n_replayed = 0
        r.key = (<const char*>key)[:n_key * sizeof(int)]
        r.attrs = attrs
        r.constants = constants
        self.recordings[r.key, attrs, constants] = r
        return 0


def replayed(function=None, *, ignoring=(), copying=None):
    """Decorator: the nodes of a gradient function follow from what the operation and the tensors around it are.

    That is: from the operation's attributes, from the dtypes and static shapes of its inputs, its outputs and the
    incoming gradients, from which of these are the same, and from the values of integer inputs that are constants (an
    operation with other integer inputs is left to the function). Then the function is called once for each such kind
    and what it built is built again, in C, for all that follow. A function that looks further, say at what computes an
    input or at a collection, must not be marked; one that does so now and then calls `not_again`.

    Parameters
    ----------
    function : function
        A gradient function, ``f(op, *grads)``; None to give options.
    ignoring : tuple of int
        Integer inputs whose values do not matter.
    copying : dict of str to int, optional
        Names of constants that the function makes to the integer inputs, constants themselves, whose values they have;
        these values go nowhere else.
    """
    if function is None:
        return lambda f: ReplayedGradient(f, ignoring, copying)
    if function is NO_GRADIENT or isinstance(function, ReplayedGradient):
        return function
    return ReplayedGradient(function, ignoring, copying)


cdef bint REPLAYING = True
cdef bint FORGET = False


def replaying(bint wanted):
    """Whether gradient functions are replayed from now on, or always called: to compare the two, and to debug."""
    global REPLAYING
    REPLAYING = wanted


def not_again():
    """Say, from a gradient function marked `replayed`, that this call is not to be repeated from memory."""
    global FORGET
    FORGET = True


@cython.final
cdef class RepeatedCall:
    """A function without arguments that makes the same nodes, from nothing, wherever it is called.

    Called it is that function; `make` repeats what its first call made.
    """

    cdef object function
    cdef Recording made
    cdef bint called

    def __init__(self, function not None):
        self.function = function

    def __call__(self):
        return self.function()

    cdef Tensor make(self, Graph g, bint is_new):
        """What the function returns; the current scope is new if `is_new`."""
        cdef Recorder recorder
        cdef int first, result
        if self.made is not None and is_new and REPLAYING:
            first = self.made.play(g, NULL, g.scope)
            return g.tensor(first + self.made.results[0])
        if self.called or not is_new:
            return self.function()
        self.called = True
        recorder = Recorder.__new__(Recorder)
        recorder.start(g, g.scope, 0, NULL)
        value = self.function()
        if type(value) is Tensor and (<Tensor>value).graph is g:
            result = (<Tensor>value)._id
            self.made = recorder.finish(1, &result, False)
        return value


@cython.final
cdef class RepeatedUpdates:
    """Updates of several variables by one rule: those of variables that are alike are built from the first one's nodes.

    What an update takes besides the tensors named for it must be the same for all.
    """

    cdef Graph g
    cdef dict recordings             # key -> (Recording, what was around, number of the operation returned)

    def __init__(self, Graph g not None):
        self.g = g
        self.recordings = {}

    def make(self, str name not None, key, list tensors not None, function):
        """The operation that ``function()`` returns, made in a scope called `name`.

        `key` says what the nodes follow from; `tensors` are of this variable alone.
        """
        cdef Graph g = self.g
        cdef int old = g.scope, before = g.names.n_entries, i, scope, base, suffix
        cdef int around[MOST_AROUND]
        cdef Recorder recorder
        cdef Recording r
        cdef bytes others
        cdef bint usable
        try:
            g.resolve_name(name, False, &scope, &base, &suffix, True)
            g.scope = g.scope_at(scope, base, suffix)
            usable = (REPLAYING and len(tensors) < MOST_AROUND and not (
                g.decorated or g.is_function or g.controllers or g.finalized)
                and g.names.scopes[g.scope].entry >= before)
            for i in range(<int>len(tensors)):
                usable = usable and (<Tensor>tensors[i]).graph is g
                around[i] = (<Tensor>tensors[i])._id
            if not usable:
                return function()
            found = self.recordings.get(key)
            if found is not None:
                r, others, i = found
                memcpy(around + len(tensors), <const char*>others, len(others))
                before = g.n_nodes
                r.play(g, around, g.scope)
                return g.operation(before + i)
            recorder = Recorder.__new__(Recorder)
            recorder.takes_more = True
            before = g.n_nodes
            recorder.start(g, g.scope, <int>len(tensors), around)
            made = function()
            r = recorder.finish(0, NULL, type(made) is not Operation)
            if r is not None and (<Operation>made).graph is g and (<Operation>made)._id >= before:
                self.recordings[key] = (
                    r, (<char*>(around + len(tensors)))[:(recorder.n_around - len(tensors)) * sizeof(int)],
                    (<Operation>made)._id - before)
            return made
        finally:
            g.scope = old
