"""Programs over the math and nn ops, with the nodes TensorFlow 2.21 builds for them.

``data/op_nodes.json.gz`` maps a program's name to its lines and its nodes, ``data/op_errors.json`` an expression
to the class and the first line of its error. ``python tests/ops/op_nodes.py`` records both anew, in a Python that
has TensorFlow; to add a program or an expression, add it with no nodes or null first.
"""

import gzip
import json
import pathlib
import re

import numpy as np

DATA = pathlib.Path(__file__).parent.parent / "data"
PATH = DATA / "op_nodes.json.gz"
ERRORS = DATA / "op_errors.json"

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

    def run(build, values):
        """Run what `build` makes of placeholders of unknown shape, fed with `values`."""
        kinds = {"f": tf.float32, "i": tf.int32, "b": tf.bool}
        feeds = [tf.placeholder(kinds[np.asarray(value).dtype.kind], None) for value in values]
        with tf.Session() as sess:
            return sess.run(build(*feeds), dict(zip(feeds, values)))

    return {"tf": tf, "np": np, "ph": ph, "grad": grad, "run": run}


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


def error(tf, line):
    """Class and first line of the error that an expression raises: None if it raises none."""
    with tf.Graph().as_default():
        try:
            eval(line, names_for(tf))
        except Exception as e:
            lines = str(e).split("\n")
            # Errors of a run name the node below what is wrong with it.
            nodes = [i for i, text in enumerate(lines) if text.startswith("\t [[{{node")]
            return [type(e).__name__, lines[nodes[0] - 1 if nodes else 0]]
    return None


def _record():
    import tensorflow.compat.v1 as tf

    tf.disable_eager_execution()
    programs = load()
    for program in programs.values():
        program["nodes"] = nodes(tf, program["lines"])
    errors = {line: error(tf, line) for line in json.loads(ERRORS.read_text())}
    ERRORS.write_text(json.dumps(errors, indent=0) + "\n")
    PATH.write_bytes(gzip.compress(json.dumps(programs, indent=0).encode(), mtime=0))


if __name__ == "__main__":
    _record()
