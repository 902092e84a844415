# Scopes: the stack of default graphs of each thread, name scopes and control dependencies.  Every one is a small
# context manager that writes one field of its graph on entry and puts the old value back on exit.  A ``with`` statement
# looks __enter__ and __exit__ up in the type: plain methods (binding(False)) are called with less ado.

from _thread import _local as _thread_local    # as in threading, which would have to be loaded


class _GraphStack(_thread_local):
    def __init__(self):
        self.graphs = []


cdef object GRAPH_STACK = _GraphStack()
cdef object MAKE_GLOBAL_GRAPH = None     # called when a graph is needed and none is open
cdef Graph GLOBAL_GRAPH = None
cdef Graph CACHED_GRAPH = None           # the current graph of the thread that last asked
cdef unsigned long long CACHED_THREAD = 0


cdef Graph current_graph():
    """The default graph of this thread."""
    global CACHED_GRAPH, CACHED_THREAD, GLOBAL_GRAPH
    cdef unsigned long long thread = PyThreadState_GetID(PyThreadState_Get())
    if thread == CACHED_THREAD and CACHED_GRAPH is not None:
        return CACHED_GRAPH
    cdef list graphs = GRAPH_STACK.graphs
    cdef Graph g
    if graphs:
        g = graphs[len(graphs) - 1]
    else:
        if GLOBAL_GRAPH is None:
            GLOBAL_GRAPH = MAKE_GLOBAL_GRAPH()
        g = GLOBAL_GRAPH
    CACHED_GRAPH = g
    CACHED_THREAD = thread
    return g


cdef void forget_current_graph() noexcept:
    global CACHED_GRAPH, CACHED_THREAD
    CACHED_GRAPH = None
    CACHED_THREAD = 0


def get_default_graph():
    """The innermost graph opened with ``as_default`` in this thread, else the process's own."""
    return current_graph()


def push_graph(Graph graph not None):
    """Make `graph` the default graph of this thread until `pop_graph`."""
    (<list>GRAPH_STACK.graphs).append(graph)
    forget_current_graph()


def pop_graph(Graph graph not None):
    """Undo `push_graph`; the graphs must be left in the reverse order of entering."""
    cdef list graphs = GRAPH_STACK.graphs
    if not graphs or graphs[len(graphs) - 1] is not graph:
        raise AssertionError("Nesting violated for default stack of <class 'pyscope.Graph'> objects")
    graphs.pop()
    forget_current_graph()


def graph_stack():
    """The graphs opened in this thread, outermost first."""
    return list(GRAPH_STACK.graphs)


def exchange_graph_stack(list graphs):
    """Replace this thread's stack of graphs; returns the old one."""
    old = GRAPH_STACK.graphs
    GRAPH_STACK.graphs = graphs
    forget_current_graph()
    return old


def set_global_graph(Graph graph):
    """Replace the process's own default graph (None: a fresh one when next asked for)."""
    global GLOBAL_GRAPH
    GLOBAL_GRAPH = graph
    forget_current_graph()


def set_graph_factory(factory):
    """Tell the core how to make the process's own default graph."""
    global MAKE_GLOBAL_GRAPH
    MAKE_GLOBAL_GRAPH = factory


cdef int DEEPEST_LIST = 8


cdef Graph graph_of(object values, Graph default, int depth=0):
    """The graph that tensors and operations among `values` (and lists in it) belong to, else `default`."""
    cdef Graph found = None
    cdef Graph g
    for v in values:
        if type(v) is Tensor:
            g = (<Tensor>v).graph
        elif type(v) is Operation:
            g = (<Operation>v).graph
        elif isinstance(v, (list, tuple)):
            if depth == DEEPEST_LIST:        # a list may hold itself
                continue
            g = graph_of(v, None, depth + 1)
        elif v is None or type(v) in PLAIN_TYPES:
            continue
        else:
            other = getattr(v, "graph", None)
            g = other if isinstance(other, Graph) else None
        if g is None or g is found:
            continue
        if found is None:
            found = g
            origin = v
        elif default is not None and default.is_function:
            return default
        else:
            raise ValueError(f"{v} must be from the same graph as {origin} "
                             f"(graphs are {g} and {found}).")
    return default if found is None else found


cdef set PLAIN_TYPES = {int, float, bool, str, bytes, complex, np.ndarray, np.float32, np.float64, np.int32, np.int64}


@cython.final
@cython.freelist(32)
cdef class name_scope:
    """Context manager that puts the names of new operations under a prefix; its value is the prefix, ``"a/b/"``.

    Parameters
    ----------
    name : str or None
        The scope; made unique in the current one.  A name that ends with "/" re-enters that scope as it is; "" and,
        with no default, None mean the root.
    default_name : str, optional
        Used when `name` is None.
    values : list, optional
        Tensors that the operations inside will take: their graph becomes the default graph.
    """

    cdef object _name
    cdef object _default_name
    cdef object values
    cdef Graph graph
    cdef int old
    cdef bint pushed

    def __init__(self, name, default_name=None, values=None):
        if default_name is not None and not isinstance(default_name, str):
            raise TypeError(f"`default_name` type ({type(default_name)}) is not a string type. "
                            "You likely meant to pass this into the `values` kwarg.")
        self._name = default_name if name is None else name
        self._default_name = default_name
        self.values = values

    @property
    def name(self):
        """The name asked for, before it was made unique."""
        return self._name

    @cython.binding(False)
    def __enter__(self):
        cdef Graph g = current_graph()
        cdef Graph wanted
        self.pushed = False
        if self.values is None and type(self._name) is str:      # what most calls are
            self.old = g.enter_scope(self._name)
            self.graph = g
            return g.names.scope_prefix(g.scope)
        if self._name is None and self.values is not None:
            raise ValueError(f"At least one of name ({self._name}) and default_name "
                             f"({self._default_name}) must be provided.")
        if self.values and not g.is_function:
            wanted = graph_of(self.values, g)
            if wanted is not g:
                push_graph(wanted)
                self.pushed = True
                g = wanted
        try:
            if self._name is not None and type(self._name) is not str:
                self._name = scope_text(self._name)
            self.old = g.enter_scope(self._name)
        except BaseException:
            if self.pushed:
                pop_graph(g)
            raise
        self.graph = g
        return g.names.scope_prefix(g.scope)

    @cython.binding(False)
    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        self.graph.scope = self.old
        if self.pushed:
            pop_graph(self.graph)
        self.graph = None
        return None


cdef tuple NAME_SCOPE_PARAMETERS = ("name", "default_name", "values")


cdef object new_name_scope(object cls, PyObject** args, size_t n_args, PyObject* keywords):
    """``name_scope(...)`` without a tuple of arguments."""
    cdef PyObject* given[3]
    cdef name_scope scope
    if (not place_arguments(NAME_SCOPE_PARAMETERS, given, args, n_args, keywords) or given[0] == NULL
            or given[1] != NULL and <object>given[1] is not None and not PyUnicode_CheckExact(<object>given[1])):
        return call_type(cls, args, n_args, keywords)
    scope = name_scope.__new__(name_scope)
    scope._name = <object>given[0]
    if given[1] != NULL:
        scope._default_name = <object>given[1]
        if scope._name is None:
            scope._name = scope._default_name
    if given[2] != NULL:
        scope.values = <object>given[2]
    return scope


set_type_call(<PyObject*>name_scope, <void*>new_name_scope)


cdef object scope_text(object name):
    """A scope name given as something else than a plain str; TF's regular expression refuses what is no text."""
    if isinstance(name, str):
        return str(name)
    if isinstance(name, bytes):
        raise TypeError("cannot use a string pattern on a bytes-like object")
    if not name:
        return ""
    raise TypeError(f"expected string or bytes-like object, got {type(name).__name__!r}")


@cython.final
cdef class GraphScope:
    """``Graph.name_scope``: as `name_scope`, for a graph that need not be the default one."""

    cdef Graph graph
    cdef object name
    cdef int old

    def __init__(self, Graph graph not None, name):
        self.graph = graph
        self.name = name

    @cython.binding(False)
    def __enter__(self):
        if self.name is not None and type(self.name) is not str:
            self.name = scope_text(self.name)
        self.old = self.graph.enter_scope(self.name)
        return self.graph.names.scope_prefix(self.graph.scope)

    @cython.binding(False)
    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        self.graph.scope = self.old
        return None


@cython.final
@cython.freelist(16)
cdef class ControlDependencies:
    """``Graph.control_dependencies``: operations made inside wait for the given ones.

    `ops` are Operations of the graph; None clears what is open.
    """

    cdef Graph graph
    cdef Controller controller
    cdef bint clears
    cdef list old
    cdef object old_context

    def __init__(self, Graph graph not None, ops):
        cdef Operation op
        cdef dict ids = {}           # in order, each once
        cdef set current = graph.named_by_controllers()
        self.graph = graph
        self.clears = ops is None
        if ops is not None:
            for op in ops:
                if current is None or op._id not in current:
                    ids[op._id] = None
        self.controller = new_controller(list(ids))

    @cython.binding(False)
    def __enter__(self):
        self.old = self.graph.controllers
        if self.clears:
            self.graph.controllers = []
            self.old_context = getattr(self.graph, "_control_flow_context", None)
            if self.old_context is not None:
                self.graph._set_control_flow_context(None)
        else:
            self.graph.controllers = self.old + [self.controller]

    @cython.binding(False)
    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        self.graph.controllers = self.old
        if self.clears and self.old_context is not None:
            self.graph._set_control_flow_context(self.old_context)
        return None


cdef Controller new_controller(list ids):
    cdef Controller controller = Controller.__new__(Controller)
    controller.ids = ids
    controller.seen = set()
    return controller


cdef ControlDependencies control_block(Graph g, list ids):
    """A block that makes the operations in it wait for these nodes."""
    cdef ControlDependencies block = ControlDependencies.__new__(ControlDependencies)
    block.graph = g
    block.controller = new_controller(ids)
    return block


def current_control_inputs(Graph graph not None, Tensor tensor=None):
    """The operations that open control_dependencies blocks would add to a new operation that takes `tensor`."""
    cdef list ids = []
    if tensor is None:
        graph.controls_for(0, NULL, ids)
    else:
        graph.controls_for(1, &tensor._id, ids)
    return [graph.operation(i) for i in ids]


def note_in_control_blocks(Graph graph not None, Operation op not None):
    """Take `op` as made inside the open control_dependencies blocks: what depends on it need not wait for them."""
    graph.record(op._id)


def all_control_inputs(Graph graph not None):
    """The operations that all open control_dependencies blocks name, outermost block first."""
    cdef Controller controller
    cdef list ids = []
    for controller in graph.controllers:
        for i in controller.ids:
            if i not in ids:
                ids.append(i)
    return [graph.operation(i) for i in ids]
