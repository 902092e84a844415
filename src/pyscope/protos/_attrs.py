"""Attribute values: between Python's form, AttrValue messages, and what ``Operation.get_attr`` gives."""

import numpy as np

from .. import _core as core
from .. import dtypes, tensor_shape
from ._tensor import make_ndarray


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
    attr.ParseFromString(core.attr_bytes(kind, value))


_FIELD = {"string": "s", "int": "i", "float": "f", "bool": "b", "type": "type", "shape": "shape",
          "tensor": "tensor", "func": "func"}  # fmt: skip


def attr_value(kind, value):
    """What ``op.get_attr`` returns in TF: messages for shapes, tensors and functions, else Python's form."""
    from . import AttrValue

    attr = AttrValue.FromString(core.attr_bytes(kind, value))
    if kind.startswith("list("):
        return list(value) if kind == "list(type)" else list(getattr(attr.list, _FIELD[kind[5:-1]]))
    return value if kind == "type" else getattr(attr, _FIELD[kind])


def attr_from_proto(attr):
    """``(kind, value)`` in Python's form from an AttrValue, ours or TensorFlow's; lists become tuples."""
    field = attr.WhichOneof("value")
    if field == "list":
        for kind, name in _FIELD.items():
            values = getattr(attr.list, name)
            if values:
                return f"list({kind})", tuple([_READ[kind](v) for v in values])
        return "list(int)", ()  # an empty list does not tell its kind
    for kind, name in _FIELD.items():
        if name == field:
            return kind, _READ[kind](getattr(attr, field))
    raise ValueError(f"AttrValue without a value: {attr}")


def _read_tensor(proto):
    """Array of a TensorProto. A single stored value is repeated without copies, to be written as one."""
    if not proto.tensor_content and proto.tensor_shape.dim:
        array = make_ndarray(proto)
        single = type(proto)()
        single.CopyFrom(proto)
        single.tensor_shape.Clear()
        n_values = sum(len(v) for f, v in proto.ListFields() if f.name.endswith("_val"))
        if array.size > 1 and n_values == (2 if array.dtype.kind == "c" else 1):
            return np.broadcast_to(make_ndarray(single), array.shape)
        return array
    return make_ndarray(proto)


def _read_function(proto):
    return core.FunctionName(proto.name, {name: attr_from_proto(attr) for name, attr in proto.attr.items()})


_READ = {
    "string": lambda value: value,
    "int": lambda value: value,
    "float": lambda value: value,
    "bool": lambda value: value,
    "type": dtypes.as_dtype,
    "shape": tensor_shape.TensorShape,
    "tensor": _read_tensor,
    "func": _read_function,
}
