"""Bias and rectifier joined to a convolution: the same numbers, and only where nobody could tell."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyscope as tf

JOINED = ("convolutions",)


def run(fetches, feeds, rewrites, targets=()):
    """Values of `fetches`, and the types of the operations that ran."""
    with tf.Session() as sess:
        sess._use_rewrites(rewrites)
        trace = []
        values = sess._run_ids(
            tuple(t._id for t in fetches), tuple(t._id for t in feeds), tuple(op._id for op in targets),
            list(feeds.values()), trace,
        )  # fmt: skip
    return values, [row[0].type for row in trace]


def layer(bias="bias_add", relu=True, dtype="float32", window=(3, 3, 5, 33), strides=1, padding="SAME", shape=None):
    """(result, feeds) of one layer."""
    random = np.random.RandomState(1)
    x, w, b = (tf.placeholder(dtype, s) for s in ([None] * 4, window, [window[3]]))
    y = tf.nn.conv2d(x, w, strides, padding)
    y = {"bias_add": lambda: tf.nn.bias_add(y, b), "right": lambda: y + b, "left": lambda: b + y}[bias]()
    values = (random.uniform(-1, 1, s).astype(dtype) for s in (shape or (2, 9, 8, window[2]), window, [window[3]]))
    return tf.nn.relu(y) if relu else y, dict(zip((x, w, b), values))


@pytest.mark.parametrize("bias", ["bias_add", "right", "left"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_numbers_by_one_step(bias, relu, dtype):
    y, feeds = layer(bias, relu, dtype)
    (plain,), ran = run([y], feeds, ())
    assert len(ran) == 2 + relu
    (joined,), ran = run([y], feeds, JOINED)
    assert ran == [y.op.type]
    np.testing.assert_array_equal(plain, joined)
    assert (joined < 0).any() != relu


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(st.integers(1, 3), st.integers(1, 12), st.integers(1, 30), st.integers(1, 20)),
    st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 70)),
    st.integers(1, 3),
    st.sampled_from(["SAME", "VALID"]),
    st.sampled_from(["float32", "float64"]),
)
def test_any_geometry(image, window, stride, padding, dtype):
    if padding == "VALID" and (image[1] < window[0] or image[2] < window[1]):
        return
    with tf.Graph().as_default():
        y, feeds = layer(
            dtype=dtype, window=(*window[:2], image[3], window[2]), strides=stride, padding=padding, shape=image
        )
        np.testing.assert_array_equal(run([y], feeds, ())[0][0], run([y], feeds, JOINED)[0][0])


def test_a_nan_and_a_negative_zero_stay():
    x, b = tf.placeholder(tf.float32, [1, 1, 2, 1]), tf.placeholder(tf.float32, [2])
    y = tf.nn.relu(tf.nn.conv2d(x, tf.constant(np.ones((1, 1, 1, 2), "f")), 1, "SAME") + b)
    feeds = {x: np.array([np.nan, -1], "f").reshape(1, 1, 2, 1), b: np.array([0, np.inf], "f")}
    (found,), ran = run([y], feeds, JOINED)
    assert ran == ["Relu"]
    np.testing.assert_array_equal(found.ravel(), [np.nan, np.nan, 0, np.inf])


def test_what_is_between_is_fetched():
    y, feeds = layer()
    added = y.op.inputs[0]
    values, ran = run([y, added], feeds, JOINED)
    assert ran == ["BiasAdd", "Relu"]
    np.testing.assert_array_equal(values[0], np.maximum(values[1], 0))
    values, ran = run([y, added.op.inputs[0]], feeds, JOINED)
    assert ran == ["Conv2D", "BiasAdd", "Relu"]


def test_what_is_between_is_read_or_waited_for():
    y, feeds = layer()
    convolved = y.op.inputs[0].op.inputs[0]
    assert run([y, tf.reduce_sum(convolved)], feeds, JOINED)[1].count("Conv2D") == 1
    with tf.control_dependencies([convolved.op]):
        later = tf.constant(1.0) + tf.reduce_sum(next(iter(feeds)))
    assert run([y, later], feeds, JOINED)[1][:1] == ["Conv2D"]


def test_a_rectifier_with_others_beside_it():
    y, feeds = layer()
    doubled = y.op.inputs[0] * 2.0
    assert run([y, doubled], feeds, JOINED)[1] == ["BiasAdd", "Relu", "Mul"]


def test_a_bias_that_does_not_fit_is_refused_as_before():
    x, b = tf.placeholder(tf.float32, [1, 4, 4, 3]), tf.placeholder(tf.float32, [None])
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, tf.ones([3, 3, 3, 8]), 1, "SAME"), b))
    feeds = {x: np.ones((1, 4, 4, 3), "f"), b: np.ones(7, "f")}
    errors = []
    for rewrites in ((), JOINED):
        with pytest.raises(tf.errors.InvalidArgumentError) as caught:
            run([y], feeds, rewrites)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    # A vector of one number is added to all.
    y = tf.nn.relu(tf.nn.conv2d(x, tf.ones([3, 3, 3, 8]), 1, "SAME") + b)
    feeds[b] = np.array([-20], "f")
    plain, joined = (run([y], feeds, rewrites) for rewrites in ((), JOINED))
    np.testing.assert_array_equal(plain[0][0], joined[0][0])


def test_a_convolution_that_fails_is_named():
    x, w = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    y = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, w, 1, "SAME", name="the_conv"), tf.ones([4])))
    feeds = {x: np.ones((1, 4, 4, 3), "f"), w: np.ones((3, 3, 2, 4), "f")}
    with pytest.raises(tf.errors.InvalidArgumentError, match="input depth must be evenly") as caught:
        run([y], feeds, JOINED)
    assert caught.value.op.name == "the_conv"


def test_a_result_that_nobody_reads():
    y, feeds = layer()
    for _ in range(2):
        assert run([], feeds, JOINED, [y.op])[1] == ["Relu"]


def test_gradients_are_the_same():
    y, feeds = layer()
    x, w, b = feeds
    fetches = [y, *tf.gradients(y * y, [x, w, b])]
    plain, joined = run(fetches, feeds, ()), run(fetches, feeds, JOINED)
    assert "BiasAdd" not in joined[1]
    for one, other in zip(plain[0], joined[0]):
        np.testing.assert_array_equal(one, other)


def test_a_plan_says_what_is_joined():
    y, feeds = layer()
    with tf.Session() as sess:
        text = sess.plan(y, list(feeds))
    assert "joined    3 operations" in text
