"""A graph as a GraphDef; the core writes the bytes."""

from .. import _core as core
from ._attrs import set_attr

MIN_CONSUMER = 12  # of graphs with functions; older readers have none


def graph_def_bytes(graph, add_shapes=False):
    """The bytes of the GraphDef of `graph`, see `graph_def`."""
    from . import VersionDef

    functions = [function.to_bytes() for function in graph._functions.values()]
    known = graph.graph_def_versions
    versions = VersionDef(producer=known.producer, min_consumer=known.min_consumer, bad_consumers=known.bad_consumers)
    if functions:
        versions.min_consumer = max(versions.min_consumer, MIN_CONSUMER)
    return core.graph_bytes(graph, add_shapes, functions, versions.SerializeToString())


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

    return GraphDef.FromString(graph_def_bytes(graph, add_shapes))


def node_def(op):
    """NodeDef of one operation."""
    from . import NodeDef

    return NodeDef.FromString(core.node_bytes(op))


def function_def(name, graph, inputs, outputs, control_outputs=(), attrs=None):
    """FunctionDef of a graph with arguments and results, see `core.function_bytes`."""
    from . import FunctionDef

    return FunctionDef.FromString(core.function_bytes(name, graph, inputs, outputs, control_outputs, attrs))


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
