"""TensorFlow's protobuf messages: ``protos.GraphDef``, ``protos.Summary``; constants as ``protos.DT_FLOAT``.

Nothing here imports protobuf before the first of these names is used, and then all tables are built at once
(a few milliseconds).
"""

from . import _schema
from ._attrs import attr_from_proto, attr_value
from ._graph_def import function_def, graph_def, graph_def_bytes, node_def, op_def
from ._tensor import make_ndarray, make_tensor_proto

__all__ = [
    "attr_from_proto",
    "attr_value",
    "function_def",
    "graph_def",
    "graph_def_bytes",
    "make_ndarray",
    "make_tensor_proto",
    "node_def",
    "op_def",
]


def __getattr__(name):
    tables = _schema.schema()
    if name in tables.messages or name in tables.enums:
        value = _schema.real(name)
    else:
        value = _constant(tables, name)
    globals()[name] = value  # next time without this function
    return value


def _constant(tables, name):
    """Value `name` of an enum that is not inside a message, as DT_FLOAT."""
    for enum, values in tables.enums.items():
        if "." not in enum:
            for number, label in values:
                if label == name:
                    return number
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    tables = _schema.schema()
    return sorted({*globals(), *(n for n in (*tables.messages, *tables.enums) if "." not in n)})
