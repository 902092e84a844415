"""Expectations recorded from TensorFlow 2.21: ``data/<name>.json`` maps a line of Python to its result there.

``python tests/recorded.py`` records them anew, in a Python that has TensorFlow; to add a case, add its line
with an empty result first. Statements are separated by ``;;``, the last one is the expression. A line that
starts with ``v1:`` runs with TF1's shapes (`disable_v2_tensorshape`).
"""

import copy
import json
import pathlib
import pickle

import numpy as np

DATA = pathlib.Path(__file__).parent / "data"


class Index:
    """An int that is none."""

    def __index__(self):
        return 3


class Op:
    """What an error reads of the operation it names."""

    name = "layer/MatMul"
    traceback = None
    _original_op = None


COMMON = {"np": np, "pickle": pickle, "copy": copy, "Index": Index, "Op": Op}


def load(name):
    """The recorded cases as (line, result) pairs."""
    return list(json.loads((DATA / f"{name}.json").read_text()).items())


def evaluate(line, names):
    """What `line` gives: the text of its value or of the exception."""
    names = {**COMMON, **names}
    code = line.removeprefix("v1:")
    if code is not line and "shapes" in names:
        names["shapes"].disable_v2_tensorshape()
    *statements, expression = code.split(";;")
    try:
        for statement in statements:
            exec(statement.strip(), names)
        value = eval(expression.strip(), names)
        return value if isinstance(value, str) else repr(value)
    except Exception as e:
        return f"{type(e).__name__}: {e}"
    finally:
        if "shapes" in names:
            names["shapes"].enable_v2_tensorshape()


def _record():
    import tensorflow.compat.v1 as tf
    from tensorflow.python.framework import dtypes, errors, tensor_shape

    names = {
        "dtypes": {"tf": dtypes},
        "tensor_shape": {"shapes": tensor_shape, "T": tf.TensorShape, "D": tf.Dimension},
        "errors": {"errors": errors},
        "config": {"tf": tf},
        "tensor_proto": {"tf": tf},
    }
    for name, its in names.items():
        lines = [line for line, _ in load(name)]
        results = {line: evaluate(line, its).replace("tensorflow.core.protobuf.config_pb2", "pyscope.config")
                   for line in lines}  # fmt: skip
        (DATA / f"{name}.json").write_text(json.dumps(results, indent=0) + "\n")


if __name__ == "__main__":
    _record()
