# Calls that are remembered.  What a function of the API builds mostly follows from what it is called with: numbers,
# texts and lists as they are, and of tensors the dtype, the static shape and which of them are the same.  A function
# marked `repeats` is watched when it is called a second time with the same; from the third time on its nodes are
# appended in C, as those of a gradient function are (replay.pxi).
#
# A gradient function builds in a scope that was just opened.  A call here builds in the current scope, where names are
# in use: each name that the recording has there is a root, which is made unique again whenever it is played.  What
# stands below a root stands where nobody has used a name.

cdef enum:
    MOST_WORDS = 160             # of what describes a call
    MOST_ROOTS = 6
    MOST_KINDS = 256             # of calls of one function that are remembered
    MOST_CALL_CONTROLS = 24
    DT_STRING = 7

cdef enum:                       # words of a description that say what comes
    WORD_MISSING = 1
    WORD_NAME
    WORD_NONE
    WORD_TRUE
    WORD_FALSE
    WORD_INT
    WORD_FLOAT
    WORD_STR
    WORD_DTYPE
    WORD_SHAPE
    WORD_LIST
    WORD_TUPLE
    WORD_TENSOR
    WORD_SAME
    WORD_CONSTANT
    WORD_VARIABLE
    WORD_SIBLING                 # and above: of the node that makes an earlier tensor

cdef dict TEXTS = {}             # text -> its number


cdef long long text_number(str text) except -2:
    """A number that stands for a text; -1 when there are too many."""
    cdef PyObject* found = PyDict_GetItem(TEXTS, text)
    if found != NULL:
        return PyLong_AsLong(<object>found)
    if len(TEXTS) > 8192 or len(text) > 256:
        return -1
    TEXTS[text] = len(TEXTS)
    return len(TEXTS) - 1


@cython.final
cdef class Repeat:
    """What one kind of call made, to be made again."""

    cdef Recording made
    cdef bytes key
    cdef int n_roots
    cdef list texts                  # what the name was made from; None: the name that the caller gives
    cdef bint inside[MOST_ROOTS]     # a scope is opened under the name
    cdef bint named[MOST_ROOTS]      # that a node takes as its name
    cdef object returns              # structure of what is returned: None for a tensor, else see `structure`
    cdef int node                    # which of the nodes is returned, or -1
    cdef bint seeded                 # some op takes its seed from the graph if that has one
    cdef bint waits                  # some node has control inputs
    cdef bint placed                 # some node is placed with another
    cdef bint doubtful               # some name may have been made from that of the call
    cdef bint coincides
    cdef list held                   # constants that were looked at: the key has their addresses

    cdef int root(self, list found, str base, int suffix) except -2:
        """Index of a name in the scope of the call."""
        key = (base, suffix)
        if key not in found:
            found.append(key)
        return <int>found.index(key)

    cdef int resembles(self, Recording r, list roots, int base, int suffix) except -1:
        """Note a name below a root that may have been made from the root's."""
        if (r.strings[base], suffix) in roots:
            self.doubtful = True
            self.coincides = suffix == 0         # or else by chance: the next call will tell
        return 0

    cdef bint find_roots(self, str name) except -1:
        """Tell the names in the scope of the call from those below them; False if that cannot be told."""
        cdef Recording r = self.made
        cdef list found = []
        cdef dict scope_of = {}, entry_of = {}       # old index -> new one: k-th, or -1 - root
        cdef list scopes_opened = []
        cdef int i, k, n
        cdef str text
        # Names made from one text are numbered in the order in which they were asked for.
        for i in range(r.n_scopes):
            if r.scopes[i].parent == 0:
                k = self.root(found, r.strings[r.scopes[i].base], r.scopes[i].suffix)
                if r.scopes[i].entry <= 0:
                    return False
                if k in scopes_opened:
                    continue                 # opened again, to hold the constants of the node that takes its name
                scopes_opened.append(k)
        n = <int>len(found)
        for i in range(r.n_nodes):
            if r.nodes[i].scope == 0:
                self.root(found, r.strings[r.nodes[i].base], r.nodes[i].suffix)
        self.n_roots = <int>len(found)
        self.texts = [base for base, _ in found]
        if self.n_roots > MOST_ROOTS:
            return False
        texts = [base.lower() for base, _ in found]
        for i in range(self.n_roots):
            if texts.count(texts[i]) > 1 and (i < n or i + 1 < self.n_roots and texts[i] == texts[i + 1]
                                              and found[i][1] > found[i + 1][1]):
                return False
        if name is not None:
            matching = [i for i, (base, suffix) in enumerate(found)
                        if base == name or suffix > 0 and f"{base}_{suffix}" == name]
            if len(matching) != 1:
                return False
        for i in range(self.n_roots):
            self.inside[i] = i < n
            self.named[i] = False
        if name is not None:
            self.texts[<int>matching[0]] = None
        # What is called like a root may have taken its name from it.
        for i in range(r.n_scopes):
            if r.scopes[i].parent > 0:
                self.resembles(r, found, r.scopes[i].base, r.scopes[i].suffix)
        for i in range(r.n_nodes):
            if r.nodes[i].scope > 0:
                self.resembles(r, found, r.nodes[i].base, r.nodes[i].suffix)
        if self.doubtful:
            return False
        # The scopes and entries of roots are made when played; those below them keep their order.
        k = 0
        for i in range(r.n_scopes):
            if r.scopes[i].parent == 0:
                n = self.root(found, r.strings[r.scopes[i].base], r.scopes[i].suffix)
                scope_of[i + 1] = -1 - n
                entry_of[r.scopes[i].entry] = -1 - n
                self.named[n] = self.named[n] or r.scopes[i].named
            else:
                k += 1
                scope_of[i + 1] = k
        k = 0
        for i in range(r.n_entries):
            if r.entries[i].parent == 0:
                text = r.strings[r.entries[i].base]
                if r.entries[i].counter and i + 1 not in entry_of and text not in texts:
                    return False             # a name was taken and no node has it
            elif i + 1 in entry_of:
                return False
            else:
                k += 1
                entry_of[i + 1] = k
        k = 0
        for i in range(r.n_entries):
            if r.entries[i].parent > 0:
                if r.entries[i].parent not in entry_of:
                    return False
                r.entries[k] = NameEntry(entry_of[r.entries[i].parent], r.entries[i].base, r.entries[i].suffix,
                                         r.entries[i].counter, r.entries[i].limit, r.entries[i].has_suffixed)
                k += 1
        r.n_entries = k
        k = 0
        for i in range(r.n_scopes):
            if r.scopes[i].parent > 0:
                n = entry_of.get(r.scopes[i].entry, -1)
                if n < 0:
                    return False
                r.scopes[k] = Scope(scope_of[r.scopes[i].parent], r.scopes[i].base, r.scopes[i].suffix, n, NULL, False,
                                    r.scopes[i].named)
                k += 1
        r.n_scopes = k
        for i in range(r.n_nodes):
            if r.nodes[i].scope == 0:
                r.nodes[i].suffix = -1 - self.root(found, r.strings[r.nodes[i].base], r.nodes[i].suffix)
            else:
                r.nodes[i].scope = scope_of[r.nodes[i].scope]
        return True

    cdef bint check(self, Graph g, int n_around, int* around, int first_node) except -1:
        """Whether the nodes follow from what describes a call."""
        # Texts that hold a name, as those of an assertion do, are others each time.
        cdef list names = [g.node_name(g.outputs[around[i]].node).encode() for i in range(n_around)]
        names += [g.node_name(i).encode() for i in range(first_node, g.n_nodes)]
        cdef Recording r = self.made
        cdef MadeNode* made
        cdef OpType t
        cdef AttrDef a
        cdef int i
        for i in range(r.n_nodes):
            made = &r.nodes[i]
            t = OP_TYPES[made.op_type]
            if t is CONST_TYPE and (<object>made.attrs)[1]._enum == DT_STRING:
                for text in (<object>made.attrs)[0].reshape(-1):
                    for name in names:
                        if name in text:
                            return False
            for a in t.attrs.values():
                if a.kind == "func" or a.kind == "list(func)":
                    return False         # functions belong to a graph
            if "seed" in t.stored_index:
                self.seeded = True
            if made.placed != NOTHING:
                self.placed = True
            if made.n_inputs > MOST_EDGES - MOST_CALL_CONTROLS:
                self.waits = True
            if made.n_controls:
                self.waits = True
        return True

    cdef object structure(self, object value, Graph g, int* results, int* n_results):
        """A list of this for each element of a list or tuple, its type last; None for a tensor, False for all else."""
        cdef list parts
        cdef object kind = type(value), part
        if kind is Tensor:
            if (<Tensor>value).graph is not g or n_results[0] == MOST_AROUND:
                return False
            results[n_results[0]] = (<Tensor>value)._id
            n_results[0] += 1
            return None
        if kind is not list and kind is not tuple and not (isinstance(value, tuple) and hasattr(kind, "_fields")):
            return False
        parts = []
        for v in value:
            part = self.structure(v, g, results, n_results)
            if part is False:
                return False
            parts.append(part)
        parts.append(kind)
        return parts

    cdef object structured(self, list structure, Graph g, int first, int* around, int* at):
        """The value of this structure."""
        cdef list out = []
        cdef int i, k
        for i in range(<int>len(structure) - 1):
            if structure[i] is None:
                k = self.made.results[at[0]]
                at[0] += 1
                out.append(g.tensor(first + k if k >= 0 else around[-1 - k]))
            else:
                out.append(self.structured(<list>structure[i], g, first, around, at))
        kind = structure[len(structure) - 1]
        return out if kind is list else tuple(out) if kind is tuple else kind(*out)

    cdef object play(self, Graph g, int n_around, int* around, str name):
        """Make the nodes; None if names are in the way."""
        cdef NameTable names = g.names
        cdef Recording r = self.made
        cdef Root roots[MOST_ROOTS]
        cdef int components[MOST_ROOTS]
        cdef int i, k, e, low, suffix, base, first, flags, first_node = g.n_nodes
        if self.seeded and g.seed is not None or self.waits and g.controllers:
            return None
        if self.placed:
            for i in range(n_around):
                if g.nodes[g.outputs[around[i]].node].device >= 0:
                    return None
        for i in range(self.n_roots):
            if self.texts[i] is None:
                components[i] = names.intern(name)
                flags = names.valid[components[i]]
                if flags & HAS_SLASH or not flags & (VALID_IN_SCOPE if g.scope else VALID_AT_ROOT):
                    return None
                for k in range(self.n_roots):
                    if self.texts[k] is not None and (<str>self.texts[k]).lower() == name.lower():
                        return None
            else:
                components[i] = names.intern(self.texts[i])
        for i in range(self.n_roots):
            if self.inside[i]:
                names.unique(g.scope, components[i], False, &base, &suffix)
                low = names.lower[base]
                e = (names.find(names.scopes[g.scope].entry, names.split_base[low], names.split_suffix[low])
                     if suffix == 0 else names.find(names.scopes[g.scope].entry, low, suffix))
                if e >= 0:
                    return None              # somebody has used names below this one
        for i in range(self.n_roots):
            names.unique(g.scope, components[i], True, &roots[i].base, &roots[i].suffix)
            if self.inside[i]:
                roots[i].scope = g.scope_at(g.scope, roots[i].base, roots[i].suffix)
                roots[i].entry = names.scopes[roots[i].scope].entry
                names.scopes[roots[i].scope].named = self.named[i]
        first = r.play(g, around, g.scope, roots)
        if self.node >= 0:
            return g.operation(first_node + self.node)
        if self.returns is None:
            k = r.results[0]
            return g.tensor(first + k if k >= 0 else around[-1 - k])
        k = 0
        return self.structured(<list>self.returns, g, first, around, &k)


@cython.final
cdef class Memory:
    """The calls of one function that are remembered, and what is known of its parameters."""

    cdef dict kinds                  # description -> Repeat; True: seen once; False: cannot be repeated
    cdef Repeat last
    cdef int name_at                 # index of the parameter `name`, or -1
    cdef bint ignored[MOST_PARAMETERS]    # the values of its integer tensors do not matter
    cdef bint read[MOST_PARAMETERS]       # the values of its tensors do, whatever their type
    cdef int n_played
    cdef int n_doubtful
    cdef bint off

    cdef bint describe(self, Graph g, int parameter, object value, long long* words, int* n_words, int* around,
                       int* n_around, list held) except -1:
        """Write what a call depends on of one argument; False if there is no saying."""
        cdef object kind = type(value)
        cdef int n = n_words[0], overflow = 0, i, dtype
        cdef double number
        cdef Tensor t
        cdef Node* node
        if n + 8 > MOST_WORDS:
            return False
        if kind is Tensor:
            t = <Tensor>value
            if t.graph is not g or n_around[0] == MOST_AROUND:
                return False
            for i in range(n_around[0]):
                if around[i] == t._id:
                    words[n] = WORD_SAME
                    words[n + 1] = i
                    n_words[0] = n + 2
                    return True
            dtype = g.outputs[t._id].dtype
            words[n] = WORD_TENSOR
            words[n + 1] = (<long long>g.outputs[t._id].shape << 8) + dtype
            for i in range(n_around[0]):
                if g.outputs[around[i]].node == g.outputs[t._id].node:
                    words[n] = WORD_SIBLING + i
                    break
            n_words[0] = n + 2
            around[n_around[0]] = t._id
            n_around[0] += 1
            if dtype == DT_RESOURCE or dtype == DT_VARIANT or dtype >= 100:
                return False
            if (self.read[parameter] or not self.ignored[parameter] and (dtype == 3 or dtype == 9 or dtype == 10)):
                # Sizes, axes and the like.
                node = &g.nodes[g.outputs[t._id].node]
                if (<OpType>OP_TYPES[node.op_type]).type == "Placeholder":
                    return True
                if CONST_TYPE is None or node.op_type != CONST_TYPE.index:
                    return False
                words[n + 2] = WORD_CONSTANT
                words[n + 3] = <long long>node.attrs
                n_words[0] = n + 4
                if held is not None:
                    held.append(<object>node.attrs)
            return True
        if kind is RESOURCE_VARIABLE or kind is REFERENCE_VARIABLE:
            return self.describe_variable(g, value, words, n_words, around, n_around)
        n_words[0] = n + 1
        if value is None:
            words[n] = WORD_NONE
            return True
        if value is True or value is False:
            words[n] = WORD_TRUE if value else WORD_FALSE
            return True
        n_words[0] = n + 2
        if kind is int:
            words[n] = WORD_INT
            words[n + 1] = PyLong_AsLongLongAndOverflow(value, &overflow)
            return not overflow
        if kind is float:
            words[n] = WORD_FLOAT
            number = value
            memcpy(words + n + 1, &number, sizeof(double))
            return True
        if kind is str:
            words[n] = WORD_STR
            words[n + 1] = text_number(<str>value)
            return words[n + 1] >= 0
        if kind is DTYPE_CLASS:
            words[n] = WORD_DTYPE
            words[n + 1] = value._enum
            return True
        if kind is SHAPE_CLASS:
            words[n] = WORD_SHAPE
            words[n + 1] = intern_shape(value._dims)
            return True
        if kind is list or kind is tuple:
            words[n] = WORD_LIST if kind is list else WORD_TUPLE
            words[n + 1] = len(value)
            if len(value) > MOST_AROUND:
                return False
            for element in value:
                if not self.describe(g, parameter, element, words, n_words, around, n_around, held):
                    return False
            return True
        return False

    cdef bint describe_variable(self, Graph g, object variable, long long* words, int* n_words, int* around,
                                int* n_around) except -1:
        """As `describe`, for a variable: its tensors, and what tells how it is read."""
        cdef int i, k, n = n_words[0]
        cdef Tensor t
        cdef list tensors
        if variable._caching_device is not None or variable.graph is not g:
            return False
        if type(variable) is REFERENCE_VARIABLE:
            tensors = [variable._variable, variable._snapshot]
        else:
            if variable._cached_value is not None:
                return False
            tensors = [variable._handle]
        words[n] = WORD_VARIABLE
        words[n + 1] = (<long long>intern_shape(variable.shape._dims) << 8) + <int>variable.dtype._enum
        n += 2
        for v in tensors:
            t = <Tensor?>v
            if n_around[0] == MOST_AROUND:
                return False
            for i in range(n_around[0]):
                if around[i] == t._id:
                    words[n] = WORD_SAME
                    words[n + 1] = i
                    n += 2
                    break
            else:
                words[n] = (<long long>g.outputs[t._id].shape << 8) + g.outputs[t._id].dtype
                n += 1
                around[n_around[0]] = t._id
                n_around[0] += 1
        n_words[0] = n
        return True

    cdef object call(self, Call call, PyObject** given):
        """The call from memory; None if the function has to be called."""
        cdef Graph g = current_graph()
        cdef long long words[MOST_WORDS]
        cdef int around[MOST_AROUND]
        cdef int n_words = 0, n_around = 0, i, n_controls
        cdef str name = None
        cdef Repeat r
        cdef Controller controller
        cdef PyObject* found
        if self.off or not REPLAYING or g.decorated or g.is_function or g.finalized or g.taken:
            return None
        for i in range(PyTuple_GET_SIZE(<PyObject*>call.parameters)):
            if given[i] == NULL:
                words[n_words] = WORD_MISSING
                n_words += 1
            elif i == self.name_at and <object>given[i] is not None:
                if type(<object>given[i]) is not str or not <object>given[i]:
                    return None
                name = <str>given[i]
                words[n_words] = WORD_NAME
                n_words += 1
            elif not self.describe(g, i, <object>given[i], words, &n_words, around, &n_around, None):
                return None
            if n_words + 8 > MOST_WORDS:
                return None
        r = self.last
        if (r is None or len(r.key) != n_words * <int>sizeof(long long)
                or memcmp(<const char*>r.key, words, n_words * sizeof(long long)) != 0):
            key = (<const char*>words)[:n_words * sizeof(long long)]
            found = PyDict_GetItem(self.kinds, key)
            if found == NULL:
                if len(self.kinds) >= MOST_KINDS:
                    self.kinds.clear()
                    self.last = None
                    self.off = self.n_played < MOST_KINDS
                    self.n_played = 0
                self.kinds[key] = True
                return None
            if <object>found is False:
                return None
            if <object>found is True:
                if g.controllers:
                    return None
                return self.watch(call, given, g, key, name)
            r = <Repeat>found
            self.last = r
        if g.controllers:
            n_controls = 0
            for controller in g.controllers:
                n_controls += <int>len(controller.ids)
            if n_controls > MOST_CALL_CONTROLS:
                return None
        self.n_played += 1
        return r.play(g, n_around, around, name)

    cdef object watch(self, Call call, PyObject** given, Graph g, bytes key, str name):
        """Call the function, and remember what it makes if that can be repeated."""
        global FORGET
        cdef int around[MOST_AROUND]
        cdef int results[MOST_AROUND]
        cdef long long words[MOST_WORDS]
        cdef int n_words = 0, n_around = 0, n_results = 0, i
        cdef bint repeatable, outer
        cdef Repeat r
        cdef Recorder recorder
        cdef list args = [], held = []
        for i in range(PyTuple_GET_SIZE(<PyObject*>call.parameters)):
            if given[i] == NULL:
                if call.defaults[i] is MISSING:
                    return None
                args.append(call.defaults[i])
                continue
            args.append(<object>given[i])
            if i != self.name_at:
                self.describe(g, i, <object>given[i], words, &n_words, around, &n_around, held)
        self.kinds[key] = False
        if name is not None and name[len(name) - 1] == u"/":
            return None
        r = Repeat.__new__(Repeat)
        recorder = Recorder.__new__(Recorder)
        recorder.start(g, g.scope, n_around, around)
        outer = FORGET
        FORGET = False
        try:
            value = call.function(*args)
        except BaseException:
            recorder.finish(0, NULL, True)
            raise
        finally:
            repeatable = not FORGET
            FORGET = FORGET or outer
        r.node = -1
        if type(value) is Operation and (<Operation>value).graph is g:
            r.node = (<Operation>value)._id - recorder.first_node
            repeatable = repeatable and r.node >= 0
        else:
            r.returns = r.structure(value, g, results, &n_results)
            repeatable = repeatable and r.returns is not False
        r.made = recorder.finish(n_results, results, not repeatable)
        if r.made is not None and r.check(g, n_around, around, recorder.first_node) and r.find_roots(name) and not (r.seeded and g.seed is not None):
            r.key = key
            r.held = held
            self.kinds[key] = r
            self.last = r
        elif r.doubtful and r.coincides and self.n_doubtful < 64:
            self.kinds[key] = True
            self.n_doubtful += 1
        return value


cdef object RESOURCE_VARIABLE = None, REFERENCE_VARIABLE = None


def set_variable_classes(resource, reference):
    """Tell the core the classes of variables whose reading it may repeat; those of subclasses it leaves to Python."""
    global RESOURCE_VARIABLE, REFERENCE_VARIABLE
    RESOURCE_VARIABLE = resource
    REFERENCE_VARIABLE = reference


cdef object call_again(Call call, PyObject** given):
    return (<Memory>call.memory).call(call, given)


def repeats(function=None, *, str ignoring="", str reading=""):
    """Decorator: what a function builds follows from what it is called with, so that calls can be repeated from memory.

    That is: from numbers, texts, dtypes, shapes and lists of them, and from the dtypes and static shapes of tensors and
    which of them are the same.  Of integer tensors the values count too; calls with any that are no constants are left
    to the function, and so are arguments of other kinds.  It may open scopes and add nodes, and look at the seed of the
    graph; it must do nothing else, as add to collections, and its parameter `name` only names a scope or an operation.

    Parameters
    ----------
    function : function or a decorated one
        None to give options.
    ignoring : str
        Parameters, separated by blanks, of whose integer tensors the values do not count.
    reading : str
        Parameters of whose tensors of any type the values count.
    """
    cdef Call call
    cdef Memory memory
    if function is None:
        return lambda f: repeats(f, ignoring=ignoring, reading=reading)
    if type(function) is Call:
        call = <Call>function
    else:
        call = Call.__new__(Call)
        call.read_parameters(function)
    memory = Memory.__new__(Memory)
    memory.kinds = {}
    memory.name_at = -1
    for i, name in enumerate(call.parameters):
        if name == "name":
            memory.name_at = i
        memory.ignored[i] = name in ignoring.split()
        memory.read[i] = name in reading.split()
    for name in ignoring.split() + reading.split():
        if name not in call.parameters:
            raise ValueError(f"{call.function.__name__} has no parameter {name}")
    call.memory = memory
    call.again = call_again
    return call
