"""Pooling, normalization of images, and a small convolutional network that learns."""

import numpy as np

from ..registry import program

_random = np.random.RandomState(11)
_IMAGE = (_random.permutation(240).reshape(2, 6, 5, 4) / 128 - 0.9375).astype(np.float32)
_TIED = _random.randint(0, 3, (2, 6, 5, 4)).astype(np.float32)


def _run(tf, t, tensors, feed=None, **how):
    with tf.Session() as session:
        t.show(*session.run(tensors, feed), **how)


def _gradients(tf, t, y, xs):
    grads = tf.gradients(tf.reduce_sum(tf.square(y)), xs)
    t.show(grads)
    _run(tf, t, [y] + [g for g in grads if g is not None])


@program
def max_pool(tf, t):
    x, tied = tf.constant(_IMAGE), tf.constant(_TIED)
    results = [
        tf.nn.max_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), tf.nn.max_pool(x, 2, 2, "VALID", name="valid"),
        tf.nn.max_pool(tied, [3, 2], [2, 1], "SAME"),
        tf.nn.max_pool(input=x, value=None, ksize=3, strides=1, padding="SAME"),
        tf.nn.max_pool(x, 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
        tf.nn.max_pool(x, [1, 1, 1, 2], [1, 1, 1, 2], "SAME", name="depth"),
        tf.nn.max_pool(tf.cast(x, tf.float64), 2, 2, "SAME"), tf.nn.max_pool(tf.cast(tied, tf.int32), 2, 2, "SAME"),
        tf.nn.max_pool(tf.cast(tied, tf.float16), 2, 2, "VALID"),
        tf.nn.max_pool2d(x, 2, 2, "SAME"), tf.nn.max_pool1d(x[0], 2, 2, "SAME"),
        tf.nn.max_pool1d(x[0], 2, 2, [[0, 0], [1, 1], [0, 0]]),
        tf.nn.max_pool_v2(x, 2, 2, "SAME"), tf.nn.max_pool_v2(x[0], 2, 2, "SAME"),
        tf.nn.pool(x, [2, 2], "MAX", "SAME"), tf.nn.pool(x, [2, 2], "MAX", "VALID", dilation_rate=[2, 1]),
        tf.nn.pool(x[0], [2], "AVG", "SAME", strides=[2]),
    ]
    t.show(results)
    _run(tf, t, results)
    for result, source in zip(results[:5], (x, x, tied, x, x)):
        _gradients(tf, t, result, [source])
    for result in (results[6], results[10]):
        _gradients(tf, t, result, [x])


@program
def max_pool_second_gradients(tf, t):
    x = tf.constant(_IMAGE)
    y = tf.nn.max_pool(x, 3, 2, "SAME")
    (dx,) = tf.gradients(tf.reduce_sum(y * tf.square(y)), x)
    _gradients(tf, t, dx, [x])
    (ddx,) = tf.gradients(tf.reduce_sum(dx * tf.square(dx)), x)
    _gradients(tf, t, ddx, [x])


@program
def max_pool_with_argmax(tf, t):
    x = tf.constant(_IMAGE)
    value, index = tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    batch = tf.nn.max_pool_with_argmax(x, [1, 3, 2, 1], [1, 1, 2, 1], "VALID", output_dtype=tf.int32,
                                       include_batch_in_index=True, name="whole")
    t.show(value, index, batch)
    _run(tf, t, [value, index, *batch])
    _gradients(tf, t, value, [x])
    with t.error():
        tf.nn.max_pool_with_argmax(x, 2, 2, "SAME")
    with t.error():
        tf.nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME", data_format="NCHW")


@program
def avg_pool(tf, t):
    x = tf.constant(_IMAGE)
    results = [
        tf.nn.avg_pool(x, [1, 2, 2, 1], [1, 2, 2, 1], "SAME"), tf.nn.avg_pool(x, 2, 2, "VALID", name="valid"),
        tf.nn.avg_pool(x, [3, 2], [2, 1], "SAME"),
        tf.nn.avg_pool2d(input=x, value=None, ksize=3, strides=1, padding="SAME"),
        tf.nn.avg_pool(tf.cast(x, tf.float64), 2, 2, "SAME"), tf.nn.avg_pool1d(x[0], 2, 2, "SAME"),
        tf.nn.avg_pool_v2(x, 2, 2, "SAME"), tf.nn.avg_pool_v2(x[0], 2, 2, "VALID"),
        tf.nn.pool(x, [3, 2], "AVG", "SAME", strides=[2, 1], name="mine"),
    ]
    t.show(results)
    _run(tf, t, results)
    for result in results[:6]:
        _gradients(tf, t, result, [x])
    (dx,) = tf.gradients(tf.reduce_sum(results[2] * tf.square(results[2])), x)
    _gradients(tf, t, dx, [x])


@program
def pooling_errors(tf, t):
    x = tf.constant(_IMAGE)
    for action in (
        lambda: tf.nn.max_pool(x[0], 2, 2, "SAME"), lambda: tf.nn.max_pool(x, 0, 2, "SAME"),
        lambda: tf.nn.max_pool(x, 2, 0, "SAME"), lambda: tf.nn.max_pool(x, [1, 2, 2], 2, "SAME"),
        lambda: tf.nn.max_pool(x, 2, [1, 2, 2], "SAME"), lambda: tf.nn.max_pool(x, 2, 2, "OTHER"),
        lambda: tf.nn.max_pool(x, 7, 2, "VALID"), lambda: tf.nn.max_pool(x, 2, 2, "EXPLICIT"),
        lambda: tf.nn.max_pool(x, 2, 2, [[0, 0], [0, 0]]), lambda: tf.nn.max_pool(x, 2, 2, None),
        lambda: tf.nn.max_pool(x, 2, 2, "SAME", data_format="HWCN"), lambda: tf.nn.max_pool(x, 2, 2, "SAME", input=x),
        lambda: tf.nn.avg_pool(x[0], 2, 2, "SAME"), lambda: tf.nn.avg_pool(tf.cast(x, tf.int32), 2, 2, "SAME"),
        lambda: tf.nn.avg_pool(x, 7, 2, "VALID"), lambda: tf.nn.avg_pool(x, 2, 2, [[0, 0], [1, 0], [0, 1], [0, 0]]),
        lambda: tf.nn.avg_pool(x, 2, 2, "OTHER"), lambda: tf.nn.pool(x, [2, 2], "MIN", "SAME"),
        lambda: tf.nn.pool(x, [2], "MAX", "SAME"), lambda: tf.nn.pool(x, [2, 2], "MAX", "SAME", dilation_rate=[2, 2]),
        lambda: tf.nn.pool(x, [2, 2], "MAX", "SAME", strides=[3, 1]), lambda: tf.nn.pool(x, [], "MAX", "SAME"),
        lambda: tf.nn.avg_pool_v2(x[0, 0], 2, 2, "SAME"), lambda: tf.nn.max_pool("a", 2, 2, "SAME"),
    ):
        with t.error():
            action()
    free = tf.placeholder_with_default(_IMAGE, None)
    flat = tf.placeholder_with_default(_IMAGE[0], None)
    wide = tf.cast(free, tf.float64)
    with tf.Session() as session:
        for tensor in (
            tf.nn.max_pool(flat, 2, 2, "SAME"), tf.nn.avg_pool(flat, 2, 2, "SAME"),
            tf.nn.max_pool2d(free, 0, 2, "SAME"), tf.nn.max_pool(free, [2, 2, 2, 1], 2, "SAME"),
            tf.nn.max_pool(free, [1, 2, 1, 2], [1, 1, 1, 2], "SAME"),
            tf.nn.max_pool(free, [1, 1, 1, 3], [1, 1, 1, 3], "SAME"),
            tf.nn.max_pool(free, 2, 2, [[0, 0], [3, 0], [0, 1], [0, 0]]), tf.nn.avg_pool(free, [2, 1, 1, 1], 1, "SAME"),
            tf.nn.max_pool(tf.transpose(wide, [0, 3, 1, 2]), 2, 2, "SAME", data_format="NCHW"),
            tf.nn.lrn(flat),
        ):
            with t.error():
                t.show(session.run(tensor))


def _gradients_of_cubes(tf, t, y, xs):
    # Those of squares are close to 0 after normalization. What cancels in them leaves fewer equal digits.
    grads = tf.gradients(tf.reduce_sum(y * tf.square(y)), xs)
    t.show(grads)
    _run(tf, t, [y] + [g for g in grads if g is not None], ulp=2000)


@program
def normalization(tf, t):
    x = tf.placeholder_with_default(_IMAGE, _IMAGE.shape)
    scale, offset = tf.constant([1.0, 2.0, 0.5, -1.0]), tf.constant([0.0, 1.0, -1.0, 0.5])
    # Statistics that are known make TensorFlow's optimizer rewrite the operation, and fail on its other outputs.
    mean = tf.placeholder_with_default([0.1, -0.1, 0.0, 0.3], [4])
    variance = tf.placeholder_with_default([0.5, 1.0, 2.0, 0.25], [4])
    trained = tf.nn.fused_batch_norm(x, scale, offset)
    used = tf.nn.fused_batch_norm(x, scale, offset, mean, variance, 0.01, is_training=False, name="used")
    moving = tf.nn.fused_batch_norm(x, scale, offset, mean, variance, exponential_avg_factor=0.25)
    local = tf.nn.lrn(x), tf.nn.local_response_normalization(x, 1, 2.0, 0.5, 0.75, name="local")
    t.show(trained, used, moving, local)
    _run(tf, t, [*trained, *used, *moving, *local])
    _gradients_of_cubes(tf, t, trained[0], [x, scale, offset])
    _gradients_of_cubes(tf, t, used[0], [x, scale, offset, mean])
    for y in local:
        _gradients_of_cubes(tf, t, y, [x])
    first = tf.transpose(x, [0, 3, 1, 2])
    for training in (True, False):
        y, _, _ = tf.nn.fused_batch_norm(first, scale, offset, *(() if training else (mean, variance)),
                                         data_format="NCHW", is_training=training)
        _gradients_of_cubes(tf, t, y, [x, scale])
    for action in (
        lambda: tf.nn.fused_batch_norm(x, scale[:2], offset), lambda: tf.nn.fused_batch_norm(x[0, 0], scale, offset),
        lambda: tf.nn.fused_batch_norm(x, scale, offset, is_training=False),
        lambda: tf.nn.fused_batch_norm(tf.cast(x, tf.float64), scale, offset),
        lambda: tf.nn.fused_batch_norm(x, scale, offset, data_format="HWCN"),
        lambda: tf.nn.lrn(tf.cast(x, tf.float64)), lambda: tf.nn.lrn(x[0]),
    ):
        with t.error():
            action()


@program
def network(tf, t):
    """Two convolutions with pooling and a dense layer, trained for some steps."""
    tf.set_random_seed(3)
    random = np.random.RandomState(5)
    images = random.uniform(0, 1, (16, 12, 12, 1)).astype(np.float32)
    labels = random.randint(0, 3, 16)
    x = tf.placeholder(tf.float32, [None, 12, 12, 1])
    y = tf.placeholder(tf.int64, [None])

    def variable(name, shape, start):
        values = random.normal(0, start, shape).astype(np.float32)
        return tf.get_variable(name, initializer=tf.constant(values))

    h = x
    for i, (n_in, n_out) in enumerate([(1, 4), (4, 6)]):
        with tf.variable_scope("layer%d" % i):
            w, b = variable("w", [3, 3, n_in, n_out], 0.3), variable("b", [n_out], 0.1)
            h = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(h, w, [1, 1, 1, 1], "SAME"), b))
            h = tf.nn.max_pool(h, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")
    h = tf.reshape(h, [-1, 3 * 3 * 6])
    logits = tf.matmul(h, variable("dense", [54, 3], 0.2))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    train = tf.train.AdamOptimizer(0.01).minimize(loss)
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        for _ in range(10):
            t.show(session.run([loss, train], {x: images, y: labels})[0])
        t.show(session.run(logits, {x: images}))
