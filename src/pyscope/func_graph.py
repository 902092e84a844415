"""FuncGraph: the body of a function, as conditionals and loops call them.

A function graph is a graph of its own. Tensors of the graphs around it become placeholders, its captures, when an
operation first takes them; whoever calls the function passes the tensors outside for the placeholders inside.
"""

from itertools import count

from pyscope import _core as core
from pyscope import dtypes, nest
from pyscope.conversion import convert_to_tensor, convert_to_tensor_or_indexed_slices
from pyscope.graph import Graph, get_default_graph

Operation = core.Operation
Tensor = core.Tensor

_uid = count(1)

# Collections that a function shares with the graph around it; of others it sees a copy.
_SHARED_COLLECTIONS = ("variables", "local_variables", "trainable_variables")


def unique_function_name(scope, name):
    """A name for a function that belongs to the scope ``"a/b/"``: ``"a_b_<name>_<number>"``."""
    return f"{scope}{name}_{next(_uid)}".replace("/", "_")


def unique_gradient_name(forward_name):
    """A name for the gradient of a function."""
    return f"{forward_name}_grad_{next(_uid)}"


class _AsDefault:
    """``FuncGraph.as_default``: devices and variable creators of the graph around it apply inside."""

    __slots__ = ("creators", "devices", "graph")

    def __init__(self, graph):
        self.graph = graph

    def __enter__(self):
        g = self.graph
        outside = get_default_graph()
        self.devices = g.device_stack
        self.creators = g._variable_creator_stack
        if any(device.function is not None for device in outside._devices):
            g.device_stack = outside.device_stack
        g._variable_creator_stack = outside._variable_creator_stack
        g._note_decoration()
        core.push_graph(g)
        return g

    def __exit__(self, *exc):
        g = self.graph
        core.pop_graph(g)
        g.device_stack = self.devices
        g._variable_creator_stack = self.creators
        g._note_decoration()


class FuncGraph(Graph):
    """The graph of a function's body.

    Parameters
    ----------
    name : str
        Of the function.
    collections : dict, optional
        Used in place of collections of its own; without it the function sees those of the graph around it.
    """

    def __init__(self, name, collections=None):
        super().__init__()
        outer = get_default_graph()
        self.name = name
        self.inputs = []
        self.outputs = []
        self.control_outputs = []
        self.structured_outputs = None
        self.captured_controls = {}  # operations of other graphs that operations in here should wait for
        self.is_function = True
        self._building_function = True
        self._outer_graph = outer
        self._captured = {}          # id of the tensor outside -> (tensor outside, placeholder)
        self._seed = outer.seed
        self._seed_used = False
        self._colocated = outer._colocated
        self._add_control_dependencies = False
        if collections is None:
            self._collections = {key: list(value) for key, value in outer._collections.items()}
            for key in _SHARED_COLLECTIONS:
                self._collections[key] = outer.get_collection_ref(key)
        else:
            self._collections = collections
        self._note_decoration()

    @property
    def outer_graph(self):
        """The graph in which the function is called."""
        return self._outer_graph

    @outer_graph.setter
    def outer_graph(self, graph):
        self._outer_graph = graph

    @property
    def output_types(self):
        """Dtypes of the outputs."""
        return [t.dtype for t in self.outputs]

    @property
    def output_shapes(self):
        """Static shapes of the outputs."""
        return [t.shape for t in self.outputs]

    @property
    def variables(self):
        """Variables in the collections of the graph whose handles are captured."""
        handles = {id(t) for t in self.external_captures}
        known = self._collections.get("variables", []) + self._collections.get("local_variables", [])
        return tuple(v for v in known if id(getattr(v, "_handle", None)) in handles)

    def as_default(self):
        """Context manager that makes this the default graph of the thread."""
        return _AsDefault(self)

    def control_dependencies(self, control_inputs):
        """As `Graph.control_dependencies`; what is outside becomes a control input of the call."""
        if control_inputs is None:
            return super().control_dependencies(None)
        inside = []
        for c in control_inputs:
            element = c
            if hasattr(c, "_handle") and hasattr(c, "op") and not isinstance(c, Tensor):
                element = c.op
            elif hasattr(c, "_as_graph_element"):
                element = c._as_graph_element()
            elif not isinstance(c, (Tensor, Operation, str)) and hasattr(c, "op"):
                element = c.op
            graph = getattr(element, "graph", self)
            if graph is self:
                inside.append(element)
            else:
                self.captured_controls[id(element)] = element
        return super().control_dependencies(inside)

    # ------------------------------------------------------------ captures

    @property
    def captures(self):
        """Pairs (tensor outside, placeholder inside), in order of capture."""
        return list(self._captured.values())

    @property
    def external_captures(self):
        """The captured tensors of other graphs."""
        return [outside for outside, _ in self._captured.values()]

    @property
    def internal_captures(self):
        """The placeholders of captured tensors."""
        return [inside for _, inside in self._captured.values()]

    def capture(self, tensor, name=None):
        """What stands for `tensor` in this graph: itself, or a placeholder if it belongs to another graph.

        Raises
        ------
        InaccessibleTensorError
            When the tensor belongs to a function called from this one.
        """
        if tensor.graph is self:
            return tensor
        graph = tensor.graph
        while isinstance(graph, FuncGraph):
            if graph is self:
                from pyscope.errors import InaccessibleTensorError

                raise InaccessibleTensorError(
                    f"{tensor!r} is out of scope and cannot be used here. Use return values, explicit Python locals or "
                    "TensorFlow collections to access it.\nPlease see https://www.tensorflow.org/guide/function"
                    "#all_outputs_of_a_tffunction_must_be_return_values for more information.\n\n"
                    f"The tensor {tensor!r} cannot be accessed from {self}, because it was defined in "
                    f"{tensor.graph}, which is out of scope.")
            graph = graph.outer_graph
        return self._capture_helper(tensor, name or tensor.op.name)

    def _capture_helper(self, tensor, name):
        found = self._captured.get(id(tensor))
        if found is not None:
            return found[1]
        placeholder = self.add_input(tensor.dtype.base_dtype, tensor.shape, name, tensor, clear=True)
        self.add_capture(tensor, placeholder)
        self.inputs.append(placeholder)
        return placeholder

    def add_capture(self, tensor, placeholder):
        """Note that `placeholder` stands for `tensor`."""
        self._captured[id(tensor)] = (tensor, placeholder)

    def reset_captures(self, tensors, placeholders):
        """Replace the captures by pairs from two lists."""
        self._captured = {id(outside): (outside, inside) for outside, inside in zip(tensors, placeholders)}

    def add_input(self, dtype, shape, name=None, like=None, clear=False):
        """A placeholder for an argument; named after `name` if given. It refers to what `like` refers to."""
        if get_default_graph() is not self:
            with self.as_default():
                return self.add_input(dtype, shape, name, like, clear)
        from pyscope.ops.identity import PLACEHOLDER

        if clear:
            with core.ControlDependencies(self, None):
                placeholder = PLACEHOLDER(dtype=dtype, shape=shape, name=name)
        else:
            placeholder = PLACEHOLDER(dtype=dtype, shape=shape, name=name)
        if name is not None:
            placeholder.op._set_attr("_user_specified_name", ("string", name.encode()))
        if like is not None:
            copy_handle_data(like, placeholder)
        return placeholder

    def moved_output(self, op_type, inputs, attrs, name):
        """Asked before an operation that measures tensors is made: what to take in its place, or None."""
        return None

    def __str__(self):
        return f"FuncGraph(name={self.name}, id={id(self)})"


def copy_handle_data(source, target):
    """Let `target` refer to what the resource or variant `source` refers to."""
    if source.dtype.base_dtype is dtypes.resource:
        from pyscope.ops.resource import handle_data

        known = handle_data(source)
        if known is not None:
            target._handle_data = (known,)
    elif source.dtype is dtypes.variant:
        known = source._handle_data
        if known is not None:
            target._handle_data = known


class Function:
    """A function as graphs list it: a function graph under the name and with the signature it has now."""

    __slots__ = ("control_outputs", "graph", "inputs", "name", "outputs")

    def __init__(self, graph):
        self.name = graph.name
        self.graph = graph
        self.inputs = list(graph.inputs)
        self.outputs = list(graph.outputs)
        self.control_outputs = list(graph.control_outputs)

    def get_operations(self):
        """The operations of the body."""
        return self.graph.get_operations()

    def to_bytes(self):
        """This function as the bytes of a FunctionDef."""
        return core.function_bytes(self.name, self.graph, self.inputs, self.outputs, self.control_outputs,
                                   {"_construction_context": ("string", b"kEagerRuntime")})

    def to_function_def(self):
        """This function as a FunctionDef message."""
        from pyscope import protos

        return protos.FunctionDef.FromString(self.to_bytes())


def add_function(graph):
    """List a finished function graph in the graphs around it; returns its name for an attribute."""
    function = Function(graph)
    graph._note_edit()
    outer = graph.outer_graph
    while outer is not None:
        outer._functions[function.name] = function
        outer = outer.outer_graph
    return core.FunctionName(function.name)


def is_tensor_array(value):
    """Whether `value` is a TensorArray, which goes through functions as its flow."""
    return hasattr(value, "_implementation") and hasattr(value, "flow")


def flatten(structure):
    """The tensors of a structure, TensorArrays as their flows."""
    return [x.flow if is_tensor_array(x) else x for x in nest.flatten(structure, expand_composites=True)]


def pack_sequence_as(structure, tensors):
    """`tensors` arranged as `structure`; flows become TensorArrays again where `structure` has them."""
    leaves = nest.flatten(structure, expand_composites=True)
    tensors = list(tensors)
    if len(leaves) != len(tensors):
        raise ValueError("Mismatch in element count")
    for i, leaf in enumerate(leaves):
        if is_tensor_array(leaf):
            from pyscope.tensor_array import build_ta_with_new_flow

            tensors[i] = build_ta_with_new_flow(leaf, tensors[i])
    return nest.pack_sequence_as(structure, tensors, expand_composites=True)


def is_variable(value):
    """Whether `value` is a variable: what functions return as its value."""
    return hasattr(value, "_dense_var_to_tensor") and hasattr(value, "initializer")


def variables_to_tensors(structure):
    """`structure` with variables replaced by their values."""
    return nest.map_structure(lambda x: convert_to_tensor(x) if is_variable(x) else x, structure)


def trace(graph, python_func, arguments=(), add_control_dependencies=False, op_return_value=None):
    """Build the body of `graph` by calling `python_func`, and set its inputs and outputs; returns `graph`.

    Parameters
    ----------
    arguments : sequence of (DType, TensorShape, str or None)
        Placeholders made first and passed to the function.
    add_control_dependencies : bool
        Make stateful operations run in the order of the program.
    op_return_value : Tensor, optional
        Returned in place of operations, after they have run.
    """
    from pyscope.control_flow.dependencies import AutomaticControlDependencies
    from pyscope.ops.identity import identity

    automatic = AutomaticControlDependencies() if add_control_dependencies else None

    def convert(x):
        if x is None:
            return None
        if op_return_value is not None and isinstance(x, Operation):
            with graph.control_dependencies([x]):
                x = identity(op_return_value)
        elif not is_tensor_array(x):
            try:
                x = convert_to_tensor_or_indexed_slices(x)
            except (TypeError, ValueError):
                raise TypeError(
                    "To be compatible with tf.function, Python functions must return zero or more Tensors or "
                    f"ExtensionTypes or None values; in compilation of {python_func}, found return value of type "
                    f"{type(x).__name__}, which is not a Tensor or ExtensionType.") from None
        if automatic is not None:
            x = automatic.mark_as_return(x)
        return x

    with graph.as_default():
        if automatic is not None:
            automatic.enter(graph)
        scope = core.get_variable_scope()
        use_resource = scope.use_resource
        scope.set_use_resource(True)
        inputs = [graph.add_input(dtype, shape, name) for dtype, shape, name in arguments]
        graph.inputs = list(inputs)
        try:
            outputs = python_func(*inputs)
            outputs = nest.map_structure(convert, variables_to_tensors(outputs), expand_composites=True)
        finally:
            scope.set_use_resource(use_resource)
        graph.inputs = inputs + graph.internal_captures
        graph.structured_outputs = outputs
        graph.outputs.extend([graph.capture(x) for x in flatten(outputs) if x is not None])
        if automatic is not None:
            automatic.exit()
            graph.control_outputs.extend(automatic.ops_which_must_run)
    return graph
