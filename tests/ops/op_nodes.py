"""Programs over the math and nn ops, with the nodes TensorFlow 2.21 builds for them.

``data/op_nodes.json.gz`` maps a program's name to its lines and its nodes. ``python tests/ops/op_nodes.py``
records the nodes anew, in a Python that has TensorFlow; to add a program, add its lines with no nodes first.
"""

import gzip
import json
import pathlib
import re

import numpy as np

PATH = pathlib.Path(__file__).parent.parent / "data" / "op_nodes.json.gz"

# Numbers that count what a process made before: those of functions and of custom gradients.
_COUNTED = re.compile(r'(name: "\w+?|CustomGradient-)_?\d+(?=")')


def load():
    """Name of a program -> {"lines": ..., "nodes": ...}."""
    return json.loads(gzip.decompress(PATH.read_bytes()))


def names_for(tf):
    """What a program's lines may use."""

    def ph(*shape, dtype=None, name=None):
        return tf.placeholder(dtype or tf.float32, None if shape == ("u",) else list(shape), name=name)

    def grad(y, *xs):
        return tf.gradients(y, list(xs))

    return {"tf": tf, "np": np, "ph": ph, "grad": grad}


def nodes(tf, lines):
    """The nodes that a program builds, each as one line of text."""
    graph = tf.Graph()
    with graph.as_default():
        exec("\n".join(lines), names_for(tf))
    return [_node(op) for op in graph.get_operations()]


def _node(op):
    definition = op.node_def
    attrs = []
    for key in sorted(definition.attr):
        if key not in ("value", "_output_shapes", "T"):
            text = " ".join(str(definition.attr[key]).split())
            attrs.append(f"{key}={_COUNTED.sub(chr(92) + '1', text)}")
    fields = (
        op.name,
        op.type,
        " ".join(x.name for x in op.inputs),
        " ".join(sorted("^" + c.name for c in op.control_inputs)),
        " ".join(f"{y.dtype.name}{y.shape}" for y in op.outputs),
        "; ".join(attrs),
        op.device,
    )
    return " | ".join(fields)


def _record():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    programs = load()
    for program in programs.values():
        program["nodes"] = nodes(tf, program["lines"])
    PATH.write_bytes(gzip.compress(json.dumps(programs, indent=0).encode(), mtime=0))


if __name__ == "__main__":
    _record()
