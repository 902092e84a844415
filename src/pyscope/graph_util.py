"""``tf.graph_util``: GraphDefs cut down to what is needed, and variables frozen into constants."""

from pyscope import _core as core
from pyscope import protos
from pyscope.importer import import_graph_def

__all__ = [
    "convert_variables_to_constants",
    "extract_sub_graph",
    "import_graph_def",
    "must_run_on_cpu",
    "remove_training_nodes",
    "tensor_shape_from_node_def_name",
]

_VARIABLE_OPS = {
    "Assign", "AssignAdd", "AssignSub", "Queue", "ScatterAdd", "ScatterSub", "ScatterUpdate", "TruncatedNormal",
    "Variable", "VariableV2",
}  # fmt: skip
_DT_INT32, _DT_STRING = 3, 7


def must_run_on_cpu(node, pin_variables_on_cpu=False):
    """Whether a node can't run on a GPU: one that makes or routes int32 or string constants.

    Parameters
    ----------
    node : Operation or NodeDef
    pin_variables_on_cpu : bool
        Say so of operations on variables, too.
    """
    node_def = node.node_def if isinstance(node, core.Operation) else node
    if pin_variables_on_cpu and node_def.op in _VARIABLE_OPS:
        return True
    if node_def.op == "Const":
        return node_def.attr["dtype"].type in (_DT_INT32, _DT_STRING)
    if node_def.op in ("DynamicStitch", "ParallelDynamicStitch"):
        return node_def.attr["T"].type == _DT_INT32
    return node_def.op == "Cast" and node_def.attr["SrcT"].type == _DT_INT32


def tensor_shape_from_node_def_name(graph, input_name):
    """Static shape of the tensor that an input of a NodeDef names."""
    return graph.get_tensor_by_name(input_name if ":" in input_name else input_name + ":0").get_shape()


def _node_name(text):
    """The node in an input: ``^a`` and ``a:1`` name a."""
    return text[1:] if text.startswith("^") else text.partition(":")[0]


def _colocated(node):
    """Names of the nodes that `node` asks to be placed with."""
    if "_class" not in node.attr:
        return []
    return [c.decode().removeprefix("loc:@") for c in node.attr["_class"].list.s]


def extract_sub_graph(graph_def, dest_nodes):
    """The part of `graph_def` that the nodes called `dest_nodes` need, in the order it has there.

    Raises
    ------
    TypeError
        If `graph_def` is no GraphDef, or `dest_nodes` a single string.
    AssertionError
        If it does not have one of the nodes.
    """
    if not isinstance(graph_def, protos.GraphDef):
        raise TypeError(f"graph_def must be a graph_pb2.GraphDef proto, but got type {type(graph_def)}.")
    if isinstance(dest_nodes, str):
        raise TypeError(f"dest_nodes must be an iterable of strings, but got type {type(dest_nodes)}.")
    nodes = {_node_name(node.name): node for node in graph_def.node}
    waiting = list(dest_nodes)
    for name in waiting:
        if name not in nodes:
            raise AssertionError(f"{name} is not in graph")
    kept = set()
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            node = nodes[name]
            waiting += [_node_name(text) for text in node.input]
            waiting += _colocated(node)
    result = protos.GraphDef()
    result.node.extend([node for name, node in nodes.items() if name in kept])
    result.library.CopyFrom(graph_def.library)
    result.versions.CopyFrom(graph_def.versions)
    return result


def remove_training_nodes(input_graph, protected_nodes=None):
    """A GraphDef without the nodes that only training needs.

    CheckNumerics goes with the edges to it; Identity and StopGradient are replaced by their input, unless a control
    edge or a colocation has to do with them, or `protected_nodes` names them.
    """
    protected = protected_nodes or []
    removed = {node.name for node in input_graph.node if node.op == "CheckNumerics" and node.name not in protected}
    nodes = []
    for node in input_graph.node:
        if node.name not in removed:
            copy = protos.NodeDef()
            copy.CopyFrom(node)
            copy.input[:] = [text for text in node.input if text.removeprefix("^") not in removed]
            nodes.append(copy)

    kept = {node.name for node in nodes if any("^" in text for text in node.input)}
    for node in nodes:
        kept.update(_colocated(node))
    spliced = {node.name: node.input[0] for node in nodes
               if node.op in ("Identity", "StopGradient") and node.name not in protected and node.name not in kept}
    for node in nodes:
        for text in node.input:
            if "^" in text:
                spliced.pop(text.replace("^", ""), None)

    result = protos.GraphDef()
    for node in nodes:
        if node.name in spliced:
            continue
        for i, text in enumerate(node.input):
            while text.removeprefix("^") in spliced:
                text = spliced[text.removeprefix("^")]
            node.input[i] = text
        result.node.append(node)
    return result


_FORWARDING = {"Enter", "Exit", "Identity", "NextIteration", "Switch", "_SwitchN", "Merge"}
_CALLERS = {"If", "StatelessIf", "While", "StatelessWhile", "Case", "PartitionedCall", "StatefulPartitionedCall"}


def convert_variables_to_constants(sess, input_graph_def, output_node_names, variable_names_whitelist=None,
                                   variable_names_blacklist=None):
    """The part of a GraphDef that `output_node_names` need, with variables replaced by their values in `sess`.

    Parameters
    ----------
    sess : Session
    input_graph_def : GraphDef
    output_node_names : list of str
    variable_names_whitelist, variable_names_blacklist : collection of str, optional
        Replace only these variables; don't replace these.

    Returns
    -------
    GraphDef

    Raises
    ------
    NotImplementedError
        When a variable goes into a function: a conditional or loop of the functional kind.
    """
    result = extract_sub_graph(input_graph_def, output_node_names)
    variables = [node for node in result.node if node.op in ("Variable", "VariableV2", "VarHandleOp")
                 and (variable_names_whitelist is None or node.name in variable_names_whitelist)
                 and (variable_names_blacklist is None or node.name not in variable_names_blacklist)]
    if not variables:
        return result
    values = sess.run([node.name + ("/Read/ReadVariableOp:0" if node.op == "VarHandleOp" else ":0")
                       for node in variables])
    nodes = {node.name: node for node in result.node}
    takers = {}  # node name -> (node that takes it, as which input)
    for node in result.node:
        for i, text in enumerate(node.input):
            if not text.startswith("^"):
                takers.setdefault(_node_name(text), []).append((node.name, i))
    for node, value in zip(variables, values):
        dtype = node.attr["dtype"].type
        _become(node, "Const", [], {"dtype": node.attr["dtype"]})
        node.attr["value"].tensor.CopyFrom(protos.make_tensor_proto(value, dtype, value.shape))
        waiting = [(name, i) for name, i in takers.get(node.name, ())]
        seen = set()
        while waiting:
            taker, index = waiting.pop(0)
            if taker not in seen:
                seen.add(taker)
                if _take_constant(result, nodes, nodes[taker], dtype):
                    waiting += takers.get(taker, ())
    return result


def _become(node, op, inputs, attrs):
    """Make another node of `node`, with its name and colocation."""
    old = protos.NodeDef()
    old.CopyFrom(node)
    attrs = {name: protos.AttrValue.FromString(value.SerializeToString()) for name, value in attrs.items()}
    node.Clear()
    node.name = old.name
    node.op = op
    node.input.extend(inputs)
    for name, value in attrs.items():
        node.attr[name].CopyFrom(value)
    if op != "Const" and "_class" in old.attr:
        node.attr["_class"].CopyFrom(old.attr["_class"])


def _take_constant(graph_def, nodes, node, dtype):
    """Let `node` take the value of a variable where it took the variable; whether it hands it on as it is."""
    attr = node.attr
    inputs = list(node.input)
    if node.op == "ReadVariableOp":
        _become(node, "Identity", inputs[:1], {"T": attr["dtype"]})
    elif node.op == "ResourceGather":
        if attr["batch_dims"].i != 0:
            raise ValueError(f"batch_dims must be 0 for freeze_graph, but got node({node.name}).attr('batch_dims') = "
                             f"{attr['batch_dims'].i}.")
        name, indices = node.name + "/axis", protos.AttrValue()
        indices.CopyFrom(attr["Tindices"])
        _become(node, "GatherV2", [*inputs[:2], name],
                {"Tparams": attr["dtype"], "Tindices": indices, "Taxis": indices})
        if name not in nodes:
            axis = nodes[name] = graph_def.node.add(name=name, op="Const")
            axis.attr["dtype"].CopyFrom(indices)
            axis.attr["value"].tensor.CopyFrom(protos.make_tensor_proto(0, indices.type, []))
    elif node.op == "ResourceGatherNd":
        _become(node, "GatherNd", inputs[:2], {"Tparams": attr["dtype"], "Tindices": attr["Tindices"]})
    elif node.op in _FORWARDING:
        attr["T"].type = dtype
        if node.op != "Merge":
            attr.pop("_output_shapes", None)
        return True
    elif node.op in _CALLERS:
        raise NotImplementedError(f"convert_variables_to_constants: '{node.name}' takes a variable into a function; "
                                  "PyScope does not freeze those")
    return False
