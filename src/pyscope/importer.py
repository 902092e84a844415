"""`import_graph_def`: the nodes of a GraphDef as operations of the default graph."""

from pyscope import _core as core
from pyscope import protos
from pyscope.conversion import convert_to_tensor
from pyscope.device import MergeDevice
from pyscope.graph import GRAPH_DEF_VERSION, get_default_graph, name_scope

__all__ = ["import_graph_def"]

Tensor = core.Tensor
_TENSORFLOW = "2.21.0"  # whose GraphDef version this is


def import_graph_def(graph_def, input_map=None, return_elements=None, name=None, op_dict=None, producer_op_list=None):
    """Add the nodes of `graph_def` to the default graph.

    Parameters
    ----------
    graph_def : GraphDef
        Attributes that a node leaves to their defaults are added to it, as TF does.
    input_map : dict of str to Tensor, optional
        Inputs ``"x"``, ``"x:1"`` or ``"^x"`` of the GraphDef, to be taken from the graph instead. Other values are
        converted to tensors.
    return_elements : list of str, optional
        Names in the GraphDef, of operations (``"x"``) and tensors (``"x:0"``).
    name : str, optional
        Scope of the new operations, by default "import"; "" adds them at the root.
    op_dict : optional
        Without effect.
    producer_op_list : OpList, optional
        Attributes that we don't know and that have their default according to this list are dropped.

    Returns
    -------
    list of Operation and Tensor, or None
        What `return_elements` asks for.

    Raises
    ------
    TypeError
        If an argument is not of its type.
    ValueError
        If `graph_def` is not a legal graph, or `input_map` or `return_elements` name nothing in it.
    NotFoundError
        If PyScope does not have an op type.
    """
    if getattr(getattr(graph_def, "DESCRIPTOR", None), "full_name", None) != "tensorflow.GraphDef":
        raise TypeError("Argument `graph_def` must be a GraphDef proto.")
    input_map = _check_input_map(input_map)
    if return_elements is not None:
        if not all(isinstance(x, (bytes, str)) for x in return_elements):
            raise TypeError(f"Argument `return_elements` must be a list of strings. Obtained {return_elements}.")
        return_elements = tuple([_text(x) for x in return_elements])
    if producer_op_list is not None:
        _remove_default_attrs(producer_op_list, graph_def)

    graph = get_default_graph()
    known_names = core.name_count(graph)
    with name_scope(name, "import", input_map.values()) as scope:
        if not all(isinstance(v, Tensor) for v in input_map.values()):
            if name == "":
                raise ValueError(
                    "tf.import_graph_def() requires a non-empty `name` if `input_map` contains non-Tensor values. Try "
                    "calling tf.convert_to_tensor() on `input_map` values before calling tf.import_graph_def().")
            with name_scope("_inputs"):
                input_map = {k: convert_to_tensor(v) for k, v in input_map.items()}
    sources = _sources(graph, input_map)
    wanted = [_split(x) if ":" in x else (x, None) for x in return_elements or ()]
    _check_versions(graph_def.versions)

    nodes = core.GraphImport(graph, graph_def.SerializeToString(), scope[:-1], sources, known_names)
    functions = _new_functions(graph, graph_def.library) if graph_def.library.function else ()
    nodes.build()
    try:
        elements = _elements(graph, nodes, sources, wanted)
    except ValueError:
        nodes.take_back()
        raise
    nodes.commit()
    graph._note_versions(graph_def.versions.producer, graph_def.versions.min_consumer,
                         graph_def.versions.bad_consumers)
    for function in functions:
        graph._add_function(function)
    _add_defaults(graph_def, nodes.lacking)
    _finish(graph, nodes)
    missing = nodes.unused_keys()
    if missing:
        raise ValueError("Attempted to map inputs that were not found in graph_def: "
                         f"[{', '.join([_spell(*key) for key in missing])}]")
    return None if return_elements is None else elements


def _text(value):
    return value if isinstance(value, str) else value.decode()


def _check_input_map(input_map):
    if input_map is None:
        return {}
    if not isinstance(input_map, dict):
        raise TypeError(f"Argument `input_map` must be a dictionary. Obtained {type(input_map).__name__}")
    if not all(isinstance(k, (bytes, str)) for k in input_map):
        raise TypeError(f"All keys for argument `input_map` must be strings. Obtained keys: {list(input_map)}")
    return input_map


def _split(name):
    """``(operation, index)`` of a tensor's name."""
    parts = name.split(":")
    if len(parts) > 2:
        raise ValueError(f"Cannot convert {name!r} to a tensor name. Tensor names should not contain more than 1 `:`. "
                         f"Obtained {len(parts) - 1}")
    if len(parts) == 1:
        return name, 0
    try:
        return parts[0], int(parts[1])
    except ValueError:
        raise ValueError(f"Cannot convert {name!r} to a tensor name. Second component of the name following the `:` "
                         f"should be an int. Got {parts[1]}.") from None


def _spell(name, index):
    return f"^{name}" if index < 0 else f"{name}:{index}"


def _sources(graph, input_map):
    """The input map as the core takes it: ``(name, index)`` to a tensor, or ``(name, -1)`` to an operation."""
    out = {}
    for key, value in input_map.items():
        key = _text(key)
        name, index = (key[1:], -1) if key.startswith("^") else _split(key)
        if value.graph is not graph:
            # TF goes by the name alone.
            op = graph._find_operation(value.op.name)
            if op is None:
                shown = value.op.name if index < 0 else value.name
                raise ValueError(f"node '{value.op.name}' in input_map does not exist in graph "
                                 f"(input_map entry: {_spell(name, index)}->{'^' * (index < 0)}{shown})")
            value = op.outputs[value.value_index]
        out[name, index] = value.op if index < 0 else value
    return out


def _check_versions(versions):
    if GRAPH_DEF_VERSION < versions.min_consumer:
        raise ValueError(f"GraphDef min consumer version {versions.min_consumer} above current version "
                         f"{GRAPH_DEF_VERSION} for TensorFlow {_TENSORFLOW}.  Please upgrade TensorFlow.")
    if versions.producer < 0:
        raise ValueError(f"GraphDef producer version {versions.producer} below min producer 0 supported by TensorFlow "
                         f"{_TENSORFLOW}.  Please regenerate your graph.")
    if GRAPH_DEF_VERSION in versions.bad_consumers:
        raise ValueError(f"GraphDef disallows consumer version {GRAPH_DEF_VERSION}.  Please upgrade TensorFlow: this "
                         "version is likely buggy.")


def _known_type(op_type):
    """The OpType called `op_type`, or None."""
    try:
        return core.op_type(op_type)
    except NotImplementedError:
        return None


def _remove_default_attrs(producer_op_list, graph_def):
    """Drop attributes that we don't know and that have their default according to the producer."""
    producer = {op.name: op for op in producer_op_list.op}
    for node in graph_def.node:
        known = _known_type(node.op) if node.op in producer else None
        if known is None:
            continue
        for attr in producer[node.op].attr:
            if (attr.name in node.attr and attr.name not in known.attrs and attr.HasField("default_value")
                    and node.attr[attr.name] == attr.default_value):
                del node.attr[attr.name]


def _add_defaults(graph_def, lacking):
    """Write the defaults into the nodes that left them out; those who read the message later rely on it."""
    for index, op_type in lacking:
        attrs = graph_def.node[index].attr
        for attr in op_type.attrs.values():
            if attr.has_default and (attr.name not in attrs or attrs[attr.name].WhichOneof("value") is None):
                attrs[attr.name].ParseFromString(core.attr_bytes(attr.kind, attr.default))


def _new_functions(graph, library):
    """The functions of a library that the graph does not have yet."""
    from pyscope.imported_function import ImportedFunction

    out = []
    for definition in library.function:
        name = definition.signature.name
        known = graph._functions.get(name)
        if known is None:
            out.append(ImportedFunction(definition.SerializeToString(), graph, library))
        elif protos.FunctionDef.FromString(known.to_bytes()) != definition:
            raise ValueError(f"Cannot add function '{name}' because a different function with the same name already "
                             "exists.")
    return out


def _elements(graph, nodes, sources, wanted):
    """The operations and tensors asked for; tensors are looked up first, as in TF."""
    found = {}
    for name, index in wanted:
        if index is None:
            continue
        mapped = sources.get((name, index))
        if mapped is not None:
            found[name, index] = mapped
            continue
        node = nodes.node(name)
        if node < 0:
            raise ValueError(f"Requested return tensor '{name}:{index}' not found in graph def")
        outputs = graph._operation_at(node).outputs
        if not 0 <= index < len(outputs):
            raise ValueError(f"Invalid return output {index} of node '{name}', which has {len(outputs)} output(s)")
        found[name, index] = outputs[index]
    for name, index in wanted:
        if index is None:
            node = nodes.node(name)
            if node < 0:
                raise ValueError(f"Requested return node '{name}' not found in graph def")
            found[name, index] = graph._operation_at(node)
    return [found[key] for key in wanted]


def _finish(graph, nodes):
    """What open scopes give to new operations, and the devices that the message asks for.

    Unlike an operation that is being built, an imported one waits for all open control_dependencies blocks, whatever
    its inputs wait for; and one that is colocated goes where the others are, without the devices in force.
    """
    devices = dict(nodes.devices)
    ops = ()
    waits = core.all_control_inputs(graph)
    if graph.decorated or waits:
        ops = [graph._operation_at(i) for i in range(nodes.first_node, graph.n_operations)]
        for op in ops:
            graph._decorate_attrs(op)
            graph._decorate_place(op)
            core.note_in_control_blocks(graph, op)
        for op in ops:
            op._add_control_inputs(waits)
            if graph._control_flow_context is not None:
                graph._enter_context(op)
    elif devices:  # without any, colocation says nothing about them
        ops = [graph._operation_at(i) for i in sorted({*devices, *nodes.colocated})]
    colocated = []
    canonical = {}
    for op in ops:
        op._set_device("")
        groups = [_text(c)[5:] for c in op.colocation_groups()]
        if groups != [op.name]:
            colocated.append((op, [g for g in groups if g != op.name]))
            continue
        device = devices.get(op._id)
        if device is not None and not graph._devices:
            if device not in canonical:
                canonical[device] = MergeDevice(device).spec.to_string()
            op._set_device(canonical[device])
        elif device is not None:
            with graph.device(device):
                graph._apply_devices(op)
        else:
            graph._apply_devices(op)
    for op, groups in colocated:
        for group in groups:
            other = graph._find_operation(group)
            if other is None:
                from pyscope.behavior import control_flow_v2_enabled

                if control_flow_v2_enabled():
                    continue
                raise ValueError(f"Specified colocation to an op: {group} that does not exist during import for op: "
                                 f"{op.name}")
            if other.device:
                op._set_device(other.device)
                break
