"""The JSON form of a graph: every node in order, the functions it calls, its collections.

Everything is read the same way from both libraries: the public properties of operations and tensors,
and ``Graph.as_graph_def()`` for attributes and functions.
"""

import re

import numpy as np

from .values import array_form, shape_form

_DTYPES = {
    0: "invalid", 1: "float32", 2: "float64", 3: "int32", 4: "uint8", 5: "int16", 6: "int8", 7: "string",
    8: "complex64", 9: "int64", 10: "bool", 11: "qint8", 12: "quint8", 13: "qint32", 14: "bfloat16",
    15: "qint16", 16: "quint16", 17: "uint16", 18: "complex128", 19: "float16", 20: "resource",
    21: "variant", 22: "uint32", 23: "uint64",
}

_TENSOR_FIELDS = {
    "float32": "float_val", "float64": "double_val", "int32": "int_val", "uint8": "int_val",
    "int16": "int_val",
    "int8": "int_val", "uint16": "int_val", "int64": "int64_val", "bool": "bool_val", "string": "string_val",
    "complex64": "scomplex_val", "complex128": "dcomplex_val", "float16": "half_val", "bfloat16": "half_val",
    "uint32": "uint32_val", "uint64": "uint64_val",
}


class _Functions:
    """Functions a graph calls, numbered in the order in which its nodes name them.

    Names of functions end in a number counted per process, which says nothing about the graph.
    """

    def __init__(self, graph_def):
        self.definitions = {function.signature.name: function for function in graph_def.library.function}
        self.numbered = {}
        self.bodies = {}

    def form(self, name):
        if name not in self.numbered:
            stem = re.sub(r"_\d+(?=_grad|_rewritten|$)", "_#", name)
            self.numbered[name] = label = f"{stem}@{len(self.numbered)}"
            definition = self.definitions.get(name)
            self.bodies[label] = None if definition is None else self._body(definition)
        return self.numbered[name]

    def _body(self, definition):
        signature = definition.signature
        return {
            "args": [[re.sub(r"_\d+___redundant", "_#___redundant", arg.name),
                      dtype_name(arg.type)] for arg in signature.input_arg],
            "results": [[arg.name, dtype_name(arg.type),
                         definition.ret[arg.name]] for arg in signature.output_arg],
            "control_results": sorted(definition.control_ret.values()),
            "nodes": [
                {"name": node.name, "op": node.op,
                 "in": [re.sub(r"_\d+___redundant", "_#___redundant", name) for name in node.input],
                 "dev": node.device,
                 "attr": attrs_form(node.attr, self)}
                for node in definition.node_def
            ],
        }


def graph_form(graph):
    """The JSON form of `graph`."""
    graph_def = graph.as_graph_def()
    functions = _Functions(graph_def)
    definitions = {node.name: node for node in graph_def.node}
    nodes = []
    for op in graph.get_operations():
        node = {"name": op.name, "op": op.type}
        if op.inputs:
            node["in"] = [tensor.name for tensor in op.inputs]
        if op.control_inputs:
            # TensorFlow keeps them in a hash set, so their order says nothing.
            node["ctl"] = sorted(other.name for other in op.control_inputs)
        if op.device:
            node["dev"] = op.device
        if op.outputs:
            node["out"] = [[tensor.dtype.name, shape_form(tensor.get_shape())] for tensor in op.outputs]
        definition = definitions.get(op.name)
        if definition is None:
            node["missing"] = "the node is not in as_graph_def()"
        elif definition.attr:
            node["attr"] = attrs_form(definition.attr, functions)
        nodes.append(node)
    return {
        "nodes": nodes,
        "functions": functions.bodies,
        "collections": {
            key: [_member(item) for item in graph.get_collection_ref(key)]
            for key in sorted(graph.get_all_collection_keys())
        },
        "seed": graph.seed,
        "finalized": graph.finalized,
    }


def _member(item):
    name = getattr(item, "name", None)
    return f"{type(item).__name__}" if name is None else f"{_class(item)} {name}"


def _class(item):
    kind = type(item).__name__
    return "Tensor" if kind.endswith("Tensor") else kind


def dtype_name(number):
    """Name of the dtype of a DataType number; numbers above 100 are references."""
    return _DTYPES[number - 100] + "_ref" if number > 100 else _DTYPES[number]


def attrs_form(attrs, functions):
    """The JSON form of a NodeDef's attributes."""
    return {key: _attr(key, attrs[key], functions) for key in sorted(attrs)}


def _attr(key, value, functions):
    kind = value.WhichOneof("value")
    if kind is None:
        return ["unset"]
    if kind == "list":
        return ["list", _list(key, value.list, functions)]
    return _scalar(key, kind, getattr(value, kind), functions)


def _list(key, values, functions):
    for kind in ("s", "i", "f", "b", "type", "shape", "tensor", "func"):
        items = getattr(values, kind)
        if len(items):
            return [_scalar(key, kind, item, functions) for item in items]
    return []


def _scalar(key, kind, value, functions):
    if kind == "s":
        return ["s", _counted(value.decode("latin-1"))]
    if kind == "type":
        return ["type", dtype_name(value)]
    if kind == "shape":
        return ["shape", proto_shape(value)]
    if kind == "tensor":
        return ["tensor", array_form(proto_array(value), exact=True)]
    if kind == "func":
        return ["func", functions.form(value.name), attrs_form(value.attr, functions)]
    if kind == "f":
        return ["f", float(str(np.float32(value))) if np.isfinite(value) else str(value)]
    return [kind, value]


def _counted(text):
    """Strings that hold a counter of the process (py_func tokens, custom gradients), without its number."""
    text = re.sub(r"^pyfunc_\d+$", "pyfunc_#", text)
    return re.sub(r"^(CustomGradient|PartitionedCall|StatefulPartitionedCall)-\d+$", r"\1-#", text)


def proto_shape(shape):
    """A TensorShapeProto as a list, None for unknown sizes; None for an unknown rank."""
    return None if shape.unknown_rank else [None if dim.size < 0 else dim.size for dim in shape.dim]


def proto_array(tensor):
    """The array in a TensorProto; a short list of values is filled with its last one."""
    name = dtype_name(tensor.dtype)
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    size = int(np.prod(shape, dtype=np.int64))
    dtype = np.dtype(object if name == "string" else np.uint16 if name == "bfloat16" else name)
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, dtype).reshape(shape)
    items = list(getattr(tensor, _TENSOR_FIELDS[name]))
    if name.startswith("complex"):
        items = [complex(re, im) for re, im in zip(items[::2], items[1::2], strict=True)]
    if name in ("float16", "bfloat16"):
        items = np.array(items, np.uint16).view(dtype).tolist()
    if not items:
        items = [b"" if name == "string" else 0]
    array = np.empty(size, dtype)
    array[: len(items)] = items[:size]
    array[len(items) :] = items[-1]
    return array.reshape(shape)
