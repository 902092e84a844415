"""The typed kernels against the Python kernels they stand in for."""

import numpy as np
import pytest

import pyscope as tf
from pyscope.ops.activations import RELU_GRAD, _relu_grad_kernel, _relu_kernel
from pyscope.ops.identity import placeholder
from pyscope.ops.softmax import _sparse_cross_entropy_kernel


def _random(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32])
@pytest.mark.parametrize("shape", [(), (0,), (7,), (3, 50, 200)])
def test_rectifiers(dtype, shape):
    x, dy = _random(shape, dtype) * 3, _random(shape, dtype, 1) * 3
    px, pdy = placeholder(dtype, shape), placeholder(dtype, shape)
    with tf.Session() as sess:
        y, dx = sess.run([tf.nn.relu(px), RELU_GRAD(pdy, px)], {px: x, pdy: dy})
    np.testing.assert_array_equal(y, _relu_kernel({}, x))
    np.testing.assert_array_equal(dx, _relu_grad_kernel({}, dy, x))


def test_rectifier_keeps_nan():
    x = placeholder(tf.float32, [3])
    with tf.Session() as sess:
        np.testing.assert_array_equal(sess.run(tf.nn.relu(x), {x: [np.nan, -1, np.inf]}), [np.nan, 0, np.inf])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(1, 1), (64, 10), (1000, 7), (3, 5000)])
@pytest.mark.parametrize("label_type", [np.int32, np.int64])
def test_sparse_cross_entropy(dtype, shape, label_type):
    logits = _random(shape, dtype) * 10
    labels = np.random.default_rng(1).integers(0, shape[1], shape[0]).astype(label_type)
    want_loss, want_grad = _sparse_cross_entropy_kernel({}, logits, labels)
    x = placeholder(dtype, [None, None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=placeholder(label_type, [None], name="t"), logits=x)
    with tf.Session() as sess:
        found, grad = sess.run([loss, loss.op.outputs[1]], {x: logits, "t:0": labels})
        np.testing.assert_allclose(found, want_loss, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(grad, want_grad, rtol=1e-4, atol=1e-6)
        labels[-1] = shape[1]
        with pytest.raises(tf.errors.InvalidArgumentError, match="Received a label value of"):
            sess.run(loss, {x: logits, "t:0": labels})


@pytest.mark.parametrize("make", [lambda: tf.train.GradientDescentOptimizer(0.1), lambda: tf.train.AdamOptimizer(0.1)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_updates(make, dtype):
    start = _random((5, 3), dtype)
    v = tf.Variable(start)
    step = make().minimize(tf.reduce_sum(v * v))
    adam = "Adam" in step.name
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        x, m, u = start.astype(np.float64), 0.0, 0.0
        for i in range(1, 6):
            read = sess.run([v, step])[0]
            copy = read.copy()
            sess.run(v.value())
            np.testing.assert_array_equal(read, copy)
            g = 2 * x
            if adam:
                m, u = 0.9 * m + 0.1 * g, 0.999 * u + 0.001 * g * g
                x = x - 0.1 * np.sqrt(1 - 0.999**i) / (1 - 0.9**i) * m / (np.sqrt(u) + 1e-8)
            else:
                x = x - 0.1 * g
        np.testing.assert_allclose(sess.run(v), x, rtol=1e-4)
