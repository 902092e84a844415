# Variable scopes: the defaults that get_variable takes, and the prefix of the names of variables.
#
# Each graph has one VariableScopeStore per thread: the current VariableScope, and which scopes have been opened, so
# that a scope opened by default name gets one of its own.  TF counts openings in a dict keyed by full name, clears the
# entries of all subscopes when a scope is left, and puts a copy of the dict back when a captured scope is left.  Here
# the opened names form a tree: leaving a scope drops the children of one node, and inside a captured scope a journal
# notes the changes so that they can be undone.  Opening and leaving cost the same however many names there are.

from functools import partial as _partial
from weakref import ref as _weak_reference

cdef object REUSE_AUTO = None            # AUTO_REUSE, set from Python


def set_auto_reuse(value):
    """Tell the core what ``AUTO_REUSE`` is."""
    global REUSE_AUTO
    REUSE_AUTO = value


@cython.final
@cython.freelist(16)
cdef class ScopeNode:
    """An opened variable scope, or part of the path to one."""

    cdef bint opened
    cdef str path                # its full name, spelled out when first opened; else None
    cdef dict children           # component -> ScopeNode, or None
    cdef dict next_suffix        # default name -> where to go on looking for a free suffix, or None

    cdef ScopeNode child(self, str component):
        cdef ScopeNode node
        if self.children is None:
            self.children = {}
        else:
            found = PyDict_GetItem(self.children, component)
            if found != NULL:
                return <ScopeNode>found
        node = ScopeNode.__new__(ScopeNode)
        self.children[component] = node
        return node


@cython.freelist(16)
cdef class VariableScope:
    """Defaults for ``get_variable``, captured with ``with variable_scope(...) as scope``.

    Parameters
    ----------
    reuse : bool, None or AUTO_REUSE
        Whether variables are shared rather than made.
    name : str
        Prefix of the names of variables.
    initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource, constraint
        Defaults of the arguments of ``get_variable``.
    name_scope : str
        The name scope that was opened together with the scope.
    """

    cdef public object _reuse
    cdef public object _name
    cdef public object _initializer
    cdef public object _regularizer
    cdef public object _caching_device
    cdef public object _partitioner
    cdef public object _custom_getter
    cdef public object _name_scope
    cdef public object _dtype
    cdef public object _use_resource
    cdef public object _constraint
    cdef dict __dict__
    cdef object __weakref__

    def __init__(self, reuse, name="", initializer=None, regularizer=None, caching_device=None, partitioner=None,
                 custom_getter=None, name_scope="", dtype=None, use_resource=None, constraint=None):
        self._reuse = reuse
        self._name = name
        self._initializer = initializer
        self._regularizer = regularizer
        self._caching_device = caching_device
        self._partitioner = partitioner
        self._custom_getter = custom_getter
        self._name_scope = name_scope
        self._dtype = DTYPES[1] if dtype is None else dtype       # float32
        self._use_resource = use_resource
        self._constraint = constraint

    @property
    def name(self):
        """Prefix of the names of variables, without a trailing slash."""
        return self._name

    @property
    def original_name_scope(self):
        """The name scope that was opened together with the scope, ``"a/b/"``."""
        return self._name_scope

    @property
    def reuse(self):
        """Whether variables are shared rather than made: True, False, None or AUTO_REUSE."""
        return self._reuse

    @property
    def initializer(self):
        """Default initializer."""
        return self._initializer

    @property
    def dtype(self):
        """Default dtype."""
        return self._dtype

    @property
    def use_resource(self):
        """Whether to make resource variables; None: as usual."""
        return self._use_resource

    @property
    def regularizer(self):
        """Default regularizer."""
        return self._regularizer

    @property
    def caching_device(self):
        """Default caching device."""
        return self._caching_device

    @property
    def partitioner(self):
        """Default partitioner."""
        return self._partitioner

    @property
    def custom_getter(self):
        """Function that ``get_variable`` calls instead, with the true getter as its first argument."""
        return self._custom_getter

    @property
    def constraint(self):
        """Default constraint."""
        return self._constraint

    def reuse_variables(self):
        """Share variables from now on."""
        self._reuse = True

    def set_initializer(self, initializer):
        """Set the default initializer."""
        self._initializer = initializer

    def set_dtype(self, dtype):
        """Set the default dtype."""
        self._dtype = dtype

    def set_use_resource(self, use_resource):
        """Set whether to make resource variables."""
        self._use_resource = use_resource

    def set_regularizer(self, regularizer):
        """Set the default regularizer."""
        self._regularizer = regularizer

    def set_caching_device(self, caching_device):
        """Set the default caching device."""
        self._caching_device = caching_device

    def set_partitioner(self, partitioner):
        """Set the default partitioner."""
        self._partitioner = partitioner

    def set_custom_getter(self, custom_getter):
        """Set the function that ``get_variable`` calls instead."""
        self._custom_getter = custom_getter

    def get_collection(self, name):
        """Members of collection `name` whose names are in this scope."""
        return current_graph().get_collection(name, self._name + "/" if self._name else "")

    def trainable_variables(self):
        """Variables in this scope that optimizers train."""
        return self.get_collection("trainable_variables")

    def global_variables(self):
        """Global variables in this scope."""
        return self.get_collection("variables")

    def local_variables(self):
        """Local variables in this scope."""
        return self.get_collection("local_variables")

    def get_variable(self, var_store, name, shape=None, dtype=None, initializer=None, regularizer=None, reuse=None,
                     trainable=None, collections=None, caching_device=None, partitioner=None, validate_shape=True,
                     use_resource=None, custom_getter=None, constraint=None, synchronization=None, aggregation=None):
        """The variable `name` of this scope in `var_store`, made if need be."""
        if regularizer is None:
            regularizer = self._regularizer
        if caching_device is None:
            caching_device = self._caching_device
        if partitioner is None:
            partitioner = self._partitioner
        if custom_getter is None:
            custom_getter = self._custom_getter
        if reuse is None:
            reuse = self._reuse
        if use_resource is None:
            use_resource = self._use_resource
        full_name = self._name + "/" + name if self._name else name
        cdef Graph g = current_graph()
        cdef int old = g.scope
        # Names of variables follow from variable scopes alone, so the name scope is the root meanwhile.
        g.scope = 0
        try:
            if dtype is not None and initializer is not None and not callable(initializer):
                var_store._check_initializer_dtype(initializer, dtype)
            if initializer is None:
                initializer = self._initializer
            if constraint is None:
                constraint = self._constraint
            if dtype is None:
                dtype = self._dtype
            return var_store.get_variable(
                full_name, shape, dtype, initializer, regularizer, reuse, trainable, collections, caching_device,
                partitioner, validate_shape, use_resource, custom_getter, constraint, synchronization, aggregation)
        finally:
            g.scope = old

    def _get_partitioned_variable(self, var_store, name, shape=None, dtype=None, initializer=None, regularizer=None,
                                  trainable=None, collections=None, caching_device=None, partitioner=None,
                                  validate_shape=True, use_resource=None, constraint=None, synchronization=None,
                                  aggregation=None):
        """As `get_variable`, for a variable that is always partitioned; an empty name means the scope's own."""
        if partitioner is None:
            partitioner = self._partitioner
        if self._custom_getter is not None:
            raise ValueError(
                "Private access to _get_partitioned_variable is not allowed when a custom getter is set.  Current "
                f"custom getter: {self._custom_getter}.  It is likely that you're using create_partitioned_variables.  "
                "If so, consider instead using get_variable with a non-empty partitioner parameter instead.")
        if partitioner is None:
            raise ValueError("No partitioner was specified")
        with name_scope(None):
            return var_store._get_partitioned_variable(
                name="/".join([part for part in (self._name, name) if part]),
                shape=shape,
                dtype=self._dtype if dtype is None else dtype,
                initializer=self._initializer if initializer is None else initializer,
                regularizer=self._regularizer if regularizer is None else regularizer,
                reuse=self._reuse,
                trainable=trainable,
                collections=collections,
                caching_device=self._caching_device if caching_device is None else caching_device,
                partitioner=partitioner,
                validate_shape=validate_shape,
                use_resource=self._use_resource if use_resource is None else use_resource,
                constraint=self._constraint if constraint is None else constraint,
                synchronization=synchronization,
                aggregation=aggregation)


cdef VariableScope derived_scope(VariableScope base, object reuse, object name, object name_scope):
    """A scope with the defaults of `base`; constraints are not handed on."""
    cdef VariableScope scope = VariableScope.__new__(VariableScope)
    scope._reuse = reuse
    scope._name = name
    scope._initializer = base._initializer
    scope._regularizer = base._regularizer
    scope._caching_device = base._caching_device
    scope._partitioner = base._partitioner
    scope._custom_getter = base._custom_getter
    scope._name_scope = name_scope
    scope._dtype = base._dtype
    scope._use_resource = base._use_resource
    return scope


@cython.final
cdef class VariableScopeStore:
    """Current variable scope of one thread in one graph, and the scopes opened there."""

    cdef public object current_scope
    cdef ScopeNode root
    cdef ScopeNode node          # that of the current scope, if known
    cdef int n_dropped           # how often scopes were forgotten by request: nodes known from before may be gone
    cdef list journal            # (node, children, next_suffix, opened) before each change, or None

    def __init__(self):
        self.current_scope = VariableScope(False)
        self.root = ScopeNode.__new__(ScopeNode)
        self.journal = None

    cdef ScopeNode find(self, str name):
        """The node for a full name, made if need be."""
        cdef ScopeNode node = self.root
        if "/" in name:
            for part in name.split("/"):
                node = node.child(<str>part)
            return node
        return node.child(name)

    cdef ScopeNode current_node(self):
        """The node of the current scope; nothing that has been opened since can have cut it off."""
        cdef str name = (<VariableScope?>self.current_scope)._name
        if not name:
            return self.root         # which is not the node of a scope called ""
        if self.node is not None and (self.node.path is name or self.node.path == name):
            return self.node
        return self.find(name)

    cdef ScopeNode below(self, ScopeNode node, str name):
        """The node called `name` below another, made if need be, with its path."""
        cdef ScopeNode found
        cdef str path
        if "/" in name:
            found = node
            for part in name.split("/"):
                found = found.child(<str>part)
        else:
            found = node.child(name)
        if found.path is None:
            path = (<VariableScope>self.current_scope)._name
            found.path = joined(path + "/", name, 0, False) if path else name
        return found

    cdef int change(self, ScopeNode node) except -1:
        if self.journal is not None:
            self.journal.append((node, node.children, node.next_suffix, node.opened))
        return 0

    cdef ScopeNode open_scope(self, str name):
        cdef ScopeNode node = self.find(name)
        if node.path is None:
            node.path = name
        self.open_node(node)
        return node

    cdef int open_node(self, ScopeNode node) except -1:
        if not node.opened:
            self.change(node)
            node.opened = True
        return 0

    cdef int drop_subscopes(self, ScopeNode node) except -1:
        if node.children is not None or node.next_suffix is not None:
            self.change(node)
            node.children = None
            node.next_suffix = None
        return 0

    cdef int undo(self, int mark) except -1:
        cdef ScopeNode node
        while len(self.journal) > mark:
            node, children, next_suffix, opened = self.journal.pop()
            node.children = children
            node.next_suffix = None      # suffixes that were taken are free again
            node.opened = opened
        return 0

    def open_variable_scope(self, str scope_name not None):
        """Note that `scope_name` has been opened."""
        self.open_scope(scope_name)

    def close_variable_subscopes(self, scope_name):
        """Forget the scopes opened inside `scope_name`; all scopes if it is None."""
        self.node = None
        self.n_dropped += 1
        self.drop_subscopes(self.root if scope_name is None else self.find(scope_name))

    def variable_scope_count(self, str scope_name not None):
        """Nonzero if `scope_name` has been opened and not forgotten."""
        return int(self.find(scope_name).opened)

    def unique_scope(self, str prefix not None):
        """`prefix`, with a suffix if that scope has been opened in the current one."""
        cdef ScopeNode parent = self.current_node()
        if not self.below(parent, prefix).opened:
            return prefix
        cdef int index = 1
        cdef str base = prefix
        if "/" in prefix:
            head, _, base = prefix.rpartition("/")
            parent = self.below(parent, head)
        if parent.next_suffix is None:
            parent.next_suffix = {}
        else:
            index = parent.next_suffix.get(base, 1)
        while parent.child(base + "_" + str(index)).opened:
            index += 1
        parent.next_suffix[base] = index
        return prefix + "_" + str(index)


cdef extern from "Python.h":
    void* PyThreadState_Get()
    unsigned long long PyThreadState_GetID(void* state)

cdef VariableScopeStore CACHED_STORE = None      # the store that was last asked for
cdef object CACHED_STORE_GRAPH = None            # weak reference: a graph must not live on for it
cdef PyObject* CACHED_STORE_ADDRESS = NULL
cdef unsigned long long CACHED_STORE_THREAD = 0  # unlike a thread's ident, never given out again


cdef VariableScopeStore scope_store(Graph g):
    """The store of this thread in `g`; bodies of functions share that of the graph around them."""
    global CACHED_STORE, CACHED_STORE_GRAPH, CACHED_STORE_ADDRESS, CACHED_STORE_THREAD
    cdef unsigned long long thread = PyThreadState_GetID(PyThreadState_Get())
    if <PyObject*>g == CACHED_STORE_ADDRESS and thread == CACHED_STORE_THREAD and CACHED_STORE_GRAPH() is g:
        return CACHED_STORE
    cdef object owner = g
    while (<Graph>owner).is_function and owner.outer_graph is not None:
        owner = owner.outer_graph
    stores = owner._variable_scope_stores
    if stores is None:
        stores = owner._variable_scope_stores = _thread_local()
    store = getattr(stores, "store", None)
    if store is None:
        store = stores.store = VariableScopeStore()
    CACHED_STORE = store
    CACHED_STORE_GRAPH = _weak_reference(g)
    CACHED_STORE_ADDRESS = <PyObject*>g
    CACHED_STORE_THREAD = thread
    return store


def get_variable_scope_store():
    """The scope store of this thread in the default graph."""
    return scope_store(current_graph())


def get_variable_scope():
    """The current variable scope."""
    return scope_store(current_graph()).current_scope


@cython.final
cdef class WrappedGetter:
    """A custom getter inside another: calls the new one with the old one as its getter."""

    cdef object getter, old_getter

    def __init__(self, getter, old_getter):
        self.getter = getter
        self.old_getter = old_getter

    def __call__(self, getter, *args, **kwargs):
        return self.getter(_partial(self.old_getter, getter), *args, **kwargs)


@cython.final
@cython.freelist(16)
cdef class _pure_variable_scope:
    """A variable scope without a name scope."""

    cdef object name_or_scope, reuse, initializer, regularizer, caching_device, partitioner, custom_getter
    cdef object old_name_scope, dtype, use_resource, constraint
    cdef VariableScopeStore store
    cdef VariableScope shared    # the copy of a captured scope
    cdef VariableScope last
    cdef VariableScope old
    cdef ScopeNode node
    cdef ScopeNode old_node      # that of the scope to go back to
    cdef int old_dropped         # VariableScopeStore.n_dropped then
    cdef int mark                # length of the journal when a captured scope was entered; -1: there was none

    def __init__(self, name_or_scope, reuse=None, initializer=None, regularizer=None, caching_device=None,
                 partitioner=None, custom_getter=None, old_name_scope=None, dtype=None, use_resource=None,
                 constraint=None):
        self.name_or_scope = name_or_scope
        self.reuse = reuse
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.old_name_scope = old_name_scope
        self.dtype = dtype
        self.use_resource = use_resource
        self.constraint = constraint
        self.prepare(current_graph())

    cdef int prepare(self, Graph g) except -1:
        cdef VariableScope captured
        self.store = scope_store(g)
        if isinstance(self.name_or_scope, VariableScope):
            captured = self.name_or_scope
            self.shared = derived_scope(captured, self.reuse if self.reuse else captured._reuse, captured._name,
                                        captured._name_scope)
            self.apply(self.shared)
        return 0

    cdef int apply(self, VariableScope scope) except -1:
        """Set what the program gave explicitly."""
        scope._constraint = self.constraint
        if self.initializer is not None:
            scope._initializer = self.initializer
        if self.regularizer is not None:
            scope._regularizer = self.regularizer
        if self.caching_device is not None:
            scope._caching_device = self.caching_device
        if self.partitioner is not None:
            scope._partitioner = self.partitioner
        if self.custom_getter is not None:
            scope._custom_getter = (self.custom_getter if scope._custom_getter is None
                                    else WrappedGetter(self.custom_getter, scope._custom_getter))
        if self.dtype is not None:
            scope._dtype = self.dtype
        if self.use_resource is not None:
            scope._use_resource = self.use_resource
        return 0

    cdef VariableScope enter(self):
        cdef VariableScopeStore store = self.store
        cdef VariableScope old = store.current_scope
        cdef VariableScope scope
        cdef ScopeNode node
        self.old = old
        self.old_node = store.current_node()
        self.old_dropped = store.n_dropped
        if self.shared is not None:
            scope = self.shared
            node = store.open_scope(scope._name)
            if store.journal is None:
                store.journal = []
                self.mark = -1
            else:
                self.mark = <int>len(store.journal)
        else:
            if not self.reuse:
                self.reuse = old._reuse      # sharing is inherited
            node = store.below(self.old_node, self.name_or_scope)
            scope = derived_scope(old, self.reuse, node.path,
                                  self.name_or_scope if self.old_name_scope is None else self.old_name_scope)
            self.apply(scope)
            store.open_node(node)
            self.node = node
        store.current_scope = scope
        store.node = node
        self.last = scope
        return scope

    cdef int leave(self) except -1:
        cdef VariableScopeStore store = self.store
        if store.current_scope is not self.last:
            raise RuntimeError("Improper nesting of variable_scope.")
        if self.shared is not None:
            if self.mark < 0:
                store.undo(0)
                store.journal = None
            else:
                store.undo(self.mark)
        else:
            store.drop_subscopes(self.node)
        store.current_scope = self.old
        store.node = self.old_node if self.old_dropped == store.n_dropped else None
        return 0

    @cython.binding(False)
    def __enter__(self):
        return self.enter()

    @cython.binding(False)
    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        self.leave()


@cython.final
@cython.freelist(16)
cdef class variable_scope:
    """Context manager: a prefix for the names of variables and defaults for ``get_variable``, with a name scope.

    Parameters
    ----------
    name_or_scope : str, VariableScope or None
        Opened inside the current scope if it is a name; entered as it is if it is a captured scope.
    default_name : str, optional
        If `name_or_scope` is None: the name, made unique.
    values : list, optional
        Tensors that the operations inside will take: their graph becomes the default graph.
    initializer, regularizer, caching_device, partitioner, custom_getter, dtype, use_resource, constraint
        Defaults of the arguments of ``get_variable``.
    reuse : bool, None or AUTO_REUSE
        True: share variables, never make any. AUTO_REUSE: share those that exist, make the others. None or False: as
        in the enclosing scope.
    auxiliary_name_scope : bool
        False: stay in the current name scope.
    """

    cdef object name_or_scope, default_name, values, initializer, regularizer, caching_device, partitioner
    cdef object custom_getter, reuse, dtype, use_resource, constraint
    cdef bint auxiliary
    cdef bint scoped             # a name scope was entered
    cdef bint pushed             # the graph was made the default graph
    cdef object old_devices      # what Graph.entered_devices was
    cdef Graph graph             # the default graph when the scope was made
    cdef Graph graph_entered
    cdef str scope_name          # the name scope to enter
    cdef _pure_variable_scope pure
    cdef int old_scope

    def __init__(self, name_or_scope, default_name=None, values=None, initializer=None, regularizer=None,
                 caching_device=None, partitioner=None, custom_getter=None, reuse=None, dtype=None, use_resource=None,
                 constraint=None, auxiliary_name_scope=True):
        self.prepare(name_or_scope, default_name, values, reuse, auxiliary_name_scope)
        self.initializer = initializer
        self.regularizer = regularizer
        self.caching_device = caching_device
        self.partitioner = partitioner
        self.custom_getter = custom_getter
        self.dtype = dtype
        self.use_resource = use_resource
        self.constraint = constraint

    cdef int prepare(self, object name_or_scope, object default_name, object values, object reuse,
                     object auxiliary_name_scope) except -1:
        """Check the arguments that say which scope is meant, and keep them."""
        if default_name is None and name_or_scope is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if reuse is False:
            reuse = None
        if not (reuse is True or reuse is None or reuse is REUSE_AUTO):
            raise ValueError("The reuse parameter must be True or False or None.")
        self.graph = current_graph()
        if values:
            self.graph = graph_of(values, self.graph)
        if auxiliary_name_scope is not True and auxiliary_name_scope is not False:
            raise TypeError("The auxiliary_name_scope must be `True` or `False`, while get "
                            f"{auxiliary_name_scope}")
        self.name_or_scope = name_or_scope
        self.default_name = default_name
        self.reuse = reuse
        self.auxiliary = auxiliary_name_scope
        return 0

    @cython.binding(False)
    def __enter__(self):
        cdef Graph g = current_graph()
        cdef bint pushed = False
        cdef int old
        if self.graph is not g and not g.is_function:
            push_graph(self.graph)
            pushed = True
            g = self.graph
        old = g.scope
        try:
            if self.pure is None:
                entered = self.enter_first(g)
            else:
                if self.scoped:
                    g.enter_scope(self.scope_name)
                entered = self.pure.enter()
        except BaseException:
            g.scope = old
            if pushed:
                pop_graph(g)
            raise
        # Only now: a nested entry of the same object that failed must not disturb the outer one's exit.
        self.graph_entered = g
        self.old_scope = old
        self.old_devices = g.entered_devices
        g.entered_devices = g.device_stack
        self.pushed = pushed
        return entered

    cdef VariableScope enter_first(self, Graph g):
        cdef _pure_variable_scope pure = _pure_variable_scope.__new__(_pure_variable_scope)
        cdef VariableScope entered
        cdef object name = self.name_or_scope
        cdef str opened = None               # the name scope that was entered
        cdef bint scoped = True
        if not self.auxiliary:
            self.scope_name = g.names.scope_prefix(g.scope)
        if name is not None:
            if isinstance(name, str):
                name = wanted = str(name)
            elif isinstance(name, VariableScope):
                wanted = (<str>(<VariableScope>name)._name).rpartition("/")[2]
            else:
                raise TypeError("VariableScope: name_or_scope must be a string or VariableScope.")
            if self.auxiliary:
                self.scope_name = wanted
                scoped = len(<str>wanted) > 0
            if scoped:
                g.enter_scope(self.scope_name)
                if isinstance(name, str):
                    opened = g.names.scope_prefix(g.scope)
                else:
                    opened = (<VariableScope>name)._name_scope
            pure.name_or_scope = name
        else:
            if self.reuse:
                raise ValueError("reuse=True cannot be used without a name_or_scope")
            if self.auxiliary:
                self.scope_name = self.default_name
            g.enter_scope(self.scope_name)
            opened = g.names.scope_prefix(g.scope)
            pure.name_or_scope = scope_store(g).unique_scope(self.default_name)
        pure.reuse = self.reuse
        pure.initializer = self.initializer
        pure.regularizer = self.regularizer
        pure.caching_device = self.caching_device
        pure.partitioner = self.partitioner
        pure.custom_getter = self.custom_getter
        pure.old_name_scope = opened
        pure.dtype = self.dtype
        pure.use_resource = self.use_resource
        pure.constraint = self.constraint
        pure.prepare(g)
        entered = pure.enter()
        self.scoped = scoped
        self.pure = pure
        return entered

    @cython.binding(False)
    def __exit__(self, exc_type=None, exc_value=None, traceback=None):
        cdef Graph g = self.graph_entered
        try:
            self.pure.leave()
        finally:
            g.scope = self.old_scope
            g.entered_devices = self.old_devices
            if self.pushed:
                pop_graph(g)


cdef tuple VARIABLE_SCOPE_PARAMETERS = (
    "name_or_scope", "default_name", "values", "initializer", "regularizer", "caching_device", "partitioner",
    "custom_getter", "reuse", "dtype", "use_resource", "constraint", "auxiliary_name_scope")


cdef object new_variable_scope(object cls, PyObject** args, size_t n_args, PyObject* keywords):
    """``variable_scope(...)`` without a tuple of arguments."""
    cdef PyObject* given[13]
    cdef variable_scope scope
    if not place_arguments(VARIABLE_SCOPE_PARAMETERS, given, args, n_args, keywords) or given[0] == NULL:
        return call_type(cls, args, n_args, keywords)
    scope = variable_scope.__new__(variable_scope)
    scope.prepare(<object>given[0], or_none(given[1]), or_none(given[2]), or_none(given[8]),
                  True if given[12] == NULL else <object>given[12])
    scope.initializer = or_none(given[3])
    scope.regularizer = or_none(given[4])
    scope.caching_device = or_none(given[5])
    scope.partitioner = or_none(given[6])
    scope.custom_getter = or_none(given[7])
    scope.dtype = or_none(given[9])
    scope.use_resource = or_none(given[10])
    scope.constraint = or_none(given[11])
    return scope


cdef inline object or_none(PyObject* given):
    return None if given == NULL else <object>given


set_type_call(<PyObject*>variable_scope, <void*>new_variable_scope)


# ---------------------------------------------------------------- a variable that exists

cdef object RESOURCE_VARIABLE_CLASS = None


def set_resource_variable_class(cls):
    """Tell the core which variables have ``_shape`` and ``_dtype``."""
    global RESOURCE_VARIABLE_CLASS
    RESOURCE_VARIABLE_CLASS = cls


cdef object call_get_variable(Call call, PyObject** given):
    """``get_variable`` of a variable that exists, in a scope that shares variables; nothing of the rest can matter."""
    cdef Graph g = current_graph()
    cdef VariableScope scope
    cdef str name
    cdef PyObject* found
    cdef int i
    if given[0] == NULL or not PyUnicode_CheckExact(<object>given[0]) or type(g) is not GRAPH_CLASS:
        return None
    scope = scope_store(g).current_scope
    if (scope._reuse is None or scope._reuse is False or scope._custom_getter is not None
            or scope._partitioner is not None):
        return None
    for i in (3, 8, 11, 13, 14):     # initializer, partitioner, custom_getter, synchronization, aggregation
        if given[i] != NULL and given[i] != PyTuple_GET_ITEM(<PyObject*>call.defaults, i):
            if i != 3 or not callable(<object>given[i]):
                return None
    if scope._initializer is not None and not callable(scope._initializer):
        return None
    store = g.variable_store
    if store is None:
        return None
    name = <str>given[0]
    if scope._name:
        name = f"{scope._name}/{name}"
    found = PyDict_GetItem(<dict?>store._vars, name)
    if found == NULL or type(<object>found) is not RESOURCE_VARIABLE_CLASS:
        return None
    dtype = (<object>found)._dtype
    if (scope._dtype if given[2] == NULL or <object>given[2] is None else <object>given[2]) is not dtype:
        return None
    if given[1] != NULL and <object>given[1] is not None:
        dims = (<object>found)._shape._dims
        shape = <object>given[1]
        if type(shape) is list or type(shape) is tuple:
            if tuple(shape) != dims:
                return None
        elif type(shape) is not SHAPE_CLASS or shape._dims != dims:
            return None
    return <object>found


# ---------------------------------------------------------------- the operations of a resource variable
#
# get_variable spends most of its time on five operations that are always the same: initial value, handle, "is it
# initialized", assignment and read.  Outside of devices, colocation, control dependencies, function bodies and
# control flow nothing can be added to them, so they are appended here without going through their op types.

cdef OpType OP_CONST, OP_VAR_HANDLE, OP_IS_INITIALIZED, OP_ASSIGN_VARIABLE, OP_READ_VARIABLE
cdef object CONVERT_INITIAL_VALUE = None
cdef object GUARD = None
cdef set STOPS = set()                   # op type names that a search for variables does not look behind
cdef set HOLDERS = set()                 # op type names that are variables


def set_variable_op_types(OpType const, OpType handle, OpType is_initialized, OpType assign, OpType read,
                          convert, guard, holders, stops):
    """Tell the core the op types of resource variables, and the Python halves of making one."""
    global OP_CONST, OP_VAR_HANDLE, OP_IS_INITIALIZED, OP_ASSIGN_VARIABLE, OP_READ_VARIABLE
    global CONVERT_INITIAL_VALUE, GUARD, HOLDERS, STOPS
    OP_CONST = const
    OP_VAR_HANDLE = handle
    OP_IS_INITIALIZED = is_initialized
    OP_ASSIGN_VARIABLE = assign
    OP_READ_VARIABLE = read
    CONVERT_INITIAL_VALUE = convert
    GUARD = guard
    HOLDERS = set(holders)
    STOPS = set(stops)


def depends_on_variable(Tensor tensor not None):
    """Whether an operation that `tensor` is computed from holds a variable; reads do not count."""
    cdef Graph g = tensor.graph
    cdef Node* n = &g.nodes[g.outputs[tensor._id].node]
    cdef int i, node
    cdef str kind
    if n.n_inputs == 0:
        return (<OpType>OP_TYPES[n.op_type]).type in HOLDERS
    cdef set seen = {g.outputs[tensor._id].node}
    cdef list todo = [g.outputs[tensor._id].node]
    while todo:
        node = todo.pop()
        n = &g.nodes[node]
        kind = (<OpType>OP_TYPES[n.op_type]).type
        if kind in HOLDERS:
            return True
        if kind in STOPS:
            continue
        for i in range(n.n_inputs):
            node = g.outputs[g.edges[n.first_edge + i]].node
            if node not in seen:
                seen.add(node)
                todo.append(node)
    return False


def can_build_quickly(Graph g not None):
    """Whether nothing around the call adds to new operations of `g`."""
    return not (g.decorated or g.is_function or g.controllers or g.finalized)


def exchange_scope(Graph g not None, int scope):
    """Make `scope` (0: the root) the current name scope of `g`; returns the old one."""
    cdef int old = g.scope
    g.scope = scope
    return old


cdef int single(Graph g, OpType op_type, int n_inputs, int* inputs, int n_outputs, int dtype, int shape, tuple stored,
                str name) except -1:
    """Append a node called `name` in the current scope."""
    cdef int scope, base, suffix
    g.resolve_name(name, not op_type.scoped, &scope, &base, &suffix)
    return g.append(op_type, n_inputs, inputs, 0, NULL, n_outputs, &dtype, &shape,
                    <PyObject*>stored if stored else NULL, scope, base, suffix)


cdef int place_beside(Graph g, int first, tuple location, Operation beside) except -1:
    """Give the nodes from `first` on the colocation of a variable, or of `beside`."""
    cdef int node
    for node in range(first, g.n_nodes):
        if beside is not None:
            g.nodes[node].placed = beside._id
            continue
        extras = g.extras_of(node)
        if extras is None:
            g.node_extras[node] = {"_class": location}
        elif "_class" not in extras:
            extras["_class"] = location
    return 0


cdef Tensor initial_tensor(Graph g, object value, object dtype):
    """The tensor of an initial value, made in the current scope if need be."""
    cdef tuple attrs
    if type(value) is not Tensor and (dtype is None or type(dtype) is DTYPE_CLASS):
        attrs = literal_attrs(value, literal_dtype(value) if dtype is None else <int>dtype._enum)
        if attrs is not None:
            return g.tensor(const_node(g, attrs, g.scope, "initial_value"))
    return CONVERT_INITIAL_VALUE(value, dtype, "initial_value")


cdef OpType OP_VARIABLE, OP_ASSIGN, OP_IDENTITY


def set_reference_variable_op_types(OpType variable, OpType assign, OpType identity):
    """Tell the core the op types of reference variables."""
    global OP_VARIABLE, OP_ASSIGN, OP_IDENTITY
    OP_VARIABLE = variable
    OP_ASSIGN = assign
    OP_IDENTITY = identity


cdef int with_class(Graph g, OpType t, int n_inputs, int* inputs, int dtype, str name, tuple location) except -1:
    """Add a node called `name` in the current scope, placed with a variable, its first input; its output."""
    cdef int scope, base, suffix, node, shape = g.outputs[inputs[0]].shape
    g.resolve_name(name, True, &scope, &base, &suffix)
    if n_inputs == 2 and g.outputs[inputs[1]].shape != shape:
        node = t.add(g, n_inputs, inputs, 1, &dtype, t.defaults, scope, base, suffix, None)
    else:                            # the output has the shape of the variable
        node = g.append(t, n_inputs, inputs, 0, NULL, 1, &dtype, &shape,
                        <PyObject*>t.defaults if t.defaults else NULL, scope, base, suffix)
    g.node_extras[node] = {"_class": location}
    return g.nodes[node].first_output


def build_reference_variable(Graph g not None, str name not None, object initial_value, bint from_function, dtype,
                             shape, str constant_name):
    """Add the operations of a reference variable to `g`, which `can_build_quickly`.

    The arguments are those of `build_resource_variable`. Returns the initial value, the variable, the operation that
    assigns and the read value.
    """
    cdef int old = g.scope, scope, n_before = g.n_nodes, node, number, base, suffix, outer, before, shape_id
    cdef bint is_new = False
    cdef int ids[2]
    cdef Tensor value
    cdef tuple location, stored
    cdef NameTable names = g.names
    cdef str full_name
    try:
        g.enter_scope(name)
        scope = g.scope
        full_name = names.scope_path(scope)
        location = ("list(string)", (b"loc:@" + full_name.encode(),))
        if from_function or constant_name is not None:
            before = names.n_entries
            g.enter_scope("Initializer")
            is_new = names.scopes[g.scope].entry >= before
        if constant_name is not None:
            value = g.tensor(const_node(g, (initial_value, dtype), g.scope, constant_name))
        else:
            try:
                if type(initial_value) is RepeatedCall:
                    initial_value = (<RepeatedCall>initial_value).make(g, is_new)
                elif from_function:
                    initial_value = initial_value()
                value = initial_tensor(g, initial_value, dtype)
            except BaseException:
                if from_function:
                    place_beside(g, n_before, location, None)
                raise
        if from_function or constant_name is not None:
            place_beside(g, n_before, location, None)
        elif g.user_data and getattr(value.op, "_control_flow_context", None) is not None:
            raise ValueError(
                f"Initializer for variable {full_name}/ is from inside a control-flow construct, such as a loop or "
                "conditional. When creating a variable inside a loop or conditional, use a lambda as the "
                "initializer.")
        if value.graph is not g:
            raise ValueError(f"{value} must be from the same graph as variable '{full_name}'.")
        g.scope = scope
        number = base_of(g.outputs[value._id].dtype) + 100
        stored = (value.shape if shape is None else shape, DTYPES[number - 100], b"", b"")
        shape_id = intern_shape(stored[0]._dims)
        g.resolve_name(names.scope_prefix(scope), False, &outer, &base, &suffix)
        node = g.append(OP_VARIABLE, 0, NULL, 0, NULL, 1, &number, &shape_id, <PyObject*>stored, outer, base, suffix)
        if from_function or constant_name is not None:
            g.node_extras[node] = {"_class": location}
        ids[0] = g.nodes[node].first_output
        if not value.shape.is_fully_defined():
            raise ValueError(f"initial_value must have a shape specified: {value}")
        ids[1] = (<Tensor>GUARD(full_name + "/", value))._id if depends_on_variable(value) else value._id
        assigned = g.tensor(with_class(g, OP_ASSIGN, 2, ids, number, "Assign", location))
        read = g.tensor(with_class(g, OP_IDENTITY, 1, ids, number - 100, "read", location))
        return value, g.tensor(ids[0]), assigned.op, read
    finally:
        g.scope = old


def build_resource_variable(Graph g not None, str name not None, object initial_value, bint from_function, dtype,
                            shape, str constant_name, Operation beside=None):
    """Add the operations of a resource variable to `g`, which `can_build_quickly`.

    `initial_value` is a function, a tensor of `g` or another value; with `constant_name` it is the array of a constant
    of that name. With `beside`, an operation of `g`, all but the assignment is placed with it, and the initial value
    has no placement of its own. Returns the name, the initial value, the handle, the operations that check and that assign, the
    read value, the dtype and the shape.
    """
    cdef int old = g.scope, scope, n_before, node, i, handle_node
    cdef int ids[2]
    cdef int shape_id, number
    cdef Tensor value, source
    cdef tuple location
    cdef NameTable names = g.names
    try:
        g.enter_scope(name)
        scope = g.scope
        full_name = names.scope_path(scope)
        location = None if beside is not None else ("list(string)", (b"loc:@" + (<str>full_name).encode(),))
        n_before = names.n_entries
        g.enter_scope("Initializer")
        is_new = names.scopes[g.scope].entry >= n_before
        n_before = g.n_nodes
        if constant_name is not None:
            node = single(g, OP_CONST, 0, ids, 1, dtype._enum, intern_shape(initial_value.shape),
                          (initial_value, dtype), constant_name)
            value = g.tensor(g.nodes[node].first_output)
        else:
            try:
                if type(initial_value) is RepeatedCall:
                    initial_value = (<RepeatedCall>initial_value).make(g, is_new)
                elif from_function:
                    initial_value = initial_value()
                value = initial_tensor(g, initial_value, dtype)
            except BaseException:
                place_beside(g, n_before, location, beside)
                raise
            if value.graph is not g:
                raise ValueError(f"{value} must be from the same graph as variable '{full_name}'.")
        place_beside(g, n_before, location, beside)
        number = g.outputs[value._id].dtype
        if number > 100:
            number -= 100
        dtype = DTYPES[number]
        if shape is None:
            shape = value.shape
            shape_id = g.outputs[value._id].shape
        else:
            shape_id = intern_shape(shape._dims)
            if shape_id != g.outputs[value._id].shape and not value.shape.is_compatible_with(shape):
                raise ValueError(
                    f"In this `tf.Variable` creation, the initial value's shape ({value.shape}) is not compatible with "
                    f"the explicitly supplied `shape` argument ({shape}).")
        if g.user_data and getattr(value.op, "_control_flow_context", None) is not None:
            raise ValueError(
                f"The `initial_value` passed to `tf.Variable` {full_name}/ is from inside a control-flow  construct, "
                "such as a loop or conditional. When creating a `tf.Variable` inside a loop or conditional, use a "
                f"lambda as the `initial_value`. Got: initial_value=({value})")
        shared = (<str>full_name).encode()
        stored = (b"", shared, shared + b"/", dtype, shape, ())
        number = 20              # DT_RESOURCE
        i = SCALAR_SHAPE
        if names.scopes[scope].by_path:
            g.take_name(full_name)
        elif names.scopes[scope].named or full_name in g.taken:
            raise ValueError(f"Duplicate node name in graph: '{full_name}'")
        names.scopes[scope].named = True
        handle_node = g.append(OP_VAR_HANDLE, 0, ids, 0, NULL, 1, &number, &i, <PyObject*>stored,
                               names.scopes[scope].parent, names.scopes[scope].base, names.scopes[scope].suffix)
        if beside is None:
            g.node_extras[handle_node] = {"_class": location}
        else:
            g.nodes[handle_node].placed = beside._id
        ids[0] = g.nodes[handle_node].first_output
        g.scope = scope
        g.enter_scope("IsInitialized")
        node = single(g, OP_IS_INITIALIZED, 1, ids, 1, 10, SCALAR_SHAPE, None, "VarIsInitializedOp")
        if beside is not None:
            g.nodes[node].placed = beside._id
        checked = g.operation(node)
        g.scope = scope
        source = value
        if depends_on_variable(value):
            g.enter_scope("Assign")
            source = GUARD(full_name + "/", value)
            node = g.scope
            names.scopes[node].named = True
            ids[1] = source._id
            i = g.append(OP_ASSIGN_VARIABLE, 2, ids, 0, NULL, 0, NULL, NULL, <PyObject*>OP_ASSIGN_VARIABLE.defaults,
                         names.scopes[node].parent, names.scopes[node].base, names.scopes[node].suffix)
        else:
            ids[1] = source._id
            i = single(g, OP_ASSIGN_VARIABLE, 2, ids, 0, 0, 0, OP_ASSIGN_VARIABLE.defaults, "Assign")
        assigned = g.operation(i)
        g.scope = scope
        g.enter_scope("Read")
        node = single(g, OP_READ_VARIABLE, 1, ids, 1, dtype._enum, shape_id, (dtype,), "ReadVariableOp")
        if beside is not None:
            g.nodes[node].placed = beside._id
        return (full_name, value, g.tensor(ids[0]), checked, assigned, g.tensor(g.nodes[node].first_output), dtype,
                shape)
    finally:
        g.scope = old
