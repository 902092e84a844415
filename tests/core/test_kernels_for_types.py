"""Ops given what they have no kernel for, or matrices that are none: class and first line as in TF 2.21."""

import numpy as np
import pytest

import pyscope as tf
from pyscope import _core as core


def _handle():
    return tf.Variable([1.0, 2.0], name="v", use_resource=True).handle


def _list():
    from pyscope.ops.tensor_list import EMPTY_TENSOR_LIST

    return EMPTY_TENSOR_LIST([2], 3, element_dtype=tf.float32)


def _fed(value, dtype=np.int32):
    return tf.placeholder_with_default(np.array(value, dtype), None)


def _op(name, *args, **attrs):
    import pyscope.ops.diag
    import pyscope.ops.identity
    import pyscope.ops.shape  # noqa: F401

    return core.OPTYPES[name](*args, **attrs)


def _no_kernel(op_type):
    return f"No OpKernel was registered to support Op '{op_type}' used by "


_BY_ZERO = "Unexpected error in binary operator (only integer div and mod should have errors)"
_NO_ROWS = "input must be at least 2-dim, received shape: [2]"

CASES = [
    (lambda: tf.Variable(True, use_resource=True).assign_add(True), "InvalidArgument",
     _no_kernel("AssignAddVariableOp")),
    (lambda: tf.Variable("a", use_resource=True).assign_sub("b"), "InvalidArgument", _no_kernel("AssignSubVariableOp")),
    (lambda: tf.truncatediv(tf.complex(1.0, 0.0), tf.complex(0.0, 0.0)), "InvalidArgument", _no_kernel("TruncateDiv")),
    (lambda: tf.truncatemod(tf.cast([7], tf.bfloat16), tf.cast([7], tf.bfloat16)), "InvalidArgument",
     _no_kernel("TruncateMod")),
    (lambda: tf.truncatemod(_fed([1]), _fed(0)), "Internal", _BY_ZERO),
    (lambda: tf.truncatediv(_fed([1], np.int8), _fed(0, np.int8)), "Internal", _BY_ZERO),
    (lambda: tf.equal(_handle(), _handle()), "InvalidArgument", _no_kernel("Equal")),
    (lambda: tf.cast(_handle(), tf.float32), "Unimplemented", "Cast resource to float is not supported"),
    (lambda: tf.cast(_list(), tf.float32), "Unimplemented", "Cast variant to float is not supported"),
    (lambda: tf.cast(_fed("a", object), tf.float32), "Unimplemented", "Cast string to float is not supported"),
    (lambda: _op("DeepCopy", _handle()), "InvalidArgument", "Unsupported data type: resource"),
    (lambda: tf.stack([_handle(), _handle()]), "InvalidArgument", ""),
    (lambda: tf.random_shuffle(tf.reshape(_handle(), [1])), "InvalidArgument", ""),
    (_list, "Internal", "Tensorflow type 21 not convertible to numpy dtype."),
    (lambda: tf.TensorArray(tf.resource, 1).write(0, _handle()).flow, "Internal",
     "Tensorflow type 21 not convertible to numpy dtype."),
    (lambda: _op("MatrixDiag", _fed(1)), "InvalidArgument", "diagonal must be at least 1-dim, received shape: []"),
    (lambda: _op("MatrixDiagPart", _fed([1, 2])), "InvalidArgument", _NO_ROWS),
    (lambda: _op("MatrixSetDiag", _fed([1, 2]), _fed([1])), "InvalidArgument", _NO_ROWS),
    (lambda: tf.matrix_diag([1, 2], padding_value=_fed([0, 1])), "InvalidArgument", "padding_value must be a scalar"),
    (lambda: tf.matrix_diag([1, 2], num_rows=_fed([2])), "InvalidArgument", "num_rows must be a scalar"),
    (lambda: tf.diag(_fed(1)), "InvalidArgument", "Input must be at least rank 1, got 0"),
    (lambda: tf.diag_part(_fed([1, 2])), "InvalidArgument", "The rank of the tensor should be "),
    (lambda: tf.where(tf.constant([True, False]), _fed([1, 2, 3]), [1, 2], name="w"), "InvalidArgument",
     "Inputs to operation w of type Select must have the same size and shape.  Input 0: [2] != input 1: [3]"),
]


@pytest.mark.parametrize("build, error, line", CASES, ids=[f"{c[1]}-{i}" for i, c in enumerate(CASES)])
def test_what_has_no_kernel(build, error, line):
    fetch = build()
    with tf.Session() as session, pytest.raises(getattr(tf.errors, error + "Error")) as caught:
        session.run(fetch)
    assert str(caught.value).split("\n")[0].startswith(line)


def test_rank_of_a_handle():
    with tf.Session() as session:
        assert session.run(_op("Rank", _handle())) == 0
        assert session.run(_op("Rank", _list())) == 0


def test_a_session_refuses_the_whole_graph():
    v = tf.Variable(True, use_resource=True)
    v.assign_add(True)
    with tf.Session() as session:
        for _ in range(2):
            with pytest.raises(tf.errors.InvalidArgumentError, match="No OpKernel was registered"):
                session.run(v.initializer)
