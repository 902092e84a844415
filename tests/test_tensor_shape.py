import sys

import pytest
import recorded

from pyscope import tensor_shape
from pyscope.tensor_shape import Dimension, TensorShape

NAMES = {"shapes": tensor_shape, "T": TensorShape, "D": Dimension}


@pytest.mark.parametrize("line, expected", recorded.load("tensor_shape"))
def test_as_tensorflow(line, expected):
    if "as_proto" in line:
        pytest.importorskip("google.protobuf")
    if sys.version_info < (3, 11):  # Python's own words were others
        expected = expected.replace("integer modulo by zero", "integer division or modulo by zero")
    assert recorded.evaluate(line, NAMES) == expected


@pytest.mark.parametrize("dims", [None, (), (2,), (None, 3)])
def test_from_dims(dims):
    assert TensorShape._from_dims(dims) == TensorShape(dims)
    assert TensorShape._from_dims(dims)._dims is dims


def test_items_follow_the_mode():
    shape = TensorShape([2, None])
    assert list(shape) == [2, None] and shape[0] == 2
    tensor_shape.set_v2_tensorshape(False)
    try:
        assert [type(d) for d in shape] == [Dimension, Dimension]
        assert (str(shape), repr(shape)) == ("(2, ?)", "TensorShape([Dimension(2), Dimension(None)])")
    finally:
        tensor_shape.set_v2_tensorshape(True)


def test_common_shapes():
    assert [tensor_shape.scalar(), tensor_shape.vector(3), tensor_shape.matrix(2, None)] == [
        [],
        [3],
        [2, None],
    ]
