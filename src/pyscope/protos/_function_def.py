"""A function of a graph as a FunctionDef, named as TF's C++ names things."""

import re

from ._attrs import set_attr
from ._graph_def import fill_node_def


class _Names:
    """Names of arguments, results and nodes share one space, where the second ``a`` is ``a_0``."""

    def __init__(self):
        self._used = {}

    def unique(self, name):
        if name not in self._used:
            self._used[name] = 0
            return name
        while True:
            candidate = f"{name}_{self._used[name]}"
            self._used[name] += 1
            if candidate not in self._used:
                self._used[candidate] = 0
                return candidate

    def argument(self, name):
        """As `unique`, after making `name` one that an OpDef's argument may have."""
        name = re.sub(r"[^a-z0-9]", "_", name.lower()).lstrip("_0123456789")
        return self.unique(name or "unknown")


def function_def(name, graph, inputs, outputs, control_outputs=(), attrs=None):
    """FunctionDef of a graph with arguments and results.

    Parameters
    ----------
    name : str
    graph : Graph
        Its operations are the body.
    inputs, outputs : sequence of Tensor
        Placeholders of `graph`, and tensors of it.
    control_outputs : sequence of Operation
        Run with each call.
    attrs : dict, optional
        Attributes of the function: name -> (kind, value).

    Returns
    -------
    FunctionDef
    """
    from . import FunctionDef

    result = FunctionDef()
    result.signature.name = name
    names = _Names()
    for t in outputs:
        result.signature.output_arg.add(name=names.argument(t.op.name), type=t.dtype._enum)
    placeholders = {}  # operation id -> argument name
    for i, t in enumerate(inputs):
        arg = result.signature.input_arg.add(name=names.argument(t.op.name), type=t.dtype._enum)
        placeholders[t.op._id] = arg.name
        _add_arg_attrs(result, i, t)

    body = [op for op in graph.get_operations() if op._id not in placeholders]
    node_names = {op._id: names.unique(op.name) for op in body}

    def text(t):
        if t.op._id in placeholders:
            return placeholders[t.op._id]
        return f"{node_names[t.op._id]}:{_output_text(t)}"

    for op in body:
        node = result.node_def.add()
        fill_node_def(node, op)
        node.name = node_names[op._id]
        del node.input[:]
        node.input.extend([text(t) for t in op.inputs])
        node.input.extend([f"^{node_names[c._id]}" for c in op.control_inputs if c._id in node_names])
        if op.op_type.stateful:
            result.signature.is_stateful = True
    for arg, t in zip(result.signature.output_arg, outputs):
        result.ret[arg.name] = text(t)
    for op in control_outputs:
        result.signature.control_output.append(op.name)
        result.control_ret[op.name] = node_names[op._id]
    for key, (kind, value) in (attrs or {}).items():
        set_attr(result.attr[key], kind, value)
    return result


def _add_arg_attrs(result, index, placeholder):
    """Keep what the placeholder says of argument `index`: its own marks, and its shape."""
    for key, (kind, value) in placeholder.op._attrs().items():
        if key.startswith("_"):
            set_attr(result.arg_attr[index].attr[key], kind, value)
        elif key == "shape" and placeholder.dtype.name != "resource":
            set_attr(result.arg_attr[index].attr["_output_shapes"], "list(shape)", [value])


def _output_text(tensor):
    """``z:0``: name of the output argument that `tensor` belongs to, and its place there."""
    index = tensor.value_index
    attrs = tensor.op._attrs()
    for arg in tensor.op.op_type.outputs:
        length = 1
        if arg.number_attr:
            length = attrs[arg.number_attr][1]
        elif arg.type_list_attr:
            length = len(attrs[arg.type_list_attr][1])
        if index < length:
            return f"{arg.name}:{index}"
        index -= length
    raise IndexError(f"'{tensor.op.name}' has no output {tensor.value_index}")
