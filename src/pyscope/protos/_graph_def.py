"""A graph as a GraphDef."""

from ._attrs import set_attr

# What TF 2.21 writes; op semantics that depend on the version are those of this producer.
PRODUCER = 2474
MIN_CONSUMER = 12  # of graphs with functions; older readers have none

# Ops whose result is a tensor list: TF marks their nodes with its full type, by the attribute element_dtype.
_LIST_MAKERS = frozenset(
    "TensorList" + name
    for name in (
        "ConcatLists", "FromTensor", "PushBack", "PushBackBatch", "Reserve", "Scatter",
        "ScatterIntoExistingList", "ScatterV2", "SetItem", "Split",
    )
) | {"EmptyTensorList"}  # fmt: skip


def graph_def(graph, from_version=None, add_shapes=False):
    """GraphDef of `graph`.

    Parameters
    ----------
    graph : Graph
    from_version : int, optional
        Accepted, and without effect as in TF 2.21: all nodes are returned.
    add_shapes : bool
        Add the attribute ``_output_shapes`` to each node with outputs.

    Returns
    -------
    GraphDef
    """
    from . import GraphDef

    result = GraphDef(versions={"producer": PRODUCER})
    for op in graph.get_operations():
        fill_node_def(result.node.add(), op, add_shapes)
    for function in graph._functions.values():
        to_function_def = getattr(function, "to_function_def", None)
        if to_function_def is not None:
            result.library.function.append(to_function_def())
            result.versions.min_consumer = MIN_CONSUMER
    return result


def node_def(op):
    """NodeDef of one operation."""
    from . import NodeDef

    result = NodeDef()
    fill_node_def(result, op)
    return result


def fill_node_def(node, op, add_shapes=False):
    """Write `op` into the empty NodeDef `node`."""
    node.name = op.name
    node.op = op.type
    node.input.extend([_input_text(t) for t in op.inputs])
    node.input.extend(["^" + c.name for c in op.control_inputs])
    if op.device:
        node.device = op.device
    for name, (kind, value) in op._attrs().items():
        set_attr(node.attr[name], kind, value)
    if op.type in _LIST_MAKERS:
        _set_list_type(node)
    if add_shapes and op.outputs:
        set_attr(node.attr["_output_shapes"], "list(shape)", [t.shape for t in op.outputs])


def _set_list_type(node):
    """Full type of a node that makes a tensor list: a product of one array of tensors of the element type."""
    from . import DataType, FullTypeId

    element = DataType.Name(node.attr["element_dtype"].type).removeprefix("DT_")
    array = node.experimental_type.args.add(type_id=FullTypeId.TFT_ARRAY)
    node.experimental_type.type_id = FullTypeId.TFT_PRODUCT
    if element != "VARIANT":
        inner = array.args.add(type_id=FullTypeId.TFT_TENSOR).args.add()
        label = f"TFT_{element}"
        if (
            label in FullTypeId.keys() and element != "BFLOAT16"
        ):  # TF leaves that one unset, as quantized ones
            inner.type_id = FullTypeId.Value(label)


def _input_text(tensor):
    """``a`` for output 0 of a, ``a:1`` for output 1."""
    return f"{tensor.op.name}:{tensor.value_index}" if tensor.value_index else tensor.op.name


def op_def(op_type):
    """OpDef of an OpType."""
    from . import OpDef

    result = OpDef(name=op_type.type, is_stateful=op_type.stateful)
    for args, target in ((op_type.inputs, result.input_arg), (op_type.outputs, result.output_arg)):
        for arg in args:
            added = target.add(name=arg.name, is_ref=arg.is_ref)
            added.type = arg.dtype
            added.type_attr = arg.type_attr or ""
            added.number_attr = arg.number_attr or ""
            added.type_list_attr = arg.type_list_attr or ""
    for attr in op_type.attrs.values():
        added = result.attr.add(name=attr.name, type=attr.kind)
        if attr.minimum is not None:
            added.has_minimum = True
            added.minimum = attr.minimum
        if attr.has_default:
            set_attr(added.default_value, attr.kind, attr.default)
        if attr.allowed is not None:
            element = attr.kind[5:-1] if attr.kind.startswith("list(") else attr.kind
            set_attr(added.allowed_values, f"list({element})", attr.allowed)
    return result
