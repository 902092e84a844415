"""A graph as a GraphDef."""

from .. import dtypes, tensor_shape
from ._tensor import array_proto

# What TF 2.21 writes; op semantics that depend on the version are those of this producer.
PRODUCER = 2474
MIN_CONSUMER = 12  # of graphs with functions; older readers have none


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
    if add_shapes and op.outputs:
        set_attr(node.attr["_output_shapes"], "list(shape)", [t.shape for t in op.outputs])


def _input_text(tensor):
    """``a`` for output 0 of a, ``a:1`` for output 1."""
    return f"{tensor.op.name}:{tensor.value_index}" if tensor.value_index else tensor.op.name


def set_attr(attr, kind, value):
    """Write a Python value into the AttrValue `attr`.

    Parameters
    ----------
    attr : AttrValue
    kind : str
        As in an OpDef: "int", "list(shape)", "func" ...; "tensor" takes an array.
    value : object
        In Python's form: DType, TensorShape, bytes, number, array, function name; a list of these.
    """
    if kind.startswith("list("):
        attr.list.SetInParent()  # an empty list is a value, too
        kind = kind[5:-1]
        target = getattr(attr.list, _FIELD[kind])
        if kind in _SCALAR:
            target.extend([_SCALAR[kind](v) for v in value])
        else:
            for v in value:
                _MESSAGE[kind](target.add(), v)
    elif kind in _SCALAR:
        setattr(attr, _FIELD[kind], _SCALAR[kind](value))
    else:
        _MESSAGE[kind](getattr(attr, _FIELD[kind]), value)


def _set_shape(proto, value):
    shape = tensor_shape.as_shape(value)
    proto.SetInParent()
    if shape._dims is None:
        proto.unknown_rank = True
    else:
        for d in shape._dims:
            proto.dim.add(size=-1 if d is None else d)


def _set_tensor(proto, value):
    if hasattr(value, "tensor_shape"):  # a TensorProto already
        proto.CopyFrom(value)
    else:
        proto.CopyFrom(array_proto(value, dtypes.as_dtype(value.dtype)))


def _set_function(proto, value):
    proto.name = value if isinstance(value, str) else value.name
    for name, (kind, inner) in (getattr(value, "attrs", None) or {}).items():
        set_attr(proto.attr[name], kind, inner)


def _to_bytes(value):
    return value.encode() if isinstance(value, str) else bytes(value)


_FIELD = {"string": "s", "int": "i", "float": "f", "bool": "b", "type": "type", "shape": "shape",
          "tensor": "tensor", "func": "func"}  # fmt: skip
_SCALAR = {
    "string": _to_bytes,
    "int": int,
    "float": float,
    "bool": bool,
    "type": lambda value: dtypes.as_dtype(value)._enum,
}
_MESSAGE = {"shape": _set_shape, "tensor": _set_tensor, "func": _set_function}
