"""Programs of a line and the nodes, values or errors that TensorFlow 2.21 makes of them: ``data/<name>.json``.

``python tests/recorded_nodes.py NAME...`` records anew, in a Python that has TensorFlow; to add a case, add its
line with an empty result first.  A line sees ``tf``, ``np``, ``P(shape, dtype)`` for a placeholder and ``X(value)``
for a placeholder of unknown shape that is fed `value`; in ``*_gradients`` the gradients with respect to all
``G(shape)`` are built as well, in ``*_values`` the tensors are run.
"""

import json
import pathlib
import re
import sys

import numpy as np

DATA = pathlib.Path(__file__).parent / "data"


def load(name):
    """The recorded cases: line -> list of text."""
    return json.loads((DATA / f"{name}.json").read_text())


def _dims(tensor):
    shape = tensor.get_shape()
    return "?" if shape.ndims is None else str(shape.as_list())


def node_text(op):
    """An operation in one line: name, type, inputs, attributes, types and static shapes of the outputs."""
    node = op.node_def
    attrs = ", ".join(f"{k}={' '.join(str(v).split())}" for k, v in sorted(node.attr.items()))
    attrs = re.sub(r"(_(?:true|false|body))_[0-9]+\"", r'\1_N"', attrs)   # numbered through the whole process
    outputs = ", ".join(f"{t.dtype.name}{_dims(t)}" for t in op.outputs)
    return f"{node.name} = {node.op}({', '.join(node.input)}) {{{attrs}}} -> {outputs}"


def value_text(value):
    """A value with its type and shape, floats to four places."""
    if value is None:
        return "None"
    if isinstance(value, (list, tuple)):
        return "[" + "; ".join(value_text(v) for v in value) + "]"
    value = np.asarray(value)
    kind = "bytes" if value.dtype.kind in "SO" else value.dtype.name
    shown = np.round(value.astype(np.float64), 4) + 0.0 if value.dtype.kind == "f" else value
    return f"{kind}{list(value.shape)}{shown.tolist()}"


def _error_text(error):
    # TF puts what happened, and where, around the message of an error of a run.
    lines = str(error).split("\n")
    if lines[0].startswith("Graph execution error"):
        end = next(i for i, line in enumerate(lines) if line.startswith("\t [[{{node"))
        text = [line for line in lines[:end] if line.strip()]
        return f"{type(error).__name__}: {text[-1]}"
    return f"{type(error).__name__}: {lines[0]}"


def _flat(value):
    if hasattr(value, "indices") and hasattr(value, "dense_shape"):
        parts = [value.values, value.indices, value.dense_shape]
        return [p for p in parts if p is not None]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _flat(v)]
    return [value]


def evaluate(tf, name, line):
    """What `line` makes: a list of text."""
    graph = tf.Graph()
    feeds = {}
    out = []
    with graph.as_default():

        def P(shape=None, dtype=None):
            return tf.placeholder(dtype or tf.float32, shape)

        def X(value, static=False):
            value = np.asarray(value)
            if value.dtype == np.float64:
                value = value.astype(np.float32)
            elif value.dtype == np.int64:
                value = value.astype(np.int32)
            dtype = tf.string if value.dtype == object else tf.as_dtype(value.dtype)
            tensor = tf.placeholder(dtype, value.shape if static else None)
            feeds[tensor] = value
            return tensor

        def G(shape=None, dtype=None):
            tensor = P(shape, dtype)
            feeds[tensor] = None
            return tensor

        def A(*shape):
            n = int(np.prod(shape))
            return (np.arange(n, dtype=np.float32).reshape(shape) * 0.7 % 5 - 1.3).astype(np.float32)

        def S(*texts):
            return X(np.array(texts, dtype=object))

        names = {"tf": tf, "np": np, "P": P, "X": X, "G": G, "A": A, "S": S, "feeds": feeds}
        try:
            result = eval(line, names)
            if name.endswith("_gradients"):
                grads = tf.gradients(_flat(result), list(feeds))
                out += [f"gradient {None if g is None else [t.name for t in _flat(g)]}" for g in grads]
            elif name.endswith("_values"):
                with tf.Session(graph=graph) as session:
                    out += [value_text(session.run(t, dict(feeds)) if hasattr(t, "op") else t) for t in _flat(result)]
            elif not hasattr((_flat(result) or [None])[0], "name"):
                out.append(value_text(result) if isinstance(result, (np.ndarray, np.generic)) else str(result))
        except Exception as error:
            out.append(_error_text(error))
    if not name.endswith(("_values", "_value")):
        out += [node_text(op) for op in graph.get_operations()]
    return out


def _record(names):
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    for name in names:
        results = {line: evaluate(tf, name, line) for line in load(name)}
        (DATA / f"{name}.json").write_text(json.dumps(results, indent=0) + "\n")


if __name__ == "__main__":
    _record(sys.argv[1:])
