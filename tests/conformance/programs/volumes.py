"""Convolution and pooling of volumes."""

import numpy as np

from ..registry import program

_random = np.random.RandomState(13)
_VOLUME = _random.randint(-2, 4, (2, 4, 5, 6, 2)).astype(np.float32)
_FILTER = _random.randint(-2, 3, (2, 3, 2, 2, 3)).astype(np.float32)
_DISTINCT = (_random.permutation(480).reshape(2, 4, 5, 6, 2) / 64).astype(np.float32)


def _run(tf, t, tensors, feed=None):
    with tf.Session() as session:
        t.show(*session.run(tensors, feed))


def _gradients(tf, t, y, xs):
    grads = tf.gradients(tf.reduce_sum(tf.square(y)), xs)
    t.show(grads)
    _run(tf, t, [y] + [g for g in grads if g is not None])


@program
def convolutions(tf, t):
    x, w = tf.constant(_VOLUME), tf.constant(_FILTER)
    ones = [1, 1, 1, 1, 1]
    small = tf.constant(_VOLUME[:, :2, :3, :3])
    across = tf.transpose(w, [0, 1, 2, 4, 3])
    results = [
        tf.nn.conv3d(x, w, ones, "SAME"), tf.nn.conv3d(x, filters=w, strides=[1, 2, 1, 2, 1], padding="VALID"),
        tf.nn.conv3d(tf.cast(x, tf.float64), tf.cast(w, tf.float64), [1, 2, 2, 2, 1], "SAME", name="wide"),
        tf.nn.convolution(x, w, "SAME"), tf.nn.convolution(x, w, "VALID", strides=[2, 1, 1]),
        tf.nn.convolution(x, w, "SAME", dilation_rate=[2, 1, 2]),
        tf.nn.conv3d_transpose(small, across, [2, 4, 5, 6, 3], 2),
        tf.nn.conv3d_transpose(small, across, [2, 3, 5, 4, 3], [1, 1, 1, 1, 1], "VALID", name="up"),
        tf.nn.conv_transpose(small, across, [2, 4, 5, 6, 3], 2),
    ]
    t.show(results, tf.nn.conv3d(tf.placeholder(tf.float32, [None, 3, None, 4, 2]), w, [1, 2, 1, 1, 1], "VALID"))
    _run(tf, t, results)
    for y in results[:3]:
        _gradients(tf, t, y, [x, w])
    _gradients(tf, t, results[6], [small, w])
    dx, dw = tf.gradients(tf.reduce_sum(results[0] * tf.square(results[0])), [x, w])
    _gradients(tf, t, dx, [x, w])
    for action in (
        lambda: tf.nn.conv3d(x[0], w, ones, "SAME"), lambda: tf.nn.conv3d(x, w, 1, "SAME"),
        lambda: tf.nn.conv3d(x, w, [1, 1, 1, 1], "SAME"), lambda: tf.nn.conv3d(x[..., :1], w, ones, "SAME"),
        lambda: tf.nn.conv3d(x[:, :1], w, ones, "VALID"), lambda: tf.nn.conv3d(x, w, ones, "OTHER"),
        lambda: tf.nn.conv3d(x, w, [1, 0, 1, 1, 1], "SAME"),
    ):
        with t.error():
            action()


@program
def pools(tf, t):
    x = tf.constant(_DISTINCT)
    results = [
        tf.nn.max_pool3d(x, 2, 2, "SAME"), tf.nn.max_pool3d(x, [1, 2, 3, 2, 1], [1, 1, 2, 2, 1], "VALID", name="mine"),
        tf.nn.avg_pool3d(x, [2, 2, 3], 2, "SAME"), tf.nn.avg_pool3d(x, 2, [1, 2, 1], "VALID"),
        tf.nn.max_pool_v2(x, 2, 2, "SAME"), tf.nn.avg_pool_v2(x, 2, 2, "VALID"),
        tf.nn.pool(x, [2, 2, 2], "MAX", "SAME"), tf.nn.pool(x, [2, 1, 2], "AVG", "VALID", strides=[2, 1, 1]),
    ]
    t.show(results)
    _run(tf, t, results)
    for y in results[:4]:
        _gradients(tf, t, y, [x])
    for y in (results[0], results[2]):
        (dx,) = tf.gradients(tf.reduce_sum(y * tf.square(y)), x)
        _gradients(tf, t, dx, [x])
    for action in (
        lambda: tf.nn.max_pool3d(x[0], 2, 2, "SAME"), lambda: tf.nn.avg_pool3d(x, [2, 2], 2, "SAME"),
        lambda: tf.nn.max_pool3d(x, 7, 2, "VALID"), lambda: tf.nn.max_pool3d(tf.cast(x, tf.int32), 2, 2, "SAME"),
        lambda: tf.nn.max_pool_v2(x, 2, 2, [[0, 0]] * 5),
    ):
        with t.error():
            action()
