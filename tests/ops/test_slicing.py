"""``tensor[...]`` against NumPy: values, static shapes and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pyscope as tf
from pyscope.ops import slicing

DIMS = (4, 3, 5)
X = np.arange(60, dtype=np.float32).reshape(DIMS)

_bound = st.none() | st.integers(-7, 7)
_step = st.none() | st.integers(-3, 3).filter(bool)
_slices = st.builds(slice, _bound, _bound, _step)


@st.composite
def keys(draw):
    """Keys that NumPy takes: one item a dimension at most, one ellipsis, new axes anywhere."""
    n = draw(st.integers(0, 3))
    items = []
    ellipsis = draw(st.none() | st.integers(0, n))
    last = 0
    for i in range(n):
        dim = i if ellipsis is None or i < ellipsis else i - n
        last = DIMS[dim]
        items.append(draw(_slices | st.integers(-last, last - 1)))
    if ellipsis is not None:
        items.insert(ellipsis, Ellipsis)
    for _ in range(draw(st.integers(0, 2))):
        items.insert(draw(st.integers(0, len(items))), None)
    return tuple(items)


@settings(max_examples=150, deadline=None)
@given(keys())
def test_value_and_shape_as_numpy(key):
    with tf.Graph().as_default():
        known = tf.constant(X)[key]
        fed = tf.placeholder(tf.float32)
        unknown = fed[key]
        expected = X[key]
        assert known.shape.as_list() == list(expected.shape)
        with tf.Session() as sess:
            np.testing.assert_array_equal(sess.run(known), expected)
            np.testing.assert_array_equal(sess.run(unknown, {fed: X}), expected)


@settings(max_examples=40, deadline=None)
@given(keys())
def test_gradient_goes_back_to_the_slice(key):
    with tf.Graph().as_default():
        x = tf.constant(X)
        y = x[key]
        weights = np.arange(1, y.shape.num_elements() + 1, dtype=np.float32).reshape(y.shape.as_list())
        (dx,) = tf.gradients(y, x, tf.constant(weights))
        expected = np.zeros_like(X)
        expected[key] = weights
        with tf.Session() as sess:
            np.testing.assert_array_equal(sess.run(dx), expected)


@settings(max_examples=100, deadline=None)
@given(keys(), st.lists(st.booleans(), min_size=3, max_size=3))
def test_partly_known_shapes_agree_with_the_value(key, known):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [d if k else None for d, k in zip(DIMS, known)])
        assert x[key].shape.is_compatible_with(X[key].shape)
        assert x[key].shape.rank == X[key].ndim


def test_tensors_as_bounds():
    i = tf.placeholder(tf.int64, [])
    y = tf.constant(X)[i, 1:, i : i + 2]
    assert y.shape.as_list() == [None, None]
    assert y.op.inputs[1].dtype == tf.int64
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y, {i: 2}), X[2, 1:, 2:4])


def test_one_slice_is_four_nodes():
    x = tf.placeholder(tf.float32, [4, 3])
    x[1:, 0]
    names = [op.name for op in tf.get_default_graph().get_operations()]
    assert names == ["Placeholder", "strided_slice/stack", "strided_slice/stack_1", "strided_slice/stack_2",
                     "strided_slice"]  # fmt: skip


@pytest.mark.parametrize("key", [1.5, "a", [1, 2], np.array([1, 2])])
def test_other_keys_are_refused(key):
    if isinstance(key, list):
        assert tf.constant(X)[key].shape.as_list() == [5]  # a list is a tuple of indices
        return
    with pytest.raises(TypeError, match="Only integers, slices"):
        tf.constant(X)[key]


def test_out_of_range_is_known_while_building():
    with pytest.raises(ValueError, match="slice index 4 of dimension 0 out of bounds"):
        tf.constant(X)[4]


def test_out_of_range_of_a_run():
    x = tf.placeholder(tf.float32)
    with tf.Session() as sess, pytest.raises(tf.errors.InvalidArgumentError, match="slice index 4 of dimension 0"):
        sess.run(x[4], {x: X})


def test_boolean_key_is_a_mask():
    y = tf.constant(X)[tf.constant(X[:, 0, 0] > 10)]
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(y), X[X[:, 0, 0] > 10])


def test_too_many_ellipses():
    with pytest.raises(ValueError, match="Multiple ellipses in slice spec not allowed"):
        tf.constant(X)[..., ...]


def test_slice_of_unknown_rank_has_unknown_rank():
    assert slicing.getitem(tf.placeholder(tf.float32), 0).shape.rank is None
