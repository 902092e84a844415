"""Graph: the core's graph with collections, devices, colocation and what else a program hangs on it."""

import re

from pyscope import _core as core
from pyscope.device import MergeDevice

Operation = core.Operation
Tensor = core.Tensor
name_scope = core.name_scope
get_default_graph = core.get_default_graph

GRAPH_DEF_VERSION = 2474


class GraphKeys:
    """Names of the standard collections."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    SUMMARIES = "summaries"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    CONCATENATED_VARIABLES = "concatenated_variables"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    SAVEABLE_OBJECTS = "saveable_objects"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"
    _SUMMARY_COLLECTION = "_SUMMARY_V2"
    _STREAMING_MODEL_PORTS = "streaming_model_ports"
    _VARSTORE_KEY = ("__variable_store",)
    _VARSCOPESTORE_KEY = ("__varscope",)

    class _Variables:
        def __get__(self, instance, owner):
            return owner.GLOBAL_VARIABLES

    VARIABLES = _Variables()


def _type_name(value):
    """The name of an object's type as TF's messages have it."""
    return "SymbolicTensor" if isinstance(value, Tensor) else type(value).__name__


class _GraphDefVersions:
    """What `Graph.graph_def_versions` gives: producer, and the oldest consumer that can read the graph."""

    __slots__ = ("bad_consumers", "min_consumer", "producer")

    def __init__(self, producer, min_consumer=0, bad_consumers=()):
        self.producer = producer
        self.min_consumer = min_consumer
        self.bad_consumers = list(bad_consumers)


class _Device:
    """One entry of the device stack: a device name, or a function of the operation, or None."""

    __slots__ = ("function", "is_null_merge", "raw")

    def __init__(self, device):
        self.raw = device
        if device is None:
            self.function = None
        elif callable(device) and not isinstance(device, MergeDevice):
            self.function = device
        else:
            self.function = device if isinstance(device, MergeDevice) else MergeDevice(
                device.to_string() if hasattr(device, "to_string") else device)
        self.is_null_merge = isinstance(self.function, MergeDevice) and self.function.is_null_merge

    def merged(self, op):
        if isinstance(self.function, MergeDevice):
            return self.function(op)
        device = self.function(op)
        return device if isinstance(device, str) or device is None else device.to_string()


class _Field:
    """Context manager: a graph field holds `value` inside, the old one afterwards."""

    __slots__ = ("field", "graph", "old", "result", "value")

    def __init__(self, graph, field, value, result=None):
        self.graph = graph
        self.field = field
        self.value = value
        self.result = result

    def __enter__(self):
        self.old = getattr(self.graph, self.field)
        setattr(self.graph, self.field, self.value)
        self.graph._note_decoration()
        return self.result

    def __exit__(self, *exc):
        setattr(self.graph, self.field, self.old)
        self.graph._note_decoration()


class _DeviceStack:
    """The devices in force, outermost first; a colocation starts one of its own."""

    __slots__ = ("items",)

    def __init__(self):
        self.items = ()


class _DeviceScope:
    """``Graph.device``: one more device for the operations made inside."""

    __slots__ = ("device", "graph", "old", "stack")

    def __init__(self, graph, device):
        self.graph = graph
        self.device = _Device(device)

    def __enter__(self):
        self.old = self.graph._devices
        self.stack = (*self.old, self.device)
        self.graph.device_stack.items = self.stack
        self.graph._note_decoration()

    def __exit__(self, *exc):
        if self.graph._devices is not self.stack:
            raise RuntimeError("Exiting device scope without proper scope nesting.")
        self.graph.device_stack.items = self.old
        self.graph._note_decoration()


class _GraphDefault:
    """``Graph.as_default``."""

    __slots__ = ("devices", "graph")

    def __init__(self, graph):
        self.graph = graph

    def __enter__(self):
        core.push_graph(self.graph)
        self.devices = self.graph.entered_devices
        self.graph.entered_devices = self.graph.device_stack
        return self.graph

    def __exit__(self, *exc):
        core.pop_graph(self.graph)
        self.graph.entered_devices = self.devices


class _ColocateScope:
    """``Graph.colocate_with``: operations made inside go where `op` is; devices set outside do not apply."""

    __slots__ = ("colocated", "devices", "graph", "ignore_existing", "op")

    def __init__(self, graph, op, ignore_existing):
        self.graph = graph
        self.op = op
        self.ignore_existing = ignore_existing

    def __enter__(self):
        g = self.graph
        self.devices = g.device_stack
        self.colocated = g._colocated
        g.device_stack = _DeviceStack()
        kept = () if self.ignore_existing else self.colocated
        g._colocated = kept if self.op is None else (*kept, *self.op)
        g._note_decoration()

    def __exit__(self, *exc):
        self.graph.device_stack = self.devices
        self.graph._colocated = self.colocated
        self.graph._note_decoration()


class Graph(core.Graph):
    """A TensorFlow data flow graph: operations, the tensors between them, and collections of either.

    *Thread-safety*: one thread builds a given graph at a time; any number may run it.
    """

    def __init__(self):
        self.device_stack = _DeviceStack()
        self._colocated = ()
        self._attr_scope_map = {}
        self._gradient_override_map = {}
        self._gradient_function_map = {}
        self._op_to_kernel_label_map = {}
        self._container = ""
        self._collections = {}
        self._functions = {}
        self._versions = (GRAPH_DEF_VERSION, 0, ())  # producer, min_consumer, bad_consumers
        self._seed = None
        self._control_flow_context = None
        self._unfeedable_tensors = set()
        self._unfetchable_ops = set()
        self._default_original_op = None
        self._building_function = False
        self._scoped_c_graph = None
        self.extras = {}
        self.variable_store = None  # of get_variable
        self._variable_scope_stores = None  # thread-local: the current variable scope
        self._variable_creator_stack = ()

    # ------------------------------------------------------------ the default graph

    def as_default(self):
        """Context manager that makes this the default graph of the thread."""
        return _GraphDefault(self)

    @property
    def building_function(self):
        """Whether this is the body of a function."""
        return self._building_function

    @property
    def outer_graph(self):
        """The graph a function's body was built in; None for an ordinary graph."""
        return None

    # ------------------------------------------------------------ state

    @property
    def _devices(self):
        return self.device_stack.items

    @property
    def seed(self):
        """The graph-level random seed."""
        return self._seed

    @seed.setter
    def seed(self, value):
        self._seed = value

    def finalize(self):
        """Make the graph read-only."""
        self.finalized = True

    def _unsafe_unfinalize(self):
        self.finalized = False

    @property
    def _finalized(self):
        return self.finalized

    @property
    def graph_def_versions(self):
        """The GraphDef versions that this graph needs."""
        return _GraphDefVersions(*self._versions)

    def _note_versions(self, producer, min_consumer, bad_consumers):
        """Nodes of a GraphDef with these versions are imported."""
        old_producer, old_consumer, old_bad = self._versions
        self._versions = (min(old_producer, producer), max(old_consumer, min_consumer),
                          tuple(sorted({*old_bad, *bad_consumers})))

    def _check_not_finalized(self):
        if self.finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")

    def prevent_feeding(self, tensor):
        """Mark `tensor` as one that cannot be fed."""
        self._unfeedable_tensors.add(tensor)

    def is_feedable(self, tensor):
        """Whether `tensor` may be fed."""
        return tensor not in self._unfeedable_tensors

    def prevent_fetching(self, op):
        """Mark `op` as one that cannot be fetched."""
        self._unfetchable_ops.add(op)

    def is_fetchable(self, tensor_or_op):
        """Whether a tensor or operation may be fetched."""
        op = tensor_or_op.op if isinstance(tensor_or_op, Tensor) else tensor_or_op
        return op not in self._unfetchable_ops

    def _get_control_flow_context(self):
        return self._control_flow_context

    def _set_control_flow_context(self, context):
        self._control_flow_context = context
        self._note_decoration()

    def switch_to_thread_local(self):
        """Accepted for programs that call it: the scopes of a graph belong to the thread that builds it."""

    # ------------------------------------------------------------ scopes

    def name_scope(self, name):
        """Context manager that prefixes the names of new operations; see `tf.name_scope`."""
        return core.GraphScope(self, name)

    def control_dependencies(self, control_inputs):
        """Context manager: operations made inside wait for `control_inputs`; None clears what is open."""
        if control_inputs is None:
            return core.ControlDependencies(self, None)
        ops = []
        for c in control_inputs:
            if type(c) is not Tensor and type(c) is not Operation:
                # What has a handle is a resource variable; a bundle of tensors waits for its own op.
                if hasattr(c, "_handle") and hasattr(c, "op"):
                    c = c.op
                elif hasattr(c, "_as_graph_element_or_op"):
                    c = c._as_graph_element_or_op()
                elif not isinstance(c, str) and hasattr(c, "op") and not hasattr(c, "_as_graph_element"):
                    c = c.op
            c = self.as_graph_element(c)
            op = c.op if type(c) is Tensor else c
            op._note_waited_for()
            ops.append(op)
        return core.ControlDependencies(self, ops)

    def _current_control_dependencies(self):
        return core.current_control_inputs(self)

    def device(self, device_name_or_function):
        """Context manager: the device of operations made inside (a name, a function of the operation, or None)."""
        return _DeviceScope(self, device_name_or_function)

    def colocate_with(self, op, ignore_existing=False):
        """Context manager: operations made inside are placed with `op`."""
        if op is None and not ignore_existing:
            raise ValueError("Trying to reset colocation (op is None) but ignore_existing is not True")
        return _ColocateScope(self, None if op is None else self._colocation_ops(op), ignore_existing)

    def _colocation_ops(self, value):
        """The operations that placing something with `value` means."""
        if type(value) is Operation:
            return (value,)
        if type(value) is Tensor:
            return (value.op,)
        if type(value) is list and value:  # from the core: the variables an operation takes by reference
            return tuple(value)
        handle = getattr(value, "handle", None)
        if type(handle) is Tensor:
            # A function knows the handle by the placeholder that stands for it.
            return (self.capture(handle).op if self.building_function else handle.op,)
        if hasattr(value, "op") and type(value.op) is Operation:
            return (value.op,)
        from pyscope.conversion import convert_to_tensor

        return (convert_to_tensor(value, as_ref=True).op,)

    def container(self, container_name):
        """Context manager: the resource container of stateful operations made inside."""
        return _Field(self, "_container", container_name, container_name)

    def _attr_scope(self, attr_map):
        """Context manager: attributes given to every operation made inside; a map name -> (kind, value) or None."""
        if not isinstance(attr_map, dict):
            raise TypeError(f"attr_map must be a dictionary mapping strings to Callables that return AttrValue protos; "
                            f"got {attr_map!r}")
        merged = dict(self._attr_scope_map)
        for name, value in attr_map.items():
            if value is None:
                merged.pop(name, None)
            else:
                merged[name] = value
        return _Field(self, "_attr_scope_map", merged)

    def _variable_creator_scope(self, creator, priority=100):
        """Context manager: `creator` makes the variables inside; lower priorities are called later."""
        stack = sorted([*self._variable_creator_stack, (priority, creator)], key=lambda entry: entry[0])
        return _Field(self, "_variable_creator_stack", tuple(stack))

    def _kernel_label_map(self, op_to_kernel_label_map):
        return _Field(self, "_op_to_kernel_label_map", {**self._op_to_kernel_label_map, **op_to_kernel_label_map})

    def gradient_override_map(self, op_type_map):
        """Context manager: operations made inside take the gradient registered under another name.

        Parameters
        ----------
        op_type_map : dict of str to str
            Op type to the name given to `tf.RegisterGradient`.
        """
        if not isinstance(op_type_map, dict):
            raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        for old, new in op_type_map.items():
            if not (isinstance(old, str) and isinstance(new, str)):
                raise TypeError("op_type_map must be a dictionary mapping strings to strings")
        return _Field(self, "_gradient_override_map", {**self._gradient_override_map, **op_type_map})

    def _override_gradient_function(self, gradient_function_map):
        return _Field(self, "_gradient_function_map", {**self._gradient_function_map, **gradient_function_map})

    def _note_decoration(self):
        placed = self._colocated
        others = (self._devices or self._attr_scope_map or self._container or self._gradient_override_map
                  or self._gradient_function_map or self._op_to_kernel_label_map
                  or self._control_flow_context is not None)
        self.decorated = bool(placed or others)
        self.placed_with = placed[0]._id if len(placed) == 1 and not others and placed[0].graph is self else -1

    def _decorate(self, op):
        """Give a new operation what the open scopes ask for; the core calls this while `decorated`."""
        self._decorate_attrs(op)
        self._apply_devices(op)
        self._decorate_place(op)
        if self._control_flow_context is not None:
            self._enter_context(op)

    def _decorate_attrs(self, op):
        """Attributes that scopes give to operations, and gradients that they replace."""
        for name, value in self._attr_scope_map.items():
            if name in op._attrs():
                continue
            if callable(value):
                value = value(op)
            if value is not None:
                op._set_attr(name, value)
        label = self._op_to_kernel_label_map.get(op.type)
        if label is not None:
            op._set_attr("_kernel", ("string", label.encode()))
        function = self._gradient_function_map.get(op.type)
        if function is not None:
            op._gradient_function = function
        mapped = self._gradient_override_map.get(op.type)
        if mapped is not None:
            op._set_attr("_gradient_op_type", ("string", mapped.encode()))

    def _apply_devices(self, op):
        """Merge the devices in force under what `op` has, the innermost first."""
        for device in reversed(self._devices):
            if device.is_null_merge:
                continue
            if device.function is None:
                break
            merged = device.merged(op)
            if merged is None:
                raise TypeError("Expected binary or unicode string, got None")
            op._set_device(merged)

    def _decorate_place(self, op):
        """Colocation and container."""
        if len(self._colocated) == 1 and self._colocated[0].graph is self and not self._colocated[0].device:
            op._place_with(self._colocated[0])
        elif self._colocated:
            groups = set()
            placed = False
            for other in reversed(self._colocated):
                groups.update(other.colocation_groups())
                if other.device and not placed:
                    op._set_device(other.device)
                    placed = True
            op._set_attr("_class", ("list(string)", tuple(sorted(groups))))
        if self._container and op._is_stateful and "container" in op.op_type.attrs:
            if not op._attr("container")[1]:
                op._set_attr("container", ("string", self._container.encode()))

    def _enter_context(self, op):
        """Make `op` part of the control flow in force."""
        op._control_flow_context = self._control_flow_context
        # What the context adds is named in the operation's own scope; a constant, in the scope it was made in.
        scope = op.name if op.inputs else op.name.rpartition("/")[0]
        with core.GraphScope(self, scope + "/" if scope else ""):
            self._control_flow_context.AddOp(op)

    # ------------------------------------------------------------ elements by name

    def as_graph_element(self, obj, allow_tensor=True, allow_operation=True):
        """The tensor or operation that `obj` (an element, a name, or what stands for one) means in this graph.

        Raises
        ------
        TypeError, ValueError, KeyError
            When `obj` is nothing of the kind, no name of the kind, or names nothing here.
        """
        if type(obj) is Tensor and allow_tensor and obj.graph is self:
            return obj
        if allow_tensor and allow_operation:
            wanted = "Tensor or Operation"
        elif allow_tensor:
            wanted = "Tensor"
        elif allow_operation:
            wanted = "Operation"
        else:
            raise ValueError("allow_tensor and allow_operation can't both be False.")
        element = getattr(obj, "_as_graph_element", None)
        if element is not None:
            obj = element()
        if isinstance(obj, (str, bytes)):
            return self._element_by_name(obj if isinstance(obj, str) else obj.decode(), allow_tensor, allow_operation,
                                         wanted)
        if type(obj) is Tensor and allow_tensor:
            if obj.graph is not self:
                raise ValueError(f"Tensor {obj} is not an element of this graph.")
            return obj
        if type(obj) is Operation and allow_operation:
            if obj.graph is not self:
                raise ValueError(f"Operation {obj} is not an element of this graph.")
            return obj
        raise TypeError(f"Can not convert a {_type_name(obj)} into a {wanted}.")

    def _element_by_name(self, name, allow_tensor, allow_operation, wanted):
        if ":" in name:
            if not allow_tensor:
                raise ValueError(f"Name {name!r} appears to refer to a Tensor, not a {wanted}.")
            try:
                op_name, index = name.split(":")
                index = int(index)
            except ValueError:
                raise ValueError(f"The name {name!r} looks a like a Tensor name, but is not a valid one. "
                                 "Tensor names must be of the form \"<op_name>:<output_index>\".") from None
            op = self._find_operation(op_name)
            if op is None:
                raise KeyError(f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                               f"{op_name!r}, does not exist in the graph.")
            outputs = op.outputs
            if not -len(outputs) <= index < len(outputs):
                raise KeyError(f"The name {name!r} refers to a Tensor which does not exist. The operation, "
                               f"{op_name!r}, exists but only has {len(outputs)} outputs.")
            return outputs[index]
        op = self._find_operation(name)
        if allow_operation:
            if op is None:
                raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
            return op
        if op is None:
            problem = f"The name {name!r} looks like an (invalid) Operation name, not a {wanted}."
        else:
            problem = f"The name {name!r} refers to an Operation, not a {wanted}."
        raise ValueError(problem + " Tensor names must be of the form \"<op_name>:<output_index>\".")

    def get_operation_by_name(self, name):
        """The operation called `name`; KeyError when there is none."""
        if not isinstance(name, str):
            raise TypeError(f"Operation names are strings (or similar), not {_type_name(name)}.")
        return self.as_graph_element(name, allow_tensor=False, allow_operation=True)

    def _get_operation_by_name(self, name):
        op = self._find_operation(name)
        if op is None:
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph.")
        return op

    def get_tensor_by_name(self, name):
        """The tensor called `name`, e.g. ``"a/b:0"``; KeyError when there is none."""
        if not isinstance(name, str):
            raise TypeError(f"Tensor names are strings (or similar), not {_type_name(name)}.")
        return self.as_graph_element(name, allow_tensor=True, allow_operation=False)

    def create_op(self, op_type, inputs, dtypes=None, input_types=None, name=None, attrs=None, op_def=None,
                  compute_shapes=True, compute_device=True):
        """Add an operation from its type, input tensors and attributes.

        Parameters
        ----------
        attrs : dict, optional
            Attribute name to an AttrValue message or a plain value.
        """
        self._check_not_finalized()
        for i, t in enumerate(inputs):
            if not isinstance(t, Tensor):
                raise TypeError(f"Input #{i} is not a tensor: {t}")
        if op_type == "":
            raise ValueError("`` is not a valid node name. Accepted names conform to Regex "
                             f"/re.compile({core.OP_NAME_PATTERN!r})/")
        kind = core.op_type(op_type)
        values = {}
        for key, value in (attrs or {}).items():
            if hasattr(value, "DESCRIPTOR"):
                from pyscope import protos

                value = protos.attr_from_proto(value)
                value = value[1] if key in kind.attrs else value
            values[key] = value
        return kind.create(self, inputs, values, name or op_type)

    _create_op_internal = create_op

    def as_graph_def(self, from_version=None, add_shapes=False):
        """The graph as a GraphDef message."""
        from pyscope import protos

        return protos.graph_def(self, from_version, add_shapes)

    def _add_function(self, function):
        self._functions[function.name] = function

    def _is_function(self, name):
        return name in self._functions

    def _get_function(self, name):
        return self._functions.get(name)

    # ------------------------------------------------------------ collections

    @property
    def collections(self):
        """The names of the graph's collections."""
        return list(self._collections)

    def add_to_collection(self, name, value):
        """Append `value` to the collection `name`."""
        self._check_not_finalized()
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names, value):
        """Append `value` to each of the collections `names`."""
        names = (names,) if isinstance(names, str) else dict.fromkeys(names)
        for name in names:
            self.add_to_collection(name, value)

    def _collect_variable(self, names, variable):
        """`add_to_collections` of a new variable, for names without repetitions."""
        if self.__class__ is not Graph:
            self.add_to_collections(names, variable)
            return
        collections = self._collections
        for name in names:
            try:
                collections[name].append(variable)
            except KeyError:
                collections[name] = [variable]

    def get_collection_ref(self, name):
        """The list that is the collection `name`; made when missing."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name, scope=None):
        """A list of what is in a collection; with `scope`, only items whose name matches it from its start."""
        collection = self._collections.get(name)
        if collection is None:
            return []
        if scope is None:
            return list(collection)
        pattern = re.compile(scope)
        return [item for item in collection if hasattr(item, "name") and pattern.match(item.name)]

    def get_all_collection_keys(self):
        """The names of the collections, those that are strings."""
        return [key for key in self._collections if isinstance(key, str)]

    def clear_collection(self, name):
        """Remove a collection."""
        self._check_not_finalized()
        self._collections.pop(name, None)

    def __repr__(self):
        return f"<pyscope.Graph object at {id(self):#x}>"


core.set_graph_class(Graph)


def reset_default_graph():
    """Throw away the process's default graph; AssertionError inside ``with graph.as_default()``."""
    if core.graph_stack():
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs. If you need a cleared graph, "
                             "exit the nesting and create a new graph.")
    core.set_global_graph(None)


@core.quick("control_dependencies")
def control_dependencies(control_inputs):
    """Context manager: operations made inside wait for `control_inputs`; None clears what is open."""
    return get_default_graph().control_dependencies(control_inputs)


def device(device_name_or_function):
    """Context manager: the device of operations made inside."""
    return get_default_graph().device(device_name_or_function)


def colocate_with(op, ignore_existing=False):
    """Context manager: operations made inside are placed with `op`."""
    g = getattr(op, "graph", None)
    return (g if isinstance(g, Graph) and not get_default_graph().building_function
            else get_default_graph()).colocate_with(op, ignore_existing)


def container(container_name):
    """Context manager: the resource container of stateful operations made inside."""
    return get_default_graph().container(container_name)


def add_to_collection(name, value):
    """Append `value` to a collection of the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names, value):
    """Append `value` to several collections of the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key, scope=None):
    """A list of what is in a collection of the default graph."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key):
    """The list that is a collection of the default graph."""
    return get_default_graph().get_collection_ref(key)


def get_all_collection_keys():
    """The names of the default graph's collections."""
    return get_default_graph().get_all_collection_keys()


def get_name_scope():
    """The current name scope of the default graph."""
    return get_default_graph().get_name_scope()


class init_scope:  # noqa: N801  (TF's name)
    """Context manager that lifts operations out of control-flow and function bodies, with no control inputs."""

    def __enter__(self):
        graph = get_default_graph()
        scope = graph.get_name_scope()
        # Inside a colocation the devices are those in force when the graph was entered.
        devices = graph.device_stack if graph._devices else graph.entered_devices or graph.device_stack
        while graph.building_function and graph.outer_graph is not None:
            graph = graph.outer_graph
            if not devices.items:
                devices = graph.device_stack
        self._entered = []
        for context in (graph.as_default(), core.GraphScope(graph, scope + "/" if scope else scope),
                        graph.control_dependencies(None), _Field(graph, "device_stack", devices)):
            context.__enter__()
            self._entered.append(context)

    def __exit__(self, *exc):
        for context in reversed(self._entered):
            context.__exit__(*exc)
